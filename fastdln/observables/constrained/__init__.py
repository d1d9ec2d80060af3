"""Families of observables of the constrained trajectory."""
