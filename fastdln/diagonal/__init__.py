"""Mathematics of networks at one state, on arrays whose last axis is points side by side. Plain Python, no numba."""

from fastdln.diagonal.state import DiagonalNetwork

__all__ = ["DiagonalNetwork"]
