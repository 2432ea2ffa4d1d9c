"""Raw text rows -> typed rows in the table `staged`, each with the fault for which it must leave, if any.

Nothing raises for a bad row: it is staged with its fault - a list of reason, detail, raw columns, line - and ends in
quarantine. The statement that judges is built in `judgement`; here is what it needs to know beforehand.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa

from ingest.cleaning.bots import BOT_COLUMNS, verdicts
from ingest.cleaning.currencies import MINOR_DIGITS
from ingest.cleaning.fitting import fitted
from ingest.cleaning.mapping import Columns, Expressions, Field, SourceMapping
from ingest.cleaning.money import make_macros as make_money_macros
from ingest.cleaning.money import marks_seen, table_of
from ingest.cleaning.numbers import Readings, readings, unclear_note
from ingest.cleaning.times import TYPED, epoch_units
from ingest.cleaning.validation import Limits, Reading, aside, raw_ids, statement
from ingest.cleaning.whole_ids import whole_ids
from ingest.database import Database, load_sql
from ingest.errors import ConfigError
from ingest.identity.rules import IdentityRules
from ingest.identity.stitching import make_macros
from ingest.keys import anonymous_prefix
from ingest.quoting import literal, quoted
from ingest.readers.files import natural_key
from ingest.schema import EVENTS, sql_type

__all__ = ["MINOR_DIGITS", "Limits", "check_promoted", "describe", "prepare", "stage"]

WORDS_FOR_NOTHING = (
    "\\n",
    "(not set)",
    "(none)",
    "(null)",
    "<null>",
    "nil",
    "na",
    "#n/a",
    "false",
    "not set",
    "-",
    "?",
)
"""Words by which people and tools say that there is no id, in small letters; those of [identity] blocked are none at once."""

INPUTS = pa.schema([("input", pa.string()), ("recorded_input", pa.string())])
"""One row is one input: its name, and the text that orders it among the others."""

ALWAYS = ("customer_key", "event_at", "recorded_input", "recorded_row", "event", "source", "content_hash")
"""Columns of an event that every row has."""


def prepare(db: Database, mappings: Sequence[SourceMapping], inputs: Iterable[str] = ("",)) -> None:
    """Create the macros and an empty `staged` with the columns these mappings can fill, and no others.

    Sources and inputs are known beforehand, so a row names them by a number: they are enums, in order of their text.
    Raises ConfigError for a promoted name that the store cannot carry.
    """
    check_promoted([name for m in mappings for name in m.promoted])
    db.run(load_sql("ingest", "macros"))
    db.run(load_sql("ingest", "json_paths"))
    make_money_macros(db)
    make_macros(db, mappings[0].identity if mappings else IdentityRules())
    names = sorted(set(inputs)) or [""]
    known = {"input": names, "recorded_input": [natural_key(n) for n in names]}
    db.run_with(
        "create or replace temp table inputs as select * from known_inputs", known_inputs=pa.table(known, schema=INPUTS)
    )
    sources = pa.table({"source": sorted({m.name for m in mappings})})
    db.run_with("create type source_name as enum (select source from known_sources)", known_sources=sources)
    db.run("create type input_key as enum (select recorded_input from inputs order by all)")
    clock = ["_clock varchar"] if any(m.timezone != "UTC" for m in mappings) else []
    kinds = {"recorded_input": "input_key", "source": "source_name"}
    columns = [f"{quoted(name)} {kinds.get(name) or sql_type(name)}" for name in staged_columns(mappings)]
    device = ["_device bigint"] if any("anonymous_id" in m.fields for m in mappings) else []
    further = [*device, "_blocked varchar", "_fault varchar[]", *clock]
    db.run(f"create or replace temp table staged ({', '.join([*columns, *further])})")


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
    """The columns of an event that these mappings can fill; `stage` adds `properties` where a file has any."""
    mapped = {target for m in mappings for target in m.fields}
    return [*[n for n in EVENTS.names if n in mapped or n in ALWAYS], *sorted(mapped - set(EVENTS.names))]


class Read(NamedTuple):
    """What there is to say of rows that were staged."""

    lacking: tuple[str, ...]  # targets that there is no column for
    notes: list[str]


def stage(db: Database, relation: str, columns: Columns, mapping: SourceMapping, limits: Limits) -> Read:
    """Append every row of `relation` (recorded_input, row, line, c0, c1, ...) to `staged`.

    Raises ConfigError for a target that no row can be without and that has no column.
    """
    for required in ("event_at", "event"):
        if required not in mapping.fields:
            raise ConfigError(f'source "{mapping.name}" maps no {required}; add {required} = "COLUMN" to its columns.')
    mapping, lacking = fitted(mapping, columns)
    relation = without_missing(relation, columns, mapping)
    columns = replace(columns, whole=whole_ids(db, relation, columns, mapping))
    make_keys(db, relation, columns, mapping)
    if "properties" in aside(columns, mapping, Expressions()):
        db.run("alter table staged add column if not exists properties varchar")
    marked = marks_seen(db, relation, columns, mapping)
    if marked:
        db.run("alter table staged add column if not exists currency varchar")
    found = verdicts(mapping.bots, different(db, relation, columns, mapping))
    units, numbers = epoch_units(db, relation, columns, mapping), readings(db, relation, columns, mapping)
    for part, reading in read_alike(relation, units, numbers):
        sql, params = statement(part, columns, mapping, limits, reading, marked)
        db.run_with(sql, params, bot_verdicts=found, rates=table_of(mapping.rates, mapping.currency))
    notes = [
        unclear_note(mapping.name, file_name(db, file), target, example)
        for file, read in sorted(numbers.items())
        for target, example in read.unclear
    ]
    return Read(lacking=lacking, notes=[*notes, *word_notes(db, mapping.name)])


def word_notes(db: Database, source: str) -> list[str]:
    """What to say of ids that are words for nothing, of the rows that `keys` knows: each of them is one customer."""
    ids = "select unnest([customer_id, anonymous_id]) as id from keys"
    words = ", ".join(map(literal, WORDS_FOR_NOTHING))
    found = [str(i) for (i,) in db.rows(f"select distinct id from ({ids}) where lower(id) in ({words}) order by 1")]
    if not found:
        return []
    missing = ", ".join(json.dumps(word) for word in found)
    return [
        f"{source}: an id is called {', '.join(found)}, which sounds like none; its rows are one customer's. "
        f"missing = [{missing}] in the [[source]] says that it is none."
    ]


def without_missing(relation: str, columns: Columns, mapping: SourceMapping) -> str:
    """The relation with NULL where a column holds one of the texts that stand for nothing."""
    if not mapping.missing:
        return relation
    words = ", ".join(literal(word) for word in mapping.missing)
    texts = [f"c{i}" for i, kind in enumerate(columns.types) if kind not in TYPED]
    replaced = ", ".join(f"case when trim({c}) not in ({words}) then {c} end as {c}" for c in texts)
    return f"(select * replace ({replaced}) from {relation})" if texts else relation


def read_alike(relation: str, units: Mapping[str, str], numbers: Mapping[str, Readings]) -> list[tuple[str, Reading]]:
    """(rows of `relation`, how they are read): the files of a relation by what their own columns show."""
    usual = Reading(unit=min(units.values(), default="s"))
    files: defaultdict[Reading, list[str]] = defaultdict(list)
    for file in sorted({*units, *numbers}):
        files[Reading(unit=units.get(file, usual.unit), numbers=numbers.get(file, Readings()))].append(file)
    other = [file for reading, group in files.items() if reading != usual for file in group]
    if not other:
        return [(relation, usual)]
    parts = [(f"(select * from {relation} where recorded_input not in ({listed(other)}))", usual)]
    for reading, group in files.items():
        if reading != usual:
            parts.append((f"(select * from {relation} where recorded_input in ({listed(group)}))", reading))
    return parts


def listed(texts: Iterable[str]) -> str:
    """Texts as the inside of an SQL list."""
    return ", ".join(literal(text) for text in texts)


def file_name(db: Database, recorded_input: str) -> str:
    """The name of an input, of the key by which it is ordered."""
    rows = db.rows("select any_value(input) from inputs where recorded_input = $key", {"key": recorded_input})
    return str(rows[0][0] or "the file")


def make_keys(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> None:
    """The table `keys` (sql/keys.sql): what each pair of ids tells is found once, and not in every row."""
    e = Expressions()
    texts = ", ".join(f"{x} as {name}" for name, x in raw_ids(e, columns, mapping).items())
    db.run(f"create or replace temp table raw_ids as select distinct {texts} from {relation}", e.params)
    db.run(load_sql("ingest", "keys"), {"prefix": anonymous_prefix(mapping.identity.space(mapping.name))})


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


def describe(fields: dict[str, Field]) -> str:
    """A guessed mapping in one line, for the person who must check it."""
    return ", ".join(f"{t} = {' + '.join(f.columns[:1] or f.join) or repr(f.constant)}" for t, f in fields.items())
