"""Cycles of the local map: y rises, x grows, y falls, x shrinks (theory E)."""

from fastdln.observables.observable import SimulatedObservable, Variable

KEPT = "A cycle lasts from one upward passage of y through 0 to the next, between two states by linear interpolation; those in the record"

OBSERVABLE = SimulatedObservable(
    name="cycle",
    summary="cycles of the record: their number, period, amplitude and growth, and delta",
    variables=(
        Variable(
            name="cycles",
            dtype="int64",
            long_name="whole cycles in the record",
            comment=f"{KEPT} are counted, up to divergence.",
        ),
        Variable(
            name="cycle_period",
            dtype="float64",
            long_name="mean period of the cycles",
            units="steps",
            comment=f"{KEPT}. Of small cycles 2 pi / (eta sqrt(2 alpha_ps)) as eta goes to 0. NaN without a whole one, and after "
            "divergence.",
        ),
        Variable(
            name="cycle_amplitude",
            dtype="float64",
            long_name="largest absolute value of x over the record",
            comment="NaN after divergence.",
        ),
        Variable(
            name="cycle_amplitude_ratio",
            dtype="float64",
            long_name="largest absolute value of x over the record, in units of delta",
            comment="NaN after divergence.",
        ),
        Variable(
            name="cycle_growth",
            dtype="float64",
            long_name="growth of the cycles, per cycle",
            comment="Mean logarithm of the ratio of ln(largest absolute value of x / delta) from one cycle to the next: 0 where orbits are "
            "closed, as they are for eta to 0; of small cycles eta^2 alpha_ps times their period. NaN with fewer than two cycles, and "
            "after divergence.",
        ),
        Variable(
            name="delta",
            dtype="float64",
            long_name="amplitude of the two-cycle, sqrt(2 alpha_ps / beta)",
            comment="At x = delta, y = 0 the map turns x into -x, and leaves y.",
        ),
    ),
)
