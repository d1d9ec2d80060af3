"""A span of states of one mode, many points side by side: how it is written."""

from __future__ import annotations

from fastdln.observables.observable import LEAD, RENORMALIZE_EVERY

# Points side by side: a row is eight 512-bit vectors, enough independent chains to hide the latency of a step.
LANES = 64

# Floats from the beginning of one row to that of the next. Without the 8 between them every eighth row would lie 4 KB
# from the first, and the processor takes a load from one for the store to the other until it knows better.
STRIDE = LANES + 8

# States that are written at a time: what is measured of them is still in the L1 cache, and growing numbers are renormalized
# once a span, see observables/growth.py.
SPAN = RENORMALIZE_EVERY

# Steps between two looks at a lane. A lane whose state is bit for bit that of the last look repeats with a period that
# divides this number: 2^6 3 covers the periods of the doubling cascade and of the period-3 windows.
ROUND = LEAD

# Rows of a mode's columns: learning rate, singular value, divergence bound, number of the state, then the state itself,
# then the accumulators of what is measured of the mode.
ETA, SINGULAR_VALUE, BOUND, NUMBER, STATE = range(5)
ETA_AT, S_AT, BOUND_AT, NUMBER_AT, STATE_AT = (row * STRIDE for row in range(5))

# Every kernel that `program.run` calls takes the same: accumulators, columns, states (component, SPAN + 1 states, lane),
# products (SPAN + 1 states, lane), where values go, and sizes; then what part it does, and with which of the `steps` states.

# What the kernels of pairs find in `sizes`: how many modes, layers, and lanes that are filled; how far in memory one mode's
# columns, states and products are from the next one's; then, by layer, the component of the state.
MODES, LAYERS, FILLED, COLUMNS_APART, STATES_APART, PRODUCTS_APART, COMPONENTS = range(7)
