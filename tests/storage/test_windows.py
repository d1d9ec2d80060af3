"""Windows about a centre: as many values on a part of the width, within the grid."""

import json

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError
from fastdln.sweep.windows import around
from tests import commands
from tests.small import identical

ETA = {"start": 0.5, "stop": 1.5, "num": 11}
ALPHA = {"start": 0.01, "stop": 1.0, "num": 7, "spacing": "log"}
SWEEP = Sweep(model="modes", axes={"eta": ETA, "alpha": ALPHA, "depth": 3}, steps=2000, record=16)


def window(center, factor=10.0, sweep=SWEEP):
    return sweep.changed(around(sweep, center, factor)).axes


def test_a_window_is_a_part_as_wide_about_its_centre():
    axes = window({"eta": 1.0, "alpha": 0.1})
    np.testing.assert_allclose([axes["eta"].start, axes["eta"].stop], [0.95, 1.05], rtol=1e-15)
    # two decades in the log, a tenth of them about 10^-1
    np.testing.assert_allclose([axes["alpha"].start, axes["alpha"].stop], [10**-1.1, 10**-0.9], rtol=1e-14)
    assert (axes["eta"].num, axes["alpha"].num, axes["alpha"].spacing) == (11, 7, "log")
    assert window({"eta": 1.0})["alpha"] == SWEEP.axes["alpha"]


@pytest.mark.parametrize(
    ("center", "factor", "ends"),
    [
        ({"eta": 0.5}, 4, (0.5, 0.75)),
        ({"eta": 0.52}, 4, (0.5, 0.75)),
        ({"eta": 1.5}, 10, (1.4, 1.5)),
        ({"alpha": 1.0}, 4, (10**-0.5, 1.0)),
        ({"alpha": 0.01}, 4, (0.01, 10**-1.5)),
    ],
)
def test_at_the_border_it_is_shifted_and_that_is_said(center, factor, ends):
    (name,) = center
    with pytest.warns(UserWarning, match=f"^{name}: the window about .* is shifted to .* to "):
        axis = window(center, factor)[name]
    np.testing.assert_allclose([axis.start, axis.stop], ends, rtol=1e-14)
    old = SWEEP.axes[name]
    assert old.start <= axis.start < axis.stop <= old.stop


def test_a_list_becomes_a_range():
    sweep = Sweep(model="modes", axes={"eta": [0.1, 0.2, 0.9], "alpha": 0.1, "depth": 3})
    axis = window({"eta": 0.5}, 2, sweep)["eta"]
    np.testing.assert_allclose([axis.start, axis.stop, axis.num], [0.3, 0.7, 3])


def test_zooming_on_and_on_ends_where_float64_does(recwarn):
    sweep = SWEEP
    for _ in range(14):
        sweep = sweep.changed(around(sweep, {"eta": 1.0 + 1e-3}, 10))
        assert len(np.unique(sweep.axes["eta"].values())) == 11
    with pytest.raises(SweepError, match=r"axes\.eta: 11 values from start to stop are too close together to differ"):
        sweep.changed(around(sweep, {"eta": 1.0 + 1e-3}, 1000))


def test_refine_about_a_centre(tmp_path):
    store = tmp_path / "out.zarr"
    fastdln.run(SWEEP, store=store)
    one = fastdln.refine(
        store, tmp_path / "one.zarr", "axes.alpha.num=4", center={"eta": np.float64(1.0), "alpha": 0.1}
    )
    assert one.sizes["eta"] == 11 and one.sizes["alpha"] == 4
    assert one.attrs["parent_sweep_sha256"] == SWEEP.sha256()
    identical(one, fastdln.run(Sweep(**json.loads(one.attrs["sweep"]))))
    done = commands.fastdln(
        "refine", "out.zarr", "-o", "two.zarr", "--center", "eta=1.,alpha=.1", "--set", "axes.alpha.num=4", "--quiet", cwd=tmp_path
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    identical(fastdln.open(tmp_path / "two.zarr"), one)
    edge = commands.fastdln("refine", "out.zarr", "-o", "edge.zarr", "--center", "eta=1.5", "--quiet", cwd=tmp_path)
    assert edge.returncode == 0
    assert "shifted to 1.4 to 1.5" in edge.stderr
