"""Momentum: every map of gradient descent with velocities beside its layers (theory F and G).

Heavy ball (Polyak):  v' = mu v - eta grad(w),          w' = w + v'
Nesterov:             v' = mu v - eta grad(w + mu v),   w' = w + v'

A step of descent from x is g(x) = x - eta grad(x), so that w' = g(w) + mu v or w' = g(w + mu v), and v' = w' - w. The state holds the
layers w, as many velocities v, and mu, which stays the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from fastdln.models.fma import fma
from fastdln.models.model import Map
from fastdln.models.tuples import combine, difference, part


def at_rest(states: np.ndarray, momentum: np.ndarray) -> np.ndarray:
    """States (component, mode, point) of layers with velocities of 0 and the momentum of each point."""
    mu = np.broadcast_to(momentum, (1, *states.shape[1:]))
    return np.concatenate([states, np.zeros_like(states), mu])


def parts_of(map_, depth):
    """(n, layers, velocities): how many layers the state holds, and functions of the state."""
    n = map_.size(depth)
    return n, part(n), part(n, n)


def heavy_ball(map_):
    def step(depth):
        n, layers, velocities = parts_of(map_, depth)
        descend, move, minus = map_.step(depth), combine(n), difference(n)

        def step(state, eta, s):
            w, mu = layers(state), state[2 * n]
            after = move(descend(w, eta, s), mu, velocities(state))
            return after + minus(after, w) + (mu,)

        return step

    return step


def nesterov(map_):
    def step(depth):
        n, layers, velocities = parts_of(map_, depth)
        descend, move, minus = map_.step(depth), combine(n), difference(n)

        def step(state, eta, s):
            w, mu = layers(state), state[2 * n]
            after = descend(move(w, mu, velocities(state)), eta, s)
            return after + minus(after, w) + (mu,)

        return step

    return step


def heavy_ball_tangent(map_):
    def tangent(depth):
        n, layers, velocities = parts_of(map_, depth)
        along, move, minus = map_.tangent(depth), combine(n), difference(n)

        def tangent(state, vector, eta, s):
            x, mu = layers(vector), state[2 * n]
            after = move(along(layers(state), x, eta, s), mu, velocities(vector))
            return after + minus(after, x) + (0.0,)  # mu does not deviate

        return tangent

    return tangent


def nesterov_tangent(map_):
    def tangent(depth):
        n, layers, velocities = parts_of(map_, depth)
        along, move, minus = map_.tangent(depth), combine(n), difference(n)

        def tangent(state, vector, eta, s):
            x, mu = layers(vector), state[2 * n]
            ahead = move(layers(state), mu, velocities(state))
            after = along(ahead, move(x, mu, velocities(vector)), eta, s)
            return after + minus(after, x) + (0.0,)  # mu does not deviate

        return tangent

    return tangent


def of_layers(map_, function):
    """A function of the layers, by the depth, as one of the whole state."""

    def by_depth(depth):
        layers, own = part(map_.size(depth)), function(depth)

        def of_state(state):
            return own(layers(state))

        return of_state

    return by_depth


def of_layers_and_target(map_, function):
    """A function of the layers and of s, by the depth, as one of the whole state and of s."""

    def by_depth(depth):
        layers, own = part(map_.size(depth)), function(depth)

        def of_state(state, s):
            return own(layers(state), s)

        return of_state

    return by_depth


def sums_and_differences(last, others):
    """Function state -> w_L + w_l, 0, w_L - w_l, 0 and 0 of each of the other layers."""
    first, *rest = others

    def of_layer(state):
        return (state[last] + state[first], 0.0, state[last] - state[first], 0.0, 0.0)

    if not rest:
        return of_layer
    of_rest = sums_and_differences(last, rest)

    def of_layers(state):
        return of_layer(state) + of_rest(state)

    return of_layers


def heavy_ball_parted(count, index=0):
    """Function (numbers, h, mu) -> the sums and differences, as `sums_and_differences` has them, after a step."""
    at = 5 * index

    def moved(numbers, h, mu):
        p, vp, q, vq = numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]
        p_after, q_after = fma(mu, vp, (1.0 - h[index]) * p), fma(mu, vq, (1.0 + h[index]) * q)
        return (p_after, p_after - p, q_after, q_after - q, numbers[at + 4])

    return one_or_more(moved, heavy_ball_parted, count, index)


def nesterov_parted(count, index=0):
    """The same where the gradient is taken ahead."""
    at = 5 * index

    def moved(numbers, h, mu):
        p, vp, q, vq = numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]
        p_after, q_after = (1.0 - h[index]) * fma(mu, vp, p), (1.0 + h[index]) * fma(mu, vq, q)
        return (p_after, p_after - p, q_after, q_after - q, numbers[at + 4])

    return one_or_more(moved, nesterov_parted, count, index)


def one_or_more(moved, parted, count, index):
    """Function (numbers, h, mu) of one gap, and of those after it."""
    if count == 1:
        return moved
    rest = parted(count - 1, index + 1)

    def all_moved(numbers, h, mu):
        return moved(numbers, h, mu) + rest(numbers, h, mu)

    return all_moved


def parting(map_, kind):
    """How gaps begin and go on with momentum (observables/balancing_with_momentum.py)."""

    def by_depth(depth):
        n, layers, velocities = parts_of(map_, depth)
        last = map_.components(depth)[-1]
        others = [component for component in range(n) if component != last] or [last]
        begin, ratios, move = sums_and_differences(last, others), map_.ratios(depth), combine(n)
        step = (nesterov_parted if kind == "nesterov" else heavy_ball_parted)(len(others))

        def heavy_ball_go_on(numbers, state, eta, s):
            return step(numbers, ratios(layers(state), eta, s), state[2 * n])

        def nesterov_go_on(numbers, state, eta, s):
            ahead = move(layers(state), state[2 * n], velocities(state))
            return step(numbers, ratios(ahead, eta, s), state[2 * n])

        return begin, nesterov_go_on if kind == "nesterov" else heavy_ball_go_on

    return by_depth


KINDS = {"heavy-ball": (heavy_ball, heavy_ball_tangent), "nesterov": (nesterov, nesterov_tangent)}


@cache
def with_momentum(map_: Map, kind: str) -> Map:
    """The map with momentum, heavy-ball or nesterov.

    The product law of a gap and the bound beyond which no orbit returns hold for plain descent only: gaps go on by `parting`, and an orbit
    has diverged when it is no number any more.
    """
    step, tangent = KINDS[kind]
    return replace(
        map_,
        name=f"{map_.name} {kind}",
        step=step(map_),
        product=of_layers(map_, map_.product),
        rests=of_layers(map_, map_.rests),
        tangent=tangent(map_) if map_.tangent else None,
        gaps=of_layers(map_, map_.gaps) if map_.gaps else None,
        ratios=None,
        parting=parting(map_, kind) if map_.ratios else None,
        curvature=of_layers_and_target(map_, map_.curvature) if map_.curvature else None,
        diverges=False,
        further=lambda depth: map_.size(depth) + 1,
    )
