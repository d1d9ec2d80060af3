"""Warnings about how kernels are compiled, each given once."""

import warnings

_told: set[str] = set()


def tell_once(what: str, why: str) -> None:
    """Warn on the first of the kernels that it concerns."""
    if what not in _told:
        _told.add(what)
        warnings.warn(f"{what}: {' '.join(why.split())}", RuntimeWarning, stacklevel=3)
