"""Pages follow the code, code cites pages that exist, and the README's example runs."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = generator().PAGES


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_follow_the_code(name):
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), "run `python docs/generate.py`"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_code_cites_only_what_is_in_the_repository():
    for path in (ROOT / "fastdln").rglob("*.py"):
        for cited in re.findall(r"docs/\w+\.md", path.read_text()):
            assert (ROOT / cited).exists(), f"{path}: {cited}"


def test_the_readmes_examples_run(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {}
    first, second, third = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(first, names)
    edge = float(capsys.readouterr().out.split()[-1])
    assert 2 / 3 < edge < 2 / 3 + 0.01
    exec(second, names)
    flip, exact, difference = (float(word) for word in capsys.readouterr().out.split())
    assert flip == pytest.approx(exact, abs=2e-4)
    assert difference < 1e-3
    exec(third, names)
    assert float(capsys.readouterr().out.split()[-1]) <= 1e-8


def test_contributing_is_short():
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 40
