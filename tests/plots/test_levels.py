"""Legends of the levels of a refinement: what is hatched was inherited, or is not computed."""

import numpy as np
import pytest

from fastdln import plots
from fastdln.sweep.schema import Sweep
from tests.small import made

SWEEP = Sweep(
    model="modes",
    axes={"eta": {"start": 0.1, "stop": 1.0, "num": 6}, "alpha": {"start": 0.2, "stop": 0.6, "num": 4}, "depth": 3},
    observables=["period", "loss", "oscillating_modes", "escape_step"],
)
FILL = np.iinfo(np.int16).min


def level(boundary, complete=1):
    """Half of it computed, and half inherited: the fate 2, periodic, and the boundary's variable."""
    ds = made(SWEEP)
    computed = np.zeros(ds.fate.shape, dtype=np.uint8)
    computed[..., :3] = 1
    ds.fate.values[...] = 2
    if boundary != "period":
        ds.period.values[computed == 0] = FILL
    marks = (ds.fate.dims, computed)
    return ds.assign(computed=marks).assign_attrs(level=1, levels=1, boundary=boundary, complete=complete)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("kind", "options"),
    [("map", {"variable": name}) for name in ("period", "loss", "oscillating_modes")] + [("phase", {}), ("escape", {})],
)
def test_what_inherited_its_fate_alone_is_called_so(kind, options):
    draw = getattr(plots, kind)
    assert "inherited: fate only" in legend_of(draw(level("fate"), **options))
    assert "inherited or not computed" in legend_of(draw(level("fate", complete=0), **options))
    plain = level("fate").drop_vars("computed")
    plain["fate"] = plain.fate.where(plain.eta < 0.5, 0).astype("u1")
    assert "not computed" in legend_of(draw(plain, **options))


def test_what_inherited_more_is_named_with_it():
    assert "inherited: fate and period only" in legend_of(plots.map(level("period"), variable="loss"))
    for kind, options in (("phase", {}), ("map", {"variable": "period"})):
        assert not [name for name in legend_of(getattr(plots, kind)(level("period"), **options)) if "inherited" in name]
