"""Runs the benchmarks and prints what they measured, with the machine they ran on."""

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent

# What the first letter of a unit stands for.
PREFIXES = {"M": 1e6, "G": 1e9}


def measure(size, words):
    """The results of one run of the benchmarks, as pytest-benchmark writes them."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "benchmarks.json"
        options = ["-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist", "--benchmark-quiet"]
        options += [f"--size={size}", "--benchmark-enable", f"--benchmark-json={out}"]
        options += ["-o", "addopts=", "-o", "python_files=bench_*.py", "-o", "python_functions=bench_*"]
        code = pytest.main([*options, "-k", " and ".join(words), str(HERE)] if words else [*options, str(HERE)])
        if code:
            sys.exit(int(code))
        return json.loads(out.read_text())["benchmarks"]


def machine():
    """One line on what ran the benchmarks."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        cpu = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), cpu)
    names = ["fastdln", "numba", "numpy", "scipy", "zarr"] + (["jax"] if find_spec("jax") else [])
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {packages}"


def figure(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def speed_of(result, key):
    """Work by time, in the result's unit."""
    info = result["extra_info"]
    return info["work"] / result["stats"][key] / PREFIXES[info["unit"][0]]


def table(results):
    """A row a benchmark: median speed, spread, and the ratio to the group's first."""
    rows = Table(title=machine(), title_justify="left", box=None, pad_edge=False)
    for name, justify in (("", "left"), ("median", "right"), ("slowest - fastest", "right"), ("compared", "left")):
        rows.add_column(name, justify=justify, no_wrap=True)
    for group in dict.fromkeys(result["group"] for result in results):
        rows.add_row(f"[bold]{group}[/bold]")
        members = [result for result in results if result["group"] == group]
        speeds = [speed_of(result, "median") for result in members]
        for result, speed in zip(members, speeds, strict=True):
            info, low, high = result["extra_info"], speed_of(result, "max"), speed_of(result, "min")
            compared = f"{speeds[0] / speed:.1f}x slower than {members[0]['name']}" if result is not members[0] else ""
            if "bare steps" in info:
                compared = f"{info['bare steps']:.1f} bare steps each"
            if "share of peak" in info:
                compared = f"{info['share of peak']:.0%} of the core's peak, {info['peak'] / 1e9:.0f} GFlop/s"
            if "gradient steps" in info:
                compared = f"{info['gradient steps']:.2f} gradient steps each"
            if "in kernels" in info:
                compared = f"{info['in kernels']:.0%} of the threads' time in kernels"
            if "MB at most" in info:
                compared = f"{result['stats']['median']:.2g} s, {info['MB at most']:,.0f} MB at most"
            rows.add_row(
                f"  {result['name']}", f"{figure(speed)} {info['unit']}", f"{figure(low)} - {figure(high)}", compared
            )
    return rows


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", help="only benchmarks whose names hold all of these words")
    parser.add_argument("--tiny", action="store_true", help="only see that they run")
    arguments = parser.parse_args()
    results = measure("tiny" if arguments.tiny else "full", arguments.words)
    Console(width=max(140, Console().width)).print(table(results))


if __name__ == "__main__":
    main()
