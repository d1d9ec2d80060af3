"""How fast the kernels and the sweeps are; `python -m benchmarks` prints the table."""
