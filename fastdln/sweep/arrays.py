"""Arrays of a user's .npy files, read without running anything and no further than a matrix of a sweep goes."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

from fastdln import files

# A store carries given matrices in its attributes; one of this size takes some 20 MB there.
WIDEST = 1024

# What the header of a .npy file of numbers takes at most; NumPy itself reads no longer ones.
LONGEST_HEADER = 10_000

# The validation context of a sweep that comes from a store: data from anywhere, which are not to name the user's files.
WITHOUT_FILES = {"files": False}


def read(path: Path, kinds: str = "iuf") -> np.ndarray:
    """The array of a .npy file; nothing in the file is executed, and no more is read than a matrix takes.

    kinds: of NumPy's types that it may have.
    """
    try:
        with files.opened(path, 8 * WIDEST**2 + LONGEST_HEADER) as file:
            size = os.fstat(file.fileno()).st_size
            # numbers have no names, which the third version of the header is for
            header = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}[read_magic(file)]
            shape, _, dtype = header(file, LONGEST_HEADER)
            if dtype.kind not in kinds:
                raise ValueError(f"{path}: is not a .npy file of real numbers")
            if math.prod(shape) * dtype.itemsize > size:
                raise EOFError
            file.seek(0)
            return np.asarray(np.load(file, allow_pickle=False))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # whatever NumPy makes of a file that is anything
        ours = isinstance(error, ValueError) and str(error).startswith(f"{path}: ")
        raise ValueError(str(error) if ours else f"{path}: is not a .npy file of numbers") from None
