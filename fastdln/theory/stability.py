"""The edge of stability: where a mode leaves its minimum, where it is balanced, where it is lost."""

import numpy as np

from fastdln.theory.arguments import together


def stability_limit(singular_value, depth):
    """S_i = L s^(2 - 2/L), the sharpness of mode i's balanced minimum.

    Arrays of any shapes; s in the target's units. NaN for negative s or depth below 2.
    arXiv 2502.20531, section 2.
    """
    s, depth = together(singular_value=singular_value, depth=depth)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((s >= 0) & (depth >= 2), depth * np.abs(s) ** (2 - 2 / depth), np.nan)


def critical_learning_rate(singular_value, depth):
    """2 / S_i, the learning rate beyond which mode i oscillates; infinite for s = 0.

    Arrays of any shapes; s in the target's units. NaN for negative s or depth below 2.
    arXiv 2502.20531, section 2.
    """
    with np.errstate(divide="ignore"):
        return 2 / stability_limit(singular_value, depth)


def divergence_bound(eta, singular_value, depth):
    """abs(pi) beyond which no orbit returns: max(10 s, (1e6 / eta)^(L / (2 L - 2))).

    A step multiplies layer l by 1 - q_l, q_l = eta (pi - s) pi / w_l^2, whose geometric mean over the layers is about
    eta pi^(2 - 2/L). The largest bounded orbits have q = 2; at 1e6 only a coincidence of one part in 1e6^L would bring
    the product back. Arrays of any shapes; infinite for eta = 0. docs/theory.md, section C.
    """
    eta, s, depth = together(eta=eta, singular_value=singular_value, depth=depth)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.maximum(10 * s, (1e6 / eta) ** (depth / (2 * depth - 2)))


def balancing_alpha_bound(eta, singular_value, depth):
    """Largest alpha for which the balancing theorem says that the gap shrinks at every step of a one-zero start.

    (ln(2 sqrt2 / (eta S)) s^(4/L) / (L^2 2^((2L-3)/L)))^(1/4). Arrays of any shapes; in the units of the layers.
    NaN where the theorem says nothing: eta <= 2/S or eta > 2 sqrt2 / S. arXiv 2502.20531, balancing theorem.
    """
    eta, s, depth = together(eta=eta, singular_value=singular_value, depth=depth)
    kappa = eta * stability_limit(s, depth)
    with np.errstate(divide="ignore", invalid="ignore"):
        fourth = np.log(np.sqrt(8) / kappa) * s ** (4 / depth) / (depth**2 * 2 ** (2 - 3 / depth))
        return np.where((kappa > 2) & (fourth >= 0), np.abs(fourth) ** 0.25, np.nan)
