"""Families of the constrained trajectory: they hold all that its kernel writes."""

from fastdln.kernels.edge.constrained import SIMULATION
from fastdln.registry import collect

FAMILIES = collect("fastdln.observables.constrained", "OBSERVABLE")


def names(by_step):
    return {v.name for family in FAMILIES.values() for v in family.variables if ("step" in v.dims) == by_step}


def test_every_number_of_the_kernel_is_a_variable_of_one_family():
    assert names(by_step=False) == set(SIMULATION.summaries)
    assert names(by_step=True) == set(SIMULATION.series)
    assert sum(len(family.variables) for family in FAMILIES.values()) == len(SIMULATION.summaries) + len(
        SIMULATION.series
    )


def test_the_series_are_asked_for_by_the_key_trajectory():
    assert [name for name, family in FAMILIES.items() if family.asked_by == "trajectory"] == ["trajectory"]


def test_counts_are_whole_numbers():
    kinds = {v.name: v.dtype for family in FAMILIES.values() for v in family.variables}
    assert {name for name, kind in kinds.items() if kind == "int64"} == {
        "edge_step",
        "edge_length",
        "crossings",
        "unprojected",
        "constrained_steps",
        "near_degenerate",
    }
