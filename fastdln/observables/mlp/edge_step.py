"""When the edge of stability is reached."""

from fastdln.observables import of_descents

OBSERVABLE = of_descents.edge_step("Every sharpness_every-th state from 0 on is looked at.", sampled=True)
