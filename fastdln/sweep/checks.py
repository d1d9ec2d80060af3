"""Checks across the keys of a sweep, each of which is right by itself; every refusal names the key and what would be valid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from fastdln.errors import SweepError
from fastdln.models import MODELS, STARTS
from fastdln.observables import observables_of
from fastdln.observables.observable import PairObservable, PointObservable
from fastdln.sweep import choices, data, layer_axes, momentum, own_parameters, units
from fastdln.sweep.arrays import WIDEST
from fastdln.sweep.axes import Axis, coordinates, is_named, swept_mode, whole_numbers
from fastdln.sweep.extensions.trial_networks import try_out
from fastdln.sweep.families import gives
from fastdln.sweep.problem import Layers, Spectral, Start, check_compressed, check_widths
from fastdln.sweep.sources import MOST_NUMBERS
from fastdln.text import suggestion

if TYPE_CHECKING:  # the model calls these checks
    from fastdln.sweep.schema import Sweep

# The layer-by-layer map is compiled layer by layer; beyond this compiling takes minutes.
DEEPEST_LAYERWISE = 64

# Memory of a network grows with the depth, and matrices beyond this have not been measured.
DEEPEST_MATRICES = 128

# A gradient of matrices, of size s^(2 - 1/L), is formed before eta makes it small.
LARGEST_OF_MATRICES = 1e150

# Blocks of pairs have twice as many rows as there are layers; their cost grows with the cube.
DEEPEST_PAIRS = 64

# mixing_pair is stored as int16: 256 modes make 32,640 pairs.
MOST_PAIRED_MODES = 256

# Whole trajectories of a sweep are to fit in memory, opened by people who look at them.
TRAJECTORY_BYTES = 4e9


def complete(sweep: Sweep) -> None:
    """Fills the start and the axes in; ValueError unless the keys of the sweep, or of its first part, go together."""
    own_parameters.check_keys(sweep)
    choices.check(sweep)
    data.check(sweep)
    check_target(sweep)
    object.__setattr__(sweep, "start", layer_axes.filled(sweep))
    object.__setattr__(sweep, "start", filled_start(sweep))
    object.__setattr__(sweep, "axes", units.in_learning_rates(filled_axes(sweep), sweep.target))
    object.__setattr__(sweep, "momentum", None)  # the axis has it
    check(sweep)


def check(sweep: Sweep) -> None:
    """ValueError unless the keys of a sweep, whose start and axes are filled in, go together."""
    check_matrices(sweep)
    check_limits(sweep)
    check_observables(sweep)
    if sweep.period_max is not None and sweep.record < 2 * sweep.period_max:
        raise ValueError(f"record: must be at least 2 period_max = {2 * sweep.period_max} (got {sweep.record})")
    check_chunks(sweep)


def check_chunks(sweep: Sweep) -> None:
    """Refuses chunks and shards along axes that have none, and shards that chunks do not divide."""
    # each depth has a kernel, and so chunks, of its own; each name a sweep
    valid = [name for name, axis in sweep.axes.items() if name != "depth" and not is_named(axis)]
    for key in ("chunks", "shards"):
        for name in getattr(sweep, key):
            if name in type(sweep).model_fields and name not in sweep.axes:
                raise ValueError(f"{key}.{name}: {name} is a key of its own; put it above [{key}]")
            if name not in valid:
                raise ValueError(f"{key}: no {key} along {name!r}{suggestion(name, valid)}; valid: {', '.join(valid)}")
    for name, points in sweep.shards.items():
        if points % sweep.chunks.get(name, 1):
            raise ValueError(
                f"shards.{name}: must be a multiple of chunks.{name} = {sweep.chunks[name]} (got {points})"
            )


def check_numbers(sweep: Sweep) -> None:
    """Refuses too many numbers written out: a store carries them in its attributes."""
    written = {f"axes.{name}": len(axis) for name, axis in sweep.axes.items() if isinstance(axis, tuple)}
    written["target"] = len(sweep.target.matrix or ()) * len(sweep.target.singular_values)
    written["target"] = written["target"] or len(sweep.target.singular_values)
    if sweep.data is not None:
        written["data"] = sweep.data.numbers
    if isinstance(sweep.start, Layers):
        written["start.layers"] = sum(len(layer) * len(layer[0]) for layer in sweep.start.layers)
    if isinstance(sweep.start, Spectral):
        written["start.spectral"] = sum(map(len, sweep.start.spectral))
    if (total := sum(written.values())) > MOST_NUMBERS:
        key = max(written, key=lambda name: written[name])
        raise ValueError(
            f"{key}: the sweep writes {total:,} numbers out, more than {MOST_NUMBERS:,}, and most of them here; axes may "
            "be ranges"
        )


def check_target(sweep: Sweep) -> None:
    """Refuses keys of matrices where there are none; with models on an axis each part is checked by itself."""
    checked_otherwise = sweep.definition.parameters and not sweep.definition.initial
    if sweep.definition.matrices or checked_otherwise or "model" in sweep.axes:
        return
    if not sweep.target.simple:
        raise ValueError(
            f"target: {sweep.model} takes singular_values only; bases and matrices are of the model matrix"
        )


def filled_start(sweep: Sweep) -> Start:
    """The start, the model's first where none is given; ValueError where the model has no such one."""
    starts = sweep.definition.starts
    start: Start = sweep.start or starts[0]
    name = sweep.start_name or starts[0]
    if name not in starts:
        having = [model for model, other in MODELS.items() if name in other.starts]
        of_others = f", which is of the model{'s' * (len(having) > 1)} {', '.join(having)}"
        meant = of_others if having else suggestion(name, starts)
        raise ValueError(f"start: {sweep.model} has no start {name!r}{meant}; valid: {', '.join(starts)}")
    if STARTS[name].takes_values and isinstance(start, str):
        raise ValueError(f"start: {name} takes values: {{{name} = [[...], ...]}}, one a layer")
    if isinstance(sweep.start, Spectral):
        modes = len(sweep.target.singular_values)
        for layer, row in enumerate(sweep.start.spectral, 1):
            if not isinstance(row, str) and len(row) != modes:
                raise ValueError(f"start.spectral: row {layer} has {len(row)} values, the target {modes}")
    return start


def filled_axes(sweep: Sweep) -> dict[str, Axis]:
    """The axes in the order of the dataset's dimensions, with those that the start or the widths imply."""
    axes, modes = dict(sweep.axes), len(sweep.target.singular_values)
    for what, layers in numbers_of_layers(sweep):
        axes.setdefault("depth", (float(layers),))
        if list(coordinates(axes["depth"])) != [layers]:
            raise ValueError(f"axes.depth: must be {layers}, {what}")
    if STARTS[sweep.start_name].takes_values:
        axes.setdefault("alpha", (1.0,))
    own_parameters.fill(sweep.definition, axes)
    momentum.fill(sweep, axes)
    layerwise = sweep.definition.reduce and len(sweep.start_values) and sweep.map.name.startswith("layerwise")
    if layerwise and len(sweep.start_values) > DEEPEST_LAYERWISE:
        raise ValueError(f"start.spectral: at most {DEEPEST_LAYERWISE} rows where the layers differ")
    for name in ("alpha", "depth"):
        if name not in axes:
            raise ValueError(f"axes: {name} is missing: give it as a value, a list or a range")
    for name in axes:
        mode = swept_mode(name)
        if mode is not None and mode >= modes:
            raise ValueError(f"axes.{name}: the last singular value of the target is s{modes}")
        if mode is not None and sweep.target.matrix is not None:
            raise ValueError(f"axes.{name}: target.matrix has its own singular values; give singular_values instead")
    if "seed" in axes and not STARTS[sweep.start_name].random:
        random = [name for name in sweep.definition.starts if STARTS[name].random]
        have = f"random are {', '.join(random)}" if random else f"{sweep.model} has no random ones"
        raise ValueError(f"axes.seed: the start {sweep.start_name} is not random; {have}")
    further = [name for name in axes if name not in ("depth", "seed", "alpha", "eta")]
    order = ("depth", *(["seed"] if "seed" in axes else []), *further, "alpha", "eta")
    return {name: axes[name] for name in order}


def singular_values(sweep: Sweep) -> Iterator[tuple[str, Sequence[float]]]:
    """(key, values) of every key that sets singular values of the target."""
    key = "target.singular_values" if sweep.target.matrix is None else "target.matrix"
    yield key, sweep.target.singular_values
    for name, axis in sweep.axes.items():
        if swept_mode(name) is not None:
            yield f"axes.{name}", coordinates(axis).tolist()


def numbers_of_layers(sweep: Sweep) -> list[tuple[str, int]]:
    """(reason, number of layers) of every key but the axis that fixes the depth."""
    found = []
    if isinstance(sweep.start, Spectral):
        found.append(("the number of rows of start.spectral", len(sweep.start.spectral)))
    if isinstance(sweep.start, Layers):
        found.append(("the number of start.layers", len(sweep.start.layers)))
    if sweep.widths is not None:
        found.append(("one less than there are widths", len(sweep.widths) - 1))
    return found


def check_matrices(sweep: Sweep) -> None:
    if not sweep.definition.matrices:
        return
    if isinstance(sweep.start, Layers) and sweep.widths not in (None, sweep.start.widths):
        raise ValueError(f"widths: start.layers have the widths {list(sweep.start.widths)}")
    deepest = int(whole_numbers(sweep.axes["depth"]).max())
    if sweep.target.matrix is not None and sweep.widths is None and not isinstance(sweep.start, Layers):
        rows, columns = len(sweep.target.matrix), len(sweep.target.matrix[0])
        if rows != columns:
            raise ValueError(
                f"widths: are missing, and target.matrix is {rows} x {columns}: give [{columns}, ..., {rows}]"
            )
    for name, values in singular_values(sweep):
        if max(values) > LARGEST_OF_MATRICES:
            raise ValueError(
                f"{name}: must be at most {LARGEST_OF_MATRICES:g} for the model matrix, whose gradients leave the range "
                f"of float64 beyond (got {max(values):g})"
            )
    if len(sweep.target.singular_values) > WIDEST:
        raise ValueError(f"target.singular_values: at most {WIDEST} for the model matrix")
    if deepest > DEEPEST_MATRICES:
        raise ValueError(f"axes.depth: must be at most {DEEPEST_MATRICES} for the model matrix (got {deepest})")
    if sweep.data is None:
        check_widths(sweep.widths_at(deepest), sweep.target, isinstance(sweep.start, Spectral))
    else:
        data.check_widths(sweep.data_shape, sweep.widths_at(deepest))
    if sweep.start_name == "compressed":
        check_compressed(sweep.widths_at(deepest))
        swept = [name for name in sweep.axes if swept_mode(name) is not None]
        if sweep.start_values and swept:
            raise ValueError(
                f"axes.{swept[0]}: a start with noise takes its singular vectors from one target; give singular_values instead"
            )
    shallowest = sweep.widths_at(int(whole_numbers(sweep.axes["depth"]).min()))
    weights = sum(a * b for a, b in pairwise(shallowest))
    if (sweep.sharpness_count or 1) > weights:
        raise ValueError(
            f"sharpness_count: must be at most {weights}, the number of weights (got {sweep.sharpness_count})"
        )


def check_limits(sweep: Sweep) -> None:
    """Refuses networks and runs that are more than the model's kernels can bear."""
    if (limits := sweep.definition.limits) is None:
        return
    widths = sweep.widths_at(int(whole_numbers(sweep.axes["depth"]).max()))
    if (weights := sum(a * b for a, b in pairwise(widths))) > limits.weights:
        key = "widths" if sweep.widths else "target.singular_values"
        raise ValueError(
            f"{key}: {sweep.model} takes networks of at most {limits.weights:,} weights (got {weights:,}); give fewer modes, narrower "
            "or fewer layers"
        )
    if (steps := sweep.steps + sweep.record) > limits.steps:
        raise ValueError(
            f"steps: {sweep.model} takes at most {limits.steps:,} of them, record included (got {steps:,})"
        )


def trajectory_bytes(sweep: Sweep) -> int:
    """Bytes of what `trajectory` keeps, before compression."""
    variables = [v for family in sweep.families if family.asked_by for v in family.variables]
    return sweep.points * sum(8 * math.prod(sweep.sizes[dim] for dim in v.dims) for v in variables)


def check_observables(sweep: Sweep) -> None:
    known = observables_of(sweep.definition)
    given = [name for name, family in known.items() if not family.asked_by and gives(sweep, family)]
    for name in sweep.observables:
        if name not in given:
            raise ValueError(f"observables: {sweep.model} cannot give {name}; it can give {', '.join(given)}")
    all_depths = whole_numbers(sweep.axes["depth"])
    deepest = int(all_depths.max())
    for family in sweep.families:
        if sweep.definition.matrices and family.source and family.needs:
            raise ValueError(f"observables: {family.name}: the model {sweep.model} has no {', '.join(family.needs)}")
        if sweep.definition.matrices and isinstance(family, PointObservable) and family.source:
            for depth in {int(all_depths.min()), deepest}:
                try:
                    try_out(family.quantity, sweep.widths_at(depth), sweep.sizes["eigenvalue"])
                except SweepError as error:
                    raise ValueError(f"observables: {family.name}: {error}") from error
        if family.pair_cost and len(sweep.target.singular_values) > 1 and deepest > DEEPEST_PAIRS:
            raise ValueError(
                f"axes.depth: must be at most {DEEPEST_PAIRS} for {family.name} of several modes (got {deepest})"
            )
        if isinstance(family, PairObservable) and len(sweep.target.singular_values) > MOST_PAIRED_MODES:
            raise ValueError(
                f"target.singular_values: at most {MOST_PAIRED_MODES} for {family.name}, which numbers pairs of them "
                f"(got {len(sweep.target.singular_values)})"
            )
    kept = trajectory_bytes(sweep)
    if kept > TRAJECTORY_BYTES:
        states = int(TRAJECTORY_BYTES * sweep.sizes["step"] / kept)
        enough = f"trajectory = {(sweep.steps + sweep.record) // states + 1} would do, or " if states else ""
        raise ValueError(
            f"trajectory: every {sweep.trajectory} states of {sweep.points:,} points are {kept / 1e9:,.1f} GB, more than "
            f"{TRAJECTORY_BYTES / 1e9:g}; {enough}fewer points"
        )
