"""Families of observables of the central flow."""
