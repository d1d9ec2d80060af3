"""What `status` shows of the sweep: a row a key and an axis, as a sweep file names them."""

import pytest

import fastdln
from fastdln import run
from tests.commands import invoke
from tests.small import SWEEP

pytestmark = pytest.mark.filterwarnings("ignore:.*points are not computed yet")


@pytest.fixture
def store(tmp_path):
    run(SWEEP, tmp_path / "s.zarr", part="1/2", progress=False)
    return tmp_path / "s.zarr"


def test_the_sweep_is_laid_out_for_reading(store):
    said = invoke("status", store).stdout
    assert said.strip() == str(fastdln.status(store)) == repr(fastdln.status(store))
    assert "{" not in said, "no JSON"
    lines = dict(line.split(None, 1) for line in said.splitlines() if line != "sweep")
    assert lines["points"] == "80 of 160 computed (50.0%)"
    assert lines["missing"].startswith("chunk numbers ")
    assert lines["model"] == "modes"
    assert lines["axes.depth"] == "2, 3"
    assert lines["axes.eta"] == "40 values from 0.1 to 1.5"
    assert lines["target"] == "singular_values = [1.0, 0.5]"
    assert set(lines["observables"].split(", ")) == set(SWEEP.observables)
    assert max(map(len, said.splitlines())) < 120


def test_in_a_notebook_it_is_a_table(store):
    page = fastdln.status(store)._repr_html_()
    assert page.startswith("<table>")
    for name, value in (("points", "80 of 160 computed (50.0%)"), ("axes.eta", "40 values from 0.1 to 1.5")):
        assert f'{name}</th><td style="text-align: left">{value}</td>' in page
