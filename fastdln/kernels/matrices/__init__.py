"""Kernels of networks of full matrices: gradient descent and the search for the sharpness."""
