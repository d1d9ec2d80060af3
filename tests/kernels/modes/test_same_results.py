"""The results of the kernels before they worked on spans (commit 48ce7c7), kept for every observable of modes."""

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.observables import OBSERVABLES
from tests.small import ROOT

KEPT = np.load(ROOT / "tests" / "data" / "before_spans.npz")
SINCE = {"convergence_step", "learned_step"}
ALL = [name for name, o in OBSERVABLES.items() if not (o.asked_by or o.source or name in SINCE)]
SWEEPS = {
    "one": {"model": "modes", "start": "one-zero", "steps": 1000, "s": [1.0]},
    "three": {"model": "modes", "start": "one-zero", "steps": 1000, "s": [2.0, 1.0, 0.0], "period_max": 24},
    "layer": {"model": "modes", "start": {"spectral": [[1.0], [0.5], [0.2]]}, "steps": 1000, "s": [1.0]},
    "bal": {"model": "balanced", "start": "balanced", "steps": 2000, "s": [1.0]},
}
# The loss was taken from the state, with pi - s in one rounding; now it is taken from pi. Exponents of 0 are rounding errors.
ROUNDING = {"loss": 1e-15, "lyapunov": 1e-14, "mixing": 1e-9}


@pytest.mark.filterwarnings("ignore:steps = .* is shorter than the plateau")
@pytest.mark.parametrize("name", SWEEPS)
def test_results_are_those_of_before(name):
    keys = dict(SWEEPS[name])
    axes = {axis: KEPT[f"{name}/{axis}"].tolist() for axis in ("eta", "alpha", "depth")}
    target = {"singular_values": keys.pop("s")}
    ds = run(Sweep(axes=axes, target=target, record=96, orbit_samples=16, observables=ALL, **keys), progress=False)
    for key in (key for key in KEPT.files if key.startswith(f"{name}/")):
        variable = key.partition("/")[2]
        if variable in ds.coords:
            continue
        before, now = KEPT[key], ds[variable].values
        if before.dtype.kind != "f" or variable == "orbit":
            assert now.tobytes() == before.tobytes(), variable
        else:
            absolute = next((size for family, size in ROUNDING.items() if variable.startswith(family)), 0.0)
            np.testing.assert_allclose(now, before, rtol=1e-12, atol=absolute, err_msg=variable)


def test_nothing_that_is_kept_is_forgotten():
    kept = {key.partition("/")[2] for key in KEPT.files} - {"eta", "alpha", "depth"}
    assert kept == {v.name for name in ALL for v in OBSERVABLES[name].variables}
