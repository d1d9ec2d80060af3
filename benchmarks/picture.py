"""The README's picture of the benchmarks: steps a second against depth, below the limit of a core."""

from matplotlib.figure import Figure

from benchmarks.results import steps_by_depth

# Readable by colour-blind people, on white and on dark pages alike (Okabe and Ito).
COLOURS = {
    "fastdln": "#0072b2",
    "C (gcc)": "#009e73",
    "JAX jit": "#e69f00",
    "NumPy": "#cc79a7",
    "scalar numba loop": "#d55e00",
}
MARKERS = dict(zip(COLOURS, "osD^v", strict=True))

# Between the names at the lines' ends, a factor of speed.
APART = 1.25


def draw(machine, results, path):
    speeds = steps_by_depth(results)
    limit = speeds.pop("limit of a core")
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.subplots()
    places = range(len(limit))
    axes.plot(places, list(limit.values()), color="0.35", ls="--", lw=1.2)
    axes.annotate(
        "limit of a core", (0, next(iter(limit.values()))), (6, 4), textcoords="offset points", color="0.35", fontsize=9
    )
    ends = {}
    for name, row in speeds.items():
        at = [place for place, depth in zip(places, limit, strict=True) if depth in row]
        values = [row[depth] for depth in limit if depth in row]
        axes.plot(at, values, color=COLOURS[name], marker=MARKERS[name], ms=6, lw=1.5)
        ends[name] = values[-1]
    above = float("inf")
    for name, end in sorted(ends.items(), key=lambda item: -item[1]):
        above = min(end, above / APART)
        axes.annotate(
            name,
            (len(limit) - 1, above),
            (9, 0),
            textcoords="offset points",
            color=COLOURS[name],
            va="center",
            fontsize=9,
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xticks(places, [f"L = {depth}" for depth in limit])
    axes.set_xlim(-0.3, len(limit) - 0.1)
    axes.set_ylabel("10⁹ steps of a mode a second, one core")
    axes.set_title(machine.partition(",")[0], fontsize=10, loc="left")
    axes.grid(axis="y", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=160, facecolor="white")
