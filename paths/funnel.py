"""Funnels: how many customers (or sessions) get how far through steps, how long it takes them, and what the rest do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.compiled import worth
from ingest.errors import ConfigError
from paths.analysis import Journeys, everyone, summed
from paths.any_order import deepest_any
from paths.chains import ChainRules, Chains, Rows, deepest
from paths.counting import tally, tally_times
from paths.funnel_steps import Exclusion, Step
from paths.funnel_table import KEYS, KINDS, PARTS, funnel_table
from paths.transitions import END, coded_names
from sessionize.clock import day_numbers

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MICROSECOND = timedelta(microseconds=1)
NONE = "(none)"
NO_NODE = -1


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """One funnel question; raises ConfigError for one that makes no sense."""

    steps: tuple[Step, ...]
    window: timedelta | None = timedelta(days=7)  # first to last event
    count: str = "customers"  # or sessions: the chain lies in one session
    order: str = "ordered"  # strict: the very next event; any: whichever comes first
    ties: str = "recorded"  # or step: events of one instant in the order of the steps
    exclusions: tuple[Exclusion, ...] = ()
    exclusion: str = "chain"  # or customer: the unit is left out wholly
    ignored: frozenset[str] = frozenset()  # strict looks past these
    breakdown: str | None = None  # a column, read at the reported chain's first event
    by: str | None = None  # day | week | month of the reported chain's first event
    top: int | None = None  # so many values of the breakdown, the rest is "(other)"

    def __post_init__(self) -> None:
        for name, allowed in (("count", ("customers", "sessions")), ("order", ("ordered", "strict", "any")),
                              ("ties", ("recorded", "step")), ("exclusion", ("chain", "customer")),
                              ("by", (None, "day", "week", "month"))):  # fmt: skip
            if getattr(self, name) not in allowed:
                raise ConfigError(
                    f'{name} is one of {", ".join(a for a in allowed if a)}, not "{getattr(self, name)}".'
                )
        check(self)

    @property
    def needed(self) -> tuple[int, ...]:
        """Numbers of the steps that depth counts, as written."""
        return tuple(i for i, s in enumerate(self.steps, 1) if not s.optional)

    @property
    def walks_everywhere(self) -> bool:
        """Do rows that no chain can use change nothing, so that they need not be left out first?"""
        return self.order == "ordered" and self.ties == "recorded" and self.count == "customers"

    @property
    def columns(self) -> frozenset[str]:
        """What steps, exclusions and the breakdown read."""
        matchers = [m for s in self.steps for m in s.matchers] + [m for x in self.exclusions for m in x.matchers]
        return frozenset({self.breakdown} if self.breakdown not in (None, "event") else ()).union(
            *(m.columns for m in matchers)
        )

    @property
    def lag(self) -> timedelta | None:
        """A chain that starts in the period ends inside the window."""
        return self.window

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        found = find(self, journeys)
        groups = group_of(self, journeys, found.position[:, 0])
        counts = [depths(self, found, groups), *optional_reached(self, found, groups), left_out(found, groups)]
        nodes = [*journeys.touchpoint.names, END]
        if self.order != "any":
            counts += [times(self, journeys, found, groups), went_next(self, journeys, found, groups, nodes)]
        return parts_of(counts, groups, nodes)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, KEYS, PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """One row per step, for each value of the breakdown where there is one."""
        return funnel_table(self.merge(parts), self)


def check(funnel: Funnel) -> None:
    """Raise ConfigError for options that do not go together."""
    if not funnel.steps:
        raise ConfigError("a funnel needs at least one step.")
    if funnel.steps[0].optional or funnel.steps[-1].optional:
        raise ConfigError("the first and the last step cannot be optional.")
    if funnel.order != "ordered" and any(s.optional for s in funnel.steps):
        raise ConfigError(f'optional steps go with order "ordered" only, not "{funnel.order}".')
    if funnel.order != "ordered" and funnel.ties == "step":
        raise ConfigError(f'ties "step" goes with order "ordered" only, not "{funnel.order}".')
    if funnel.order == "any" and (
        any(s.within for s in funnel.steps) or not all(x.everywhere for x in funnel.exclusions)
    ):
        raise ConfigError('order "any" has no step windows and no exclusions between two steps.')
    if funnel.breakdown and funnel.by:
        raise ConfigError("a funnel is broken down by a column or by time, not by both.")
    for x in funnel.exclusions:
        if not x.everywhere and not (1 <= x.after < x.before <= len(funnel.steps)):
            raise ConfigError(
                f"an exclusion {x.after}-{x.before} does not lie between two of {len(funnel.steps)} steps."
            )
        if not x.everywhere and (funnel.steps[x.after - 1].optional or funnel.steps[x.before - 1].optional):
            raise ConfigError(
                f"an exclusion {x.after}-{x.before} begins or ends at an optional step; name needed ones."
            )


@dataclass(frozen=True)
class Found:
    """The chains that count; `position` [chain, step] in the batch, -1 beyond its depth."""

    chains: Chains
    position: Ints
    optional: Bools  # [chain, optional step]: reached when it alone is made needed
    left_out: int  # units that an exclusion leaves out


def find(funnel: Funnel, journeys: Journeys) -> Found:
    """The reported chains of all units."""
    search = Search.of(funnel, journeys)
    arranged = search.arranged(funnel.needed)
    chains, out = arranged.deepest(funnel.needed)
    position = np.where(chains.rows >= 0, arranged.places(chains.rows), -1)
    in_segment = journeys.in_segment[position[:, 0]]
    keep = in_segment & ~out[chains.units]
    optional = np.zeros((len(chains.units), 0), dtype=bool)
    for number, step in enumerate(funnel.steps, 1):
        if step.optional:
            with_it = tuple(sorted((*funnel.needed, number)))
            deep, without = search.arranged(with_it).deepest(with_it)
            reached = np.zeros(search.units, dtype=bool)
            reached[deep.units] = (deep.depth > with_it.index(number)) & ~without[deep.units]
            optional = np.column_stack([optional, reached[chains.units]])
    return Found(chains.take(keep), position[keep], optional[keep], int((in_segment & out[chains.units]).sum()))


@dataclass(frozen=True, kw_only=True)
class Search:
    """The candidate rows of a funnel in a batch; see paths/chains.py."""

    funnel: Funnel
    position: Ints | None  # of each row in the batch; None: all events of it
    unit: npt.NDArray[np.int32]
    units: int
    at: Ints
    matches: dict[int, Bools]  # by step number, per row
    excluded: tuple[Bools, ...]  # by exclusion, per row
    starts: Bools
    as_of: int
    closed: Bools | None

    @classmethod
    def of(cls, funnel: Funnel, journeys: Journeys) -> Search:
        """Keep the rows a chain can use or stumble over; strict funnels stumble over every row."""
        by_session = funnel.count == "sessions"
        matches = {i: s.matches(journeys) for i, s in enumerate(funnel.steps, 1)}
        excluded = [x.matches(journeys) for x in funnel.exclusions]
        found = cls(
            funnel=funnel, position=None, at=journeys.events.at,
            unit=journeys.sessions.index if by_session else journeys.customer,
            units=len(journeys.sessions) if by_session else len(journeys.customer_starts),
            matches=matches, excluded=tuple(excluded),
            starts=everyone(len(journeys)) if by_session else journeys.in_period,
            as_of=journeys.scope.as_of, closed=journeys.scope.as_of > journeys.open_until if by_session else None,
        )  # fmt: skip
        if worth() and funnel.walks_everywhere:
            return found
        if funnel.order == "strict":
            useful = ~journeys.passive & ~journeys.answers_to(funnel.ignored)
        else:
            useful = np.logical_or.reduce([*matches.values(), *excluded])
        return found.take(np.flatnonzero(useful & session_rows(journeys) if by_session else useful))

    def take(self, rows: Ints) -> Search:
        """The same at these rows."""
        return replace(
            self, position=self.places(rows), unit=self.unit[rows], at=self.at[rows], starts=self.starts[rows],
            matches={i: m[rows] for i, m in self.matches.items()}, excluded=tuple(m[rows] for m in self.excluded),
        )  # fmt: skip

    def places(self, rows: Ints) -> Ints:
        """Where in the batch these rows are."""
        return rows if self.position is None else self.position[rows]

    def arranged(self, numbers: Sequence[int]) -> Search:
        """With ties = "step" the rows of one instant stand in the order of these steps."""
        if self.funnel.ties != "step" or not len(self.at):
            return self
        lowest = np.full(len(self.at), len(self.matches), dtype=np.int64)
        for place, number in reversed(list(enumerate(numbers))):
            lowest[self.matches[number]] = place
        return self.take(np.lexsort((lowest, self.at, self.unit)))

    def deepest(self, numbers: Sequence[int]) -> tuple[Chains, Bools]:
        """(the chains through these steps, per unit: is it left out)."""
        funnel, leave_out = self.funnel, self.funnel.exclusion == "customer"
        rows = Rows(
            unit=self.unit, at=self.at, matches=[self.matches[n] for n in numbers], starts=self.starts,
            barriers=[self.barrier(n) for n in numbers],
        )  # fmt: skip
        if funnel.order == "any":
            return deepest_any(rows, micro(funnel.window), self.units, self.as_of, self.closed, leave_out)
        rules = ChainRules(
            window=micro(funnel.window),
            within=[micro(funnel.steps[n - 1].within) for n in numbers],
            strict=funnel.order == "strict",
        )
        return deepest(rows, rules, self.units, self.as_of, self.closed, leave_out)

    def barrier(self, number: int) -> Bools | None:
        """The rows that end a chain which stands at this step."""
        hits = [m for x, m in zip(self.funnel.exclusions, self.excluded, strict=True) if x.after <= number < x.before]
        return np.logical_or.reduce(hits) if hits else None


Groups = tuple[Ints, list[str]]


def group_of(funnel: Funnel, journeys: Journeys, first: Ints) -> Groups:
    """(group of each chain, group names), read at the chain's first event."""
    if funnel.by is not None:
        days, code = np.unique(
            day_numbers(journeys.events.at[first], journeys.scope.sessions.timezone), return_inverse=True
        )
        return code.astype(np.int64), [period_label(int(d), funnel.by) for d in days]
    if funnel.breakdown is None:
        return np.zeros(len(first), dtype=np.int64), [""]
    column = journeys.events.labels(funnel.breakdown)
    codes = column.codes[first]
    return np.where(codes < 0, len(column.names), codes).astype(np.int64), [*column.names, NONE]


def period_label(day: int, by: str) -> str:
    """The first day of the day's day, week (from Monday) or month."""
    found = date(1970, 1, 1) + timedelta(days=day)
    if by == "week":
        found -= timedelta(days=found.weekday())
    if by == "month":
        found = found.replace(day=1)
    return found.isoformat()


class Counts(NamedTuple):
    """Columns of PARTS in codes; a number stands for all rows."""

    kind: Ints | int  # of KINDS
    group: Ints | int
    step: Ints | int
    units: Ints
    name: Ints | int = NO_NODE
    bin: Ints | int = 0
    microseconds: Ints | int = 0


def depths(funnel: Funnel, found: Found, groups: Groups) -> Counts:
    """Units by depth, going on or not."""
    group, names = groups
    size = len(funnel.needed) + 1
    code, n = tally((group * size + found.chains.depth) * 2 + found.chains.alive, len(names) * size * 2)
    rest, alive = np.divmod(code, 2)
    return Counts(np.where(alive, KINDS.index("in_progress"), KINDS.index("dropped")), rest // size, rest % size, n)


def optional_reached(funnel: Funnel, found: Found, groups: Groups) -> Iterator[Counts]:
    """Units that reach each optional step."""
    numbers = [i for i, s in enumerate(funnel.steps, 1) if s.optional]
    for column, number in enumerate(numbers):
        code, n = tally(groups[0][found.optional[:, column]], len(groups[1]))
        yield Counts(KINDS.index("optional"), code, number, n)


def left_out(found: Found, groups: Groups) -> Counts:
    """How many units an exclusion left out, whatever their group."""
    return Counts(KINDS.index("left_out"), group_names(groups).index(""), 0, np.array([found.left_out]))


def times(funnel: Funnel, journeys: Journeys, found: Found, groups: Groups) -> Counts:
    """Times between neighbouring needed steps of the reported chains."""
    chain, step = np.nonzero(found.position[:, 1 : len(funnel.needed)] >= 0)
    at = journeys.events.at
    span = at[found.position[chain, step + 1]] - at[found.position[chain, step]]
    group, names = groups
    size = len(funnel.needed)
    code, bin_, n, total = tally_times(group[chain] * size + step, len(names) * size, span)
    return Counts(KINDS.index("time"), code // size, code % size + 2, n, bin=bin_, microseconds=total)


def went_next(funnel: Funnel, journeys: Journeys, found: Found, groups: Groups, nodes: Sequence[str]) -> Counts:
    """What the dropped did after their last step in that session: a touchpoint, or END, the last of `nodes`."""
    group, names = groups
    depth = found.chains.depth
    gone = np.flatnonzero(~found.chains.alive & (depth < len(funnel.needed)))
    last = found.position[gone, depth[gone] - 1]
    node = following(journeys, last)
    node = np.where(node < 0, len(nodes) - 1, node)
    size = len(funnel.needed) + 1
    code, n = tally((group[gone] * size + depth[gone]) * len(nodes) + node, len(names) * size * len(nodes))
    rest, node_code = np.divmod(code, len(nodes))
    return Counts(KINDS.index("next"), rest // size, rest % size, n, name=node_code)


def group_names(groups: Groups) -> list[str]:
    """The names of the groups, and "" for what is in none."""
    return list(dict.fromkeys([*groups[1], ""]))


def parts_of(counts: Sequence[Counts], groups: Groups, nodes: Sequence[str]) -> pa.Table:
    """PARTS of all these rows."""
    kind, group, step, units, name, bins, microseconds = (
        np.concatenate([np.broadcast_to(values, len(c.units)) for values, c in zip(column, counts, strict=True)])
        for column in zip(*counts, strict=True)
    )
    texts = (group, group_names(groups)), (kind, KINDS), (name + 1, ["", *nodes])
    groups_, kinds, names = (coded_names(code, pa.array(t, pa.string())) for code, t in texts)
    return pa.table([groups_, kinds, step, names, bins, units, microseconds], schema=PARTS)


def session_rows(journeys: Journeys) -> Bools:
    """Per event: is it in a session that starts in the period?"""
    chosen = journeys.in_period[journeys.sessions.first]
    return np.append(chosen, False)[journeys.sessions.index]


def following(journeys: Journeys, rows: Ints) -> npt.NDArray[np.int32]:
    """For each of these rows the touchpoint code of the next event of its session, -1 = none (END); passive ones have none."""
    sessions = journeys.sessions
    session = sessions.index[rows]
    there = (session >= 0) & (rows != np.append(sessions.last, -1)[session])
    after = np.where(there, rows + 1, 0)
    if journeys.passive.any():
        active = np.flatnonzero(~journeys.passive)
        after[there] = active[np.searchsorted(active, rows[there], side="right")]
    return np.where(there, journeys.touchpoint.codes[after], -1) if len(rows) else session


def micro(span: timedelta | None) -> int | None:
    """A duration in microseconds."""
    return None if span is None else span // MICROSECOND
