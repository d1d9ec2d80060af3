"""Observables of networks with full matrices."""
