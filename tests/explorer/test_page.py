"""The page in a browser: load, zoom, pan, click, choose, save, wrong words, several tabs; and whom it answers.

Skipped without Chromium, or without Playwright, which drives it: apt-get install chromium; pip install playwright.
"""

import tomllib
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlparse

import pytest

import fastdln
from fastdln import Sweep
from fastdln.explorer.explore import FIRST
from fastdln.explorer.scene import Subject
from tests.explorer.browser import HEIGHT, SMALL, SOCKETS, WIDTH

pytest.importorskip("bokeh")
playwright = pytest.importorskip("playwright.sync_api")

pytestmark = SOCKETS


def test_nothing_is_computed_before_the_session_is_there(monkeypatch):
    """A picture that is delivered to a document without a session may be lost."""
    from bokeh.document import Document

    from fastdln.explorer.page import Page
    from fastdln.explorer.renderer import Renderer

    asked = []
    monkeypatch.setattr(Renderer, "ask", lambda *words: asked.append(words))
    subject, document = Subject(FIRST), Document()
    page = Page(document, subject, None, subject.home)
    page.begin("")
    assert not asked
    (beginning,) = document.session_callbacks
    beginning.callback()
    assert len(asked) == 1
    page.stop()


def test_it_loads_and_says_what_it_computed(tab):
    page = tab()
    page.wait(f"{WIDTH * HEIGHT:,} networks in")
    page.wait("converged")
    page.wait("diverged")
    assert page.page.title() == "fastdln explore"
    assert page.query() == {"width": "300", "height": "200"}


def test_wheel_and_drag_move_the_window_and_its_address(tab):
    page = tab()
    page.wait("networks in")
    left, top, width, height = page.frame()
    assert (round(width), round(height)) == (WIDTH, HEIGHT)
    page.page.mouse.move(left + width / 2, top + height / 2)
    page.page.mouse.wheel(0, -200)
    page.wait_for_query(lambda words: "x0" in words and "y1" in words)
    zoomed = {name: float(page.query()[name]) for name in ("x0", "x1", "y0", "y1")}
    assert 0.2 < zoomed["x0"] < zoomed["x1"] < 1.6
    page.page.mouse.down()
    page.page.mouse.move(left + width / 2 - 60, top + height / 2, steps=4)
    page.page.mouse.up()
    page.wait_for_query(lambda words: float(words["x0"]) > zoomed["x0"] + 1e-6)
    moved = float(page.query()["x0"]) - zoomed["x0"]
    assert moved == pytest.approx(60 / width * (zoomed["x1"] - zoomed["x0"]), rel=0.05)


def test_the_keyboard_moves_the_window(tab):
    page = tab()
    page.wait("networks in")
    page.page.keyboard.press("+")
    page.wait_for_query(lambda words: "x0" in words)
    zoomed = page.query()
    assert float(zoomed["x1"]) - float(zoomed["x0"]) == pytest.approx(1.4 / 1.5)
    page.page.keyboard.press("ArrowRight")
    page.wait_for_query(lambda words: float(words.get("x0", 0)) > float(zoomed["x0"]))
    page.page.keyboard.press("0")
    page.wait_for_query(lambda words: "x0" not in words)
    page.page.get_by_role("button", name="network at the centre").focus()
    page.page.keyboard.press("Enter")
    page.wait("eta = 0.9, alpha = 0.605:")


def test_a_click_shows_the_network_there(tab):
    page = tab()
    page.wait("networks in")
    left, top, width, height = page.frame()
    page.page.mouse.click(left + 0.25 * width, top + 0.5 * height)
    page.wait("converged; period 1")
    said = page.page.get_by_text("converged; period 1").first.inner_text()
    eta, alpha = (float(part.split("=")[1]) for part in said.partition(":")[0].split(","))
    assert eta == pytest.approx(0.2 + 0.25 * 1.4, abs=0.01)
    assert alpha == pytest.approx(0.605, abs=0.01)


def test_choices_change_the_view(tab):
    page = tab()
    page.wait("networks in")
    page.field("variable").select_option("lyapunov")
    page.wait_for_query(lambda words: words.get("variable") == "lyapunov")
    page.wait("largest Lyapunov exponent")
    page.field("depth").fill("2")
    page.field("depth").press("Enter")
    page.wait_for_query(lambda words: words.get("depth") == "2")
    page.field("singular values").fill("1, 0.5")
    page.field("singular values").press("Enter")
    page.wait_for_query(lambda words: words.get("singular_values") == "1.0,0.5")
    page.field("steps").fill("many")
    page.field("steps").press("Enter")
    page.wait("steps: must be a finite number (got 'many')")
    again = tab("?" + urlparse(page.page.url).query)
    again.wait("networks in")
    assert again.field("variable").input_value() == "lyapunov"
    assert again.field("depth").input_value() == "2"


def test_what_is_saved_is_what_is_seen(tab, tmp_path):
    page = tab(SMALL + "&variable=loss&x0=0.5&x1=0.9")
    page.wait("networks in")
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="save the sweep file").click()
    assert download.value.suggested_filename == "modes-loss.toml"
    download.value.save_as(tmp_path / "saved.toml")
    subject = Subject(FIRST)
    scene = replace(subject.home, variable="loss", x0=0.5, x1=0.9, width=WIDTH, height=HEIGHT)
    expected = subject.sweep_of(scene, WIDTH, HEIGHT)
    assert Sweep.from_file(tmp_path / "saved.toml").canonical() == expected.canonical()
    assert tomllib.loads((tmp_path / "saved.toml").read_text())["observables"] == ["loss"]
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="save the picture").click()
    download.value.save_as(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    page.wait("fastdln run modes-loss.toml -o modes-loss.zarr")


def test_wrong_words_are_said_in_the_page(tab):
    for words, said in {
        "?variable=los": "variable: modes has no 'los' (did you mean loss?)",
        "?x0=nan": "x0: must be a finite number (got 'nan')",
        "?<script>alert(1)</script>=1": "<script>alert(1)</script>: is no part of a view",
        "?steps=1000000000000": "steps: ",
        "?px=1": "px, py: a network is looked at by both",
    }.items():
        page = tab(words)
        page.wait(said)


def test_a_window_that_is_too_narrow_is_said_and_the_view_stays(tab):
    page = tab(SMALL + "&x0=1.41&x1=1.410000000001&y0=0.8&y1=0.81")
    page.wait("networks in")
    refusal = page.page.get_by_text("is too narrow for 300 different numbers; zoom out")
    for _ in range(60):
        page.page.keyboard.press("+")
        with suppress(playwright.TimeoutError):  # until then windows are wide enough
            refusal.wait_for(timeout=400)
            break
    else:
        pytest.fail("nothing was refused")
    page.wait("networks in")
    assert float(page.query()["x1"]) - float(page.query()["x0"]) > 300 * 2.0**-52
    narrowest = float(page.query()["y1"]) - float(page.query()["y0"])
    page.page.keyboard.press("-")
    page.wait_for_query(lambda words: float(words["y1"]) - float(words["y0"]) > 1.4 * narrowest)
    assert page.page.get_by_text("is too narrow").count() == 0


def test_a_window_ends_where_values_do(tab):
    page = tab()
    page.wait("networks in")
    for _ in range(6):
        page.page.keyboard.press("-")
    page.wait_for_query(lambda words: float(words.get("x1", 0)) > 5)
    assert (float(page.query()["x0"]), float(page.query()["y0"])) == (0, 0)
    left, top, width, height = page.frame()
    page.page.keyboard.press("0")
    page.wait_for_query(lambda words: "x0" not in words)
    page.page.mouse.move(left + width / 2, top + height / 2)
    for _ in range(5):
        page.page.mouse.wheel(0, 600)
    page.wait_for_query(lambda words: float(words.get("x1", 0)) > 2.5)
    assert (float(page.query()["x0"]), float(page.query()["y0"])) == (0, 0)


def test_the_network_that_is_looked_at_follows_the_choices_and_is_in_the_address(tab):
    page = tab(SMALL + "&px=0.9&py=0.605")
    page.wait("eta = 0.9, alpha = 0.605: periodic; period 6")
    page.field("depth").fill("4")
    page.field("depth").press("Enter")
    page.wait("eta = 0.9, alpha = 0.605, L = 4: aperiodic")
    assert (page.query()["px"], page.query()["depth"]) == ("0.9", "4")


def test_what_a_variable_means_stands_below(tab):
    page = tab(SMALL + "&variable=period")
    page.wait("no period")
    page.wait("dashed: 2/S1")
    page.field("variable").select_option("fate")
    page.wait("periodic")
    page.field("variable").select_option("mixing_exponent")
    page.wait("no network of this view has a value")


def test_two_tabs_do_not_block_each_other(tab):
    """One computes what takes long; the other is there meanwhile."""
    slow = tab(SMALL + "&steps=3000000")
    quick = tab(SMALL + "&x0=0.3")
    quick.wait(f"{WIDTH * HEIGHT:,} networks in")
    slow.page.keyboard.press("+")
    slow.wait_for_query(lambda words: "x0" in words)


def test_light_and_dark(tab):
    colours = []
    for scheme in ("light", "dark"):
        page = tab(color_scheme=scheme)
        page.wait("networks in")
        colours.append(page.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(255, 255, 255)", "rgb(23, 25, 28)"]


def test_a_store_is_shown(tab, tmp_path):
    axes = {"eta": {"start": 0.2, "stop": 1.4, "num": 60}, "alpha": {"start": 0.1, "stop": 1.0, "num": 40}, "depth": 2}
    fastdln.run(Sweep(model="modes", axes=axes, steps=2000, record=32), tmp_path / "s.zarr")
    found = fastdln.explore(tmp_path / "s.zarr")
    try:
        page = tab("?width=60&height=40", url=found.url)
        page.wait("2,400 networks of the store")
        page.page.goto("about:blank")
    finally:
        found.stop()
