"""What the touchpoint rules reach: events and customers of each rule, and the URL paths that no rule names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from ingest.scan.batches import Codes
from paths.analysis import Lookback, summed
from paths.arrays.counting import units_at
from paths.journeys.journeys import Journeys
from paths.journeys.touchpoints import TouchpointRule, TouchpointRules, distinct, path_of, recoded, shown
from paths.statistics.intervals import rate

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
    [
        ("kind", pa.string()),
        ("name", pa.string()),
        ("event", pa.string()),
        ("rule", pa.int64()),
        ("events", pa.int64()),
        ("customers", pa.int64()),
    ]
)
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

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch. Rules are tried once per distinct (event, url, channel)."""
        position = np.flatnonzero(journeys.selected)
        events, owner = journeys.events.take(position), journeys.customer[position]
        kind, kinds = distinct([events.event, paths_of(events.text("url")), events.text("channel")], len(position))
        given = [self.given(event or "", path, channel) for event, path, channel in kinds]
        parts = counted("touchpoint", kind, owner, [(name, "", rule) for name, rule in given])
        paths = [
            (path, event or "", NO_RULE) if path is not None and rule <= NO_RULE else None
            for (event, path, _), (_, rule) in zip(kinds, given, strict=True)
        ]
        return pa.concat_tables([parts, counted("path", kind, owner, paths)])

    def given(self, event: str, path: str | None, channel: str | None) -> tuple[str, int]:
        """(touchpoint, number of the rule that names it; 0 = none, -1 = rules speak of the event): `TouchpointRules`, numbered."""
        for number, rule in enumerate(self.rules.rules, 1):
            if rule.matches(event, path, channel):
                return rule.name, number
        if any(r.speaks_of(event, path, channel) for r in self.rules.rules):
            return f"{event} {OTHER}", NO_RULE - 1
        return shown(event), NO_RULE

    def reduce(self, parts: Sequence[pa.Table]) -> Covered:
        """Both tables."""
        whole = summed(parts, ["kind", "name", "event", "rule"], PARTS)
        is_path = pc.equal(whole["kind"], "path")
        paths = whole.filter(is_path).select(["name", "event", "events"]).rename_columns(UNMATCHED.names)
        order = [("events", "descending"), ("path", "ascending"), ("event", "ascending")]
        return Covered(table=self.table(whole.filter(pc.invert(is_path)).to_pylist()), unmatched=paths.sort_by(order))

    def table(self, rows: list[dict[str, Any]]) -> pa.Table:
        """The COVERAGE table."""
        total = sum(r["events"] for r in rows)
        idle = set(range(1, len(self.rules.rules) + 1)) - {r["rule"] for r in rows}
        rows += [{"name": self.rules.rules[i - 1].name, "rule": i, "events": 0, "customers": 0} for i in sorted(idle)]
        table = [
            {
                "touchpoint": r["name"],
                "events": r["events"],
                "customers": r["customers"],
                "share": rate(r["events"], total),
                "rule": self.text(r["rule"]),
            }
            for r in rows
        ]
        table.sort(key=lambda r: (-r["events"], r["touchpoint"], r["rule"]))
        return pa.Table.from_pylist(table, schema=COVERAGE)

    def text(self, number: int) -> str:
        """A rule's number and what it looks for."""
        if number <= NO_RULE:
            return BY_EVENT if number == NO_RULE else OTHER
        return f"{number}: {spoken(self.rules.rules[number - 1])}"


def paths_of(urls: Codes) -> Codes:
    """The path of each URL, found once per distinct URL."""
    paths = recoded(np.arange(len(urls.names)), [path_of(u) for u in urls.names])
    return Codes(urls.lookup(paths.codes, -1), paths.names)


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
    customers = units_at(owner[mine], row[mine], len(different))
    texts = [[n[i] for n in different] for i in (0, 1)]
    return pa.table([[kind] * len(different), *texts, [n[2] for n in different], events, customers], schema=PARTS)
