"""Progressive sharpening of matrices: as of modes, with the residual that tells how far the sharpness is to be trusted."""

from dataclasses import replace

from fastdln.observables.edge_step import OBSERVABLE as OF_MODES

OBSERVABLE = replace(OF_MODES, brings=("sharpness_residual",), pair_cost=None, shared=False)
