"""The rows of a batch that a chain can use, and the chains found among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from ingest.array_types import MICROSECOND, Bools, Ints
from ingest.compiled import twin
from ingest.scan.batches import Codes, EventBatch
from paths.funnels import loops
from paths.funnels.any_order import deepest_any
from paths.funnels.chains import ChainRules, Chains, Rows, deepest
from paths.funnels.spec import FunnelSpec
from paths.journeys.journeys import Journeys, everyone, memoised, within


@dataclass(frozen=True)
class Found:
    """The chains that count; `position` [chain, step] in the batch, -1 beyond its depth."""

    chains: Chains
    position: Ints
    optional: Bools  # [chain, optional step]: reached when it alone is made needed
    left_out: int  # units that an exclusion leaves out


def find(funnel: FunnelSpec, journeys: Journeys) -> Found:
    """The reported chains of all units."""
    search = Candidates.of(funnel, journeys)
    arranged = search.arranged(funnel.needed)
    chains, out = arranged.deepest(funnel.needed)
    position = np.where(chains.rows >= 0, arranged.places(chains.rows), -1)
    in_segment = journeys.in_segment[position[:, 0]]
    keep = in_segment & ~out[chains.units]
    left_out = int((in_segment & out[chains.units]).sum())
    optional = np.zeros((len(chains.units), 0), dtype=bool)
    for number, step in enumerate(funnel.steps, 1):
        if step.optional:
            with_it = tuple(sorted((*funnel.needed, number)))
            deep, without = search.arranged(with_it).deepest(with_it)
            reached = np.zeros(search.units, dtype=bool)
            reached[deep.units] = (deep.depth > with_it.index(number)) & ~without[deep.units]
            optional = np.column_stack([optional, reached[chains.units]])
    if keep.all():
        return Found(chains, position, optional, left_out)
    return Found(chains.take(keep), position[keep], optional[keep], left_out)


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The candidate rows of a funnel in a batch; see paths/funnels/chains.py."""

    funnel: FunnelSpec
    position: Ints | None  # of each row in the batch; None: all events of it
    unit: npt.NDArray[np.int32]
    units: int
    at: Ints
    matches: dict[int, Bools]  # by step number, per row
    excluded: tuple[Bools, ...]  # by exclusion, per row
    starts: Bools
    as_of: int
    closed: Bools | None
    bits: npt.NDArray[np.uint8] | None = None  # bit i: step i + 1 matches; then `matches` says nothing

    @classmethod
    def of(cls, funnel: FunnelSpec, journeys: Journeys) -> Candidates:
        """The rows that a chain can use or stumble over; it starts in the period, or in a session that does."""
        rows = candidates(journeys, replace(funnel, details=True))  # the same rows, whatever is told of them
        if funnel.count == "sessions":
            return replace(rows, starts=within(journeys.started_at, *journeys.period).take(rows.unit))
        return replace(rows, starts=within(rows.at, *journeys.period))

    def take(self, rows: Ints) -> Candidates:
        """The same at these rows."""
        return replace(
            self,
            position=self.places(rows),
            unit=self.unit[rows],
            at=self.at[rows],
            starts=self.starts[rows],
            matches={i: m[rows] for i, m in self.matches.items()},
            excluded=tuple(m[rows] for m in self.excluded),
        )

    def places(self, rows: Ints) -> Ints:
        """Where in the batch these rows are."""
        return rows if self.position is None else self.position[rows]

    def arranged(self, numbers: Sequence[int]) -> Candidates:
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
            unit=self.unit,
            at=self.at,
            matches=[self.matches[n] for n in numbers if self.bits is None],
            starts=self.starts,
            barriers=[self.barrier(n) for n in numbers],
            bits=self.bits,
        )
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


def _compiled_candidates(journeys: Journeys, funnel: FunnelSpec) -> Candidates | None:
    by_name = bits_by_name(journeys, funnel)
    if by_name is None:
        return None
    names, owner = journeys.events.event.codes, journeys.customer
    position, unit, at, bits = loops.candidates(by_name, names, owner, journeys.events.at)
    return Candidates(
        funnel=funnel,
        position=position,
        unit=unit,
        units=len(journeys.customer_starts),
        at=at,
        matches={},
        excluded=(),
        starts=everyone(len(at)),
        as_of=journeys.scope.as_of,
        closed=None,
        bits=bits,
    )


@memoised()
@twin(_compiled_candidates)
def candidates(journeys: Journeys, funnel: FunnelSpec) -> Candidates:
    """The rows of every period. Strict funnels stumble over every row that is not passive or ignored."""
    by_session = funnel.count == "sessions"
    matches = {i: s.matches(journeys) for i, s in enumerate(funnel.steps, 1)}
    excluded = tuple(x.matches(journeys) for x in funnel.exclusions)
    rows = Candidates(
        funnel=funnel,
        position=None,
        at=journeys.events.at,
        unit=journeys.sessions.index if by_session else journeys.customer,
        units=len(journeys.sessions) if by_session else len(journeys.customer_starts),
        matches=matches,
        excluded=excluded,
        starts=everyone(len(journeys)),
        as_of=journeys.scope.as_of,
        closed=journeys.scope.as_of > journeys.open_until if by_session else None,
    )
    if funnel.order == "strict":
        useful = ~journeys.passive & ~journeys.answers_to(funnel.ignored)
    else:
        useful = np.logical_or.reduce([*matches.values(), *excluded])
    return rows.take(np.flatnonzero(useful & ~journeys.passive if by_session else useful))


def bits_by_name(journeys: Journeys, funnel: FunnelSpec) -> npt.NDArray[np.uint8] | None:
    """By the code of the event: bit i says that it matches step i + 1. None where more than names decides, or a chain is found
    in another way than by one walk."""
    plain = (funnel.order, funnel.ties, funnel.count) == ("ordered", "recorded", "customers") and not funnel.exclusions
    event = journeys.events.event
    names_alone = journeys.touchpoint.codes is event.codes and not any(
        m.columns for s in funnel.steps for m in s.matchers
    )
    if not (plain and names_alone and len(funnel.needed) == len(funnel.steps) <= 8):
        return None
    codes = np.arange(len(event.names), dtype=np.int32)
    kinds = EventBatch.of(codes.astype(np.int64), codes.astype(np.int64), Codes(codes, event.names))
    one_of_each = replace(
        journeys, events=kinds, touchpoint=Codes(codes, journeys.touchpoint.names), whole=None, memo={}
    )
    matches = np.stack([step.matches(one_of_each) for step in funnel.steps])
    bits: npt.NDArray[np.uint8] = np.packbits(matches, axis=0, bitorder="little")[0]
    return bits


def micro(span: timedelta | None) -> int | None:
    """A duration in microseconds."""
    return None if span is None else span // MICROSECOND
