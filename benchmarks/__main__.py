"""Runs the benchmarks, prints what they measured beside the last release, and writes it down."""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

try:
    import pytest
except ModuleNotFoundError:
    sys.exit("the benchmarks need more packages: pip install -e '.[bench]'")
from rich.console import Console

from benchmarks import results
from benchmarks.picture import draw
from benchmarks.results import HERE, RELEASED

README = HERE.parent / "README.md"
PICTURE = HERE.parent / "docs" / "images" / "benchmark.png"

# Between these lines the README has its tables.
TABLES = re.compile(r"(?<=<!-- benchmark -->\n).*?(?=<!-- end of benchmark -->)", re.DOTALL)


def measure(size, words):
    """The results of one run of the benchmarks."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "benchmarks.json"
        options = ["-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist", "--benchmark-quiet"]
        options += [f"--size={size}", "--benchmark-enable", f"--benchmark-json={out}"]
        options += ["-o", "addopts=", "-o", "python_files=bench_*.py", "-o", "python_functions=bench_*"]
        options += ["-W", "ignore:Not saving anything"]  # where no benchmark has the words, told below
        code = pytest.main([*options, "-k", " and ".join(words), str(HERE)] if words else [*options, str(HERE)])
        if code == pytest.ExitCode.NO_TESTS_COLLECTED:
            groups = ", ".join(sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")))
            print(f"no benchmark is called {' and '.join(words)}; the groups are {groups}", file=sys.stderr)
            sys.exit(2)
        if code:
            sys.exit(int(code))
        return [results.result(measured) for measured in json.loads(out.read_text())["benchmarks"]]


def machine():
    """One line on what ran the benchmarks."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        said = dict(re.findall(r"^(.+?)\s*: (.*)$", info.read_text(), re.MULTILINE))
        cpu = said.get("model name", cpu)
        widest = next((name for name in ("avx512f", "avx2") if name in said.get("flags", "").split()), "")
        cpu = f"{cpu} ({widest})" if widest else cpu
    names = ["fastdln", "numba", "numpy", "scipy", "zarr"] + (["jax"] if find_spec("jax") else [])
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {packages}"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", help="only benchmarks whose names hold all of these words")
    parser.add_argument("--tiny", action="store_true", help="only see that they run")
    parser.add_argument("--json", type=Path, help="where to write the results; benchmarks.json here if left out")
    parser.add_argument(
        "--release", action="store_true", help="keep them as the release's, with the README's tables and picture"
    )
    arguments = parser.parse_args()
    if arguments.release and (arguments.words or arguments.tiny):
        parser.error("--release: is for all benchmarks at full size")
    found, here = measure("tiny" if arguments.tiny else "full", arguments.words), machine()
    if arguments.json or not arguments.tiny:
        results.write(arguments.json or Path("benchmarks.json"), here, found)
    console = Console(width=max(180, Console().width))
    if arguments.tiny:
        console.print("tiny, only to see that they run: the figures below mean nothing")
    console.print(results.table(here, found, results.NONE if arguments.tiny else results.read(RELEASED)))
    if arguments.release:
        results.write(RELEASED, here, found)
        draw(here, found, PICTURE)
        README.write_text(TABLES.sub(lambda _: results.markdown(here, found), README.read_text()))


if __name__ == "__main__":
    main()
