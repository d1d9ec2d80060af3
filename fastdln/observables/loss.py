"""Loss over the record: 1/2 ||W_L ... W_1 - M||_F^2 = 1/2 sum_i (pi_i - s_i)^2 on the SVS set (theory A)."""

from fastdln.observables.observable import PointObservable, Quantity
from fastdln.observables.series import finish, start, update, variables


def term(map_, depth):
    product = map_.product(depth)

    def half_square(state, s):
        e = product(state) - s
        return 0.5 * e * e

    return half_square


def add(x, y):
    return x + y


LOSS = Quantity(name="loss", join=add, identity=0.0, term=term)

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
