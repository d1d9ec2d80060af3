"""Costs of a point of a sweep: bare steps of one mode, and bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from fastdln.observables import Observable
from fastdln.sweep.axes import coordinates
from fastdln.sweep.schema import Sweep
from fastdln.theory import stability_limit

# Bare steps of one mode that a thread takes in a second, by rule of thumb.
STEPS_A_SECOND = 2e9
# A recorded step, with what is measured on it and the search for its period, costs about four bare ones, with all that
# can be measured eleven.
RECORD_COST = 4
# Multiplications and additions of matrices in the time of a bare step of one mode: five at d = 5, eight from d = 8 on.
FLOPS = 7.0
# In steps of gradient descent: a recorded step, with its product in the target's bases and its error, takes two and a half, and
# three more with a tangent vector; a state of a trajectory some 50, for the singular values of its layers.
LOOKED_AT_COST, STRETCHED_COST, KEPT_COST = 2.5, 3, 50
# A search for the sharpness that goes on from the last one takes 50 to 150, the most where states are far apart; the first one
# some 250, and one for several eigenvalues some 300 for each.
SEARCH_COST, FIRST_SEARCH_COST, SEVERAL_COST = 100, 250, 300
# Third derivatives at a state, by scalar code: some 2,500 at d = 5, where a step is fastest, fewer at larger d.
THIRD_ORDER_COST = 2000

# A trial of a step of gradient flow takes twelve gradients, and as long as some 30 steps of descent with the sums between them; of a
# single mode, with its square roots, some 600.
FLOW_COST, MODE_FLOW_COST = 30, 600


def move_cost(sweep: Sweep, depth: int, trial: float) -> float:
    """Cost from one state to the next in steps of descent; of gradient flow about one trial for every unit of eta S_1, and one more."""
    if not sweep.definition.flow:
        return 1.0
    limit = stability_limit(max(sweep.target.singular_values), depth)
    return trial * (1.0 + float(np.mean(coordinates(sweep.axes["eta"])) * limit))


def matrix_cost(sweep: Sweep, depth: int) -> tuple[float, float]:
    """Cost of a point with full matrices in bare steps of one mode: of the descent, and of the searches for the sharpness."""
    widths = sweep.widths_at(depth)
    inner = [a * b for a, b in pairwise(widths[1:])]
    step = 6 * widths[0] * sum(inner) / FLOPS
    moved = step * move_cost(sweep, depth, FLOW_COST)
    total, families = sweep.steps + sweep.record, sweep.families
    kept = total / sweep.trajectory if sweep.trajectory else 0.0
    looks = states_looked_at(sweep, [family for family in families if family.searches])
    differentiated = states_looked_at(sweep, [family for family in families if family.differentiates])
    tangent = any(family.carries_tangent for family in families)
    stretched = STRETCHED_COST * sweep.record if tangent else 0
    looked_at = (LOOKED_AT_COST - 1.0) * sweep.record + stretched + KEPT_COST * kept
    wanted = sweep.sharpness_count or 1
    searches = SEVERAL_COST * wanted * looks if wanted > 1 else SEARCH_COST * looks + FIRST_SEARCH_COST * (looks > 0)
    return moved * total + step * looked_at, step * (searches + THIRD_ORDER_COST * differentiated)


def states_looked_at(sweep: Sweep, looking: Sequence[Observable]) -> float:
    """States of a run that some families look at."""
    total, along = sweep.steps + sweep.record, [family for family in looking if family.stride_key == "trajectory"]
    looks = total / (sweep.trajectory or 1) if along else 0.0
    for states, from_start in ((sweep.record, False), (total, True)):
        strides = [stride(sweep, f) for f in looking if f not in along and f.from_start == from_start]
        looks += -(-states // min(strides)) if strides else 0
    return looks


def point_cost(sweep: Sweep, depth: int) -> tuple[float, float]:
    """Cost of a point in bare steps of one mode: of its modes one by one, and of its pairs of modes."""
    if (step_cost := sweep.definition.step_cost) is not None:
        return step_cost(sweep.simulated_widths(depth)) * (sweep.steps + sweep.record), 0.0
    if sweep.definition.matrices:
        return matrix_cost(sweep, depth)
    modes = sweep.sizes["mode"]
    pairs, total = modes * (modes - 1) // 2, 0.0
    moved = move_cost(sweep, depth, MODE_FLOW_COST)
    single = float(modes * (moved * (sweep.steps + sweep.record) + (RECORD_COST - 1) * sweep.record))
    for family in sweep.families:
        if family.pair_cost:
            states = sweep.steps + sweep.record if family.from_start else sweep.record
            looks = -(-states // stride(sweep, family))
            total += pairs * family.pair_cost(depth) * looks
            single += modes * family.look_cost * looks
    return single, total


def stride(sweep: Sweep, family: Observable) -> int:
    """Steps between the states that a family looks at."""
    return (getattr(sweep, family.stride_key) or 1) if family.stride_key else 1


def bytes_of(sweep: Sweep) -> int:
    """Bytes of the results at one point, before compression."""
    sizes: Mapping[str, int] = sweep.sizes
    return sum(np.dtype(v.dtype).itemsize * math.prod(sizes[dim] for dim in v.dims) for v in sweep.variables)
