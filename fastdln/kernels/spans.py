"""Spans of states: lanes of points, rows of a mode's columns, and the arguments that every kernel over a span takes."""

from __future__ import annotations

from fastdln.observables.observable import LEAD, RENORMALIZE_EVERY

# Points side by side, a lane each: a row is eight 512-bit vectors, enough independent chains to hide the latency of a step.
LANES = 64

# Floats from the beginning of one row to that of the next. Without the 8 between them every eighth row would lie 4 KB from the
# first, and the processor, which compares the last 12 bits of addresses first, would hold a load from one back for a store to
# the other (4K aliasing).
STRIDE = LANES + 8

# States that are written before they are measured, so that they are still in the L1 cache then. Growing numbers are
# renormalized once a span (observables/growth.py).
SPAN = RENORMALIZE_EVERY

# Steps of a round of the transient, between two looks at a lane. A lane whose state is bit for bit that of the last look repeats with a period that
# divides this number: 2^6 3 covers the periods of the doubling cascade and of the period-3 windows.
ROUND = LEAD

# Rows of a mode's columns: learning rate, singular value, divergence bound, number of the state, then the state itself,
# then the accumulators of what is measured of the mode.
ETA, SINGULAR_VALUE, BOUND, NUMBER, STATE = range(5)
ETA_AT, S_AT, BOUND_AT, NUMBER_AT, STATE_AT = (row * STRIDE for row in range(5))

# Every kernel that driver.run calls takes the same arguments: accumulators, columns, states (component, SPAN + 1 states, lane),
# products (SPAN + 1 states, lane), rows for its values, and sizes; then the part that it does, and which of the `steps` states
# it looks at: first + 1, first + 1 + every, ...

# Fields of `sizes`, for kernels that look at all modes: numbers of modes, of layers, and of lanes that hold points; floats from
# one mode's columns, states and products to the next one's; then, by layer, the component of the state that holds it.
MODES, LAYERS, FILLED, COLUMNS_APART, STATES_APART, PRODUCTS_APART, COMPONENTS = range(7)
