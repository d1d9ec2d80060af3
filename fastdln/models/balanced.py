"""Balanced map: all layers of a mode share one value rho (theory A; arXiv 2502.20531, section 2)."""

from fastdln.models.model import Map, Model


def step(depth):
    n = depth - 1

    def step(state, eta, s):
        (rho,) = state
        p = rho**n
        return (rho - eta * (rho * p - s) * p,)

    return step


def product(depth):
    def product(state):
        (rho,) = state
        return rho**depth

    return product


def rests(depth):
    return lambda state: True


BALANCED = Map("balanced", layers=lambda depth: (0,), step=step, product=product, rests=rests)

MODEL = Model(
    "balanced",
    summary="one scalar a mode, all layers equal: rho' = rho - eta (rho^L - s) rho^(L-1)",
    starts=("balanced",),
    reduce=lambda layers: BALANCED,
)
