"""One network as the kernels of kernels/edge have it, and what they make of it."""

import numpy as np

from fastdln.kernels.compile import jit_disabled, kernel
from fastdln.kernels.edge import eigenpairs
from fastdln.kernels.edge.network import gradient, hvp, memory_size, network_of, third, third_mixed


def derive(weights, target, widths, u, v, memory, out):
    net = network_of(widths, target, memory)
    scratch = np.empty(2 * len(u))
    loss = gradient(net, weights, out[0])
    hvp(net, weights, u, out[1])
    third(net, weights, u, out[2])
    third_mixed(net, weights, u, v, out[3], scratch)
    return loss


def search(weights, target, widths, values, vectors, wanted, memory, slope, work):
    net = network_of(widths, target, memory)
    return eigenpairs_largest(net, weights, values, vectors, wanted, slope, work)


eigenpairs_largest = eigenpairs.largest
compiled_derive, compiled_search = (kernel(f, "test", kept=False) for f in (derive, search))


def flat(layers):
    return np.concatenate([np.ravel(w) for w in layers])


def widths_of(layers):
    return np.array([layers[0].shape[1], *(w.shape[0] for w in layers)])


def derivatives(layers, target, u, v, compiled=True):
    """The loss, and the gradient, H u, D^3 f(u, u, .) and D^3 f(u, v, .) as rows."""
    out, memory = np.empty((4, len(u))), np.full(memory_size(widths_of(layers).tolist()), np.nan)
    function = compiled_derive if compiled else derive
    return function(flat(layers), np.ravel(target), widths_of(layers), u, v, memory, out), out


def eigenpairs_from(layers, target, vectors, compiled=True):
    """Values, vectors and whether all were found, from the vectors given, the last of which is the guard's."""
    weights, (count, size) = flat(layers), vectors.shape
    values, vectors, slope = np.empty(count), vectors.copy(), np.empty(size)
    memory, work = (np.full(n, np.nan) for n in (memory_size(widths_of(layers).tolist()), eigenpairs.work_size(size)))
    function = compiled_search if compiled and not jit_disabled() else search
    found = function(weights, np.ravel(target), widths_of(layers), values, vectors, count - 1, memory, slope, work)
    return values, vectors, found
