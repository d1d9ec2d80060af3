"""Slips of people who write sweep files: what they most likely meant, to stand behind what cannot be read."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from fastdln import files
from fastdln.sweep.messages import BARE_POINT
from fastdln.text import MOST_NAMES, one_line

# Characters of a line that are looked at, and that are shown.
LONGEST_LINE, LONGEST_SHOWN = 1000, 60

NOT_QUOTED = re.compile(r"\s*([\w.-]+)\s*=\s*([A-Za-z][\w .-]*?)\s*(#.*)?")
NO_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'|#.*")
OTHER_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u00ab\u00bb", '\'\'""""')


def of_toml(text: str, message: str) -> str:
    """What was meant by the line that TOML stumbles over; empty if it is not to be told."""
    if text.lstrip().startswith("{"):
        return "; it looks like JSON or Python: write lines such as steps = 100, and [axes] above eta = ..."
    place = re.search(r"at line (\d+)", message)
    lines = text.split("\n")
    line = lines[int(place[1]) - 1][:LONGEST_LINE] if place and int(place[1]) <= len(lines) else ""
    if (straight := line.translate(OTHER_QUOTES)) != line:
        return f"; write plain quotes: {one_line(straight, LONGEST_SHOWN)}"
    if "overwrite" in message.lower():
        return "; the key is there twice"
    if re.search(r"=\s*-?\d{1,3}(,\d{3})+\s*(#.*)?$", line):
        return f"; numbers have no commas: {one_line(line.replace(',', '_'), LONGEST_SHOWN)}"
    if BARE_POINT.search(NO_VALUE.sub("", line)):
        return f"; write a digit on both sides of a point: {one_line(BARE_POINT.sub('0', line), LONGEST_SHOWN)}"
    if re.search(r"=\s*[-\d.e]+\s*:", line):
        return "; a range is {start = 2, stop = 4, num = 3}"
    if re.match(r"\s*[\w.-]+\s*:", line) or re.search(r"[{,]\s*\"?\w+\"?\s*:", line):
        return "; write = instead of :, as in steps = 100 or {start = 0.1, stop = 1, num = 10}"
    if line.count("{") > line.count("}") or (place and opens(lines[: int(place[1]) - 1])):
        return "; a table in braces stands on one line"
    if re.search(r"\w\(", line):
        return "; nothing is computed here: write numbers, [a list] or {start = 0.1, stop = 1, num = 10}"
    if found := NOT_QUOTED.fullmatch(line):
        key, word = found[1], found[2]
        if word in ("None", "null", "nil"):
            return f"; leave {key} out for its default"
        if word in ("True", "False"):
            return f"; write {word.lower()}"
        return f'; quote it: {key} = "{one_line(word, LONGEST_SHOWN)}"'
    return "; lines look like steps = 100 or eta = {start = 0.1, stop = 1, num = 10}"


def opens(lines: list[str]) -> bool:
    """Whether the last line that says something leaves a brace open."""
    said = [line for line in lines[-3:] if line.strip()]
    return bool(said) and said[-1][:LONGEST_LINE].count("{") > said[-1][:LONGEST_LINE].count("}")


def of_name(path: Path) -> str:
    """The sweep file whose name is like that of one that is not there, in its folder or one beside it."""
    return files.alike(
        path, (file for pattern in ("*.toml", "*/*.toml", "../*.toml") for file in path.parent.glob(pattern))
    )


def in_folder(path: Path) -> str:
    """The first sweep file of a folder, as an example."""
    try:
        return str(min(islice(path.glob("*.toml"), MOST_NAMES), default="SWEEP.toml"))
    except OSError:
        return "SWEEP.toml"
