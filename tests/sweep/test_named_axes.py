"""Axes of names: how they are written, what they stand for, and what is refused in one line."""

import json

import numpy as np
import pytest

from fastdln import Sweep, SweepError, plan
from fastdln.models import MODELS as ALL_MODELS
from fastdln.sweep import named_axes
from fastdln.sweep.grid import Grid

AXES = {"eta": [0.5, 0.7], "alpha": 0.1, "depth": [2, 3]}
MODELS = ["modes", "matrix"]


def test_parts_are_the_plain_sweeps_that_one_would_write():
    target = {"singular_values": [1.0, 0.5]}
    sweep = Sweep(axes={**AXES, "model": MODELS, "start": ["one-zero", "balanced"]}, target=target, steps=100)
    parts = {
        tuple(choice.values()): part
        for choice, part in zip(named_axes.choices(sweep), named_axes.parts(sweep), strict=True)
    }
    assert sweep.points == sum(part.points for part in parts.values()) == 16
    for (model, start), part in parts.items():
        alone = Sweep(model=model, axes=AXES, target=target, start=start, steps=100)
        assert part.canonical() == alone.canonical()
        assert part.variables == alone.variables


def test_a_sweep_without_such_axes_is_its_only_part():
    sweep = Sweep(model="modes", axes=AXES)
    (part,) = named_axes.parts(sweep)
    assert part is sweep


def test_dimensions_are_in_the_files_order():
    sweep = Sweep(
        axes={"eta": 0.5, "start": ["gaussian", "orthogonal"], "model": "matrix", "s1": [1, 2], "seed": [0], **AXES}
    )
    assert list(sweep.axes) == ["depth", "seed", "start", "model", "s1", "alpha", "eta"]


@pytest.mark.parametrize("written", ["target.basis", "basis", "target"])
def test_the_basis_is_written_as_its_key_is(written, tmp_path):
    names = ["identity", "random"]
    axes = {**AXES, written: {"basis": names} if written == "target" else names}
    sweep = Sweep(model="matrix", axes=axes, target={"singular_values": [2, 1], "seed": 5})
    assert list(sweep.axes) == ["depth", "basis", "alpha", "eta"]
    assert [part.target.canonical() for part in named_axes.parts(sweep)] == [
        {"singular_values": (2, 1), "basis": name, "seed": 5} for name in names
    ]
    file = tmp_path / "sweep.toml"
    quoted = '"target.basis"' if written == "target.basis" else "target.basis" if written == "target" else "basis"
    file.write_text(
        'model = "matrix"\naxes.eta = [0.5, 0.7]\naxes.alpha = 0.1\naxes.depth = [2, 3]\n'
        f'axes.{quoted} = ["identity", "random"]\ntarget = {{ singular_values = [2, 1], seed = 5 }}'
    )
    assert Sweep.from_file(file).same_results(sweep)


def test_the_text_of_a_store_gives_the_sweep_back():
    sweep = Sweep(
        axes={**AXES, "model": ["matrix"], "target.basis": ["random", "identity"], "start": ["balanced", "gaussian"]}
    )
    text = sweep.canonical()
    assert json.loads(text).keys().isdisjoint({"model", "start"}) and "basis" not in json.loads(text)["target"]
    assert Sweep.stored(text).canonical() == text
    assert Sweep.stored(text).same_results(sweep)
    other = Sweep(
        axes={**AXES, "model": ["matrix"], "basis": ["identity", "random"], "start": ["balanced", "gaussian"]}
    )
    assert sweep.differing(other) == ["axes.basis"]
    alone = Sweep(model="matrix", axes=AXES)
    assert {"axes.model", "axes.basis", "axes.start"} < set(sweep.differing(alone))


def test_only_variables_that_all_have_are_stored():
    sweep = Sweep(axes={**AXES, "model": ["matrix", "modes"]}, observables=["sharpness"], trajectory=100)
    names = [{v.name for v in part.variables} for part in named_axes.parts(sweep)]
    assert {v.name for v in sweep.variables} == names[0] & names[1]
    assert "sharpness_residual" in names[0] and {"trajectory_loss", "sharpness", "fate"} < names[0] & names[1]


def test_chunks_have_one_name_and_the_dearest_part_decides_their_size():
    sweep = Sweep(
        axes={"eta": np.linspace(0.1, 1, 300), "alpha": np.linspace(0.1, 1, 300), "depth": 3, "model": MODELS},
        target={"singular_values": [1.0] * 8},
    )
    grid = Grid(sweep)
    assert grid.chunk_shape[grid.dims.index("model")] == 1
    assert grid.chunk_shape[2:] == Grid(named_axes.parts(sweep)[1]).chunk_shape[1:]
    with pytest.raises(SweepError, match="chunks: must be 1 along model"):
        Grid(sweep, tuple(2 if name == "model" else n for name, n in zip(grid.dims, grid.chunk_shape, strict=True)))


def test_a_plan_counts_every_part():
    sweep = Sweep(axes={**AXES, "model": MODELS}, target={"singular_values": [1.0] * 12}, steps=10_000)
    alone = [plan(part, probe=False).seconds for part in named_axes.parts(sweep)]
    both = plan(sweep, probe=False)
    assert both.points == 8 and min(alone) < both.seconds < 2 * max(alone)


@pytest.mark.parametrize(
    ("axes", "keys", "words"),
    [
        ({"model": ["modes", "matrx"]}, {}, "axes.model: unknown name 'matrx'"),
        ({"model": ["modes", "modes"]}, {}, "axes.model: modes is there twice"),
        ({"model": []}, {}, f"axes.model: must be a list of names; valid: {', '.join(ALL_MODELS)} (got [])"),
        ({"model": [1, 2]}, {}, "axes.model: must be a list of names"),
        ({"model": {"start": 1, "stop": 2, "num": 2}}, {}, "axes.model: must be a list of names"),
        ({"model": MODELS}, {"model": "modes"}, "model: is an axis of this sweep (axes.model); leave the key model out"),
        ({"start": ["balanced"]}, {"model": "modes", "start": "balanced"}, "start: is an axis of this sweep"),
        ({"start": ["spectral"]}, {"model": "modes"}, "axes.start: spectral takes values, and cannot be on an axis; valid: "),
        ({"start": ["none"]}, {"model": "modes"}, "axes.start: unknown name 'none'; valid: one-zero, balanced"),
        (
            {"start": ["gaussian", "balanced"]},
            {"model": "modes"},
            "with start = gaussian: start: modes has no start 'gaussian', which is of the models central-flow, constrained, flow, matrix, mlp; valid: one-zero",
        ),
        ({"basis": ["random"]}, {"model": "matrix", "target": {"singular_values": 1, "basis": "random"}}, "target.basis: is an axis"),
        ({"basis": ["random"]}, {"model": "matrix", "target": {"matrix": [[1.0]]}}, "axes.target.basis: target.matrix has bases"),
        ({"basis": ["random", "rndom"]}, {"model": "matrix"}, "axes.target.basis: unknown name 'rndom' (did you mean random?); valid: identity, random"),
        (
            {"basis": ["identity", "random"]},
            {"model": "modes"},
            "with target.basis = random: target: modes takes singular_values only",
        ),
        ({"basis": ["random"], "target.basis": ["random"]}, {"model": "matrix"}, "axes.target.basis: is there twice"),
        ({"model": ["balanced", "modes"]}, {}, "start: the models do not begin alike (balanced from balanced, modes from one-zero)"),
        (
            {"model": MODELS},
            {"observables": ["mixing"]},
            "observables: mixing is not given with model = matrix; all give convergence_step, divergence_step, edge_step, escape_step, learned_step, "
            "loss",
        ),
        ({"model": MODELS}, {"observables": ["alignment_error"]}, "observables: alignment_error is not given with model = modes"),
        (
            {"model": MODELS},
            {"observables": ["lyapunov"]},
            "observables: lyapunov lies along mode with model = modes; along the grid alone with model = matrix; all give",
        ),
        ({"model": ["matrix", "modes"], "depth": 2}, {"widths": [1, 1, 1]}, "with model = modes: widths: modes has no matrices"),
        ({"model": MODELS}, {"chunks": {"model": 1}}, "chunks: no chunks along 'model'; valid: alpha, eta"),
        ({"model": MODELS, "depth": 200}, {}, "with model = matrix: axes.depth: must be at most 128"),
        ({"model": MODELS, "seed": [0, 1]}, {}, "with model = modes: axes.seed: the start one-zero is not random"),
        ({"modle": MODELS}, {"model": "modes"}, "axes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(axes, keys, words):
    with pytest.raises(SweepError) as error:
        Sweep(axes={**AXES, **axes}, **keys)
    assert str(error.value).startswith(words) and "\n" not in str(error.value)


def test_the_schema_lets_the_key_be_left_out():
    schema = Sweep.model_json_schema()
    assert schema["required"] == ["axes"]
    assert schema["anyOf"] == [{"required": ["model"]}, {"properties": {"axes": {"required": ["model"]}}}]


def test_names_are_shown_as_text():
    sweep = Sweep(axes={**AXES, "model": MODELS})
    assert "model: modes, matrix" in sweep._repr_html_()


def test_models_of_the_edge_on_an_axis_measure_what_they_have_alike():
    axes = {"eta": 0.1, "alpha": 0.5, "depth": 2, "model": ["constrained", "central-flow"]}
    sweep = Sweep(axes=axes, start="gaussian", trajectory=1)
    assert {v.name for v in sweep.variables} == {"fate", "trajectory_loss", "trajectory_sharpness"}
    with pytest.raises(SweepError, match="loss has other variables with model = matrix than with model = central-flow"):
        Sweep(axes=axes | {"model": ["matrix", "central-flow"]}, start="gaussian", observables=["loss"])
