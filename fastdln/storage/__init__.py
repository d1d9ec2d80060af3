"""Stores: what an empty one looks like, what is in one, how it is repaired and extended, and where it lies."""
