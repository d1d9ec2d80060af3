"""Mixing of modes: where two reach the edge together, and where a network leaves the modes."""

import pytest

from fastdln import Sweep, run

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")


@pytest.mark.parametrize("s2", [0.5, 0.7, 0.9])
def test_mixing_begins_where_two_modes_together_reach_the_edge(s2):
    """Depth 2: eta (s_1 + s_2) = 2 exactly."""
    edge = 2 / (1 + s2)
    axes = {"eta": [edge * (1 - 1e-3), edge * (1 + 1e-3)], "alpha": 0.05, "depth": 2}
    target = {"singular_values": [1.0, s2]}
    ds = run(Sweep(model="modes", axes=axes, target=target, record=4096, observables=["mixing"]))
    below, above = ds.mixing_exponent.values.ravel()
    assert below < 0 < above


@pytest.mark.parametrize(("record", "every"), [(512, 256), (4, 1), (1, 1), (7, 10)])
def test_mixing_has_the_right_sign_in_short_and_thinned_records(record, every):
    axes = {"eta": [0.3, 0.6, 0.68, 0.8], "alpha": 0.3, "depth": 3}
    ds = run(
        Sweep(
            model="modes",
            axes=axes,
            target={"singular_values": [1.0, 0.8, 0.6]},
            steps=3000,
            record=record,
            sharpness_every=every,
            observables=["mixing"],
        )
    )
    assert (ds.mixing_exponent.values.ravel()[:3] <= 1e-9).all()
    if record > 7:
        assert ds.mixing_exponent.values.ravel()[3] == pytest.approx(0.0344, abs=2e-3)


def test_mixing_tells_where_the_network_leaves_the_modes():
    """theory.md C: s = (10, 9.5, 9) at eta = .034 leaves the diagonal orbit, s = (10, 8, 6) at .032 stays."""
    for s, eta, leaves in (((10.0, 9.5, 9.0), 0.034, True), ((10.0, 8.0, 6.0), 0.032, False)):
        axes = {"eta": eta, "alpha": 0.01, "depth": 3}
        ds = run(Sweep(model="modes", axes=axes, target={"singular_values": s}, steps=3000, observables=["mixing"]))
        assert (ds.mixing_exponent.item() > 0) is leaves
