"""Residual of the sharpness at the last state, and how many searches did not converge."""

from fastdln.observables.observable import EstimateObservable, Quantity, Variable


def of_first(network, values):
    for lane in range(len(values)):
        values[lane] = network.residual[lane]


RESIDUAL = Quantity(name="sharpness_residual", measure=of_first, needs_eigenvalues=True)


def finish(estimates):
    return estimates.residual, estimates.failed


OBSERVABLE = EstimateObservable(
    name="sharpness_residual",
    summary="relative residual of the sharpness, and how many searches did not converge",
    variables=(
        Variable(
            name="sharpness_residual",
            dtype="float64",
            long_name="relative residual of the sharpness at the last state",
            comment="||H v - lambda v|| / lambda. The error of lambda goes as its square, over the relative gap to the next eigenvalue: "
            "found where that is at most 5e-9. Where several lie so near each other that they cannot be told apart, and with sharpness_count, "
            "where the residual itself is at most 1e-7. NaN after divergence.",
        ),
        Variable(
            name="sharpness_unconverged",
            dtype="int64",
            long_name="searches for the sharpness that did not converge",
            comment="Of all at this point, trajectories and edge_step included. 0 where every sharpness is to be trusted.",
        ),
    ),
    sampled=True,
    finish=finish,
)
