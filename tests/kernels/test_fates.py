"""Period and fate of windows of states: the kernels against the twin in plain loops, on all kinds of signals."""

import numpy as np
import pytest

from fastdln.kernels.compile import kernel
from fastdln.kernels.fates import by_extremes, by_motion, by_period
from fastdln.kernels.link import call, zeros
from fastdln.kernels.spans import BOUND, LANES, SINGULAR_VALUE, STRIDE
from fastdln.observables.fate import OPEN, resolve_open
from tests import reference


def once(function, memory, places, numbers):
    call(function, memory, places, numbers)


def verdicts(windows, longest, s=1.0, bound=1e6):
    """Periods and fates of windows (state, window), by the kernels; what only history could tell counts as not escaped."""
    size, count = windows.shape
    assert count <= LANES
    memory, run = zeros(20 + 2 * (size + 1), STRIDE), kernel(once, "once")
    found, columns, values, window, copies = 0, 4, 10, 12, 12 + size + 1
    memory[columns + SINGULAR_VALUE], memory[columns + BOUND] = s, bound
    memory[window] = np.nan  # what was before the window is none of it
    memory[window + 1 : window + 1 + size, :count] = windows
    for one in (by_extremes(), by_period(), by_motion()):
        run(one.address, memory, (found, columns, copies, window, values, 0), (1, longest, 1, size))
    fates, periods = memory[values, :count].astype(np.uint8), memory[values + 1, :count].astype(int)
    return periods, np.where(np.isin(fates, OPEN), resolve_open(fates, np.zeros(count, bool)), fates)


def twin(window, longest, s=1.0):
    """The same of one window, by definition."""
    products = np.concatenate([[0.0], window])[:, None]
    run = reference.Run(products, [s], 0.1, 3, 0, len(window), longest, 1, layers=np.ones((3, 1)))
    run.bound = np.array([1e6])
    return reference.period_of(run, 0), reference.mode_fate(run, 0)


def logistic(rng, size, r):
    x, seen = rng.uniform(0.1, 0.9), []
    for _ in range(1000 + size):
        x = r * x * (1 - x)
        seen.append(x)
    return np.array(seen[-size:])


SIGNALS = {
    "noise": lambda rng, n: rng.uniform(0, 2, n),
    "walk": lambda rng, n: 1 + 0.01 * np.cumsum(rng.normal(size=n)),
    "tiny changes": lambda rng, n: 1 + 1e-9 * rng.normal(size=n),
    "changes that underflow": lambda rng, n: 1e-160 * rng.normal(size=n),
    "whole numbers": lambda rng, n: rng.integers(0, 3, n).astype(float),
    "slow wave": lambda rng, n: 1 + 0.1 * np.cos(rng.uniform(0.001, 0.2) * np.arange(n)),
    "cycle": lambda rng, n: np.resize(rng.uniform(0, 2, rng.integers(2, 9)), n),
    "cycle with noise": lambda rng, n: (
        np.resize(rng.uniform(0, 2, rng.integers(2, 9)), n) + 10.0 ** rng.integers(-13, -3) * rng.normal(size=n)
    ),
    "dying cycle": lambda rng, n: 1 + 10.0 ** rng.integers(-8, 0) * (-rng.uniform(0.7, 0.9999)) ** np.arange(n),
    "approach": lambda rng, n: 1 - 10.0 ** rng.integers(-8, 0) * rng.uniform(0.7, 0.9999) ** np.arange(n),
    "near zero": lambda rng, n: 10.0 ** rng.integers(-12, -5) * rng.normal(size=n),
    "leaving zero": lambda rng, n: 1e-9 * rng.uniform(1.0, 1.05) ** np.arange(n),
    "fixed point": lambda rng, n: np.full(n, rng.choice([1.0, 1.0 + 1e-7, 0.4, 0.0, -1e-9, 2e6])),
    "logistic map": lambda rng, n: logistic(rng, n, rng.uniform(3.4, 4.0)),
    "twice the logistic map": lambda rng, n: 2 * logistic(rng, n, rng.uniform(3.8, 3.86)),
}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 16, 31, 64, 100, 129, 256])
@pytest.mark.parametrize("signal", SIGNALS)
def test_every_window_has_the_period_and_fate_that_the_definition_gives_it(signal, size):
    rng = np.random.default_rng(size)
    windows = np.stack([SIGNALS[signal](rng, size) for _ in range(24)], axis=1)
    for longest in {size // 2, -(-size // 4)} if size > 1 else {0}:
        periods, fates = verdicts(windows, longest)
        expected = [twin(windows[:, k], longest) for k in range(24)]
        assert list(zip(periods.tolist(), fates.tolist(), strict=True)) == expected


def test_signals_have_all_fates_and_many_periods():
    """So that the test above asks for them."""
    rng, seen, periods = np.random.default_rng(0), set(), set()
    for make in SIGNALS.values():
        windows = np.stack([make(rng, 128) for _ in range(48)], axis=1)
        found, fates = verdicts(windows, 64)
        seen |= set(fates.tolist())
        periods |= set(found.tolist())
    assert seen == {1, 2, 3, 4, 5, 6}
    assert periods >= {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8}


def test_singular_values_of_zero_have_fates_too():
    windows = np.stack([np.zeros(16), np.full(16, 1e-9), np.resize([0.1, -0.1], 16)], axis=1)
    assert [tuple(pair) for pair in zip(*verdicts(windows, 8, s=0.0), strict=True)] == [
        twin(windows[:, k], 8, 0.0) for k in range(3)
    ]
