"""A cluster of processes of this machine, which only the run that starts it can reach. It never prints."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import current_process
from tempfile import TemporaryDirectory
from typing import Any

from fastdln.errors import ClusterError, SweepError, first_line, led_to
from fastdln.execution.process_state import ProcessChange, Undo

try:
    import distributed
    from dask.system import CPU_COUNT
    from distributed.security import Security
except ImportError:
    raise ClusterError("a cluster needs distributed: pip install 'fastdln[distributed]'") from None

try:
    import resource
except ImportError:  # no such limits on this platform
    resource = None  # type: ignore[assignment]  # a module where there are limits

# A process computes in one thread and needs some 200 MB: more than a few a core only take memory. The least lets scripts
# for larger machines be tried on small ones.
PROCESSES_A_CORE, PROCESSES_AT_LEAST = 4, 16
# Files that a process needs here: its pipes, and its connections with the scheduler; and those of the run itself.
FILES_A_PROCESS, FILES = 12, 64
# Dask's own default.
DASHBOARD_PORT = 8787
# Loggers that say on stderr what a run says in its own words.
TALKATIVE = ("distributed", "tornado", "asyncio")
# What Dask calls the processes that it starts.
WORKER_PROCESS = "Dask Worker process"


class PrivateScheduler(distributed.Scheduler):
    """Has no pages: those of Dask name tasks and show logs to everybody on the machine."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        pass


class PrivateWorker(distributed.Worker):
    """Has no pages either."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        pass


@contextmanager
def started(workers: int, dashboard: bool = False) -> Iterator[distributed.Client]:
    """Processes of one thread on this machine. They listen on loopback, and answer only who has the certificate that is made
    for them in memory; Dask's pages are there if asked for.
    """
    refuse_bootstrapping()
    refuse_too_many(workers)
    with quiet(), TemporaryDirectory(prefix="fastdln-", ignore_cleanup_errors=True) as scratch:
        address = {"host": "127.0.0.1", "protocol": "tls://", "security": certificate()}
        common = address | {"dashboard": dashboard, "dashboard_address": f"127.0.0.1:{DASHBOARD_PORT}"}
        worker = address | {
            "nthreads": 1,
            "memory_limit": 1 / workers,
            "local_directory": scratch,  # Dask's own is in a folder where others may have been first
            "worker_class": PrivateWorker,
            "silence_logs": logging.CRITICAL,
            "preload": ["fastdln.execution.preload"],
        }
        try:
            cluster = distributed.SpecCluster(
                workers={number: {"cls": distributed.Nanny, "options": worker} for number in range(workers)},
                scheduler={"cls": distributed.Scheduler if dashboard else PrivateScheduler, "options": common},
                security=address["security"],
                silence_logs=logging.CRITICAL,
            )
        except Exception as error:
            raise ClusterError(f"workers: {why(error)}") from None
        with cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client


def certificate() -> Security:
    """A key and its certificate, of this run and in memory only, for all who take part."""
    try:
        made: Security = Security.temporary()
        return made
    except ImportError:
        raise ClusterError("workers: need cryptography, too: pip install 'fastdln[distributed]'") from None


def refuse_bootstrapping() -> None:
    """Ends a spawned process that runs the user's script again, for want of `if __name__ == '__main__'`."""
    process = current_process()
    if not getattr(process, "_inheriting", False):
        return
    if process.name.startswith(WORKER_PROCESS):
        sys.exit(1)  # without a word: the first process says what is wrong
    raise ClusterError(f"workers: {GUARD}")


GUARD = 'a script must ask for them under `if __name__ == "__main__":`, since each process reads the script first'


def refuse_too_many(workers: int) -> None:
    most = max(PROCESSES_AT_LEAST, PROCESSES_A_CORE * CPU_COUNT)
    if workers > most:
        raise SweepError(
            f"workers: must be at most {most} on this machine, since each is a process of its own with some 200 MB and one "
            f"thread, for {CPU_COUNT} cores (got {short(workers)})"
        )
    if resource is None:
        return
    needed, limit = FILES + FILES_A_PROCESS * workers, resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < needed:
        raise ClusterError(
            f"workers: {workers} of them need about {needed} open files, and this process may have {limit}; "
            f"`ulimit -n {needed}` first, or ask for fewer"
        )


def short(number: int) -> str:
    return str(number) if number < 10**9 else f"a number of {len(str(number))} digits"


def why(error: BaseException) -> str:
    """Why a cluster did not start: the first of the errors that led to it."""
    chain = list(led_to(error))
    if not any("failed to start worker process" in str(link) for link in chain):
        return f"the processes cannot be started: {first_line(chain[-1])}"
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    ended = "the processes ended before they were ready"
    return f"{ended}; {GUARD}" if script else f"{ended}, perhaps for want of memory"


def hush() -> Undo:
    """Silences distributed's own messages: the run itself says what goes wrong."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in TALKATIVE]
    loggers = {logger: logger.level for logger in map(logging.getLogger, (*TALKATIVE, *names))}
    # distributed silences these itself, and two clusters at once would restore each other's
    handlers = {
        handler: handler.level for name in ("distributed", "bokeh") for handler in logging.getLogger(name).handlers
    }
    # distributed sets these for its processes here, too
    variables = {name: os.environ.get(name) for name in spawning()}
    before = list(warnings.filters)
    warnings.filterwarnings("ignore", category=UserWarning, module="distributed")
    added = [entry for entry in warnings.filters[:1] if entry not in before]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    for handler in handlers:
        handler.setLevel(logging.CRITICAL)

    def undo() -> None:
        for logger, level in loggers.items():
            logger.setLevel(level)
        for handler, level in handlers.items():
            handler.setLevel(level)
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for entry in added:  # no catch_warnings, which would undo what other threads do meanwhile
            if entry in warnings.filters:
                warnings.filters.remove(entry)  # type: ignore[attr-defined]  # typed as a sequence; it is a list

    return undo


def spawning() -> set[str]:
    """The environment variables that distributed sets before it starts a process."""
    import dask

    return {
        "PYTHONHASHSEED",
        "__DASK_PARENT_PID",
        *(dask.config.get("distributed.nanny.pre-spawn-environ", None) or {}),
    }


quiet = ProcessChange(hush)
