"""Analysis of computed datasets: fates, doublings, differences from the theory, boundaries and basins."""

from typing import TYPE_CHECKING

import lazy_loader

from fastdln.analysis.fate_census import Census, census

if TYPE_CHECKING:
    from fastdln.analysis.basins import basin_entropy, basin_fractions, uncertainty_exponent
    from fastdln.analysis.box_counting import boundary, box_counting_dimension
    from fastdln.analysis.codes import fate_names
    from fastdln.analysis.comparison import Agreement, agreement, compare
    from fastdln.analysis.doublings import feigenbaum, flips, onset
    from fastdln.analysis.expected import prediction

# What takes xarray is imported when it is first used: a run counts fates, and does not wait for the import.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "basins": ["basin_entropy", "basin_fractions", "uncertainty_exponent"],
        "box_counting": ["boundary", "box_counting_dimension"],
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
    "basin_entropy",
    "basin_fractions",
    "boundary",
    "box_counting_dimension",
    "census",
    "compare",
    "fate_names",
    "feigenbaum",
    "flips",
    "onset",
    "prediction",
    "uncertainty_exponent",
]
