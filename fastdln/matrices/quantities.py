"""The quantities of a whole network that observables see, by the rows in which a block holds them."""

QUANTITIES = ("loss", "sharpness", "alignment_error")
LOSS, SHARPNESS, ALIGNMENT = range(3)
