"""Families of observables of the local map of self-stabilization."""
