"""Projection of a network onto the stable set {S <= 2/eta, grad f . u = 0} (arXiv 2209.15594, section 4; docs/theory.md, section E)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastdln.kernels.edge.eigenpairs import add, dot, follow
from fastdln.kernels.edge.network import Network, gradient, third

# Residual of the top eigenvector, relative to the eigenvalue.
EXACT = 1e-12

# Relative residual of the constraints at which a point is on the set: rounding; and up to which the trajectory goes on, the
# state counted as not converged.
PROJECTED, BEARABLE = 1e-13, 1e-8

# Rounds of Gauss-Newton: three to five where the set is near, as they converge nearly quadratically.
ROUNDS = 30

# A point of the set is near if it is within this part of the norm of the weights.
NEAR = 0.5

# Relative gap of the two largest eigenvalues below which the state counts as near-degenerate: u turns by the change of H over the gap.
NEARLY_DEGENERATE = 0.01


class Held(NamedTuple):
    """What is known of a point after its projection.

    along: u . grad S. held: whether it had to be held at S = 2/eta. residual: of the constraints, relative. near: whether the set
    had a near point. degenerate: whether the two largest eigenvalues are closer than NEARLY_DEGENERATE.
    """

    loss: float
    sharpness: float
    along: float
    alpha_ps: float
    beta: float
    held: bool
    residual: float
    near: bool
    degenerate: bool


def project(net, target, eta, point, u, slope, across, work):
    """Move a point to the set by minimum-norm Gauss-Newton steps; returns Held.

    u: the start of the search for the top eigenvector, then the vector, not turned round. slope and across: the gradient there, and
    the part of grad S across u. The constraints grad f . u = 0 and S = 2/eta have the gradients S u and grad S, up to terms of the
    order of grad f: in the basis of u and across the step is a sum of two. Once the first alone would leave S > 2/eta, the
    point is held at S = 2/eta.
    """
    edge, held, far, residual, way, degenerate = 2.0 / eta, False, False, math.inf, 0.0, False
    for turn in range(ROUNDS):
        loss = gradient(net, point, target, slope)
        sharpness, found, crowded = follow(net, point, u, EXACT, turn == 0, 1.0 - NEARLY_DEGENERATE, work)
        degenerate = degenerate or crowded
        third(net, point, u, across)
        alpha_ps, along = -dot(slope, across), dot(u, across)
        add(-along, u, across)
        beta, norm = dot(across, across), math.sqrt(dot(point, point))
        back, excess = dot(slope, u) / sharpness, sharpness - edge
        held = held or excess - back * along > 0.0
        before, residual = residual, max(abs(back) / norm, (abs(excess) if held else max(excess, 0.0)) / edge)
        far = not (residual < math.inf and way <= NEAR * norm)
        stuck = turn > 3 and residual > 0.5 * before and residual <= BEARABLE
        if far or residual <= PROJECTED or stuck or turn == ROUNDS - 1:
            break
        add(-back, u, point)
        way += abs(back)
        if held:
            add((back * along - excess) / beta, across, point)
            way += abs(back * along - excess) / math.sqrt(beta)
    near = found and residual <= BEARABLE and not far
    return Held(loss, sharpness, along, alpha_ps, beta, held, residual, near, degenerate)
