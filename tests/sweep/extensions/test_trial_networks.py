"""What measures full matrices in one's own way: tried out on networks as the sweep has them."""

import math

import pytest

import fastdln
from fastdln import SweepError
from fastdln.observables.observable import PointObservable, Quantity, Variable
from fastdln.sweep.extensions.trial_networks import try_out
from tests.sweep.extensions.logistic_map import SWEEP, command


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "s.toml").write_text(SWEEP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def first_layer(network, values):
    for index in range(network.weights.shape[0]):
        for lane in range(len(values)):
            values[lane] += abs(network.weights[index, lane])


def start(sample):
    return (0.0,)


def keep(seen, sample):
    return (sample.value,)


def finish(seen, count, last):
    return seen


@pytest.mark.filterwarnings("ignore:steps =")
def test_a_quantity_of_ones_own_of_full_matrices():
    """The sum of the layers' absolute entries at the last state; a model that cannot measure it is refused by name."""
    mine = PointObservable(
        name="absolute_entries",
        summary="sum of the absolute entries of all layers",
        variables=(Variable(name="absolute_entries", dtype="float64", long_name="sum of the absolute entries"),),
        quantity=Quantity(name="absolute_entries", measure=first_layer),
        shared=True,
        start=start,
        update=keep,
        finish=finish,
    )
    fastdln.register(mine)
    sweep = {
        "axes": {"eta": [0.1, 0.2], "alpha": 0.5, "depth": 2},
        "target": {"singular_values": [1.0, 0.5]},
        "steps": 0,
        "record": 1,
        "observables": ["absolute_entries", "singular_value_end"],
    }
    found = fastdln.run(fastdln.Sweep(model="matrix", start="balanced", **sweep), progress=False)
    # one step from W_1 = W_2 = a I: each entry of the diagonal becomes a (1 - eta (a^2 - s))
    expected = [2 * sum(0.5 * (1 - eta * (0.25 - s)) for s in (1.0, 0.5)) for eta in (0.1, 0.2)]
    assert found.absolute_entries.values.ravel() == pytest.approx(expected, rel=1e-12)
    asked = sweep | {"observables": ["absolute_entries"]}
    with pytest.raises(SweepError, match=r"^observables: modes cannot give absolute_entries; it can give "):
        fastdln.Sweep(model="modes", **asked)


OF_MATRICES = '''
"""A quantity of full matrices: twice the loss."""

from fastdln import register
from fastdln.diagonal.matrices import layer
from fastdln.observables.observable import PointObservable, Quantity, Variable


def measure(network, values):
    rows, columns, lanes = network.error.shape
    for i in range(rows):
        for j in range(columns):
            for lane in range(lanes):
                values[lane] += network.error[i, j, lane] ** 2


register(
    PointObservable(
        name="twice_the_loss",
        summary="twice the loss",
        variables=(Variable(name="twice_the_loss", dtype="float64", long_name="twice the loss"),),
        quantity=Quantity(name="twice_the_loss", measure=measure),
        shared=True,
        start=lambda sample: (0.0,),
        update=lambda seen, sample: (sample.value,),
        finish=lambda seen, count, last: seen,
    )
)
'''

MATRIX_SWEEP = """
model = "matrix"
steps = 0
record = 4
observables = ["twice_the_loss", "loss"]
[axes]
eta = [0.01, 0.02]
alpha = 0.1
depth = 2
[target]
singular_values = [2.0, 1.0]
"""

LOOP, SUM = "for lane in range(lanes):", "values[lane] += network.error[i, j, lane] ** 2"

WRONG_MEASURES = {
    "beyond the values": (
        SUM,
        "values[lane + 1] += 1.0",
        "IndexError: index 3 is out of bounds for axis 0 with size 3 (own.py, line 14)",
    ),
    "beyond the network": (
        SUM,
        "values[lane] += network.error[i, j + 1, lane]",
        "IndexError: index 2 is out of bounds for axis 1 with size 2 (own.py, line 14)",
    ),
    "too few dimensions": (
        SUM,
        "values[lane] += network.error[i, lane, j, 0]",
        "IndexError: too many indices for array: array is 3-dimensional",
    ),
    "a row for a number": (
        SUM,
        "values[lane] = network.error[i, j]",
        "ValueError: setting an array element with a sequence",
    ),
    "a shape of its own": (
        SUM,
        "values[:] = network.error[i, j, :2]",
        "ValueError: could not broadcast input array from shape (2,) into shape (3,)",
    ),
    "text": (SUM, "values[lane] = 'much'", "TypeError: values take real numbers (got 'much') (own.py, line 14)"),
    "nothing": (SUM, "values[lane] = None", "TypeError: values take real numbers (got None) (own.py, line 14)"),
    "a complex number": (SUM, "values[lane] = 1j", "TypeError: values take real numbers (got 1j)"),
    "numbers that are returned": (
        SUM,
        "return network.error[i, j]",
        "measure: must write into values, and return nothing (got array(",
    ),
    "a name that is not there": (
        SUM,
        "values[lane] = missing",
        "NameError: name 'missing' is not defined (own.py, line 14)",
    ),
    "a field that is not there": (
        SUM,
        "values[lane] = network.hessian",
        "measure: a network has no hessian; it has weights, shapes, error,",
    ),
    "a field that is not asked for": (
        SUM,
        "values[lane] = network.eigenvalues[0, lane]",
        "measure: network.eigenvalues is filled in only for a Quantity with needs_eigenvalues=True (own.py, line 14)",
    ),
    "a tangent that is not asked for": (
        SUM,
        "values[lane] = network.stretching[lane]",
        "with needs_tangent=True (own.py, line 14)",
    ),
    "an exception": (SUM, "raise RuntimeError('hm')", "RuntimeError: hm (own.py, line 14)"),
    "another network's layers": (
        SUM,
        "network.weights[0, lane] = 0.0",
        "assignment destination is read-only (own.py, line 14)",
    ),
    "a layer that is not there": (
        SUM,
        "values[lane] += layer(network, 2)[0, 0, lane]",
        "IndexError: index 2 is out of bounds for axis 0 with size 2",
    ),
    "too few arguments": (
        "def measure(network, values)",
        "def measure(network)",
        "takes 1 positional argument but 2 were given",
    ),
    "the neighbours": (
        SUM,
        "values[lane] += network.error[i, j].sum()",
        "measure: must take what it writes into values[lane] from that lane",
    ),
    "one lane for all": (
        LOOP,
        "for lane in range(1):",
        "measure: must take what it writes into values[lane] from that lane",
    ),
}


def ordered(here, source, sweep=MATRIX_SWEEP):
    (here / "own.py").write_text(source)
    (here / "s.toml").write_text(sweep)
    return command("run", "s.toml", "--load", "own.py")


@pytest.mark.parametrize("name", WRONG_MEASURES)
def test_what_measures_matrices_wrongly_is_refused_by_name_when_the_sweep_is_made(here, name):
    old, new, said = WRONG_MEASURES[name]
    assert old in OF_MATRICES
    code, (line,) = ordered(here, OF_MATRICES.replace(old, new))
    assert code == 2
    assert line.startswith("error: observables: twice_the_loss: measure: ")
    assert said in line
    assert sorted(path.name for path in here.iterdir()) == ["own.py", "s.toml"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("measure=measure", "measure=3", "twice_the_loss: quantity: measure must be a function (got 3)"),
        (
            ", measure=measure",
            "",
            "twice_the_loss: quantity: has no term(map, depth) or mode(network, i, values), which modes need, and no",
        ),
        ('Quantity(name="twice_the_loss", measure=measure)', "measure", "quantity: must be a Quantity (got function)"),
    ],
)
def test_what_is_no_quantity_is_refused_when_it_is_registered(here, old, new, said):
    assert old in OF_MATRICES
    code, (line,) = ordered(here, OF_MATRICES.replace(old, new))
    assert code == 2
    assert line.startswith("error: own.py: ")
    assert said in line


@pytest.mark.filterwarnings("ignore:steps =")
def test_a_measure_is_tried_out_on_networks_as_the_sweep_has_them(here):
    """The diagonal is as long as the rows only where no layer is narrower."""
    diagonal = OF_MATRICES.replace("for j in range(columns):", "for j in [i]:")
    assert ordered(here, diagonal) == (0, [])
    tall = MATRIX_SWEEP.replace("[axes]", "widths = [2, 4, 3]\nstart = 'gaussian'\n[axes]")
    code, (line,) = ordered(here, diagonal, tall)
    assert code == 2
    assert (
        "measure: fails on networks with layers of 4 x 2, 3 x 4, 3 side by side: IndexError: index 2 is out of" in line
    )


@pytest.mark.parametrize("more", ["math.log(-1.0 - network.eta[lane])", "1.0 / (lane - lane)"])
def test_what_has_no_number_in_plain_python_may_have_one_compiled(more):
    namespace = {"math": math}
    exec(
        f"def measure(network, values):\n    for lane in range(len(values)):\n        values[lane] = {more}", namespace
    )
    try_out(Quantity(name="no_number", measure=namespace["measure"]), (2, 2, 2), 1)


def test_trials_of_wide_networks_take_no_time_and_keep_what_is_wider():
    seen = []

    def measure(network, values):
        seen.append(network.shapes.tolist())
        values[:] = 1.0

    quantity = Quantity(name="widths", measure=measure)
    try_out(quantity, (1024, 512, 1024, 3), 1)
    assert seen[0] == [[65, 66], [66, 65], [3, 66]]


def test_a_measure_that_writes_nothing_is_refused():
    with pytest.raises(SweepError, match="it wrote nothing"):
        try_out(Quantity(name="nothing", measure=lambda network, values: None), (3, 3, 3), 1)


@pytest.mark.parametrize("width", [20, 300])
def test_trials_refuse_no_element_that_the_sweeps_networks_have(width):
    def last(network, values):
        for lane in range(len(values)):
            values[lane] = network.error[width - 1, width - 1, lane]

    try_out(Quantity(name="last", measure=last), (width,) * 3, 1)
