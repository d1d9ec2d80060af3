"""What a picture is drawn of: selections, datasets that were worked on, and choices that are no good."""

import ast
import inspect
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from fastdln import Sweep, analysis, plots, run, theory
from fastdln.analysis.dataset import restore_dimensions
from fastdln.errors import DatasetError
from tests.plots.figures import mesh_of, small_sweep
from tests.small import SWEEP

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def test_selected_and_squeezed_datasets_draw_alike(grid):
    one = plots.phase(grid, depth=2)
    for ds in (grid.sel(depth=2), grid.sel(depth=[2]), grid.isel(depth=0).squeeze()):
        np.testing.assert_array_equal(mesh_of(plots.phase(ds)).get_array(), mesh_of(one).get_array())
    narrow = grid.isel(depth=1, alpha=0, mode=0)
    assert plots.oscillation_range(narrow).get_xlabel()
    np.testing.assert_array_equal(
        analysis.compare(narrow).oscillation_range.squeeze(),
        analysis.compare(grid).oscillation_range.isel(depth=1, alpha=0, mode=0),
    )


def test_bad_input_is_said_in_one_line(grid):
    for call, words in [
        (lambda: plots.figure(grid, "phse"), ["phse", "phase", "bifurcation"]),
        (lambda: plots.figure(grid, "lyapunov"), ["lyapunov", "phase"]),
        (lambda: plots.lyapunov(grid), ["lyapunov"]),
        (lambda: plots.phase(grid, width=3), ["width", "depth", "eta"]),
        (lambda: plots.phase(grid, depth="three"), ["depth", "three"]),
        (lambda: plots.bifurcation(grid, mode=3), ["mode", "1, 2"]),
        (lambda: plots.phase(xr.Dataset({"fate": ("eta", [1])})), ["sweep"]),
        (lambda: plots.phase(grid.isel(depth=0, drop=True)), ["drop=True"]),
        (lambda: plots.contour(grid), ["contour"]),
    ]:
        with pytest.raises(DatasetError) as caught:
            call()
        assert "\n" not in str(caught.value)
        assert all(word in str(caught.value) for word in words), caught.value
    with pytest.raises(AttributeError, match="phase"):
        grid.dln.plot.phse()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda ds: ds.dln.plot.map("loss"), 'a variable is given by its name, as in map(variable="loss") (got str)'),
        (lambda ds: plots.map(ds, "loss"), 'a variable is given by its name, as in map(variable="loss") (got str)'),
        (lambda ds: ds.dln.plot.map("loss", ax=object()), "name the others, such as variable='loss'"),
        (lambda ds: ds.dln.plot.map(None, "loss"), "name the others, such as variable='loss'"),
        (lambda ds: plots.map(ds, "loss", ax=object()), "name the others, such as variable='loss'"),
        (lambda ds: plots.map(ds, None, "loss"), "name the others, such as variable='loss'"),
        (lambda ds: plots.phase(ds, None, 3), "ax: is all that may be given without a name; name the others"),
        (
            lambda ds: plots.figure(ds, "map", "loss"),
            "figure: takes a dataset and a kind; name the others, such as variable='loss'",
        ),
        (lambda ds: ds.dln.plot.phase(3), "ax: must be a matplotlib Axes (got int)"),
        (
            lambda ds: ds.dln.plot.phase(titel="x"),
            "titel: cannot be chosen for phase (did you mean title?); valid: depth",
        ),
        (
            lambda ds: ds.dln.plot.loss(titel="x"),
            "valid: depth, alpha, eta; options: cmap, log, over, size, style, title, x, xlim, ylim",
        ),
        (
            lambda ds: ds.dln.plot.map(variable="loss", cmapp="x"),
            "cmapp: cannot be chosen for map (did you mean cmap?)",
        ),
        (lambda ds: ds.dln.plot.phase(size="5x3cm"), "two numbers, such as 7x4.4, in inches (got '5x3cm')"),
        (lambda ds: ds.dln.plot.phase(xlim=(1, 2, 3)), "two numbers, such as 0.2,0.8 (got (1, 2, 3))"),
    ],
)
def test_a_slip_says_what_to_write(grid, call, told):
    with pytest.raises(DatasetError) as caught:
        call(grid)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_notebooks_show_what_can_be_drawn_and_complete_public_names(grid):
    assert repr(grid.dln.plot) == (
        "<ds.dln.plot: bifurcation, boundary, loss, modes, oscillation_range, phase, map; drawn by ds.dln.plot.bifurcation()>"
    )
    assert "maps" in repr(grid[["fate"]].isel(alpha=[0], depth=[0]).dln.plot)
    assert "not" in repr(xr.Dataset().dln.plot) and "\n" not in repr(xr.Dataset().dln.plot)
    assert dir(plots) == sorted(plots.__all__)
    assert {"phase", "figure", "PLOTS"} <= {*dir(plots)} and "rasterize" not in dir(plots)
    assert dir(theory) == sorted(theory.__all__)


@pytest.mark.parametrize("kind", ["loss", "sharpness", "mixing", "eigenvalues"])
def test_pictures_of_the_network_take_no_mode(kind, modes):
    with pytest.raises(DatasetError, match="mode"):
        plots.PLOTS[kind].draw(modes, mode=1)
    with pytest.raises(DatasetError, match="whole network"):
        plots.PLOTS[kind].draw(modes.isel(mode=1))


def test_modes_are_known_by_their_numbers(modes):
    some = modes.isel(mode=[1, 2])
    assert restore_dimensions(some).mode.values.tolist() == [2, 3]
    assert restore_dimensions(some.drop_vars("mode")).mode.values.tolist() == [2, 3], "told by their singular values"
    ax = plots.oscillation_range(some, mode=2, alpha=0.3)
    assert "mode 2" in ax.get_title()
    with pytest.raises(DatasetError, match="one of 2, 3, counted from 1"):
        plots.oscillation_range(some, mode=1)
    two = run(Sweep(**small_sweep({"eta": [0.1, 0.2], "alpha": 0.5, "depth": 2, "s1": [1.0, 1.1], "s2": [0.5, 0.6]})))
    with pytest.raises(DatasetError, match="cannot be told"):
        restore_dimensions(two.drop_vars("mode").isel(mode=1))
    assert restore_dimensions(two.isel(mode=1)).mode.values.tolist() == [2]
    assert "mode 2" in plots.oscillation_range(two, mode=2, s2=0.6).get_title()


def test_datasets_that_were_worked_on(grid, modes):
    masked = grid.where(grid.eta > 0.5)
    mesh = mesh_of(plots.phase(masked, depth=3)).get_array()
    np.testing.assert_array_equal(mesh.mask[0], grid.eta.values <= 0.5)
    backwards = grid.isel(eta=slice(None, None, -1))
    np.testing.assert_array_equal(mesh_of(plots.phase(backwards)).get_array(), mesh_of(plots.phase(grid)).get_array())
    for gone in (grid.isel(eta=slice(0, 0)), xr.concat([grid, grid], "eta")):
        with pytest.raises(DatasetError, match="eta"):
            plots.phase(gone)
    with pytest.raises(DatasetError, match="layer"):
        plots.eigenvalues(modes.isel(layer=[0]))
    loss_only = run(SWEEP)[["fate", "loss", "loss_min", "loss_max"]]
    assert plots.loss(loss_only).get_ylabel()


def test_the_choice_counts_before_what_fits():
    axes = {"eta": [0.5, 1.1], "alpha": 0.5, "depth": [2, 3]}
    ds = run(Sweep(model="modes", axes=axes, steps=50, record=8, observables=[], trajectory=1))
    assert plots.figure(ds, "contour", depth=2).axes[0].get_title() == "$L$ = 2"
    with pytest.raises(DatasetError, match="contour"):
        plots.figure(ds, "contour", depth=3)


@pytest.mark.parametrize(
    "order",
    [
        "import fastdln, xarray",
        "import xarray, fastdln",
        "from fastdln import analysis; import xarray",
        "import fastdln.analysis.dataset, xarray",
        "import fastdln, importlib; importlib.reload(fastdln); import xarray",
    ],
)
def test_the_accessor_is_there_whichever_is_imported_first(order):
    code = f"{order}; ds = xarray.Dataset(); print('phase' in dir(ds.dln.plot))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


def test_names_that_editors_complete_are_pictures():
    """Those that fastdln/plots/__init__.py imports for type checkers; a new picture works without its line there."""
    block = next(node for node in ast.parse(inspect.getsource(plots)).body if isinstance(node, ast.If))
    for node in block.body:
        assert [alias.asname for alias in node.names] == [node.module.rpartition(".")[2]]
        assert plots.PLOTS[node.names[0].name].draw.__module__ == node.module
    assert {node.names[0].name for node in block.body} >= {*plots.PLOTS}
