"""A first look at a file: what its columns hold, and what a mapping would make of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.cleaning.clean import Limits, prepare, stage
from ingest.cleaning.evidence import Evidence, bots_among
from ingest.cleaning.guess import bots_note, guess, lists_note
from ingest.cleaning.kind_of_export import check_kind, holder, recognise
from ingest.cleaning.mapping import Columns, Expressions, Field, SourceMapping, timed
from ingest.cleaning.readings import ReadRows, read_events
from ingest.cleaning.times import TYPED
from ingest.database import Database, load_sql
from ingest.errors import ConfigError, InputError
from ingest.exports.models import Export
from ingest.quoting import literal
from ingest.readers.sources import ReadOptions, read_rows

COLUMNS = pa.schema(
    [
        pa.field("column", pa.string()),
        pa.field("mapped_to", pa.string()),
        pa.field("type", pa.string()),
        pa.field("null_share", pa.float64()),
        pa.field("distinct", pa.int64()),
        pa.field("example", pa.string()),
    ]
)
"""One row is one column of the file; the type is what all of its values could be read as."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What there is to see."""

    format: str
    delimiter: str | None
    encoding: str | None  # of a text that is not UTF-8, where nobody said it
    records: str | None  # the list that was taken for the records, where nobody said it
    columns: pa.Table  # COLUMNS
    rows: int  # readable or not
    mapping: SourceMapping | None
    export: Export | None = None  # the kind that it looks like
    problem: str = ""  # why no mapping could be guessed
    reasons: dict[str, int] = field(default_factory=dict)  # rows that would be quarantined
    first_event_at: str | None = None
    last_event_at: str | None = None
    events: tuple[tuple[str, int], ...] = ()  # the most frequent ones
    notes: tuple[str, ...] = ()  # what else to say of it


SMALL = 100_000
"""Rows up to which different values are counted; of a larger file they are estimated."""

TIME_FORMATS = (
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M",
    "%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%b %d, %Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%d/%b/%Y:%H:%M:%S %z", "%Y%m%d%H",
)  # fmt: skip
"""How times are often written that mean no one instant without being told."""


def look(
    path: Path,
    options: ReadOptions,
    mapping: SourceMapping | None = None,
    *,
    given: SourceMapping | None = None,
    refused: Collection[str] = (),
    time_formats: Sequence[str] = (),
    exports: Sequence[Export] = (),
) -> Look:
    """Read a file and say what is in it; `mapping` None = guess what is not `given`, and not `refused`.

    `exports`: the kinds that it may look like. `time_formats`: how times are written, of a guessed column too. Raises
    InputError as `read_rows` does, and ConfigError
    for a column of the mapping that is not there.
    """
    with Database() as db:
        db.run(load_sql("ingest", "macros"))
        db.run(load_sql("ingest", "json_paths"))
        raw = read_rows(db, path, options)
        columns = Columns(raw.columns, raw.types)
        evidence = Evidence(db, raw.relation, raw.columns, raw.types)
        problem, notes = "", list(raw.notes)
        known = recognise(db, raw.relation, columns, exports)
        if mapping is None:
            base = given or SourceMapping()
            try:
                made = guess(
                    raw.columns, raw.format, evidence=evidence, given=base.fields, refused=refused, mapping=base
                )
                mapping = replace(base, fields=timed({**made.fields, **base.fields}, time_formats))
                notes += made.notes
            except ConfigError as error:
                problem = str(error)
        found: dict[str, Any] = {}
        if mapping is not None:
            mapping, said = with_time_format(db, raw.relation, columns, mapping)
            notes += [*said, *path_notes(db, raw.relation, columns, mapping)]
            notes += bot_notes(db, raw.relation, columns, mapping, notes)
            notes += [lists_note(lists) for lists in [evidence.lists(timed=True)] if lists]
            try:
                check_kind(db, raw.relation, columns, mapping)
                found = staged(db, raw.relation, columns, mapping)
            except (ConfigError, InputError) as error:
                problem = str(error)
        notes += json_notes(db, raw.relation, columns)
        rows = int(db.rows(f"select count(*) from {raw.relation}")[0][0])
        if rows > SMALL:
            notes.append(f"distinct is an estimate: the file has more than {SMALL:,} rows")
        table = [column_row(db, raw.relation, columns, i, mapping, rows <= SMALL) for i in range(len(columns.names))]
        reasons = dict(found.pop("reasons", {}))
        if raw.unreadable.num_rows:
            reasons["unreadable_row"] = raw.unreadable.num_rows
    return Look(
        format=raw.format,
        delimiter=raw.delimiter,
        encoding=raw.encoding,
        records=raw.records,
        columns=pa.Table.from_pylist(table, schema=COLUMNS),
        export=known,
        rows=rows + raw.unreadable.num_rows,
        mapping=mapping,
        problem=problem,
        reasons=reasons,
        notes=tuple(notes),
        **found,
    )


def bot_notes(
    db: Database, relation: str, columns: Columns, mapping: SourceMapping, said: Collection[str]
) -> list[str]:
    """What share of the user agents are bots, where they are mapped and judged, and a guess has not said it."""
    agent = mapping.fields.get("user_agent")
    if agent is None or not mapping.bots.judged or any("of the user agents are bots" in note for note in said):
        return []
    known = [c for c in (*agent.columns, *agent.join) if columns.find(c, "user_agent", fail=False) is not None]
    if agent.constant is not None or not known:
        return []
    e = Expressions()
    text = e.text(columns, agent, "user_agent")
    bots, rows = bots_among(db, f"select {text} as agent from {relation}", e.params)
    return [bots_note(bots, rows)] if rows else []


def with_time_format(
    db: Database, relation: str, columns: Columns, mapping: SourceMapping
) -> tuple[SourceMapping, list[str]]:
    """The mapping with the one format that fits every filled cell of a column of times which cannot be read as it is.

    Of several that fit nobody can tell: they are named, and the mapping stays.
    """
    spec = mapping.fields.get("event_at")
    if spec is None or spec.formats or len(spec.columns) != 1 or spec.columns[0] not in columns.names:
        return mapping, []
    at = columns.names.index(spec.columns[0])
    if columns.types[at] in TYPED:
        return mapping, []
    read = ", ".join(f"count(try_strptime(t, {literal(f)}))" for f in TIME_FORMATS)
    cells = f"select bare(c{at}::varchar) as t from {relation}"
    filled, good, *fitting = db.rows(
        f"select count(*), count(instant_of(t, 'UTC', 's')), {read} from ({cells}) where t <> ''"
    )[0]
    if good == filled:
        return mapping, []
    fits = [f for f, n in zip(TIME_FORMATS, fitting, strict=True) if n == filled]
    name, bad = spec.columns[0], f"{filled - good:,} of {filled:,} values of {spec.columns[0]}"
    if not fits:
        return mapping, [f"{bad} are no times, and no common format fits them all: say how they are written"]
    if len(fits) > 1:
        named = " or ".join(json.dumps(f) for f in fits)
        return mapping, [f"{bad} could be several times: choose the format, {named}"]
    fields = {**mapping.fields, "event_at": replace(spec, formats=(fits[0],))}
    return replace(mapping, fields=fields), [f"{name} is read by the format {json.dumps(fits[0])}, the one that fits"]


def path_notes(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> list[str]:
    """The mapped paths into JSON that have no value in any row."""
    notes = []
    if mapping.export is not None:
        holds = holder(db, relation, columns)
        empty = [t for t, f in mapping.fields.items() if f.columns and not any(map(holds, f.columns))]
        return [f"no row of this {mapping.export.title} has a value for {', '.join(empty)}"] if empty else []
    for target, spec in mapping.fields.items():
        for name in spec.columns:
            found = columns.find(name, target, fail=False)
            if found is None or found[1] is None:
                continue
            values = Expressions()
            sql = values.text(columns, Field(columns=(name,)), target)
            total, filled = db.rows(f"select count(*), count({sql}) from {relation}", values.params)[0]
            if total and not filled:
                notes.append(f"{target} = {name} has no value in any of {total:,} rows; is the path right?")
    return notes


def json_notes(db: Database, relation: str, columns: Columns) -> list[str]:
    """The keys of the columns that hold JSON objects: paths to map."""
    notes = []
    for i, name in enumerate(columns.names):
        if columns.types[i] in TYPED:
            continue
        some = f"select c{i}::varchar as t from {relation} where c{i}::varchar like '{{%' limit 1000"
        keys = db.rows(
            f"select k, count(*) from (select unnest(json_keys(t)) as k from ({some}) where json_valid(t)) group by k "
            "order by count(*) desc, k limit 12"
        )
        if keys:
            notes.append(f"{name} holds JSON; its keys can be mapped: {', '.join(f'{name}.{k}' for k, _ in keys)}")
    return notes


def column_row(
    db: Database, relation: str, columns: Columns, i: int, mapping: SourceMapping | None, counted: bool
) -> dict[str, object]:
    """The COLUMNS row of column i."""
    c = f"c{i}::varchar"
    different = f"count(distinct nullif({c}, ''))" if counted else f"approx_count_distinct({c})"
    kinds = {"number": "double", "instant": "timestamp", "boolean": "boolean"}
    checks = ", ".join(f"count(*) filter ({c} <> '' and try_cast({c} as {t}) is null)" for t in kinds.values())
    whole = f"count(*) filter ({c} <> '' and not regexp_full_match({c}, '[+-]?[0-9]+'))"
    total, filled, distinct, example, *failing = db.rows(
        f"select count(*), count(*) filter ({c} <> ''), {different}, min({c}) filter ({c} <> ''), "
        f"{whole}, {checks} from {relation}"
    )[0]
    kind = next(
        (k for k, n in zip(["integer", *kinds], failing, strict=True) if filled and not n),
        "text" if filled else "empty",
    )
    targets = (
        [] if mapping is None else [t for t, f in mapping.fields.items() if columns.names[i] in (*f.columns, *f.join)]
    )
    return {
        "column": columns.names[i],
        "mapped_to": ", ".join(targets) or None,
        "type": kind,
        "null_share": round(1 - filled / total, 6) if total else None,
        "distinct": distinct,
        "example": None if example is None else example[:60],
    }


def staged(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> dict[str, Any]:
    """Time range, event counts and reasons, after the mapping."""
    prepare(db, [mapping])
    whole = f"(select '' as recorded_input, null::bigint as line, * from {relation})"
    parts = [ReadRows(relation=whole, columns=columns, mapping=mapping)]
    for part in read_events(whole, columns, mapping) if mapping.readings else parts:
        stage(db, part.relation, part.columns, part.mapping, Limits())
    first, last = db.rows("select min(event_at)::varchar, max(event_at)::varchar from staged where _fault is null")[0]
    events = db.rows(
        "select event, count(*) as n from staged where _fault is null group by all order by n desc, event limit 12"
    )
    reasons = {reason: n for _, reason, n in db.rows(load_sql("ingest", "reasons"))}
    return {"first_event_at": first, "last_event_at": last, "events": tuple(events), "reasons": reasons}
