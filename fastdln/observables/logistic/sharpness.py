"""Sharpness over the record."""

from fastdln.observables import of_descents

OBSERVABLE = of_descents.sharpness(
    summary="largest eigenvalue of the Hessian, exact", comment="Of the dense Hessian. NaN after divergence."
)
