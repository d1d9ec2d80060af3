"""Attractors and flips of the balanced map."""

import mpmath


def settled(depth, eta, steps=200_000):
    """A point of the balanced map's attractor at s = 1."""
    rho = 0.8
    for _ in range(steps):
        rho -= eta * (rho**depth - 1) * rho ** (depth - 1)
    return rho


def flip(depth, k, guess):
    """eta of the balanced map's flip from period 2^k to 2^(k+1) at s = 1: the cycle's multiplier is -1."""
    with mpmath.workdps(30):

        def cycle(rho, eta):
            point, slope = rho, mpmath.mpf(1)
            for _ in range(2**k):
                slope *= 1 - eta * ((2 * depth - 1) * point ** (2 * depth - 2) - (depth - 1) * point ** (depth - 2))
                point = point - eta * (point**depth - 1) * point ** (depth - 1)
            return point - rho, slope + 1

        rho = mpmath.mpf(guess[0])
        _, eta = mpmath.findroot(cycle, (rho, mpmath.mpf(guess[1])), maxsteps=100)
        return float(eta)
