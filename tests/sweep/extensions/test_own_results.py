"""Verdicts and ends of one's own are tried out when they are registered, and cannot change what others find."""

import numpy as np
import pytest

import fastdln
from fastdln.errors import SweepError
from fastdln.observables.observable import EndObservable, Variable, VerdictObservable


def variable(**fields):
    return Variable(**{"name": "mine", "dtype": "float64", "dims": ("mode",), "long_name": "mine"} | fields)


def verdict(finish, **fields):
    return VerdictObservable(name="mine", summary="mine", shared=True, variables=(variable(**fields),), finish=finish)


def overwriting(fates, periods, s):
    fates[:] = 2
    return (s,)


@pytest.mark.parametrize(
    ("finish", "said"),
    [
        (lambda fates, periods, s: None, "must return a tuple of arrays"),
        (lambda fates, periods, s: (s, s), "must return a tuple of arrays"),
        (lambda fates: (fates,), "finish fails on 3 points of 1 mode: TypeError"),
        (lambda fates, periods, s: (s[:, :1],), r"shape \(3, 2\) \(got \(3, 1\)\)"),
        (lambda fates, periods, s: (s[:, 0],), r"shape \(3, 1\) \(got \(3,\)\)"),
        (lambda fates, periods, s: (s.astype(str),), "must be numbers"),
        (overwriting, "read-only"),
    ],
)
def test_a_verdict_that_returns_something_else_is_refused(finish, said):
    with pytest.raises(SweepError, match=f"^mine: .*{said}"):
        fastdln.register(verdict(finish))


def test_an_end_that_returns_something_else_is_refused():
    end = EndObservable(
        name="mine", summary="mine", variables=(variable(dims=()),), finish=lambda layers, s: (layers[:, 0],)
    )
    with pytest.raises(SweepError, match=r"^mine: .*shape \(3,\) \(got \(3, 1\)\)"):
        fastdln.register(end)


@pytest.mark.parametrize("fields", [{"dtype": "uint8", "flags": {300: "much"}}, {"dtype": "int16", "lost": 10**9}])
def test_codes_that_the_type_does_not_hold_are_refused(fields):
    with pytest.raises(SweepError, match="must be of"):
        fastdln.register(verdict(lambda fates, periods, s: (fates,), **fields))


@pytest.mark.parametrize("model", ["modes", "matrix"])
def test_a_verdict_that_only_writes_when_it_runs_changes_nothing(model):
    """It is careful with as few points as it is tried out on."""

    def finish(fates, periods, s):
        if len(fates) > 3:
            fates[:] = 2
        return (np.zeros(s.shape),)

    fastdln.register(verdict(finish))
    axes = {"eta": [0.1, 0.2, 0.3, 0.4], "alpha": 0.5, "depth": 2}
    sweep = fastdln.Sweep(model=model, axes=axes, steps=200, record=16, observables=["mine", "period"])
    with pytest.raises(fastdln.IncompleteError, match="read-only"):
        fastdln.run(sweep, progress=False)
