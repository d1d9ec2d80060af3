"""Analysis of computed datasets: fates counted, where periods double, and how far the measured values are from the theory."""

from typing import TYPE_CHECKING

import lazy_loader

from fastdln.analysis.fate_census import Census, census

if TYPE_CHECKING:
    from fastdln.analysis.codes import fate_names
    from fastdln.analysis.comparison import Agreement, agreement, compare
    from fastdln.analysis.doublings import feigenbaum, flips, onset
    from fastdln.analysis.expected import prediction

# What takes xarray is imported when it is first used: a run counts fates, and does not wait for the import.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "codes": ["fate_names"],
        "comparison": ["Agreement", "agreement", "compare"],
        "doublings": ["feigenbaum", "flips", "onset"],
        "expected": ["prediction"],
    },
)

__all__ = [
    "Agreement",
    "Census",
    "agreement",
    "census",
    "compare",
    "fate_names",
    "feigenbaum",
    "flips",
    "onset",
    "prediction",
]
