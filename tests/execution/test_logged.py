"""What reports read of logs: the machine, the time and the chunks; nothing that no run would have written."""

import json

import pytest

from fastdln.execution.log import BEGUN, CHUNK, ENDED
from fastdln.execution.logged import LONGEST_NAME, MOST_MACHINES, logged
from tests.commands import fastdln as command

TIME = "2026-01-01T00:00:00Z"
CENSUS = {"points": 9, "not_computed": 0, "fates": {"converged": 9}, "advice": []}


def line(event, time=TIME):
    return f"{time} INFO something\t{event if isinstance(event, str) else json.dumps(event)}\n"


def rows(tmp_path, *lines):
    (tmp_path / "x.log").write_text("".join(lines))
    return logged([tmp_path / "x.log"], "2025")


def begun(machine="a machine", threads=2, **more):
    return line({"event": BEGUN, "machine": machine, "threads": threads, **more})


def ended(seconds=1.5, **more):
    return line({"event": ENDED, "state": "complete", "points_left": 0, "seconds": seconds, "census": CENSUS, **more})


def test_a_run_says_its_machine_and_its_time(tmp_path):
    chunk = line({"event": CHUNK, "chunk": 3, "points": 9, "seconds": 1.0, "kernel_seconds": 0.5})
    found = rows(tmp_path, begun(), chunk, ended(), begun(threads=1), ended(2.0))
    assert found[:3] == [
        ("machine", "a machine, 2 chunks at once"),
        ("machine", "a machine, 1 chunk at once"),
        ("time", "3.5 s in 2 runs"),
    ]
    assert dict(found)["chunks logged"].startswith("1, of 9 points")
    assert rows(tmp_path, ended()) == [("time", "1.5 s in one run")]


def test_earlier_stores_do_not_count(tmp_path):
    old = [line({"event": BEGUN, "machine": "old", "threads": 2}, "2001-01-01T00:00:00Z")]
    assert rows(tmp_path, *old) == []


def test_many_machines_are_cut(tmp_path):
    assert len(rows(tmp_path, *(begun(f"machine {k}") for k in range(50)))) == MOST_MACHINES


@pytest.mark.parametrize(
    "event",
    [
        {"event": BEGUN, "machine": 7, "threads": 2},
        {"event": BEGUN, "machine": "", "threads": 2},
        {"event": BEGUN, "machine": ["x"]},
        {"event": ENDED, "seconds": "1"},
        {"event": ENDED, "seconds": True},
        {"event": ENDED, "seconds": -1},
        {"event": ENDED, "seconds": 1e300},
        {"event": ENDED, "seconds": None},
        {"event": ENDED},
        '{"event": "ended", "seconds": NaN}',
        '{"event": "ended", "seconds": 1e999}',
        "[" * 3000,
        "[]",
        "7",
        '"ended"',
        '{"event": {"x": 1}, "seconds": 1}',
    ],
)
def test_what_no_run_writes_counts_as_nothing(tmp_path, event):
    assert rows(tmp_path, line(event)) == []


def test_names_are_cut_and_steer_nothing(tmp_path):
    (row,) = rows(tmp_path, begun("<b>\x1b[2J\u202e\nx" + "y" * 1000, threads="many"))
    assert len(row[1]) <= LONGEST_NAME + 20
    assert row[1].isprintable()
    (other,) = rows(tmp_path, begun("m", threads=10**13))
    assert other == ("machine", "m")


def test_a_run_has_written_it(tmp_path, here):
    assert command("run", "small.toml", "--quiet", cwd=here).returncode == 0
    found = dict(logged([here / "small.zarr.log"], ""))
    assert "processor" in found["machine"]
    assert "Python 3" in found["machine"]
    assert found["time"].endswith(" s in one run")
    lines = (here / "small.zarr.log").read_text().splitlines()
    stored = [json.loads(text.partition("\t")[2]) for text in lines if "\t" in text]
    kinds = [event["event"] for event in stored]
    assert (kinds[0], kinds[-1]) == (BEGUN, ENDED)
    assert not any("store" in event for event in stored), "which is said before, and may be long"
