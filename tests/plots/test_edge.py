"""Pictures of the edge of stability: gradient descent beside what is predicted, flows over it, and the stages of a cycle."""

from itertools import pairwise

import numpy as np
import pytest

from fastdln import DatasetError, Sweep, plots, run
from fastdln.plots.stages import NAMES, first_cycle, pieces


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def flows(of_kinds):
    sweep = Sweep.stored(of_kinds["edge"].attrs["sweep"]).model_dump(
        mode="json", exclude={"chunks", "shards"}, exclude_none=True
    )
    axes = {"eta": {"values": [0.9], "unit": "2/S1"}, "alpha": 0.5, "depth": 2, "seed": [0]}
    return [
        run(Sweep(**sweep | {"model": model, "axes": axes, "observables": ["loss", "sharpness"]}), progress=False)
        for model in ("central-flow", "flow")
    ]


def test_loss_and_sharpness_are_those_of_the_dataset(of_kinds):
    ds = of_kinds["edge"]
    ax = plots.edge(ds)
    for axes, name in ((ax, "sharpness"), (ax.child_axes[0], "loss")):
        values = ds[f"trajectory_{name}"].values.ravel()
        drawn = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
        assert any(one.shape == values.shape and np.array_equal(one, values) for one in drawn)
        mean = 0.5 * (values[:-1] + values[1:])
        assert any(one.shape == values.shape and np.allclose(one[:-1], mean, equal_nan=True) for one in drawn)


def test_flows_keep_their_names_and_colours(of_kinds, flows):
    ax = plots.edge(of_kinds["edge"], over=flows)
    assert {"central flow", "gradient flow", "gradient descent", "constrained trajectory"} <= set(names(ax))
    assert len(names(ax)) == len(set(names(ax)))
    for flow, name in zip(flows, ("central flow", "gradient flow"), strict=True):
        (line,) = [one for one in ax.lines if one.get_label() == name]
        np.testing.assert_array_equal(line.get_ydata(), flow.trajectory_sharpness.values.ravel())
        assert plots.edge(flow).get_xlabel()


def test_more_than_three_datasets_are_too_many(of_kinds, flows):
    with pytest.raises(DatasetError, match="over: at most 3"):
        plots.edge(of_kinds["edge"], over=[*flows, *flows])
    with pytest.raises(DatasetError, match=r"over: must be an xarray\.Dataset, or a list"):
        plots.edge(of_kinds["edge"], over=[flows[0], "flow.zarr"])


def test_gradient_descent_alone_is_no_picture_of_the_edge(modes):
    with pytest.raises(DatasetError, match="is of the models constrained, central-flow and flow"):
        plots.edge(modes)


def test_stages_follow_each_other(of_kinds):
    ds = of_kinds["stages"].squeeze()
    x, y = abs(ds.trajectory_x.values), ds.trajectory_y.values
    first, last = first_cycle(y)
    found = pieces(x, y, np.full(len(x), float(ds.delta)), first, last)
    order = [list(NAMES).index(stage) for *_, stage in found]
    assert all((after - before) % 4 == 1 for before, after in pairwise(order)), order
    assert set(order) == {0, 1, 2, 3}
    assert [begin for begin, *_ in found[1:]] == [end for _, end, _ in found[:-1]]
    assert {f"{k + 1}. {name}" for k, name in enumerate(NAMES.values())} <= set(names(plots.stages(of_kinds["stages"])))


def test_no_whole_cycle_is_said(of_kinds):
    with pytest.raises(DatasetError, match="no whole cycle"):
        plots.stages(of_kinds["stages"].isel(step=slice(0, 20)))
