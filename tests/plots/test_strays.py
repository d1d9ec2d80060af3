"""Limits that a few values far outside do not stretch, the note that counts these, and lines that switches part."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from fastdln import Sweep, plots, run
from fastdln.plots.against_eta import alone, parted
from fastdln.plots.labels import NOTE, note
from fastdln.plots.scales import without_strays
from tests.plots.figures import mesh_of

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")


def notes_on(ax):
    return [text.get_text().replace("\n", " ") for text in ax.texts if text.get_gid() == NOTE]


@pytest.fixture(scope="module")
def many():
    """One mode at 240 learning rates up to its two-cycle."""
    return run(
        Sweep(
            model="balanced",
            axes={"eta": {"start": 0.5, "stop": 1.2, "num": 240}, "alpha": 0.3, "depth": 2},
            target={"singular_values": [1.0]},
            steps=500,
            record=32,
            orbit_samples=8,
            observables=["period", "orbit", "oscillation_range", "lyapunov", "loss"],
        )
    )


def with_stray(ds, name, value, index=60):
    """The dataset with one value of a variable, at one learning rate, far outside."""
    changed = ds[name].copy(deep=True)
    changed[{"eta": index}] = value
    return ds.assign({name: changed})


@pytest.mark.parametrize("strays", [0, 1, 3])
def test_strays_are_counted(strays):
    rng = np.random.default_rng(strays)
    values = rng.uniform(-1, 2, 1000)
    low, high = values.min(), values.max()
    far = np.array([1e9, -70.0, 1e3])[:strays]
    mixed = rng.permutation(np.concatenate([values, far, [np.nan, np.inf]])).reshape(-1, 2 if strays % 2 == 0 else 1)
    assert without_strays(mixed) == (low, high, strays)


def test_what_is_no_stray():
    """Few values, many far ones, and the smooth end of a curve."""
    assert without_strays([0, 1, 2, 1e9]) == (0, 1e9, 0)
    assert without_strays([*np.linspace(0, 1, 500), *np.linspace(90, 99, 20)])[2] == 0
    assert without_strays(np.linspace(0, 1, 400) ** 2) == (0, 1, 0)
    assert without_strays(np.full(300, 0.4)) == (0.4, 0.4, 0)
    assert without_strays([np.nan])[2] == 0


def along_steps(*eta):
    axes, shared = {"eta": list(eta), "alpha": 0.5, "depth": 2}, {"model": "modes", "steps": 180, "record": 20}
    return run(Sweep(axes=axes, **shared, observables=["loss"], trajectory=1))


@pytest.mark.parametrize("kind", ["sharpness", "trajectory", "layers"])
def test_the_start_of_a_run_is_no_stray(kind):
    ax = plots.PLOTS[kind].draw(along_steps(0.5), eta=0.5)
    assert not notes_on(ax)
    assert ax.get_ylim()[0] <= 0.5


def test_a_run_that_diverges_does_not_stretch_the_others():
    ds = along_steps(0.5, 0.9, 2.3)
    values = ds.trajectory_sharpness.values
    assert np.nanmax(values) > 1e5
    ax = plots.sharpness(ds)
    beyond = int((values > ax.get_ylim()[1]).sum())
    assert ax.get_ylim()[1] < 20
    assert notes_on(ax) == [f"{beyond} of {np.isfinite(values).sum()} values beyond the axis"]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [("oscillation_range", "oscillation_range", 1e6), ("lyapunov", "lyapunov", 40.0), ("loss", "loss_max", 1e40)],
)
def test_one_stray_does_not_stretch_an_axis(kind, name, value, many):
    plain, mended = plots.PLOTS[kind].draw(many), plots.PLOTS[kind].draw(with_stray(many, name, value))
    of = 3 * 240 if kind == "loss" else 240
    cut = int((many.lyapunov < plain.get_ylim()[0]).sum()) if kind == "lyapunov" else 0  # superstable orbits
    assert notes_on(plain) == ([f"{cut} of {of} values beyond the axis"] if cut else [])
    assert notes_on(mended) == [f"{cut + 1} of {of} values beyond the axis"]
    before, after = np.array(plain.get_ylim()), np.array(mended.get_ylim())
    if kind == "loss":
        before, after = np.log10(before), np.log10(after)
    np.testing.assert_allclose(after, before, atol=0.2 * np.ptp(before))


def test_a_stray_orbit_is_counted_sample_by_sample(many):
    plain, mended = plots.bifurcation(many), plots.bifurcation(with_stray(many, "orbit", 1e5))
    assert not notes_on(plain)
    assert notes_on(mended) == ["8 of 1,920 samples beyond the axis"]
    low, high = plain.get_ylim()
    assert mended.get_ylim()[0] == pytest.approx(low, rel=1e-3)
    assert high < mended.get_ylim()[1] < high + 0.15 * (high - low), "no more room than the note needs"
    shares = np.ma.filled(mesh_of(mended).get_array(), 0).sum(axis=0)
    np.testing.assert_allclose(shares, np.arange(240) != 60)


def test_a_note_is_one_text():
    ax = Figure().subplots()
    for text in ("6 of 12 learning rates shown", "1 of 9 values beyond the axis", "6 of 12 learning rates shown"):
        note(ax, text)
    assert notes_on(ax) == ["6 of 12 learning rates shown; 1 of 9 values beyond the axis"]


@pytest.mark.parametrize("kind", ["sharpness", "loss", "balancing"])
def test_learning_rates_that_are_not_drawn_are_said(kind, modes):
    ax = plots.PLOTS[kind].draw(modes, x="step", alpha=0.3)
    assert notes_on(ax) == [f"6 of {modes.sizes['eta']} learning rates shown"]
    assert not notes_on(plots.PLOTS[kind].draw(modes.isel(eta=slice(0, 4)), x="step", alpha=0.3))


def test_lines_are_not_joined_across_switches():
    x, y = parted(np.arange(5.0), np.array([1.0, 2, np.nan, 4, 5]), np.array([1, 4]))
    np.testing.assert_array_equal(x, [0, 0.5, 1, 2, 3, 3.5, 4])
    np.testing.assert_array_equal(y, [1, np.nan, 2, np.nan, 4, np.nan, 5])
    np.testing.assert_array_equal(alone(y), [True, False, True, False, True, False, True])


def joined(line, left, right):
    """Whether a line runs from one learning rate to the next: no NaN lies between."""
    x, y = line.get_xdata(), line.get_ydata()
    return np.isfinite(y[(x >= left) & (x <= right)]).all()


def test_the_line_of_another_pair_is_another(modes):
    """The mixing exponent's line breaks where the pair does, and nowhere else if the fate stays."""
    eta = np.linspace(0.2, 0.4, 30)
    sweep = Sweep(
        model="modes",
        axes={"eta": eta, "alpha": 0.5, "depth": 2},
        target={"singular_values": [1.0, 0.8]},
        steps=900,
        record=16,
        observables=["mixing"],
    )
    ds = run(sweep)
    assert (ds.fate == 1).all()
    ds["mixing_pair"] = (ds.fate.dims, np.where(np.arange(30) < 12, 0, 1).reshape(ds.fate.shape).astype("int16"))
    line = plots.mixing(ds).lines[0]
    assert [joined(line, *eta[k : k + 2]) for k in range(29)] == [k != 11 for k in range(29)]


def test_a_mode_that_comes_to_rest_parts_its_line(many):
    eta = many.eta.values
    line = plots.oscillation_range(many).lines[0]
    period = many.period.values.ravel()
    resting = (period == 1) | ((period == 0) & (many.oscillation_range.values.ravel() < 0.01))
    fate = many.fate.values.ravel()
    for k in range(len(eta) - 1):
        same = resting[k] == resting[k + 1] and min(period[k], 2) == min(period[k + 1], 2) and fate[k] == fate[k + 1]
        if same:
            assert joined(line, eta[k], eta[k + 1])
        elif resting[k] != resting[k + 1]:
            assert not joined(line, eta[k], eta[k + 1])
    assert resting.any() and not resting.all()


def test_few_points_are_markers(modes):
    ax = plots.oscillation_range(modes.isel(alpha=[0]))
    measured = [line for line in ax.lines if line.get_label().startswith("mode")]
    assert measured
    assert all(line.get_linestyle() == "None" and line.get_marker() != "None" for line in measured)
    assert isinstance(modes, xr.Dataset)
