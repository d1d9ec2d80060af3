"""Vectors as tuples, of a length of 1 or more that is fixed when a kernel is compiled."""

from fastdln.models.fma import fma


def dot(count, index=0):
    """Function (u, v) -> u . v."""
    if count == 1:
        return lambda u, v: u[index] * v[index]
    rest = dot(count - 1, index + 1)

    def dot_product(u, v):
        return u[index] * v[index] + rest(u, v)

    return dot_product


def combine(count, index=0):
    """Function (u, f, v) -> u + f v."""
    if count == 1:
        return lambda u, f, v: (fma(f, v[index], u[index]),)
    rest = combine(count - 1, index + 1)

    def combination(u, f, v):
        return (fma(f, v[index], u[index]),) + rest(u, f, v)

    return combination


def difference(count, index=0):
    """Function (u, v) -> u - v."""
    if count == 1:
        return lambda u, v: (u[index] - v[index],)
    rest = difference(count - 1, index + 1)

    def difference_of(u, v):
        return (u[index] - v[index],) + rest(u, v)

    return difference_of


def scale(count, index=0):
    """Function (u, f) -> f u."""
    if count == 1:
        return lambda u, f: (f * u[index],)
    rest = scale(count - 1, index + 1)

    def scaled(u, f):
        return (f * u[index],) + rest(u, f)

    return scaled


def absolute_sum(count, index=0):
    """Function u -> the sum of absolute values."""
    if count == 1:
        return lambda u: abs(u[index])
    rest = absolute_sum(count - 1, index + 1)

    def sum_of_absolutes(u):
        return abs(u[index]) + rest(u)

    return sum_of_absolutes


def part(count, first=0):
    """Function u -> the tuple of `count` components from `first` on."""
    if count == 1:
        return lambda u: (u[first],)
    rest = part(count - 1, first + 1)

    def part_of(u):
        return (u[first],) + rest(u)

    return part_of


def largest(count, index=0):
    """Function u -> the largest absolute value."""
    if count == 1:
        return lambda u: abs(u[index])
    rest = largest(count - 1, index + 1)

    def largest_of(u):
        here, found = abs(u[index]), rest(u)
        return here if here > found else found

    return largest_of


def map_each(function, count, index=0):
    """Function u -> (function(u_1), function(u_2), ...)."""
    if count == 1:
        return lambda u: (function(u[index]),)
    rest = map_each(function, count - 1, index + 1)

    def mapped(u):
        return (function(u[index]),) + rest(u)

    return mapped


def multiply(count, index=0):
    """Function (u, v) -> the products of their components."""
    if count == 1:
        return lambda u, v: (u[index] * v[index],)
    rest = multiply(count - 1, index + 1)

    def products(u, v):
        return (u[index] * v[index],) + rest(u, v)

    return products
