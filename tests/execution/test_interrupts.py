"""Interrupts that come in a callback, where Python cannot raise them."""

import ctypes
import sys

import pytest

from fastdln.execution.interrupts import interrupts_kept

CALLBACK = ctypes.CFUNCTYPE(None)


def called_back(error):
    """An error within a function that C calls."""

    def fail():
        raise error

    CALLBACK(fail)()


def test_an_interrupt_in_a_callback_is_raised_afterwards():
    before, went_on = sys.unraisablehook, False
    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        called_back(KeyboardInterrupt())
        went_on = True
    assert went_on
    assert sys.unraisablehook is before


def test_what_fails_for_want_of_what_was_cut_short_is_the_interrupt():
    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        called_back(KeyboardInterrupt())
        raise RuntimeError("no compiled object yet")


def test_other_errors_stay_what_they_are(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: told.append(raised.exc_type))
    with pytest.raises(RuntimeError, match="a fault"), interrupts_kept():
        called_back(ValueError())
        raise RuntimeError("a fault")
    assert told == [ValueError]
