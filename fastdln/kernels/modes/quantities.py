"""Quantities of the whole network as kernels over a span of states: what each mode gives, then each pair of modes."""

from __future__ import annotations

from functools import cache

from fastdln.diagonal.state import empty_network
from fastdln.errors import SweepError
from fastdln.kernels.link import Linked, rows, view
from fastdln.kernels.modes.pairs import unfold
from fastdln.kernels.observe import START
from fastdln.kernels.spans import FILLED, LANES, LAYERS, MODES, S_AT, SPAN, STRIDE
from fastdln.models import Map
from fastdln.observables.observable import Quantity


@cache
def term_of(quantity: Quantity, map_: Map, depth: int) -> Linked | None:
    """Kernel that joins one mode's term to the numbers of a quantity; None where the term has no closed form.

    START joins it to the quantity's identity, UPDATE to what other modes gave.
    """
    join, term, identity = quantity.join, quantity.term(map_, depth), quantity.identity
    if term is None:
        return None
    get_state, _ = rows(map_.size(depth) if quantity.of_state else 0, (SPAN + 1) * STRIDE)

    def measure(numbers, columns, states, products, values, sizes, part, first, every, steps):
        for t in range(first + 1, steps + 1, every):
            for lane in range(LANES):
                at = t * STRIDE + lane
                before = identity if part == START else numbers[at]
                numbers[at] = join(before, term(get_state(states, at), products[at], columns[S_AT + lane]))

    of_map = (map_.identity, depth) if quantity.of_state else ()
    kept = not (quantity.source or (quantity.of_state and map_.source))
    return Linked(measure, "measure", quantity.name, quantity.source, *of_map, kept=kept)


@cache
def look_at_modes(quantity: Quantity) -> Linked:
    """Kernel that sets a quantity's numbers to what `mode` makes of the layers of each mode."""
    join, identity = quantity.mode, quantity.identity
    if join is None:
        raise SweepError(f"{quantity.name}: has no term(map, depth) and no mode(network, i, values), which modes need")

    def look(numbers, columns, states, products, values, sizes, part, first, every, steps):
        modes, layers, lanes = int(sizes[MODES]), int(sizes[LAYERS]), int(sizes[FILLED])
        network, found = empty_network(modes, layers, lanes), view(numbers, (SPAN + 1, STRIDE))
        for t in range(first + 1, steps + 1, every):
            for lane in range(LANES):
                found[t, lane] = identity
            unfold(network, columns, states, products, sizes, t)
            for i in range(modes):
                join(network, i, found[t, :lanes])

    return Linked(look, "look at modes", quantity.name, quantity.source, kept=not quantity.source)


@cache
def look_at_pairs(quantity: Quantity) -> Linked:
    """Kernel that joins to a quantity's numbers what `pair` makes of the layers of each pair of modes."""
    join = quantity.pair
    assert join

    def look(numbers, columns, states, products, values, sizes, part, first, every, steps):
        modes, layers, lanes = int(sizes[MODES]), int(sizes[LAYERS]), int(sizes[FILLED])
        network, found = empty_network(modes, layers, lanes), view(numbers, (SPAN + 1, STRIDE))
        for t in range(first + 1, steps + 1, every):
            unfold(network, columns, states, products, sizes, t)
            for i in range(modes):
                for j in range(i + 1, modes):
                    join(network, i, j, found[t, :lanes])

    return Linked(look, "look at pairs", quantity.name, quantity.source, kept=not quantity.source)
