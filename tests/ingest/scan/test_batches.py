"""Batches of whole customers from a real store, and the engine above them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ingest.scan.interleave
import paths.journeys.prepare
from ingest.scan.batches import Codes, EventBatch, Numbers, nothing
from ingest.scan.extra_columns import ScanCount, opened
from ingest.scan.shards import scan_shard, shards
from ingest.store.event_store import Snapshot
from ingest.store.spans import SpanFile
from paths.analysis import Analysis
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.overview.summary import Summary
from paths.views.period import InPeriod
from pipeline.engines import local
from pipeline.engines import one_pass as reading
from pipeline.engines.one_pass import portions
from tests.builder import scope_of, step, store_of

CUSTOMERS, DAYS = 40, 5
EVENTS = ("home", "list", "item", "cart", "purchase")
COLUMNS = ("channel", "value", "colour", "nothing")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Files of five days, each in row groups of at most 32 rows."""
    rng = np.random.default_rng(7)
    n = 1_200
    lines = ["who,time,what,channel,value,colour"]
    for c, day, second, event in rng.integers(0, (CUSTOMERS, DAYS, 86_400, 5), (n, 4)).tolist():
        at = f"2026-01-{15 + day:02} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        value = f"{second % 90}.50" if event == 4 else ""
        channel, colour = ("web", "app", "")[second % 3], ("red", "")[second % 2]
        lines.append(f"c{c},{at},{EVENTS[event]},{channel},{value},{colour}")
    file = tmp_path_factory.mktemp("raw") / "log.csv"
    file.write_text("\n".join(lines) + "\n")
    root = tmp_path_factory.mktemp("store")
    found, book = store_of(
        root, file, customer_id="who", event_at="time", event="what", channel="channel", value="value"
    )
    assert book.balanced
    for span in found.files:
        pq.write_table(pq.read_table(span.path, partitioning=None), span.path, row_group_size=32)
    return found


def row_groups(snapshot: Snapshot) -> int:
    return sum(pq.ParquetFile(f.path).num_row_groups for f in snapshot.files)


def scanned(
    files: Sequence[SpanFile],
    stored: Collection[str],
    shard: tuple[int, int],
    count: ScanCount,
    batch_events: int = 10**6,
    columns: Collection[str] = COLUMNS,
) -> list[EventBatch]:
    with opened(files) as found:
        return list(scan_shard(found, columns, stored, *shard, count, batch_events))


def batches(
    snapshot: Snapshot, number: int, batch_events: int, count: ScanCount | None = None, *, share: bool = False
) -> list[EventBatch]:
    found: list[EventBatch] = []
    with opened(snapshot.files) as together:
        for lo, hi in shards(*[1] * number):
            mine, stored = ScanCount(), frozenset(snapshot.columns)
            if share:
                found += scan_shard(together, COLUMNS, stored, lo, hi, mine, batch_events)
            else:
                found += scanned(snapshot.files, stored, (lo, hi), mine, batch_events)
            assert mine.row_groups <= row_groups(snapshot)
            if count is not None:
                count.add(mine)
    return found


def rows(found: list[EventBatch]) -> list[tuple[Any, ...]]:
    return [
        (int(k), int(t), e, c, v, x)
        for b in found
        for k, t, e, c, v, x in zip(
            b.key,
            b.at,
            b.event.texts(),
            b.text("channel").texts(),
            np.where(b.number("value").valid, b.number("value").values, -1).tolist(),
            b.text("colour").texts(),
            strict=True,
        )
    ]


@pytest.mark.parametrize("number, batch_events", [(1, 15), (1, 10**6), (2, 150), (5, 60)])
def test_a_batch_holds_whole_customers_in_time_order_whatever_its_size(
    snapshot: Snapshot, number: int, batch_events: int
) -> None:
    found = batches(snapshot, number, batch_events)
    assert rows(found) == rows(batches(snapshot, 1, 10**6)) == rows(batches(snapshot, number, batch_events, share=True))
    keys = [set(b.key.tolist()) for b in found]
    assert sum(map(len, keys)) == len(set().union(*keys)) == CUSTOMERS
    for b in found:
        assert ((b.key[1:] > b.key[:-1]) | ((b.key[1:] == b.key[:-1]) & (b.at[1:] >= b.at[:-1]))).all()


@pytest.mark.parametrize("batch_events", [60, 150, 10**6])
def test_a_row_group_is_decoded_at_most_once_per_shard(snapshot: Snapshot, batch_events: int) -> None:
    count = ScanCount()
    batches(snapshot, 1, batch_events, count)
    assert (count.row_groups, count.rows) == (row_groups(snapshot), snapshot.rows)
    several = ScanCount()
    batches(snapshot, 5, batch_events, several)
    assert row_groups(snapshot) <= several.row_groups <= row_groups(snapshot) + 4 * len(snapshot.files)


def test_a_row_group_in_which_shards_meet_is_decoded_for_all_of_them(snapshot: Snapshot) -> None:
    count = ScanCount()
    batches(snapshot, 5, 150, count, share=True)
    assert (count.row_groups, count.rows) == (row_groups(snapshot), snapshot.rows)


def test_more_than_may_be_kept_is_decoded_by_each_shard(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.scan.extra_columns.MOST_SHARED", 10)
    count = ScanCount()
    batches(snapshot, 5, 150, count, share=True)
    assert count.row_groups > row_groups(snapshot)


def test_what_one_shard_could_not_decode_no_other_can(snapshot: Snapshot) -> None:
    def broken() -> pa.Table:
        raise OSError("gone")

    with opened(snapshot.files) as (file, *_):
        for _ in range(2):
            with pytest.raises(OSError, match="gone"):
                file.shared(0, broken)


@pytest.mark.parametrize("columns", [(), ("value",), ("channel", "url"), ("url", "price", "order_id")])
def test_only_columns_with_a_value_are_decoded(snapshot: Snapshot, columns: tuple[str, ...]) -> None:
    count = ScanCount()
    stored = frozenset(snapshot.columns)
    found = scanned(snapshot.files, stored, *shards(1), count, 300, columns)
    filled = {"value", "channel"} & set(columns)
    assert count.values == (3 + len(filled)) * snapshot.rows
    for batch in found:
        assert [len(batch.labels(c).codes) for c in columns] == [len(batch)] * len(columns)
        assert all((batch.labels(c).codes < 0).all() for c in set(columns) - filled)


def test_a_file_that_lacks_a_column_and_one_that_has_it_make_one_batch(snapshot: Snapshot, tmp_path: Path) -> None:
    first, *others = snapshot.files
    bare = replace(first, path=tmp_path / "bare.parquet")
    whole = pq.read_table(first.path, partitioning=None)
    pq.write_table(whole.drop_columns(["channel", "value"]), bare.path, row_group_size=32)
    (found,) = scanned([bare, *others], frozenset(snapshot.columns), *shards(1), ScanCount())
    (expected,) = batches(snapshot, 1, 10**6)
    early = expected.at < min(int(b) for b in pq.read_table(others[0].path)["event_at"].cast("int64").to_pylist())
    assert found.text("channel").texts() == [
        None if e else t for e, t in zip(early, expected.text("channel").texts(), strict=True)
    ]
    value = expected.number("value")
    assert found.number("value").valid.tolist() == (value.valid & ~early).tolist()
    assert found.number("value").values.tolist() == np.where(early, 0, value.values).tolist()


def test_a_column_that_no_mapping_names_is_read_from_the_properties(snapshot: Snapshot) -> None:
    whole = batches(snapshot, 1, 10**6)[0]
    assert set(whole.text("colour").texts()) == {"red", None}
    assert set(whole.text("nothing").texts()) == {None}
    assert set(whole.text("channel").texts()) == {"web", "app", None}


def test_the_scan_adds_up_to_what_the_files_hold(snapshot: Snapshot) -> None:
    keys = pa.concat_tables(
        [pq.read_table(f.path, columns=["customer_key"], partitioning=None) for f in snapshot.files]
    )
    (whole,) = batches(snapshot, 1, 10**6)
    assert whole.key.tolist() == sorted(keys["customer_key"].to_pylist())


STEPS = tuple(step(n) for n in ("item", "cart", "purchase"))
ANALYSES: tuple[Analysis[Any], ...] = (
    Summary(),
    Transitions(),
    DropOff(),
    Funnel(steps=STEPS),
    Funnel(steps=STEPS, breakdown="colour"),
)


@pytest.mark.parametrize("batch_events", [20, 10**6])
def test_the_answers_are_equal_whatever_the_threads_and_batches(
    snapshot: Snapshot, batch_events: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = scope_of(as_of="2026-01-19 12:00")
    expected, _ = local.run(ANALYSES, snapshot, scope, threads=1)
    monkeypatch.setattr(reading, "scan_shard", partial(scan_shard, batch_events=batch_events))
    monkeypatch.setattr(reading, "LARGE_BATCH", batch_events)
    for threads in (1, 2, 5):
        answers, done = local.run(ANALYSES, snapshot, scope, threads=threads)
        assert answers == expected
        assert (done.shards, done.read.files) == (threads, len(snapshot.files))
        assert done.batches >= min(threads, snapshot.rows // batch_events)
    assert expected[0]["events"].to_pylist() == [sum(t < scope.as_of for _, t, *_ in rows(batches(snapshot, 1, 10**6)))]


@pytest.mark.parametrize("asked", [Transitions(), InPeriod(analysis=Transitions())])
def test_many_rows_of_parts_are_added_up_on_the_way_also_under_a_view(
    asked: Analysis[Any], snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (expected,), _ = local.run([asked], snapshot, scope_of(), threads=1)
    monkeypatch.setattr(reading, "scan_shard", partial(scan_shard, batch_events=20))
    monkeypatch.setattr(reading, "LARGE_BATCH", 20)
    received: list[int] = []
    reduce = Transitions.reduce
    monkeypatch.setattr(Transitions, "reduce", lambda self, parts: received.append(len(parts)) or reduce(self, parts))
    (answer,), done = local.run([asked], snapshot, scope_of(), threads=2)
    assert answer == expected
    assert received in ([1], [2])  # as many as there were workers with something to do
    assert done.batches > done.shards


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("batches_of", [0, 1, 2, 7, 20, 200])
def test_shards_fall_in_size_to_single_batches(batches_of: int, threads: int) -> None:
    rows = batches_of * reading.BATCH_EVENTS + 1
    found = portions(rows, threads, further=False)
    assert found == sorted(found, reverse=True)
    if threads == 1 or batches_of < threads:
        assert found == [1] * threads
    else:
        assert sum(found) == batches_of
        assert found[-threads:] == [1] * threads
    assert portions(rows, threads, further=True) == [1] * threads
    assert portions(2 * rows, threads, further=False, batch_events=2 * reading.BATCH_EVENTS) == found
    ranges = shards(*found)
    assert ranges[0][0] == 0 and ranges[-1][1] == 1 << 63
    assert all(before[1] == after[0] for before, after in pairwise(ranges))


def test_one_pass_answers_many_questions_as_many_passes_do(snapshot: Snapshot) -> None:
    together, done = local.run(ANALYSES, snapshot, scope_of(), threads=1)
    assert together == [local.run([a], snapshot, scope_of(), threads=1)[0][0] for a in ANALYSES]
    assert done.read.rows == snapshot.rows


@pytest.mark.parametrize("analyses", [[Transitions()], [Funnel(steps=STEPS)], ANALYSES])
def test_a_batch_is_sorted_once_and_sessionized_once_whatever_is_asked(
    snapshot: Snapshot, analyses: list[Analysis[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sorted_rows, sessionized_rows = [], []

    def order_of(rows: Any) -> Any:
        sorted_rows.append(len(rows))
        return real_order_of(rows)

    def find_sessions(batch: EventBatch, *args: Any) -> Any:
        sessionized_rows.append(len(batch))
        return real_find_sessions(batch, *args)

    real_order_of, real_find_sessions = ingest.scan.interleave.order_of, paths.journeys.prepare.find_sessions
    monkeypatch.setattr(ingest.scan.interleave, "order_of", order_of)
    monkeypatch.setattr(paths.journeys.prepare, "find_sessions", find_sessions)
    _, done = local.run(analyses, snapshot, scope_of(), threads=1)
    assert sum(sorted_rows) <= sum(sessionized_rows) == done.read.rows == snapshot.rows
    assert len(sorted_rows) == len(sessionized_rows) == done.batches


def test_spans_after_as_of_are_not_opened(snapshot: Snapshot) -> None:
    _, done = local.run([Summary()], snapshot, scope_of(as_of="2026-01-16 00:00"), threads=1)
    assert done.read.files == 2  # of the 15th, and of the 16th that has begun


@pytest.mark.parametrize("rows", [np.array([True, False, True]), np.array([2, 0]), np.zeros(3, dtype=bool)])
def test_a_column_without_a_value_stays_one_number(rows: np.ndarray) -> None:
    n = int(rows.sum()) if rows.dtype == bool else len(rows)
    text, number = nothing("url", 3).take(rows), nothing("value", 3).take(rows)
    assert isinstance(text, Codes) and isinstance(number, Numbers)
    assert text.codes.tolist() == [-1] * n and number.valid.tolist() == [False] * n and len(number.values) == n
    assert {a.strides for a in (text.codes, number.values, number.valid)} == {(0,)}
