"""A linear network in memory, and the programs of its gradient, update and Hessian-vector product (docs/theory.md, A and B).

W_l maps width l - 1 to width l. With B_l = W_{l-1} ... W_1, A_l = W_L ... W_{l+1} and E = W_L ... W_1 - M, the gradient
of layer l is T_l B_l^T with the deltas T_l = A_l^T E.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from fastdln.kernels.matrices.program import Matrix, MatrixProgram, MemoryLayout
from fastdln.kernels.matrices.tiles import LANES, LEFT, RIGHT


class Network:
    """Memory layout of `lanes` networks of widths d_0 .. d_L side by side, and the programs that act on it.

    minus_eta, one: offsets of a number a lane. weights, directions, images: vectors in the space of all layers, a matrix a layer.
    below: B_l; deltas: T_l; error: E. left, right: the target's singular bases U, V; rotated: U^T W_L ... W_1 V. length: floats of
    a vector, padding included; size: its elements. With momentum velocities follow the weights, then mu, mu - 1 and -1, a number a lane each;
    saved: a vector to keep the weights in.
    """

    def __init__(
        self,
        widths: Sequence[int],
        lanes: int,
        directions: int = 0,
        images: int | None = None,
        momentum: bool = False,
    ) -> None:
        self.widths, self.lanes, self.depth = tuple(widths), lanes, len(widths) - 1
        self.memory = memory = MemoryLayout(lanes)
        inputs, outputs = widths[0], widths[-1]
        self.minus_eta, self.one = (memory.matrix(1, LANES // lanes).at for _ in range(2))
        memory.pad()
        self.weights = self.vector()
        self.size = sum(m.rows * m.columns for m in self.weights)
        self.length = memory.size - self.weights[0].at
        if momentum:
            self.velocities = self.vector()
            self.mu, self.mu_minus_one, self.minus_one = (memory.matrix(1, 1).at for _ in range(3))
            memory.pad()
            self.saved = self.vector()
        self.minus_target = memory.matrix(outputs, inputs)
        # below[l - 1] is B_l; B_1 is the identity, and B_2 is W_1 itself
        self.below = [None, self.weights[0], *(memory.matrix(width, inputs) for width in widths[2:-1])]
        self.deltas = [memory.matrix(width, inputs) for width in widths[1:]]
        self.error = self.deltas[-1]
        self.left, self.right = memory.matrix(outputs, outputs), memory.matrix(inputs, inputs)
        self.product, self.half_rotated, self.rotated = (memory.matrix(outputs, inputs) for _ in range(3))
        spare = memory.matrix(max(widths), max(widths)).at if lanes == 1 else None
        self.program = partial(MatrixProgram, lanes, spare)
        self.moved_below = [memory.matrix(width, inputs) for width in widths[2:]]
        memory.pad()
        self.directions = [self.vector() for _ in range(directions)]
        self.images = [self.vector() for _ in range(directions if images is None else images)]

    def vector(self) -> list[Matrix]:
        """Lay out a vector in the space of all layers."""
        layers = [self.memory.matrix(rows, columns) for columns, rows in pairwise(self.widths)]
        self.memory.pad()
        return layers

    def forward(self) -> MatrixProgram:
        """B_{l+1} = W_l B_l, up to E = W_L B_L - M."""
        program = self.program()
        for layer in range(2, self.depth):
            program.product(self.below_(layer + 1), self.weights[layer - 1], self.below_(layer))
        last = self.below_(self.depth)
        program.product(self.error, self.weights[-1], last, onto=self.minus_target, factor=self.one)
        return program

    def below_(self, layer: int) -> Matrix:
        """B_l, for l of 2 or more."""
        product = self.below[layer - 1]
        assert product is not None
        return product

    def backward(self) -> MatrixProgram:
        """T_{l-1} = W_l^T T_l, from T_L = E down to T_1."""
        program = self.program()
        for layer in range(self.depth, 1, -1):
            program.product(self.deltas[layer - 2], self.weights[layer - 1], self.deltas[layer - 1], LEFT)
        return program

    def update(self) -> MatrixProgram:
        """W_l <- W_l - eta T_l B_l^T."""
        program = self.program()
        for layer in range(self.depth, 1, -1):
            w = self.weights[layer - 1]
            program.product(w, self.deltas[layer - 1], self.below_(layer), RIGHT, onto=w, factor=self.minus_eta)
        program.axpy(self.weights[0], self.deltas[0], self.minus_eta)
        return program

    def gradient(self, slope: Sequence[Matrix]) -> MatrixProgram:
        """slope_l = T_l B_l^T, with what forward left; T_1, which that of W_1 is, is written nowhere else."""
        program = self.program()
        for layer in range(self.depth, 1, -1):
            delta, below = self.deltas[layer - 1], slope[0] if layer == 2 else self.deltas[layer - 2]
            program.product(slope[layer - 1], delta, self.below_(layer), RIGHT)
            program.product(below, self.weights[layer - 1], delta, LEFT)
        return program

    def rotate(self, diagonal: bool) -> MatrixProgram:
        """U^T (W_L ... W_1) V, with the singular bases of the target, which are the identity if it is diagonal."""
        program = self.program()
        product = self.rotated if diagonal else self.product
        program.product(product, self.weights[-1], self.below_(self.depth))
        if not diagonal:
            program.product(self.half_rotated, self.left, product, LEFT)
            program.product(self.rotated, self.half_rotated, self.right)
        return program

    def hvp(self, direction: Sequence[Matrix], image: Sequence[Matrix]) -> MatrixProgram:
        """H V for V = (V_l), the derivative of the gradient along V, with what forward and backward left:

        dB_{l+1} = V_l B_l + W_l dB_l, dT_{l-1} = V_l^T T_l + W_l^T dT_l, (H V)_l = dT_l B_l^T + T_l dB_l^T.
        """
        program, moved = self.program(), [direction[0], *self.moved_below]  # dB_2, dB_3, .., dB_{L+1} = dE
        for layer in range(2, self.depth + 1):
            out, w, v = moved[layer - 1], self.weights[layer - 1], direction[layer - 1]
            program.product(out, v, self.below_(layer))
            program.product(out, w, moved[layer - 2], onto=out, factor=self.one)
        # dT_1 is the first layer's part of H V; the others take the memory of matrices dB that are not read any more
        delta = moved[-1]
        for layer in range(self.depth, 1, -1):
            out, w, v, t = image[layer - 1], self.weights[layer - 1], direction[layer - 1], self.deltas[layer - 1]
            program.product(out, delta, self.below_(layer), RIGHT)
            program.product(out, t, moved[layer - 2], RIGHT, onto=out, factor=self.one)
            below = image[0] if layer == 2 else self.moved_delta(layer)
            program.product(below, v, t, LEFT)
            program.product(below, w, delta, LEFT, onto=below, factor=self.one)
            delta = below
        return program

    def moved_delta(self, layer: int) -> Matrix:
        """The memory of dT_{l-1}: that of dB_l, which the product T_l dB_l^T of this layer was the last to read."""
        return self.moved_below[layer - 3]
