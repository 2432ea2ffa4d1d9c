"""A store filled from literal files: what became of each row, and what the store holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.cleaning.clean import Limits
from ingest.cleaning.mapping import Field, SourceMapping, parse_field
from ingest.load import Accounting, InputFile, Loaded, LoadOptions, Source, load
from ingest.readers.sources import ReadOptions
from ingest.schema import EVENTS
from ingest.store.delta import open_table
from ingest.store.event_store import EventStore
from ingest.store.quarantine import Quarantine

COLUMNS = {"customer_id": "who", "event_at": "at", "event": "what"}


def mapping_of(columns: Mapping[str, str | Field] = COLUMNS, **options: Any) -> SourceMapping:
    """Columns as --map spells them, or as Field."""
    fields = {t: f if isinstance(f, Field) else parse_field(f) for t, f in columns.items()}
    return SourceMapping(fields=fields, **options)


class Filling:
    """A store in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = EventStore(root / "store")

    def file(self, name: str, content: str | bytes) -> InputFile:
        """A file of that name; its rows are recorded under it."""
        path = self.root / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return InputFile(path=path, name=name)

    def source(
        self,
        files: Sequence[InputFile],
        *,
        limits: Limits | None = None,
        read: ReadOptions | None = None,
        redelivery: str = "append",
        **mapping: Any,
    ) -> Source:
        return Source(
            mapping=mapping_of(**mapping),
            files=files,
            limits=limits or Limits(),
            options=read or ReadOptions(),
            redelivery=redelivery,
            roots=[self.root / "raw"],
        )

    def take(self, *files: InputFile, **how: Any) -> Loaded:
        """One run over these files; faulty rows are quarantined, also where a file has no others."""
        options = {f.name: how.pop(f.name) for f in fields(LoadOptions) if f.name in how}
        return load(
            self.store, [self.source(files, **how)], LoadOptions(**{"threads": 2, "keep_faulty": True} | options)
        )

    def csv(self, *lines: str, name: str = "log.csv", header: str = "who,at,what", **how: Any) -> Accounting:
        """One run over one CSV file of these lines; the accounting balances, always."""
        return self.book(self.take(self.file(name, "\n".join([header, *lines]) + "\n"), **how))

    def book(self, loaded: Loaded) -> Accounting:
        (book,) = loaded.accounting.values()
        assert book.balanced
        return replace(book)

    def table(self) -> pa.Table:
        """All events, day by day, in stored order."""
        snapshot = self.store.snapshot()
        tables = [contract(pq.read_table(f.path, partitioning=None)) for f in snapshot.files]
        assert [t.num_rows for t in tables] == [f.rows for f in snapshot.files]
        return pa.concat_tables(tables, promote_options="default") if tables else pa.table({})

    def events(self, *columns: str) -> list[Any]:
        """These columns of all events in order of (event_at, recorded_input, recorded_row); one column: its values."""
        table = self.table()
        if not table.num_rows:
            return []
        table = table.sort_by(
            [("event_at", "ascending"), ("recorded_input", "ascending"), ("recorded_row", "ascending")]
        )
        rows = [tuple(spelled(row[c]) for c in columns) for row in table.to_pylist()]
        return [row[0] for row in rows] if len(columns) == 1 else rows

    def bad(self, *columns: str) -> list[Any]:
        """These columns of the quarantine, by input and record."""
        rows = Quarantine(self.store.root).rows().sort_by([("input", "ascending"), ("record", "ascending")]).to_pylist()
        found = [tuple(row[c] for c in columns) for row in rows]
        return [row[0] for row in found] if len(columns) == 1 else found

    def orphans(self) -> list[str]:
        """Parquet files, and leftovers of a writer, that no log entry names; cores of files that are no more."""
        named = {f.path for f in self.store.snapshot().files} if self.store.exists else set()
        root = self.store.root.absolute()
        for path in (root / "events", root / "quarantine"):
            if (path / "_delta_log").is_dir():
                table = open_table(path)
                named |= {path / name for name in pa.table(table.get_add_actions())["path"].to_pylist()}
                named |= retired(path)
        extra = {p for p in root.rglob("*.parquet") if "_delta_log" not in p.parts} - named
        extra |= {p for p in root.rglob("_part-*") if not p.with_name(f"{p.stem[1:]}.parquet").exists()}
        return sorted(str(p.relative_to(root)) for p in extra) + [
            n for n in ("writing.json", "tmp") if (root / n).exists()
        ]


def contract(table: pa.Table) -> pa.Table:
    """The table in the types of the contract: a file without nulls in a column says so in its schema."""
    types = [EVENTS.field(c).type if c in EVENTS.names else pa.string() for c in table.column_names]
    return pa.table(
        [column.cast(kind) for column, kind in zip(table.columns, types, strict=True)], names=table.column_names
    )


def retired(path: Path) -> set[Path]:
    """Files that some log entry of a Delta table took out; a reader may still hold them."""
    entries = [
        json.loads(line)
        for log in sorted((path / "_delta_log").glob("*.json"))
        for line in log.read_text().splitlines()
    ]
    return {path / e["remove"]["path"] for e in entries if "remove" in e}


def spelled(value: Any) -> Any:
    """An instant as 2026-01-15T10:00:00."""
    return value.replace(tzinfo=None).isoformat() if isinstance(value, datetime) else value
