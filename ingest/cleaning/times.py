"""event_at: which SQL reads it, from a text of many kinds or from a typed column."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ingest.cleaning.mapping import Columns, Expressions, SourceMapping
from ingest.cleaning.time_formats import EPOCH_UNITS, EXCEL, around_zone, literal_zone, pieces
from ingest.database import Database
from ingest.quoting import literal

TYPED = ("timestamp", "timestamptz", "date")
"""Types of a file's own columns that are times already; all others are read as text."""


def time_column(columns: Columns, mapping: SourceMapping) -> tuple[str, str]:
    """(SQL of the time, instant | wall | text | formats): a typed column as it is, else a text, of declared formats or of any."""
    spec = mapping.fields["event_at"]
    place = columns.find(spec.columns[0], "event_at", fail=False) if len(spec.columns) == 1 else None
    kind = columns.types[place[0]] if place is not None and place[1] is None else "text"
    if place is not None and kind in TYPED:
        return f"c{place[0]}", "instant" if kind == "timestamptz" else "wall"
    return "b_event_at", "formats" if spec.formats else "text"


def plain(columns: Columns, mapping: SourceMapping) -> str:
    """SQL of the wall clock where the text is written as most logs write it."""
    return "plain_time(t_event_at)" if time_column(columns, mapping)[1] == "text" else "null::TIMESTAMP"


def trimmed(mapping: SourceMapping) -> str:
    """SQL of the time's text without white space around it, with a zone that the source names written out."""
    return with_zones("bare(t_event_at)", mapping.zones)


def with_zones(text: str, zones: Mapping[str, str]) -> str:
    """The text with each abbreviation at its end replaced by the zone it stands for."""
    for word, zone in zones.items():
        at_end = rf"(?i)\s*\b{re.escape(word)}$"
        text = f"regexp_replace({text}, {literal(at_end)}, {literal(' ' + zone)})"
    return text


def instant(columns: Columns, mapping: SourceMapping, unit: str) -> str:
    """event_at from its text (numbers in `unit` since 1970), or from a typed column as it is."""
    column, kind = time_column(columns, mapping)
    zone = literal(mapping.timezone)  # a literal, so that the UTC case is decided before the first row
    if kind == "instant":
        return f"{column}::timestamptz"
    if kind == "wall":
        return f"instant_in({column}::timestamp, {zone})"
    if kind == "formats":
        return f"coalesce({', '.join(of_format(f, mapping)[0] for f in mapping.fields['event_at'].formats)})"
    wall = "make_timestamptz(epoch_us(p_event_at))" if mapping.timezone == "UTC" else f"instant_in(p_event_at, {zone})"
    return f"case when p_event_at is not null then {wall} else instant_of({column}, {zone}, {literal(unit)}) end"


def of_format(format: str, mapping: SourceMapping) -> tuple[str, str]:
    """(SQL of the instant, of the wall clock or '' where the text has a zone), both NULL for a text of another format."""
    zone = literal(mapping.timezone)
    if format in EPOCH_UNITS:
        return f"instant_since_1970(b_event_at, {literal(EPOCH_UNITS[format])})", ""
    if format == EXCEL:
        return f"instant_in(serial_day(b_event_at), {zone})", "serial_day(b_event_at)"
    text, parts = "b_event_at", pieces(format)
    if "%f" in parts:  # what is finer than a microsecond is cut off
        text = rf"regexp_replace({text}, '(\.|,)(\d{{6}})\d+', '\1\2')"
    if "%z" in parts:
        text = rf"regexp_replace({text}, '(\d\s*)[Zz]$', '\1+0000')"
    own = around_zone(format)
    if own is not None:
        pattern, without = own
        word = f"regexp_extract(bare(t_event_at), {literal(pattern)}, 2)"
        named = "".join(f" when {literal(w.upper())} then {literal(z)}" for w, z in mapping.zones.items())
        wall = parsed(rf"regexp_replace(bare(t_event_at), {literal(pattern)}, '\1\3')", without)
        zone = f"case upper({word}){named} else {word} end" if named else word
        return f"instant_in_named({wall}, {zone})", ""
    if "%z" in parts:
        return f"{parsed(text, ''.join(parts))}::timestamptz", ""
    fixed = literal_zone(format, mapping.zones)
    if fixed is not None:
        return f"instant_in_named({parsed('bare(t_event_at)', ''.join(parts))}, {literal(fixed)})", ""
    wall = f"{parsed(text, ''.join(parts))}::timestamp"
    return f"instant_in({wall}, {zone})", wall


def parsed(text: str, format: str) -> str:
    """strptime: the format decides the result's type, so DuckDB wants it as a literal."""
    return f"try_strptime({text}, {literal(format)})"


def clock(columns: Columns, mapping: SourceMapping) -> str:
    """'ambiguous' or 'skipped' where the wall clock of the row's zone showed its time twice, or never."""
    column, kind = time_column(columns, mapping)
    zone = literal(mapping.timezone)
    if kind == "formats":
        read = [of_format(f, mapping) for f in mapping.fields["event_at"].formats]
        cases = [f"when {at} is not null then {f'clock_of({wall}, {zone})' if wall else 'null'}" for at, wall in read]
        return f"case {' '.join(cases)} else null::VARCHAR end"
    wall = f"{column}::timestamp" if kind == "wall" else f"coalesce(p_event_at, wall_clock_of({column}))"
    return f"clock_of({wall}, {zone})"


def epoch_units(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> dict[str, str]:
    """recorded_input -> the one unit of that file's epoch numbers: that of most numbers of its whole column.

    A file without such numbers is left out, as all are where the times are typed or have a declared format.
    """
    if time_column(columns, mapping)[1] != "text":
        return {}
    e = Expressions()
    text = e.text(columns, mapping.fields["event_at"], "event_at")
    # no number has a colon, or a dash at both places of a date's: most texts are passed over before they are trimmed
    texts = f"select recorded_input, {text} as t from {relation}"
    times = f"select recorded_input, bare(t) as t from ({texts}) where not contains(t, ':') and t not like '____-__-%'"
    number = "length(t) not in (8, 14) or contains(t, '.')"
    numbers = f"select recorded_input, try_cast(t as double) as x from ({times}) where {number}"
    units = (
        f"select recorded_input, likely_unit(x) as unit, count(*) as n from ({numbers}) where x is not null "
        "group by all order by n, unit desc"
    )
    return {str(file): str(unit) for file, unit, _ in db.rows(units, e.params)}
