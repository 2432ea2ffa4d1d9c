"""The store: sorted files under a log, snapshots that never change, keys that mean the same everywhere."""

from __future__ import annotations

import json
from hashlib import md5
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import NoStore, StoreError
from ingest.loading import merge
from ingest.schema import EVENTS
from ingest.store.core import core_path, half_written
from ingest.store.delta import publish, published_files, published_stamp
from ingest.store.event_store import EventStore, sealed_file
from ingest.store.spans import SpanFile
from tests.filling import COLUMNS, Filling


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def test_a_file_holds_one_utc_day_and_the_columns_of_the_contract(shop):
    shop.csv("ann,2026-01-15T23:59:59.999999,a", "ann,2026-01-16T00:00:00,b", "bob,2026-01-16T23:30-01:00,c")
    files = shop.store.snapshot().files
    assert [(f.span, f.rows) for f in files] == [("2026-01-15", 1), ("2026-01-16", 1), ("2026-01-17", 1)]
    for file in files:
        assert pq.read_schema(file.path).equals(EVENTS, check_metadata=False)
        assert file.path.parent.name == f"span={file.span}"


@pytest.mark.parametrize("together", [1, 10_000], ids=["large spans", "small spans"])
def test_rows_are_sorted_by_customer_time_and_recorded_order(shop, monkeypatch, together):
    monkeypatch.setattr(merge, "TOGETHER", together)
    shop.csv(*(f"c{i * 7 % 5},2026-01-{15 + i % 3}T{i * 5 % 24:02}:00,e{i}" for i in range(120)))
    for file in shop.store.snapshot().files:
        rows = pq.read_table(file.path, partitioning=None).select(
            ["customer_key", "event_at", "recorded_input", "recorded_row"]
        )
        keys = [tuple(r.values()) for r in rows.to_pylist()]
        assert keys == sorted(keys)
        assert pq.read_metadata(file.path).row_group(0).column(0).compression == "ZSTD"


def test_large_and_small_spans_hold_the_same_rows(tmp_path, monkeypatch):
    lines = [f"{i % 4},c{i % 5},2026-01-{15 + i % 3}T{i % 24:02}:00,e{i % 2},{i}.005" for i in range(90)]
    found = []
    for together in (1, 10_000):
        monkeypatch.setattr(merge, "TOGETHER", together)
        shop = Filling(tmp_path / str(together))
        how = {"header": "id,who,at,what,v", "columns": {**COLUMNS, "event_id": "id", "value": "v"}}
        books = [shop.csv(*lines[:50], name="a.csv", **how), shop.csv(*lines[40:], name="b.csv", **how)]
        found.append((books, shop.table().to_pylist()))
    assert found[0] == found[1]
    assert found[0][0][1].duplicates > 10


@pytest.mark.parametrize("together", [1, 10_000], ids=["large spans", "small spans"])
@pytest.mark.parametrize("copies", [False, True])
def test_what_holds_something_is_compressed(shop, monkeypatch, together, copies):
    monkeypatch.setattr(merge, "TOGETHER", together)
    lines = [f"{i % 4 if copies else i},c,2026-01-15T00:{i:02}:00,a,{i}.005" for i in range(9)]
    how = {"header": "id,who,at,what,v", "columns": {**COLUMNS, "event_id": "id", "value": "v"}}
    shop.csv(*lines, name="a.csv", **how)
    rows, files = shop.table(), shop.store.snapshot().files
    assert (rows["variants"].null_count < len(rows)) == copies
    for column in (c for f in files for c in columns_of(f.path)):
        name, _, _ = column.path_in_schema.partition(".")
        held = copies or rows[name].null_count < len(rows)  # with copies all columns were merged
        steps = name == "recorded_row"
        assert column.compression == ("ZSTD" if held and not steps else "UNCOMPRESSED"), name
        assert ("DELTA_BINARY_PACKED" in column.encodings) == steps


def test_bounds_are_written_where_they_let_a_reader_skip(shop):
    shop.csv("ann,2026-01-15,a", "bob,2026-01-16,b")
    told = {c.path_in_schema for f in shop.store.snapshot().files for c in columns_of(f.path) if c.is_stats_set}
    assert {"customer_key", "event_at", "customer_id", "channel", "url", "value", "duplicates"} < told
    assert not told & {"event", "content_hash", "recorded_row"}


def columns_of(path: Path) -> list[pq.ColumnChunkMetaData]:
    group = pq.read_metadata(path).row_group(0)
    return [group.column(i) for i in range(group.num_columns)]


def test_a_file_out_of_order_is_never_committed(tmp_path):
    path = tmp_path / "part.parquet"
    at = pa.array([2, 1], pa.timestamp("us", "UTC"))
    names = pa.array(["a", "b"])
    pq.write_table(pa.table({"customer_key": [5, 5], "event_at": at, "event": names}), path)
    with pytest.raises(StoreError, match=r"part.parquet came out unsorted; nothing was committed"):
        sealed_file(path, "2026-01-15")
    pq.write_table(pa.table({"customer_key": [4, 5], "event_at": at, "event": names}), path)
    assert sealed_file(path, "2026-01-15").rows == 2


def test_the_customer_key_is_our_own_hash_of_the_id_as_recorded(shop):
    shop.csv(
        "013090,,2026-01-15,a",
        ",x,2026-01-15,a",
        header="who,cookie,at,what",
        columns={**COLUMNS, "anonymous_id": "cookie"},
    )
    expected = {int.from_bytes(md5(text).digest()[8:], "little") >> 1 for text in (b"c:013090", b"a:6:events:x")}
    assert set(shop.events("customer_key")) == expected


def test_a_store_with_other_keys_is_refused(shop):
    shop.store.create()
    log = shop.store.path / "_delta_log" / f"{0:020}.json"
    log.write_text(log.read_text().replace("md5-63-v2", "md5-63-v0"))
    with pytest.raises(
        StoreError,
        match=r"was made with customer keys 'md5-63-v0', this version reads 'md5-63-v2'; ingest its inputs again",
    ):
        shop.store.snapshot()


def test_without_a_store_there_is_nothing_to_ask(tmp_path):
    with pytest.raises(NoStore, match=r"there is no event store at .* yet; start with: journeys ingest FILE"):
        EventStore(tmp_path).snapshot()


def test_a_log_that_is_no_log_is_told(shop):
    shop.csv("ann,2026-01-15,a")
    for entry in (shop.store.path / "_delta_log").iterdir():
        entry.write_text("nonsense")
    with pytest.raises(StoreError, match="cannot be opened"):
        shop.store.snapshot()


def test_a_log_that_a_full_disk_left_without_a_version_is_none_yet(shop):
    for path in (shop.store.path, shop.store.root / "quarantine"):
        (path / "_delta_log").mkdir(parents=True)
        (path / "_delta_log" / "_commit_1.json.tmp").write_text("")
    with pytest.raises(NoStore):
        shop.store.snapshot()
    assert published_files(shop.store.root / "quarantine") == []
    assert shop.csv("ann,2026-01-15,a").accepted == 1
    assert len(shop.store.snapshot().files) == 1


def test_a_snapshot_keeps_its_files_while_later_loads_replace_them(shop):
    shop.csv("ann,2026-01-15,a")
    old = shop.store.snapshot()
    shop.csv("bob,2026-01-15,a", name="b.csv")
    new = shop.store.snapshot()
    assert (old.rows, new.rows, old.version + 1) == (1, 2, new.version)
    assert old.files[0].path.exists()
    assert {f.path for f in old.files}.isdisjoint(f.path for f in new.files)


def test_any_delta_reader_reads_the_same_events(shop):
    shop.csv("ann,2026-01-15,a", "bob,2026-01-16,b")
    table = (
        pa.table(deltalake.DeltaTable(shop.store.path).to_pyarrow_table())
        if hasattr(deltalake.DeltaTable, "to_pyarrow_table")
        else None
    )
    assert table is not None
    assert sorted(zip(table["customer_id"].to_pylist(), table["span"].to_pylist(), strict=True)) == [
        ("ann", "2026-01-15"),
        ("bob", "2026-01-16"),
    ]


def test_a_commit_names_its_inputs_and_counts_its_writes(shop):
    loaded = shop.take(shop.file("a.csv", "who,at,what\nann,2026-01-15,a\n"))
    snapshot = shop.store.snapshot()
    assert [snapshot.reading(i.source, i.digest) for i in loaded.inputs] == [loaded.inputs[0].reading]
    assert not snapshot.reading("events", "0" * 64)
    assert (snapshot.sentinel, snapshot.rows_read, snapshot.version) == (1, 1, loaded.version)
    shop.csv("ann,2026-01-15,a", "bob,never,a", name="b.csv", columns={**COLUMNS, "colour": "who"})
    assert (shop.store.snapshot().sentinel, shop.store.snapshot().rows_read) == (2, 3)


def test_duplicates_are_counted_over_the_whole_store(shop):
    shop.csv("ann,2026-01-15,a", "ann,2026-01-15,a", "bob,2026-01-16,a", "bob,2026-01-16,a", "bob,2026-01-16,a")
    assert shop.store.duplicates(shop.store.snapshot()) == 3


# --- After a crash -------------------------------------------------------------------------------------------------


def test_what_a_writer_began_and_never_committed_is_undone_by_the_next(shop):
    shop.csv("ann,2026-01-15,a")
    left = shop.store.new_file("2026-01-15", "left")
    for path in (left, core_path(left), half_written(left)):
        path.write_bytes(b"half a file")
    shop.store.begin([], [left])
    shop.csv("bob,2026-01-15,a", name="b.csv")
    assert not left.exists()
    assert not [p for p in left.parent.iterdir() if "left" in p.name]
    assert shop.orphans() == []


@pytest.mark.parametrize("journal", ["", "{", "[]", "7", '{"files": []}'])
def test_a_journal_that_was_cut_off_names_nothing(shop, journal):
    shop.csv("ann,2026-01-15,a")
    shop.store.journal.write_text(journal)
    assert shop.store.clear_leftovers() == 0
    assert (shop.events("customer_id"), shop.orphans()) == (["ann"], [])


def test_a_journal_of_what_was_committed_deletes_nothing(shop):
    loaded = shop.take(shop.file("a.csv", "who,at,what\nann,2026-01-15,a\nbob,never,a\n"))
    files = [f.path for f in shop.store.snapshot().files]
    quarantined = list((shop.store.root / "quarantine").glob("*.parquet"))
    shop.store.begin(loaded.inputs, [*files, *quarantined])
    assert shop.store.clear_leftovers() == 0
    assert (shop.events("customer_id"), shop.bad("reason")) == (["ann"], ["bad_timestamp"])


# --- Published tables ----------------------------------------------------------------------------------------------


def test_a_published_table_is_replaced_whole_and_carries_its_stamp(tmp_path):
    path = tmp_path / "my sessions"
    assert published_stamp(path) == {}
    for n in (1, 2):
        publish(path, pa.table({"day": ["x", "y"][:n], "n": list(range(n))}), "day", {"rules": f"r{n}"})
    assert published_stamp(path)["rules"] == "r2"
    assert sorted(pq.read_table(f)["n"].to_pylist()[0] for f in published_files(path)) == [0, 1]


def test_a_span_file_says_its_rows():
    assert SpanFile(path=Path("a"), span="2026-01-15", rows=3).rows == 3
    assert json.loads(json.dumps(EventStore(Path("x")).stamp)) == {"customer_key": "md5-63-v2"}
