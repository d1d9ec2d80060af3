"""What the benchmarks measured: kept as JSON, compared with what was released, and shown as tables."""

import json
from pathlib import Path

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


def read(path):
    return json.loads(path.read_text()) if path.exists() else {"machine": "", "results": []}


def write(path, machine, results):
    path.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")


def table(machine, results, released):
    """A row a benchmark: median, spread, what it says itself or the ratio to its group's first, and that to the release."""
    rows = Table(title=machine, title_justify="left", box=None, pad_edge=False)
    columns = {
        "": "left",
        "median": "right",
        "slowest - fastest": "right",
        "compared": "left",
        "to the release": "right",
    }
    for name, justify in columns.items():
        rows.add_column(name, justify=justify, no_wrap=True)
    before = {(one["group"], one["name"]): one for one in released["results"]}
    for group in dict.fromkeys(one["group"] for one in results):
        rows.add_row(f"[bold]{group}[/bold]")
        members = [one for one in results if one["group"] == group]
        for one in members:
            said = [words.format(one[key]) for key, words in SAID.items() if key in one]
            if one is not members[0] and one["unit"] != "s":
                said.append(f"{times_faster(one, members[0]):.3g} times {members[0]['name']}")
            old = before.get((group, one["name"]))
            rows.add_row(
                f"  {one['name']}",
                f"{figure(one['median'])} {one['unit']}",
                f"{figure(one['slowest'])} - {figure(one['fastest'])}",
                ", ".join(said),
                f"{times_faster(one, old):.2f}" if old else "",
            )
    if released["machine"] not in ("", machine):
        rows.caption = f"the release was measured on {released['machine']}"
        rows.caption_justify = "left"
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
            yield f"{group}: seconds", ", ".join(f"{name} {one['median']:.0f}" for name, one in members.items())
        elif group.startswith("sweeps/"):
            said = [
                f"{name}: {one['seconds']:.2f} s, {one['times the limit']:.2f} times the least time"
                for name, one in members.items()
            ]
            yield f"{group}, first chunk to last", "; ".join(said)
        elif group.startswith("cost against"):
            said = [
                f"{name}: {1e3 / one['median']:.3f} ns a step, {one['MB at most']:,.0f} MB"
                for name, one in members.items()
            ]
            yield group, "; ".join(said)
        elif group.startswith("figure of"):
            yield group, "; ".join(f"{name}: {figure(one['seconds'])} s" for name, one in members.items())
        elif group.startswith("gradient descent on matrices"):
            said = [
                f"{name}: {one['share of peak']:.0%} of the core's peak"
                if "share of peak" in one
                else f"{name}: {one['gradient steps']:.1f} steps"
                if "gradient steps" in one
                else f"{name}: {times_faster(members['fastdln'], one):.1f} times slower"
                for name, one in members.items()
            ]
            yield group, "; ".join(said)
