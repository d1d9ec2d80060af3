"""Fused multiplication and addition."""


def fma(x, y, z):
    """x y + z; compiled, with a single rounding.

    A map's step is written with it, and adds nothing otherwise: which multiplications the compiler would fuse by itself
    depends on what else is computed from them, and with it the last bit of the orbit, and so every chaotic one.
    """
    return x * y + z
