"""The transactions of a log: those of commits and of a checkpoint; what cannot be read is asked of the log itself."""

from __future__ import annotations

from pathlib import Path

import deltalake
import pytest

from ingest.store.delta import transactions
from tests.filling import Filling


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    found = Filling(tmp_path)
    for day in (15, 16, 17):
        found.csv(f"ann,2026-01-{day},a")
    return found


def inputs(shop: Filling, version: int) -> int:
    return sum(name.startswith('["input"') for name in transactions(shop.store.path / "_delta_log", version))


def test_every_input_up_to_a_version_is_named(shop: Filling) -> None:
    newest = shop.store.snapshot().version
    assert [inputs(shop, newest - n) for n in range(3)] == [3, 2, 1]


def test_a_checkpoint_and_what_came_after_it_name_the_same(shop: Filling) -> None:
    table = deltalake.DeltaTable(shop.store.path)
    table.create_checkpoint()
    for old in (shop.store.path / "_delta_log").glob("[0-9]*.json"):
        if int(old.stem) < table.version():
            old.unlink()
    shop.csv("bob,2026-01-18,a")
    assert inputs(shop, shop.store.snapshot().version) == 4


def test_an_input_is_known_although_its_commit_cannot_be_read_here(
    shop: Filling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.snapshot.transactions", lambda log, version: {})
    known = shop.csv("ann,2026-01-15,a")
    assert known.accepted == 0
