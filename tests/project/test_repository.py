"""What the repository says of itself: one version, versions of Python that are tested, paths that exist, hooks that run."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path):
    return yaml.safe_load((ROOT / path).read_text())


def commands(text):
    return {line.removeprefix("python -m ").split()[0] for line in text}


def test_the_citation_and_the_changelog_name_the_version():
    citation = read("CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]


def test_the_citation_names_the_paper():
    citation = read("CITATION.cff")
    assert (citation["cff-version"], citation["type"]) == ("1.2.0", "software")
    assert {"message", "title", "authors"} <= set(citation)
    (paper,) = citation["references"]
    assert {"type", "title", "authors", "year"} <= set(paper)
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert paper["title"] in readme
    assert all(author["family-names"] in readme for author in paper["authors"])
    assert paper["identifiers"][0]["value"].removeprefix("arXiv:") in readme


def test_metadata_need_no_address():
    assert "urls" not in PROJECT


def test_paths_in_contributing_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:fastdln|docs|tests|benchmarks|\.ci)/[^`\s]*)`", text)
    assert len(named) > 10
    for path in named:
        assert (ROOT / path).exists() or (ROOT / f"{path}.py").exists(), path


def test_pythons_that_are_claimed_are_tested():
    claimed = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", name)]
    jobs = read(".github/workflows/tests.yml")["jobs"]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == claimed
    assert PROJECT["requires-python"] == f">={claimed[0]}"
    for job in jobs.values():
        (python,) = (step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", ""))
        assert python in (claimed[0], "${{ matrix.python }}")
    assert (ROOT / ".ci" / "oldest").exists()
    assert {"run": "python .ci/oldest"} in jobs["oldest"]["steps"]


def test_hooks_run_what_the_extra_dev_installs():
    hooks = [hook for repository in read(".pre-commit-config.yaml")["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in read(".pre-commit-config.yaml")["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    wanted = {re.match(r"[\w-]+", name)[0] for name in PROJECT["optional-dependencies"]["dev"]}
    used = commands(hook["entry"] for hook in hooks)
    assert used <= wanted
    style = read(".github/workflows/tests.yml")["jobs"]["style"]["steps"]
    assert used <= commands(step["run"] for step in style if "run" in step)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_issue_forms_have_what_hosts_ask_for(path):
    form = yaml.safe_load(path.read_text())
    assert form["name"]
    assert form["description"]
    names = [part["id"] for part in form["body"]]
    assert len(set(names)) == len(names)
    assert all(part["type"] == "textarea" and part["attributes"]["label"] for part in form["body"])
