"""Delta tables: what their logs name, and the small ones beside the events, which are written or published whole."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction, CommitProperties, RemoveAction

LOG = {"delta.checkpointInterval": "20"}
"""A log is opened many times for each time it is written to: it is summed up every 20 entries."""


def begun(path: Path) -> bool:
    """Has a Delta table a first version? A full disk can leave a log without one."""
    return any((path / "_delta_log").glob("[0-9]*.json"))


PLAIN = re.compile(r"[\w ./~+=@,()&!:;'-]*")
"""The paths that delta-rs reads as they are; others are a URL's query, an escape or a panic to it, in whatever form they are given."""


def addressed(path: Path) -> Path:
    """The folder by which delta-rs finds a table: its own, or a stand-in whose log is the table's, where its name would be misread.

    Our files are written and read by us, so the log is all that delta-rs must find.
    """
    return path.absolute() if PLAIN.fullmatch(str(path.resolve())) else stand_in(path.absolute())


@cache
def stand_in(path: Path) -> Path:
    """A private folder that stands for a table as long as this process runs."""
    (path / "_delta_log").mkdir(parents=True, exist_ok=True)
    folder = TemporaryDirectory(prefix="journeys-")
    _STAND_INS.append(folder)
    log = Path(folder.name) / "_delta_log"
    log.symlink_to(path / "_delta_log", target_is_directory=True)
    return Path(folder.name)


_STAND_INS: list[TemporaryDirectory[str]] = []  # each goes with the process


def open_table(path: Path) -> deltalake.DeltaTable:
    """The newest version of a Delta table."""
    return deltalake.DeltaTable(addressed(path))


def create_table(
    path: Path, schema: pa.Schema, partition_by: str | None = None, description: str | None = None
) -> None:
    """Begin a Delta table, if there is none."""
    path.mkdir(parents=True, exist_ok=True)
    deltalake.DeltaTable.create(
        addressed(path),
        schema,
        mode="ignore",
        partition_by=partition_by,
        description=description,
        configuration=LOG,
    )


def named_files(table: deltalake.DeltaTable) -> pa.Table:
    """The files that a table's log names. pa.table() would import pandas to see whether it is given a frame."""
    return pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all()


def touch(file: Path) -> None:
    """Date a file that was replaced to this moment: from now on it is kept for as long as `retain` says."""
    with suppress(FileNotFoundError):
        os.utime(file)


def append_file(path: Path, file: Path, rows: pa.Table, instead: Path | None = None) -> None:
    """Write rows to `file`, in the folder of a small Delta table, and name it in the table's log, `instead` of another."""
    if not begun(path):
        create_table(path, rows.schema)
    pq.write_table(rows, file, compression="zstd")
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())
    action = added_file(file.absolute(), path, {}, rows.num_rows)
    actions: list[AddAction | RemoveAction] = [action, *([removal(instead)] if instead else [])]
    table = open_table(path)
    table.create_write_transaction(actions, "append", table.schema())


def removal(file: Path) -> RemoveAction:
    """The log entry that retires a file of a small table."""
    stat = file.stat()
    return RemoveAction(
        path=file.name, data_change=True, deletion_timestamp=int(stat.st_mtime * 1000), size=stat.st_size
    )


def retire_file(file: Path) -> None:
    """Take a file out of the log of the small Delta table whose folder it is in, if it is named there."""
    path = file.parent
    if not begun(path):
        return
    table = open_table(path)
    if file.name in named_files(table)["path"].to_pylist():
        table.create_write_transaction([removal(file)], "append", table.schema())


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
    if not begun(path):
        create_table(path, rows.schema, partition_by)
    table = open_table(path)
    replaced = [f for f in published_files(path) if since is None or partition_of(f) >= since]
    written: list[Path] = []
    try:
        added = [
            write_partition(path, partition_by, value, part, written)
            for value, part in parts(rows, partition_by).items()
        ]
        retired_at = max((int(f.stat().st_mtime * 1000) for f in written), default=0)
        removed: list[AddAction | RemoveAction] = [
            RemoveAction(
                path=file.relative_to(path.absolute()).as_posix(),
                data_change=True,
                deletion_timestamp=retired_at,
                partition_values={partition_by: partition_of(file)},
            )
            for file in replaced
        ]
        actions: list[AddAction | RemoveAction] = [*added] if since is None else [*removed, *added]
        table.create_write_transaction(
            actions,
            "overwrite" if since is None else "append",  # which replaces what is there, the schema too
            deltalake.Schema.from_arrow(rows.schema) if since is None else table.schema(),
            partition_by=[partition_by],
            commit_properties=CommitProperties(custom_metadata=stamp),
        )
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise
    for file in replaced:
        touch(file)


def partition_of(file: Path) -> str:
    """The value that a file's folder stands for."""
    return file.parent.name.partition("=")[2]


def parts(rows: pa.Table, partition_by: str) -> Mapping[str, pa.Table]:
    """The rows of each value of a column, in their order, without that column."""
    order = pc.sort_indices(rows[partition_by])  # stable
    rows = rows.take(order)
    counts = rows[partition_by].value_counts().to_pylist()
    slices, start = {}, 0
    for count in counts:  # in order of appearance
        slices[str(count["values"])] = rows.slice(start, count["counts"]).drop_columns([partition_by])
        start += count["counts"]
    return slices


def write_partition(path: Path, partition_by: str, value: str, rows: pa.Table, written: list[Path]) -> AddAction:
    """Write one file into the folder of a value, and note it in `written`; its entry in the log."""
    file = path.absolute() / f"{partition_by}={value}" / f"part-{uuid.uuid4().hex}.parquet"
    file.parent.mkdir(exist_ok=True)
    written.append(file)
    pq.write_table(rows, file, compression="zstd")
    return added_file(file, path, {partition_by: value}, rows.num_rows)


def added_file(file: Path, path: Path, partition: Mapping[str, str | None], rows: int) -> AddAction:
    """The log entry of a new file of the table at `path`."""
    stat = file.stat()
    return AddAction(
        path=file.relative_to(path.absolute()).as_posix(),
        size=stat.st_size,
        partition_values=dict(partition),
        modification_time=int(stat.st_mtime * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": rows}),
    )


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


CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.\d+\.\d+)?\.parquet")
"""The name of a checkpoint, whole or in parts."""


def transactions(log: Path, version: int) -> dict[str, int]:
    """Application id -> number of the transactions up to a version, the newest of each, as far as the log's files tell.

    An id that is missing here may still be in the log, for the files are read as they are found.
    """
    numbers: dict[str, int] = {}
    with suppress(OSError, ValueError, KeyError, pa.ArrowException):
        parts = [(int(m[1]), p) for p in sorted(log.iterdir()) if (m := CHECKPOINT.fullmatch(p.name))]
        newest = max((n for n, _ in parts if n <= version), default=-1)
        for _, part in (p for p in parts if p[0] == newest):
            rows = pq.read_table(part, columns=["txn"])["txn"].to_pylist()
            numbers.update({row["appId"]: row["version"] for row in rows if row and row["appId"]})
        for number in range(newest + 1, version + 1):
            actions = map(json.loads, (log / f"{number:020}.json").read_text(encoding="utf-8").splitlines())
            numbers.update({a["txn"]["appId"]: a["txn"]["version"] for a in actions if "txn" in a})
    return numbers
