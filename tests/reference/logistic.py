"""Gradient descent on the mean loss of margins, in plain NumPy, with dense Hessians (arXiv 2305.11788)."""

import numpy as np

LOSSES = {
    "logistic": (
        lambda m: np.logaddexp(0, -m),
        lambda m: 1 / (1 + np.exp(m)),
        lambda m: 1 / (2 + np.exp(m) + np.exp(-m)),
    ),
    "exponential": (lambda m: np.exp(-m), lambda m: np.exp(-m), lambda m: np.exp(-m)),
}


def descend(signed, loss, eta, steps, start=None):
    """States (state, feature), losses and sharpnesses of all states."""
    value, slope, second = LOSSES[loss]
    w = np.zeros(signed.shape[1]) if start is None else np.array(start, dtype=float)
    states, losses, sharp = [], [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps + 1):
            margins = signed @ w
            states.append(w)
            losses.append(value(margins).mean())
            hessian = (signed.T * second(margins)) @ signed / len(signed)
            sharp.append(np.linalg.eigvalsh(hessian)[-1] if np.isfinite(hessian).all() else np.nan)
            w = w + eta * (slope(margins)[:, None] * signed).mean(axis=0)
    return np.array(states), np.array(losses), np.array(sharp)
