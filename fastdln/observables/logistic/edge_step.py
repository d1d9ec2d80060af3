"""When the edge of stability is reached."""

from fastdln.observables import of_descents

OBSERVABLE = of_descents.edge_step()
