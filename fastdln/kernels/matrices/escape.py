"""Escapes from the saddle at 0: points followed again from state 0, where their window does not tell whether they ever left."""

from __future__ import annotations

from typing import Any

from fastdln.kernels.matrices.program import run
from fastdln.kernels.matrices.transient import advance, enter
from fastdln.observables.fate import has_left


def find_escapes(lanes: int) -> Any:
    """Function (memory, code, descent, points, which, steps, escaped) that follows the points `which` from state 0 to state `steps`.

    It sets escaped[k, mode] where that mode's product, of point which[k], leaves the saddle. The steps are the transient's, so
    that the orbit is the same bit for bit.
    """

    def follow(memory, code, descent, points, which, steps, escaped):
        modes, count = len(points.singular_values), len(which)
        for origin in range(0, count, lanes):
            for lane in range(lanes):
                enter(memory, descent, points, lanes, lane, which[min(origin + lane, count - 1)])
            for number in range(steps + 1):
                run(descent.runner, memory, code, descent.forward)
                run(descent.runner, memory, code, descent.rotate)
                for mode in range(modes):
                    at = descent.rotated + mode * (descent.columns + 1) * lanes
                    for lane in range(min(lanes, count - origin)):
                        s = points.singular_values[mode, which[origin + lane]]
                        escaped[origin + lane, mode] |= has_left(memory[at + lane], s)
                if number < steps:
                    run(descent.runner, memory, code, descent.backward)
                    advance(memory, code, descent)

    return follow
