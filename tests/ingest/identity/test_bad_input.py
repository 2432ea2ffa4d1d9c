"""Ids as no one expects them: each is taken as it is recorded, or refused in words; none stops a load."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ingest.cleaning.validation import Limits
from ingest.identity.inquiry import identities
from ingest.identity.rules import IdentityRules
from pipeline.questions.identity import FAR
from tests.filling import Filling
from tests.ingest.identity.test_stitching import COLUMNS, HEADER, stored, take

MEGABYTE = 1 << 20


def test_an_anonymous_id_that_equals_a_customers_id_is_another_person(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "a.csv", ["2026-01-15T10:00,same,,a", "2026-01-15T10:01,,same,b"], IdentityRules())
    assert stored(filling) == ["same", None]
    assert len(set(filling.events("customer_key"))) == 2


def test_an_id_may_be_a_link_to_the_customer_of_its_own_name(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "a.csv", ["2026-01-15T10:00,,same,a", "2026-01-15T10:01,same,same,b"], IdentityRules())
    assert stored(filling) == ["same", "same"]
    assert len(set(filling.events("customer_key"))) == 1


def test_a_device_of_fifty_thousand_customers_links_nobody_and_is_counted(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    lines = [f"2026-01-15T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},c{n},till,buy" for n in range(50_000)]
    loaded = take(filling, "a.csv", [*lines, "2026-01-15T20:00,,till,look"], IdentityRules())
    assert filling.book(loaded).accepted == 50_001
    assert stored(filling)[-1] is None
    found = identities(filling.store.snapshot().files, IdentityRules(), FAR)
    assert {customers: devices for customers, (devices, _, _) in found.by_customers.items()} == {50_000: 1}


def test_a_link_of_2099_owns_nothing_of_today_and_is_out_of_range_where_an_as_of_is_given(tmp_path: Path) -> None:
    lines = ["2026-01-15T10:00,,d,a", "2026-01-16T10:00,u,d,b", "2026-01-17T10:00,,d,c", "2099-01-01T00:00,later,d,x"]
    filling, other = Filling(tmp_path / "one"), Filling(tmp_path / "other")
    take(filling, "a.csv", lines, IdentityRules())
    assert stored(filling) == ["u", "u", "u", "later"]
    limits = Limits(as_of=datetime(2026, 1, 18, tzinfo=UTC))
    file = other.file("a.csv", "\n".join([HEADER, *lines]) + "\n")
    book = other.book(other.take(file, columns=COLUMNS, identity=IdentityRules(shared_device="last"), limits=limits))
    assert book.quarantined == {"timestamp_out_of_range": 1}
    assert stored(other) == ["u", "u", "u"]


def test_an_id_of_a_megabyte_is_an_id(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    who = "c" * MEGABYTE
    lines = [f"2026-01-15T10:00,,{who},a", f"2026-01-15T10:01,u,{who},b", f"2026-01-15T10:02,{who},,c"]
    assert filling.book(take(filling, "a.csv", lines, IdentityRules())).accepted == 3
    assert stored(filling) == ["u", "u", who]
    assert len(set(filling.events("customer_key"))) == 2


def test_a_row_that_is_longer_than_any_record_is_unreadable_and_stops_no_other(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    lines = [f"2026-01-15T10:00,{'c' * MEGABYTE},{'d' * MEGABYTE},a", "2026-01-15T10:01,u,,b"]
    assert filling.book(take(filling, "a.csv", lines, IdentityRules())).quarantined == {"unreadable_row": 1}
    assert stored(filling) == ["u"]
