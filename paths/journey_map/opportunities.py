"""What could be done: customers left alone after a purchase, complaints without an answer, contacts that friction caused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import MICROSECOND, Bools, Ints
from paths.analysis import Lookback, summed
from paths.arrays.counting import different
from paths.journey_map.friction import CONTACT_WITHIN, SIGNALS, FrictionRules, named, shortly_before, signals
from paths.journeys.journeys import Journeys, last_of
from paths.statistics.intervals import rate

OPPORTUNITIES = pa.schema(
    [
        ("opportunity", pa.string()),
        ("touchpoint", pa.string()),
        ("n", pa.int64()),
        ("of", pa.int64()),
        ("share", pa.float64()),
        ("customers", pa.int64()),
        ("open", pa.int64()),
        ("value", pa.float64()),
        ("status", pa.string()),
    ]
)
"""One row is one thing to do. n of `of` (share) are the cases; open: cases whose time is not over; value: money at stake, where known.

silent_after_purchase: last purchases of customers without any touch for silent_after. unanswered_complaint: complaints without an
answer within answer_within. avoidable_contact: support contacts within 24 h after a visit that shows friction, by its touchpoint."""

PARTS = pa.schema(
    [("kind", pa.string()), ("touchpoint", pa.string()), *[(n, pa.int64()) for n in ("n", "of", "customers", "open")]]
)

CAUSES = np.uint8(sum(1 << SIGNALS.index(s) for s in ("error", "repeat", "back_and_forth", "dwell")))
"""Signals that may have caused a contact, combined."""


@dataclass(frozen=True, kw_only=True)
class Opportunities:
    """Events of the period and the segment, by their own time."""

    purchase: frozenset[str] = frozenset({"purchase"})
    friction: FrictionRules = field(default_factory=FrictionRules)
    complaints: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    answer_within: timedelta = timedelta(days=2)
    silent_after: timedelta = timedelta(days=30)
    contact_cost: float | None = None  # of one support contact, in the currency
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Friction goes before a contact."""
        return Lookback(since=since, horizon=since - CONTACT_WITHIN // MICROSECOND)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        return pa.concat_tables([self.silent(journeys), self.unanswered(journeys), self.avoidable(journeys)])

    def silent(self, journeys: Journeys) -> pa.Table:
        """Customers whose last purchase of the period no touch of any kind follows for so long."""
        bought = chosen(journeys, journeys.answers_to(self.purchase))
        owner = journeys.customer[bought]
        last = bought[np.append(owner[1:] != owner[:-1], True)] if len(bought) else bought
        at, following = journeys.events.at, np.minimum(last + 1, len(journeys) - 1)
        span = self.silent_after // MICROSECOND
        touched = (following > last) & (journeys.customer[following] == journeys.customer[last])
        touched &= at[following] - at[last] <= span
        over = journeys.scope.as_of > at[last] + span
        return row(
            "silent_after_purchase", "", ~touched & over, touched | over, journeys.customer[last], ~touched & ~over
        )

    def unanswered(self, journeys: Journeys) -> pa.Table:
        """Complaints of the period that no answer follows in time."""
        at = chosen(journeys, named(journeys, self.complaints))
        answers = np.flatnonzero(named(journeys, self.answers))
        answered = shortly_before(journeys, answers, answers, self.answer_within).take(at)
        over = journeys.scope.as_of > journeys.events.at[at] + self.answer_within // MICROSECOND
        return row(
            "unanswered_complaint", "", ~answered & over, answered | over, journeys.customer[at], ~answered & ~over
        )

    def avoidable(self, journeys: Journeys) -> pa.Table:
        """Support contacts of the period, by the touchpoint of the last visit with friction in the 24 h before."""
        support = named(journeys, self.friction.support)
        at = chosen(journeys, support)
        visits, flags = signals(journeys, self.friction)
        rough = visits[flags & CAUSES > 0]  # what went before a contact may lie before the period
        before = last_of(journeys, rough[~support.take(rough)], at)
        near = (before >= 0) & (journeys.events.at[at] - journeys.events.at[before] <= CONTACT_WITHIN // MICROSECOND)
        tables = [
            row(
                "contact",
                "",
                np.zeros(len(at), dtype=bool),
                np.ones(len(at), dtype=bool),
                journeys.customer[at],
                near & False,
            )
        ]
        place = journeys.touchpoint.codes[before]
        for code in np.unique(place[near]).tolist():
            mine = near & (place == code)
            name = journeys.touchpoint.names[code]
            tables.append(row("avoidable_contact", name, mine, mine, journeys.customer[at], mine & False))
        return pa.concat_tables(tables)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The OPPORTUNITIES table."""
        rows = summed(parts, ["kind", "touchpoint"], PARTS).to_pylist()
        contacts = sum(r["of"] for r in rows if r["kind"] == "contact")
        lines = [self.line(r, contacts) for r in rows if r["kind"] != "contact" and (r["of"] or r["open"])]
        order = ("silent_after_purchase", "unanswered_complaint", "avoidable_contact")
        lines.sort(key=lambda r: (order.index(r["opportunity"]), -r["n"], r["touchpoint"] or ""))
        return pa.Table.from_pylist(lines, schema=OPPORTUNITIES)

    def line(self, r: Mapping[str, Any], contacts: int) -> dict[str, Any]:
        """One OPPORTUNITIES row."""
        contact = r["kind"] == "avoidable_contact"
        of = contacts if contact else r["of"]
        value = round(r["n"] * self.contact_cost, 2) if contact and self.contact_cost is not None else None
        return {
            "opportunity": r["kind"],
            "touchpoint": r["touchpoint"] or None,
            "n": r["n"],
            "of": of,
            "share": rate(r["n"], of),
            "customers": r["customers"],
            "open": r["open"],
            "value": value,
            "status": status(r, of),
        }


def chosen(journeys: Journeys, flags: Bools) -> Ints:
    """int64 positions of the flagged events that lie in the period and the segment; flags: bool per event."""
    at = np.flatnonzero(flags)
    return at[journeys.selects(at)]


def status(r: Mapping[str, Any], of: int) -> str:
    """The row in words."""
    open_ = f"; {r['open']:,} still have time" if r["open"] else ""
    return {
        "silent_after_purchase": f"{r['n']:,} of {of:,} buyers heard nothing afterwards{open_}",
        "unanswered_complaint": f"{r['n']:,} of {of:,} complaints had no answer in time{open_}",
        "avoidable_contact": f"{r['n']:,} of {of:,} contacts came within 24 h of friction at {r['touchpoint']}",
    }[r["kind"]]


def row(
    kind: str, touchpoint: str, cases: Bools, of: Bools, customer: npt.NDArray[np.int32], still_open: Bools
) -> pa.Table:
    """One PARTS row."""
    customers = different(customer[cases])
    return pa.table(
        [[kind], [touchpoint], [int(cases.sum())], [int(of.sum())], [customers], [int(still_open.sum())]], schema=PARTS
    )
