"""Quarantine: every row that left, once, with where it was and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.schema import QUARANTINE, REASONS
from ingest.store.quarantine import Quarantine
from tests.filling import COLUMNS, Filling


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def test_without_bad_rows_there_is_an_empty_quarantine(shop):
    shop.csv("ann,2026-01-15,a")
    found = Quarantine(shop.store.root)
    assert (found.rows().schema, found.rows().num_rows, found.count()) == (QUARANTINE, 0, 0)


def test_a_row_says_where_it_was_why_it_left_and_what_it_was(shop):
    loaded = shop.take(shop.file("in/a.csv", "who,at,what,k\nann,2026-01-15,a,1\nbob,never,a,\n"))
    assert Quarantine(shop.store.root).rows().to_pylist() == [
        {
            "source": "events",
            "input": "in/a.csv",
            "record": 2,
            "line": 3,
            "reason": "bad_timestamp",
            "detail": "never",
            "raw": '{"who":"bob","at":"never","what":"a"}',
            "run_id": loaded.run_id,
        }
    ]


def test_runs_add_up_and_the_same_input_again_adds_nothing(shop):
    for name in ("a.csv", "b.csv", "a.csv"):
        shop.csv(f"ann,never,{name}", name=name)
    assert shop.bad("input") == ["a.csv", "b.csv"]
    assert Quarantine(shop.store.root).count() == 2


def test_a_row_that_is_bad_in_two_files_left_twice(shop):
    shop.csv("ann,never,a", name="a.csv")
    shop.csv("ann,never,a", "", name="b.csv")
    assert shop.bad("reason") == ["bad_timestamp", "bad_timestamp"]


def test_every_reason_of_the_accounting_is_a_known_one_and_adds_up(shop):
    book = shop.csv(
        ",2026-01-15,a", "ann,2026-01-15,", "ann,x,a", "ann,1980-01-01,a", "ann,2026-01-15,a,b", "ann,2026-01-15,a"
    )
    assert set(book.quarantined) <= set(REASONS)
    assert sum(book.quarantined.values()) == Quarantine(shop.store.root).count() == 5


def test_texts_of_any_kind_come_back_as_recorded(shop):
    shop.csv('"a ""b"", {c}\n\u20ac",never,"\\n"', header="who,at,what")
    assert shop.bad("raw") == ['{"who":"a \\"b\\", {c}\\n\u20ac","at":"never","what":"\\\\n"}']


def test_a_run_that_was_never_committed_leaves_no_row_behind(shop, monkeypatch):
    from ingest.store.event_store import EventStore

    with monkeypatch.context() as patched:
        patched.setattr(EventStore, "commit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.csv("ann,never,a")
    shop.csv("bob,2026-01-15,a", name="b.csv")
    assert (shop.bad("raw"), shop.orphans()) == ([], [])


def test_with_another_mapping_after_a_crash_the_new_judgement_stands(shop, monkeypatch):
    from ingest.store.event_store import EventStore

    with monkeypatch.context() as patched:
        patched.setattr(EventStore, "commit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.csv("ann,2026-01-15,a,x", header="who,at,what,v", columns={**COLUMNS, "event_at": "v"})
    assert shop.csv("ann,2026-01-15,a,x", header="who,at,what,v", columns={**COLUMNS, "value": "v"}).quarantined == {
        "bad_number": 1
    }
    assert shop.bad("reason") == ["bad_number"]
