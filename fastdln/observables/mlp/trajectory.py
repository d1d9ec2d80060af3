"""The descent itself: every k-th state from the start on."""

from fastdln.observables import of_descents

OBSERVABLE = of_descents.trajectory("loss and sharpness of every k-th state")
