"""Dimensions and basins of sets whose measures are known, and of planes by a plain twin."""

import math

import numpy as np
import pytest
import xarray as xr

import fastdln
from fastdln import DatasetError, Sweep, analysis
from fastdln.analysis import box_counting, planes

LN2, LN3 = math.log(2), math.log(3)


def plane(values, name="fate", chunks=None):
    ds = xr.Dataset({name: (("alpha", "eta"), values)})
    return ds.chunk({"alpha": chunks, "eta": chunks}) if chunks else ds


def cantor(generation):
    """Cells of the middle-thirds set, 3^generation of them."""
    cells = np.array([True])
    for _ in range(generation):
        cells = np.concatenate([cells, np.zeros_like(cells), cells])
    return cells


def two_classes(cells):
    return np.where(cells, 5, 1).astype(np.uint8)


def grid(n):
    return np.mgrid[:n, :n]


DUST = cantor(7)
Y, X = grid(2048)
SETS = {
    "Cantor set": (DUST[None], LN2 / LN3),
    "Cantor set, larger": (cantor(9)[None], LN2 / LN3),
    "Cantor set times a line": (np.broadcast_to(DUST, (3**7, 3**7)), 1 + LN2 / LN3),
    "Cantor dust": (DUST[:, None] & DUST, 2 * LN2 / LN3),
    "line": (np.abs(Y - 0.37 * X - 400) < 0.5, 1.0),
    "level line": (Y == 700, 1.0),
    "filled disc": ((X - 1024) ** 2 + (Y - 1024) ** 2 < 800**2, 2.0),
    "all": (np.ones((2048, 2048), bool), 2.0),
}


@pytest.mark.parametrize("name", SETS)
def test_dimensions_of_sets(name):
    cells, expected = SETS[name]
    found = analysis.box_counting_dimension(plane(cells, "inside"), of="inside")
    assert found.dimension.item() == pytest.approx(expected, abs=0.02)
    assert found.dimension_low < found.dimension < found.dimension_high or expected == 2.0


BOUNDARIES = {
    "line": (Y < 0.37 * X + 400, 1.0),
    "circle": ((X - 1024) ** 2 + (Y - 1024) ** 2 < 800**2, 1.0),
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_dimensions_of_boundaries(name):
    cells, expected = BOUNDARIES[name]
    found = analysis.box_counting_dimension(plane(two_classes(cells)))
    assert found.dimension.item() == pytest.approx(expected, abs=0.02)


def test_intervals_hold_the_dimension_of_smooth_curves():
    """As often as they say, about: those of independent residuals do in two thirds of the cases."""
    rng, held = np.random.default_rng(8), 0
    for _ in range(30):
        (cx, cy), (a, b), angle = rng.uniform(390, 634, 2), rng.uniform(120, 370, 2), rng.uniform(0, np.pi)
        along, across = X[:1024, :1024] - cx, Y[:1024, :1024] - cy
        u, v = along * np.cos(angle) + across * np.sin(angle), across * np.cos(angle) - along * np.sin(angle)
        found = analysis.box_counting_dimension(plane(two_classes((u / a) ** 2 + (v / b) ** 2 < 1)))
        held += (found.dimension_low <= 1 <= found.dimension_high).item()
    assert held >= 27


def test_an_interval_reaches_as_far_as_the_slopes_of_halves():
    """Of a line that bends: log y = k^2 / 10 at log x = k from 0 to 10 has the slope 1, and 1.5 from 5 to 10."""
    k = np.random.default_rng(0).permutation(11)
    line = box_counting.fitted(np.exp(k), np.exp(k**2 / 10))
    assert (line.low, line.slope, line.high) == pytest.approx((0.5, 1.0, 1.5), rel=1e-12)


def test_the_edges_of_a_cantor_set():
    """Each part of it has two of them, close together, which tells at the smallest sizes: less so the finer the grid."""
    errors = [
        analysis.box_counting_dimension(plane(two_classes(cantor(k)[None]))).dimension.item() - LN2 / LN3
        for k in (6, 7, 8, 9)
    ]
    assert max(map(abs, errors)) < 0.06
    assert abs(errors[-1]) < 0.03


def escaping(n, most=60):
    """Steps until z' = z^2 + c leaves the disc of radius 2; its boundary has dimension 2, so that a grid's is well above 1."""
    y, x = np.mgrid[-1.25 : 1.25 : n * 1j, -2.0 : 0.6 : n * 1j]
    c = x + 1j * y
    z, inside = np.zeros_like(c), np.ones(c.shape, bool)
    for _ in range(most):
        z[inside] = z[inside] ** 2 + c[inside]
        inside &= np.abs(z) <= 2
    return two_classes(inside)


def test_a_fractal_boundary_is_told_from_a_line():
    found = analysis.box_counting_dimension(plane(escaping(768)))
    assert 1.1 < found.dimension_low.item() < found.dimension.item() < 1.6
    exponent = analysis.uncertainty_exponent(plane(escaping(768)))
    assert 0.4 < exponent.exponent.item() < 0.9
    assert exponent.boundary_dimension.item() == pytest.approx(2 - exponent.exponent.item())


def naive_boxes(codes, size):
    """Boxes of size + 1 points along each axis that hold several classes, from each corner on; on average."""
    counts = []
    for one in (codes, codes[::-1], codes[:, ::-1], codes[::-1, ::-1]):
        rows, columns = (range(0, n - 1, size) for n in one.shape)
        counts.append(sum(len(np.unique(one[r : r + size + 1, c : c + size + 1])) > 1 for r in rows for c in columns))
    return np.mean(counts)


@pytest.mark.parametrize("shape", [(70, 90), (65, 128), (97, 64)])
@pytest.mark.parametrize("band", [1, 2**25])
def test_boxes_agree_with_a_plain_count(shape, band, monkeypatch):
    """Whatever the bands in which they are read."""
    monkeypatch.setattr(planes, "CELLS_PER_BAND", band)
    codes = np.random.default_rng(3).choice([1, 1, 1, 1, 2, 5], shape).astype(np.uint8)
    codes[20:50, 10:60] = 1
    sizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    found = analysis.box_counting_dimension(plane(codes), sizes=sizes)
    assert found.boxes.values.tolist() == [naive_boxes(codes, size) for size in sizes]


def test_bands_give_what_the_whole_gives(monkeypatch):
    """Beyond the largest box of a band, and of a dataset that is read lazily."""
    codes = two_classes(np.random.default_rng(0).random((1700, 1600)) < 0.0002)
    whole = analysis.box_counting_dimension(plane(codes), sizes=[64, 256, 768, 1536])
    assert whole.boxes.values[1] == naive_boxes(codes, 256)
    assert whole.boxes.values[3] == naive_boxes(codes, 1536)
    monkeypatch.setattr(planes, "CELLS_PER_BAND", 1)
    xr.testing.assert_equal(
        analysis.box_counting_dimension(plane(codes, chunks=500), sizes=[64, 256, 768, 1536]), whole
    )


def naive_uncertain(codes, distance):
    padded = np.pad(codes.astype(float), distance, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * distance + 1,) * 2)
    return np.mean(np.nanmin(windows, axis=(2, 3)) != np.nanmax(windows, axis=(2, 3)))


@pytest.mark.parametrize("band", [1, 2**25])
def test_uncertain_points_agree_with_a_plain_count(band, monkeypatch):
    monkeypatch.setattr(planes, "CELLS_PER_BAND", band)
    codes = two_classes((Y < 0.37 * X + 9)[:80, :75])
    codes[40, 10] = 3
    found = analysis.uncertainty_exponent(plane(codes))
    assert found.distance.values.tolist() == [1, 2, 4]
    np.testing.assert_allclose(found.fraction, [naive_uncertain(codes, e) for e in (1, 2, 4)], rtol=1e-15)


def test_the_uncertainty_of_a_line_is_its_distance():
    found = analysis.uncertainty_exponent(plane(two_classes(Y < 0.37 * X + 400)))
    assert found.exponent.item() == pytest.approx(1.0, abs=0.02)
    assert found.boundary_dimension.item() == pytest.approx(1.0, abs=0.02)


def test_the_entropy_of_boxes():
    """Half of each box on the border is of either class: ln 2 there, and 0 elsewhere."""
    codes = two_classes(np.broadcast_to(np.arange(100) < 55, (80, 100)))
    found = analysis.basin_entropy(plane(codes), box=10)
    assert (found.boxes.item(), found.boundary_boxes.item()) == (80, 8)
    assert found.boundary_entropy.item() == pytest.approx(LN2, rel=1e-14)
    assert found.entropy.item() == pytest.approx(LN2 / 10, rel=1e-14)
    assert found.entropy_error.item() == pytest.approx(np.std([LN2] * 8 + [0] * 72, ddof=1) / np.sqrt(80), rel=1e-12)
    noise = np.random.default_rng(0).choice([1, 2, 5], (500, 500)).astype(np.uint8)
    assert analysis.basin_entropy(plane(noise), box=50).entropy.item() == pytest.approx(LN3, abs=0.002)
    assert np.isnan(analysis.basin_entropy(plane(np.ones((20, 20), np.uint8))).boundary_entropy)


def test_shares_of_classes():
    codes = np.repeat(np.array([1, 1, 1, 5], np.uint8), 25).reshape(10, 10)
    found = analysis.basin_fractions(plane(codes))
    assert found.code.values.tolist() == [1, 5]
    assert found.fraction.values.tolist() == [0.75, 0.25]
    np.testing.assert_allclose(found.fraction_error, np.sqrt(0.75 * 0.25 / 100), rtol=1e-14)


@pytest.fixture(scope="module")
def diagram():
    axes = {
        "eta": {"start": 0.9, "stop": 1.6, "num": 130},
        "alpha": {"start": 0.1, "stop": 1.2, "num": 100},
        "depth": [2, 3],
    }
    return fastdln.run(Sweep(model="modes", axes=axes, steps=400, record=16, observables=["period"]))


@pytest.mark.filterwarnings("ignore:steps =")
def test_a_sweep_is_measured_along_its_depths(diagram):
    found = analysis.box_counting_dimension(diagram, group="diverged", sizes=[1, 2, 4, 8])
    assert found.dimension.dims == ("depth",)
    for depth in (2, 3):
        lost = two_classes(diagram.fate.sel(depth=depth).values == 5)
        alone = analysis.box_counting_dimension(plane(lost), sizes=[1, 2, 4, 8])
        xr.testing.assert_allclose(found.sel(depth=depth).drop_vars("depth"), alone)
    shares = analysis.basin_fractions(diagram)
    assert shares.fraction.sum("code").values.tolist() == pytest.approx([1, 1])
    assert "diverged" in shares.code_name.values
    periods = analysis.basin_fractions(diagram, "period")
    for code, name in zip(periods.code.values.tolist(), periods.code_name.values.tolist(), strict=True):
        assert name == {-1: "diverged", 0: "no period"}.get(code, f"period {code}")
        np.testing.assert_allclose(periods.fraction.sel(code=code), (diagram.period == code).mean(("alpha", "eta")))
    assert {-1, 0, 1, 2} <= set(periods.code.values.tolist())
    edges = analysis.boundary(diagram, group="diverged")
    assert edges.dims == diagram.fate.dims
    lost = diagram.fate.values == 5
    expected = np.zeros_like(lost)
    expected[:, 1:] |= lost[:, 1:] != lost[:, :-1]
    expected[:, :-1] |= lost[:, 1:] != lost[:, :-1]
    expected[:, :, 1:] |= lost[:, :, 1:] != lost[:, :, :-1]
    expected[:, :, :-1] |= lost[:, :, 1:] != lost[:, :, :-1]
    np.testing.assert_array_equal(edges, expected)
    assert analysis.box_counting_dimension(diagram, of="period", sizes=[1, 2, 4]).dimension.dims == ("depth", "mode")


GOOD = plane(two_classes(np.eye(100, dtype=bool)))
MEASURES = [
    analysis.boundary,
    analysis.box_counting_dimension,
    analysis.uncertainty_exponent,
    analysis.basin_entropy,
    analysis.basin_fractions,
]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.__name__)
def test_what_cannot_be_measured_is_one_line(measure):
    for ds, keys, said in (
        ("x", {}, "ds: must be an xarray.Dataset"),
        (GOOD, {"of": "fat"}, "of: the dataset has no 'fat' (did you mean fate?)"),
        (GOOD, {"of": 3}, "of: the dataset has no 3"),
        (GOOD, {"dims": None}, "dims: must be a name or a list of names"),
        (GOOD, {"dims": ("alpha", "alpha")}, "dims: must be the names of two axes"),
        (GOOD, {"dims": ("depth", "eta")}, "dims: fate does not lie along 'depth'"),
        (plane(np.eye(9)), {}, "of: fate has values of type float64"),
        (plane(np.ones((1, 1), np.uint8)), {}, "dims: both alpha and eta have a single value"),
        (GOOD.isel(eta=slice(0)), {}, "eta: fate has no values there; select one or more"),
        (GOOD.isel(alpha=slice(0)), {}, "alpha: fate has no values there"),
        (GOOD.isel(alpha=slice(0), eta=[0]), {}, "alpha: fate has no values there"),
        (GOOD.isel(alpha=slice(0), eta=slice(0)), {}, "alpha, eta: fate has no values there"),
        (GOOD.expand_dims(depth=np.arange(0)), {}, "depth: fate has no values there"),
    ):
        with pytest.raises(DatasetError) as refusal:
            measure(ds, **keys)
        assert str(refusal.value).startswith(said)


def test_other_refusals(diagram):
    for call, said in (
        (lambda: analysis.box_counting_dimension(GOOD, sizes=[1, 2, 5]), "sizes: must be 2^k or 3 2^k"),
        (lambda: analysis.box_counting_dimension(GOOD, sizes=7), "sizes: must be a list of whole numbers"),
        (lambda: analysis.box_counting_dimension(GOOD, sizes=[1, 2, 4.0]), "sizes: must be 2^k or 3 2^k"),
        (lambda: analysis.uncertainty_exponent(GOOD, group=5), "group: must be a name or a list of names"),
        (lambda: analysis.box_counting_dimension(GOOD, sizes=[1, 2]), "sizes: must be 3 or more"),
        (lambda: analysis.box_counting_dimension(GOOD.isel(eta=slice(20))), "dims: an axis has 20 values; boxes of 3"),
        (
            lambda: analysis.uncertainty_exponent(GOOD.isel(eta=slice(71))),
            "dims: an axis has 71 values; 3 distances need 72",
        ),
        (lambda: analysis.basin_entropy(GOOD, box=101), "box: must be a whole number from 2 to 100"),
        (lambda: analysis.boundary(diagram, group="lost"), "group: fate has no class 'lost'"),
        (lambda: analysis.boundary(diagram, group=[]), "group: give at least one class; valid: converged, periodic"),
        (lambda: analysis.basin_entropy(GOOD, group=()), "group: give at least one class; valid: fate has no names"),
        (lambda: analysis.box_counting_dimension(GOOD, sizes=np.array(7)), "sizes: must be a list of whole numbers"),
        (lambda: analysis.basin_fractions(diagram.assign(fate=diagram.fate * 0)), "fate: "),
    ):
        with pytest.raises(DatasetError) as refusal:
            call()
        assert str(refusal.value).startswith(said)


def test_numbers_of_numpy_are_taken():
    sizes = [1, 2, 4]
    found = analysis.box_counting_dimension(GOOD, sizes=np.array(sizes, np.uint16))
    xr.testing.assert_equal(found, analysis.box_counting_dimension(GOOD, sizes=sizes))
    xr.testing.assert_equal(analysis.basin_entropy(GOOD, box=np.int64(7)), analysis.basin_entropy(GOOD, box=7))


def test_every_size_is_reached_from_a_smaller_one():
    assert [size for size in box_counting.SIZES if size <= 32] == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    assert box_counting.SIZES[-1] > 2**25


@pytest.mark.parametrize("measure", [analysis.box_counting_dimension, analysis.uncertainty_exponent])
def test_lengths_need_cells_of_one_size(measure):
    codes = (np.add.outer(np.arange(72), np.arange(72)) < 60).astype(np.uint8)
    axes = {"alpha": np.linspace(0.1, 1.0, 72), "eta": np.geomspace(0.01, 3.0, 72)}

    def plane(**changed):
        return xr.Dataset({"fate": (("alpha", "eta"), codes)}, axes | changed)

    assert np.isfinite(measure(plane())[next(iter(measure(plane()).data_vars))])
    assert measure(plane(eta=1.4 + 2.0**-52 * np.arange(72))).sizes, "as narrow as float64 can tell"
    for values in (np.linspace(0.1, 1.0, 72) ** 2, np.r_[0.0, np.geomspace(0.1, 1.0, 71)], np.full(72, 0.5)):
        with pytest.raises(DatasetError, match="dims: eta is not in even steps or even ratios"):
            measure(plane(eta=values))


@pytest.mark.parametrize(
    "codes",
    [
        np.array([1, 2, 3], np.int64) * 2**33,
        np.array([1, 2, 3], np.int64) + 2**60,
        np.array([1, 2, 3], np.uint64) + np.uint64(2**63),
        np.array([0, 2**32 - 1, 3 * 10**9], np.uint32),
        np.array([-128, 127, 0], np.int8),
    ],
    ids=["int64", "int64 beyond doubles", "uint64", "uint32", "int8"],
)
def test_codes_of_any_width_are_told_apart(codes):
    """As the indices 0, 1 and 2 are, by every measure."""
    which = np.where(Y < 0.37 * X + 9, 0, 1)[:80, :75]
    which[40:43, 10] = 2
    small = plane(which.astype(np.uint8))
    fraction = [naive_uncertain(which, e) for e in (1, 2, 4)]
    np.testing.assert_allclose(analysis.uncertainty_exponent(plane(codes[which])).fraction, fraction, rtol=1e-15)
    for measure in (analysis.box_counting_dimension, analysis.basin_entropy, analysis.boundary):
        xr.testing.assert_equal(measure(plane(codes[which])), measure(small))
    shares = analysis.basin_fractions(plane(codes[which]))
    assert {int(code): share for code, share in zip(shares.code.values, shares.fraction.values, strict=True)} == {
        int(codes[k]): np.mean(which == k) for k in range(3)
    }
