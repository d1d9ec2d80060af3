"""Families of observables of logistic regression."""
