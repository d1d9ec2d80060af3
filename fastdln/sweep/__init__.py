"""Sweeps: the keys of a sweep file, the problem and the axes that they describe, and the grid of chunks."""
