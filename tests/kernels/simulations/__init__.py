"""Simulations of models beside deep linear networks."""
