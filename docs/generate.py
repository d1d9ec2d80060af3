"""Writes the pages that follow from the code: docs/dataset.md from the registry, docs/sweep.md from the schema,
docs/pictures.md, docs/gallery.md and docs/api/plots.md from the plots.

With --pictures it also runs the gallery's examples, in the folder that has sweeps/, and writes docs/images/gallery.
"""

import inspect
import io
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from fastdln.models import MODELS, STARTS
from fastdln.observables import (
    DEFAULT,
    FLOW_OBSERVABLES,
    MATRIX_OBSERVABLES,
    OBSERVABLES,
    default_of,
    observables_of,
)
from fastdln.observables.observable import SimulatedObservable
from fastdln.plots import PLOTS, arranged, drawable, encode, figure
from fastdln.plots.plot import Plot
from fastdln.sweep.axes import Range
from fastdln.sweep.data import Data, Pair, Teacher
from fastdln.sweep.laws import LAWS, LONGEST_LAW
from fastdln.sweep.problem import Layers, Spectral, Surrogate, Target
from fastdln.sweep.schema import Sweep

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py; edit that, or the code it reads, instead. -->"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


SPECIAL = re.compile(r"(?<!\w)_|_(?!\w)|[\\*$]")  # between letters an underscore is one to every Markdown
TAG = re.compile(r"<(?=[a-zA-Z/!?])")


def prose(text):
    """Plain text of the code's, as Markdown that shows it as it is: the stars and underscores of its formulas are none."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else TAG.sub("&lt;", SPECIAL.sub(r"\\\g<0>", part)) for part in parts)


def dataset_page():
    def described(observables):
        return [
            [f"`{v.name}`", ", ".join(v.dims) or "-", v.dtype, v.units, prose(f"{v.long_name}. {v.comment}")]
            for observable in observables
            for v in observable.variables
        ]

    header = ["variable", "dimensions beyond the grid", "type", "units", "meaning"]
    of_matrices = [o for o in MATRIX_OBSERVABLES.values() if not o.shared]
    flags = OBSERVABLES["fate"].variables[0].flags
    simulations = [model for model in MODELS.values() if model.simulation]
    by_default = [observables_of(model)[name] for model in simulations for name in default_of(model)]
    owners = {"modes": OBSERVABLES, "matrices": MATRIX_OBSERVABLES, "`flow`": FLOW_OBSERVABLES}
    owners |= {f"`{model.name}`": observables_of(model) for model in simulations}
    families = [
        [
            f"`{o.name}`",
            ", ".join(what for what, known in owners.items() if o in known.values()),
            ", ".join(f"`{v.name}`" for v in o.variables),
            "always"
            if o.name == "fate" or o in FLOW_OBSERVABLES.values()
            else f"with `{o.asked_by} = k`"
            if o.asked_by
            else "by default"
            if o in by_default or (o.name in DEFAULT and not isinstance(o, SimulatedObservable))
            else "when asked for",
        ]
        for o in (
            *OBSERVABLES.values(),
            *of_matrices,
            *FLOW_OBSERVABLES.values(),
            *(o for m in simulations for o in observables_of(m).values()),
        )
    ]
    of_simulations = "\n\n".join(
        f'With `model = "{model.name}"` the variables are:\n\n{table(header, described(observables_of(model).values()))}'
        for model in simulations
    )
    return rf"""{NOTE}
# The dataset

A store is plain Zarr v3: `xarray.open_zarr(path)` opens it without fastdln. [`fastdln.open(path)`](api/index.md#fastdln.open) warns where it is
not complete, and is the one for [a store from a stranger](#a-store-from-a-stranger).

Dimensions, in this order, the last fastest: `depth`, `seed` where it is an axis, further axes (`s1`, `s2`, ..., `model`, `start`, `basis`) in the file's order, `alpha`, `eta`; then
`mode`, `layer`, `sample`, `eigenvalue` and `step` where a variable has them. `depth`, `alpha` and `eta` are always there, with length 1 where the sweep has
a single value. Coordinates are the axes' values, `eta_ratio` along `eta` where the sweep gives eta in units of 2 / S_1, `mode` (1 is the first singular value of the target), `singular_value` along it,
`layer` (1 is next to the input), `eigenvalue` (1 is the largest), and `step`, the numbers of the states that a trajectory keeps. Those of
`model`, `start` and `basis` are text, in a store of Zarr's type `string`.

Modes are counted from 1 wherever one is named: `ds.sel(mode=1)`, `--at mode=1`, `ds.dln.plot.bifurcation(mode=1)`, `analysis.flips(ds, mode=1)`,
the axis `s1`, and the names of `mixing_pair`'s values. Positions count from 0, as everywhere in Python: `ds.isel(mode=0)` is mode 1. Stores of
earlier versions have no coordinate `mode`, and `seed` as floats; they are read, resumed and extended as they are.

State 0 is the start; the record is the states steps + 1 to steps + record. Sharpness is sampled: its
variables have the attribute `sharpness_every`.

## Variables

{table(header, described(OBSERVABLES.values()))}

With `model = "matrix"` these are added, or are what is said here. A mode's product is
$u_i^\top W_L \cdots W_1 v_i$ there, with the target's singular vectors. A network of matrices is lost as a whole: once it diverges every float is NaN, and every period -1.

{table(header, described(of_matrices))}

With `model = "flow"`, gradient flow of the matrices, all of these are there but `lyapunov`, and one more. With `model = "modes-flow"` those of modes
but `lyapunov`, `mixing` and `balancing`, which follow steps of gradient descent.

{table(header, described(FLOW_OBSERVABLES.values()))}

{of_simulations}

Codes of `fate`: {", ".join(f"{code} {name}" for code, name in flags.items())}. A point whose `fate` is 0 has not been
computed yet; `ds.dln.fate_names()` gives the names instead of the codes. Its other integers hold their type's least number (-32768 for int16, -9223372036854775808 for int64), which is never
a result, and its floats NaN. In stores made before that was so they hold 0. There is no CF `_FillValue`, with which xarray
would make floats of integers.

What leaves the range of float64 at a point that has not diverged is `inf`, never NaN: losses where (pi - s)^2 does, from some 1e154 on; ranges;
a sharpness whose square does, with matrices from 1e100 on, where the search stops (`sharpness_unconverged` counts it). `fate` and
`period` are right there all the same.

## Families

A family's name in `observables`, or that of one of its variables, brings all of them.

{table(["family", "of", "variables", "written"], families)}

## Attributes

Every variable has `long_name`, `units` ("1" if it has no unit) and, where the method matters, `comment`. The root has
`title`, `Conventions`, `source`, `history`, the versions of the libraries, `sweep` (the sweep as JSON, every default filled
in), `sweep_sha256`, and `complete`, which is 0 until the last chunk is written, and 1 then. `history`
has a line for the run that made the store and for each that computed more, with its versions: the first and the last 100. A store that grew has `grown_from`, its
earlier shapes as JSON, and `sweep_asked` where rounding made a list of a range; one that sweeps a window of another has `parent_store`,
`parent_sweep` and `parent_sweep_sha256`. Chunks are compressed by zstd, with its checksum and a CRC-32C of every bit: a damaged
one is an error where it is read ([scaling.md](scaling.md)).

## Selecting, joining

```python
import xarray as xr

import fastdln

axes = {{"eta": {{"start": 0.1, "stop": 0.9, "num": 81}}, "alpha": 0.1}}
shallow = fastdln.run(fastdln.Sweep(model="modes", axes=axes | {{"depth": 2}}, steps=2000), store="shallow.zarr")
deep = fastdln.run(fastdln.Sweep(model="modes", axes=axes | {{"depth": 3}}, steps=2000), store="deep.zarr")

# the values of a range are rounded: 0.3 is 0.30000000000000004 here; the tolerance refuses what is not on the axis
point = shallow.sel(eta=0.3, method="nearest", tolerance=1e-9)
print(point.loss.values)

# two stores that differ in one axis; the attributes, `sweep` too, are those of the first
both = xr.combine_by_coords([shallow, deep], join="exact", combine_attrs="override")
assert list(both.depth.values) == [2, 3]
assert both.fate.dtype == shallow.fate.dtype  # codes stay codes
```

`method="nearest"` holds for all that one `sel` is given: select whole-number axes (`depth`, `seed`) in one of their own. With
`join="outer"` what neither store has would be NaN, and codes and counts floats.

## Closed forms beside the data

The functions of [`fastdln.theory`](api/theory.md) take numbers and arrays, which are paired by position. Coordinates have names:
`xarray.apply_ufunc` pairs them by these and keeps them, so that what comes out fits the dataset. Two coordinates of different names without it are an
error.

```python
from fastdln import theory

edge = xr.apply_ufunc(theory.critical_learning_rate, both.singular_value.load(), both.depth)  # along mode and depth
print((both.eta / edge).dims, both.fate.where(both.eta < edge.isel(mode=0)))
```

A function of layers is told which dimensions are those of a network:
`xr.apply_ufunc(theory.sharpness, layers, s, input_core_dims=[["layer", "mode"], ["mode"]])`.

## Files for other programs

`fastdln export STORE --to csv`, `netcdf` or `parquet`, and [`fastdln.export`](api/index.md#fastdln.export) in Python, write what other programs
read, a block of the store at a time, so that it may be larger than memory. The file is written under another name
(`.fastdln-*.draft`) and renamed at the end: it is whole or not there.

```python
fastdln.export("deep.zarr", "deep.csv", variables=["fate", "loss"])
fastdln.export(both.sel(depth=3), "both.nc")  # also of a dataset; pip install 'fastdln[netcdf]'
```

- **netcdf**: the dataset as it is, with types, coordinates and attributes, in one file; `xarray.open_dataset` opens it.
- **csv** and **parquet**: tables. A row is a grid point, or, of variables with dimensions beyond the grid's, a grid point and one index along each
  of these. The coordinates come first. `fate` is in every table, and `fate_name` follows it. A file holds rows of one
  kind: variables along no further dimension are in `deep.csv`, those along `mode` in `deep-mode.csv`, `orbit` in `deep-mode-sample.csv`;
  a single kind is in the file that was asked for. Join them by their coordinates. The last dimension is the fastest; a table of
  more than some million values comes in blocks of the store's chunks, each in this order. CSV has every digit, and NaN, Inf and -Inf; Parquet has
  the dataset's types and attributes (`pip install 'fastdln[parquet]'`).

`variables` (`--variables fate,loss`) chooses; without, everything is written, orbits and trajectories too.

Plain xarray does it as well: `both.to_netcdf("both.nc")` takes the package netCDF4 or h5netcdf; without them it writes netCDF-3, in
which integers have 32 bits at most. Zarr v2, which
has no place for the codecs of v3, takes `both.drop_encoding().to_zarr("both.zarr", zarr_format=2)`. What an incomplete store does
not have yet is the least integer in 64 bits, for which netCDF-3 has no room: select what is there first, or take netCDF-4.

## Two datasets against each other

```python
axes = {{"eta": {{"start": 0.5, "stop": 0.8, "num": 7}}, "alpha": 0.1, "depth": 3}}
one, other = (fastdln.run(fastdln.Sweep(model=name, axes=axes, steps=2000)) for name in ("modes", "matrix"))

found = fastdln.analysis.compare(one, other)  # modes minus matrix, variable by variable
print(abs(found.oscillation_range).max().item(), found.fate_agrees.values.all())

for row in fastdln.analysis.agreement(one, other):  # in all; the two may be larger than memory
    print(f"{{row.variable}}: {{row.share:.1%}} of {{row.compared}} are close, the worst {{row.furthest:.2g}} off")
```

The two are of one target; their models, starts, machines and versions may differ, and they may be parts of one dataset
(`compare(ds.sel(model="modes"), ds.sel(model="matrix"))`). They are compared at the points that both have:
values of an axis are the same if they differ by rounding only, a dataset without `seed` is compared with every seed of the other,
and one that fixes a singular value that the other sweeps, at that value. `fate_agrees` is 1 where the fates agree, 0 where
they do not, -1 where one is not computed; `fate_a` and `fate_b` are beside it. Differences of integers are floats, NaN where
one is -1. To compare two points that differ in an axis, such as one alpha with another, give both one value:
`b.assign_coords(alpha=a.alpha)`.

## A store from a stranger

xarray and Zarr read whatever a store's metadata say. With `xarray.open_zarr`, and numcodecs up to 0.16.5, a Zarr v2 array of objects
with the filter pickle runs its author's code when it is read, be it a coordinate in the root's consolidated metadata; links are
followed to files outside the store; attributes like `scale_factor` change the numbers. So open such a store with [`fastdln.open`](api/index.md#fastdln.open), or
run `fastdln verify` on it first: they hold every array's metadata against what the sweep must give before anything is read, follow no
link, and read regular files of a bounded size only. In the sweep of a store a string is never the path of a matrix. Arrays that are
not of the sweep, such as one that you added with `ds.assign(half=ds.loss / 2)[["half"]].to_zarr(store, mode="a")`, are kept, named
by `verify`, and opened if they are plain numbers; `extend` grows them with their fill value. Write them from a dataset that has the
store's attributes, as `ds.assign` does: xarray replaces the root's attributes by those of what is written, and without them the
store is refused until its `zarr.json` is restored.
"""


def keys(model):
    rows = []
    for name, field in model.model_fields.items():
        if field.is_required():
            default = "required"
        else:
            value = field.get_default(call_default_factory=True)
            default = "" if value in ("", None, {}) or isinstance(value, Target) else f"`{plain(value)}`"
        rows.append([f"`{name}`", default, prose(field.description)])
    return table(["key", "default", "meaning"], rows)


def listed(names):
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}"


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def sweep_page():
    models = [[f"`{m.name}`", prose(m.summary), ", ".join(f"`{s}`" for s in m.starts)] for m in MODELS.values()]
    starts = [[f"`{s.name}`", prose(s.summary)] for s in STARTS.values()]
    own_axes = [
        [f"`{m.name}`", f"`{one.name}`", prose(one.summary), "-" if one.default is None else f"`{one.default:g}`"]
        for m in MODELS.values()
        for one in m.parameters
    ]
    own_choices = [
        [f"`{m.name}`", f"`{one.name}`", prose(one.summary), ", ".join(f"`{value}`" for value in one.values)]
        for m in MODELS.values()
        for one in m.choices
    ]
    examples = {
        "power": '`{law = "power", exponent = -1, count = 20}`',
        "geometric": '`{law = "geometric", ratio = 0.9, count = 20}`',
        "linear": '`{law = "linear", start = 10, stop = 1, count = 20}`',
    }
    laws = [[f"`{name}`", prose(inspect.getdoc(law)), examples[name]] for name, law in LAWS.items()]
    example = (HERE.parent / "sweeps" / "period_doubling.toml").read_text().strip()
    return f"""{NOTE}
# The sweep file

A sweep file is TOML; `fastdln list --schema` prints its JSON Schema, so that editors complete it. The same words are the
arguments of [`fastdln.Sweep`](api/index.md#fastdln.Sweep). Unknown keys and names are refused, and the message lists the valid ones, and the one that was most likely meant.
Wherever Python takes a sweep, it takes the path of its file too: [`fastdln.run("sweep.toml")`](api/index.md#fastdln.run). Arrays of NumPy, pandas and xarray,
and `range`, are lists of numbers. A sweep file and the matrices that it names are regular files (no pipes); `~` is the home folder.

```toml
{example}
```

## Keys

{keys(Sweep)}

`title`, `chunks` and `shards` do not count as another sweep: a store made with others is resumed, in its own chunks. Nor do keys
that nothing in the sweep uses (`orbit_samples` without `orbit`), or other words for the same (`[0.5, 0.6]` is the range of these two).

## `axes`

An axis is a value, a list of rising values, or a range:

{keys(Range)}

`eta`, `alpha` and `depth` are required, but for starts with given values, which bring their depth and take alpha = 1 if it
is left out. Axes `s1`, `s2`, ... set that singular value of the target. `momentum`, from 0 on and below 1, is that of the heavy ball
(or of Nesterov, with the key `nesterov = true`; [theory](theory.md), F), of the models {listed(m.name for m in MODELS.values() if m.takes_momentum)}, and of maps that one
[registers](extending.md); without the axis or the key there is none. `eta` and `alpha` may begin at 0, where nothing moves.

With `unit = "2/S1"` eta is counted in units of 2 / S_1, beyond which the largest singular value oscillates (S_1 = L s_1^(2 - 2/L);
[theory](theory.md), C):

```toml
eta = {{ start = 0.5, stop = 1.5, num = 500, unit = "2/S1" }}  # or {{ values = [0.5, 1], unit = "2/S1" }}
```

What is computed and stored is the learning rate eta itself; the ratio stands beside it in the dataset, as the coordinate `eta_ratio` along `eta`.
`--set axes.eta.start=...`, `extend`, and the centre and window of `refine` are in the unit then. It takes one depth, and no axis that sets the largest singular value. The unit counts without momentum: with it the edge is
at an `eta_ratio` of 1 + mu (heavy ball), or of (1 + mu) / (1 + 2 mu) (Nesterov).

### Several models, starts or bases

`model`, `start` and `target.basis` may be axes too, of names instead of numbers; the key itself is left out then. Give the target
a random basis where matrices are compared with modes, which are the same in every basis: in the identity's, a network that starts
diagonal stays diagonal, and agrees with its modes whether they are stable or not.

```toml
record = 512
observables = ["period", "sharpness"]

[axes]
eta = {{ start = 0.5, stop = 1.2, num = 200 }}
alpha = 0.1
depth = [2, 3]
model = ["modes", "matrix"]
start = ["one-zero", "balanced"]

[target]
singular_values = [1.0, 0.5]
```

Each combination of names is computed as the sweep without these axes would be, to the same bits, into one dataset with the
dimensions `model`, `start` and `basis` (a dot in a name would hide it from `ds.basis`), whose values are text:
`ds.sel(model="matrix", start="balanced")`. In Python the axis is `{{"target.basis": ["identity", "random"]}}`, in TOML
`axes.target.basis` or `axes.basis`. Only observables that all combinations measure alike can be asked for: of modes and
matrices not `lyapunov`, which modes have one by one; what a family brings along in one model only, such as
`sharpness_residual`, is left out. Starts with given values cannot be on an axis. `extend` adds names at the end of such an axis,
`refine` keeps all of them or some. A chunk has one name, and its size is that of the model that takes longest.

Starts by singular values may have axes `w1`, `w2`, ...: the starting value of a layer in all its modes, times alpha, of any sign. A row of
`start.spectral` may name the axis that sets it, so that layers can begin alike; an axis that no row names sets the row of its own layer, and with
axes of all layers `start` may be left out:

```toml
model = "modes"
start = {{ spectral = ["w1", "w2", "w1", "w2"] }}
axes = {{ eta = 0.01, w1 = [9.0, 10.5], w2 = 0.1 }}
```

A model without layers has axes of its own in their place, and takes no alpha, depth, seed or start, nor a target unless it learns one number (`uv`):

{table(["model", "axis", "what it is", "default"], own_axes)}

## `target`

{keys(Target)}

Singular values may follow a law:

```toml
model = "modes"
axes = {{ eta = {{ values = [0.5, 0.99, 1.2], unit = "2/S1" }}, alpha = 0.1, depth = 3 }}
target = {{ singular_values = {{ law = "power", exponent = -1, count = 20 }} }} # 1, 1/2, 1/3, ...
```

{table(["law", "for i = 1 to `count`", "example"], laws)}

A power of a whole exponent, up to 16 either way, is rounded once, scale included: 10/3 is what one would type. Other values are
right but for their last bits. `scale` is 1 if left out. `zeros` (0 if left out) says how many zeros follow, for a target that has not full rank:
`{{law = "power", exponent = -1, count = 5, zeros = 15}}` has 20 modes and rank 5. There are at most {LONGEST_LAW:,} values. They may also be those of a .npy file of one dimension. Either way
they are written out when the sweep is made: it equals one with the numbers typed, and so does the store.

## `model`

{table(["model", "what it is", "starts (the first is the default)"], models)}

## `data`, `loss` and `activation`

Models that learn from examples take `data` in place of a target (`logistic` inputs and labels, `mlp` inputs and outputs):

{keys(Data)}

`pair` and `teacher` are tables in turn:

{keys(Pair)}

{keys(Teacher)}

```toml
model = "mlp"
widths = [4, 8, 1]
activation = "tanh"
data = {{ teacher = {{ examples = 32, inputs = 4, seed = 1 }} }} # or {{ inputs = "x.npy", outputs = "y.npy" }}
axes = {{ eta = [0.01, 0.02], alpha = 1.0 }}
```

Some choose among several ways by a key, the first if it is left out; the key may be an axis of names too (`axes.activation = ["tanh", "linear"]`; the dimension of
`axes.loss` is called `loss_function`):

{table(["model", "key", "what it chooses", "valid"], own_choices)}

## `start`

{table(["start", "layers at state 0"], starts)}

Given values are written as a table:

{keys(Spectral)}

or, for the model `matrix`,

{keys(Layers)}

The start `compressed` may take its singular vectors from a noisy target, `start = {{ compressed = {{ noise = 0.1, seed = 0 }} }}`:

{keys(Surrogate)}

Paths are relative to the sweep file; in Python, and after `--set`, to the current folder. Files are read when the sweep is:
the store carries their numbers.
"""


def pictures_page():
    def needed(plot):
        if plot.views_of:
            return "any variable"
        return " or ".join(dict.fromkeys(" and ".join(f"`{name}`" for name in view.needs) for view in plot.views))

    def described(plot):
        first = inspect.getdoc(plot.draw).partition("\n")[0]
        about = prose(plot.description).replace("docs/theory.md", "[theory](theory.md)")
        more = f"[Example](gallery.md#{plot.name}), [reference](api/plots.md#{page_of(plot.draw)})"
        return f"## {plot.name}\n\n{prose(first)} {about}\n\nDrawn from {needed(plot)}. {more}."

    return f"""{NOTE}
# Pictures

```sh
fastdln run sweeps/period_doubling.toml
fastdln plot period_doubling.zarr bifurcation                        # period_doubling-bifurcation.png
fastdln plot period_doubling.zarr phase -o phase.pdf                 # or .svg
fastdln plot period_doubling.zarr bifurcation --at depth=3 -o b.png  # one depth only
fastdln plot period_doubling.zarr                                    # lists those that this store can draw
fastdln report period_doubling.zarr                                  # all of them, on one page
```

Each has a panel for every value of the dimensions that it does not show. Of more than nine panels at most nine are drawn, spread
evenly over the values, and the title says how many there would be. Stores may be larger than memory, and not
complete: what is not computed is hatched. The [gallery](gallery.md) shows an example of each. `--at` takes what an axis has: whole numbers (depth, seed, mode) exactly, of real
ones the nearest is drawn where the value lies between two of them, which the title and a warning say. In Python each is [a function](api/plots.md) of a dataset and, if you like, an ax, and returns the ax:

```python
import fastdln

ds = fastdln.open("period_doubling.zarr")
ax = ds.dln.plot.bifurcation(depth=3, x="eta S")  # or fastdln.plots.bifurcation(ds, depth=3, ...)
ax.set_title("The route to chaos")
print(ds.dln.plot())  # those that this dataset has the variables for
figure = fastdln.plots.figure(ds, "phase")  # with its panels
```

The theory's lines are thin: vermilion what it predicts, nearly black the learning rates 2/S_i, green the sharpness 2/eta. The
colours were picked for colour blindness and for print without colours.

## Looks

The same words on the command line (`--size 5x3`) and in Python (`size=(5, 3)`). A picture that has no use for one says so.

| option | what it does |
| --- | --- |
| `title`, `size` | the text above, \"\" for none; width and height in inches |
| `style` | `screen`, `paper` (small letters, thin lines) or `talk` (large letters) |
| `xlim`, `ylim` | first and last value of an axis, `0.2,0.8` |
| `log` (`--log`, `--no-log`) | a log scale of what is measured: the y axis of lines, the colours of maps |
| `cmap` | a colour map of Matplotlib's, by its name |
| `x` | what is on the x axis: `eta`, `eta S` (times the sharpness of the minimum), `step` |
| `variable`, `y` | what a map shows, `fastdln plot STORE map loss`, and its y axis; its `x` is any axis of the grid |
| `panels` | a dimension of which each value has a panel of its own: `--panels eta` |
| `over` | a second dataset, or store, drawn over the first: modes and matrices, two starts |

Fonts of PDFs are TrueType, as conferences ask. Each file carries the title, the hash of its sweep, and the command that
draws it again.

## Zooms

```sh
fastdln zoom sweeps/zoom.toml --at eta=1.415276948657,alpha=0.80209837475 --factor 2 --frames 20 --size 6x4 --dpi 80
```

![Ever narrower windows of the boundary between collapsing and diverging networks](images/zoom.gif)

[`fastdln zoom`](api/index.md#fastdln.zoom), `fastdln.zoom(sweep, at={{...}}, folder=...)` in Python, computes a sequence of windows about a point, draws each, and makes
an animation of them: `zoom.mp4` where ffmpeg is found, and else `zoom.gif` (`--animation gif` in any case), in the folder `zoom-zoom`, named after the
sweep's file, or that of `-o`. Frame 0 is the sweep itself; frame k has as many points on 1 / factor^k of the width of the axes that `--at` names, in the log where
an axis has log spacing. Windows keep within the sweep's own: near its edge the first ones have the point beside their middle. Each is a
store, `frame-007.zarr`, whose attributes name the first one as its `parent_store`; with `fastdln refine` any of them is swept finer.

- It goes on after a kill, at any moment, by the same command: finished chunks are not computed again, and a larger `--frames`
  adds to what is there. Another zoom in the same folder is refused.
- All pictures have one size, one layout, one legend and one scale of colours, so that nothing jumps. `--kind` chooses the picture
  (`--kind map --variable loss`), and `--size`, `--style`, `--cmap`, `--title` and `--dpi` its looks.
- Where numbers along an axis differ in their last digits only, ticks count in a power of ten above the round number beside the axis.
- A window has to have 32 doubles from one value to the next, so that rounding moves none by more than a sixteenth of a cell:
  400 values about 1.4 need a width of 4e-12, 38 halvings of a width of 1. More frames are refused before anything is written, with that width.

{(chr(10) * 2).join(described(plot) for plot in PLOTS.values())}
"""


# The lines that make the picture and leave it as `ax`, and what there is to see.
GALLERY = {
    "phase": (
        """smaller = ["axes.eta.num=400", "axes.alpha.num=300"]
sweep = fastdln.Sweep.from_file("sweeps/phase_diagram.toml", smaller)
ds = fastdln.run(sweep)
ax = ds.dln.plot.phase()""",
        "What becomes of a network, over the learning rate and the initialization scale: the route to chaos from left to right.",
    ),
    "bifurcation": (
        """smaller = ["axes.eta.num=1500", "steps=20000"]
sweep = fastdln.Sweep.from_file("sweeps/period_doubling.toml", smaller)
ds = fastdln.run(sweep)
ax = ds.dln.plot.bifurcation(depth=3)""",
        "The last states against the learning rate: a minimum, a two-cycle, its doublings, chaos with its windows.",
    ),
    "lyapunov": (
        """eta = {"start": 0.5, "stop": 1.4, "num": 900}
sweep = fastdln.Sweep(
    model="balanced",
    axes={"eta": eta, "alpha": 0.5, "depth": 3},
    steps=5000,
    record=1024,
    observables=["lyapunov"],
)
ds = fastdln.run(sweep)
ax = ds.dln.plot.lyapunov()""",
        "The exponent touches 0 where a period doubles, and is positive in chaos.",
    ),
    "oscillation_range": (
        """ds = fastdln.run("sweeps/oscillation_range.toml")
ax = ds.dln.plot.oscillation_range()""",
        "Three modes, each of which starts to oscillate at its own edge of stability.",
    ),
    "alignment": (
        """one = ["axes.s2=9.5", "axes.s3=9.0"]
sweep = fastdln.Sweep.from_file("sweeps/leaving_the_modes.toml", one)
ds = fastdln.run(sweep)
ax = ds.dln.plot.alignment()""",
        "Full matrices leave the orbit of their modes: the part of the product off the diagonal grows from rounding errors to order 1.",
    ),
    "escape": (
        """sweep = fastdln.Sweep(
    model="modes",
    axes={
        "eta": {"start": 0.4, "stop": 1.6, "num": 600},
        "alpha": {"start": 0.05, "stop": 1.0, "num": 300},
        "depth": 3,
    },
    steps=2000,
    record=64,
    observables=["escape_step", "convergence_step", "divergence_step"],
)
ds = fastdln.run(sweep)
ax = ds.dln.plot.escape()""",
        "The boundaries between networks that converge, that oscillate once they have left the saddle, and that diverge, in the steps that each takes.",
    ),
    "boundary": (
        """smaller = ["axes.eta.num=1024", "axes.alpha.num=1024", "observables=[]"]
sweep = fastdln.Sweep.from_file("sweeps/fractal_boundary.toml", smaller)
ds = fastdln.run(sweep)
ax = ds.dln.plot.boundary()""",
        "Where neighbouring networks end differently: between those that collapse and those that diverge the boundary is fractal.",
    ),
    "dimension": (
        """smaller = ["axes.eta.num=1024", "axes.alpha.num=1024", "observables=[]"]
sweep = fastdln.Sweep.from_file("sweeps/fractal_boundary.toml", smaller)
ds = fastdln.run(sweep)
ax = ds.dln.plot.dimension()""",
        "The same boundary measured: boxes of every size that hold it, and the slope, which is its dimension.",
    ),
    "map": (
        """smaller = ["axes.eta.num=400", "axes.alpha.num=300"]
sweep = fastdln.Sweep.from_file("sweeps/phase_diagram.toml", smaller)
ds = fastdln.run(sweep)
ax = ds.dln.plot.map(variable="loss", x="eta", y="alpha", log=True)""",
        "Any variable over any two axes: here the loss of the phase diagram, on a log scale.",
    ),
    "modes": (
        """sweep = fastdln.Sweep(
    model="modes",
    axes={"eta": {"start": 0.95, "stop": 1.35, "num": 400}, "alpha": 0.1, "depth": 2},
    target={"singular_values": [1 - k / 80 for k in range(20)]},
    steps=4000,
    record=512,
    observables=["oscillating_modes"],
)
ds = fastdln.run(sweep)
ax = ds.dln.plot.modes()""",
        "Twenty modes start to oscillate one after the other, each at its 2/S_i; in a window of chaos a mode rests.",
    ),
    "trajectory": (
        """ds = fastdln.run("sweeps/oscillation_per_layer.toml")
ax = ds.dln.plot.trajectory(eta=0.04)""",
        "Modes leave the plateau one after the other; the first is beyond its edge and oscillates.",
    ),
    "layers": (
        """ds = fastdln.run("sweeps/oscillation_per_layer.toml")
ax = ds.dln.plot.layers(eta=0.04)""",
        "The same run, layer by layer: the layers of a mode come together, balanced.",
    ),
    "loss": (
        """ds = fastdln.run("sweeps/oscillation_per_layer.toml")
ax = ds.dln.plot.loss()""",
        "The loss of the same run and of one below the edge: a step down for every mode that is learned.",
    ),
    "sharpness": (
        """ds = fastdln.run("sweeps/progressive_sharpening.toml")
ax = ds.dln.plot.sharpness()""",
        "Progressive sharpening: the sharpness rises to the edge, 2/eta, as the modes are learned.",
    ),
    "edge": (
        """ds = fastdln.run("sweeps/edge.toml")
central = fastdln.run("sweeps/edge_central_flow.toml")
flow = fastdln.run("sweeps/edge_flow.toml")
ax = ds.dln.plot.edge(over=[central, flow])""",
        "A network that stays at the edge while it learns: what gradient descent does, what is predicted of it, and two flows.",
    ),
    "stages": (
        """ds = fastdln.run("sweeps/self_stabilization.toml")
ax = ds.dln.plot.stages(x0=0.2, eta=0.01)""",
        "Why it stays there: the oscillation that grows beyond the edge lowers the sharpness, and dies out below.",
    ),
    "eigenvalues": (
        """ds = fastdln.run("sweeps/progressive_sharpening.toml")
ax = ds.dln.plot.eigenvalues(eta=0.0315)""",
        "The largest eigenvalues of the Hessian along one of these runs.",
    ),
    "balancing": (
        """ds = fastdln.run("sweeps/balancing_gap.toml")
ax = ds.dln.plot.balancing()""",
        "Beyond the edge the gap between the layers closes geometrically; gradient flow would keep it.",
    ),
    "contour": (
        """ds = fastdln.run("sweeps/contour.toml")
ax = ds.dln.plot.contour()""",
        "The same in the plane of the two layers: just short of the edge, descent creeps along the minima to the flattest.",
    ),
    "mixing": (
        """smaller = ["steps=4000", "record=1024", "axes.depth=2"]
sweep = fastdln.Sweep.from_file("sweeps/mixing.toml", smaller)
ds = fastdln.run(sweep)
ax = ds.dln.plot.mixing()""",
        "Yellow: a network of full matrices would leave the orbit of its modes.",
    ),
}

GALLERY_IMAGES = HERE / "images" / "gallery"


def gallery_page():
    def shown(name):
        lines, what = GALLERY[name]
        return (
            f"## {name}\n\n{what}\n\n![{name.replace('_', ' ')}](images/gallery/{name}.png)\n\n```python\n{lines}\n```"
        )

    return f"""{NOTE}
# Gallery

One example of each kind of [picture](pictures.md), with the lines that make it. They run in the folder that has `sweeps/`, the
clone's, and each gives a matplotlib ax: `ax.figure.savefig("picture.png")` keeps it.

```python
import fastdln
```

{(chr(10) * 2).join(shown(name) for name in GALLERY)}
"""


def draw_gallery():
    """The pictures of the gallery's examples, in 64 colours, which are enough for them and a third of the bytes."""
    import fastdln

    GALLERY_IMAGES.mkdir(exist_ok=True)
    for name, (lines, _) in GALLERY.items():
        names = {"fastdln": fastdln}
        exec(lines, names)
        save_in_few_colours(io.BytesIO(encode(names["ax"].figure, dpi=110)), GALLERY_IMAGES / f"{name}.png", 64)
        print(name)


def save_in_few_colours(picture, path, colours):
    """A picture in so many colours."""
    Image.open(picture).convert("RGB").quantize(colours).save(path, optimize=True)


# A picture of a page, and the commands that stand beside it: the last one draws it.
WITH_COMMANDS = re.compile(
    r"!\[[^]]*\]\((?:docs/|\.\./)?images/(?P<picture>[\w/]+)\.png\)\n\n```sh\n(?P<commands>(?:fastdln .+\n)*fastdln .*plot .+)\n```"
)
PAGES_WITH_PICTURES = ["README.md", "docs/boundaries.md", "docs/science/*.md"]


def pictures_with_commands():
    """The name, and the commands that make it, of each picture that README and pages show with both."""
    pages = [page for pattern in PAGES_WITH_PICTURES for page in sorted(HERE.parent.glob(pattern))]
    return {
        found["picture"]: [line for lines in found["commands"].splitlines() for line in lines.split(" && ")]
        for page in pages
        for found in WITH_COMMANDS.finditer(page.read_text(encoding="utf-8"))
    }


def draw_pictures_of_pages():
    """The pictures of README and of the pages, by the commands beside them, and those of `fastdln paper`."""
    from fastdln.reports.paper import SETS, make

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sweeps").symlink_to(HERE.parent / "sweeps")
        for name, commands in pictures_with_commands().items():
            for command in [*commands[:-1], f"{commands[-1]} -o picture.png"]:
                words = [sys.executable, "-m", *shlex.split(command)]
                subprocess.run(words, cwd=folder, check=True)
            save_in_few_colours(Path(folder) / "picture.png", HERE / "images" / f"{name}.png", 256)
            print(name)
        for which in SETS:
            paper = Path(folder) / which
            paper.mkdir()
            make(paper, print, which)
            for picture in paper.glob("*.png"):
                shutil.copy(picture, HERE / "images" / "paper" / picture.name)


def page_of(function):
    """The name under which the API pages have a function."""
    return f"{function.__module__}.{function.__name__}"


def plots_api_page():
    kinds = "\n\n".join(
        f"::: {page_of(plot.draw)}\n    options:\n      heading: fastdln.plots.{plot.name}" for plot in PLOTS.values()
    )
    figures = "\n\n".join(f"::: {page_of(function)}" for function in (figure, drawable, arranged, encode))
    return f"""{NOTE}
# fastdln.plots

Each function here draws one kind of [picture](../pictures.md); the [gallery](../gallery.md) shows them. They are imported from
`fastdln.plots`, as in `fastdln.plots.phase(ds)`, and are methods of a dataset too: `ds.dln.plot.phase()`.

## Kinds of pictures

{kinds}

## Figures

{figures}

## A picture of your own

::: {Plot.__module__}.Plot
"""


PAGES = {
    "dataset.md": dataset_page,
    "sweep.md": sweep_page,
    "pictures.md": pictures_page,
    "gallery.md": gallery_page,
    "api/plots.md": plots_api_page,
}


def main():
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
    if "--pictures" in sys.argv[1:]:
        draw_gallery()
        draw_pictures_of_pages()


if __name__ == "__main__":
    main()
