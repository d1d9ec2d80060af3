"""What is read off figures, and datasets made for single pictures."""

import numpy as np
import xarray as xr

from fastdln import Sweep
from fastdln.plots.colours import THEORY_COLOURS
from tests.small import SWEEP

# Most of a picture's time is the layout of several panels.
ONE_PANEL = {"depth": 3, "alpha": 0.3}
# Of a plane only, so that of its axes no value can be chosen.
OF_A_PLANE = {"boundary", "dimension"}


def one_panel(kind):
    """What is chosen of a dataset for a single panel of a kind."""
    return {"depth": 3} if kind in OF_A_PLANE else ONE_PANEL


# Words without which a picture is not drawn.
ASKED = {"map": {"variable": "loss"}}


def line(ds):
    """One alpha: pictures against eta alone."""
    return ds.isel(alpha=[1]).drop_vars([name for name in ds.data_vars if name.startswith("trajectory")])


def theory_lines(ax):
    return [one for one in ax.lines if one.get_color() in THEORY_COLOURS or one.get_path_effects()]


def mesh_of(ax):
    return max(ax.collections, key=lambda one: one.get_array().size if one.get_array() is not None else 0)


def fabricated(fate, **axes):
    """A dataset of a sweep that was not run: balanced, one mode."""
    sweep = Sweep(model="balanced", axes={**axes, "depth": 2}, observables=["period", "lyapunov"], record=64)
    dims = ("depth", "alpha", "eta")
    rng = np.random.default_rng(1)
    return xr.Dataset(
        {
            "fate": (dims, fate),
            "period": ((*dims, "mode"), np.ones((*fate.shape, 1), np.int16)),
            "lyapunov": ((*dims, "mode"), rng.normal(size=(*fate.shape, 1)), {"long_name": "exponent", "units": "1"}),
        },
        coords={"depth": [2], **axes, "singular_value": ("mode", [1.0])},
        attrs={"sweep": sweep.canonical(), "title": "made up"},
    )


def small_sweep(axes):
    keys = ("model", "target", "steps", "record", "observables", "orbit_samples")
    return {key: SWEEP.model_dump()[key] for key in keys} | {"axes": axes, "target": {"singular_values": [1.0, 0.5]}}
