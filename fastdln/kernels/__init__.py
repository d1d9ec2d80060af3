"""Compiled kernels: of the modes of diagonal networks (modes/), of networks of full matrices (matrices/), and what compiles both."""
