"""305 days of a shop's invoice lines, one file a day: one command, or a few files at a time in any order, give one store."""

from __future__ import annotations

import csv
import random
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import journeys
from tests.filling import Filling

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "online_retail_by_day.tar.gz"
MAP = {"event_at": "InvoiceDate", "customer_id": "CustomerID", "event": "'purchase'", "order_id": "InvoiceNo"}

pytestmark = pytest.mark.skipif(
    not ARCHIVE.exists(), reason=f"{ARCHIVE.name} is not beside this checkout (../shared/data)"
)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files, oldest first."""
    folder = tmp_path_factory.mktemp("retail")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return sorted(folder.rglob("*.csv"))


@pytest.fixture(scope="module")
def at_once(days: list[Path], tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    """All files by one command."""
    shop = journeys.open(tmp_path_factory.mktemp("at_once"))
    book = shop.ingest(*days, map=MAP).accounting["events"]
    assert book.balanced
    assert (book.rows, book.quarantined, book.accepted + book.duplicates) == (
        541_909,
        {"missing_customer": 135_080},
        406_829,
    )
    return shop


def raw(days: list[Path]) -> Counter[tuple[str, tuple[str, ...]]]:
    """(day, row) -> copies, of rows with a customer, in plain Python."""
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for day in days:
        with day.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            at, who = (header := next(rows)).index("InvoiceDate"), header.index("CustomerID")
            found.update((row[at][:10], tuple(row)) for row in rows if row[who].strip())
    return found


def answers(shop: journeys.Project) -> list[Any]:
    return [
        shop.summary().rows(),
        shop.sessions().table,
        shop.paths().table,
        shop.dropoff().table,
        shop.funnel(["purchase", "purchase"], window="30d").table,
    ]


def test_every_line_is_accounted_for_and_equal_lines_of_a_day_are_one_event(days, at_once):
    expected = raw(days)
    (row,) = at_once.summary(as_of="2012-01-01").rows()
    assert (row["events"], row["duplicates"], row["quarantined"]) == (
        len(expected),
        expected.total() - len(expected),
        135_080,
    )
    assert row["customers"] == len({line[6] for _, line in expected}) == 4_372
    assert len(at_once.store.snapshot().files) == len(days) == 305


def test_invoices_stay_text_as_recorded_and_ids_lose_the_0_that_one_null_gave_them(days, at_once):
    table = Filling(at_once.directory).table()
    assert Counter(table["customer_id"].to_pylist()) == Counter(line[6].removesuffix(".0") for _, line in raw(days))
    assert "17850" in set(table["customer_id"].to_pylist())
    assert any(order.startswith("C") for order in table["order_id"].to_pylist())


def test_in_six_shuffled_loads_it_is_the_same_store_with_the_same_answers(days, at_once, tmp_path):
    shop = journeys.open(tmp_path)
    shuffled = random.Random(5).sample(days, len(days))
    books = [shop.ingest(*shuffled[i::6], map=MAP).accounting["events"] for i in range(6)]
    assert (sum(b.rows for b in books), sum(b.quarantined["missing_customer"] for b in books)) == (541_909, 135_080)
    assert all(b.balanced for b in books)
    same(shop, at_once)


@pytest.mark.proof
def test_one_by_one_in_shuffled_order_it_is_the_same_store_with_the_same_answers(days, at_once, tmp_path):
    shop = journeys.open(tmp_path)
    for day in random.Random(6).sample(days, len(days)):
        shop.ingest(day, map=MAP)
    same(shop, at_once)
    again = shop.ingest(*days, map=MAP)
    assert (len(again.known), again.accounting["events"].rows) == (305, 0)


def same(shop: journeys.Project, other: journeys.Project) -> None:
    one, two = Filling(shop.directory), Filling(other.directory)
    assert one.table().equals(two.table())
    assert one.bad("input", "record", "line", "reason", "raw") == two.bad("input", "record", "line", "reason", "raw")
    assert one.orphans() == []
    for found, expected in zip(answers(shop), answers(other), strict=True):
        assert found == expected
