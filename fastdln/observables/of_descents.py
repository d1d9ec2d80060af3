"""Families that simulations of gradient descent share: each says what its numbers are, and adds its own."""

from __future__ import annotations

from typing import Any

from fastdln.observables.observable import SimulatedObservable, Variable

DIVERGED = "NaN after divergence."
KEPT = "Every k-th state from the start on, k the sweep's `trajectory`; `step` is the state's number. NaN from divergence on."


def mean_and_range(name: str, comment: str) -> tuple[Variable, ...]:
    """A quantity's mean over the record, and its range there."""
    parts = {name: "mean", f"{name}_min": "minimum", f"{name}_max": "maximum"}
    return tuple(
        Variable(name=part, dtype="float64", long_name=f"{name}, {what} over the record", comment=comment)
        for part, what in parts.items()
    )


def loss(summary: str, comment: str = DIVERGED, further: tuple[Variable, ...] = ()) -> SimulatedObservable:
    """The loss over the record and at its end."""
    last = Variable(name="loss_last", dtype="float64", long_name="loss at the last state", comment=comment)
    return SimulatedObservable(
        name="loss", summary=summary, variables=(*mean_and_range("loss", comment), last, *further)
    )


def sharpness(
    summary: str, comment: str, further: tuple[Variable, ...] = (), sampled: bool = False
) -> SimulatedObservable:
    """The sharpness over the record."""
    ratio = Variable(
        name="sharpness_ratio",
        dtype="float64",
        long_name="sharpness over the edge of stability 2/eta, mean over the record",
        comment=comment,
    )
    variables = (*mean_and_range("sharpness", comment), ratio, *further)
    return SimulatedObservable(name="sharpness", summary=summary, variables=variables, sampled=sampled)


def edge_step(looked_at: str = "", sampled: bool = False) -> SimulatedObservable:
    """When the edge of stability is reached, by the states that are looked at."""
    return SimulatedObservable(
        name="edge_step",
        summary="first state beyond the edge",
        variables=(
            Variable(
                name="edge_step",
                dtype="int64",
                long_name="first state with sharpness at or beyond 2/eta",
                units="steps",
                comment=" ".join(filter(None, ["State 0 is the start. -1 if never.", looked_at])),
            ),
        ),
        sampled=sampled,
        whole_run=sampled,
    )


def period(of: str, comment: str) -> SimulatedObservable:
    """The smallest period of a number of each state."""
    found = f"smallest period of {of}"
    codes = "1 = at rest, 0 = none up to period_max, -1 = diverged."
    return SimulatedObservable(
        name="period",
        summary=found,
        variables=(
            Variable(
                name="period", dtype="int16", long_name=found, units="steps", comment=f"{comment.strip()} {codes}"
            ),
        ),
    )


def along_run(name: str, long_name: str, **keys: Any) -> Variable:
    """A number of every k-th state."""
    return Variable(
        name=f"trajectory_{name}",
        dtype="float64",
        dims=("step",),
        long_name=f"{long_name} along the run",
        comment=KEPT,
        **keys,
    )


def trajectory(summary: str, further: tuple[Variable, ...] = ()) -> SimulatedObservable:
    """Loss and sharpness of every k-th state."""
    return SimulatedObservable(
        name="trajectory",
        summary=summary,
        variables=(along_run("loss", "loss"), along_run("sharpness", "sharpness"), *further),
        asked_by="trajectory",
    )
