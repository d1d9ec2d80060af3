"""Chunks handed to the workers of a Dask cluster: a window of tasks that slides over the chunks."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any
from uuid import uuid4

from fastdln.errors import ClusterError, IncompleteError, first_line
from fastdln.execution.events import ChunkDone, ChunkFailed, Handler
from fastdln.execution.processes import quiet

try:
    import distributed
    from distributed.comm.addressing import parse_address, parse_host_port
except ImportError:
    raise ClusterError("a cluster needs distributed: pip install 'fastdln[distributed]'") from None

# Tasks in flight for a thread of the cluster, handed out by halves: a task alone costs the scheduler a third more.
TASKS_A_THREAD = 32
# How often a chunk is submitted before it counts as failed. Dask itself tries each a few times; preempted workers die more often.
ATTEMPTS = 5
# How often to look for finished tasks; a task should take a hundred times as long.
POLL_SECONDS = 0.005
# Seconds that a client may need to notice that its scheduler is gone.
SETTLING_SECONDS = 0.2
# How often to ask how many workers there are.
CENSUS_SECONDS = 5.0
# Without any worker for so long a run gives up; batch systems may take hours to start them.
PATIENCE_SECONDS = 24 * 3600.0
CONNECT_SECONDS = 15.0


@contextmanager
def connected(scheduler: Any) -> Iterator[distributed.Client]:
    """A client of the cluster at an address, or the client given."""
    if isinstance(scheduler, distributed.Client):
        if scheduler.status != "running":
            raise ClusterError(f"scheduler: the client is {scheduler.status}")
        yield scheduler
        return
    if not isinstance(scheduler, str) or "://" not in scheduler:
        raise ClusterError(
            f"scheduler: must be an address such as tcp://host:8786, or a distributed.Client (got {scheduler!r})"
        )
    with quiet():
        try:
            reach(scheduler)
            client = distributed.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as error:  # each of the protocols has errors of its own
            raise ClusterError(f"scheduler: {scheduler} does not answer: {first_line(error)}") from None
        with client:
            yield client


def reach(address: str) -> None:
    """An error if nobody listens at the address: a client that was never connected prints tracebacks when it is collected."""
    protocol, rest = parse_address(address)
    if protocol not in ("tcp", "tls"):
        raise ValueError("tcp:// and tls:// can be reached by address; give a distributed.Client for others")
    with socket.create_connection(parse_host_port(rest), CONNECT_SECONDS):
        pass


def require_same_versions(client: distributed.Client, versions: Callable[[], dict[str, str]]) -> None:
    """ClusterError if a worker that is there has other versions; later ones find out with their first task."""
    mine = versions()
    try:
        theirs = client.run(versions, on_error="return")
    except Exception as error:
        raise ClusterError(f"scheduler: the workers cannot be asked for their versions: {error}") from None
    for worker, found in theirs.items():
        if isinstance(found, OSError):  # it has died meanwhile
            continue
        if isinstance(found, BaseException):
            raise ClusterError(f"the worker at {worker} cannot load fastdln: {type(found).__name__}: {found}")
        require_same_version(worker, found, mine)


def require_same_version(worker: str, theirs: Mapping[str, str], mine: Mapping[str, str]) -> None:
    differing = [f"{name} {theirs.get(name)} and not {mine[name]}" for name in mine if theirs.get(name) != mine[name]]
    if differing:
        raise ClusterError(f"the worker at {worker} has {', '.join(differing)}; install the same everywhere")


def threads(client: distributed.Client) -> int:
    """Threads of the workers that are there now; 0 without any."""
    return sum(client.nthreads().values())


def execute(
    client: distributed.Client,
    work: Callable[[Any, int], ChunkDone],
    spec: Any,
    numbers: Sequence[int],
    handler: Handler,
    waiting: Callable[[], None],
) -> None:
    """Runs `work(spec, number)` on the workers for every number, until the handler says to stop.

    Workers may come and go; what a worker was doing when it died, another does. `waiting` is called, once, if there are no
    workers. Raises IncompleteError if the scheduler is lost.
    """
    running: dict[Any, int] = {}
    attempts: dict[int, int] = {}
    finished = distributed.as_completed(loop=client.loop)
    waiting_numbers, batch = iter(numbers), f"fastdln-{uuid4().hex}"
    window, census = 0, 0.0
    last_seen, told = time.monotonic(), False

    def hand_out(numbers: list[int]) -> None:
        for number in numbers:
            attempts[number] = attempts.get(number, 0) + 1
        keys = [(batch, number, attempts[number]) for number in numbers]  # one group of tasks, by the first of each
        futures = client.map(work, [spec] * len(numbers), numbers, key=keys, pure=False)
        running.update(zip(futures, numbers, strict=True))
        finished.update(futures)

    try:
        while True:
            now = time.monotonic()
            if now - census > CENSUS_SECONDS or not window:
                census, present = now, threads(client)
                window = TASKS_A_THREAD * max(present, 1)
                if present:
                    last_seen = now
                elif now - last_seen > PATIENCE_SECONDS:
                    raise IncompleteError("the cluster has no workers; run it again when it has")
                elif not told:
                    told = True
                    waiting()
            if len(running) <= window // 2 and (numbers := list(islice(waiting_numbers, window - len(running)))):
                hand_out(numbers)
            if not running:
                return
            ready = finished.next_batch(block=False)
            if not ready:
                if client.status not in ("running", "connecting"):
                    raise IncompleteError("the scheduler is gone; run it again to go on")
                time.sleep(POLL_SECONDS)
            for future in ready:
                number = running.pop(future)
                event = outcome(client, future, number)
                if event is None and attempts[number] < ATTEMPTS:
                    hand_out([number])
                    continue
                attempts.pop(number)
                if not handler(event or ChunkFailed.by(number, RuntimeError("every worker that tried it died"))):
                    return
    except OSError as error:  # distributed's CommClosedError is one
        raise IncompleteError(f"the scheduler is gone ({error}); run it again to go on") from None
    finally:
        with suppress(Exception, asyncio.CancelledError):  # a lost scheduler has forgotten them anyway
            client.cancel(list(running), force=True)


def outcome(client: distributed.Client, future: Any, number: int) -> ChunkDone | ChunkFailed | None:
    """The event of a task; None if it is to be done again, through no fault of its own: its workers died, or the one that
    had the answer did before it was fetched. Raises IncompleteError if the scheduler is lost.
    """
    try:
        if future.status == "finished":
            done: ChunkDone = future.result()
            return done
        if future.status == "error":
            error = future.exception()
            if not isinstance(error, distributed.KilledWorker):
                return ChunkFailed.by(number, error.with_traceback(future.traceback()))
            return None
    except (asyncio.CancelledError, CancelledError):
        pass
    time.sleep(SETTLING_SECONDS)  # a client takes a moment to notice that the scheduler is gone
    if client.status != "running":
        raise IncompleteError("the scheduler is gone; run it again to go on")
    return None
