"""Simulations of models beside deep linear networks; each file that binds SIMULATION is one, and needs no other entry."""
