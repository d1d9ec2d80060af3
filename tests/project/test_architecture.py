"""docs/architecture.md leads to what is there: its paths, the names in them, and a line for every room."""

import ast
import re

import pytest

from tests.small import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
PATHS = sorted(set(re.findall(r"(?:fastdln|docs|tests)/[\w/.]*[\w/]", PAGE)))

# "`Name` in `path`", "`one` and `other` in `path`"
NAMED = re.findall(r"((?:`[\w.]+`(?:, | and )?)+) (?:in|of) `(fastdln/[\w/]+\.py)`", PAGE)

TABLES = re.findall(r"^\| (`fastdln/.*?) \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("path", PATHS)
def test_paths_exist(path):
    assert (ROOT / path).exists(), path
    assert (ROOT / path).is_dir() == path.endswith("/"), f"{path}: folders end in a slash"


def test_every_room_has_its_line():
    package = ROOT / "fastdln"
    folders = {f"fastdln/{path.parent.name}/" for path in package.glob("*/__init__.py")}
    modules = {f"fastdln/{path.name}" for path in package.glob("*.py")}
    assert not (folders | modules) - {cell.strip("`") for cell in TABLES}


@pytest.mark.parametrize(("names", "path"), NAMED)
def test_names_are_where_the_page_says(names, path):
    tree = ast.parse((ROOT / path).read_text())
    defined = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        if isinstance(node, ast.ClassDef):
            defined |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    for name in re.findall(r"`([\w.]+)`", names):
        assert name in defined, f"{path} does not define {name}"


def test_the_page_names_what_it_leads_to():
    assert len(NAMED) > 12
