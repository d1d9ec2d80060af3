"""Measurements of one's own, tried out in plain Python on networks of the kind that a sweep has, before anything is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from fastdln.diagonal.matrices import Matrices
from fastdln.errors import SweepError, described, where
from fastdln.observables.observable import Quantity

# Networks side by side: more than one, so that a measurement that reads its neighbours is seen.
SIDE_BY_SIDE = 3

# Wider networks take plain Python long; those tried out are narrower, but equal widths stay equal, and larger ones larger. What is
# not there in these may be in the sweep's.
WIDE = 64

# Sums in another order, as of one network alone and of several, differ by rounding.
ROUNDING = 1e-9

# Fields that are filled in only for quantities that ask for them.
ASKED_FOR = {
    "eigenvalues": "needs_eigenvalues",
    "residual": "needs_eigenvalues",
    "stretching": "needs_tangent",
    "third_order": "needs_third_order",
}

# How Python's `math` begins to say that it has no number, where the compiled function has NaN or infinity.
NO_NUMBER = ("math domain error", "expected a ")


class Numbers(np.ndarray):
    """An array that takes numbers alone, as the compiled function does; NumPy's takes None for NaN, and text for what it says."""

    written = False

    def __setitem__(self, key: Any, value: Any) -> None:
        self.written = True
        if np.asarray(value).dtype.kind not in "biuf":
            raise TypeError(f"values take real numbers (got {value!r})")
        super().__setitem__(key, value)


@cache
def try_out(quantity: Quantity, widths: tuple[int, ...], wanted: int) -> None:
    """SweepError unless `measure` writes a number for each of some networks of these widths, and takes it from that one alone.

    wanted: how many eigenvalues of the Hessian they come with.
    """
    together = networks(quantity, widths, wanted)
    alone = type(together)(*(part if part is together.shapes else part[..., -1:] for part in together))
    narrowed = max(widths) > WIDE
    beside, itself = measured(quantity, together, narrowed), measured(quantity, alone, narrowed)
    if beside is None or itself is None:
        return
    if not np.allclose(beside[-1], itself[0], rtol=ROUNDING, atol=0.0, equal_nan=True):
        raise SweepError(
            "measure: must take what it writes into values[lane] from that lane of the network alone (it gives "
            f"{itself[0]:g} for a network, {beside[-1]:g} for the same one beside others)"
        )


def measured(quantity: Quantity, network: Matrices, narrowed: bool) -> np.ndarray | None:
    """What `measure` writes; None where only the compiled function has a number, or only networks that are not `narrowed`."""
    measure: Any = quantity.measure
    values = np.zeros(len(network.eta)).view(Numbers)
    try:
        with np.errstate(all="ignore"):
            returned = getattr(measure, "py_func", measure)(network, values)  # of what numba has compiled already
    except ArithmeticError:
        return None
    except SweepError as error:
        raise SweepError(f"measure: {error}{where(error)}") from None
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(NO_NUMBER):
            return None
        if isinstance(error, IndexError) and narrowed:
            return None
        layers = ", ".join(f"{rows} x {columns}" for rows, columns in network.shapes)
        side_by_side = f"{len(values)} side by side" if len(values) > 1 else "one alone"
        raise SweepError(
            f"measure: fails on networks with layers of {layers}, {side_by_side}: {described(error)}"
        ) from error
    if returned is not None:
        raise SweepError(f"measure: must write into values, and return nothing (got {returned!r})")
    if not values.written and not values.any():
        raise SweepError("measure: must write into values, one number a network (it wrote nothing)")
    return values


def networks(quantity: Quantity, widths: Sequence[int], wanted: int) -> Matrices:
    """Networks of no particular layers, which nobody can write to, and which say what is asked of them in vain."""

    class OnTrial(Matrices):
        def __getattribute__(self, name: str) -> Any:
            flag = ASKED_FOR.get(name, "")
            if flag and not getattr(quantity, flag):
                raise SweepError(f"network.{name} is filled in only for a Quantity with {flag}=True")
            if not hasattr(Matrices, name):
                raise SweepError(f"a network has no {name}; it has {', '.join(Matrices._fields)}")
            return super().__getattribute__(name)

    ranks = sorted(set(widths))
    widths = [min(width, WIDE + ranks.index(width)) for width in widths]
    shapes = [(rows, columns) for columns, rows in pairwise(widths)]
    random, lanes = np.random.Generator(np.random.Philox(0)), SIDE_BY_SIDE
    layers = [random.standard_normal((lanes, *shape)) for shape in shapes]
    product = layers[0]
    for layer in layers[1:]:
        product = layer @ product
    modes = min(widths[0], widths[-1])
    target = np.eye(widths[-1], widths[0]) * np.arange(widths[0], 0.0, -1.0)
    found = OnTrial(
        weights=np.concatenate([layer.reshape(lanes, -1).T for layer in layers]),
        shapes=np.array(shapes),
        error=np.moveaxis(product - target, 0, -1),
        rotated=np.moveaxis(product, 0, -1),
        singular_values=np.repeat(np.diag(target)[:modes, None], lanes, axis=1),
        eta=random.uniform(0.1, 0.2, lanes),
        eigenvalues=-np.sort(-random.standard_normal((wanted, lanes)), axis=0),
        residual=random.uniform(1e-9, 1e-7, lanes),
        stretching=random.standard_normal(lanes),
        third_order=random.standard_normal((3, lanes)),
    )
    for part in found:
        part.flags.writeable = False
    return found
