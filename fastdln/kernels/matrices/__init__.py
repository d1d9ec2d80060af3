"""Kernels of networks of full matrices: gradient descent, Hessian-vector products, and the largest eigenvalues of the Hessian."""
