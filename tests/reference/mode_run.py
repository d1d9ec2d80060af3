"""A trajectory of modes, as the twins of observables look at it."""

import numpy as np

from tests.reference.fates import period_of


class Run:
    """One mode-resolved trajectory and how it is to be looked at: products (state, mode), state 0 the start."""

    def __init__(
        self, products, singular_values, eta, depth, steps, record, period_max, samples, layers=None, states=None
    ):
        self.layers = layers  # (layer, mode) at the end
        self.states = states  # (state, layer, mode), where the twin needs them all
        self.every, self.keep = 1, 1  # sharpness_every, trajectory
        self.balanced = False  # the balanced model
        self.sharpness = {}  # by state
        self.products, self.s, self.eta, self.depth = products, np.asarray(singular_values, float), eta, depth
        self.steps, self.record, self.period_max, self.samples = steps, record, period_max, samples
        self.recorded = products[steps + 1 : steps + record + 1]
        self.window_length = max(1, min(record, 4 * period_max))
        self.window = products[steps + record + 1 - self.window_length : steps + record + 1]
        with np.errstate(divide="ignore"):
            self.bound = np.maximum(10 * self.s, (1e6 / np.float64(eta)) ** (depth / (2 * depth - 2)))

    def whole_periods(self, mode):
        """Steps at the end of the record that are whole periods of a periodic orbit; all of them of another."""
        period = period_of(self, mode)
        return self.record if period < 2 else self.record // period * period

    def diverged(self, mode):
        return not abs(self.products[self.steps + self.record, mode]) <= self.bound[mode]

    @property
    def components(self):
        """Which number of the state holds each layer: 0, 0, ..., 1 where layers 1..L-1 are equal."""
        first = self.states[0]
        if np.all(first == first[0]) and self.balanced:
            return [0] * self.depth
        if np.all(first[:-1] == first[0]):
            return [0] * (self.depth - 1) + [1]
        return list(range(self.depth))

    def shared(self, v):
        """The deviation with one value for all layers that one number holds, so that rounding does not part them."""
        parts = np.array(self.components)
        return np.array([v[parts == c].mean() for c in parts])

    def norm(self, v):
        """Length of a deviation in the numbers of the state, one of each."""
        return np.linalg.norm([v[self.components.index(c)] for c in sorted(set(self.components))])

    def modes(self):
        return range(len(self.s))
