"""The page: seconds until a view is computed, in the server and as a browser sees it, and the server's memory over many views."""

import shutil
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

import fastdln
from fastdln.explorer.computing import pictures
from fastdln.explorer.explore import FIRST
from fastdln.explorer.painting import cells
from fastdln.explorer.scene import Subject

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
SUBJECT = Subject(FIRST)


def finest(scene):
    """Computes and paints every picture of a scene."""
    for picture in pictures(SUBJECT, scene, lambda: False):
        cells(picture.dataset, SUBJECT, scene)


@pytest.mark.parametrize("variable", ["phase", "lyapunov", "sharpness"])
def bench_view(benchmark, size, variable):
    """All pictures of a view that has not been seen before, kernels warm."""
    width, height = (900, 600) if size == "full" else (90, 60)
    scene = replace(SUBJECT.home, width=width, height=height, variable=variable)
    finest(scene)
    shifts = iter(range(1, 1000))
    benchmark.group = f"a view of {width} x {height} networks, L = 3, 1,000 steps"
    benchmark.name = variable
    rounds = 5 if size == "full" else 1
    benchmark.pedantic(lambda: finest(replace(scene, x0=scene.x0 + 1e-4 * next(shifts))), rounds=rounds)
    benchmark.extra_info |= {"unit": "s"}


def bench_memory(benchmark, size):
    """Resident memory that 500 views of a page add to its server, which is a process of its own."""
    playwright = pytest.importorskip("playwright.sync_api")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("needs Chromium")
    views, warm = (500, 20) if size == "full" else (3, 1)
    command = [sys.executable, "-m", "fastdln", "explore", "--no-browser"]
    added = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, playwright.sync_playwright() as driver:
        url = server.stdout.readline().split()[0] + ("" if size == "full" else "?width=90&height=60")
        browser = driver.chromium.launch(executable_path=chromium, args=SWITCHES)
        tab = browser.new_page()
        tab.goto(url)
        drawn(tab)
        process = psutil.Process(server.pid)

        def look(count):
            for k in range(count):
                pan(tab, ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown")[k // 3 % 4])

        def measure():
            before = process.memory_info().rss
            look(views)
            added.append((process.memory_info().rss - before) / 1e6)

        look(warm)
        benchmark.group = f"{views} views of a page"
        benchmark.name = "the server's memory"
        benchmark.pedantic(measure, rounds=1)
        browser.close()
        server.kill()
    benchmark.extra_info |= {"unit": "s", "MB added": max(added)}


@pytest.mark.parametrize("what", ["first paint", "pan"])
def bench_browser(benchmark, size, what):
    """From the request, or the key, until the page says that the finest picture is there."""
    playwright = pytest.importorskip("playwright.sync_api")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("needs Chromium")
    page = fastdln.explore()
    url = page.url + ("" if size == "full" else "?width=90&height=60")
    taken = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=SWITCHES)
        tab = browser.new_page()
        tab.goto(url)
        drawn(tab)

        def ask():
            begun = time.perf_counter()
            if what == "pan":
                pan(tab, "ArrowRight")
            else:
                tab.goto(url)
                drawn(tab)
            taken.append(time.perf_counter() - begun)

        benchmark.group = "the page in a browser"
        benchmark.name = what
        benchmark.pedantic(ask, rounds=7 if size == "full" else 1)
        browser.close()
    page.stop()
    benchmark.extra_info |= {"unit": "s", "taken": taken}


def pan(tab, key):
    """Presses a key, and waits until the view that it leads to is there."""
    before = tab.url
    tab.keyboard.press(key)
    tab.wait_for_function("before => window.location.href != before", arg=before)
    drawn(tab)


def drawn(tab):
    """Waits until the finest picture is there."""
    tab.get_by_text("networks in").first.wait_for(timeout=60_000)
    while "computing" in tab.get_by_text("networks in").first.inner_text():
        tab.wait_for_timeout(5)
