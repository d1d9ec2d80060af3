"""Families of observables that gradient flow of matrices always has."""
