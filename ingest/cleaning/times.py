"""event_at: which SQL reads it, from a text of many kinds or from a typed column."""

from __future__ import annotations

from ingest.cleaning.mapping import Columns, Expressions, SourceMapping
from ingest.database import Database
from ingest.quoting import literal

EPOCH_UNITS = {"epoch_s": "s", "epoch_ms": "ms", "epoch_us": "us", "epoch_ns": "ns"}
"""What `format` of event_at may declare besides a strptime format."""


def time_column(columns: Columns, mapping: SourceMapping) -> tuple[str, str]:
    """(SQL of the time, instant | wall | text): a typed column as it is, a text parsed by the declared format, else text."""
    spec = mapping.fields["event_at"]
    found = columns.find(spec.columns[0], "event_at", fail=False) if len(spec.columns) == 1 else None
    kind = columns.types[found[0]] if found is not None and found[1] is None else "text"
    if found is not None and kind != "text":
        return f"c{found[0]}", "instant" if kind == "timestamptz" else "wall"
    if spec.format is None or spec.format in EPOCH_UNITS:
        return "b_event_at", "text"
    # a strptime format decides the result's type, so DuckDB wants it as a literal
    parsed = f"try_strptime(b_event_at, {literal(spec.format)})"
    return parsed, "instant" if "%z" in spec.format or "%Z" in spec.format else "wall"


def plain(columns: Columns, mapping: SourceMapping) -> str:
    """SQL of the wall clock where the text is written as most logs write it."""
    return "plain_time(t_event_at)" if time_column(columns, mapping)[1] == "text" else "null::TIMESTAMP"


def instant(columns: Columns, mapping: SourceMapping, unit: str) -> str:
    """event_at from its text (numbers in `unit` since 1970), or from a typed column as it is."""
    column, kind = time_column(columns, mapping)
    zone = literal(mapping.timezone)  # a literal, so that the UTC case is decided before the first row
    if kind == "instant":
        return f"{column}::timestamptz"
    if kind == "wall":
        return f"instant_in({column}::timestamp, {zone})"
    wall = "make_timestamptz(epoch_us(p_event_at))" if mapping.timezone == "UTC" else f"instant_in(p_event_at, {zone})"
    return f"case when p_event_at is not null then {wall} else instant_of({column}, {zone}, {literal(unit)}) end"


def clock(columns: Columns, mapping: SourceMapping) -> str:
    """'ambiguous' or 'skipped' where the wall clock of the row's zone showed its time twice, or never."""
    column, kind = time_column(columns, mapping)
    wall = f"{column}::timestamp" if kind == "wall" else f"coalesce(p_event_at, wall_clock_of({column}))"
    return f"clock_of({wall}, {literal(mapping.timezone)})"


def epoch_unit(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> str:
    """The one unit of the source's epoch numbers: declared, else that of most numbers of the whole column."""
    spec = mapping.fields["event_at"]
    _, kind = time_column(columns, mapping)
    if spec.format in EPOCH_UNITS or kind != "text":
        return EPOCH_UNITS.get(spec.format or "", "s")
    e = Expressions()
    text = e.text(columns, spec, "event_at")
    # no number has a colon, or a dash at both places of a date's: most texts are passed over before they are trimmed
    texts = f"select {text} as t from {relation}"
    times = f"select bare(t) as t from ({texts}) where not contains(t, ':') and t not like '____-__-%'"
    number = "length(t) not in (8, 14) or contains(t, '.')"
    numbers = f"select try_cast(t as double) as x from ({times}) where {number}"
    units = f"select likely_unit(x) as unit, count(*) as n from ({numbers}) where x is not null group by all order by n desc, unit"
    found = db.rows(units, e.params)
    return str(found[0][0]) if found else "s"
