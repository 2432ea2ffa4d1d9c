"""Every law, on stores of our own making; and that a broken one is told."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

import journeys
from pipeline.checks.reconcile import reconcile
from pipeline.cli.demo import sample


@pytest.fixture
def shop(tmp_path: Path) -> journeys.Project:
    (tmp_path / "log.csv").write_text(
        "u,event,t\n"
        + "".join(f"c{i % 7},{'abc'[i % 3]},2026-01-{1 + i % 7:02} 10:{i % 60:02}:00\n" for i in range(60))
        + ",a,2026-01-01\n"
    )
    j = journeys.open(tmp_path)
    j.ingest(tmp_path / "log.csv", map={"customer_id": "u", "event_at": "t"})
    return j


def test_every_law_holds(shop: journeys.Project) -> None:
    laws = reconcile(shop).to_pylist()
    assert len(laws) > 15 and [law for law in laws if not law["holds"]] == []


def test_every_law_holds_on_the_sample_shop(tmp_path: Path) -> None:
    j = journeys.open(tmp_path)
    j.ingest(sample("ecom.csv.gz"))
    assert [law for law in reconcile(j).to_pylist() if not law["holds"]] == []


def test_a_row_that_vanished_from_the_store_is_told(shop: journeys.Project) -> None:
    path = shop.store.snapshot().files[0].path
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(1), path)
    broken = [law["law"] for law in reconcile(journeys.open(shop.directory)).to_pylist() if not law["holds"]]
    assert "events of all sessions and passive ones = events of the store" in broken
