"""Models and observables of one's own, registered in Python."""

from dataclasses import replace

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, SweepError
from fastdln.execution.compile_ahead import in_words, were_compiled
from fastdln.kernels.compile_jobs import Job
from fastdln.models import Map, Model
from fastdln.observables.observable import ModeObservable, PointObservable, Quantity, Variable


def count_of_signs():
    def join(x, y):
        return x + y

    return Quantity(name="loss", join=join, identity=0.0, term=lambda map_, depth: lambda state, pi, s: 1.0 * (pi > s))


def test_a_quantity_of_ones_own_may_have_the_name_of_another(quick):
    """Its kernel is not taken for that one's."""
    variable = Variable(name="modes_above", dtype="float64", long_name="modes above their target, at the end")
    observable = PointObservable(
        name="modes_above",
        summary="how many modes are above their target",
        variables=(variable,),
        quantity=count_of_signs(),
        start=lambda sample: (0.0,),
        update=lambda seen, sample: (sample.value,),
        finish=lambda seen, count, last: seen,
    )
    fastdln.register(observable)
    ds = quick(
        axes={"eta": [0.3, 0.6], "alpha": 0.9, "depth": 3}, s=(1.0, 0.5), observables=["modes_above", "orbit", "loss"]
    )
    above = ds.orbit.isel(sample=-1) > ds.singular_value
    np.testing.assert_array_equal(ds.modes_above.squeeze(), above.sum("mode").squeeze())
    half_squares = 0.5 * ((ds.orbit.isel(sample=-1) - ds.singular_value) ** 2).sum("mode")
    np.testing.assert_allclose(ds.loss_last.squeeze(), half_squares.squeeze(), atol=1e-15)


def test_registering_the_same_again_changes_nothing_and_another_under_its_name_is_refused():
    variable = Variable(name="last_one", dtype="float64", long_name="the last product", dims=("mode",))
    one = ModeObservable(
        name="last_one",
        summary="the last product",
        variables=(variable,),
        start=lambda step: (0.0,),
        update=lambda seen, step: (step.product,),
        finish=lambda seen, record: seen,
    )
    first = fastdln.register(one)
    assert fastdln.register(one) is first
    with pytest.raises(SweepError, match="the name last_one is taken"):
        fastdln.register(replace(one, update=lambda seen, step: (step.eta,)))


def test_a_model_that_raises_in_a_run_is_a_fault_with_its_message(tmp_path):
    def step(depth):
        def step(state, eta, s):
            if eta > 0.75:
                raise ValueError("beyond what this map is for")
            return state

        return step

    map_ = Map(
        name="raises", components=lambda depth: (0,) * depth, step=step, product=lambda depth: lambda state: state[0]
    )
    fastdln.register(Model("raises", summary="raises", starts=("balanced",), reduce=lambda layers: map_))
    keys = {
        "model": "raises",
        "axes": {"eta": [0.5, 0.9], "alpha": 0.5, "depth": 2},
        "target": {"singular_values": [1.0]},
    }
    said = r"kernel (advance|trace) raises 2: ValueError: beyond what this map is for \(test_register\.py, line \d+\)"
    with pytest.raises(fastdln.IncompleteError, match=said):
        fastdln.run(Sweep(**keys, steps=10, record=8), tmp_path / "s.zarr")


def test_observables_of_the_whole_run_look_as_often_as_they_say(quick):
    """One at every state, beside one at every fifth."""
    variable = Variable(name="states_seen", dtype="int64", long_name="states looked at", units="steps")
    seen = PointObservable(
        name="states_seen",
        summary="how many states were looked at",
        variables=(variable,),
        quantity=count_of_signs(),
        start=lambda sample: (0.0,),
        update=lambda seen, sample: (seen[0] + 1.0,),
        finish=lambda seen, count, last: seen,
        whole_run=True,
    )
    axes = {"eta": [0.5, 0.9], "alpha": 0.5, "depth": 3}
    alone = quick(axes=axes, observables=["edge_step"], sharpness_every=5)
    fastdln.register(seen)
    both = quick(axes=axes, observables=["edge_step", "states_seen"], sharpness_every=5)
    np.testing.assert_array_equal(both.states_seen, 300 + 64 + 1)
    np.testing.assert_array_equal(both.edge_step, alone.edge_step)


def nothing():
    pass


@pytest.mark.parametrize(
    ("kept", "own", "compiling", "compiled"),
    [
        (7, 0, "7 kernels, once for this machine", "7 kernels were compiled"),
        (1, 0, "1 kernel, once for this machine", "1 kernel was compiled"),
        (
            0,
            1,
            "1 kernel of your own, in every run",
            "all kernels are there, but for 1 of your own, which every run compiles",
        ),
        (
            2,
            3,
            "2 kernels, once for this machine, and 3 of your own, in every run",
            "2 kernels were compiled, and 3 of your own, which every run compiles",
        ),
    ],
)
def test_what_is_compiled_is_said_in_words(kept, own, compiling, compiled, monkeypatch):
    jobs = [Job(str(number), nothing, number < kept) for number in range(kept + own)]
    assert in_words(jobs) == compiling
    assert were_compiled(jobs) == compiled
    monkeypatch.setattr("fastdln.execution.compile_ahead.folder", lambda: None)
    assert "once for this machine" not in in_words(jobs)
