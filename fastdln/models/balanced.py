"""Balanced map: all layers of a mode share one value rho (theory A; arXiv 2502.20531, section 2)."""

from fastdln.models.fma import fma
from fastdln.models.model import Map, Model


def step(depth):
    n = depth - 1

    def step(state, eta, s):
        (rho,) = state
        p = rho**n
        e = fma(rho, p, -s)
        return (fma(-eta * e, p, rho),)

    return step


def product(depth):
    def product(state):
        (rho,) = state
        return rho**depth

    return product


def rests(depth):
    return lambda state: True


def along(depth):
    """Function (state, s) -> the Hessian's eigenvalue along the balanced line, (2L-1) rho^(2L-2) - (L-1) s rho^(L-2)."""
    n = depth - 1

    def along(state, s):
        (rho,) = state
        q = rho ** (n - 1)
        return q * ((n + depth) * rho**depth - n * s)

    return along


def tangent(depth):
    h = along(depth)

    def tangent(state, vector, eta, s):
        return (vector[0] - eta * h(state, s) * vector[0],)

    return tangent


def gaps(depth):
    return lambda state: (0.0,)


def ratios(depth):
    n = depth - 2

    def ratios(state, eta, s):
        (rho,) = state
        q = rho**n
        return (eta * (rho * rho * q - s) * q,)

    return ratios


def curvature(depth):
    h, n = along(depth), depth - 2

    def curvature(state, s):
        (rho,) = state
        q = rho**n
        across = (s - rho * rho * q) * q
        top = h(state, s)
        return across if across > top else top

    return curvature


BALANCED = Map(
    name="balanced",
    components=lambda depth: (0,) * depth,
    step=step,
    product=product,
    rests=rests,
    tangent=tangent,
    gaps=gaps,
    ratios=ratios,
    curvature=curvature,
)

MODEL = Model(
    "balanced",
    summary="one scalar a mode, all layers equal: rho' = rho - eta (rho^L - s) rho^(L-1)",
    starts=("balanced",),
    reduce=lambda layers: BALANCED,
)
