"""The L-dimensional map of one mode, for layers that all differ (theory A; arXiv 2502.20531, section 2)."""

from fastdln.models.model import Map


def step(depth):
    update, whole = descend(depth), product(depth)

    def step(state, eta, s):
        return update(state, 1.0, eta * (whole(state) - s))[1]

    return step


def descend(depth):
    """(layers, product of those before, g = eta e) -> (product of the layers, the layers moved).

    The recursion over layers carries the prefix product down and the suffix product up, so that nothing is
    divided by a layer, which may be 0.
    """
    if depth == 1:

        def last(layers, before, g):
            w = layers[0]
            return w, (w - g * before,)

        return last

    rest = descend(depth - 1)

    def update(layers, before, g):
        w = layers[0]
        after, moved = rest(layers[1:], before * w, g)
        return w * after, (w - g * (before * after),) + moved

    return update


def product(depth):
    if depth == 1:
        return lambda state: state[0]
    rest = product(depth - 1)

    def product_of(state):
        return state[0] * rest(state[1:])

    return product_of


LAYERWISE = Map("layerwise", layers=lambda depth: tuple(range(depth)), step=step, product=product)
