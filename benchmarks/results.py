"""What the benchmarks measured: kept as JSON, compared with what was released, and shown as tables."""

import json
from pathlib import Path

from rich.console import Group
from rich.table import Table

HERE = Path(__file__).parent

# The results of the last release, that later ones are compared with.
RELEASED = HERE / "released.json"

# What the first letter of a unit stands for.
PREFIXES = {"M": 1e6, "G": 1e9}

# What else a benchmark may have measured, and how it is said.
SAID = {
    "share of limit": "{:.0%} of the core's limit",
    "bare steps": "{:.1f} bare steps each",
    "share of peak": "{:.0%} of the core's peak",
    "gradient steps": "{:.2f} gradient steps each",
    "seconds": "{:.3g} s",
    "times the limit": "{:.2f} times the least time",
    "in kernels": "{:.0%} of the threads' time in kernels",
    "MB at most": "{:,.0f} MB at most",
    "MB added": "{:,.0f} MB added",
}


def result(measured):
    """What is kept of a benchmark of pytest-benchmark: median, slowest and fastest in its unit, and what it says itself."""
    info, stats = dict(measured["extra_info"]), measured["stats"]
    unit, work, taken = info.pop("unit"), info.pop("work", None), info.pop("taken", None)
    seconds = sorted(taken) if taken else [stats["min"], stats["median"], stats["max"]]
    fastest, median, slowest = seconds[0], seconds[len(seconds) // 2], seconds[-1]

    def speed(time):
        return time if work is None else work / time / PREFIXES.get(unit[0], 1)

    values = {"median": speed(median), "slowest": speed(slowest), "fastest": speed(fastest)}
    return {"group": measured["group"], "name": measured["name"], "unit": unit, **values} | info


def figure(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times_faster(one, other):
    """How many times the speed of the other's median a result's is."""
    ratio = one["median"] / other["median"]
    return 1 / ratio if one["unit"] == "s" else ratio


NONE = {"machine": "", "results": []}


def read(path):
    return json.loads(path.read_text()) if path.exists() else NONE


def write(path, machine, results):
    path.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")


# A result that has one of these is told by it, and not beside its group's first.
TOLD = {"bare steps", "gradient steps", "in kernels", "MB at most"}


def table(machine, results, released):
    """A row a benchmark: median, spread, what it says itself or the ratio to its group's first, and that to the release."""
    before = {(one["group"], one["name"]): one for one in released["results"]}
    parts = [machine]
    if released["machine"] not in ("", machine):
        parts.append(f"the release was measured on {released['machine']}")
    for group in dict.fromkeys(one["group"] for one in results):
        members = [one for one in results if one["group"] == group]
        parts += [f"\n[bold]{group}[/bold]", rows_of(members, before)]
    return Group(*parts)


# Of columns, so that those of all groups stand below each other.
WIDTHS = {"": 34, "median": 16, "slowest - fastest": 18, "compared": 72}


def rows_of(members, before):
    rows = Table(box=None, pad_edge=False)
    columns = {
        "": "left",
        "median": "right",
        "slowest - fastest": "right",
        "compared": "left",
        "to the release": "right",
    }
    for name, justify in columns.items():
        rows.add_column(name, justify=justify, no_wrap=True, min_width=WIDTHS.get(name))
    for one in members:
        said = [words.format(one[key]) for key, words in SAID.items() if key in one]
        if one is not members[0] and one["unit"] != "s" and not TOLD & set(one):
            said.append(f"{times_faster(one, members[0]):.3g} times {members[0]['name']}")
        old = before.get((one["group"], one["name"]))
        rows.add_row(
            f"  {one['name']}",
            f"{figure(one['median'])} {one['unit']}",
            f"{figure(one['slowest'])} - {figure(one['fastest'])}",
            ", ".join(said),
            f"{times_faster(one, old):.2f}" if old else "",
        )
    return rows


STEPS = "steps of a mode, two-scalar map, L = "


def steps_by_depth(results):
    """{contender: {depth: 1e9 steps a second}}, "limit of a core" first."""
    found = {"limit of a core": {}}
    for one in results:
        if one["group"].startswith(STEPS):
            depth = int(one["group"].removeprefix(STEPS).partition(",")[0])
            found.setdefault(one["name"], {})[depth] = one["median"] / 1e3
            if one["name"] == "fastdln":
                found["limit of a core"][depth] = one["limit"] / 1e9
    return {name: dict(sorted(speeds.items())) for name, speeds in found.items()}


def markdown(machine, results):
    """The tables of the README."""
    speeds = steps_by_depth(results)
    depths = list(speeds["limit of a core"])
    lines = [
        f"{machine}; medians.",
        "",
        "| 10⁹ steps of a mode a second, one core | " + " | ".join(f"L = {depth}" for depth in depths) + " |",
        "| --- |" + " ---: |" * len(depths),
    ]
    for name, row in speeds.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[d]:.2f}" if d in row else "" for d in depths) + " |")
    lines += ["", "| what | measured |", "| --- | --- |"]
    lines += [f"| {what} | {said} |" for what, said in summary(results)]
    return "\n".join(lines) + "\n"


def summary(results):
    """(what, figures in words) of the README's second table."""
    groups = {}
    for one in results:
        groups.setdefault(one["group"], {})[one["name"]] = one
    for group, members in groups.items():
        if group.startswith("recorded steps"):
            said = ", ".join(f"{name} {one['bare steps']:.1f}" for name, one in members.items())
            yield f"{group}: bare steps each", said
        elif group.startswith("fastdln warm"):
            said = [f"{name.removesuffix('.toml')} {one['median']:.0f}" for name, one in members.items()]
            yield f"{group}: seconds", ", ".join(said)
        elif group.startswith("sweeps/"):
            said = [
                f"{name}: {one['seconds']:.2f} s, {one['times the limit']:.2f} times the least time"
                for name, one in members.items()
            ]
            yield f"{group}, first chunk to last", "; ".join(said)
        elif group.startswith("cost against"):
            said = [f"{name}: {one['seconds']:.2f} s, {one['MB at most']:,.0f} MB" for name, one in members.items()]
            yield group, "; ".join(said)
        elif group.startswith("figure of"):
            yield group, "; ".join(f"{name}: {figure(one['seconds'])} s" for name, one in members.items())
    widths = {group.rpartition(" ")[2]: members for group, members in groups.items() if " on matrices" in group}
    if widths:
        of_peak = [f"d = {d} {members['fastdln']['share of peak']:.0%}" for d, members in widths.items()]
        yield "gradient descent on matrices, L = 3: share of a core's peak", ", ".join(of_peak)
    for other in ("numpy", "jax"):
        ratios = [
            f"d = {d} {times_faster(members['fastdln'], one):.1f}"
            for d, members in widths.items()
            for name, one in members.items()
            if name.startswith(other)
        ]
        if ratios:
            yield f"the same: times the speed of {other}", ", ".join(ratios)
