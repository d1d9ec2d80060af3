"""Compiled kernels: of the modes of diagonal networks (modes/), of full matrices (matrices/), and here what both share."""
