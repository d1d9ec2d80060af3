"""Lyapunov exponents, balancing, sharpness, mixing and trajectories against their plain twins."""

import itertools

import numpy as np
import pytest

from fastdln import Sweep, run
from fastdln.observables import OBSERVABLES
from tests import reference
from tests.observables.states import states_of

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")

PHYSICS = ["lyapunov", "balancing", "sharpness", "mixing", "edge_step", "flow_sharpness"]


@pytest.mark.parametrize(
    ("depth", "model", "start", "s", "etas"),
    [
        (2, "modes", "one-zero", (1.0, 0.7), (0.3, 1.1, 1.3, 1.7, 3.0)),
        (3, "modes", "one-zero", (1.0, 0.8, 0.0), (0.0, 0.3, 0.75, 0.92, 1.1, 1.3)),
        (3, "balanced", "balanced", (1.0, 0.6), (0.4, 0.75, 1.0, 1.2)),
        (3, "modes", {"spectral": [[0.5, 1.0], [-0.4, 1.2], [1.0, 0.3]]}, (1.0, 0.5), (0.2, 0.5, 0.8)),
        (5, "modes", {"spectral": [[0.9], [0.8], [1.1], [1.0], [0.7]]}, (1.0,), (0.1, 0.35, 0.45)),
    ],
)
@pytest.mark.parametrize(
    ("steps", "record", "every", "keep"), [(200, 24, 1, 1), (7, 30, 4, 1), (400, 3, 2, 1), (0, 1, 1, 1)]
)
def test_observables_agree_with_their_twins(depth, model, start, s, etas, steps, record, every, keep):
    """The twins start from the kernel's own states, so that chaotic orbits agree as well."""
    alphas = (0.05, 0.6)
    sweep = Sweep(
        model=model,
        axes={"eta": list(etas), "alpha": list(alphas), "depth": depth},
        target={"singular_values": list(s)},
        start=start,
        steps=steps,
        record=record,
        observables=PHYSICS,
        trajectory=keep,
        sharpness_every=every,
    )
    ds = run(sweep)
    states, checked = states_of(ds, depth), set()
    for (a, _), (e, eta) in itertools.product(enumerate(alphas), enumerate(etas)):
        seen = reference.Run(
            states[a, e].prod(axis=1), s, eta, depth, steps, record, 1, 1, states[a, e, -1], states[a, e]
        )
        seen.every, seen.keep, seen.balanced = every, keep, model == "balanced"
        if np.isnan(states[a, e]).any():
            assert ds.fate.values[0, a, e] == reference.DIVERGED or np.isnan(states[a, e]).any(axis=(0, 1))[-1]
            continue
        for name in (*PHYSICS, "trajectory"):
            for variable, value in reference.OBSERVABLES[name](seen).items():
                if value is None:
                    continue
                got = ds[variable].values[0, a, e]
                np.testing.assert_allclose(
                    got,
                    value,
                    rtol=1e-9,
                    atol=1e-9 if "exponent" in variable else 1e-12,
                    err_msg=f"{variable} {eta=} {a=}",
                )
                checked.add(variable)
    wanted = {v.name for name in (*PHYSICS, "trajectory") for v in OBSERVABLES[name].variables}
    assert checked >= wanted - {"mixing_pair", "flow_sharpness"}


def test_diverged_points_have_no_physics():
    ds = run(
        Sweep(
            model="modes",
            axes={"eta": [0.1, 3.0], "alpha": 0.5, "depth": 3},
            target={"singular_values": [1.0, 0.5]},
            steps=500,
            record=64,
            observables=PHYSICS,
            trajectory=10,
        )
    ).squeeze()
    assert list(ds.fate.values) == [reference.CONVERGED, reference.DIVERGED]
    for name in [*PHYSICS, "trajectory"]:
        for v in OBSERVABLES[name].variables:
            values = ds[v.name].sel(eta=3.0)
            if v.name == "edge_step":
                assert values >= 0, "the sharpness passes 2/eta on the way out"
            elif "step" in values.dims:
                assert not np.isnan(values.isel(step=0)).all()
                assert np.isnan(values.isel(step=-1)).any()
            elif values.dtype.kind == "i":
                assert (values.values == -1).any()
            else:
                assert np.isnan(values.values).any(), v.name
                assert "NaN" in v.comment
            if values.dtype.kind == "f" and "step" not in values.dims:
                assert np.isfinite(ds[v.name].sel(eta=0.1).values).all(), v.name


def test_one_mode_of_several_is_measured_like_one_alone():
    """A network of one mode is compiled in one pass over its points, several modes in more."""
    axes = {"eta": [0.3, 0.75, 1.0], "alpha": [0.1, 0.6], "depth": 3}
    names = ["lyapunov", "balancing", "sharpness", "loss"]
    one = run(Sweep(model="modes", axes=axes, steps=500, observables=names))
    two = run(Sweep(model="modes", axes=axes, steps=500, observables=names, target={"singular_values": [1.0, 0.0]}))
    every = run(Sweep(model="modes", axes=axes, steps=500, observables=names, sharpness_every=2))
    for name in ("lyapunov", "balancing_gap_log10", "balancing_exponent", "balancing_monotone_from"):
        assert one[name].values[..., 0].tobytes() == two[name].values[..., 0].tobytes()
        assert one[name].values.tobytes() == every[name].values.tobytes()
    rest = 0.5 * (0.0 - 0.0) ** 2
    np.testing.assert_allclose(one.loss.values + rest, two.loss.values, rtol=1e-13, atol=1e-30)
