"""The page of a report as a reader meets it: what was found, contents that lead somewhere, the machine, the data, captions."""

import html
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from fastdln import Sweep, analysis, plots, run, status
from fastdln import open as open_store
from fastdln.analysis.dataset import restore_dimensions
from fastdln.reports.captions import ValueRange, findings, panels_shown, plain
from fastdln.reports.report import link, page
from tests import commands
from tests.small import FILE, SWEEP, made

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


class Structure(HTMLParser):
    """Ids, links, headings and the text of elements, in the page's order."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.texts, self.path, self.alts = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.path += [tag] if tag not in ("meta", "img", "br") else []
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if "href" in known else []
        self.alts += [known["alt"]] if tag == "img" else []
        assert not any(name.startswith("on") for name in known)

    def handle_endtag(self, tag):
        assert self.path.pop() == tag

    def handle_data(self, data):
        if data.strip() and "style" not in self.path:
            self.texts.append((self.path[-1], " ".join(data.split())))

    def of(self, tag):
        return [text for inside, text in self.texts if inside == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("page")
    (here / "s.toml").write_text(FILE)
    for words in (["run", "s.toml", "--quiet"], ["run", "s.toml", "--quiet", "--part", "1/2", "-o", "half.zarr"]):
        assert commands.fastdln(*words, cwd=here).returncode == 0
    return here


def report(folder, *words):
    done = commands.fastdln("report", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    text = (folder / done.stdout.strip()).read_text()
    return Structure(text), text


@pytest.mark.parametrize("store", ["s", "half"])
def test_the_page_opens_with_the_census(folder, store):
    read, text = report(folder, f"{store}.zarr")
    census = analysis.census(open_store(folder / f"{store}.zarr"))
    words = html.unescape(text)
    line, *advice = str(census).split("; ")
    assert f"F{line[1:]}" in words
    assert words.index(f"F{line[1:]}") < words.index("<nav") < words.index(">The sweep</h2>")
    assert set(census.advice) <= set(read.of("li"))
    assert ("80 of 160 points not computed" in words) == (store == "half")
    assert (len(advice) > len(census.advice)) == (store == "half")


def test_contents_lead_to_every_section_and_picture(folder):
    read, _ = report(folder, "s.zarr")
    inside = [address[1:] for address in read.links if address.startswith("#")]
    assert len(set(read.ids)) == len(read.ids)
    assert set(inside) <= set(read.ids)
    kinds = plots.drawable(open_store(folder / "s.zarr"))
    assert inside == ["sweep", "ran", "pictures", *(f"picture-{kind}" for kind in kinds), "theory", "load"]
    assert read.of("h2") == ["The sweep", "How it ran", "Pictures", "Against the theory", "Load it"]


@pytest.mark.parametrize("out", ["s.html", "deep/page.html"])
def test_the_data_are_one_click_away(folder, out):
    (folder / "deep").mkdir(exist_ok=True)
    read, _ = report(folder, "s.zarr", "-o", out)
    (address,) = [address for address in read.links if not address.startswith("#")]
    assert (folder / out).parent.joinpath(address).resolve() == (folder / "s.zarr").resolve()


def test_links_name_no_protocol_and_no_markup(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("javascript:alert(1)", 'a" onclick="x', "ü b#c?d"):
        (tmp_path / name).mkdir()
        address = link(name, tmp_path / "x.html")
        assert re.fullmatch(r"\./[\w%./()-]+/", address, re.ASCII)
    assert link("s3://bucket/x.zarr", tmp_path / "x.html") == ""
    assert link("nowhere", tmp_path / "x.html") == ""


def test_the_machine_and_the_time_come_from_the_log(folder):
    read, _ = report(folder, "s.zarr")
    rows = dict(zip(read.of("th"), read.of("td"), strict=False))
    assert rows
    text = " ".join(read.of("td"))
    assert f"{os.cpu_count()} processor" in text
    assert " s in one run" in text
    run(SWEEP, folder / "nolog.zarr")
    read, _ = report(folder, "nolog.zarr")
    assert any("there is no log" in cell for cell in read.of("td"))


def test_hostile_logs_and_names_are_text(tmp_path):
    run(SWEEP, tmp_path / "h.zarr")
    event = {"event": "begun", "machine": "<script>alert(1)</script>\u202e", "threads": 2}
    (tmp_path / "h.zarr.log").write_text(f"2099-01-01T00:00:00Z INFO x\t{json.dumps(event)}\n")
    _, text = report(tmp_path, "h.zarr")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    ds = open_store(tmp_path / "h.zarr")
    ds["loss"].attrs["long_name"] = ds["eta"].attrs["long_name"] = "<img src=x onerror=y>"
    ds.attrs["title"] = "<b>"
    text = page(ds, "h<i>.zarr", status(tmp_path / "h.zarr"), [], lambda step: None)
    Structure(text)
    assert "<img src=x" not in text
    assert "<i>" not in text


def test_captions_are_of_this_sweep(folder):
    read, text = report(folder, "s.zarr")
    words = html.unescape(text)
    ds = open_store(folder / "s.zarr")
    loss = ds.loss.values[np.isfinite(ds.loss.values)]
    assert "loss against learning rate eta (40 values from 0.1 to 1.5)" in words
    assert f"{loss.min():.3g} to {loss.max():.3g}." in words
    assert (
        "learning rate eta (40 values from 0.1 to 1.5) and initialization scale alpha (2 values from 0.3 to 0.6)"
        in words
    )
    assert "panels: L = 2, 3" in words
    periods = [p for p in np.unique(ds.period.values) if p > 0]
    assert f"periods found: {', '.join(map(str, periods[:8]))}" in words.lower()
    assert len(read.alts) == len(plots.drawable(ds))


def test_ranges_are_those_of_numpy():
    ds = restore_dimensions(made(SWEEP))
    ds["fate"].values.flat[::5] = 0
    ds["loss"].values.flat[3] = np.nan
    found = findings(ds, analysis.census(ds))
    values = ds["loss"].values[(ds["fate"].values != 0) & np.isfinite(ds["loss"].values)]
    assert found.ranges["loss"] == ValueRange(values.size, values.min(), values.max(), (values > 1e-3).sum())
    period = ds["period"].values[ds["fate"].values != 0]
    assert found.periods[1:].tolist() == [np.count_nonzero(period == p) for p in range(1, len(found.periods))]


def test_labels_and_panels_in_plain_words():
    assert plain("learning rate $\\eta$") == "learning rate eta"
    assert plain("largest $|w_L^2|$,\n$\\log_{10}$") == "largest |w_L^2|, log10"
    assert (
        panels_shown(["alpha = 1", "alpha = 2"], "A - 2 of 1,000 pictures shown") == "2 of 1,000 panels: alpha = 1, 2"
    )
    assert panels_shown(["mode 1, s = 2", "mode 2, s = 1"], "A") == "2 panels: mode 1, s = 2; mode 2, s = 1"


def test_a_page_without_pictures_says_so(tmp_path):
    axes = {"eta": 0.1, "alpha": 0.5, "depth": 2}
    run(Sweep(model="modes", axes=axes, observables=[], steps=500, record=128), tmp_path / "bare.zarr")
    read, text = report(tmp_path, "bare.zarr")
    assert "No picture draws" in text
    assert any(": none" in item for item in read.of("li"))
    assert "100 % converged" in text


def test_doublings_say_which_alpha_they_are_of(tmp_path):
    axes = {"eta": {"start": 0.8, "stop": 1.3, "num": 101}, "alpha": [0.3, 0.5, 0.6], "depth": 2}
    run(Sweep(model="balanced", axes=axes, steps=5000, record=256, observables=["period"]), tmp_path / "d.zarr")
    _, text = report(tmp_path, "d.zarr")
    assert "the period doubles, at alpha = 0.5 (number 2 of 3 values):" in text


def test_the_first_sign_comes_before_what_takes_long(folder):
    """One plain line where no terminal is, before the libraries are imported."""
    code = (
        "import builtins, sys; sys.argv = ['fastdln', 'report', 's.zarr']\n"
        "right = builtins.__import__\n"
        "def told(name, *more):\n"
        "    if name.partition('.')[0] in ('xarray', 'zarr', 'matplotlib', 'dask'):\n"
        "        print('heavy', file=sys.stderr, flush=True); builtins.__import__ = right\n"
        "    return right(name, *more)\n"
        "builtins.__import__ = told\n"
        "from fastdln.cli.app import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stderr.splitlines() == ["writing s.html ...", "heavy"]
    assert commands.fastdln("report", "s.zarr", "--quiet", cwd=folder).stderr == ""


def test_a_model_of_its_own_numbers_has_no_depth_and_no_scale(tmp_path):
    sweep = Sweep(model="uv", axes={"eta": [0.1, 0.2], "lambda0": 3.0}, steps=10, record=20)
    run(sweep, tmp_path / "uv.zarr", progress=False)
    read, text = report(tmp_path, "uv.zarr")
    assert "deep linear networks" not in text
    said = " ".join([*read.of("figcaption"), *read.of("td")])
    assert "lambda0 = 3" in said
    assert "error0 = -1" in said
    for absent in ("alpha =", "alpha:", "depth =", "depth:"):
        assert absent not in said
