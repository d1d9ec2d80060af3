"""Activations of a small network with their first and second derivatives, over flat arrays; loops that are vectorized.

tanh and its exponential are written out, since the library's functions take one number at a time.
"""

from __future__ import annotations

import math

import numpy as np

from fastdln.kernels.powers import power_of_two
from fastdln.models.fma import fma

# ln 2 in two parts, of which the first has so few digits that its products with whole numbers are exact (fdlibm).
LOG2_E, LN_2_HIGH, LN_2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10

# 1 / k! from k = 13 down to 2: the series of exp(r) - 1 - r for |r| <= ln(2) / 2, to 1e-18 of it.
FACTORIALS = tuple(1.0 / math.factorial(k) for k in range(13, 1, -1))

# tanh is 1 to the last digit from here on.
FLAT = 20.0


def expm1_of(x):
    """exp(x) - 1 for 0 <= x <= 2 FLAT, to two units in the last place."""
    n = np.rint(x * LOG2_E)
    r = fma(n, -LN_2_LOW, fma(n, -LN_2_HIGH, x))
    p = FACTORIALS[0]
    for k in range(1, 12):
        p = fma(p, r, FACTORIALS[k])
    whole = power_of_two(n)
    return fma(whole, fma(r * r, p, r), whole - 1.0)


def tanh_of(x):
    """By exp(2 |x|) - 1, which keeps the digits of small x."""
    size = min(abs(x), FLAT)
    t = expm1_of(2.0 * size)
    return math.copysign(t / (t + 2.0), x)


def tanh(z, h, first, second, count):
    for i in range(count):
        y = tanh_of(z[i])
        slope = fma(-y, y, 1.0)
        h[i], first[i], second[i] = y, slope, -2.0 * y * slope


def relu(z, h, first, second, count):
    for i in range(count):
        slope = 1.0 if z[i] > 0.0 else 0.0
        h[i], first[i], second[i] = slope * z[i], slope, 0.0


def linear(z, h, first, second, count):
    for i in range(count):
        h[i], first[i], second[i] = z[i], 1.0, 0.0


def gelu(z, h, first, second, count):
    """z Phi(z), Phi the normal distribution function, by the error function itself."""
    for i in range(count):
        x = z[i]
        phi = 0.5 * math.erfc(-x * math.sqrt(0.5))
        density = math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
        h[i], first[i], second[i] = x * phi, fma(x, density, phi), (2.0 - x * x) * density


ACTIVATIONS = {"tanh": tanh, "relu": relu, "gelu": gelu, "linear": linear}
