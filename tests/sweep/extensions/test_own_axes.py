"""Registered models with axes of their own."""

from dataclasses import replace

import numpy as np
import pytest

import fastdln
from fastdln import SweepError
from fastdln.models import MODELS, PARAMETERS, Parameter
from tests.sweep.extensions.rotation_map import MODEL

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


@pytest.fixture
def rotation():
    known, parameters = dict(MODELS), dict(PARAMETERS)
    yield fastdln.register(MODEL)
    for table, before in ((MODELS, known), (PARAMETERS, parameters)):
        table.clear()
        table.update(before)


def test_its_orbits_are_those_of_the_closed_form(rotation, tmp_path):
    angles, radii, s = [0.3, 2 * np.pi / 5], [0.2, 0.5], 1.5
    axes = {"eta": [0.0, 0.01], "angle": angles, "radius": radii}
    keys = {"target": {"singular_values": [s]}, "steps": 0, "record": 40, "observables": ["orbit", "period"]}
    sweep = fastdln.Sweep(model="rotation", axes=axes, orbit_samples=40, **keys)
    ds = fastdln.run(sweep, store=tmp_path / "out.zarr")
    k = np.arange(1, 41)
    for angle in angles:
        for radius in radii:
            for eta in (0.0, 0.01):
                orbit = ds.orbit.sel(angle=angle, radius=radius, eta=eta).values.ravel()
                np.testing.assert_allclose(orbit, s + radius * (1 - eta) ** k * np.cos(angle * k), rtol=1e-12)
    assert ds.period.sel(angle=angles[1], eta=0.0).values.ravel().tolist() == [5, 5]
    assert fastdln.open(tmp_path / "out.zarr").angle.attrs["long_name"] == "of the turn"


def test_its_axes_are_checked(rotation):
    with pytest.raises(SweepError, match=r"^axes: angle is missing \(of the turn\)"):
        fastdln.Sweep(model="rotation", axes={"eta": 0.1})
    with pytest.raises(SweepError, match=r"^axes\.radius: must not be negative"):
        fastdln.Sweep(model="rotation", axes={"eta": 0.1, "angle": 0.1, "radius": -1})
    with pytest.raises(SweepError, match=r"^axes\.angle: modes has no angle; it is of the model rotation"):
        fastdln.Sweep(model="modes", axes={"eta": 0.1, "alpha": 0.1, "depth": 2, "angle": 0.1})
    with pytest.raises(SweepError, match=r"^axes\.alpha: rotation has no alpha"):
        fastdln.Sweep(model="rotation", axes={"eta": 0.1, "angle": 0.1, "alpha": 0.1})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"initial": None}, "a model with parameters has a function `initial`"),
        ({"initial": lambda own, s: (s, s)}, "initial: must return 3 arrays"),
        ({"initial": lambda own, s: 1 / 0}, "initial fails on three points"),
        ({"parameters": ("angle",)}, "parameters: must be of Parameter"),
        ({"parameters": (Parameter("eta", "taken"),)}, "the name eta is taken"),
        ({"parameters": (Parameter("w1", "an axis of layers"),)}, "the name w1 is taken"),
        ({"parameters": (Parameter("s2", "an axis of singular values"),)}, "the name s2 is taken"),
        ({"parameters": (Parameter("beta", "of another model"),)}, "the name beta is taken"),
        ({"parameters": (Parameter("No", "no name"),)}, "needs a name of small letters"),
        ({"parameters": (Parameter("angle", "no default", 2.0, 0.0, 1.0),)}, "its default must lie between"),
        ({"simulation": "constrained"}, "simulation: is of models that ship"),
    ],
)
def test_what_is_no_model_with_axes_of_its_own(changes, message):
    with pytest.raises(SweepError, match=message):
        fastdln.register(replace(MODEL, name="another", **changes))
    assert "another" not in MODELS
