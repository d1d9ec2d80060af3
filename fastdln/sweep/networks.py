"""What the keys of a sweep say of the networks: the model, the layers at state 0, and the map that they follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastdln.models import MODELS, STARTS, Map, Model
from fastdln.models.momentum import with_momentum
from fastdln.sweep import layer_axes
from fastdln.sweep.keys import Keys
from fastdln.sweep.problem import Compressed, Layers, Spectral


class Networks(Keys):
    """The networks that the keys stand for."""

    @property
    def start_name(self) -> str:
        """The name of the start; where its values are given, their key."""
        if isinstance(self.start, str):
            return self.start
        return next(iter(type(self.start).model_fields))

    @property
    def start_values(self) -> tuple[Any, ...]:
        """The values of a start that takes some: a row, or a matrix, for each layer; of `compressed` its noise and the noise's seed."""
        if isinstance(self.start, Compressed):
            return (self.start.compressed.noise, self.start.compressed.seed) if self.start.compressed.noise else ()
        if isinstance(self.start, Layers):
            return self.start.layers
        return self.start.spectral if isinstance(self.start, Spectral) else ()

    @property
    def definition(self) -> Model:
        """The model."""
        return MODELS[self.model]

    @property
    def map(self) -> Map:
        """The smallest map that is exact for this start; not of a model of matrices."""
        model = self.definition
        layers = (
            np.ones((2, 1))
            if model.parameters
            else self.layers(len(self.start_values) or 3, layer_axes.apart(self.start))
        )
        found = model.map_for(layers, self.flow_tolerance)
        return with_momentum(found, self.momentum_kind) if self.momentum_kind else found

    @property
    def momentum_kind(self) -> str:
        """Of the momentum: "heavy-ball" or "nesterov"; "" without."""
        return ("nesterov" if self.nesterov else "heavy-ball") if "momentum" in self.axes else ""

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Numbers of examples, and of features and outputs of each; empty without data."""
        if self.data is None:
            return ()
        inputs, outputs = self.data.arrays()
        return (*inputs.shape, outputs.shape[1])

    def simulated_widths(self, depth: int) -> tuple[int, ...]:
        """Widths as a kernel of the model's own takes them.

        Parameters
        ----------
        depth : int
            The number of layers.

        Returns
        -------
        tuple of int
            Those of the layers, after the number of examples if there are some; or the shape of the data of a model without layers.
        """
        return (*self.data_shape[:1], *self.widths_at(depth)) if self.definition.matrices else self.data_shape

    def layers(self, depth: int, numbers: Mapping[str, float] | None = None) -> np.ndarray:
        """The layers' singular values at state 0 in units of alpha.

        Parameters
        ----------
        depth : int
            The number of layers.
        numbers : dict of str to float, optional
            A value for each axis w1, w2, ... that sets one; 1 if left out.

        Returns
        -------
        numpy.ndarray
            Shaped (depth, mode), the layer next to the input first.
        """
        layers = STARTS[self.start_name].layers
        assert layers
        modes, rows = len(self.target.singular_values), self.start_values
        if not rows:
            return layers(depth, modes)
        numbers = numbers or dict.fromkeys(layer_axes.named_rows(self.start), 1.0)
        return layers(depth, modes, layer_axes.with_numbers(rows, modes, numbers))

    def layer_factors(self, values: Mapping[str, np.ndarray], depth: int) -> np.ndarray:
        """What the axes w1, w2, ... multiply the layers by at some points.

        Parameters
        ----------
        values : dict of str to numpy.ndarray
            The coordinates of the points.
        depth : int
            The number of layers.

        Returns
        -------
        numpy.ndarray
            Shaped (depth, point): the value of the layer's axis times alpha; alpha for a layer without one.
        """
        rows = self.start_values if isinstance(self.start, Spectral) else [()] * depth
        return np.array([values["alpha"] * values[row] if isinstance(row, str) else values["alpha"] for row in rows])

    def widths_at(self, depth: int) -> tuple[int, ...]:
        """Widths of the input and after each layer.

        Parameters
        ----------
        depth : int
            The number of layers.

        Returns
        -------
        tuple of int
            One more than there are layers.
        """
        if isinstance(self.start, Layers):
            return self.start.widths
        return self.widths or (len(self.target.singular_values),) * (depth + 1)
