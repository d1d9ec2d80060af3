"""Gradient descent with momentum on the singular values of one mode, in plain NumPy and in high precision."""

import mpmath
import numpy as np

from tests.reference.lyapunov import mode_jacobian


def descend(layers, s, eta, mu, nesterov, steps, number=float):
    """The layers (state, layer) and velocities of one mode; `number` makes the type to compute in."""
    w, v = [number(x) for x in layers], [number(0)] * len(layers)
    s, eta, mu = number(s), number(eta), number(mu)
    states, velocities = [w], [v]
    for _ in range(steps):
        x = [a + mu * b for a, b in zip(w, v, strict=True)] if nesterov else w
        error = product(x, number) - s
        v = [mu * b - eta * error * product(x[:k] + x[k + 1 :], number) for k, b in enumerate(v)]
        w = [a + b for a, b in zip(w, v, strict=True)]
        states.append(w)
        velocities.append(v)
    return states, velocities


def product(factors, number):
    found = number(1)
    for factor in factors:
        found *= factor
    return found


def gaps(layers, s, eta, mu, nesterov, steps, digits=250):
    """Logarithm of the largest abs(w_L^2 - w_l^2) at every state, in so many digits; -inf where there is none."""
    with mpmath.workdps(digits):
        states, _ = descend(layers, s, eta, mu, nesterov, steps, mpmath.mpf)
        largest = [max(abs(w[-1] ** 2 - x**2) for x in w[:-1]) for w in states]
        return [float(mpmath.log(gap)) if gap > 0 else -np.inf for gap in largest]


def cycle_multiplier(layers, s, eta, mu, nesterov, steps, period, shared=False):
    """The largest multiplier, in absolute value, of the cycle that the orbit is on after so many steps.

    By the Jacobians of layers and velocities; `shared` keeps to deviations that are the same in all layers.
    """
    states, velocities = descend(layers, s, eta, mu, nesterov, steps + period)
    depth, whole = len(layers), np.eye(2 * len(layers))
    for w, v in list(zip(states, velocities, strict=True))[steps : steps + period]:
        at = np.add(w, np.multiply(mu, v)) if nesterov else np.array(w)
        descent = mode_jacobian(at, s, eta)
        by_v = mu * (descent if nesterov else np.eye(depth))
        whole = np.block([[descent, by_v], [descent - np.eye(depth), by_v]]) @ whole
    if shared:
        alike = np.kron(np.eye(2), np.ones((depth, 1)))
        whole = np.linalg.lstsq(alike, whole @ alike, rcond=None)[0]
    return np.abs(np.linalg.eigvals(whole)).max()
