"""The sweeps that ship: what their comments say, as their stores show it."""

import numpy as np
import pytest

from fastdln import Sweep, run, theory
from fastdln.sweep.plateaus import plateau_warnings
from tests.small import ROOT

SWEEPS = ROOT / "sweeps"
pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def result(name, *changes):
    ds = run(Sweep.from_file(SWEEPS / f"{name}.toml", changes))
    assert ds.attrs["complete"]
    return ds.squeeze()


def test_oscillation_per_layer():
    ds = result("oscillation_per_layer")
    assert list(ds.oscillating_modes.values) == [0, 1]
    layers = ds.trajectory_singular_value.sel(eta=0.040).isel(step=slice(-64, None))
    swing = (layers.max("step") - layers.min("step")).values
    assert (swing[:, 0] > 0.1).all()
    np.testing.assert_allclose(swing[:, 1:], 0, atol=1e-6)
    np.testing.assert_allclose(swing[:, 0], swing[0, 0], rtol=1e-6)  # once balanced, every layer alike
    products = ds.trajectory_product.isel(step=-1).values
    np.testing.assert_allclose(products[0], [10, 8, 6, 0, 0], atol=1e-5)
    np.testing.assert_allclose(ds.trajectory_loss.isel(step=0), 0.5 * (100 + 64 + 36))


def test_contour():
    ds = result("contour")
    w = ds.trajectory_singular_value
    gap = (w.sel(layer=2) ** 2 - w.sel(layer=1) ** 2).transpose("eta", "step").values
    assert gap[0, 0] == gap[1, 0] == 2.8125
    assert gap[0, 200] == pytest.approx(gap[0, -1], rel=1e-9), "below the edge it freezes"
    assert 2.5 < gap[0, -1] < 2.8125
    assert gap[1, -1] < 0.5
    assert ds.flow_sharpness.values[1] == pytest.approx(2 / 0.1997, rel=1e-2)


def test_balancing_gap():
    ds = result("balancing_gap")
    w = ds.trajectory_singular_value
    gap = (w.sel(layer=2) - w.sel(layer=1)) * (w.sel(layer=2) + w.sel(layer=1))
    for eta, values in {0.18: (2.386000, 2.377503, 2.377503), 0.21: (1.165347, 8.846877e-3, 6.24e-12)}.items():
        at = gap.sel(eta=eta)
        np.testing.assert_allclose(abs(at.sel(step=[10, 100]).values), values[:2], rtol=1e-6)
        assert ds.balancing_gap.sel(eta=eta).item() == pytest.approx(values[2], rel=1e-3)


def test_rank_three():
    ds = result("rank_three")
    s = np.array([10.0, 8.5, 7.0])
    for count, edge in enumerate(theory.critical_learning_rate(s, 3), 1):
        first = ds.eta.values[ds.oscillating_modes.values >= count].min()
        assert 0 <= first - edge < 3e-4
    assert float(ds.oscillation_range.isel(mode=slice(3, None)).max()) == 0
    one = (ds.eta > theory.critical_learning_rate(10, 3) + 1e-3) & (
        ds.eta < theory.critical_learning_rate(8.5, 3) - 1e-3
    )
    assert (ds.fate.values[one.values] == 2).all()


def test_progressive_sharpening():
    ds = result("progressive_sharpening")
    s, edge = ds.trajectory_sharpness, 2 / ds.eta
    assert ds.edge_step.sel(eta=0.02).item() == -1
    assert (s.sel(eta=0.02).values < float(edge.sel(eta=0.02))).all()
    beyond = s.sel(eta=0.034)
    assert beyond.isel(step=0).item() < 0.05 * float(edge.sel(eta=0.034)), "it starts flat"
    assert ds.sharpness.sel(eta=0.034).item() > float(edge.sel(eta=0.034))
    assert ds.sharpness_last.sel(eta=0.02).item() == pytest.approx(float(theory.stability_limit(10.0, 3)), rel=1e-3)
    for eta in ds.eta.values:
        reached = np.flatnonzero(s.sel(eta=eta).values >= 2 / eta)
        assert ds.edge_step.sel(eta=eta).item() == (reached[0] if reached.size else -1)


def test_mixing():
    """For L = 2 the exponent turns positive on eta (s_1 + s_2) = 2."""
    ds = result("mixing", "axes.depth=2", "axes.s2.num=8")
    exponent, eta = ds.mixing_exponent.transpose("s2", "eta").values, ds.eta.values
    for row, s2 in zip(exponent, ds.s2.values, strict=True):
        k = int(np.flatnonzero((row[1:] > 0) & (row[:-1] < 0))[0])
        crossing = eta[k] - row[k] * (eta[k + 1] - eta[k]) / (row[k + 1] - row[k])
        assert crossing * (1 + s2) == pytest.approx(2, rel=1e-3)
        assert (row[eta * (1 + s2) < 1.999] <= 0).all()


def test_matrix_oscillation_range():
    """A diagonal target: to 1e-10 what the modes do, and the sharpness what its exact blocks say."""
    matrices = result("matrix_oscillation_range")
    modes = result(
        "oscillation_range",
        'observables=["period", "oscillation_range", "oscillating_modes", "loss", "orbit", "sharpness"]',
    )
    np.testing.assert_array_equal(matrices.eta, modes.eta)
    for name in ("fate", "period", "oscillating_modes"):
        np.testing.assert_array_equal(matrices[name], modes[name])
    for name in ("orbit", "oscillation_range", "loss", "loss_last"):
        np.testing.assert_allclose(matrices[name], modes[name], rtol=0, atol=1e-10, err_msg=name)
    for name in ("sharpness", "sharpness_last", "sharpness_max", "sharpness_ratio"):
        np.testing.assert_allclose(matrices[name], modes[name], rtol=1e-8, err_msg=name)
    assert int(matrices.sharpness_unconverged.sum()) == 0
    # modes 1 and 2 mix from where eta times their pair's eigenvalue at the minimum is 2
    onset = 2 / theory.hessian_eigenvalues([10.0, 9.5], 3)[0, 1]
    assert (matrices.lyapunov.values[matrices.eta < onset] < 1e-4).all()
    assert (matrices.lyapunov.values[matrices.eta > onset] > 1e-3).all()


def test_leaving_the_modes():
    ds = result("leaving_the_modes")
    error = ds.trajectory_alignment_error
    stays, leaves = error.sel(eta=0.032, s2=8.0, s3=6.0), error.sel(eta=0.034, s2=9.5, s3=9.0)
    assert float(stays.max()) < 1e-12
    left = int(leaves.step[np.argmax(leaves.values > 0.01)])
    assert 600 < left < 1200
    assert float(leaves.max()) > 0.1
    assert float(ds.lyapunov.sel(eta=0.030).max()) < 1e-6
    assert float(error.sel(eta=0.030).max()) < 1e-12


def test_matrix_phase_diagram():
    ds = result("matrix_phase_diagram", "axes.eta.num=8", "axes.alpha.num=6", "steps=1500")
    edge = theory.critical_learning_rate(10.0, 3)
    fates, eta = ds.fate.values, ds.eta.values
    assert int(ds.sharpness_unconverged.sum()) == 0
    assert (fates[1:-1, eta < 0.9 * edge] == 1).all(), "below the edge every start converges"
    assert not (fates[:, eta > 1.05 * edge] == 1).any(), "beyond it none does"
    converged = fates == 1
    ratio = ds.sharpness_ratio.values
    assert ((ratio > 0) & (ratio < 1))[converged].all()
    # balanced to the learning rate's and the start's precision, the minimum is the flattest: S_1
    flattest = 0.5 * eta * theory.stability_limit(10.0, 3)
    assert (ratio >= flattest * (1 - 1e-9))[converged].all()


def test_matrix_million():
    """Each start ends at a minimum of its own, sharper than the flattest and below 2/eta; all periods double beyond the edge."""
    ds = result("matrix_million", "axes.eta=[3.0, 3.6, 4.6]", "axes.seed.num=16", "axes.seed.stop=15")
    assert Sweep.from_file(SWEEPS / "matrix_million.toml").points > 10**6
    assert int(ds.sharpness_unconverged.sum()) == 0
    period, ratio = ds.period.isel(mode=0), ds.sharpness_ratio
    for depth in (2, 3, 4):
        edge = theory.critical_learning_rate(0.25, depth)
        for eta in (3.0, 3.6):
            found = ratio.sel(depth=depth, eta=eta).values
            assert (found > eta / edge * (1 - 1e-6)).all()
            assert (found < 1).all()
            assert found.std() > 0.01
        beyond = period.sel(depth=depth, eta=4.6).values
        assert set(beyond) <= {2, -1}
        assert (beyond == 2).mean() > 0.8


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_sweeps_follow_the_advice(path):
    """docs/numerics.md: 128 states tell chaos from drifting, odd strides see both states of a two-cycle, and the transient is
    longer than the plateau."""
    sweep = Sweep.from_file(path)
    assert min(sweep.record, 4 * sweep.longest_period) >= 128
    assert sweep.sharpness_every % 2 == 1
    assert (sweep.trajectory or 1) % 2 == 1
    assert sweep.record >= 5 * sweep.sharpness_every
    assert plateau_warnings(sweep) == []
