"""Kernels of the modes of diagonal networks: many points side by side, through the transient and the record."""
