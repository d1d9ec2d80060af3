"""The pace: what is said of the time left, and what does not count."""

import logging

import pytest

import fastdln
from fastdln.execution import run
from fastdln.execution.bar import Bar
from fastdln.execution.pace import Pace
from fastdln.execution.progress import PlainLines
from tests.small import SWEEP


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_before_anything_is_computed_nobody_knows_the_time_left():
    clock = Clock()
    pace = Pace(40, clock)
    clock.now = 1000.0
    assert pace.rate() is None
    assert pace.left(100) is None
    pace.start(ago=2.0)
    assert pace.left(100) is None
    pace.reached(60)
    assert pace.rate() == pytest.approx(10.0)
    assert pace.left(100) == pytest.approx(4.0)


def test_neither_the_time_of_a_pause_nor_its_points_count():
    clock = Clock()
    pace = Pace(0, clock)
    pace.start()
    clock.now = 5.0
    pace.reached(50)
    with pace.paused():
        clock.now = 500.0
        pace.reached(70)
        assert pace.rate() == pytest.approx(10.0)
        with pace.paused():
            clock.now = 600.0
    clock.now = 605.0
    pace.reached(120)
    assert pace.rate() == pytest.approx((50 + 50) / 10.0)
    assert pace.left(220) == pytest.approx(10.0)


def test_a_chunk_that_ends_while_another_depth_is_compiled_starts_the_pace():
    clock = Clock()
    pace = Pace(0, clock)
    with pace.paused():
        pace.start(ago=1.0)
        pace.reached(10)
        clock.now = 100.0
    assert pace.rate() is None
    clock.now = 101.0
    pace.reached(20)
    assert pace.rate() == pytest.approx(10.0)


def test_compiling_is_not_in_the_pace_of_a_run(monkeypatch):
    """The kernels take an hour by this clock, and the chunks what they really take."""
    clock, records, right = Clock(), [], run.compile_all

    def slow(needs, told):
        clock.now += 3600.0
        return right(needs, told) or [None] * 7

    monkeypatch.setattr(run, "compile_all", slow)
    monkeypatch.setattr(run, "Pace", lambda done: Pace(done, clock))
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.event)
    logger = logging.getLogger("fastdln")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        fastdln.run(SWEEP)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert clock.now == 3600.0
    rates = [event["points_per_second"] for event in records if event["event"] == "progress"]
    left = [event["seconds_left"] for event in records if event["event"] == "progress"]
    assert len(rates) == 16
    assert all(rate is None or rate > 160 / 3600 for rate in rates)
    assert all(seconds is None or seconds < 3600 for seconds in left)
    assert [event["event"] for event in records].index("compiled") < [event["event"] for event in records].index(
        "chunk"
    )


def test_lines_have_a_time_left_once_there_is_a_pace(capsys, monkeypatch):
    from fastdln.execution import progress

    monkeypatch.setattr(progress, "SECONDS_BEFORE_A_LINE", 0.0)
    clock = Clock()
    lines = PlainLines(Pace(0, clock))
    lines(0, 100)
    lines.wait("compiling 7 kernels")
    lines.pace.start()
    clock.now = 10.0
    lines.pace.reached(50)
    lines(50, 100)
    said = [line for line in capsys.readouterr().err.splitlines() if "compiling" not in line]
    assert said == ["0 of 100 points (0%)", "50 of 100 points (50%), 5 points/s, 0:00:10 left"]


def test_the_bar_begins_when_there_is_something_to_count():
    clock = Clock()
    with Bar(Pace(0, clock), 0, 100) as bar:
        bar.wait("compiling 7 kernels")
        assert "compiling 7 kernels" in str(bar.waited.status)
        assert not bar.drawn.live.is_started
        bar.pace.start()
        clock.now = 10.0
        bar.pace.reached(50)
        bar(50, 100)
        assert bar.drawn.live.is_started
        assert bar.column.render(bar.drawn.tasks[0]).plain == "5 points/s, 0:00:10 left"


def test_lines_say_what_is_waited_for_once_it_is_more_than_a_moment(capsys, monkeypatch):
    from fastdln.execution import progress

    monkeypatch.setattr(progress, "SECONDS_BEFORE_A_LINE", 0.05)
    with PlainLines(Pace(0, Clock())) as lines:
        lines.wait("compiling 7 kernels, once for this machine: 0 done")
        lines.wait("compiling 7 kernels, once for this machine: 1 done")
        lines.timer.join()
        lines(0, 100)
    said = capsys.readouterr().err.splitlines()
    assert said == ["compiling 7 kernels, once for this machine: 1 done ...", "0 of 100 points (0%)"]
