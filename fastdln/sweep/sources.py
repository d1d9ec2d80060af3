"""Sources of a sweep's data: a file of the user's, which may name files of matrices, or a store's text, which may not."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

from fastdln import files
from fastdln.errors import SweepError, first_line
from fastdln.sweep import slips

# Three matrices of the widest layers, written out, take some 60 MB.
LONGEST_FILE = 2**26

# Numbers that a sweep may write out, in lists and matrices: two layers of the widest, or ten of half that width. A store has all
# of them in its root's metadata, which are read whole by whoever opens it.
MOST_NUMBERS = 5_000_000
# What they take as text; and what a text has at most of rows and words, each of which takes as much memory as many numbers.
LONGEST_TEXT, MOST_ROWS, MOST_QUOTES = 2**27, 1_000_000, 10_000


def of_file(path: Path) -> dict[str, Any]:
    """The data of a TOML file, its paths of arrays relative to its folder; SweepError, in one line, if it cannot be read."""
    try:
        text = files.read(path, LONGEST_FILE).decode("utf-8-sig")  # editors of Windows begin with a byte-order mark
    except IsADirectoryError:
        raise SweepError(f"{path}: {what_folder(path)}") from None
    except OSError as error:
        meant = slips.of_name(path) if isinstance(error, FileNotFoundError) else ""
        raise SweepError(f"{path}: {error.strerror}{meant}; a sweep is read from a TOML file") from None
    except UnicodeDecodeError:
        raise SweepError(f"{path}: is not a text file in UTF-8; a sweep is read from a TOML file") from None
    except ValueError:
        raise SweepError(f"{str(path)!r}: is no name of a file") from None
    try:
        data = tomllib.loads(text := text.replace("\r\n", "\n"))
    except ValueError as error:  # also for numbers of thousands of digits
        said = first_line(error)
        raise SweepError(f"{path}: is not TOML: {said}{slips.of_toml(text, said)}") from None
    except RecursionError:
        raise SweepError(f"{path}: is nested too deeply; no key needs more than four levels") from None
    if not data:
        raise SweepError(
            f'{path}: has no keys; a sweep needs at least model = "modes" and [axes] with eta, alpha and depth'
        )
    from_folder(data, path.parent)
    return data


def what_folder(path: Path) -> str:
    if os.path.lexists(path / "zarr.json"):
        return (
            f"is a store, not a sweep file: `fastdln status {path}` says what is in it, and `fastdln run SWEEP.toml -o {path}` "
            "goes on with it"
        )
    return f"is a folder; give a sweep file, such as {slips.in_folder(path)}"


def from_folder(data: dict[str, Any], folder: Path) -> None:
    """Makes the paths of arrays in a sweep file's data relative to the file's folder."""
    target, start = data.get("target"), data.get("start")
    for key in ("matrix", "singular_values"):
        if isinstance(target, dict) and isinstance(path := target.get(key), str):
            target[key] = placed(folder, path) if key == "matrix" or path.endswith(".npy") else path
    if isinstance(examples := data.get("data"), dict):
        for key in ("inputs", "labels", "outputs"):
            if isinstance(path := examples.get(key), str):
                examples[key] = placed(folder, path)
    layers = start.get("layers") if isinstance(start, dict) else start
    if isinstance(layers, list):
        found = [placed(folder, layer) if isinstance(layer, str) else layer for layer in layers]
        data["start"] = {**start, "layers": found} if isinstance(start, dict) else found


def placed(folder: Path, path: str) -> str:
    return str(folder / files.at(path))


def of_store(text: object) -> dict[str, Any]:
    """The data of a store's text; SweepError, in one line, if no sweep has written it. Its length is checked first."""
    if not isinstance(text, str):
        raise SweepError("sweep: is no text")
    bounds = (len(text), LONGEST_TEXT), (text.count(","), MOST_NUMBERS), (text.count('"'), MOST_QUOTES)
    if any(count > most for count, most in (*bounds, (text.count("[") + text.count("{"), MOST_ROWS))):
        raise SweepError(f"sweep: its text of {len(text):,} characters is longer than any that a sweep writes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SweepError(f"sweep: is not JSON: {first_line(error)}") from None
    if not isinstance(data, dict):
        raise SweepError("sweep: is no table of keys")
    return data
