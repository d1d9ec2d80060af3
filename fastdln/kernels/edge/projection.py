"""Projection of a network onto the stable set {S <= 2/eta, grad f . u = 0} (arXiv 2209.15594, section 4; docs/theory.md, section E)."""

from __future__ import annotations

import math
from typing import NamedTuple

from fastdln.kernels.edge.eigenpairs import dot, largest
from fastdln.kernels.edge.network import third

# Relative residual of the constraints at which a point is on the set; up to which it may stay where rounding errors of u keep it; and
# up to which the trajectory goes on.
AIM, PROJECTED, BEARABLE = 1e-13, 1e-12, 1e-8

# Rounds of Gauss-Newton: three to five as a rule. Convergence is linear, by a factor that goes to 0 with grad f, and is above 1/2 at
# points far from all minima.
ROUNDS = 60

# A point of the set is near if it is within this part of the norm of the weights.
NEAR = 0.5

# Relative gap of the two largest eigenvalues below which the state counts as near-degenerate: u turns by the change of H over the gap.
NEARLY_DEGENERATE = 0.01


class Held(NamedTuple):
    """What is known of a point after its projection.

    along: u . grad S. residual: of the constraints, relative. near: whether the set had a near point. degenerate: whether the two
    largest eigenvalues came closer than NEARLY_DEGENERATE.
    """

    sharpness: float
    along: float
    alpha_ps: float
    beta: float
    residual: float
    near: bool
    degenerate: bool


def add(factor, a, b):
    """b += factor a."""
    for i in range(len(a)):
        b[i] += factor * a[i]


def project(net, eta, point, pairs, slope, across, work):
    """Move a point to the set by minimum-norm Gauss-Newton steps; returns Held.

    pairs (2, weights): u and the second eigenvector, from a point near by, then those there, u not turned round. slope and across: the
    gradient there, and the part of grad S across u. work: floats for `largest`, and for two values and one vector.

    The constraints grad f . u = 0 and S = 2/eta have the gradients S u and grad S, up to terms of the order of grad f, so that a
    step is a sum of one along u and one along `across`. Once the first alone would leave S > 2/eta, the point is held at S = 2/eta.
    """
    n, edge = len(point), 2.0 / eta
    values, towards = work[:2], work[2 : 2 + n]
    held, far, degenerate, residual, way = False, False, False, math.inf, 0.0
    u = pairs[0]
    for i in range(n):
        towards[i] = u[i]
    for turn in range(ROUNDS):
        found = largest(net, point, values, pairs, 1, slope, work[2 + n :])
        if dot(u, towards) < 0.0:
            for i in range(n):
                u[i] = -u[i]
        third(net, point, u, across)
        sharpness, alpha_ps, along = values[0], -dot(slope, across), dot(u, across)
        add(-along, u, across)
        beta, norm = dot(across, across), math.sqrt(dot(point, point))
        degenerate = degenerate or values[1] >= (1.0 - NEARLY_DEGENERATE) * sharpness
        back, excess = dot(slope, u) / sharpness, sharpness - edge
        held = held or excess - back * along > 0.0
        before, residual = residual, max(abs(back) / norm, (abs(excess) if held else max(excess, 0.0)) / edge)
        far = not (residual < math.inf and way <= NEAR * norm)
        stuck = residual > 0.5 * before and residual <= PROJECTED
        if far or residual <= AIM or stuck or turn == ROUNDS - 1:
            break
        add(-back, u, point)
        way += abs(back)
        if held:
            add((back * along - excess) / beta, across, point)
            way += abs(back * along - excess) / math.sqrt(beta)
    near = found and residual <= BEARABLE and not far
    return Held(sharpness, along, alpha_ps, beta, residual, near, degenerate)
