"""Colours that stay apart, with any kind of colour blindness too."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from fastdln.plots.colours import BLUE_YELLOW, CLASS_COLOURS

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:.*points are not computed yet")

# Machado, Oliveira, Fernandes 2009 (IEEE TVCG 15, 1291), severity 1, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour, blindness="none"):
    """CIE Lab of a colour as seen with a blindness."""
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(BLINDNESS[blindness]) @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = to_xyz @ linear / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colours_stay_apart(blindness):
    seen = {name: lab(colour, blindness) for name, colour in CLASS_COLOURS.items()}
    for one, two in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[two]) > 10, (one, two)
        if blindness == "none":
            assert abs(seen[one][0] - seen[two][0]) > 7.5, f"{one} and {two} are one grey"


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_two_sides_of_a_diverging_map_stay_apart(blindness):
    """Lightness rises from end to end, so that grey print keeps the sign; the ends differ in hue as well."""
    shades = [lab(BLUE_YELLOW(x), blindness) for x in np.linspace(0, 1, 33)]
    assert (np.diff([shade[0] for shade in shades]) > 0).all()
    assert shades[0][2] < -10 or blindness == "tritanopia"
    assert np.linalg.norm(shades[0] - shades[-1]) > 60
