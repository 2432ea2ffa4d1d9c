"""The core of a file: what its Parquet file says of who, when and what; there or made again, never another file's."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.scan.batches import EventBatch
from ingest.scan.customers import scan_keys
from ingest.scan.extra_columns import ScanCount, opened
from ingest.scan.shards import scan_shard, shards
from ingest.store import core as module
from ingest.store.core import Core, complete, core_path, is_true, open_core, write_core
from ingest.store.retention import expire
from ingest.store.spans import SpanFile
from tests.filling import Filling

Event = tuple[int, int, str]
EVENTS: list[Event] = [
    *((3, t, "a") for t in range(4)),
    (3, 9, "b"),
    (5, 1, "b"),
    *((8, t, "cd"[t % 2]) for t in range(20)),
    (9, 0, "a"),
]


def parquet(path: Path, events: list[Event] = EVENTS, row_group_size: int = 4) -> SpanFile:
    key, at, event = zip(*events, strict=True)
    table = pa.table(
        {
            "customer_key": pa.array(key, pa.int64()),
            "event_at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "event": pa.array(event),
            "channel": pa.array([f"{k}-{t}" for k, t, _ in events]),
        }
    )
    pq.write_table(table, path, row_group_size=row_group_size)
    return SpanFile(path=path, span="2026-01-15", rows=len(events))


@pytest.fixture(params=[1 << 20, 1], ids=["one record batch", "one a row group"])
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SpanFile:
    """Customers 3 and 8 lie in several row groups; names come up one after the other."""
    monkeypatch.setattr(module, "MOST_ROWS", request.param)
    return parquet(tmp_path / "part-1.parquet")


def told(core: Core) -> list[Event]:
    found: list[Event] = []
    for chunk in core.chunks:
        n = int(chunk.starts[-1])
        at, code = np.empty(n, np.int64), np.empty(n, np.int32)
        core.read(chunk, slice(0, n), at, code)
        key = np.repeat(chunk.key, np.diff(chunk.starts)).tolist()
        found += zip(key, at.tolist(), [core.names[c] for c in code.tolist()], strict=True)
        assert chunk.first == len(found) - n
    assert core.rows == len(found)
    return found


def events_of(batch: EventBatch) -> list[Event]:
    return list(zip(batch.key.tolist(), batch.at.tolist(), [str(n) for n in batch.event.texts()], strict=True))


def test_a_core_says_what_its_file_says(file: SpanFile) -> None:
    assert write_core(file.path) == len(EVENTS)
    core = open_core(file.path)
    assert told(core) == EVENTS
    assert len(core.chunks) == (1 if module.MOST_ROWS > 1 else -(-len(EVENTS) // 4))
    core.close()


@pytest.mark.parametrize("preadv", [True, False], ids=["positioned", "mapped"])
@pytest.mark.parametrize("keys", ["even", "crowded"])
def test_customers_are_found_wherever_their_keys_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str, preadv: bool
) -> None:
    if not preadv:
        monkeypatch.delattr(os, "preadv")
    some = np.random.default_rng(3).integers(0, 1 << 62, 3_000)
    key = np.unique(some if keys == "even" else np.append(some[:30], some[30:] >> 40))
    one = parquet(tmp_path / "part-1.parquet", [(k, 0, "a") for k in key.tolist()], row_group_size=500)
    write_core(one.path)
    core = open_core(one.path)
    (chunk,) = core.chunks
    asked = [0, 1, (1 << 63) - 1, 1 << 63, *(int(k) + d for k in key[::7] for d in (-1, 0, 1)), int(key[-1]) + 1]
    assert [core.before(chunk, k) for k in asked] == [int((key < k).sum()) if k < 1 << 63 else len(key) for k in asked]
    assert [core.first_of(chunk, i) for i in (0, len(key))] == [0, len(key)]
    core.close()


def test_any_reader_of_arrow_files_can_read_it(file: SpanFile) -> None:
    write_core(file.path)
    rows = pa.ipc.open_file(core_path(file.path)).read_all().to_pylist()
    at = [(r["customer_key"], e["event_at"].microsecond, e["event"]) for r in rows for e in r["events"]]
    assert at == EVENTS


@pytest.mark.parametrize("content", [None, b"", b"ARROW1\0\0 cut off"])
def test_a_core_that_is_not_there_or_cut_off_is_made_again(file: SpanFile, content: bytes | None) -> None:
    if content is not None:
        core_path(file.path).write_bytes(content)
    core = open_core(file.path)
    assert told(core) == EVENTS
    core.close()


def test_the_core_of_another_file_is_not_taken_for_this_one(file: SpanFile) -> None:
    write_core(file.path)
    parquet(file.path, others := [(1, 1, "other"), (2, 2, "file")])
    core = open_core(file.path)
    assert told(core) == others


def test_a_core_that_says_something_else_is_found(file: SpanFile) -> None:
    assert is_true(file.path)
    write_core(file.path)
    assert is_true(file.path)
    content = bytearray(core_path(file.path).read_bytes())
    content[open_core(file.path).chunks[0].at_place] ^= 1
    core_path(file.path).write_bytes(content)
    assert not is_true(file.path)


def test_who_keeps_house_writes_the_missing_cores_and_no_other(file: SpanFile) -> None:
    assert (complete([file.path]), complete([file.path])) == (1, 0)
    assert told(open_core(file.path)) == EVENTS


def test_a_core_without_positioned_reads_is_read_through_its_mapping(
    file: SpanFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_core(file.path)
    monkeypatch.delattr(os, "preadv")
    assert told(open_core(file.path)) == EVENTS


def test_a_core_that_is_cut_off_while_it_is_read_gives_no_wrong_rows(file: SpanFile) -> None:
    write_core(file.path)
    core = open_core(file.path)
    assert told(core) == EVENTS
    os.truncate(core_path(file.path), core.chunks[0].at_place + 8)
    n = int(core.chunks[0].starts[-1])
    with pytest.raises(OSError, match="shorter than it says"):
        core.read(core.chunks[0], slice(0, n), np.empty(n, np.int64), np.empty(n, np.int32))
    core.close()


@pytest.mark.parametrize("kept", [True, False], ids=["written", "made in memory"])
@pytest.mark.parametrize("batch_events", [1, 1000])
def test_a_pass_over_several_files_has_every_customer_whole(
    file: SpanFile, tmp_path: Path, kept: bool, batch_events: int
) -> None:
    later = [(1, 100, "z"), (3, 101, "a"), (8, 102, "new")]
    files = [file, parquet(tmp_path / "part-2.parquet", later)]
    if kept:
        complete([f.path for f in files])
    count = ScanCount()
    with opened(files) as found:
        scan = scan_shard(found, ["channel"], ["channel"], *shards(1)[0], count, batch_events)
        batches = list(scan)
    expected = sorted([*EVENTS, *later], key=lambda e: e[0])
    assert [e for b in batches for e in events_of(b)] == expected
    channel = [c for b in batches for c in b.text("channel").texts()]
    assert channel == [f"{k}-{t}" for k, t, _ in expected]
    assert (count.rows, count.row_groups) == (len(expected), -(-len(EVENTS) // 4) + 1)


@pytest.mark.parametrize("keys", [[3], [8], [1, 2, 9], [3, 5, 8, 9], [4]])
def test_of_a_few_customers_only_their_rows_are_read(file: SpanFile, keys: list[int]) -> None:
    complete([file.path])
    count = ScanCount()
    found = list(scan_keys([file], ["channel"], ["channel"], np.array(keys, dtype=np.int64), count))
    expected = [(i, e) for i, e in enumerate(EVENTS) if e[0] in keys]
    assert [e for b in found for e in events_of(b)] == [e for _, e in expected]
    assert [c for b in found for c in b.text("channel").texts()] == [f"{e[0]}-{e[1]}" for _, e in expected]
    assert (count.rows, count.row_groups) == (len(expected), len({i // 4 for i, _ in expected}))


def test_the_highest_key_is_a_customer_as_well(tmp_path: Path) -> None:
    keys = [5, (1 << 63) - 600, (1 << 63) - 1]
    file = parquet(tmp_path / "part-1.parquet", [(k, 0, "a") for k in keys])
    complete([file.path])
    found = scan_keys([file], [], [], np.array(keys, dtype=np.int64), ScanCount())
    assert [k for b in found for k in b.keys.tolist()] == keys
    with opened([file]) as files:
        assert [k for b in scan_shard(files, [], [], *shards(1)[0], ScanCount()) for k in b.keys.tolist()] == keys


def test_every_file_of_a_store_has_a_core_and_they_go_together(tmp_path: Path) -> None:
    shop = Filling(tmp_path)
    shop.csv("ann,2026-01-15,a", "bob,2026-01-16,a")
    first = [f.path for f in shop.store.snapshot().files]
    shop.csv("ann,2026-01-15T01:00,b", name="b.csv")
    assert complete([f.path for f in shop.store.snapshot().files]) == 0
    assert complete(first) == 0  # a reader may still be at the replaced one
    assert expire(shop.store, 1e12) == 1
    assert [core_path(p).exists() for p in first] == [False, True]
    assert shop.orphans() == []
