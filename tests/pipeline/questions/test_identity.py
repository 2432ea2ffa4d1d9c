"""journeys identity: whose the events are, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import journeys
from ingest.errors import UnknownCustomer
from pipeline.cli import cli

ROWS = """timestamp,customer_id,device_id,event
2024-01-01 12:01:00,,1234,view
2024-01-01 12:03:00,ryan,1234,login
2024-01-01 12:07:00,,1234,view
2024-01-01 12:08:00,cassidy,1234,login
2024-01-02 11:08:00,,1234,view
2024-01-02 11:08:00,,zz,view
2024-01-02 11:09:00,,guest,view
"""


@pytest.fixture
def shop(tmp_path: Path) -> journeys.Project:
    (tmp_path / "e.csv").write_text(ROWS)
    shop = journeys.open(tmp_path)
    shop.ingest(tmp_path / "e.csv")
    return shop


def test_events_are_known_stitched_and_anonymous_and_add_up(shop: journeys.Project) -> None:
    told = {(r["of"], r["what"]): r["n"] for r in shop.identity().rows()}
    assert told["events", "events"] == 6
    assert [told["events", k] for k in ("known", "stitched", "anonymous")] == [2, 3, 1]
    assert told["devices", "with 2 customers"] == told["devices", "with 0 customers"] == 1
    assert told["events", "on shared devices"] == 5
    assert told["events", "on shared devices, with only an anonymous id"] == 3
    assert told["customers", "with 1 device"] == 2


def test_every_event_of_an_id_says_whose_it_is_and_why(shop: journeys.Project) -> None:
    rows = shop.identity_explain("1234", unmask=True).rows()
    assert [(r["customer"], r["why"].split(" (")[0]) for r in rows] == [
        ("ryan", "the next link"),
        ("ryan", "the row names the customer: a link"),
        ("ryan", "the latest link before it"),
        ("cassidy", "the row names the customer: a link"),
        ("cassidy", "the latest link before it"),
    ]
    assert {len(r["customer"]) for r in shop.identity_explain("1234").rows()} == {12}
    with pytest.raises(UnknownCustomer, match="nobody"):
        shop.identity_explain("nobody")


def test_ids_of_both_kinds_and_nothing_stitched_is_said_loudly(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("timestamp,customer_id,device_id,event\n2024-01-01,u,,a\n2024-01-01,,d,b\n")
    shop = journeys.open(tmp_path)
    shop.ingest(tmp_path / "e.csv")
    (warning,) = shop.identity().meta["warnings"]
    assert warning.startswith("0 % of 1 events with only an anonymous id are stitched: no row carries both")


def test_laws_of_identity_hold(shop: journeys.Project) -> None:
    laws = {r["law"]: r["holds"] for r in shop.reconcile().to_pylist()}
    assert laws["events = known + stitched + anonymous"]
    assert all(laws.values())


def test_people_and_sessions_see_the_owner(shop: journeys.Project) -> None:
    assert sorted(r["customer"] for r in shop.customers(unmask=True).rows()) == ["cassidy", "ryan", "zz"]
    assert shop.customer("ryan").meta["customer"]["events"] == 3
    assert shop.customer("zz", anonymous=True).meta["customer"]["events"] == 1
    assert sorted(r["customer_id"] for r in shop.sessions().rows()) == ["cassidy", "cassidy", "ryan", "zz"]


def test_an_alias_file_with_a_column_missing_says_which(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(ROWS)
    (tmp_path / "m.csv").write_text("old,customer_id\na,b\n")
    (tmp_path / "journeys.toml").write_text('[[alias]]\npath = "m.csv"\n')
    done = CliRunner().invoke(cli, ["-C", str(tmp_path), "ingest", str(tmp_path / "e.csv")])
    assert done.exit_code == 2
    assert 'm.csv has no column "alias_id"; it has old, customer_id.' in done.stderr


def test_two_accounts_become_one_by_an_alias(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("timestamp,customer_id,event\n2024-01-01,old,a\n2024-01-02,new,b\n")
    (tmp_path / "m.csv").write_text("﻿alias_id,customer_id\r\nold,new\r\n")
    (tmp_path / "journeys.toml").write_text('[[alias]]\npath = "m.csv"\n')
    shop = journeys.open(tmp_path)
    shop.ingest(tmp_path / "e.csv")
    assert [r["customer"] for r in shop.customers(unmask=True).rows()] == ["new"]
