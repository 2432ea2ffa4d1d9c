"""Sealed months: the same rows in fewer files; what comes later rewrites its month."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import StoreError
from ingest.identity.rules import IdentityRules
from ingest.loading import seal as sealing
from ingest.loading.seal import seal
from ingest.store.retention import expire
from tests.filling import COLUMNS, Filling

LINES = [f"c{i % 7},2026-{1 + i % 3:02}-{1 + i % 28:02}T{i % 24:02}:00,e{i % 3}" for i in range(150)]


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    shop = Filling(tmp_path)
    shop.csv(*LINES)
    return shop


def spans(shop: Filling) -> list[str]:
    return [f.span for f in shop.store.snapshot().files]


def in_order(shop: Filling) -> pa.Table:
    keys = ("customer_key", "event_at", "recorded_input", "recorded_row")
    return shop.table().sort_by([(k, "ascending") for k in keys])


def test_a_month_is_sealed_when_its_last_day_is_old_enough(shop: Filling) -> None:
    assert seal(shop.store, date(2026, 2, 28)) == ("2026-01",)
    assert spans(shop)[0] == "2026-01" and all(len(s) == 10 for s in spans(shop)[1:])
    assert seal(shop.store, date(2026, 3, 1)) == ("2026-02",)
    assert seal(shop.store, date(2026, 3, 1)) == ()


def test_a_sealed_month_holds_the_same_rows_sorted(shop: Filling) -> None:
    before = in_order(shop)
    seal(shop.store, date(2026, 4, 1))
    assert in_order(shop).equals(before) and spans(shop) == ["2026-01", "2026-02", "2026-03"]
    month = pq.read_table(shop.store.snapshot().files[0].path, partitioning=None)
    keys = list(zip(month["customer_key"].to_pylist(), month["event_at"].to_pylist(), strict=True))
    assert keys == sorted(keys)


def test_what_the_log_says_of_the_store_survives_sealing(shop: Filling) -> None:
    shop.csv(*LINES[:9], "x,never,a", name="again.csv")
    before = shop.store.snapshot()
    seal(shop.store, date(2026, 4, 1))
    after = shop.store.snapshot()
    assert (after.rows, after.rows_read, after.duplicates, after.quarantined, after.targets) == (
        before.rows,
        160,
        9,
        {"bad_timestamp": 1},
        before.targets,
    )
    assert (before.duplicates, before.rows_read) == (9, 160)


def test_a_late_row_rewrites_its_sealed_month_and_a_copy_in_it_is_found(tmp_path: Path) -> None:
    sealed, plain = Filling(tmp_path / "a"), Filling(tmp_path / "b")
    for shop in (sealed, plain):
        shop.csv(*LINES)
        if shop is sealed:
            seal(shop.store, date(2026, 3, 1))
        book = shop.csv("c0,2026-01-01T00:00,e0", "new,2026-01-05,z", "new,2026-03-05,z", name="late.csv")
        assert (book.accepted, book.duplicates) == (2, 1)
    assert in_order(sealed).equals(in_order(plain))
    assert spans(sealed)[:2] == ["2026-01", "2026-02"] and sealed.orphans() == []


def test_columns_promoted_after_a_file_was_written_are_there_after_sealing(shop: Filling) -> None:
    shop.csv("ann,2026-02-03,a", name="b.csv", columns={**COLUMNS, "colour": "who"})
    shop.csv("bob,2026-03-03,a", name="c.csv", columns={**COLUMNS, "size": "who"})
    seal(shop.store, date(2026, 4, 1))
    rows = shop.table().select(["customer_id", "colour", "size"]).to_pylist()
    assert [r for r in rows if r["colour"] or r["size"]] == [
        {"customer_id": "ann", "colour": "ann", "size": None},
        {"customer_id": "bob", "colour": None, "size": "bob"},
    ]


def test_a_month_that_lost_rows_is_not_committed(shop: Filling, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shop.store.snapshot()
    monkeypatch.setattr(sealing, "ORDER", "customer_key, event_at limit 10")
    with pytest.raises(StoreError, match=r"has lost rows of 2026-01; nothing was committed"):
        seal(shop.store, date(2026, 2, 1))
    assert shop.store.snapshot().version == before.version
    monkeypatch.undo()
    assert seal(shop.store, date(2026, 2, 1)) == ("2026-01",) and shop.orphans() == []


# --- Retention -----------------------------------------------------------------------------------------------------


def on_disk(shop: Filling) -> set[Path]:
    return {p for p in shop.store.path.rglob("*.parquet") if "_delta_log" not in p.parts}


def test_replaced_files_stay_until_they_are_older_than_retain(shop: Filling) -> None:
    old = {f.path for f in shop.store.snapshot().files}
    for file in old:
        os.utime(file, (0, 0))  # written long ago, replaced just now
    start = time.time()
    seal(shop.store, date(2026, 4, 1))
    named = {f.path for f in shop.store.snapshot().files}
    assert expire(shop.store, start - 60) == 0 and on_disk(shop) == old | named
    assert expire(shop.store, time.time() + 60) == len(old) and on_disk(shop) == named
    assert sorted(p.name for p in shop.store.path.iterdir() if p.name.startswith("span=")) == [
        "span=2026-01",
        "span=2026-02",
        "span=2026-03",
    ]


def test_files_that_no_log_entry_names_go_by_age(shop: Filling) -> None:
    for table in ("events", "quarantine"):
        shop.csv(f"{table},never,a", name=f"{table}.csv")
        (shop.store.root / table / "stray.parquet").write_bytes(b"half")
    assert expire(shop.store, time.time() - 60) == 0
    assert expire(shop.store, time.time() + 60) == 2
    assert shop.orphans() == [] and len(shop.bad("raw")) == 2


def test_aliases_of_earlier_loads_go_and_those_of_the_newest_stay(shop: Filling) -> None:
    for n, alias in enumerate(("a", "b")):
        shop.csv(f"z,2026-03-0{n + 1},x", name=f"{alias}.csv", identity=IdentityRules(aliases={alias: "c"}))
    assert len(list(shop.store.root.glob("aliases-*"))) == 2
    expire(shop.store, 0)
    (kept,) = shop.store.root.glob("aliases-*")
    assert pq.read_table(kept).to_pylist() == [{"alias_id": "b", "customer_id": "c"}]


def test_a_reader_whose_file_was_deleted_asks_once_more_on_a_new_snapshot(shop: Filling) -> None:
    asked = []

    def ask(snapshot: object) -> int:
        asked.append(snapshot.version)  # type: ignore[attr-defined]
        if len(asked) == 1:
            seal(shop.store, date(2026, 4, 1))
            expire(shop.store, time.time() + 60)
        return sum(pq.read_metadata(f.path).num_rows for f in snapshot.files)  # type: ignore[attr-defined]

    assert shop.store.read(ask) == 150 and asked == [1, 4]

    def broken(_: object) -> None:
        raise FileNotFoundError("something else")

    with pytest.raises(FileNotFoundError, match="something else"):
        shop.store.read(broken)
