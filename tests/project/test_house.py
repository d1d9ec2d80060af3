"""The house: who may import whom, what is public, where things may be printed, and how long a test file may be."""

import ast
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import fastdln
from tests.small import ROOT

PACKAGE = Path(fastdln.__file__).parent

# Rooms from top to bottom; a room imports from rooms below it only. Files of one folder may import each other.
FLOORS = [
    "__main__",
    "cli",
    "reports",
    "explorer",
    "__init__",
    "api",
    "execution",
    "accessor",
    "plots",
    "analysis",
    "storage",
    "sweep",
    "kernels",
    "observables",
    "models",
    "diagonal",
    "theory",
    "files",
    "registry",
    "errors",
    "text",
]

# What a room must not know, whatever its floor.
FORBIDDEN = {
    "theory": {"numba", "xarray", "zarr", "dask", "pydantic"},
    "plots": {"numba", "zarr", "dask", "pydantic"},
    "analysis": {"numba", "zarr", "dask", "pydantic"},
    "models": {"numba", "xarray", "zarr", "dask"},
    "observables": {"numba", "xarray", "zarr", "dask"},
    "diagonal": {"numba", "xarray", "zarr", "dask"},
    "kernels": {"xarray", "zarr", "dask", "pydantic"},
    "sweep": {"numba", "xarray", "zarr", "dask"},
    "storage": {"numba", "dask"},
    "execution": {"numba", "xarray", "zarr"},
}
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_TEST_FILE = 400  # lines; a longer one holds more than one idea


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            if node.module == "fastdln":
                yield from (f"fastdln.{alias.name}" for alias in node.names)
            else:
                yield node.module


def imported(path, names):
    """Those of the modules of these names that are imported when the module at a path is."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom):
            modules = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (found for name in modules if (found := name if name in names else node.module) in names)


def test_every_room_has_its_floor():
    assert {room(path) for path in FILES} == set(FLOORS)


def test_rooms_and_modules_are_few_and_small():
    assert len(FLOORS) <= 21
    assert len([path for path in FILES if path.parent == PACKAGE]) <= 8
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in FILES}
    assert not {path: lines for path, lines in lengths.items() if lines > 350}


def test_no_two_classes_have_one_name():
    names = Counter(
        node.name for path in FILES for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)
    )
    assert not {name for name, count in names.items() if count > 1}


def test_modules_import_each_other_in_no_circle():
    """Also within a room; what is imported for its types alone does not count."""
    dotted = {path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in FILES}
    names = {name.removesuffix(".__init__"): path for path, name in dotted.items()}
    graph = {name: set(imported(path, names)) for name, path in names.items()}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    mine = room(path)
    for name in imports(path):
        top, *rest = name.split(".")
        assert top not in FORBIDDEN.get(mine, set()), f"{mine} must not know {top}"
        if top == "fastdln" and rest and rest[0] in FLOORS and mine != "__init__":
            assert rest[0] == mine or FLOORS.index(rest[0]) > FLOORS.index(mine), f"{mine} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_people_facing_rooms_print(path):
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert "print" not in calls or room(path) == "cli" or path.name == "progress.py"


def test_public_names_exist_and_errors_list_them():
    for name in fastdln.__all__:
        assert getattr(fastdln, name) is not None
    with pytest.raises(AttributeError, match="Sweep"):
        _ = fastdln.Sweeep
    assert fastdln.__version__


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['fastdln', '--help']\n"
        "try:\n    from fastdln.cli.app import main; main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'numba', 'xarray', 'zarr', 'dask', 'pydantic', 'scipy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_no_test_file_is_long():
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "tests").rglob("*.py")}
    assert not {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LONGEST_TEST_FILE}
