"""Dimension of the oscillating subspace: the number of modes that are periodic or aperiodic."""

import numpy as np

from fastdln.observables.fate import APERIODIC, DIVERGED, PERIODIC
from fastdln.observables.observable import Variable, VerdictObservable


def finish(fates, periods, singular_values):
    count = np.isin(fates, (PERIODIC, APERIODIC)).sum(axis=1)
    return (np.where((fates == DIVERGED).any(axis=1), -1, count),)


OBSERVABLE = VerdictObservable(
    name="oscillating_modes",
    summary="dimension of the oscillation subspace",
    shared=True,
    variables=(
        Variable(
            name="oscillating_modes",
            dtype="int16",
            long_name="number of oscillating modes",
            comment="Modes of period 2 or more, or aperiodic; not those that drift. -1 where a mode diverged.",
        ),
    ),
    finish=finish,
)
