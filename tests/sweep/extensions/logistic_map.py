"""A file with a model and an observable of one's own, and a sweep of them."""

from tests.commands import invoke

FILE = '''
"""The share of the record spent above the target; and the logistic map."""

from fastdln import register
from fastdln.models import Map, Model
from fastdln.models.fma import fma
from fastdln.observables.observable import ModeObservable, Variable


def start(step):
    return (0.0,)


def update(seen, step):
    return (seen[0] + (1.0 if step.product > step.singular_value else 0.0),)


def finish(seen, record):
    return (seen[0] / record,)


register(
    ModeObservable(
        name="time_above",
        summary="share of the record above the target",
        variables=(
            Variable(name="time_above", dtype="float64", long_name="share of states above s", dims=("mode",)),
        ),
        start=start,
        update=update,
        finish=finish,
    )
)


def logistic(depth):
    def step(state, eta, s):
        (x,) = state
        return (x * fma(-eta, x, eta),)

    return step


MAP = Map(
    name="logistic map",
    components=lambda depth: (0,) * depth,
    step=logistic,
    product=lambda depth: lambda state: state[0],
)
register(Model("logistic_map", summary="x' = eta x (1 - x)", starts=("balanced",), reduce=lambda layers: MAP))
'''

SWEEP = """
model = "logistic_map"
steps = 2000
record = 64
observables = ["period", "time_above", "orbit"]
orbit_samples = 64
[axes]
eta = [2.5, 3.2, 3.5, 3.9]
alpha = 0.3
depth = 2
[target]
singular_values = [0.7]
"""


def command(*words):
    done = invoke(*words)
    return done.exit_code, [line for line in done.stderr.splitlines() if line.startswith(("error", "incomplete"))]
