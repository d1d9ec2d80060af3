"""The largest eigenvalues of the Hessian of one network with their vectors, by Lanczos runs that follow them from state to state.

One run after another finds an eigenpair, orthogonal to those before it, from where that pair was at the last state. A last run is a
guard: it begins partly at random, and goes on until no eigenvalue larger than the wanted ones can be hidden from it, since it would
hold up its residual (kernels/matrices/lanczos_search.py says more). What it finds above them is taken in.

All of a run's vectors are made orthogonal to each other, so that a vector is exact to rounding errors over its gap. A pair is accepted
by the residual itself, which the first product of a further run gives.
"""

from __future__ import annotations

import math

from fastdln.kernels.edge.network import elements, gradient, hvp
from fastdln.kernels.rebound import rebound

# Residual, relative to the largest eigenvalue in absolute value, at which a pair is accepted. Rounding errors of a product are some
# 1e-15 of it, so that less is not always to be had.
ACCEPTED = 1e-12

# How much of a random unit vector is mixed into the starts: of the wanted ones so little that a start stays good, of the guard much.
MIXED_IN, GUARD = 1e-9, 0.3

# Of the gap between the guard's value and the last wanted one, over the root of the number of weights: the guard's residual below
# which nothing hides. Of each eigenvector the guard's start holds about GUARD over that root. Of 1,035 searches from eigenvectors of
# smaller eigenvalues .1 missed five, and .03 none; it takes a tenth more time.
SEEN = 0.02

# Vectors of a run, and runs for a pair: from a good start the first run takes some ten; pairs that lie within 1e-6 of each other
# take them all.
LONGEST, RUNS = 40, 25

# Rounds in which guards may find larger eigenvalues.
ROUNDS = 6

# A vector that loses so much of its length to those before it is made orthogonal to them once more (Parlett, The Symmetric Eigenvalue
# Problem, 6.9: twice is enough).
CANCELLED = 0.05

# Steps between two looks at the residual, each of which takes as long as a short product.
LOOK_EVERY = 3


def work_size(count):
    """Floats that `largest` needs for networks of so many weights, for plain Python."""
    return (LONGEST + 1) * (count + 4)


def dot(x, y):
    """The scalar product, in four sums, which a processor forms at the same time."""
    a = b = c = d = 0.0
    fours = len(x) // 4 * 4
    for i in range(0, fours, 4):
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i + 2] * y[i + 2]
        d += x[i + 3] * y[i + 3]
    for i in range(fours, len(x)):
        a += x[i] * y[i]
    return (a + b) + (c + d)


def take_out(w, vectors, count):
    """Take the parts along the first `count` vectors out of w."""
    for j in range(count):
        part = dot(w, vectors[j])
        for i in range(len(w)):
            w[i] -= part * vectors[j, i]


def normalize(w):
    """Scale to length 1; returns the length before."""
    length = math.sqrt(dot(w, w))
    if length > 0.0:
        for i in range(len(w)):
            w[i] /= length
    return length


def mix_in(vector, share, number):
    """Scale to length 1, then add `share` of a vector of pseudo-random numbers, which follow from the vector and the pair's number: pairs of one
    eigenvalue that begin alike would hide each other."""
    length = math.sqrt(dot(vector, vector))
    scale = 1.0 / length if 0.0 < length < math.inf else 0.0
    share = (share if scale > 0.0 else 1.0) * math.sqrt(3.0 / len(vector))
    state = 12345 + 7919 * number + (int(1e9 * abs(vector[0] * scale)) if scale > 0.0 else 0)
    for i in range(len(vector)):
        # a linear congruential generator of 31 bits; numbers of one size would leave out eigenvectors such as (1, 1, .., 1)
        state = (1103515245 * state + 12345) % 2147483648
        kept = vector[i] * scale if scale > 0.0 else 0.0
        vector[i] = kept + share * (state / 1073741824 - 1.0)


def largest_of_tridiagonal(alpha, beta, m, above):
    """The largest eigenvalue, by Laguerre's iteration, which falls monotonically from a bound above it."""
    x = above
    for _ in range(60):
        # d/dx of ln det and its derivative, pivot by pivot, from the last row up
        pivot, first, second = x - alpha[m - 1], 1.0, 0.0
        if pivot <= 0.0:
            break
        g, h = first / pivot, (first / pivot) ** 2
        for i in range(m - 2, -1, -1):
            ratio = beta[i] / pivot
            square = ratio * ratio
            second = square * (second - 2.0 * first * first / pivot)
            first = 1.0 + square * first
            pivot = x - alpha[i] - beta[i] * ratio
            if pivot <= 0.0:
                return x
            g += first / pivot
            h += (first / pivot) ** 2 - second / pivot
        move = m / (g + math.sqrt(max((m - 1) * (m * h - g * g), 0.0)))
        x -= move
        if not move > 1e-16 * abs(x):
            break
    return x


def vector_of_tridiagonal(alpha, beta, m, theta, s, pivots):
    """The unit eigenvector of an eigenvalue theta, outwards from the row where the pivots from above and from below meet best (a twisted
    factorization: Dhillon, Parlett 2004), whose element is not small."""
    least = 1e-16 * abs(theta) + 1e-300  # in place of pivots that are rounding errors
    for i in range(m - 1, -1, -1):  # pivots from below, in s
        pivot = alpha[i] - theta - (beta[i] * beta[i] / s[i + 1] if i < m - 1 else 0.0)
        s[i] = pivot if abs(pivot) > least else -least
    twist, smallest = 0, abs(s[0])
    for i in range(m):
        pivot = alpha[i] - theta - (beta[i - 1] * beta[i - 1] / pivots[i - 1] if i > 0 else 0.0)
        pivots[i] = pivot if abs(pivot) > least else -least
        meeting = abs(pivot + s[i] - (alpha[i] - theta))
        if meeting < smallest:
            twist, smallest = i, meeting
    s[twist], total = 1.0, 1.0
    for i in range(twist + 1, m):
        s[i] = -beta[i - 1] * s[i - 1] / s[i]
        total += s[i] * s[i]
    for i in range(twist - 1, -1, -1):
        s[i] = -beta[i] * s[i + 1] / pivots[i]
        total += s[i] * s[i]
    length = math.sqrt(total)
    for i in range(m):
        s[i] /= length


def lanczos(net, weights, vectors, at, scale, guarded, work):
    """One run for pair `at`, orthogonal to the pairs before it, from vectors[at], which becomes the Ritz vector.

    scale: what is known of the spectral norm. guarded: the value of the pair before it, where this run is the guard, which ends at SEEN
    of the gap to it; else infinite. Returns value, an estimate of the residual that is exact after a single product, how many products
    it took, and what is known of the spectral norm then.
    """
    count = elements(net)
    longest = min(LONGEST, count - at)
    basis = work[: (LONGEST + 1) * count].reshape((LONGEST + 1, count))
    alpha = work[(LONGEST + 1) * count :]
    beta, s, pivots = alpha[LONGEST + 1 :], alpha[2 * (LONGEST + 1) :], alpha[3 * (LONGEST + 1) :]
    for _ in range(2):
        take_out(vectors[at], vectors, at)
        normalize(vectors[at])
    for i in range(count):
        basis[0, i] = vectors[at, i]
    theta, residual, seen, m = 0.0, math.inf, SEEN / math.sqrt(count), 0
    for k in range(longest):
        w = basis[k + 1]
        hvp(net, weights, basis[k], w)
        alpha[k] = dot(w, basis[k])
        square = dot(w, w)
        for _ in range(2):
            take_out(w, vectors, at)
            take_out(w, basis, k + 1)
            left = dot(w, w)
            if left > CANCELLED * CANCELLED * square:
                break
        beta[k], m = normalize(w), k + 1
        scale = max(scale, abs(alpha[k]) + beta[k] + (beta[k - 1] if k > 0 else 0.0))
        exhausted = beta[k] <= ACCEPTED * scale
        if k % LOOK_EVERY == 0 or exhausted or m == longest:
            theta, s[0] = alpha[0], 1.0
            if m > 1:
                theta = largest_of_tridiagonal(alpha, beta, m, scale * (1.0 + 1e-15) + 1e-300)
                vector_of_tridiagonal(alpha, beta, m, theta, s, pivots)
            residual = beta[k] * abs(s[m - 1])
            # half: the residual itself is to be at most ACCEPTED
            if residual <= max(0.5 * ACCEPTED * scale, seen * (guarded - theta) if guarded < math.inf else 0.0):
                break
            if exhausted or not math.isfinite(theta):
                break
    for i in range(count):
        total = 0.0
        for j in range(m):
            total += s[j] * basis[j, i]
        vectors[at, i] = total
    return theta, residual, m, scale


def pair(net, weights, values, vectors, at, guard, work):
    """Find pair `at` by as many runs as it takes; returns whether its residual is small, that of a guard for what it guards.

    It needs what `gradient` leaves, and the pairs before it.
    """
    scale, guarded = abs(values[0]) if at > 0 else 0.0, values[at - 1] if guard else math.inf
    mix_in(vectors[at], GUARD if guard else MIXED_IN, at)
    for _ in range(RUNS):
        values[at], residual, products, scale = lanczos(net, weights, vectors, at, scale, guarded, work)
        if not math.isfinite(values[at]):
            return False
        if guard and residual <= max(ACCEPTED * scale, SEEN / math.sqrt(elements(net)) * (guarded - values[at])):
            return True
        if products == 1 and residual <= ACCEPTED * scale:
            return True
    return False


def exchange(values, vectors, one, other):
    values[one], values[other] = values[other], values[one]
    for i in range(vectors.shape[1]):
        vectors[one, i], vectors[other, i] = vectors[other, i], vectors[one, i]


def largest(net, weights, values, vectors, wanted, slope, work):
    """The `wanted` largest eigenvalues of the Hessian, in falling order, and the value and vector of the guard after them.

    values (wanted + 1); vectors (wanted + 1, weights): from the last state, zeros at first. The gradient at these weights is left in
    `slope`. Returns whether all were found. With as many weights as are wanted there is no guard; its value is then -inf.
    """
    gradient(net, weights, slope)
    count = elements(net)
    all_found = True
    for at in range(wanted):
        all_found = pair(net, weights, values, vectors, at, False, work) and all_found
        for above in range(at, 0, -1):
            if values[above] > values[above - 1]:
                exchange(values, vectors, above, above - 1)
    if wanted >= count:
        values[wanted] = -math.inf
        return all_found
    for _ in range(ROUNDS):
        found = pair(net, weights, values, vectors, wanted, True, work)
        # the same value once more is none that was missed
        if not values[wanted] > values[wanted - 1] + ACCEPTED * abs(values[0]):
            return all_found and found
        # the guard has found a larger one: it becomes exact, and takes its place
        all_found = pair(net, weights, values, vectors, wanted, False, work) and all_found
        for above in range(wanted, 0, -1):
            if values[above] > values[above - 1]:
                exchange(values, vectors, above, above - 1)
    return False


def of_networks(kind, **own):
    """`largest` for networks of another kind, by their own `elements`, `gradient` and `hvp`."""
    return rebound((lanczos, pair, largest), kind, apart=True, **own)["largest"]
