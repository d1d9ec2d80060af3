"""Mathematics of all modes together, on arrays whose last axis is points side by side. Plain Python, no numba."""

from fastdln.diagonal.state import Network

__all__ = ["Network"]
