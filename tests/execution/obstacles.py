"""Obstacles to the writing of chunks."""

import shutil

from fastdln.storage.location import locate
from fastdln.storage.store import Store
from tests.small import SWEEP


def obstruct(path, *places):
    """Makes the writing of chunks fail, in this process and in any other: folders lie where the files would be."""
    with Store.at(locate(path), SWEEP):
        pass
    for place in places:
        (path / "loss" / "c" / place / "in the way").mkdir(parents=True)


def clear(path):
    for way in list(path.rglob("in the way")):
        shutil.rmtree(way.parent)
