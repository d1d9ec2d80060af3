"""Escapes from the saddle at 0: the transient again, for the few points whose window does not tell whether they ever left."""

from fastdln.kernels.driver import enter, run
from fastdln.kernels.spans import LANES, ROUND, SINGULAR_VALUE, SPAN, STATE
from fastdln.observables.fate import has_left


def find_escapes(code, trace, memory, products_at, earlier, away, columns, steps, escaped):
    """Follow the columns from state 0 to state `steps`, and set escaped[column] where the product leaves the saddle.

    The steps are the transient's, so that the orbit is the same bit for bit. Scratch: earlier (component, lane): the state a
    round ago; away (lane): whether the product has left.
    """
    count, singular_values = columns.shape[1], memory[SINGULAR_VALUE]
    products = memory[products_at:]
    for origin in range(0, count, LANES):
        enter(memory, 0, 0, 1, columns, count, origin)
        for lane in range(LANES):
            away[lane] = 0
        done, known = 0, 0
        run(code, trace, memory, 0, 0, 1, 0)
        mark_escaped(products, 0, singular_values, away)
        while done < steps and known < LANES:
            turn = min(ROUND, steps - done)
            for row in range(len(earlier)):
                for lane in range(LANES):
                    earlier[row, lane] = memory[STATE + row, lane]
            for begin in range(0, turn, SPAN):
                span = min(SPAN, turn - begin)
                run(code, trace, memory, 0, 0, 1, span)
                mark_escaped(products, span, singular_values, away)
            done, known = done + turn, 0
            for lane in range(LANES):
                still = 1 if turn == ROUND else 0  # the state repeats, with a period that divides the round
                for row in range(len(earlier)):
                    still &= 1 if memory[STATE + row, lane] == earlier[row, lane] else 0
                known += away[lane] | still
        for lane in range(min(LANES, count - origin)):
            escaped[origin + lane] = away[lane] == 1


def mark_escaped(products, span, singular_values, away):
    """Mark the lanes whose product has left the saddle at a state of the span, the one before it included."""
    for t in range(span + 1):
        for lane in range(LANES):
            away[lane] |= 1 if has_left(products[t, lane], singular_values[lane]) else 0
