"""Loss over the record: 1/2 ||W_L ... W_1 - M||_F^2 = 1/2 sum_i (pi_i - s_i)^2 on the SVS set (theory A)."""

from fastdln.observables.observable import PointObservable, Quantity
from fastdln.observables.series import finish, start, update, variables


def half_square(state, product, s):
    e = product - s
    return 0.5 * e * e


def add(x, y):
    return x + y


def of_error(network, values):
    rows, columns, lanes = network.error.shape
    for i in range(rows):
        for j in range(columns):
            for lane in range(lanes):
                values[lane] += network.error[i, j, lane] * network.error[i, j, lane]
    for lane in range(lanes):
        values[lane] *= 0.5


LOSS = Quantity(name="loss", join=add, term=lambda map_, depth: half_square, measure=of_error)

OBSERVABLE = PointObservable(
    name="loss",
    summary="mean, minimum, maximum over the record and last value of the loss",
    shared=True,
    variables=variables("loss", "loss", "1/2 sum over modes of (pi - s)^2"),
    quantity=LOSS,
    start=start,
    update=update,
    finish=finish,
)
