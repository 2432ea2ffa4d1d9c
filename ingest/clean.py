"""Raw text rows -> typed rows in the table `staged`, each with the reason for which it must leave, if any.

Nothing raises for a bad row: it is staged with a `reason` and its text, and ends in quarantine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingest.bots import BOT_COLUMNS, STATIC_PATTERN, verdicts
from ingest.database import Database, load_sql
from ingest.errors import ConfigError
from ingest.mapping import Columns, Expressions, Field, SourceMapping, consumed
from ingest.schema import EVENTS, IDS, NUMBERS, TARGETS
from ingest.weblog import COLUMNS as WEBLOG_COLUMNS

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MINOR_DIGITS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "HUF": 2,
    "KWD": 3,
    "BHD": 3,
    "OMR": 3,
    "TND": 3,
    "JOD": 3,
}
"""ISO 4217 minor digits where they are not 2."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is judged against a run's words rather than the row's own."""

    as_of: datetime | None = None
    newest_day: str | None = None  # newest published event day of the source, YYYY-MM-DD; None = no late rows
    late_window: timedelta = timedelta(days=3)

    @property
    def latest(self) -> datetime:
        """The last instant that is not out of range."""
        return LATEST if self.as_of is None else self.as_of + timedelta(days=1)

    @property
    def late_before(self) -> str | None:
        """Event days before this one are too late."""
        if self.newest_day is None:
            return None
        return (datetime.fromisoformat(self.newest_day) - self.late_window).date().isoformat()


def prepare(db: Database, mappings: Sequence[SourceMapping]) -> None:
    """Create the macros and an empty `staged` with the columns these mappings can fill, and no others.

    Raises ConfigError for a promoted name that the store cannot carry.
    """
    check_promoted([name for m in mappings for name in m.promoted])
    db.run(load_sql("ingest", "macros"))
    kinds = {"int64": "BIGINT", "string": "VARCHAR", "timestamp[us, tz=UTC]": "TIMESTAMPTZ"}
    wanted = staged_columns(mappings)
    columns = [f"{f.name} {kinds[str(f.type)]}" for f in EVENTS if f.name in wanted]
    columns += [f"{quoted(name)} VARCHAR" for name in wanted if name not in EVENTS.names]
    db.run(
        f"create or replace temp table staged ({', '.join(columns)}, _span VARCHAR, _input VARCHAR, _line BIGINT, "
        "_reason VARCHAR, _detail VARCHAR, _raw VARCHAR, _clock VARCHAR)"
    )


def check_promoted(names: Sequence[str]) -> None:
    """Raise ConfigError for names that are the store's own, or none, or that differ in case only."""
    own = {n.lower() for n in (*EVENTS.names, "span")}
    for name in names:
        if name.lower() in own or name.startswith("_") or not name.strip() or len(name) > 200 or not name.isprintable():
            raise ConfigError(
                f"{json.dumps(name[:80])} cannot be a column of the store: it is one of its own names, begins with _, is empty, "
                f"too long or has control characters. Give it another name: other_name = {json.dumps(name[:80])}."
            )
    spelled = {name.lower(): name for name in names}
    twice = [name for name in names if spelled[name.lower()] != name]
    if twice:
        raise ConfigError(f'"{twice[0]}" and "{spelled[twice[0].lower()]}" differ in case only; give one another name.')


def staged_columns(mappings: Sequence[SourceMapping]) -> list[str]:
    """The columns of `staged` that become columns of an event."""
    mapped = {target for m in mappings for target in m.fields}
    always = [
        "customer_key",
        "event_at",
        "recorded_input",
        "recorded_row",
        "event",
        "event_id",
        *IDS,
        "source",
        "properties",
        "content_hash",
    ]
    return [
        *always,
        *sorted(mapped - set(EVENTS.names)),
        *[n for n in EVENTS.names if n in mapped - set(always)],
    ]


def quoted(identifier: str) -> str:
    """A promoted column's name as an SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def stage(db: Database, relation: str, columns: Columns, mapping: SourceMapping, limits: Limits) -> None:
    """Append every row of `relation` (recorded_input, input, row, line, c0, c1, ...) to `staged`."""
    for required in ("event_at", "event"):
        if required not in mapping.fields:
            raise ConfigError(f'source "{mapping.name}" maps no {required}; add {required} = "COLUMN" to its columns.')
    sql, params = statement(relation, columns, mapping, limits, epoch_unit(db, relation, columns, mapping))
    make_keys(db, relation, columns, mapping)
    found = verdicts(mapping.bots, different(db, relation, columns, mapping))
    db.run_with(sql, {**params, "source": mapping.name}, bot_verdicts=found)


EPOCH_UNITS = {"epoch_s": "s", "epoch_ms": "ms", "epoch_us": "us", "epoch_ns": "ns"}
"""What `format` of event_at may declare besides a strptime format."""


def epoch_unit(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> str:
    """The one unit of the source's epoch numbers: declared, else that of most numbers of the whole column."""
    spec = mapping.fields["event_at"]
    _, kind = time_column(columns, mapping)
    if spec.format in EPOCH_UNITS or kind != "text":
        return EPOCH_UNITS.get(spec.format or "", "s")
    e = Expressions()
    text = e.text(columns, spec, "event_at")
    # no number has a dash at both places of a date's dashes: most texts are passed over before they are trimmed
    texts = f"select {text} as t from {relation}"
    times = f"select bare(t) as t from ({texts}) where t[5] <> '-' or t[8] <> '-'"
    number = "not is_plain_time(t) and (length(t) not in (8, 14) or contains(t, '.'))"
    numbers = f"select try_cast(t as double) as x from ({times}) where {number}"
    units = f"select likely_unit(x) as unit, count(*) as n from ({numbers}) where x is not null group by all order by n desc, unit"
    found = db.rows(units, e.params)
    return str(found[0][0]) if found else "s"


def make_keys(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> None:
    """The table `keys`: who, customer_key. A hash costs more than a look-up, so each customer is hashed once."""
    e = Expressions()
    customer, anonymous = (id_text(e, columns, mapping, i) for i in IDS)
    db.run(
        "create or replace temp table keys as select who, customer_key_of(who) as customer_key "
        f"from (select distinct who_of({customer}, {anonymous}) as who from {relation}) where who is not null",
        e.params,
    )


def id_text(e: Expressions, columns: Columns, mapping: SourceMapping, name: str) -> str:
    """SQL of one id; a blank one is missing."""
    if name not in mapping.fields:
        return "null::VARCHAR"
    text = e.text(columns, mapping.fields[name], name)
    return f"case when not is_blank({text}) then {text} end"


def different(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> dict[str, list[str]]:
    """The different values of each mapped column that a bot rule looks at."""
    asked = {c for _, entry in mapping.bots.asked(mapping.fields) for c in entry}
    found = {}
    for column in [c for c in BOT_COLUMNS if c in asked]:
        e = Expressions()
        text = e.text(columns, mapping.fields[column], column)
        rows = db.rows(
            f"select distinct {text} from {relation}", e.params
        )  # a filter would read a view's columns twice
        found[column] = sorted(value for (value,) in rows if value is not None)
    return found


def statement(
    relation: str, columns: Columns, mapping: SourceMapping, limits: Limits, unit: str = "s"
) -> tuple[str, dict[str, object]]:
    """One row per raw row: texts, then values, then the judgement."""
    e = Expressions()
    texts = {t: e.text(columns, spec, t) for t, spec in mapping.fields.items() if t not in IDS}
    texts |= {i: id_text(e, columns, mapping, i) for i in IDS}
    numbers = [n for n in NUMBERS if n in mapping.fields]
    others = [t for t in mapping.fields if t not in ("event_at", "event", *IDS, *numbers)]
    values = {n: number(n, mapping) for n in numbers}
    bad = [f"(t_{n} is not null and v_{n} is null)" for n in numbers]
    shown = [f"case when {b} then '{n} = ' || t_{n} end" for n, b in zip(numbers, bad, strict=True)]
    sql = f"""
insert into staged by name
with texts as (  -- one row per raw row: what the mapping reads
  select *, {", ".join(f"{x} as t_{quote(t)}" for t, x in texts.items())} from {relation}
), trimmed as (  -- the same with what is read as a value, without white space around it: one name, for the macros repeat it
  select *, {", ".join(f"bare(t_{t}) as b_{t}" for t in ("event_at", *numbers))} from texts
), typed as (  -- the same with its values
  select *, {instant(columns, mapping, unit)} as event_at,
    {", ".join(f"{x} as v_{n}" for n, x in values.items()) or "null as no_numbers"},
    {bot(mapping)} as bot, {static_file(columns, mapping)} as static_file
  from trimmed
), judged as (  -- the same with the first reason that holds
  select *, case
    when t_customer_id is null and t_anonymous_id is null then 'missing_customer'
    when t_event is null then 'missing_event'
    when event_at is null then 'bad_timestamp'
    when event_at < $earliest or event_at > $latest then 'timestamp_out_of_range'
    when {" or ".join(bad) or "false"} then 'bad_number'
    when {foreign(mapping, e)} then 'unknown_currency'
    when bot is not null then 'bot'
    when {excluded(columns, mapping, e)} or static_file then 'excluded'
    when {late(limits, e)} then 'too_late'
  end as reason from typed
)
select keys.customer_key, event_at, recorded_input, row as recorded_row,
  t_event as event, t_customer_id as customer_id, t_anonymous_id as anonymous_id,
  {"".join(f"v_{n} as {n}, " for n in numbers)}{"".join(f"t_{quote(t)} as {quoted(t)}, " for t in others)}
  {properties(columns, mapping, e)} as properties, {content(columns, e)} as content_hash, $source as source,
  strftime(make_timestamp(epoch_us(event_at)), '%Y-%m-%d') as _span, input as _input, case when reason is not null then line end as _line,
  {clock(columns, mapping)} as _clock, reason as _reason,
  case reason when 'bad_timestamp' then t_event_at::VARCHAR when 'timestamp_out_of_range' then t_event_at::VARCHAR
    when 'bad_number' then concat_ws(', ', {", ".join(shown) or "null"})
    when 'bot' then bot when 'excluded' then case when static_file then 'static file' end
  end as _detail,
  case when reason is not null then {record(columns, range(len(columns.names)), e)} end as _raw
from judged left join keys on who_of(t_customer_id, t_anonymous_id) = keys.who"""
    return sql, {**e.params, "earliest": EARLIEST, "latest": limits.latest}


def quote(name: str) -> str:
    """A target as part of one of our own identifiers."""
    return name if name in TARGETS else "x" + name.encode().hex()


def instant(columns: Columns, mapping: SourceMapping, unit: str) -> str:
    """event_at from its text (numbers in `unit` since 1970), or from a typed column as it is."""
    column, kind = time_column(columns, mapping)
    zone = literal(mapping.timezone)  # a literal, so that the UTC case is decided before the first row
    if kind == "instant":
        return f"{column}::timestamptz"
    if kind == "wall":
        return f"instant_in({column}::timestamp, {zone})"
    return f"instant_of({column}, {zone}, {literal(unit)})"


def clock(columns: Columns, mapping: SourceMapping) -> str:
    """'ambiguous' or 'skipped' where the wall clock of the row's zone showed its time twice, or never."""
    column, kind = time_column(columns, mapping)
    if mapping.timezone == "UTC" or kind == "instant":
        return "null::VARCHAR"
    wall = f"{column}::timestamp" if kind == "wall" else f"wall_clock_of({column})"
    return f"clock_of({wall}, {literal(mapping.timezone)})"


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


def literal(text: str) -> str:
    """An SQL string literal, where a bound value will not do."""
    return "'" + text.replace("'", "''") + "'"


def number(name: str, mapping: SourceMapping) -> str:
    """A number column's value; NULL where it is missing or no number."""
    if name == "quantity":
        return f"whole_number(b_{name})"
    return f"minor_units(b_{name}, {MINOR_DIGITS.get(mapping.currency or '', 2)})"


def foreign(mapping: SourceMapping, e: Expressions) -> str:
    """Is the row in another currency than the declared one?"""
    if "currency" not in mapping.fields or mapping.currency is None:
        return "false"
    return f"upper(bare(t_currency)) <> {e.bind(mapping.currency)}"


def excluded(columns: Columns, mapping: SourceMapping, e: Expressions) -> str:
    """Does an [[exclude]] entry match? All of its globs must; its names are those of the mapping, else of the file's columns."""
    entries = []
    for entry in mapping.excluded:
        known = {n: columns.find(n, "exclude", fail=False) is not None for n in entry}
        if all(n in mapping.fields or known[n] for n in entry):
            texts = {
                n: f"t_{quote(n)}" if n in mapping.fields else e.text(columns, Field(columns=(n,)), n) for n in entry
            }
            globs = [f"coalesce({texts[n]}::VARCHAR glob {e.bind(g)}, false)" for n, g in entry.items()]
            entries.append(f"({' and '.join(globs)})")
    return " or ".join(entries) or "false"


def bot(mapping: SourceMapping) -> str:
    """What gives the row away as a bot's, NULL for a person's: the library's word, or the [[bot]] entry of which all hold.

    `bot_verdicts` (bots.VERDICTS) holds every value that a rule matches.
    """
    cases = []
    for number, entry in mapping.bots.asked(mapping.fields):
        hits = [
            f"t_{c} in (select value from bot_verdicts where rule = {number} and \"column\" = '{c}')" for c in entry
        ]
        word = "(select any_value(name) from bot_verdicts where rule = 0 and value = t_user_agent)"
        cases.append(f"when {' and '.join(hits)} then {word if number == 0 else literal(f'[[bot]] {number}')}")
    return f"case {' '.join(cases)} end" if cases else "null::VARCHAR"


def static_file(columns: Columns, mapping: SourceMapping) -> str:
    """Is it a request for a static file, of a source that leaves these out?"""
    rule = mapping.static_files or ("exclude" if columns.names == WEBLOG_COLUMNS else "keep")
    if rule == "keep" or "url" not in mapping.fields:
        return "false"
    return f"coalesce(regexp_matches(t_url, {literal(STATIC_PATTERN)}), false)"


def late(limits: Limits, e: Expressions) -> str:
    """Is the event day before the late window?"""
    if limits.late_before is None:
        return "false"
    return f"strftime(event_at::timestamp, '%Y-%m-%d') < {e.bind(limits.late_before)}"


def content(columns: Columns, e: Expressions) -> str:
    """A hash of every non-empty column with its name, whatever the order of the columns.

    hash(a, b) alone is linear in hash(b) under xor: two columns with one value would cancel out, and a swap of two values
    would not show. Hashing once more mixes name and value for good.
    """
    parts = [
        f"case when c{i}::VARCHAR <> '' then hash(hash({e.bind(n)}, c{i}::VARCHAR)) else 0::UBIGINT end"
        for i, n in enumerate(columns.names)
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole = f"xor({whole}, {part})"
    return f"(({whole}) >> 1)::BIGINT"


def record(columns: Columns, positions: Sequence[int] | range, e: Expressions) -> str:
    """The non-empty columns at these positions as the text of a JSON object."""
    parts = [
        f"case when c{i}::VARCHAR <> '' then {e.bind(json.dumps(columns.names[i]) + ':')} || to_json(c{i}::VARCHAR)::VARCHAR end"
        for i in positions
    ]
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'" if parts else "null"


def properties(columns: Columns, mapping: SourceMapping, e: Expressions) -> str:
    """What no mapping names, as JSON; NULL where nothing is left."""
    left = [i for i in range(len(columns.names)) if i not in consumed(columns, mapping.fields)]
    return f"nullif({record(columns, left, e)}, '{{}}')" if left else "null::VARCHAR"


def describe(fields: dict[str, Field]) -> str:
    """A guessed mapping in one line, for the person who must check it."""
    return ", ".join(f"{t} = {' + '.join(f.columns[:1] or f.join) or repr(f.constant)}" for t, f in fields.items())
