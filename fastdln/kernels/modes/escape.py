"""Whether an orbit has ever left the saddle: asked only of the few points whose end does not tell."""

from fastdln.kernels.driver import enter, run
from fastdln.kernels.spans import LANES, ROUND, SINGULAR_VALUE, SPAN, STATE
from fastdln.observables.fate import has_left


def history(code, trace, memory, products_at, earlier, away, columns, steps, escaped):
    """Follows the columns, which are at state 0, to state `steps`, and sets escaped[column] where the product leaves the saddle.

    Scratch: earlier (component, lane), away (lane). The steps are the transient's, so that the orbit is the same bit for bit.
    """
    count, singular_values = columns.shape[1], memory[SINGULAR_VALUE]
    products = memory[products_at:]
    for origin in range(0, count, LANES):
        enter(memory, 0, 0, 1, columns, count, origin)
        for lane in range(LANES):
            away[lane] = 0
        done, known = 0, 0
        run(code, trace, memory, 0, 0, 1, 0)
        look_out(products, 0, singular_values, away)
        while done < steps and known < LANES:
            turn = min(ROUND, steps - done)
            for row in range(len(earlier)):
                for lane in range(LANES):
                    earlier[row, lane] = memory[STATE + row, lane]
            for begin in range(0, turn, SPAN):
                span = min(SPAN, turn - begin)
                run(code, trace, memory, 0, 0, 1, span)
                look_out(products, span, singular_values, away)
            done, known = done + turn, 0
            for lane in range(LANES):
                still = 1 if turn == ROUND else 0  # and repeats, with a period that divides the round
                for row in range(len(earlier)):
                    still &= 1 if memory[STATE + row, lane] == earlier[row, lane] else 0
                known += away[lane] | still
        for lane in range(min(LANES, count - origin)):
            escaped[origin + lane] = away[lane] == 1


def look_out(products, span, singular_values, away):
    """Notes the lanes whose product has left the saddle at a state of the span, the one before it included."""
    for t in range(span + 1):
        for lane in range(LANES):
            away[lane] |= 1 if has_left(products[t, lane], singular_values[lane]) else 0
