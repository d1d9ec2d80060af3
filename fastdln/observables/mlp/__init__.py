"""Families of observables of small fully connected networks."""
