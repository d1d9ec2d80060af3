"""A chunk's networks from where the transient left them to the last state, a block at a time, and what is kept of them."""

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

# Runs a compiled stage: a factory that takes the lanes, and the arguments of what it makes.
Runner = Callable[..., Any]


@dataclass
class Measured:
    """What is kept of points: values (value, point), the last products (mode, sample, point), rows of a trajectory (row, visit, point),
    whether a point is lost, the last search's eigenvalues (eigenvalue, point) and residual (point), and how many failed (point)."""

    values: np.ndarray
    orbit: np.ndarray
    trajectory: np.ndarray
    lost: np.ndarray
    eigenvalues: np.ndarray
    residual: np.ndarray
    failed: np.ndarray


@dataclass
class Follower:
    """Follows the points of a chunk in blocks.

    networks (group, float): the memory of a block's networks, by groups of lanes; memory (row, lane): that of its program. first: the
    number of the state that the points are at; lead: of the one where tangents begin, and what leads in to the record. every_state:
    whether every state is looked at, leads: whether those from `lead` on are. rates: which values are rates; tangent: what the
    tangent vectors begin as.
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
    stage: Runner

    def __call__(self, points: Points, bounds: np.ndarray, kept: Measured) -> None:
        """Takes points.states to the last state, and fills what is kept. bounds (mode, point): the divergence bounds, and in a last
        row that of the error's norm."""
        held, sampling, sections = len(self.networks) * self.lanes, self.setup.sampling, self.setup.sections
        record = sampling.total - sampling.steps
        for origin in range(0, len(points.eta), held):
            block = Block(self, origin, min(held, len(points.eta) - origin), kept)
            block.enter(points, bounds)
            block.look(self.first, self.first)
            block.go(self.first, self.lead, self.every_state)
            block.run(sections.lead_in)
            block.begin_tangents()
            block.go(self.lead, sampling.steps, self.every_state or self.leads)
            block.run(sections.begin)
            last = block.look(sampling.steps, sampling.total)
            block.run(sections.fates, sampling.period_max, sampling.window)
            block.run(sections.finish, last, record)
            block.run(sections.finish_sampled, last, -(-record // sampling.every))
            block.leave(points, last)
            if self.rates.size:
                block.end_cycles(record)


class Block:
    """`inside` points from `origin` on, as many as are followed together at most."""

    def __init__(self, follower: Follower, origin: int, inside: int, kept: Measured) -> None:
        self.all, self.inside, self.points = follower, inside, slice(origin, origin + inside)
        self.values, self.lost = kept.values[:, self.points], kept.lost[self.points]
        self.kept, setup = kept, follower.setup
        self.layout, self.descent, self.rows = setup.layout, setup.descent, setup.rows
        self.groups, self.memory = -(-inside // follower.lanes), follower.memory
        self.networks = follower.networks[: self.groups]

    def enter(self, points: Points, bounds: np.ndarray) -> None:
        """Fills the lanes; what is left of them takes the last point."""
        last, offsets = self.points.stop - 1, self.all.tables.offsets
        which = np.minimum(np.arange(self.points.start, self.points.start + LANES), last)
        self.memory[self.rows.loss_limit, :LANES] = 0.5 * bounds[-1, which] ** 2
        self.memory[self.rows.failed] = 0.0
        for mode in range(self.layout.modes):
            row = self.layout.columns + mode * self.layout.columns_rows
            for k, values in ((ETA, points.eta), (SINGULAR_VALUE, points.singular_values[mode]), (BOUND, bounds[mode])):
                self.memory[row + k, :LANES] = values[which]
        which = which[: self.groups * self.all.lanes]
        minus_eta = self.networks[:, self.descent.minus_eta : self.descent.minus_eta + NETWORKS]
        minus_eta[:] = -points.eta[which].reshape(self.groups, -1)
        self.part(self.descent.minus_target, self.descent.target_size)[:] = self.by_lane(
            points.targets[points.target_of[which]]
        )
        self.part(self.descent.weights, self.descent.size)[:] = self.by_lane(points.states[which])
        self.part(offsets[views.ETA], 1)[:] = self.by_lane(points.eta[which, None])
        self.part(offsets[views.SINGULAR_VALUES], self.layout.modes)[:] = self.by_lane(points.singular_values.T[which])
        for place, size in ((views.EIGENVALUES, offsets[views.WANTED]), (views.RESIDUAL, 1)):
            self.part(offsets[place], size)[:] = 0.0
        finder = self.all.setup.finder
        self.networks[:, finder.kept : finder.kept + finder.kept_size] = 0.0

    def part(self, first: int, size: int) -> np.ndarray:
        """A part of the networks' memory, as (group, element, lane)."""
        lanes = self.all.lanes
        return self.networks[:, first : first + size * lanes].reshape(self.groups, size, lanes)

    def by_lane(self, values: np.ndarray) -> np.ndarray:
        """Values (point, element) as (group, element, lane)."""
        return values.reshape(self.groups, self.all.lanes, -1).swapaxes(1, 2)

    def by_point(self, first: int, size: int) -> np.ndarray:
        """A part of the networks' memory, as (point, element)."""
        return self.part(first, size).swapaxes(1, 2).reshape(-1, size)[: self.inside]

    def go(self, done: int, until: int, looked_at: bool) -> None:
        """Goes from one state to another before the record: by bare steps, if nothing looks."""
        if done < until:
            if not looked_at:
                setup = self.all.setup
                self.all.stage(
                    descending, self.all.tables.code, setup.descent, self.networks, self.groups, until - done
                )
            self.look(done if looked_at else until, until)

    def look(self, done: int, until: int, beyond: bool = False) -> int:
        """Looks at each state after `done`, up to `until`, or at that one; returns how many the last span has."""
        a = self.all
        orbit, trajectory = self.kept.orbit[..., self.points], self.kept.trajectory[..., self.points]
        held = self.networks, self.memory, self.groups
        return int(a.stage(following, a.setup, a.tables, *held, done, until, beyond, self.inside, orbit, trajectory))

    def run(self, section: tuple[int, int], first: int = 0, steps: int = 0) -> None:
        """Runs a section of the program."""
        self.all.stage(running, self.all.tables.lines, section, self.memory, 0, first, 1, steps)

    def begin_tangents(self) -> None:
        tangent = self.all.setup.tangent
        self.part(tangent.at, tangent.size)[:] = self.all.tangent[None, :, None]

    def leave(self, points: Points, last: int) -> None:
        """What is kept of the last state."""
        offsets, memory, kept = self.all.tables.offsets, self.memory[:, : self.inside], self.kept
        self.values[:] = memory[self.layout.values : self.layout.values + self.layout.values_rows]
        self.lost[:] = ~(memory[self.rows.numbers + last] <= memory[self.rows.loss_limit])
        points.states[self.points] = self.by_point(self.descent.weights, self.descent.size)
        kept.failed[self.points] = memory[self.rows.failed]
        kept.residual[self.points] = self.by_point(offsets[views.RESIDUAL], 1)[:, 0]
        kept.eigenvalues[self.points] = self.by_point(offsets[views.EIGENVALUES], offsets[views.WANTED])

    def end_cycles(self, record: int) -> None:
        """Goes on to the next end of the common period of a network's modes, where it has one, so that its rates are over whole
        periods."""
        periods = split_values(self.values, self.layout.modes, 0).periods.astype(int)
        extra = np.array([-record % common if (common := common_period(one)) > 1 else 0 for one in periods.tolist()])
        done, total, rates = 0, self.all.setup.sampling.total, self.all.rates
        for k in np.unique(extra[extra > 0]).tolist():
            last = self.look(total + done, total + k, beyond=True)
            done = k
            self.run(self.all.setup.sections.finish_rated, last, record + k)
            ending = np.flatnonzero(extra == k)
            self.values[np.ix_(rates, ending)] = self.memory[np.ix_(self.layout.values + rates, ending)]


def common_period(periods: list[int]) -> int:
    """The longest of some periods if all others divide it, else 0; 0 where one has none."""
    longest = max(periods)
    return longest if min(periods) > 0 and all(longest % period == 0 for period in periods) else 0
