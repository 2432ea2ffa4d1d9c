"""The statement that types the rows of a relation and judges them: one row in, one row of `staged` out."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ingest.cleaning.bots import STATIC_PATTERN
from ingest.cleaning.mapping import Columns, Expressions, Field, SourceMapping, consumed, is_server_log
from ingest.cleaning.money import Money
from ingest.cleaning.numbers import Readings, digits, minor_or_whole
from ingest.cleaning.times import clock, instant, plain, time_column, trimmed
from ingest.quoting import literal, quoted
from ingest.schema import IDS, NUMBERS, TARGETS

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the times and numbers of a file are read: told from its whole columns, whatever is loaded beside it."""

    unit: str = "s"  # of epoch numbers
    numbers: Readings = field(default_factory=Readings)


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


def statement(
    relation: str,
    columns: Columns,
    mapping: SourceMapping,
    limits: Limits,
    reading: Reading,
    marked: bool = False,
) -> tuple[str, dict[str, object]]:
    """(SQL, its values): one row per row of `relation`; the table `keys` knows its customers, `bot_verdicts` its bots.

    `marked`: currencies are told by signs and codes beside amounts.
    First the texts that the mapping reads, then who it is about, then values, then the first reason to leave.
    """
    e = Expressions()
    texts = {t: e.text(columns, spec, t) for t, spec in mapping.fields.items() if t not in IDS}
    ids = raw_ids(e, columns, mapping)
    numbers = [n for n in NUMBERS if n in mapping.fields]
    others = [t for t in mapping.fields if t not in ("event_at", "event", *NUMBERS)]
    values = {n: minor_or_whole(n, mapping) for n in numbers}
    money = Money(mapping=mapping, marked=marked)
    marks = "".join(f", {x} as {m}" for m, x in money.marks().items()) if mapping.currency or money.marked else ""
    own = money.currency()
    kept = {t: f"t_{quote(t)}" for t in others} | ({"currency": own} if own else {})
    bad = [f"(t_{n} is not null and v_{n} is null and not is_nan(b_{n}))" for n in numbers]
    shown = [f"case when {b} then '{n} = ' || t_{n} end" for n, b in zip(numbers, bad, strict=True)]
    sql = f"""
insert into staged by name
with texts as (  -- one row per raw row: what the mapping reads
  select *, {", ".join(f"{x} as {n}" for n, x in ({f"t_{quote(t)}": x for t, x in texts.items()} | ids).items())} from {relation}
), known as (  -- the same with its customer (a blank id has none), and its time where that is quick to read
  select texts.*, keys.customer_key, keys.customer_id as t_customer_id, keys.anonymous_id as t_anonymous_id,
    keys.device as _device, keys.blocked as _blocked, {plain(columns, mapping)} as p_event_at
  from texts left join keys on {same_ids(mapping)}
), trimmed as (  -- the same with what is read as a value, without white space around it: one name, for the macros repeat it
  select *, case when p_event_at is null then {trimmed(mapping)} end as b_event_at
    {"".join(f", bare(t_{n}) as b_{n}" for n in numbers)}
  from known
), digits as (  -- the same with its numbers as the casts read them
  select * {"".join(f", {digits(n, mapping, reading.numbers)} as d_{n}" for n in numbers)}
  from trimmed
), spelled as (  -- the same with the signs and codes of currencies beside its money
  select * {marks} from digits
), typed as (  -- the same with its values
  select *, {instant(columns, mapping, reading.unit)} as event_at,
    {", ".join(f"{x} as v_{n}" for n, x in values.items()) or "null as no_numbers"},
    {bot(mapping)} as bot, {static_file(columns, mapping)} as static_file
    {f", {money.code()} as _code" if money.converts else ""}
  from spelled
), rated as (  -- the same with foreign money in the declared currency, where there is a rate
  {money.rated() if money.converts else "select * from typed"}
), judged as (  -- the same with the first reason that holds
  select *, case
    when customer_key is null then 'missing_customer'
    when t_event is null then 'missing_event'
    when event_at is null then 'bad_timestamp'
    when event_at < $earliest or event_at > $latest then 'timestamp_out_of_range'
    when {" or ".join(bad) or "false"} then 'bad_number'
    when {money.foreign(e)} then 'unknown_currency'
    when bot is not null then 'bot'
    when {excluded(columns, mapping, e)} or static_file then 'excluded'
    when {late(limits, e)} then 'too_late'
  end as reason from rated
)
select customer_key, event_at, recorded_input, row as recorded_row, t_event as event,
  {"".join(f"v_{n} as {n}, " for n in numbers)}{"".join(f"{x} as {quoted(t)}, " for t, x in kept.items())}
  {"".join(f"{x} as {name}, " for name, x in aside(columns, mapping, e).items())}
  {content(columns, mapping.volatile, e)} as content_hash, $source as source,
  {"_device, " if "anonymous_id" in mapping.fields else ""}_blocked,
  case when reason is not null then [reason, case reason
      when 'bad_timestamp' then t_event_at::VARCHAR when 'timestamp_out_of_range' then t_event_at::VARCHAR
      when 'bad_number' then concat_ws(', ', {", ".join(shown) or "null"})
      when 'bot' then bot when 'excluded' then case when static_file then 'static file' end
    end, {record(columns, range(len(columns.names)), e)}, line::VARCHAR]
  end as _fault
from judged"""
    return sql, {**e.params, "earliest": EARLIEST, "latest": limits.latest, "source": mapping.name}


def quote(name: str) -> str:
    """A target as part of one of our own identifiers."""
    return name if name in TARGETS else "x" + name.encode().hex()


def raw_ids(e: Expressions, columns: Columns, mapping: SourceMapping) -> dict[str, str]:
    """SQL of both ids as the file writes them; of one that is not mapped, null."""
    texts = {i: e.text(columns, mapping.fields[i], i) for i in IDS if i in mapping.fields}
    return {f"raw_{i}": texts.get(i, "null::varchar") for i in IDS}


def same_ids(mapping: SourceMapping) -> str:
    """SQL: is a row of `keys` about the ids of a row of `texts`?"""
    tests = [f"texts.raw_{i} is not distinct from keys.raw_{i}" for i in IDS if i in mapping.fields]
    return " and ".join(tests) or "false"


def aside(columns: Columns, mapping: SourceMapping, e: Expressions) -> dict[str, str]:
    """Columns of `staged` that not every file fills: properties, and what a clock made of a local time."""
    whole = {t: f for t, f in mapping.fields.items() if t != "currency" or not Money(mapping=mapping).converts}
    left = [i for i in range(len(columns.names)) if i not in consumed(columns, whole)]
    fields = {"properties": f"nullif({record(columns, left, e)}, '{{}}')"} if left else {}
    _, kind = time_column(columns, mapping)
    return fields if mapping.timezone == "UTC" or kind == "instant" else {**fields, "_clock": clock(columns, mapping)}


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
    rule = mapping.static_files or ("exclude" if is_server_log(columns.names) else "keep")
    if rule == "keep" or "url" not in mapping.fields:
        return "false"
    return f"coalesce(regexp_matches(t_url, {literal(STATIC_PATTERN)}), false)"


def late(limits: Limits, e: Expressions) -> str:
    """Is the event day before the late window?"""
    if limits.late_before is None:
        return "false"
    return f"event_at < {e.bind(limits.late_before)}::timestamptz"


def content(columns: Columns, volatile: Collection[str], e: Expressions) -> str:
    """A hash of every non-empty column with its name, whatever the order of the columns; `volatile` ones are none of it.

    hash(a, b) alone is linear in hash(b) under xor: two columns with one value would cancel out, and a swap of two values
    would not show. Hashing once more mixes name and value for good.
    """
    parts = [
        f"case when c{i}::VARCHAR <> '' then hash(hash({e.bind(n)}, {columns.cell(i)})) else 0::UBIGINT end"
        for i, n in enumerate(columns.names)
        if n not in volatile
    ]
    whole = parts[0] if parts else "0::UBIGINT"
    for part in parts[1:]:
        whole = f"xor({whole}, {part})"
    return f"(({whole}) >> 1)::BIGINT"


def record(columns: Columns, positions: Sequence[int] | range, e: Expressions) -> str:
    """The non-empty columns at these positions as the text of a JSON object; objects and lists stay JSON."""
    parts = [
        f"case when c{i}::VARCHAR <> '' then {e.bind(json.dumps(columns.names[i]) + ':')} || json_of({columns.cell(i)}) end"
        for i in positions
    ]
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'" if parts else "null"
