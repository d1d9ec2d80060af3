"""Families of the central flow: they hold all that its kernel writes."""

from fastdln.kernels.edge.central_flow import SIMULATION
from fastdln.registry import collect

FAMILIES = collect("fastdln.observables.central_flow", "OBSERVABLE")


def names(by_step):
    return [v.name for family in FAMILIES.values() for v in family.variables if ("step" in v.dims) == by_step]


def test_every_number_of_the_kernel_is_a_variable_of_one_family():
    assert sorted(names(by_step=False)) == sorted(SIMULATION.summaries)
    assert sorted(names(by_step=True)) == sorted(SIMULATION.series)
    assert SIMULATION.failures in SIMULATION.summaries


def test_the_series_are_asked_for_by_the_key_trajectory():
    assert [name for name, family in FAMILIES.items() if family.asked_by == "trajectory"] == ["trajectory"]


def test_counts_are_whole_numbers():
    whole = {v.name for family in FAMILIES.values() for v in family.variables if v.dtype == "int64"}
    assert whole == {"edge_step", "edge_length", "at_edge_most", "beyond_four", "unsolved"}
