"""The orbit itself: the last recorded end-to-end singular values of each mode."""

from fastdln.observables.observable import Variable, WindowObservable

OBSERVABLE = WindowObservable(
    name="orbit",
    summary="the last orbit_samples end-to-end singular values",
    shared=True,
    variables=(
        Variable(
            name="orbit",
            dtype="float64",
            dims=("mode", "sample"),
            long_name="end-to-end singular value, last recorded states",
            comment="Oldest first; the last sample is state steps + record. NaN after divergence.",
        ),
    ),
)
