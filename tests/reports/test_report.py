"""The page about a store, and the commands that draw: what they write, and what they leave alone."""

import base64
import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fastdln import Sweep, analysis, plots, run, theory
from fastdln import open as open_store
from fastdln.execution.logged import logged
from tests import commands
from tests.small import FILE, OF_MATRICES, SWEEP

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def fastdln(*words, cwd, code=0):
    done = commands.fastdln(*words, cwd=cwd)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A store with its log, and half of one."""
    here = tmp_path_factory.mktemp("report")
    (here / "s.toml").write_text(FILE.replace('title = "a test"', 'title = "<b>a & test</b>"'))
    fastdln("run", "s.toml", "--quiet", cwd=here)
    fastdln("run", "s.toml", "--quiet", "--part", "1/2", "-o", "half.zarr", cwd=here)
    return here


class Page(HTMLParser):
    """Tags as they open and close, and what would be loaded."""

    EMPTY = frozenset({"meta", "img", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.links, self.ids, self.tables = [], [], [], [], 0
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        if tag not in self.EMPTY:
            self.open.append(tag)
        self.tables += tag == "table"
        self.loads += [value for key, value in attributes if key in ("src", "srcset", "data", "action")]
        self.links += [value for key, value in attributes if key == "href"]
        self.ids += [value for key, value in attributes if key == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("store", ["s", "half"])
def test_the_page_needs_nothing_else(folder, store):
    said = fastdln("report", f"{store}.zarr", cwd=folder)
    assert said.stdout == f"{store}.html\n"
    text = (folder / f"{store}.html").read_text()
    page = Page(text)
    assert page.loads
    assert all(address.startswith("data:image/png;base64,") for address in page.loads)
    assert all(address.startswith(("#", "./")) for address in page.links)
    assert not re.search(r"https?://|url\(|@import|<script|<link", text)
    assert "<b>a" not in text
    assert html.escape("<b>a & test</b>") in text
    ds = open_store(folder / f"{store}.zarr")
    assert len(page.loads) == len(plots.drawable(ds))
    for image in page.loads:
        assert plt.imread(BytesIO(base64.b64decode(image.partition(",")[2]))).shape[1] > 600
    done = int((ds.fate != 0).sum())
    assert f"{done} of {ds.fate.size} computed" in text
    assert ("incomplete" in text) == (store == "half")
    assert f"fastdln.open(&#34;{store}.zarr&#34;)" in text or f'fastdln.open("{store}.zarr")' in text


def test_the_page_says_how_it_ran(folder):
    fastdln("report", "s.zarr", "-o", "how.html", cwd=folder)
    text = (folder / "how.html").read_text()
    assert "chunks logged" in text
    rows = dict(logged([folder / "s.zarr.log"], ""))
    assert rows["chunks logged"].startswith("16, of 160 points")
    for words in ("created by fastdln", "numba", "0.1 to 1.5", "one-zero"):
        assert words in text
    assert not logged([folder / "no.log"], "")


def test_doublings_of_the_page(tmp_path):
    """The rows are the theory's and the measurement's, for each depth and mode."""
    run(
        Sweep(
            model="balanced",
            axes={"eta": {"start": 0.2, "stop": 0.6, "num": 401}, "alpha": 0.5, "depth": 3},
            target={"singular_values": [2.0, 1.5]},
            steps=20_000,
            observables=["period"],
        ),
        tmp_path / "d.zarr",
    )
    fastdln("report", "d.zarr", cwd=tmp_path)
    text = (tmp_path / "d.html").read_text()
    rows = re.findall(r"<td>(\d+ to \d+)</td><td>([\d.]+)</td><td>([\d.]+)</td><td>([\d.e-]+)</td>", text)
    expected = [flip for s in (2.0, 1.5) for flip in theory.period_doubling(3, 5) / s ** (4 / 3) if flip < 0.6]
    assert len(rows) >= 4
    assert "period doubles, at alpha = 0.5:" in text
    for _, exact, measured, unsure in rows:
        assert any(abs(float(exact) - flip) < 1e-9 for flip in expected)
        assert abs(float(exact) - float(measured)) <= 3 * float(unsure), "orbits near a flip settle slowly"


def test_windows_in_chaos_are_no_doublings(tmp_path):
    axes = {"eta": {"start": 0.88, "stop": 1.3, "num": 3000}, "alpha": 0.5, "depth": 3}
    run(Sweep(model="balanced", axes=axes, steps=5000, record=512, observables=["period"]), tmp_path / "c.zarr")
    fastdln("report", "c.zarr", cwd=tmp_path)
    assert "at which the period doubles" not in (tmp_path / "c.html").read_text()


def test_reports_of_other_kinds(tmp_path):
    """Matrices with a seed and an exponent of all layers; a swept singular value; nothing measured; a blank title."""
    small = {"steps": 50, "record": 16}
    stores = {
        "matrix": Sweep(
            model="matrix",
            axes={"eta": [0.1, 0.2], "alpha": 0.5, "depth": 2, "seed": [0, 1]},
            target={"singular_values": [1.0, 0.5]},
            start="gaussian",
            observables=OF_MATRICES,
            **small,
        ),
        "swept": Sweep(
            model="modes",
            axes={"eta": [0.1, 0.2], "s2": [0.3, 0.4], "alpha": 0.5, "depth": 2},
            target={"singular_values": [1.0, 0.5]},
            **small,
        ),
        "bare": Sweep(model="modes", axes={"eta": 0.1, "alpha": 0.5, "depth": 2}, observables=[], title=" ", **small),
    }
    for name, sweep in stores.items():
        run(sweep, tmp_path / f"{name}.zarr")
        fastdln("report", f"{name}.zarr", cwd=tmp_path)
        Page((tmp_path / f"{name}.html").read_text())
    assert "No picture draws" in (tmp_path / "bare.html").read_text()
    assert "<h1>bare.zarr</h1>" in (tmp_path / "bare.html").read_text()
    assert "ds.dln.plot." not in (tmp_path / "bare.html").read_text()


def test_a_damaged_chunk_is_one_line(tmp_path):
    run(SWEEP, tmp_path / "d.zarr")
    chunk = next(p for p in (tmp_path / "d.zarr" / "loss" / "c").rglob("*") if p.is_file())
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(data)
    for words in (["report", "d.zarr"], ["plot", "d.zarr", "loss"]):
        said = fastdln(*words, cwd=tmp_path, code=2)
        assert [line for line in said.stderr.splitlines() if line.startswith("error: ")] == said.stderr.splitlines()[
            -1:
        ]
        assert len(said.stderr.splitlines()) == 1 + (words[0] == "report")  # its first sign of life
        assert "fastdln verify d.zarr" in said.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.zarr"]


def test_logs_of_shares_and_of_earlier_stores(tmp_path):
    (tmp_path / "s.toml").write_text(FILE)
    for part in ("1/2", "2/2"):
        fastdln("run", "s.toml", "--quiet", "--part", part, cwd=tmp_path)
    fastdln("report", "s.zarr", cwd=tmp_path)
    assert "16, of 160 points" in (tmp_path / "s.html").read_text()
    log = tmp_path / "s.zarr.log"
    event = {"event": "chunk", "chunk": 77, "points": 9, "seconds": 1.0, "kernel_seconds": 0.9}
    log.write_text(f"2001-01-01T00:00:00Z INFO chunk 77: 9 points in 1.000 s, by t\t{json.dumps(event)}\n")
    fastdln("report", "s.zarr", cwd=tmp_path)
    assert "16, of 160 points" in (tmp_path / "s.html").read_text(), "an earlier store's log does not count"


def test_agreement_is_what_compare_says(monkeypatch):
    """Against all differences at once; also where pieces are small."""
    from fastdln.analysis import blockwise

    ds = run(SWEEP)
    differences = analysis.compare(ds)
    monkeypatch.setattr(blockwise, "VALUES_PER_BLOCK", 37)
    rows = {row.variable: row for row in analysis.agreement(ds)}
    assert set(rows) == {name for name, values in differences.items() if values.notnull().any()}
    for name, row in rows.items():
        values = differences[name].values
        known = np.isfinite(values)
        assert row.compared == known.sum()
        assert row.furthest == np.nanmax(abs(values))
        expected = (ds[name] - differences[name]).values[known]
        assert row.close == (abs(values[known]) <= 1e-6 * np.maximum(1, abs(expected))).sum()
        where = np.argwhere(abs(values) == np.nanmax(abs(values)))[0]
        if row.furthest:
            assert f"eta = {ds.eta.values[where[2]]:.6g}" in row.where


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_plot_writes_what_the_name_says(folder, kind):
    said = fastdln("plot", "s.zarr", "phase", "-o", f"new.{kind}", cwd=folder)
    assert said.stdout == f"new.{kind}\n"
    data = (folder / f"new.{kind}").read_bytes()
    assert data.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[kind])


def test_plot_of_half_a_store(folder):
    said = fastdln("plot", "half.zarr", "bifurcation", "--at", "depth=3", "--at", "mode=1", cwd=folder)
    assert said.stdout == "half-bifurcation.png\n"
    assert "not computed yet" in said.stderr
    assert len(said.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["plot", "s.zarr", "nope"], ["nope", "phase", "bifurcation"]),
        (["plot", "s.zarr", "lyapunov"], ["lyapunov", "phase"]),
        (["plot", "none.zarr", "phase"], ["none.zarr"]),
        (["plot", "s.toml", "phase"], ["s.toml"]),
        (["plot", "s.zarr", "phase", "-o", "a.gif"], ["a.gif", ".png", ".pdf", ".svg"]),
        (["plot", "s.zarr", "phase", "-o", "no/a.png"], ["no"]),
        (["plot", "s.zarr", "phase", "-o", "s.zarr"], ["s.zarr", ".png"]),
        (["plot", "s.zarr", "phase", "--at", "depth"], ["--at", "depth=3"]),
        (["plot", "s.zarr", "phase", "--at", "width=3"], ["width", "depth"]),
        (["plot", "s.zarr", "phase", "--at", "depth=deep"], ["depth", "deep"]),
        (["plot", "s.zarr", "foo/bar"], ["foo/bar", "phase"]),
        (["plot", "s.zarr", "phase", "--at", "kind=3"], ["kind", "depth"]),
        (["plot", "s.zarr", "phase", "--at", "ax=3"], ["ax", "depth"]),
        (["plot", "s.zarr", "loss", "--at", "mode=1"], ["mode", "depth"]),
        (["plot", "s.zarr", "bifurcation", "--at", "mode=7"], ["mode", "1, 2"]),
        (["plot", "s.zarr", "phase", "--at", "depth=2", "--at", "depth=3"], ["depth", "twice"]),
        (["plot", "s.zarr", "phase", "-o", "s.zarr/a.png"], ["s.zarr", "beside"]),
        (["plot", "s.zarr", "phase", "-o", "a" * 300 + ".png"], ["cannot be written"]),
        (["report", "."], ["."]),
        (["report", "s.zarr", "-o", "a.txt"], ["a.txt", ".html"]),
        (["report", "none.zarr"], ["none.zarr"]),
        (["paper", "-o", "s.toml"], ["s.toml"]),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(folder, words, named):
    before = sorted(path.name for path in folder.iterdir())
    said = fastdln(*words, cwd=folder, code=2)
    assert len(said.stderr.splitlines()) == 1
    assert said.stderr.startswith("error: ")
    assert all(name in said.stderr for name in named), said.stderr
    assert not said.stdout
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_failed_picture_leaves_the_old_one(folder):
    (folder / "old.png").write_bytes(b"old")
    fastdln("plot", "s.zarr", "lyapunov", "-o", "old.png", cwd=folder, code=2)
    assert (folder / "old.png").read_bytes() == b"old"
    fastdln("plot", "s.zarr", "phase", "-o", "old.png", cwd=folder)
    assert (folder / "old.png").read_bytes().startswith(b"\x89PNG")
    assert not [path for path in folder.iterdir() if path.name.endswith(".draft")]


def test_drawing_needs_no_compiler_and_no_display(folder):
    code = (
        "import sys; from fastdln.cli.app import app\n"
        "try:\n    app(['plot', 's.zarr', 'phase', '-o', 'quiet.png'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)


def test_list_names_the_pictures(tmp_path):
    said = fastdln("list", cwd=tmp_path).stdout
    for name, plot in plots.PLOTS.items():
        assert f"{name} " in said
        assert " ".join(plot.summary.split()[:3]) in " ".join(said.split())
