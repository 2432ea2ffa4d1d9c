"""Delta tables: what their logs name, and the small ones beside the events, which are written or published whole."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.transaction import AddAction, CommitProperties, RemoveAction

LOG = {"delta.checkpointInterval": "20"}
"""A log is opened many times for each time it is written to: it is summed up every 20 entries."""


def begun(path: Path) -> bool:
    """Has a Delta table a first version? A full disk can leave a log without one."""
    return any((path / "_delta_log").glob("[0-9]*.json"))


def open_table(path: Path) -> deltalake.DeltaTable:
    """The newest version of a Delta table."""
    return deltalake.DeltaTable(path)


def named_files(table: deltalake.DeltaTable) -> pa.Table:
    """The files that a table's log names. pa.table() would import pandas to see whether it is given a frame."""
    return pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all()


def touch(file: Path) -> None:
    """Date a file that was replaced to this moment: from now on it is kept for as long as `retain` says."""
    with suppress(FileNotFoundError):
        os.utime(file)


def append_file(path: Path, file: Path, rows: pa.Table) -> None:
    """Write rows to `file`, in the folder of a small Delta table, and name it in the table's log."""
    if not begun(path):
        deltalake.DeltaTable.create(path, rows.schema, mode="ignore", configuration=LOG)
    pq.write_table(rows, file, compression="zstd")
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())
    stat = file.stat()
    action = AddAction(
        path=file.name,
        size=stat.st_size,
        partition_values={},
        modification_time=int(stat.st_mtime * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": rows.num_rows}),
    )
    table = open_table(path)
    table.create_write_transaction([action], "append", table.schema())


def retire_file(file: Path) -> None:
    """Take a file out of the log of the small Delta table whose folder it is in, if it is named there."""
    path = file.parent
    if not begun(path):
        return
    table = open_table(path)
    if file.name in named_files(table)["path"].to_pylist():
        stat = file.stat()
        action = RemoveAction(
            path=file.name, data_change=True, deletion_timestamp=int(stat.st_mtime * 1000), size=stat.st_size
        )
        table.create_write_transaction([action], "append", table.schema())


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """A small Delta table, whole; empty where it was never written."""
    if not begun(path):
        return schema.empty_table()
    tables = [pq.read_table(f, schema=schema, partitioning=None) for f in published_files(path)]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def count_rows(path: Path) -> int:
    """Rows of a Delta table, from its log; 0 where it was never written."""
    if not begun(path):
        return 0
    return int(open_table(path).count())


def publish(path: Path, rows: pa.Table, partition_by: str, stamp: dict[str, str], since: str | None = None) -> None:
    """Replace a published table in one commit that carries its stamp: whole, or its partitions from `since` on."""
    before = published_files(path)
    deltalake.write_deltalake(
        path,
        rows,
        mode="overwrite",
        schema_mode="overwrite" if since is None else None,
        partition_by=[partition_by],
        predicate=None if since is None else f"{partition_by} >= '{since}'",
        commit_properties=CommitProperties(custom_metadata=stamp),
    )
    for file in set(before).difference(published_files(path)):
        touch(file)


def published_stamp(path: Path) -> dict[str, str]:
    """The stamp of the newest publication; empty where there is none."""
    if not begun(path):
        return {}
    return {k: str(v) for k, v in open_table(path).history(1)[0].items()}


def published_files(path: Path) -> list[Path]:
    """The files of the newest publication; none where there is none."""
    if not begun(path):
        return []
    names = named_files(open_table(path))["path"].to_pylist()
    return [path.absolute() / unquote(name) for name in sorted(names)]  # not file_uris(): they are made for URLs


CHECKPOINT = ".checkpoint.parquet"


def transactions(log: Path, version: int) -> frozenset[str]:
    """Application ids of the transactions up to a version, as far as plain files of the log name them.

    An id that is missing here may still be in the log: of a checkpoint in several parts nothing is read.
    """
    found: set[str] = set()
    with suppress(OSError, ValueError, KeyError, pa.ArrowException):
        checkpoints = sorted(n for p in log.glob(f"[0-9]*{CHECKPOINT}") if (n := int(p.name[:20])) <= version)
        if checkpoints:
            ids = pq.read_table(log / f"{checkpoints[-1]:020}{CHECKPOINT}", columns=["txn"])
            found.update(row["appId"] for row in ids["txn"].to_pylist() if row and row["appId"])
        for number in range(checkpoints[-1] + 1 if checkpoints else 0, version + 1):
            actions = map(json.loads, (log / f"{number:020}.json").read_text(encoding="utf-8").splitlines())
            found.update(action["txn"]["appId"] for action in actions if "txn" in action)
    return frozenset(found)
