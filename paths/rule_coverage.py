"""What the touchpoint rules reach: events and customers of each rule, and the URL paths that no rule names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.batches import Codes
from paths.analysis import Journeys, summed
from paths.counting import distinct_pairs
from paths.statistics import rate
from paths.touchpoints import TouchpointRule, TouchpointRules, distinct, path_of

Ints = npt.NDArray[np.int64]

BY_EVENT, OTHER = "(event)", "(other)"
NO_RULE = 0

COVERAGE = pa.schema(
    [
        pa.field("touchpoint", pa.string()),
        pa.field("events", pa.int64()),
        pa.field("customers", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("rule", pa.string()),
    ]
)
"""One row is one touchpoint as one rule gives it, most events first; rules that name nothing are there with 0. share: of all
events. rule: number and text, "(event)" = the event's own name, "(other)" = rules speak of the event and none matched."""

UNMATCHED = pa.schema([("path", pa.string()), ("event", pa.string()), ("events", pa.int64())])
"""One row is one URL path of events that no rule names, most events first."""

PARTS = pa.schema(
    [("kind", pa.string()), ("name", pa.string()), ("event", pa.string()), ("rule", pa.int64()), ("events", pa.int64()),
     ("customers", pa.int64())]
)  # fmt: skip
"""Additive. kind: touchpoint (by name and rule number, 0 = none, -1 = other), path (by path and event)."""


@dataclass(frozen=True, kw_only=True)
class Covered:
    """What there is to see of the rules."""

    table: pa.Table  # COVERAGE
    unmatched: pa.Table  # UNMATCHED


@dataclass(frozen=True, kw_only=True)
class RuleCoverage:
    """Counts the events of the period and the segment by touchpoint and the rule that gives it."""

    rules: TouchpointRules
    columns: frozenset[str] = frozenset({"url", "channel"})
    lag: timedelta | None = timedelta(0)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch. Rules are tried once per distinct (event, url, channel)."""
        position = np.flatnonzero(journeys.selected)
        events, owner = journeys.events, journeys.customer[position]
        read = [events.event, events.text("url"), events.text("channel")]
        few: list[Codes | None] = [c.take(position) for c in read]
        kind, kinds = distinct(few, len(position))
        given = [self.given(event or "", url, channel) for event, url, channel in kinds]
        parts = counted("touchpoint", kind, owner, [(name, "", rule) for name, rule in given])
        paths = [
            (path_of(url), event or "", NO_RULE) if url is not None and rule <= NO_RULE else None
            for (event, url, _), (_, rule) in zip(kinds, given, strict=True)
        ]
        return pa.concat_tables([parts, counted("path", kind, owner, paths)])

    def given(self, event: str, url: str | None, channel: str | None) -> tuple[str, int]:
        """(touchpoint, number of the rule that names it; 0 = none, -1 = rules speak of the event)."""
        path = None if url is None else path_of(url)
        name = self.rules.touchpoint(event, url, channel)
        for number, rule in enumerate(self.rules.rules, 1):
            if rule.matches(event, path, channel):
                return name, number
        return name, -1 if any(r.speaks_of(event, path, channel) for r in self.rules.rules) else NO_RULE

    def reduce(self, parts: Sequence[pa.Table]) -> Covered:
        """Both tables."""
        rows = summed(parts, ["kind", "name", "event", "rule"], PARTS).to_pylist()
        total = sum(r["events"] for r in rows if r["kind"] == "touchpoint")
        found = [r for r in rows if r["kind"] == "touchpoint"]
        idle = set(range(1, len(self.rules.rules) + 1)) - {r["rule"] for r in found}
        found += [{"name": self.rules.rules[i - 1].name, "rule": i, "events": 0, "customers": 0} for i in sorted(idle)]
        table = [
            {"touchpoint": r["name"], "events": r["events"], "customers": r["customers"], "share": rate(r["events"], total),
             "rule": self.text(r["rule"])} for r in found
        ]  # fmt: skip
        table.sort(key=lambda r: (-r["events"], r["touchpoint"], r["rule"]))
        unmatched = [
            {"path": r["name"], "event": r["event"], "events": r["events"]} for r in rows if r["kind"] == "path"
        ]
        unmatched.sort(key=lambda r: (-r["events"], r["path"], r["event"]))
        return Covered(
            table=pa.Table.from_pylist(table, schema=COVERAGE),
            unmatched=pa.Table.from_pylist(unmatched, schema=UNMATCHED),
        )

    def text(self, number: int) -> str:
        """A rule's number and what it looks for."""
        if number <= NO_RULE:
            return BY_EVENT if number == NO_RULE else OTHER
        return f"{number}: {spoken(self.rules.rules[number - 1])}"


def spoken(rule: TouchpointRule) -> str:
    """A rule's conditions in a line: event=page_viewed url=/products/*."""
    given = ((c, getattr(rule, c)) for c in ("event", "url", "channel"))
    return " ".join(f"{column}={'|'.join(globs)}" for column, globs in given if globs)


def counted(
    kind: str, code: Ints, owner: npt.NDArray[np.int32], names: Sequence[tuple[str, str, int] | None]
) -> pa.Table:
    """PARTS rows: events and customers of each (name, event, rule); `names` per code, None = not counted."""
    different = list(dict.fromkeys(n for n in names if n is not None))
    place = {n: i for i, n in enumerate(different)}
    row = np.array([-1 if n is None else place[n] for n in names], dtype=np.int64)[code]
    mine = row >= 0
    events = np.bincount(row[mine], minlength=len(different))
    customers = np.bincount(distinct_pairs(owner[mine], row[mine], max(1, len(different)))[1], minlength=len(different))
    texts = [[n[i] for n in different] for i in (0, 1)]
    return pa.table([[kind] * len(different), *texts, [n[2] for n in different], events, customers], schema=PARTS)
