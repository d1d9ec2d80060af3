"""Events of a run: what the log stores of it, and what ``on_event`` is called with."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from fastdln.analysis.fate_census import Census
from fastdln.analysis.fate_counter import Tally


@dataclass(frozen=True)
class RunBegun:
    """A run begins to compute what a store lacks.

    Parameters
    ----------
    store : str
        The store's path or URL; "memory" for a run without one.
    chunks, chunks_left : int
        How many chunks the store has, and how many of them are to be computed.
    points, points_left : int
        How many points the run's share of the store has, and how many of them are to be computed.
    threads : int
        How many chunks are computed at once, as far as is known when the run begins.
    machine : str
        The platform that the run is started on, and its processors.
    """

    store: str
    chunks: int
    chunks_left: int
    points: int
    points_left: int
    threads: int = 0
    machine: str = ""


@dataclass(frozen=True)
class KernelsCompiled:
    """The kernels that a run needs are compiled: how many, and in how many seconds."""

    kernels: int
    seconds: float


@dataclass(frozen=True, eq=False)
class ChunkDone:
    """A chunk is computed and stored.

    Parameters
    ----------
    number : int
        The chunk, counted from 0, the last dimension fastest.
    points : int
        How many of its points were computed by this run.
    begun, ended : float
        Seconds of the worker's ``time.perf_counter()``.
    kernel_seconds : float
        Seconds of that in kernels.
    unconverged : int
        Points at which something did not converge, such as a search for the sharpness.
    worker : str
        The thread's name, or the worker's address.
    results : mapping of str to array, optional
        The variables, while they are on their way to who stores them; None in what ``on_event`` gets.
    tally : Tally, optional
        What was counted of all points of the chunk, for the census at the end of the run.
    """

    number: int
    points: int
    begun: float
    ended: float
    kernel_seconds: float
    unconverged: int = 0
    worker: str = ""
    results: Mapping[str, Any] | None = field(default=None, repr=False)
    tally: Tally | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class ChunkFailed:
    """A chunk is not computed; the others go on.

    Parameters
    ----------
    number : int
        The chunk, counted from 0, the last dimension fastest.
    error : BaseException
        Why.
    traceback : str
        Where.
    """

    number: int
    error: BaseException
    traceback: str = field(default="", repr=False)

    @classmethod
    def by(cls, number: int, error: BaseException) -> Self:
        """The event of an error.

        Parameters
        ----------
        number : int
            The chunk.
        error : BaseException
            What was raised.

        Returns
        -------
        ChunkFailed
            The event, with the error's traceback.
        """
        return cls(number, error, "".join(traceback.format_exception(error)))


@dataclass(frozen=True)
class Progress:
    """Progress of a run; the pace and the seconds left are None as long as they are not known."""

    points_done: int
    points: int
    points_per_second: float | None
    seconds_left: float | None


@dataclass(frozen=True)
class RunEnded:
    """A run ends.

    Parameters
    ----------
    store : str
        The store's path or URL.
    state : {"complete", "incomplete", "stopped", "interrupted"}
        Incomplete: chunks failed. Stopped: by an error. Interrupted: by its user.
    points_left : int
        How many points of its share are not computed.
    seconds : float
        How long the run took, from when it looked at the store.
    census : Census, optional
        How many points of its share came to each fate, those of earlier runs too, and advice; printed, it is one line. None
        where to count them would have taken long (`fastdln.analysis.census` does).
    """

    store: str
    state: Literal["complete", "incomplete", "stopped", "interrupted"]
    points_left: int
    seconds: float = 0.0
    census: Census | None = None


ChunkEvent = ChunkDone | ChunkFailed
Event = RunBegun | KernelsCompiled | ChunkEvent | Progress | RunEnded

# Takes each chunk's event, one at a time; its answer is whether to go on.
Handler = Callable[[ChunkEvent], bool]
