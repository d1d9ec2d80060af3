"""Imported by what commands are forked from: numba has started, which takes it most of a second, once for all of them."""

import numba

numba.njit(lambda x: x + 1)(1)
