"""A model of two numbers with axes of its own: a turn by an angle, and a shrinking, about (s, 0)."""

import math

from fastdln.models import Map, Model, Parameter


def step(depth):
    def step(state, eta, s):
        x, y, angle = state
        c, d = (1.0 - eta) * math.cos(angle), (1.0 - eta) * math.sin(angle)
        return s + c * (x - s) - d * y, d * (x - s) + c * y, angle

    return step


def initial(own, s):
    return s + own["radius"], 0.0 * s, own["angle"]


MAP = Map(
    name="rotation",
    components=lambda depth: (0,) * (depth - 1) + (1,),
    step=step,
    product=lambda depth: lambda state: state[0],
    diverges=False,
    further=lambda depth: 1,
)

MODEL = Model(
    "rotation",
    summary="a turn and a shrinking about (s, 0)",
    starts=("parameters",),
    reduce=lambda layers: MAP,
    parameters=(Parameter("radius", "distance from (s, 0) at state 0", 0.5, 0.0), Parameter("angle", "of the turn")),
    initial=initial,
)
