"""The figure of the oscillation range as its authors computed it, mpmath at 50 digits on 5 x 5 matrices, and as shipped here."""

import pytest
from mpmath import matrix, mp

from fastdln import Sweep, run
from fastdln.reports.shipped import shipped
from fastdln.sweep.grid import Grid

DIGITS = 50


def by_mpmath(sweep):
    """Function of a number of steps: gradient descent on three layers of the figure's first learning rate."""
    eta, alpha = (float(Grid(sweep).coordinates[name][0]) for name in ("eta", "alpha"))
    s = sweep.target.singular_values

    def descend(steps):
        with mp.workdps(DIGITS):
            target = mp.diag([mp.mpf(value) for value in s])
            first = second = mp.mpf(alpha) * mp.eye(len(s))
            last = matrix(len(s), len(s))
            for _ in range(steps):
                below = second * first
                error = last * below - target
                back = last.T * error
                first, second, last = (
                    first - eta * (second.T * back),
                    second - eta * (back * first.T),
                    last - eta * (error * below.T),
                )
        return last * second * first

    return descend


@pytest.mark.parametrize("how", ["modes", "matrices", "mpmath"])
def bench_authors_figure(benchmark, size, how):
    if size == "tiny" and how == "matrices":
        pytest.skip("compiles for a minute; the suite runs such sweeps")
    name = "oscillation_range" if how != "matrices" else "matrix_oscillation_range"
    path = next(path for path in shipped() if path.stem == name)
    sweep = Sweep.from_file(path, ['observables=["orbit"]'])  # what the figure is drawn from
    total = Grid(sweep).points * (sweep.steps + sweep.record)
    steps = 150 if size == "full" else 3
    benchmark.group = f"figure of the oscillation range, L = 3, 5 x 5, {total:,} steps"
    benchmark.name = {
        "modes": "fastdln, the modes",
        "matrices": "fastdln, the matrices",
        "mpmath": f"mpmath, {DIGITS} digits",
    }[how]
    benchmark.extra_info |= {"unit": "steps/s", "work": steps if how == "mpmath" else total}
    if how == "mpmath":
        benchmark.pedantic(by_mpmath(sweep), (steps,), rounds=5 if size == "full" else 1)
    else:
        benchmark.pedantic(run, (sweep,), {"progress": False}, rounds=5 if size == "full" else 1, warmup_rounds=1)
    benchmark.extra_info["seconds"] = benchmark.stats.stats.median * total / benchmark.extra_info["work"]
