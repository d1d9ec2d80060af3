"""Warnings about how kernels are made, each once."""

import warnings

_told: set[str] = set()


def tell_once(what: str, why: str) -> None:
    """A warning for the first of the kernels; the others have the same to say."""
    if what not in _told:
        _told.add(what)
        warnings.warn(f"{what}: {' '.join(why.split())}", RuntimeWarning, stacklevel=3)
