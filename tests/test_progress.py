"""The pace: what is said of the time left, and what does not count."""

import logging

import pytest
from small import SWEEP

import fastdln
from fastdln import running
from fastdln.pace import Pace
from fastdln.progress import Bar, Lines
from fastdln.task import Task


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
    """The kernels of two depths take an hour each by this clock, and the chunks what they really take."""
    clock, records, right = Clock(), [], Task._made

    def slow(task, depth):
        clock.now += 3600.0
        return right(task, depth)

    monkeypatch.setattr(Task, "_made", slow)
    monkeypatch.setattr(running, "Pace", lambda done: Pace(done, clock))
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
    assert clock.now == 7200.0
    rates = [event["points_per_second"] for event in records if event["event"] == "progress"]
    left = [event["seconds_left"] for event in records if event["event"] == "progress"]
    assert len(rates) == 16
    assert all(rate is None or rate > 160 / 3600 for rate in rates)
    assert all(seconds is None or seconds < 3600 for seconds in left)
    assert [event["depth"] for event in records if event["event"] == "kernel"] == [2, 3]


def test_lines_have_a_time_left_once_there_is_a_pace(capsys, monkeypatch):
    from fastdln import progress

    monkeypatch.setattr(progress, "SECONDS_BEFORE_A_LINE", 0.0)
    clock = Clock()
    lines = Lines(Pace(0, clock))
    lines(0, 100)
    with lines.during("compiling for depth 3"):
        pass
    lines.pace.start()
    clock.now = 10.0
    lines.pace.reached(50)
    lines(50, 100)
    said = [line for line in capsys.readouterr().err.splitlines() if "compiling" not in line]
    assert said == ["0 of 100 points (0%)", "50 of 100 points (50%), 5 points/s, 0:00:10 left"]


def test_the_bar_says_what_is_done_instead():
    clock = Clock()
    bar = Bar(Pace(0, clock), 0, 100)

    def shown():
        return bar.column.render(bar.drawn.tasks[0]).plain

    assert shown() == ""
    with bar.during("compiling for depth 3"):
        assert shown() == "compiling for depth 3 ..."
    bar.pace.start()
    clock.now = 10.0
    bar.pace.reached(50)
    bar(50, 100)
    assert shown() == "5 points/s, 0:00:10 left"
