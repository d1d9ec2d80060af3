"""Keys of sweeps of full matrices: matrices and layers that do not go together, and files that hold them."""

import numpy as np
import pytest

from fastdln import Sweep

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

BAD = [
    ({"start": [[[1.0, 0.0]], [[1.0], [2.0]]], "target": {"matrix": [[1.0, 2.0]]}}, "target.matrix", "2 x 2"),
    ({"start": [[[1.0, 0.0]], [[1.0, 2.0]]], "target": {"matrix": [[1.0, 2.0]]}}, "start.layers", "W_2"),
    ({"start": [[[1.0]], [[float("nan")]]]}, "start.layers", "finite"),
    ({"start": [[[1.0]], "nowhere.npy"]}, "nowhere.npy", "No such file"),
    ({"start": [[[1.0], [2.0, 3.0]], [[1.0]]]}, "start.layers", "rows of one length"),
    ({"widths": [2, 3, 2]}, "target.singular_values", "must be 2"),
    ({"widths": [1, 3, 3, 1]}, "axes.depth", "3"),
    ({"widths": [1, 0, 1]}, "widths", "at least 1"),
    ({"widths": [1, 1]}, "widths", "3"),
    ({"target": {"matrix": [[1.0, 2.0]]}}, "widths", "1 x 2"),
    ({"target": {"matrix": "nowhere.npy"}}, "target.matrix", "nowhere.npy"),
    ({"target": {"matrix": [[1.0, float("inf")]]}}, "target.matrix", "finite"),
    ({"target": {"matrix": [[1.0]], "singular_values": [1.0]}}, "target.matrix", "singular_values"),
    ({"target": {"singular_values": [1.0], "basis": "fourier"}}, "target.basis", "identity"),
    ({"target": {"basis": "random"}}, "target.singular_values", "missing"),
    ({"target": {"singular_values": [1.0], "basis": "random", "seed": -1}}, "target.seed", "at least 0"),
    ({"start": "one-zero", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "seed": [1, 2]}}, "axes.seed", "gaussian"),
    ({"start": "gaussian", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "seed": 1.5}}, "axes.seed", "whole"),
    ({"observables": ["mixing"]}, "observables", "alignment_error"),
    ({"sharpness_count": 0}, "sharpness_count", "at least 1"),
    ({"sharpness_count": 3}, "sharpness_count", "at most 2"),
    ({"start": "gaussian", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "seed": 1e30}}, "axes.seed", "2^53"),
    ({"start": {"layerz": [[[1.0]], [[1.0]]]}}, "start", "spectral, layers or compressed"),
    ({"start": {"layers": [[[1.0]], [[1.0]]], "spectral": [[1.0], [1.0]]}}, "start", "one of them"),
    ({"start": 5}, "start", "name"),
    ({"widths": 3}, "widths", "such as [3, 5, 2]"),
    ({"target": {"matrix": [[True]]}}, "target.matrix", "numbers"),
    ({"target": {"matrix": [["1"]]}}, "target.matrix", "numbers"),
    ({"model": "modes", "widths": [1, 1, 1]}, "widths", "matrix"),
    ({"model": "modes", "target": {"singular_values": [1.0], "basis": "random"}}, "target", "matrix"),
    ({"model": "modes", "start": "gaussian"}, "start", "one-zero"),
    ({"model": "modes", "observables": ["alignment_error"]}, "observables", "loss"),
    ({"target": {"matrix": [[1.0]]}, "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2, "s1": 1.0}}, "axes.s1", "matrix"),
    (
        {"start": {"spectral": [[1.0, 1.0], [1.0, 1.0]]}, "widths": [2, 1, 2], "target": {"singular_values": [1, 1]}},
        "start",
        "2",
    ),
]


@pytest.mark.parametrize(("keys", "key", "valid"), BAD, ids=[f"{key}-{valid}" for _, key, valid in BAD])
def test_bad_input_is_refused_in_one_line(keys, key, valid):
    from fastdln import SweepError

    good = {"model": "matrix", "axes": {"eta": 0.1, "alpha": 0.1, "depth": 2}}
    with pytest.raises(SweepError) as error:
        Sweep(**good | keys)
    assert key in str(error.value) and valid in str(error.value)
    assert "\n" not in str(error.value)


def test_files_of_matrices(tmp_path):
    matrix = np.array([[1.0, 0.5], [0.0, 0.7]])
    np.save(tmp_path / "m.npy", matrix)
    np.save(tmp_path / "bad.npy", np.array([object()], dtype=object), allow_pickle=True)
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    (tmp_path / "text.npy").write_text("no array")
    head = 'model = "matrix"\n[axes]\neta = 0.1\nalpha = 0.1\ndepth = 2\n[target]\nmatrix = '
    (tmp_path / "sweep.toml").write_text(head + '"m.npy"\n')
    sweep = Sweep.from_file(tmp_path / "sweep.toml")
    np.testing.assert_array_equal(sweep.target.matrix, matrix)
    assert str(tmp_path) not in sweep.canonical()
    again = Sweep(model="matrix", axes={"eta": 0.1, "alpha": 0.1, "depth": 2}, target={"matrix": matrix})
    assert again.sha256() == sweep.sha256()
    from fastdln import SweepError

    for name, word in (("bad", "not a .npy"), ("cube", "matrix"), ("text", "not a .npy"), ("none", "No such file")):
        (tmp_path / "sweep.toml").write_text(head + f'"{name}.npy"\n')
        with pytest.raises(SweepError, match=word):
            Sweep.from_file(tmp_path / "sweep.toml")
