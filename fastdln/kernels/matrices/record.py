"""The record of a chunk's networks, a block at a time: from where the transient left them to the last state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdln.kernels.layout import split_values
from fastdln.kernels.matrices import views
from fastdln.kernels.matrices.tiles import LANES as NETWORKS
from fastdln.kernels.matrices.trace import Setup, Tables, descending, following, running
from fastdln.kernels.matrices.transient import Points
from fastdln.kernels.spans import BOUND, ETA, LANES, SINGULAR_VALUE

# What runs a compiled stage: called with a factory that takes the lanes, and the arguments of the function that it makes.
Runner = Callable[..., Any]


@dataclass
class Measured:
    """What is measured of points.

    values (value, point); orbit (mode, sample, point): the last products; trajectory (row, sample, point); diverged (point);
    eigenvalues (point, eigenvalue) and residual (point) of the last search; failed (point): how many searches did not converge.
    """

    values: np.ndarray
    orbit: np.ndarray
    trajectory: np.ndarray
    diverged: np.ndarray
    eigenvalues: np.ndarray
    residual: np.ndarray
    failed: np.ndarray


@dataclass
class Follower:
    """Follows the points of a chunk to the last state, in blocks.

    networks (group, float): the memory of a block's networks, by groups of lanes. memory (row, lane): that of the block's program.
    first: the number of the state that the points are at. lead: the number of the state where tangent vectors begin, and what leads
    in to the record. every_state: whether every state is measured; leads: whether those from `lead` on are. rates: which values are
    rates. tangent: the tangent vectors at their beginning. saved: where the weights are saved meanwhile, with momentum, and their elements: what a point
    that was there before has left would be in the copy.
    """

    lanes: int
    setup: Setup
    tables: Tables
    networks: np.ndarray
    memory: np.ndarray
    first: int
    lead: int
    every_state: bool
    leads: bool
    rates: np.ndarray
    tangent: np.ndarray
    saved: tuple[int, int]
    stage: Runner

    def __call__(self, points: Points, bounds: np.ndarray, measured: Measured) -> None:
        """Take points.states to the last state, and fill `measured`.

        bounds (mode, point): the divergence bounds, and in a last row that of the error's norm.
        """
        held, sampling, sections = len(self.networks) * self.lanes, self.setup.sampling, self.setup.sections
        record = sampling.total - sampling.steps
        for origin in range(0, len(points.eta), held):
            block = Block(self, origin, min(held, len(points.eta) - origin), measured)
            block.enter(points, bounds)
            block.measure(self.first, self.first)
            block.advance(self.first, self.lead, self.every_state)
            block.run(sections.lead_in)
            block.begin_tangents()
            block.advance(self.lead, sampling.steps, self.every_state or self.leads)
            block.run(sections.begin)
            last = block.measure(sampling.steps, sampling.total)
            block.run(sections.fates, sampling.period_max, sampling.window)
            block.run(sections.finish, last, record)
            block.run(sections.finish_sampled, last, -(-record // sampling.every))
            block.leave(points, last)
            if self.rates.size:
                block.extend_rates(record)


class Block:
    """`inside` points from `origin` on, no more than are followed together."""

    def __init__(self, follower: Follower, origin: int, inside: int, measured: Measured) -> None:
        self.follower, self.inside, self.points = follower, inside, slice(origin, origin + inside)
        self.values, self.diverged = measured.values[:, self.points], measured.diverged[self.points]
        self.measured, setup = measured, follower.setup
        self.layout, self.descent, self.rows = setup.layout, setup.descent, setup.rows
        self.groups, self.memory = -(-inside // follower.lanes), follower.memory
        self.networks = follower.networks[: self.groups]

    def enter(self, points: Points, bounds: np.ndarray) -> None:
        """Fill the lanes; those beyond the last point take the last point."""
        last, offsets = self.points.stop - 1, self.follower.tables.offsets
        which = np.minimum(np.arange(self.points.start, self.points.start + LANES), last)
        self.memory[self.rows.loss_limit, :LANES] = 0.5 * bounds[-1, which] ** 2
        self.memory[self.rows.failed] = 0.0
        for mode in range(self.layout.modes):
            row = self.layout.columns + mode * self.layout.columns_rows
            for k, values in ((ETA, points.eta), (SINGULAR_VALUE, points.singular_values[mode]), (BOUND, bounds[mode])):
                self.memory[row + k, :LANES] = values[which]
        which = which[: self.groups * self.follower.lanes]
        minus_eta = self.networks[:, self.descent.minus_eta : self.descent.minus_eta + NETWORKS]
        minus_eta[:] = -points.eta[which].reshape(self.groups, -1)
        self.part(self.descent.minus_target, self.descent.target_size)[:] = self.by_lane(
            points.targets[points.target_of[which]]
        )
        self.part(self.descent.weights, self.descent.size)[:] = self.by_lane(points.states[which])
        self.part(offsets[views.ETA], 1)[:] = self.by_lane(points.eta[which, None])
        self.part(offsets[views.SINGULAR_VALUES], self.layout.modes)[:] = self.by_lane(points.singular_values.T[which])
        for field, size in ((views.EIGENVALUES, offsets[views.WANTED]), (views.RESIDUAL, 1)):
            self.part(offsets[field], size)[:] = 0.0
        if self.descent.flow.tolerance > 0.0:
            self.networks[:, self.descent.flow.unresolved : self.descent.flow.unresolved + NETWORKS] = 0.0
        search = self.follower.setup.search
        self.networks[:, search.carried : search.carried + search.carried_size] = 0.0

    def part(self, first: int, size: int) -> np.ndarray:
        """View a part of the networks' memory as (group, element, lane)."""
        lanes = self.follower.lanes
        return self.networks[:, first : first + size * lanes].reshape(self.groups, size, lanes)

    def by_lane(self, values: np.ndarray) -> np.ndarray:
        """Rearrange values (point, element) as (group, element, lane)."""
        return values.reshape(self.groups, self.follower.lanes, -1).swapaxes(1, 2)

    def by_point(self, first: int, size: int) -> np.ndarray:
        """Copy a part of the networks' memory as (point, element)."""
        return self.part(first, size).swapaxes(1, 2).reshape(-1, size)[: self.inside]

    def advance(self, done: int, until: int, measured: bool) -> None:
        """Go from one state to another before the record: by bare steps, unless the states between are measured."""
        if done < until:
            if not measured:
                setup = self.follower.setup
                self.follower.stage(
                    descending, self.follower.tables.code, setup.descent, self.networks, self.groups, until - done
                )
            self.measure(done if measured else until, until)

    def measure(self, done: int, until: int, beyond: bool = False) -> int:
        """Measure each state after `done`, up to `until`, or state `done` if they are the same; returns how many the last span has."""
        follower = self.follower
        orbit, trajectory = self.measured.orbit[..., self.points], self.measured.trajectory[..., self.points]
        held = self.networks, self.memory, self.groups
        return int(
            follower.stage(
                following, follower.setup, follower.tables, *held, done, until, beyond, self.inside, orbit, trajectory
            )
        )

    def run(self, section: tuple[int, int], first: int = 0, steps: int = 0) -> None:
        """Run a section of the block's program."""
        self.follower.stage(running, self.follower.tables.lines, section, self.memory, 0, first, 1, steps)

    def begin_tangents(self) -> None:
        """Fill the tangent vectors with what they begin as."""
        tangent, (saved, size) = self.follower.setup.tangent, self.follower.saved
        self.part(tangent.at, tangent.size)[:] = self.follower.tangent[None, :, None]
        self.part(saved, size)[:] = 0.0

    def leave(self, points: Points, last: int) -> None:
        """Write what is measured to the points, and the states back to them."""
        offsets, memory, measured = self.follower.tables.offsets, self.memory[:, : self.inside], self.measured
        self.values[:] = memory[self.layout.values : self.layout.values + self.layout.values_rows]
        self.diverged[:] = ~(memory[self.rows.numbers + last] <= memory[self.rows.loss_limit])
        points.states[self.points] = self.by_point(self.descent.weights, self.descent.size)
        measured.failed[self.points] = memory[self.rows.failed]
        if self.descent.flow.tolerance > 0.0:
            points.unresolved[self.points] += self.by_point(self.descent.flow.unresolved, 1)[:, 0]
        measured.residual[self.points] = self.by_point(offsets[views.RESIDUAL], 1)[:, 0]
        measured.eigenvalues[self.points] = self.by_point(offsets[views.EIGENVALUES], offsets[views.WANTED])

    def extend_rates(self, record: int) -> None:
        """Measure rates up to the next end of the common period of a network's modes, where it has one: over whole periods."""
        periods = split_values(self.values, self.layout.modes, 0).periods.astype(int)
        extra = np.array([-record % common if (common := common_period(one)) > 1 else 0 for one in periods.tolist()])
        done, total, rates = 0, self.follower.setup.sampling.total, self.follower.rates
        for k in np.unique(extra[extra > 0]).tolist():
            last = self.measure(total + done, total + k, beyond=True)
            done = k
            self.run(self.follower.setup.sections.finish_rated, last, record + k)
            ending = np.flatnonzero(extra == k)
            self.values[np.ix_(rates, ending)] = self.memory[np.ix_(self.layout.values + rates, ending)]


def common_period(periods: list[int]) -> int:
    """The longest of some periods if all others divide it, else 0; 0 also where one mode has none."""
    longest = max(periods)
    return longest if min(periods) > 0 and all(longest % period == 0 for period in periods) else 0
