"""Kernels of single networks at the edge of stability: derivatives of third order, and the simulations that need them."""
