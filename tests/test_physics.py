"""Lyapunov, balancing, sharpness, mixing and trajectories: against plain twins, exact identities and high precision."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import reference

from fastdln import Sweep, run, theory
from fastdln.observables import OBSERVABLES

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:alpha = 0")

PHYSICS = ["lyapunov", "balancing", "sharpness", "mixing", "edge_step", "flow_sharpness"]


def states_of(ds, depth):
    """(alpha, eta, state, layer, mode) of a sweep that keeps every state."""
    kept = ds.trajectory_singular_value.isel(depth=0, layer=slice(depth))
    return kept.transpose("alpha", "eta", "step", "layer", "mode").values


@pytest.mark.parametrize(
    ("depth", "model", "start", "s", "etas"),
    [
        (2, "modes", "one-zero", (1.0, 0.7), (0.3, 1.1, 1.3, 1.7, 3.0)),
        (3, "modes", "one-zero", (1.0, 0.8, 0.0), (0.0, 0.3, 0.75, 0.92, 1.1, 1.3)),
        (3, "balanced", "balanced", (1.0, 0.6), (0.4, 0.75, 1.0, 1.2)),
        (3, "modes", {"spectral": [[0.5, 1.0], [-0.4, 1.2], [1.0, 0.3]]}, (1.0, 0.5), (0.2, 0.5, 0.8)),
        (5, "modes", {"spectral": [[0.9], [0.8], [1.1], [1.0], [0.7]]}, (1.0,), (0.1, 0.35, 0.45)),
    ],
)
@pytest.mark.parametrize(
    ("steps", "record", "every", "keep"), [(200, 24, 1, 1), (7, 30, 4, 1), (400, 3, 2, 1), (0, 1, 1, 1)]
)
def test_observables_agree_with_their_twins(depth, model, start, s, etas, steps, record, every, keep):
    """The twins start from the kernel's own states, so that chaotic orbits agree as well."""
    alphas = (0.05, 0.6)
    sweep = Sweep(
        model=model,
        axes={"eta": list(etas), "alpha": list(alphas), "depth": depth},
        target={"singular_values": list(s)},
        start=start,
        steps=steps,
        record=record,
        observables=PHYSICS,
        trajectory=keep,
        sharpness_every=every,
    )
    ds = run(sweep)
    states, checked = states_of(ds, depth), set()
    for (a, _), (e, eta) in itertools.product(enumerate(alphas), enumerate(etas)):
        seen = reference.Run(
            states[a, e].prod(axis=1), s, eta, depth, steps, record, 1, 1, states[a, e, -1], states[a, e]
        )
        seen.every, seen.keep, seen.balanced = every, keep, model == "balanced"
        if np.isnan(states[a, e]).any():
            assert ds.fate.values[0, a, e] == reference.DIVERGED or np.isnan(states[a, e]).any(axis=(0, 1))[-1]
            continue
        for name in (*PHYSICS, "trajectory"):
            for variable, value in reference.OBSERVABLES[name](seen).items():
                if value is None:
                    continue
                got = ds[variable].values[0, a, e]
                np.testing.assert_allclose(
                    got,
                    value,
                    rtol=1e-9,
                    atol=1e-9 if "exponent" in variable else 1e-12,
                    err_msg=f"{variable} {eta=} {a=}",
                )
                checked.add(variable)
    wanted = {v.name for name in (*PHYSICS, "trajectory") for v in OBSERVABLES[name].variables}
    assert checked >= wanted - {"mixing_pair", "flow_sharpness"}


def test_diverged_points_have_no_physics():
    ds = run(
        Sweep(
            model="modes",
            axes={"eta": [0.1, 3.0], "alpha": 0.5, "depth": 3},
            target={"singular_values": [1.0, 0.5]},
            steps=500,
            record=64,
            observables=PHYSICS,
            trajectory=10,
        )
    ).squeeze()
    assert list(ds.fate.values) == [reference.CONVERGED, reference.DIVERGED]
    for name in [*PHYSICS, "trajectory"]:
        for v in OBSERVABLES[name].variables:
            values = ds[v.name].sel(eta=3.0)
            if v.name == "edge_step":
                assert values >= 0, "the sharpness passes 2/eta on the way out"
            elif "step" in values.dims:
                assert not np.isnan(values.isel(step=0)).all()
                assert np.isnan(values.isel(step=-1)).any()
            elif values.dtype.kind == "i":
                assert (values.values == -1).any()
            else:
                assert np.isnan(values.values).any(), v.name
                assert "NaN" in v.comment
            if values.dtype.kind == "f" and "step" not in values.dims:
                assert np.isfinite(ds[v.name].sel(eta=0.1).values).all(), v.name


TABLE = {
    (2, 1.1): (-0.857399, -0.111572, 1e-5),
    (2, 1.5): (0.4913, -0.7439, 2e-3),
    (2, 1.8): (0.8065, -0.3500, 2e-3),
    (3, 0.75): (-2.242011, -0.034618, 1e-5),
    (3, 0.92): (0.3470, -0.0658, 2e-3),
    (3, 1.0): (-0.283357, -0.211749, 1e-5),
    (3, 1.1): (0.5600, -0.2389, 2e-3),
}


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize(("model", "alpha"), [("balanced", (0.4, 0.5, 0.55, 0.6, 0.65, 0.7)), ("modes", (0.01,))])
def test_exponents_of_the_table(depth, model, alpha):
    """Several starts, so that the chaotic averages are good to the digits of the table."""
    etas = [eta for d, eta in TABLE if d == depth]
    axes = {"eta": etas, "alpha": list(alpha), "depth": depth}
    record = 600_000 if model == "balanced" else 3_000_000
    ds = run(Sweep(model=model, axes=axes, record=record, period_max=256, observables=["lyapunov", "balancing"]))
    found = ds.isel(depth=0, mode=0).mean("alpha")
    for eta in etas:
        along, across, tolerance = TABLE[depth, eta]
        at = found.sel(eta=eta)
        assert float(at.balancing_exponent) == pytest.approx(across, abs=tolerance)
        assert float(at.lyapunov) == pytest.approx(along if model == "balanced" else max(along, across), abs=tolerance)


def mp_exponents(depth, eta, steps, digits=40):
    """Exponents of the balanced map's attractor along and across the balanced line, in high precision."""
    with mpmath.workdps(digits):
        rho, eta, along, across = mpmath.mpf("0.8"), mpmath.mpf(eta), mpmath.mpf(0), mpmath.mpf(0)
        for t in range(2000 + steps):
            if t >= 2000:
                h = (2 * depth - 1) * rho ** (2 * depth - 2) - (depth - 1) * rho ** (depth - 2)
                along += mpmath.log(abs(1 - eta * h))
                across += mpmath.log(abs(1 - (eta * (rho**depth - 1) * rho ** (depth - 2)) ** 2))
            rho = rho - eta * (rho**depth - 1) * rho ** (depth - 1)
        return float(along / steps), float(across / steps)


@pytest.mark.parametrize(("eta", "tolerance"), [(0.55, 1e-5), (0.63, 1e-5), (0.656, 1e-5)])
def test_exponents_of_depth_four_on_cycles(eta, tolerance):
    along, across = mp_exponents(4, eta, 512)
    for model in ("balanced", "modes"):
        ds = run(
            Sweep(
                model=model,
                axes={"eta": eta, "alpha": 0.3, "depth": 4},
                steps=20_000,
                observables=["lyapunov", "balancing"],
            )
        )
        assert ds.balancing_exponent.item() == pytest.approx(across, abs=tolerance)
        assert ds.lyapunov.item() == pytest.approx(along if model == "balanced" else max(along, across), abs=tolerance)


def test_exponents_of_depth_four_in_chaos():
    """docs/theory.md, from mp_exponents(4, 0.72, 700_000, digits=18): a minute of arithmetic."""
    eta, along, across = 0.72, 0.3897, -0.0436
    axes = {"eta": eta, "alpha": {"start": 0.5, "stop": 0.8, "num": 16}, "depth": 4}
    ds = run(Sweep(model="balanced", axes=axes, record=200_000, period_max=256, observables=["lyapunov", "balancing"]))
    assert float(ds.lyapunov.mean()) == pytest.approx(along, abs=2e-3)
    assert float(ds.balancing_exponent.mean()) == pytest.approx(across, abs=2e-3)


def test_exponents_at_a_minimum(quick):
    """Below the edge the balanced map contracts by 1 - eta S; in (a, b) the valley of minima is neutral."""
    for depth in (2, 3, 5):
        eta = 0.6 * 2 / depth
        one = quick("balanced", axes={"eta": eta, "alpha": 0.7, "depth": depth}, steps=4000, observables=["lyapunov"])
        assert one.lyapunov.item() == pytest.approx(math.log(abs(1 - eta * depth)), abs=1e-12)
        two = quick("modes", axes={"eta": eta, "alpha": 0.7, "depth": depth}, steps=4000, observables=["lyapunov"])
        assert abs(two.lyapunov.item()) < 1e-14


def test_a_superstable_orbit_reports_the_floor(quick):
    ds = quick("balanced", axes={"eta": 0.5, "alpha": 0.7, "depth": 2}, steps=4000, observables=["lyapunov"])
    assert ds.lyapunov.item() == pytest.approx(reference.FLOOR, abs=1e-9), "1 - eta S = 0"
    assert f"{reference.FLOOR:.2f}" in ds.lyapunov.attrs["comment"]


def test_lyapunov_at_the_last_eta_of_depth_two(quick):
    axes = {"eta": 2 - 1e-7, "alpha": {"start": 0.3, "stop": 0.8, "num": 64}, "depth": 2}
    ds = quick("balanced", axes=axes, steps=1000, record=20_000, observables=["lyapunov"])
    assert float(ds.lyapunov.mean()) == pytest.approx(math.log(3), abs=2e-3)


def mp_gap(layers, s, eta, steps, digits=120):
    """max over l of |w_L^2 - w_l^2| after the steps, as a difference in so many digits."""
    with mpmath.workdps(digits):
        w, eta, s = [mpmath.mpf(x) for x in layers], mpmath.mpf(eta), mpmath.mpf(s)
        for _ in range(steps):
            e = mpmath.fprod(w) - s
            w = [x - eta * e * mpmath.fprod(w[:k] + w[k + 1 :]) for k, x in enumerate(w)]
        return max(abs(w[-1] ** 2 - x**2) for x in w[:-1])


@pytest.mark.parametrize(
    ("layers", "eta", "reached"),
    [
        ((0.5, 0.0), 1.05, 1e-20),
        ((0.5, 0.0), 1.1, 1e-90),
        ((0.3, 0.3, 0.0), 0.72, 1e-10),
        ((0.3, 0.3, 0.0), 0.78, 1e-40),
        ((0.9, 0.7, 1.2), 0.7, 1e-5),
        ((0.6, 0.6, 0.6, 0.0), 0.55, 1e-10),
    ],
)
def test_gap_against_many_digits(layers, eta, reached):
    """Relative error below 1e-9 over 2,000 steps, against a difference of squares in 120 digits."""
    start = {"spectral": [[w] for w in layers]}
    for steps in (10, 100, 1000, 2000):
        exact = mp_gap(layers, 1.0, eta, steps)
        sweep = Sweep(
            model="modes", axes={"eta": eta}, start=start, steps=steps - 1, record=1, observables=["balancing"]
        )
        ds = run(sweep)
        assert abs(mpmath.mpf(ds.balancing_gap.item()) / exact - 1) < 1e-9
        assert ds.balancing_gap_log10.item() == pytest.approx(float(mpmath.log10(exact)), rel=1e-12, abs=1e-9)
    assert exact < reached


def test_gaps_below_the_range_of_float64():
    """Depth 2 on its two-cycle: the log keeps going at the exponent's rate where the gap itself is 0."""
    eta, axes = 1.1, {"eta": 1.1, "alpha": 0.5, "depth": 2}
    ds = run(Sweep(model="modes", axes=axes, steps=20_000, record=2_000, observables=["balancing"]))
    low, high = theory.two_cycle(eta, 1.0, 2)
    factors = [abs(1 - eta**2 * (rho**2 - 1) ** 2) for rho in (low, high)]
    assert ds.balancing_exponent.item() == pytest.approx(np.log(factors).mean(), rel=1e-12)
    assert ds.balancing_gap.item() == 0.0
    assert ds.balancing_gap_log10.item() < -1000
    assert ds.balancing_monotone_from.item() == 0


def test_the_balancing_theorem():
    """eta > 2/S and alpha below its bound: the gap shrinks at every step from the start on."""
    for depth in (2, 3, 4):
        kappas = np.array([2.05, 2.3, 2.6, 2.8])
        for kappa in kappas:
            eta = kappa / depth
            bound = float(theory.balancing_alpha_bound(eta, 1.0, depth))
            axes = {"eta": eta, "alpha": [0.3 * bound, 0.7 * bound, 0.999 * bound], "depth": depth}
            ds = run(Sweep(model="modes", axes=axes, steps=3000, record=64, observables=["balancing"]))
            np.testing.assert_array_equal(ds.balancing_monotone_from.values.ravel(), 0)


def test_the_papers_balancing_gap():
    """theory.md D: L = 2, s = 5, start (1.5, 2.25)."""
    expected = {0.18: (2.386000, 2.377503, 2.377503), 0.21: (1.165347, 8.846877e-3, 6.24e-12)}
    for eta, gaps in expected.items():
        for steps, gap in zip((10, 100, 500), gaps, strict=True):
            sweep = Sweep(
                model="modes",
                axes={"eta": eta},
                target={"singular_values": [5.0]},
                start={"spectral": [[1.5], [2.25]]},
                steps=steps - 1,
                record=1,
                observables=["balancing"],
            )
            assert run(sweep).balancing_gap.item() == pytest.approx(gap, rel=1e-3 if gap < 1e-6 else 1e-6)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
@pytest.mark.parametrize("modes", [2, 3, 4])
def test_sharpness_against_the_dense_hessian(depth, modes):
    """On and off the minimum, layers all different."""
    rng = np.random.default_rng(10 * depth + modes)
    for case in range(4):
        s = rng.uniform(0.2, 2.0, modes)
        w = rng.uniform(-1.3, 1.3, (depth, modes))
        if case == 0:
            w = np.broadcast_to(s ** (1 / depth), (depth, modes)).copy()
        elif case == 1:
            w[-1] = s / w[:-1].prod(axis=0)
        dense = np.linalg.eigvalsh(reference.hessian([np.diag(x) for x in w], np.diag(s)))[-1]
        assert theory.sharpness(w, s) == pytest.approx(dense, rel=1e-9)
        ds = run(
            Sweep(
                model="modes",
                axes={"eta": 0.0},
                target={"singular_values": s},
                start={"spectral": w},
                steps=0,
                record=1,
                observables=["sharpness"],
            )
        )
        assert ds.sharpness.item() == pytest.approx(dense, rel=1e-9)


def test_the_twins_hessian_is_the_gradients_derivative():
    rng = np.random.default_rng(3)
    weights, target, h = [rng.normal(size=(3, 3)) for _ in range(3)], rng.normal(size=(3, 3)), 1e-6
    direction = [rng.normal(size=(3, 3)) for _ in range(3)]

    def gradient(weights):
        error = reference.chain(weights) - target
        above = lambda k: reference.chain(weights[k + 1 :]) if k < 2 else np.eye(3)  # noqa: E731  # as short as the formula
        below = lambda k: reference.chain(weights[:k]) if k else np.eye(3)  # noqa: E731  # as short as the formula
        return [above(k).T @ error @ below(k).T for k in range(3)]

    ahead, behind = (gradient([w + sign * h * v for w, v in zip(weights, direction, strict=True)]) for sign in (1, -1))
    for a, b, exact in zip(ahead, behind, reference.hessian_times(weights, target, direction), strict=True):
        np.testing.assert_allclose((a - b) / (2 * h), exact, rtol=1e-6, atol=1e-8)


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


def test_rates_run_over_whole_periods():
    """Depth 3, eta = 1.0: the window of period 3, once doubled; the default record is no multiple of it."""
    axes = {"eta": 1.0, "alpha": 0.5, "depth": 3}
    for record in (512, 1000):
        ds = run(Sweep(model="balanced", axes=axes, record=record, observables=["period", "lyapunov", "balancing"]))
        assert ds.period.item() == 6
        assert record % 6
        assert ds.lyapunov.item() == pytest.approx(-0.283357, abs=1e-5)
        assert ds.balancing_exponent.item() == pytest.approx(-0.211749, abs=1e-5)


def test_mixing_tells_where_the_network_leaves_the_modes():
    """theory.md C: s = (10, 9.5, 9) at eta = .034 leaves the diagonal orbit, s = (10, 8, 6) at .032 stays."""
    for s, eta, leaves in (((10.0, 9.5, 9.0), 0.034, True), ((10.0, 8.0, 6.0), 0.032, False)):
        axes = {"eta": eta, "alpha": 0.01, "depth": 3}
        ds = run(Sweep(model="modes", axes=axes, target={"singular_values": s}, steps=3000, observables=["mixing"]))
        assert (ds.mixing_exponent.item() > 0) is leaves


def test_flow_sharpness_at_a_balanced_point():
    w = np.full((4, 2), 0.5)
    s = np.array([1.3, 0.4])
    assert theory.flow_sharpness(w, s) == pytest.approx(float(theory.stability_limit(1.3, 4)), rel=1e-13)


def test_flow_sharpness_decreases_along_gradient_descent():
    """Kreisler et al. (arXiv 2305.13064): monotonically, for scalar networks."""
    sweep = Sweep(
        model="modes",
        axes={"eta": 0.2, "alpha": 1.0},
        start={"spectral": [[1.5], [0.4], [0.9]]},
        steps=0,
        record=200,
        observables=["flow_sharpness"],
        trajectory=1,
    )
    ds = run(sweep)
    states = states_of(ds, 3)[0, 0]
    values = theory.flow_sharpness(states, [1.0])
    assert np.all(np.diff(values) <= 1e-12 * values[:-1])
    assert ds.flow_sharpness.item() == pytest.approx(values[-1], rel=1e-12)


def test_flow_that_ends_at_a_saddle_has_no_sharpness():
    assert np.isnan(theory.flow_sharpness(np.full((3, 1), -0.5), [1.0]))
    assert theory.flow_sharpness(np.array([[0.5], [0.5], [-0.1]]), [1.0]) > 3


def test_edge_step_is_the_first_sample_beyond_the_edge():
    keys = {
        "model": "modes",
        "axes": {"eta": 0.035, "alpha": 0.01, "depth": 3},
        "target": {"singular_values": [10.0, 9.5, 9.0]},
        "steps": 900,
        "record": 100,
    }
    ds = run(Sweep(**keys, trajectory=1, observables=["edge_step"])).squeeze()
    beyond = ds.trajectory_sharpness.values >= 2 / 0.035
    assert ds.edge_step.item() == int(np.argmax(beyond))
    thinned = run(Sweep(**keys, sharpness_every=50, observables=["edge_step"]))
    assert thinned.edge_step.item() == 50 * int(np.argmax(beyond[::50]))
    assert thinned.edge_step.attrs["sharpness_every"] == 50


EVERY_MAP = [
    ("balanced", "balanced", [3]),
    ("modes", "one-zero", [2, 3]),
    ("modes", {"spectral": [[0.5], [0.7], [1.0]]}, [3]),
]


@pytest.mark.parametrize(("model", "start", "depth"), EVERY_MAP)
def test_trajectories_end_on_the_bits_of_the_record(model, start, depth):
    """Chaos included: the steps are the same ones, whatever is measured along them."""
    keys = {
        "model": model,
        "start": start,
        "axes": {"eta": {"start": 0.5, "stop": 1.3, "num": 40}, "alpha": [0.2, 0.9], "depth": depth},
        "steps": 1000,
        "record": 24,
        "orbit_samples": 4,
    }
    measured = ["orbit", "lyapunov", "balancing", "sharpness", "loss", "escape_step"]
    ds = run(Sweep(**keys, observables=measured, trajectory=8))
    alone = run(Sweep(**keys, observables=["orbit"]))
    assert ds.orbit.values.tobytes() == alone.orbit.values.tobytes()
    assert (ds.fate.values == reference.APERIODIC).any()
    kept = np.isfinite(ds.orbit.values[..., -1])
    assert ds.trajectory_product.values[..., -1][kept].tobytes() == ds.orbit.values[..., -1][kept].tobytes()
    assert list(ds.step.values[:3]) == [0, 8, 16]
    assert ds.step.values[-1] == 1024


def test_layers_beyond_the_depth_are_nan():
    axes = {"eta": 0.4, "alpha": 0.5, "depth": [2, 3]}
    ds = run(Sweep(model="modes", axes=axes, steps=100, record=1, observables=[], trajectory=50))
    assert np.isnan(ds.trajectory_singular_value.sel(depth=2, layer=3)).all()
    assert np.isfinite(ds.trajectory_singular_value.sel(depth=3)).all()
    assert np.isfinite(ds.trajectory_singular_value.sel(depth=2, layer=[1, 2])).all()


def test_one_mode_of_several_is_measured_like_one_alone():
    """A network of one mode is compiled in one pass over its points, several modes in more."""
    axes = {"eta": [0.3, 0.75, 1.0], "alpha": [0.1, 0.6], "depth": 3}
    names = ["lyapunov", "balancing", "sharpness", "loss"]
    one = run(Sweep(model="modes", axes=axes, steps=500, observables=names))
    two = run(Sweep(model="modes", axes=axes, steps=500, observables=names, target={"singular_values": [1.0, 0.0]}))
    every = run(Sweep(model="modes", axes=axes, steps=500, observables=names, sharpness_every=2))
    for name in ("lyapunov", "balancing_gap_log10", "balancing_exponent", "balancing_monotone_from"):
        assert one[name].values[..., 0].tobytes() == two[name].values[..., 0].tobytes()
        assert one[name].values.tobytes() == every[name].values.tobytes()
    rest = 0.5 * (0.0 - 0.0) ** 2
    np.testing.assert_allclose(one.loss.values + rest, two.loss.values, rtol=1e-13, atol=1e-30)


@pytest.mark.parametrize("depth", range(2, 9))
def test_two_cycles_of_the_sweep_solve_the_two_cycle_equation(depth):
    etas = np.array([2.02, 2.1, 2.2, 2.4]) / depth
    ds = run(
        Sweep(
            model="balanced",
            axes={"eta": etas, "alpha": 0.9, "depth": depth},
            observables=["period", "orbit"],
            orbit_samples=2,
        )
    ).squeeze()
    np.testing.assert_array_equal(ds.period.values, 2)
    rho = np.sort(ds.orbit.values, axis=-1) ** (1 / depth)
    z = 1 + etas[:, None] * (1 - rho**depth) * rho ** (depth - 2)
    np.testing.assert_allclose(rho**depth * (1 + z ** (2 * depth - 1)) / (1 + z ** (depth - 1)), 1.0, rtol=1e-12)
    low, high = theory.two_cycle(etas, 1.0, depth)
    np.testing.assert_allclose(rho, np.stack([low, high], axis=-1), rtol=1e-12)
