"""Pages follow the code, code cites pages that exist, and what stands on them runs."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import nbclient
import nbformat
import pytest

from fastdln import Sweep, theory
from fastdln.plots import PLOTS
from tests.small import ROOT


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = generator().PAGES


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_follow_the_code(name):
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), "run `python docs/generate.py`"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_code_cites_only_what_is_in_the_repository():
    for path in (ROOT / "fastdln").rglob("*.py"):
        for cited in re.findall(r"docs/\w+\.md", path.read_text()):
            assert (ROOT / cited).exists(), f"{path}: {cited}"


NOTEST = "<!-- notest -->\n"  # on the line above the fence: a second word after the backticks is no fence for the site
BLOCK = re.compile(rf"^({NOTEST})?```(\w+)\n(.*?)^```\n(?:\s*Saved as `([\w.]+)`)?", re.DOTALL | re.MULTILINE)
WRITTEN = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]


def blocks(page):
    """(language, text, file name or "") of the page's blocks, but for those marked as not to be run."""
    return [
        (language, text, name)
        for notest, language, text, name in BLOCK.findall((ROOT / page).read_text())
        if not notest and language != "text"
    ]


NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+|-?\d+\.\d{3,}")


def promised(text):
    """Numbers of many digits in comments behind `print`, of what it prints; "below" gives a bound and no number."""
    comments = [
        line.partition("#")[2].partition(":")[0] for line in text.splitlines() if line.lstrip().startswith("print(")
    ]
    words = [word for comment in comments if "below" not in comment for word in NUMBER.findall(comment)]
    return [float(word.replace(",", "")) for word in words]


def run_page(page, folder, capsys):
    """Everything on the page, in order: Python in one namespace, shell commands with this environment's programs."""
    names = {"__name__": page}
    (folder / "sweeps").symlink_to(ROOT / "sweeps")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, text, name in blocks(page):
        if name:
            (folder / name).write_text(text)
        if language == "python":
            capsys.readouterr()
            exec(compile(text, page, "exec"), names)
            printed = [float(w) for w in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", capsys.readouterr().out)]
            for number in promised(text):
                assert any(abs(number - other) <= 0.01 * abs(number) for other in printed), (
                    f"{page}: {number} in {text}"
                )
        elif language == "sh":
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{page}: {text}{done.stderr}"
        elif "model" in tomllib.loads(text):
            Sweep(**tomllib.loads(text))
    return names


@pytest.mark.parametrize(
    "page", [page for page in WRITTEN if any(kind in "python sh toml" for kind, *_ in blocks(page))]
)
@pytest.mark.filterwarnings("ignore:steps =")
def test_what_the_pages_say_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_page(page, tmp_path, capsys)
    plt.close("all")  # as many as there are kinds of pictures
    assert "Traceback" not in capsys.readouterr().err


def test_what_the_readmes_examples_print(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {}
    first, second, third = [text for language, text, _ in blocks("README.md") if language == "python"]
    exec(first, names)
    edge = float(capsys.readouterr().out.split()[-1])
    assert 2 / 3 < edge < 2 / 3 + 0.01
    exec(second, names)
    flip, exact, difference = (float(word) for word in capsys.readouterr().out.split())
    assert flip == pytest.approx(exact, abs=2e-4)
    assert difference < 1e-3
    exec(third, names)
    # an eigenvalue within 5e-9 needs no smaller one, if no gap is larger than it
    assert float(capsys.readouterr().out.split()[-1]) <= 5e-9**0.5


def test_the_table_of_doublings_on_the_page_is_the_theorys():
    text = (ROOT / "docs" / "science" / "chaos.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ") and ("→" in line or "onset" in line)]
    for k, line in enumerate(lines):
        for depth, cell in zip((2, 3, 4), line.split("|")[2:5], strict=True):
            exact = theory.period_doubling(depth, 3)[k] if k < 3 else float(theory.onset_of_chaos(depth))
            written = cell.split()[-1]
            assert float(written) == pytest.approx(exact, abs=0.5 * 10 ** -len(written.partition(".")[2]) + 1e-12)
    assert len(lines) == 4


def kinds_of(cell):
    return [(output.output_type, sorted(output.get("data", {}))) for output in cell.get("outputs", [])]


def test_the_notebook_runs():
    notebook = nbformat.read(ROOT / "docs" / "first_look.ipynb", as_version=4)
    saved = [kinds_of(cell) for cell in notebook.cells]
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT / "docs")}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"image/png", "text/html"} <= kinds
    bars = [output for output in outputs if "<progress" in output.get("data", {}).get("text/html", "")]
    assert len(bars) == 1, "one bar, that is updated in place"
    assert "(100%)" in bars[0]["data"]["text/html"]
    assert [kinds_of(cell) for cell in notebook.cells] == saved, "as it was saved"


ANY_NUMBER = r"\d+(?:\.\d+)?"
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.ipynb"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_and_says_what_was_saved(path, tmp_path):
    """Its pictures and its printed answers; counts of chaotic points differ a little between kinds of processors."""
    notebook = nbformat.read(path, as_version=4)
    saved = [(shown(cell), *printed(cell)) for cell in notebook.cells]
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert any(numbers for _, _, numbers in saved), "the answer in numbers"
    for cell, (kinds, words, numbers) in zip(notebook.cells, saved, strict=True):
        assert shown(cell) == kinds
        assert printed(cell)[0] == words
        assert printed(cell)[1] == pytest.approx(numbers, rel=0.05, abs=0.05)


def shown(cell):
    return [kind for kind in kinds_of(cell) if kind[0] != "stream"]


def printed(cell):
    """Words and numbers of what a cell prints."""
    streams = [one for one in cell.get("outputs", []) if one.output_type == "stream" and one.name == "stdout"]
    text = "".join(one.text for one in streams).replace(",", "")
    return re.sub(ANY_NUMBER, "N", text), [float(number) for number in re.findall(ANY_NUMBER, text)]


def test_the_three_questions_have_a_tutorial_each():
    assert len(TUTORIALS) == 3
    for path in TUTORIALS:
        code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        assert "import fastdln" in code[0]


def test_pictures_of_readme_have_the_commands_that_make_them():
    """But for that of the benchmark, whose page says how it is measured."""
    made = generator().pictures_with_commands()
    shown = set(re.findall(r"\(docs/images/(\w+)\.png\)", (ROOT / "README.md").read_text()))
    assert shown - {"benchmark"} <= set(made)
    assert {path.stem for path in (ROOT / "docs" / "images").glob("*.png")} == {
        *(name for name in made if "/" not in name),
        "benchmark",
    }


def test_pictures_of_boundaries_have_the_commands_that_make_them():
    pictures = list((ROOT / "docs" / "images" / "boundaries").iterdir())
    made = {name for name in generator().pictures_with_commands() if name.startswith("boundaries/")}
    assert {f"boundaries/{path.stem}" for path in pictures} == made
    assert sum(path.stat().st_size for path in pictures) < 1_500_000


def test_contributing_is_short():
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 40


def test_the_gallery_shows_every_kind_of_picture():
    assert sorted(generator().GALLERY) == sorted(PLOTS), (
        "write its lines in docs/generate.py, then run it with --pictures"
    )
    pictures = {path.stem: path for path in (ROOT / "docs" / "images" / "gallery").iterdir()}
    assert sorted(pictures) == sorted(PLOTS)
    assert sum(path.stat().st_size for path in pictures.values()) < 500_000


def test_generated_pages_leave_out_sections_of_docstrings():
    page = generator().pictures_page()
    assert "Parameters" not in page
    assert "----" not in page


GLOSSARY = """
fate, record, transient, mode, lane, span, sharpness, edge of stability, balancing, balancing gap, plateau, escape, period,
two-cycle, lyapunov exponent, mixing, chunk, shard, share, store, sweep, start, target, singular-vector-stationary set,
one-zero start, spectral start, hessian-vector product, residual
"""


def test_the_glossary_has_the_words_of_the_pages():
    words = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert not {word.strip() for word in GLOSSARY.replace("\n", " ").split(",")} - {word.lower() for word in words}
    assert len(set(words)) == len(words)
