"""Subspace error: what gradient descent has changed of the directions that it is to leave alone (theory G, arXiv 2311.05061).

From layers that are multiples of orthogonal matrices, with a target M of rank r, every layer maps d - 2r directions, those that M and
M^T times the product send to 0, by a number rho_l times the maps of the start, along the whole run.
"""

import numpy as np

from fastdln.observables.observable import MatrixObservable, Variable

# Of the start: how far layers may be from multiples of orthogonal matrices, relative.
ORTHOGONAL = 1e-10

# Of the target: singular values below this part of the largest are 0.
RANK = 1e-12


def maps_of(layer):
    """The orthogonal matrices (point, row, column) that layers are multiples of; NaN where they are not."""
    identity = np.eye(layer.shape[1])
    scale = np.sqrt((layer**2).mean(axis=(1, 2), keepdims=True) * layer.shape[1])
    found = layer / scale
    away = np.abs(found.transpose(0, 2, 1) @ found - identity).max(axis=(1, 2), keepdims=True)
    return np.where(away <= ORTHOGONAL, found, np.nan)


def left_alone(maps, left, right, learned, rank):
    """Orthonormal columns (point, row, column), d - 2 rank of them, that M and M^T times the product send to 0."""
    product = maps[0]
    for layer in maps[1:]:
        product = layer @ product
    kept = learned[:, :, None]
    modes = learned.shape[1]
    rows = np.concatenate([kept * right.T[:modes], kept * (left.T[:modes] @ product)], axis=1)
    return np.linalg.svd(rows)[2][:, 2 * rank :].transpose(0, 2, 1)


def of_layer(layer, before, after):
    """The part of a layer that maps the directions `before` to others than `after`, or others to `after`, over its norm."""
    rho = (after * (layer @ before)).mean(axis=(1, 2), keepdims=True) * after.shape[1]
    out = np.linalg.norm(layer @ before - rho * after, 2, axis=(1, 2))
    back = np.linalg.norm(layer.transpose(0, 2, 1) @ after - rho * before, 2, axis=(1, 2))
    return np.maximum(out, back) / np.linalg.norm(layer, 2, axis=(1, 2))


def finish(end):
    points, width = len(end.singular_values), len(end.right)
    found = np.full(points, np.nan)
    if any(layer.shape[1:] != (width, width) for layer in end.layers):
        return (found,)
    maps = [maps_of(layer) for layer in end.starts]
    learned = end.singular_values > RANK * end.singular_values.max(axis=1, keepdims=True)
    ranks = learned.sum(axis=1)
    known = 2 * ranks < width
    for layers in (maps, end.layers):
        known &= np.isfinite(layers).all(axis=(0, 2, 3))
    for rank in np.unique(ranks[known]):
        at = known & (ranks == rank)
        own = [layer[at] for layer in maps]
        before, errors = left_alone(own, end.left, end.right, learned[at], rank), []
        for layer, orthogonal in zip(end.layers, own, strict=True):
            after = orthogonal @ before
            errors.append(of_layer(layer[at], before, after))
            before = after
        found[at] = np.max(errors, axis=0)
    return (found,)


OBSERVABLE = MatrixObservable(
    name="subspace_error",
    summary="what leaves the invariant subspaces of dimension 2r, from orthogonal layers",
    variables=(
        Variable(
            name="subspace_error",
            dtype="float64",
            long_name="part of a layer that leaves the invariant subspaces of twice the target's rank, at the last state",
            comment="Spectral norm over that of the layer, the largest of all layers: 0 where a network of orthogonal layers moves as "
            "one of inner widths 2r does. NaN after divergence, and where the theory has no such subspaces: layers that are not "
            "square, a start that is no multiple of orthogonal matrices, or 2r >= d.",
        ),
    ),
    finish=finish,
)
