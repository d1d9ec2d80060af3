"""The server of the page, a browser, and tabs in it; skipped without Chromium, or Playwright, which drives it."""

import gc
import shutil

import pytest

import fastdln
from tests.explorer.browser import SMALL, SWITCHES, Tab

CHROMIUM = shutil.which("chromium")


@pytest.fixture(autouse=True)
def no_error_of_the_server(caplog):
    yield
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.fixture(scope="module")
def served():
    gc.freeze()  # Bokeh collects garbage as often as a page is closed, and a process of tests has much that is none
    page = fastdln.explore()
    yield page
    page.stop()
    gc.unfreeze()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser, served, request):
    tabs = []

    def open_tab(words=SMALL, url=None, **options):
        tabs.append(Tab(browser, (url or served.url) + words, **options))
        return tabs[-1]

    yield open_tab
    for one in tabs:
        assert one.complaints == []
        assert one.elsewhere == []
        one.close()
