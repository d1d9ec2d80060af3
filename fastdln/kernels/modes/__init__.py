"""Kernels of the modes of diagonal networks, 64 points side by side: transient, record, and the run sampled from state 0."""
