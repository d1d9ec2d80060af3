"""Analysis of computed datasets: where periods double, and how far the measured values are from the theory."""

from fastdln.analysis.codes import fate_names
from fastdln.analysis.comparison import Agreement, agreement, compare
from fastdln.analysis.doublings import feigenbaum, flips, onset
from fastdln.analysis.expected import prediction

__all__ = ["Agreement", "agreement", "compare", "fate_names", "feigenbaum", "flips", "onset", "prediction"]
