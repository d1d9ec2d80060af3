"""Coefficients of DOP853, an explicit Runge-Kutta method of order 8 with two embedded error estimates.

Dormand and Prince's, as Hairer, Norsett and Wanner give them: Solving Ordinary Differential Equations I, second edition, section
II.10, and their program dop853.f.
"""

import math

from fastdln.models.fma import fma

# STAGES[i][j]: the weight of slope j in the point at which slope i is taken; slope 0 is that at the beginning.
STAGES = (
    (),
    (0.05260015195876773,),
    (0.0197250569845379, 0.0591751709536137),
    (0.02958758547680685, 0.0, 0.08876275643042054),
    (0.2413651341592667, 0.0, -0.8845494793282861, 0.924834003261792),
    (0.037037037037037035, 0.0, 0.0, 0.17082860872947386, 0.12546768756682242),
    (0.037109375, 0.0, 0.0, 0.17025221101954405, 0.06021653898045596, -0.017578125),
    (
        0.03709200011850479,
        0.0,
        0.0,
        0.17038392571223998,
        0.10726203044637328,
        -0.015319437748624402,
        0.008273789163814023,
    ),
    (
        0.6241109587160757,
        0.0,
        0.0,
        -3.3608926294469414,
        -0.868219346841726,
        27.59209969944671,
        20.154067550477894,
        -43.48988418106996,
    ),
    (
        0.47766253643826434,
        0.0,
        0.0,
        -2.4881146199716677,
        -0.590290826836843,
        21.230051448181193,
        15.279233632882423,
        -33.28821096898486,
        -0.020331201708508627,
    ),
    (
        -0.9371424300859873,
        0.0,
        0.0,
        5.186372428844064,
        1.0914373489967295,
        -8.149787010746927,
        -18.52006565999696,
        22.739487099350505,
        2.4936055526796523,
        -3.0467644718982196,
    ),
    (
        2.273310147516538,
        0.0,
        0.0,
        -10.53449546673725,
        -2.0008720582248625,
        -17.9589318631188,
        27.94888452941996,
        -2.8589982771350235,
        -8.87285693353063,
        12.360567175794303,
        0.6433927460157636,
    ),
)

# Weights of the slopes in the step.
WEIGHTS = (
    0.054293734116568765,
    0.0,
    0.0,
    0.0,
    0.0,
    4.450312892752409,
    1.8915178993145003,
    -5.801203960010585,
    0.3111643669578199,
    -0.1521609496625161,
    0.20136540080403034,
    0.04471061572777259,
)

# Weights in the error of the embedded method of order 5, and in the step by the one of order 3.
FIFTH = (
    0.01312004499419488,
    0.0,
    0.0,
    0.0,
    0.0,
    -1.2251564463762044,
    -0.4957589496572502,
    1.6643771824549864,
    -0.35032884874997366,
    0.3341791187130175,
    0.08192320648511571,
    -0.022355307863886294,
)
THIRD_STEP = (0.2440944881889764, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.7338466882816118, 0.0, 0.0, 0.022058823529411766)
THIRD = tuple(b - a for a, b in zip(THIRD_STEP, WEIGHTS, strict=True))


# A step is shortened to this share of what the error asks for, and at once by no more than SHRINK, as the estimate says little
# of steps far too long, and is lengthened by no more than GROW (Hairer, Norsett and Wanner, section II.4).
SAFETY, SHRINK, GROW = 0.9, 0.1, 6.0

# Steps that are tried from one state to the next at most. An explicit method needs one for every 6 of eta S, whatever the tolerance:
# this is for learning rates a thousand times as large as gradient descent bears.
MOST_TRIALS = 1000

DEFAULT_TOLERANCE = 1e-12


# Share of the square of the third estimate over the size that the error is at least: of 2,147 steps of single modes 95 % had a larger
# error than that by the combination of the two estimates.
PASSING = 0.05


def error_ratio(fifth, third, size, tolerance):
    """The error of a step over what is allowed, the tolerance's part of the size. fifth, third: squares of the two estimates.

    Hairer's combination of the two goes as the step's eighth power. So does the square of the third over the size, which stands in
    where the fifth happens to pass through 0, as that of a single equation does.
    """
    if not third < math.inf:  # a step so long that it has overflowed
        return math.inf
    if not third > 0.0:
        return 0.0
    error = fifth / math.sqrt(fma(0.01, third, fifth))
    return max(error, PASSING * third / size) / (tolerance * size)


def next_step(h, ratio, left):
    """The step after one of length h with this error_ratio, where `left` is left: all of it, no more than its half, or less."""
    growth = SAFETY / math.sqrt(math.sqrt(math.sqrt(ratio))) if ratio > 0.0 else GROW
    h *= min(max(growth, SHRINK), GROW)
    if h >= left:
        return left
    return h if h < 0.5 * left else 0.5 * left
