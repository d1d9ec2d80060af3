"""Models and observables of one's own: files that are loaded, what a store says of them, and how they reach other processes.

They are code that is run because its owner asked for it, by a call or by --load; sweep files and stores never name any.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastdln import files, models
from fastdln.errors import SweepError, described
from fastdln.models import MODELS, Model
from fastdln.observables import OBSERVABLES, Observable, add
from fastdln.sweep import named_axes
from fastdln.sweep.schema import Sweep

# What the modules of loaded files are called.
LOADED = "fastdln_loaded_"

# The attributes of a store that say what it was made with: sources by name, and the arrays of each.
SOURCES, VARIABLES = "registered", "registered_variables"

# A file of one's own holds a few functions.
LARGEST_FILE = 2**20


def load(path: Path) -> None:
    """Runs a file of one's own, which registers what it has; SweepError, naming the file, if it cannot be read or run."""
    try:
        source = files.read(path, LARGEST_FILE)
    except OSError as error:
        raise SweepError(f"--load {path}: {files.reason(error, 'read')}") from None
    except ValueError:
        raise SweepError(f"--load {str(path)!r}: is no name of a file") from None
    name = f"{LOADED}{hashlib.sha256(source).hexdigest()[:16]}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SweepError(f"{path}: must be a file of Python, whose name ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SweepError as error:
        del sys.modules[name]
        raise SweepError(f"{path}: {error}") from None
    except KeyboardInterrupt:
        del sys.modules[name]
        raise KeyboardInterrupt(f"stopped while {path} was loaded, before anything else was done") from None
    except BaseException as error:  # also what is none of Exception, such as SystemExit
        del sys.modules[name]
        raise SweepError(f"{path}: does not import: {described(error)}") from error


def sources(sweep: Sweep) -> dict[str, str]:
    """sha256 of the source of each item of one's own that a sweep uses, by its name."""
    models = dict.fromkeys(part.definition for part in named_axes.parts(sweep))
    items: tuple[Model | Observable, ...] = (*models, *sweep.families)
    return {item.name: item.source for item in items if item.source}


def recorded(sweep: Sweep) -> dict[str, str]:
    """The attributes of a store that say so."""
    if not (found := sources(sweep)):
        return {}
    names = {family.name: [variable.name for variable in family.variables] for family in sweep.families}
    arrays = {name: names.get(name, []) for name in found}
    return {SOURCES: json.dumps(found, sort_keys=True), VARIABLES: json.dumps(arrays, sort_keys=True)}


def missing(attributes: Mapping[str, Any]) -> list[str]:
    """The names of what a store was made with and is not registered."""
    return [name for name in _said(attributes) if name not in OBSERVABLES and name not in MODELS]


def others(attributes: Mapping[str, Any], sweep: Sweep) -> list[str]:
    """The names of what a store was made with from other sources than those registered now."""
    said, here = _said(attributes), sources(sweep)
    return sorted(name for name in said.keys() | here.keys() if said.get(name) != here.get(name))


def _said(attributes: Mapping[str, Any]) -> dict[str, str]:
    try:
        said = json.loads(attributes.get(SOURCES, "{}"))
    except (ValueError, RecursionError):
        return {}
    return {name: text for name, text in said.items() if isinstance(text, str)} if isinstance(said, dict) else {}


def own() -> list[Observable | Model]:
    """All items of one's own, for other processes."""
    return [*(m for m in MODELS.values() if m.source), *(o for o in OBSERVABLES.values() if o.source)]


def packed() -> bytes:
    """The same as bytes that another process of the same user can `unpack`; b"" for none."""
    if not own():
        return b""
    import cloudpickle

    for name, module in list(sys.modules.items()):
        if name.startswith(LOADED):
            cloudpickle.register_pickle_by_value(module)
    return bytes(cloudpickle.dumps(own()))


def unpack(data: bytes) -> None:
    """Registers what another process has packed, from the sources that it named."""
    for item in pickle.loads(data) if data else ():
        if isinstance(item, Model):
            models.add(item)
        else:
            add(item)
