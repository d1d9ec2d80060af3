"""The paper's figures: every number behind them, against the table in docs/theory.md, D."""

import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fastdln import open as open_store
from fastdln.reports import paper

FIGURES = paper.SETS["modes"].figures

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("paper")
    done = []
    assert paper.make(here, done.append) == here / "index.md"
    assert sorted(done) == sorted(figure.name for figure in FIGURES)
    return here


@pytest.fixture(scope="module")
def numbers(folder):
    """{figure: {what: (measured, expected)}}"""
    return {
        figure.name: {
            n.what: (n.measured, n.expected) for n in figure.numbers(open_store(folder / f"{figure.name}.zarr").load())
        }
        for figure in FIGURES
    }


def picked(numbers, figure, pattern):
    return [value for what, value in numbers[figure].items() if re.search(pattern, what)]


def test_there_is_a_figure_for_each_row_of_the_table(folder):
    assert {figure.name for figure in FIGURES} == {
        "oscillation_range",
        "oscillation_per_layer",
        "contour",
        "balancing_gap",
        "rank_three",
        "period_doubling",
        "progressive_sharpening",
    }
    page = (folder / "index.md").read_text()
    for figure in FIGURES:
        assert f"({figure.name}.png)" in page
        picture = plt.imread(folder / f"{figure.name}.png")
        assert picture.shape[1] >= 1400
        assert np.ptp(picture[..., :3]) == 1, "black on white at least"
    assert page.count("| number | measured | theory |") == 7


def test_oscillation_range(numbers):
    """|pi(T) - pi(T-1)| after 1,500 steps."""
    expected = {"0.0315": (2.074051, 0, 0), "0.0345": (4.920583, 2.937072, 0), "0.036": (5.695360, 4.129319, 1.462288)}
    for eta, swings in expected.items():
        found = np.array(picked(numbers, "oscillation_range", f"eta = {eta}$"))
        np.testing.assert_allclose(found[:, 0], swings, atol=6e-7)
        np.testing.assert_allclose(found[:, 1], swings, atol=6e-7)


def test_oscillation_per_layer(numbers):
    products = np.array(picked(numbers, "oscillation_per_layer", "^product"))
    np.testing.assert_allclose(products[:, 0], [10, 8, 6], atol=1e-6)
    layers = np.array(picked(numbers, "oscillation_per_layer", r"^layer")).reshape(3, 3, 2)
    np.testing.assert_allclose(layers[..., 1], np.cbrt([[10] * 3, [8] * 3, [6] * 3]), rtol=1e-14)
    np.testing.assert_allclose(layers[..., 0], layers[..., 1], atol=0.03**2)
    swings = np.array(picked(numbers, "oscillation_per_layer", "^swing"))
    assert (swings > 0.5).all()
    np.testing.assert_allclose(swings[:, 0], swings[:, 1], rtol=1e-6)


def test_contour(numbers):
    (start,), frozen, sharp = (picked(numbers, "contour", p) for p in ("start", "^gap after", "sharpness"))
    assert start == (2.8125, 2.8125)
    np.testing.assert_allclose(*np.array(frozen).T, rtol=1e-8)
    assert 2.5 < frozen[0][0] < 2.8125
    assert frozen[1][0] < 0.5, "it has crept towards balance"
    np.testing.assert_allclose(*np.array(sharp).T, rtol=1e-8)
    assert 10 < sharp[1][0] < 2 / 0.1997, "between that of the balanced minimum, 2 s, and the edge"


def test_balancing_gap(numbers):
    expected = {"0.18": (2.386000, 2.377503, 2.377503), "0.21": (1.165347, 8.846877e-3, 6.24e-12)}
    for eta, gaps in expected.items():
        found = np.array(picked(numbers, "balancing_gap", f"eta = {eta}$"))
        np.testing.assert_allclose(found[:, 0], gaps, rtol=4e-4 if eta == "0.21" else 5e-7)
        np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=1e-10)


def test_rank_three(numbers):
    """2 / S_i of s = 10, 8.5, 7, to half the distance of the points."""
    found = np.array(list(numbers["rank_three"].values()))
    exact = [2 / (3 * s ** (4 / 3)) for s in (10, 8.5, 7)]
    np.testing.assert_allclose(found[:, 1], exact, rtol=1e-14)
    np.testing.assert_allclose(found[:, 0], exact, atol=6e-5)


def test_period_doubling(numbers):
    """eta of theory.md C's table, times S = L."""
    table = {
        2: (1, 1.236067977500, 1.288031754483, 1.299227939650),
        3: (0.666666666667, 0.829738261893, 0.866944316505, 0.874987761269),
        4: (0.5, 0.623584636218, 0.652074992018, 0.658239138599),
    }
    for depth, flips in table.items():
        found = np.array(picked(numbers, "period_doubling", f"depth {depth}$"))
        np.testing.assert_allclose(found[:, 1], depth * np.array(flips), atol=1e-11)
        np.testing.assert_allclose(found[:, 0], depth * np.array(flips), atol=depth * 1.3e-4)


def test_progressive_sharpening(numbers):
    (end,) = picked(numbers, "progressive_sharpening", "eta = 0.02,")
    assert end[0] == pytest.approx(3 * 10 ** (4 / 3), rel=1e-6)
    assert end[1] == pytest.approx(3 * 10 ** (4 / 3), rel=1e-14)
    for first, exact in picked(numbers, "progressive_sharpening", "^first state"):
        assert first == exact > 300
    reached = picked(numbers, "progressive_sharpening", "^sharpness there")
    for eta, (measured, exact) in zip((0.0305, 0.034), reached, strict=True):
        assert measured == pytest.approx(exact, rel=1e-9)
        assert measured >= 2 / eta


def test_a_lost_process_ends_it(tmp_path):
    """Kill -9 of one of its processes: exit code 3 and one line, and no waiting for ever."""
    started = subprocess.Popen(
        [sys.executable, "-m", "fastdln", "paper", "-o", "p", "--quiet"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    if not children.exists():
        started.kill()
        pytest.skip("needs /proc to find the process")
    deadline, found = time.monotonic() + 60, []
    while time.monotonic() < deadline and not found:
        time.sleep(0.1)
        found = [child for child in children.read_text().split() if is_worker(child)]
    os.kill(int(found[0]), signal.SIGKILL)
    assert started.wait(timeout=120) == 3
    assert started.stderr.read().startswith("incomplete: ")
    started.stderr.close()


def is_worker(number):
    return b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes()


def test_it_goes_on_where_it_stopped(folder):
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("c/*") if p.is_file()}
    paper.make(folder, lambda name: None)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("c/*") if p.is_file()} == before


@pytest.mark.filterwarnings("ignore:the projection onto")
def test_the_second_set_stands_on_its_numbers(tmp_path):
    """What gradient descent follows at the edge; but for the map of a thousand networks, which takes half a minute."""
    numbers = {}
    for figure in paper.SETS["edge"].figures:
        if figure.name == "edge_map":
            continue
        name, found = paper.one(tmp_path, "edge", figure.name)
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
        numbers[name] = {n.what: (n.measured, n.expected) for n in found}
    predicted = np.array([pair for what, pair in numbers["edge"].items() if "predicted" in what])
    np.testing.assert_allclose(predicted[:, 0], predicted[:, 1], rtol=0.02)
    (held,) = [pair for what, pair in numbers["edge"].items() if "central flow" in what]
    assert held[0] == pytest.approx(held[1], rel=1e-4)
    (kept,) = [pair for what, pair in numbers["edge"].items() if "balancing" in what]
    assert kept[0] == pytest.approx(1.0, abs=1e-9)
    cycles = np.array(list(numbers["self_stabilization"].values()))
    np.testing.assert_allclose(cycles[:, 0], cycles[:, 1], rtol=0.06)  # of first order in eta = .005
    zeros = np.array(list(numbers["edge_on_the_set"].values()))
    np.testing.assert_allclose(zeros[:, 0], 0.0, atol=1e-9)


def test_the_neighbours_stand_on_their_numbers(tmp_path):
    for figure in paper.SETS["neighbours"].figures:
        name, found = paper.one(tmp_path, "neighbours", figure.name)
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
        for number in found:
            if not math.isnan(number.expected):
                assert number.measured == pytest.approx(number.expected, rel=5e-3, abs=1e-9), number.what
