"""Which chunks of a level are computed: a plain twin that has the whole fine grid's codes, and looks at every chunk by itself."""

import math

import numpy as np


def varies(codes, known):
    """Whether any two neighbours, both known, differ; so do the points of a box that is not of one code."""
    for axis in range(codes.ndim):
        one, two = np.delete(codes, 0, axis), np.delete(codes, -1, axis)
        both = np.delete(known, 0, axis) & np.delete(known, -1, axis)
        if ((one != two) & both).any():
            return True
    return False


def near(codes, known, shape, chunk, step):
    """The chunks of a grid that the codes cross, or come within an eighth of a chunk of; step 2: codes of every second point."""
    found = np.zeros([math.ceil(n / c) for n, c in zip(shape, chunk, strict=True)], dtype=bool)
    for index in np.ndindex(*found.shape):
        box = []
        for k, c, n, m in zip(index, chunk, shape, codes.shape, strict=True):
            margin = max(1, c // 8)
            first, last = k * c / step, (min(k * c + c, n) - 1) / step
            box.append(slice(max(0, math.floor(first) - margin), min(m, math.ceil(last) + margin + 1)))
        found[index] = varies(codes[tuple(box)], known[tuple(box)])
    return found


def spread(chunks, chunk, shape):
    """A value a chunk, at each of its points."""
    for axis, size in enumerate(chunk):
        chunks = np.repeat(chunks, size, axis)
    return chunks[tuple(slice(n) for n in shape)]


def followed(new, fine, chunk):
    """These chunks, and all that the codes in them lead to."""
    while True:
        more = new | near(fine, spread(new, chunk, fine.shape), fine.shape, chunk, 1)
        if (more == new).all():
            return new
        new = more


def level(before, fine, chunk, sha256):
    """Of one level: the chunks that are computed, those that were drawn, and what a point has that is inherited."""
    chosen = near(before, np.ones(before.shape, dtype=bool), fine.shape, chunk, 2)
    chosen = followed(chosen, fine, chunk)
    others = np.flatnonzero(~chosen.ravel())
    count = min(len(others), math.ceil(chosen.sum() / 8) or 1)
    drawn = np.zeros(chosen.shape, dtype=bool)
    if count:
        drawn.flat[np.random.default_rng(int(sha256[:16], 16)).choice(others, size=count, replace=False)] = True
    chosen = followed(chosen | drawn, fine, chunk)
    inherited = before
    for axis, size in enumerate(fine.shape):
        inherited = np.repeat(inherited, 2, axis).take(np.arange(size), axis)
    return chosen, drawn, inherited
