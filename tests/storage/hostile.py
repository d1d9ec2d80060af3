"""Changes to a store by one who means harm, and the public verbs that must refuse them."""

import hashlib
import json

import pytest

import fastdln
from fastdln import StoreError
from fastdln.execution.compute import compute
from fastdln.storage.template import digest
from tests.small import SWEEP

LONGER = "axes.eta=" + str([*SWEEP.axes["eta"].values().tolist(), 2.0])


def edited(store, change, *, sealed=True):
    """The store with its root's metadata changed, and sealed anew as one who means harm would."""
    root = json.loads((store / "zarr.json").read_text())
    names = [*root["consolidated_metadata"]["metadata"]]
    change(root)
    attributes = root["attributes"]
    attributes["sweep_sha256"] = hashlib.sha256(attributes["sweep"].encode()).hexdigest()
    if sealed:
        attributes["metadata_sha256"] = digest(root, names)
    else:
        del attributes["metadata_sha256"]
    (store / "zarr.json").write_text(json.dumps(root))
    return store


def verbs(store):
    """Every public verb that reads a store."""
    return {
        "status": lambda: fastdln.status(store),
        "verify": lambda: fastdln.verify(store),
        "open": lambda: fastdln.open(store).load(),
        "run": lambda: compute(SWEEP, store),
        "extend": lambda: fastdln.extend(store, LONGER),
        "refine": lambda: fastdln.refine(store, store.with_name("fine.zarr"), "axes.eta.start=0.7"),
    }


def refused_by_all(store, match):
    for name, verb in verbs(store).items():
        with pytest.raises(StoreError, match=match) as refusal:
            verb()
        assert "\n" not in str(refusal.value), name


def codec(name, **configuration):
    return {"name": name, "configuration": configuration}


PLAIN = [codec("bytes", endian="little")]

ZSTD = codec("zstd", level=1, checksum=False)
