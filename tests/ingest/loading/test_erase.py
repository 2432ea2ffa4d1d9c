"""Erasing: what goes, whose events change hands by it, what stays away, and that nothing is lost of anybody else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.identity.rules import SHARED_DEVICE, IdentityRules
from ingest.load import LoadOptions, load
from ingest.loading.erase import Erased, Person, erase_events, find_events, person_of, without
from ingest.readers.files import name_of_key, natural_key
from ingest.store.quarantine import Quarantine
from ingest.store.tombstones import Mark, Tombstones, device_text, marks_of
from tests.cases import cases
from tests.filling import Filling
from tests.ingest.identity.test_stitching import COLUMNS, HEADER, take

UNTIL = 4_000_000_000_000_000
"""When the rows are erased, as the tombstones of devices say: in 2096."""


def erased(filling: Filling, person: Person, rules: IdentityRules | None = None) -> Erased:
    """Erase the events of a person, and mark the person."""
    rules = without(rules or IdentityRules(), person)
    store = filling.store
    with store.lock():
        base = store.snapshot()
        found = find_events(store, base, person, rules)
        tombstones = Tombstones.begun(store.root)
        marks = marks_of(tombstones, person.customers, person.anonymous)
        devices = [Mark("device", tombstones.mac(device_text(d, s)), UNTIL) for s, d in found.devices]
        tombstones.with_marks(store.root, [*marks, *devices])
        erase_events(store, base, person, found, rules, "erase-1")
    return found


def balanced(filling: Filling) -> bool:
    """Is every row that was read accounted for?"""
    snapshot = filling.store.snapshot()
    kept = snapshot.rows + filling.store.duplicates(snapshot) + Quarantine(filling.store.root).count()
    return snapshot.rows_read == kept and sum(snapshot.quarantined.values()) == Quarantine(filling.store.root).count()


ROWS = (
    "2026-01-15T12:00,,d1,look",
    "2026-01-15T12:01,ann,d1,login",
    "2026-01-15T12:02,ann,d1,login",
    "2026-01-15T12:03,bob,d2,login",
    "2026-01-16T12:04,,d2,look",
    "2026-01-17T12:05,ann,,buy",
)


def test_rows_that_name_a_customer_and_rows_stitched_to_it_go_and_no_other(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "a.csv", ROWS, IdentityRules())
    found = erased(filling, Person(customers=frozenset(["ann"])))
    assert (found.events, found.stitched, found.devices) == (4, 1, (("events", "d1"),))
    assert filling.events("customer_id", "anonymous_id", "owner_id") == [("bob", "d2", None), (None, "d2", "bob")]
    assert filling.bad("reason", "detail", "raw") == [("excluded", "erased", None)] * 4
    assert balanced(filling)
    assert not filling.orphans()


def test_a_day_of_which_every_event_goes_is_no_more(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    filling.csv("ann,2026-01-15T12:00,x", "ann,2026-01-16T12:00,x", "ann,2026-01-16T12:00,x")
    erased(filling, Person(customers=frozenset(["ann"])))
    assert filling.store.snapshot().files == ()
    assert balanced(filling)
    assert Quarantine(filling.store.root).count() == 3  # the copy is counted on, too
    with filling.store.lock():
        filling.store.clear_leftovers()
    assert Quarantine(filling.store.root).count() == 3


@pytest.mark.parametrize("again", ["a.csv", "b.csv"])
def test_a_file_that_comes_again_does_not_bring_the_customer_back(tmp_path: Path, again: str) -> None:
    filling = Filling(tmp_path)
    take(filling, "a.csv", ROWS, IdentityRules())
    erased(filling, Person(customers=frozenset(["ann"])))
    loaded = take(
        filling,
        again,
        [*ROWS, "2026-01-18T00:00,carl,d9,x", "not a time,ann,d1,x", "not a time,bob,d2,x"],
        IdentityRules(),
    )
    book = filling.book(loaded)
    assert book.quarantined == {"excluded": 4, "bad_timestamp": 2}
    assert sorted(set(filling.events("customer_id")), key=str) == [None, "bob", "carl"]
    assert set(filling.events("anonymous_id")) == {"d2", "d9"}
    raws = [raw for raw in filling.bad("raw") if raw is not None]
    assert len(raws) == 1
    assert "bob" in raws[0]
    assert balanced(filling)


def test_an_input_that_is_read_anew_brings_nobody_back_and_the_books_balance(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    file = filling.file("a.csv", "\n".join([HEADER, *ROWS, ROWS[1], "nonsense,ann,d1,x"]) + "\n")
    filling.take(file, columns=COLUMNS)
    erased(filling, Person(customers=frozenset(["ann"])))
    load(filling.store, [filling.source([file], columns=COLUMNS)], LoadOptions(threads=2, again=True))
    assert filling.events("customer_id", "owner_id") == [("bob", None), (None, "bob")]
    assert filling.store.snapshot().quarantined == {"bad_timestamp": 1, "excluded": 5}
    assert balanced(filling)


def test_an_alias_goes_with_its_customer_and_is_no_alias_any_more(tmp_path: Path) -> None:
    filling, rules = Filling(tmp_path), IdentityRules(aliases={"a2": "ann", "b2": "bob"})
    lines = ["2026-01-15T12:00,a2,d1,x", "2026-01-15T12:01,ann,,x", "2026-01-15T12:02,b2,,x"]
    take(filling, "a.csv", lines, rules)
    person = person_of("a2", False, [dict(rules.aliases)])
    assert person.customers == {"a2", "ann"}
    erased(filling, person, rules)
    assert filling.events("customer_id", "owner_id") == [("b2", "bob")]
    take(filling, "b.csv", [*lines, "2026-01-16T12:02,bob,,x"], rules)  # whose alias file says the same still
    assert filling.events("customer_id") == ["b2", "bob"]
    assert balanced(filling)


def test_an_anonymous_id_goes_with_every_row_that_carries_it(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "a.csv", ROWS, IdentityRules())
    erased(filling, Person(anonymous=frozenset(["d1"])))
    assert filling.events("customer_id", "anonymous_id") == [("bob", "d2"), (None, "d2"), ("ann", None)]
    take(filling, "b.csv", ROWS, IdentityRules())
    assert set(filling.events("anonymous_id")) == {"d2", None}


def test_a_device_that_another_customer_used_stays_that_customers(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    lines = [
        "2026-01-15T12:00,bob,d1,a",
        "2026-01-15T12:01,,d1,b",
        "2026-01-15T12:02,ann,d1,c",
        "2026-01-15T12:03,,d1,d",
    ]
    take(filling, "a.csv", lines, IdentityRules())
    assert erased(filling, Person(customers=frozenset(["ann"]))).devices == ()
    assert filling.events("event", "owner_id") == [("a", None), ("b", "bob")]


def test_new_visits_on_the_device_of_an_erased_customer_are_nobodys(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "a.csv", ROWS, IdentityRules())
    erased(filling, Person(customers=frozenset(["ann"])))
    take(filling, "b.csv", ["2099-01-01T00:00,,d1,later", "2026-01-20T00:00,,d1,before"], IdentityRules())
    assert [event for event, device in filling.events("event", "anonymous_id") if device == "d1"] == ["later"]


@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x01"), max_size=12))
def test_the_name_of_a_key(name: str) -> None:
    assert name_of_key(natural_key(name)) == name


WHO, DEVICES = ("ann", "bob", "carl", None), ("d1", "d2", None)


@cases(12)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(WHO), st.sampled_from(DEVICES)), min_size=1, max_size=9),
    rule=st.sampled_from(SHARED_DEVICE),
    most=st.integers(1, 3),
)
def test_the_owners_of_all_others_are_those_of_a_store_that_never_read_the_rows(
    rows: Sequence[tuple[int, str | None, str | None]], rule: str, most: int
) -> None:
    rules = IdentityRules(shared_device=rule, max_owners=most, stitch_lookback=timedelta(days=1))
    lines = [f"2026-01-1{5 + day}T12:0{i},{who or ''},{device or ''},e{i}" for i, (day, who, device) in enumerate(rows)]
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        filling, other = Filling(Path(one)), Filling(Path(two))
        take(filling, "a.csv", lines, rules)
        if not filling.store.snapshot().rows:
            return
        names = {e for e, who, owner in filling.events("event", "customer_id", "owner_id") if "ann" in (who, owner)}
        erased(filling, Person(customers=frozenset(["ann"])), rules)
        kept = [line for line in lines if line.rpartition(",")[2] not in names]
        take(other, "a.csv", kept, rules)
        columns = ("event", "customer_id", "owner_id", "customer_key", "anonymous_id")
        assert filling.events(*columns) == (other.events(*columns) if other.store.exists else [])
        assert balanced(filling)


def test_tombstones_hold_no_id_and_need_their_secret(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    filling.csv("ann,2026-01-15T12:00,x", "bob,2026-01-15T12:00,x")
    erased(filling, Person(customers=frozenset(["ann"])))
    path = filling.store.root / "erased.json"
    assert "ann" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [kind for kind, *_ in json.loads(path.read_text())["marks"]] == ["customer"]
