"""The growth of a tangent vector, v <- v - eta H v, beside the descent of every lane."""

import math

from fastdln.matrices.program import run
from fastdln.observables.growth import rate


def begin(lanes):
    """Function (memory, measures) that sets the vectors, in no direction in particular."""

    def begin_all(memory, measures):
        for e in range(measures.finder.size):
            for lane in range(lanes):
                memory[measures.tangent + e * lanes + lane] = measures.finder.noise[e]

    return begin_all


def rescale(lanes):
    """Function (memory, programs, measures, taken): the length out of the vectors, and its logarithm onto what was taken."""

    def rescale_all(memory, programs, measures, taken):
        run(programs.runner, memory, measures.square_tangent)
        for lane in range(lanes):
            square = memory[measures.square + lane]
            taken[lane] += 0.5 * math.log(square) if square > 0.0 else -math.inf
            memory[measures.square + lane] = 1.0 / math.sqrt(square) if square > 0.0 else 0.0
        for e in range(measures.length // lanes):
            for lane in range(lanes):
                memory[measures.tangent + e * lanes + lane] *= memory[measures.square + lane]

    return rescale_all


def bend(memory, programs, measures):
    """v <- v - eta H v, by what forward and pull left."""
    run(programs.runner, memory, measures.bend)
    run(programs.runner, memory, measures.move)


def on_cycles(lanes):
    """Function (memory, programs, measures, record, extra, growth, exponents) that gives the exponents over the record.

    Lanes on a cycle are followed `extra` steps beyond it, to the end of their period, so that they are over whole periods.
    """
    rescale_all = rescale(lanes)

    def measure(memory, programs, measures, record, extra, growth, exponents):
        longest = 0
        for lane in range(lanes):
            exponents[lane] = rate(growth[lane], float(record))
            longest = max(longest, extra[lane])
        for k in range(1, longest + 1):
            run(programs.runner, memory, programs.pull)
            bend(memory, programs, measures)
            run(programs.runner, memory, programs.update)
            run(programs.runner, memory, programs.forward)
            rescale_all(memory, programs, measures, growth)
            for lane in range(lanes):
                if k == extra[lane]:
                    exponents[lane] = rate(growth[lane], float(record + k))

    return measure


def common_period(first, second):
    """The longer of two periods if the other divides it, else 0; 0 where there is none."""
    longer, shorter = max(first, second), min(first, second)
    return longer if shorter > 0 and longer % shorter == 0 else 0
