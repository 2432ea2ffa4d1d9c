"""The samples in data/ through the whole way, against plain Python over the raw rows."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from ingest.load import Accounting
from ingest.store.event_store import Snapshot
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.overview.summary import Summary
from pipeline.engines.local import run
from tests.builder import columns_of, scope_of, step, store_of

DATA = Path(__file__).parents[2] / "data"
BUY = ("product_view", "add_to_cart", "purchase")


class Raw(NamedTuple):
    """One distinct raw row; `row` is its first record number."""

    customer: str
    at: datetime
    row: int
    event: str


@pytest.fixture(scope="module")
def ecom(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, Accounting]:
    return store_of(
        tmp_path_factory.mktemp("ecom"),
        DATA / "ecom.csv.gz",
        customer_id="user_id",
        event_at="timestamp",
        event="event",
    )


@pytest.fixture(scope="module")
def nasa(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, Accounting]:
    return store_of(
        tmp_path_factory.mktemp("nasa"),
        DATA / "nasa_hits.csv.gz",
        customer_id="uuid",
        event_at="timestamp",
        event="url",
    )


def raw_rows(name: str, customer: str, event: str) -> list[Raw]:
    """The different rows, by customer, time and record."""
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        first: dict[tuple[str, ...], Raw] = {}
        for number, row in enumerate(csv.DictReader(file)):
            at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
            first.setdefault(tuple(row.values()), Raw(row[customer], at, number, row[event]))
    return sorted(first.values())


def raw_sessions(rows: Sequence[Raw]) -> Iterator[list[Raw]]:
    """Runs of one customer without a gap of more than 30 minutes."""
    run: list[Raw] = []
    for row in rows:
        if run and (row.customer != run[-1].customer or row.at - run[-1].at > timedelta(minutes=30)):
            yield run
            run = []
        run.append(row)
    yield run


def depth(rows: Sequence[Raw], steps: Sequence[str]) -> int:
    """How many steps some chain inside 7 days takes: from every first step, always the earliest next one."""
    best = 0
    for i, start in enumerate(rows):
        if start.event == steps[0]:
            done = 1
            for row in rows[i + 1 :]:
                done += done < len(steps) and row.event == steps[done] and row.at - start.at <= timedelta(days=7)
            best = max(best, done)
    return best


def reached(units: Sequence[Sequence[Raw]], steps: Sequence[str]) -> list[int]:
    depths = [depth(unit, steps) for unit in units]
    return [sum(d >= i for d in depths) for i in range(1, len(steps) + 1)]


def test_every_row_of_ecom_is_accepted_or_a_duplicate(ecom: tuple[Snapshot, Accounting]) -> None:
    book = ecom[1]
    assert (book.rows, book.accepted, book.duplicates, book.quarantined) == (31_106, 31_076, 30, {})


def test_the_sessions_of_ecom_are_its_own(ecom: tuple[Snapshot, Accounting]) -> None:
    (summary,), done = run([Summary()], ecom[0], scope_of(), threads=1)
    rows = raw_rows("ecom.csv.gz", "user_id", "event")
    assert columns_of(summary.to_pylist(), "events", "customers", "sessions") == [(31_076, 600, 3_605)]
    assert (len(rows), sum(1 for _ in raw_sessions(rows))) == (31_076, 3_605)
    assert done.read.rows == 31_076


def test_the_funnel_of_ecom_is_that_of_a_plain_loop(ecom: tuple[Snapshot, Accounting]) -> None:
    steps = tuple(step(name) for name in BUY)
    (customers, sessions), _ = run([Funnel(steps=steps), Funnel(steps=steps, count="sessions")], ecom[0], scope_of())
    rows = raw_rows("ecom.csv.gz", "user_id", "event")
    people: dict[str, list[Raw]] = {}
    for row in rows:
        people.setdefault(row.customer, []).append(row)
    assert customers["reached"].to_pylist() == reached(list(people.values()), BUY) == [598, 487, 228]
    assert sessions["reached"].to_pylist() == reached(list(raw_sessions(rows)), BUY) == [2_868, 944, 255]


def test_the_edges_of_ecom_are_those_of_a_plain_loop(ecom: tuple[Snapshot, Accounting]) -> None:
    (edges,), _ = run([Transitions()], ecom[0], scope_of())
    pairs: Counter[tuple[str, str]] = Counter()
    for session in raw_sessions(raw_rows("ecom.csv.gz", "user_id", "event")):
        path = ["START", *(row.event for row in session), "END"]
        pairs.update(pairwise(path))
    assert {(r["source"], r["target"]): r["transitions"] for r in edges.to_pylist()} == pairs


def test_every_row_of_nasa_is_accounted_for_and_its_sessions_found(nasa: tuple[Snapshot, Accounting]) -> None:
    book = nasa[1]
    (summary,), _ = run([Summary()], nasa[0], scope_of())
    rows = raw_rows("nasa_hits.csv.gz", "uuid", "url")
    assert book.rows == 63_524 == book.accepted + book.duplicates
    assert columns_of(summary.to_pylist(), "events", "customers", "sessions") == [(len(rows), 10_000, 22_224)]
    assert sum(1 for _ in raw_sessions(rows)) == 22_224
