"""Whether an orbit has ever left the saddle: asked only of the few points whose end does not tell."""

import numpy as np

from fastdln.kernels.compiled import inline
from fastdln.kernels.transient import LANES, ROUND, STRIDE, Layout, advance_by
from fastdln.observables.fate import has_left


def history(map_, depth):
    """Function (starts, steps, escaped) that follows the columns of `starts` again, up to state `steps`.

    Sets escaped[column] where the product leaves the saddle. It uses the same bare steps as the transient, looking
    after each, so that the orbit is the same bit for bit.
    """
    layout = Layout(len(map_.layers(depth)), (), LANES)
    product, get = map_.product(depth), layout.get
    advance = inline(advance_by(map_, depth, layout))
    rows, components, s_at = layout.rows, layout.components, layout.singular_value

    def run_history(starts, steps, escaped):
        blocks, earlier = np.empty((1, rows * STRIDE)), np.empty(components * STRIDE)
        block, numbers, away = blocks[0], np.zeros(LANES), np.empty(LANES, np.int64)
        count = starts.shape[1]
        for first in range(0, count, LANES):
            for row in range(rows):
                for lane in range(LANES):
                    block[row * STRIDE + lane] = starts[row, min(first + lane, count - 1)]
            away[:] = 0
            done = 0
            while done < steps:
                for k in range(components * STRIDE):
                    earlier[k] = block[k]
                turn = min(ROUND, steps - done)
                for _ in range(turn):
                    for lane in range(LANES):
                        pi, s = product(get(blocks, 0, lane)), block[s_at + lane]
                        away[lane] |= 1 if has_left(pi, s) else 0
                    advance(blocks, 0, numbers, 1)
                done += turn
                known = 0
                for lane in range(LANES):
                    still = 1
                    for row in range(components):
                        still &= 1 if block[row * STRIDE + lane] == earlier[row * STRIDE + lane] else 0
                    known += away[lane] | (still if turn == ROUND else 0)
                if known == LANES:
                    break
            for lane in range(min(LANES, count - first)):
                pi, s = product(get(blocks, 0, lane)), block[s_at + lane]
                escaped[first + lane] = away[lane] == 1 or has_left(pi, s)

    return run_history
