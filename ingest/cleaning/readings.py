"""Rows that hold several events, each with a time of its own: an order with placed_at, paid_at and refunded_at.

Each event is read from the row as if it were a file of its own: with its columns and those of the whole row, without
those of the other events, so that an order paid later is no other placing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ingest.cleaning.mapping import PLAIN, Columns, Expressions, Field, SourceMapping
from ingest.json_path import path_value
from ingest.quoting import literal

NAME = "[[source.event]]"
"""The column that holds the event's name."""


@dataclass(frozen=True, kw_only=True)
class ReadRows:
    """The rows of one of the events: (recorded_input, row, line, c0, c1, ...) as SQL, its columns and its mapping."""

    relation: str
    columns: Columns
    mapping: SourceMapping


def read_events(relation: str, columns: Columns, mapping: SourceMapping) -> list[ReadRows]:
    """One entry per event that a row may hold; a row without its time is none. Rows are numbered apart.

    Raises ConfigError where the file lacks the column of a time.
    """
    readings = mapping.readings
    whole = {t: f for t, f in mapping.fields.items() if not any(t in r.fields for r in readings) and t != "event"}
    events = []
    for k, reading in enumerate(readings):
        others = [r.fields for r in readings if r is not reading]
        own = {**whole, **reading.fields}
        left_out = _positions(columns, *others) - _positions(columns, own)
        kept = [i for i in range(len(columns.names)) if i not in left_out]
        values = "".join(f", c{i} as c{new}" for new, i in enumerate(kept))
        happened = _filled(columns, reading.fields["event_at"])
        events.append(
            ReadRows(
                relation=f"(select recorded_input, row * {len(readings)} + {k} as row, line{values}, "
                f"{literal(reading.name)} as c{len(kept)} from {relation} where {happened})",
                columns=Columns((*(columns.names[i] for i in kept), NAME), (*(columns.types[i] for i in kept), "text")),
                mapping=replace(mapping, fields={**own, "event": Field(columns=(NAME,))}, readings=()),
            )
        )
    return events


def without_events(relation: str, columns: Columns, mapping: SourceMapping) -> str:
    """SQL that counts the rows of a relation, and those of them that hold none of the times."""
    times = [_filled(columns, r.fields["event_at"]) for r in mapping.readings]
    return f"select count(*), count(*) filter (not ({' or '.join(times)})) from {relation}"


class Literals(Expressions):
    """Expressions whose values stand in the SQL itself."""

    def bind(self, value: str) -> str:
        """The value, written out."""
        return literal(value)


def _positions(columns: Columns, *fields: Mapping[str, Field]) -> set[int]:
    names = [name for one in fields for f in one.values() for name in (*f.columns, *f.join)]
    places = [columns.find(name, "event", fail=False) for name in names]
    return {at for at, _ in filter(None, places)}


def _filled(columns: Columns, time: Field) -> str:
    """SQL: has the row this time?"""
    if time.first or time.refined != PLAIN:
        return f"coalesce(trim({Literals().text(columns, time, 'event_at')}) <> '', false)"
    known = [n for n in time.columns if columns.find(n, "event_at", fail=len(time.columns) == 1) is not None]
    texts = []
    for name in (*known, *time.join):
        place = columns.find(name, "event_at")
        assert place is not None
        at, inner = place
        texts.append(f"c{at}::varchar" if inner is None else path_value(f"c{at}", inner, literal))
    filled = [f"coalesce(trim({text}) <> '', false)" for text in texts]
    return f"({' or '.join(filled) or 'false'})"
