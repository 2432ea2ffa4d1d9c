"""journeys erase: nothing of the store holds the id afterwards, whatever happens meanwhile; and the receipt does not either."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import pipeline.loading.erase as erasing
from ingest.errors import ConfigError, StoreError, UnknownCustomer
from ingest.loading import id_search
from ingest.loading.id_search import Sought, holds_values
from ingest.store.event_store import EventStore
from pipeline.api import Project
from pipeline.nightly.night import RunOptions, run_night

CONFIG = """
[[source]]
name = "web"
path = "in/*.csv"
columns = { customer_id = "who", anonymous_id = "device", event_at = "at", event = "what" }
[[alias]]
path = "aliases.csv"
"""

LOG = """at,who,device,what
2026-01-15T12:00,,device-0001,look
2026-01-15T12:01,annette-1234,device-0001,login
2026-01-15T12:02,bob,device-0002,login
2026-01-15T12:03,annette-old,,buy
nonsense,annette-1234,,buy
nonsense,bob,,buy
2026-01-16T12:03,,device-0002,look
"""

IDS = ("annette-1234", "annette-old")


def filled(folder: Path) -> Project:
    """A project after its first night."""
    (folder / "in").mkdir()
    (folder / "journeys.toml").write_text(CONFIG)
    (folder / "in" / "a.csv").write_text(LOG)
    (folder / "aliases.csv").write_text("alias_id,customer_id\nannette-old,annette-1234\n")
    project = Project(folder)
    run_night(project, RunOptions())
    project.sql("select count(*) from sessions")
    return Project(folder)


def texts(path: Path) -> Iterator[str]:
    """Everything that a file says, read by other code than that which erases."""
    yield path.read_bytes().decode("latin-1")
    if path.suffix in (".parquet", ".devices"):
        yield str(pq.read_table(path, partitioning=None).to_pylist())
    if path.suffix == ".arrow":
        yield str(pa.ipc.open_file(path).read_all().to_pylist())


def holding(folder: Path, *ids: str) -> list[str]:
    """The files below a folder that hold one of these texts."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return [str(p.relative_to(folder)) for p in files if any(i in text for text in texts(p) for i in ids)]


def test_no_file_of_the_store_or_the_reports_holds_an_id_after_erasing(tmp_path: Path) -> None:
    project = filled(tmp_path)
    assert holding(tmp_path / "store", *IDS)
    receipt = project.erase("annette-1234")
    mask = receipt.meta["id"]
    assert holding(tmp_path / "store", *IDS) == []
    assert holding(tmp_path / "reports", *IDS, mask) == []
    rows = {r["place"]: (r["before"], r["after"]) for r in receipt.rows()}
    assert rows["events"] == (3, 0)
    assert rows["sessions"] == (2, 0)
    assert rows["quarantine"] == (1, 0)
    assert rows["aliases"] == (2, 0)
    assert rows["inputs that still hold it"] == (2, 2)
    assert [Path(p).name for p in receipt.meta["inputs"]] == ["a.csv", "aliases.csv"]
    assert all(Project(tmp_path).reconcile()["holds"].to_pylist())


def test_pages_that_show_the_customer_go_and_the_index_links_to_none_of_them(tmp_path: Path) -> None:
    project = filled(tmp_path)
    page, index = tmp_path / "reports" / "2026-01-17" / "index.html", tmp_path / "reports" / "index.html"
    assert "2026-01-17/index.html" in index.read_text()
    page.write_text(f"a cart of {project.erase('annette-1234', dry_run=True).meta['id']}")
    rows = {r["place"]: (r["before"], r["after"]) for r in project.erase("annette-1234").rows()}
    assert rows["published pages"] == (1, 0)
    assert not page.exists()
    assert "2026-01-17/index.html" not in index.read_text()


def test_the_receipt_is_kept_and_holds_no_id(tmp_path: Path) -> None:
    receipt = filled(tmp_path).erase("annette-1234")
    (kept,) = (tmp_path / "store" / "receipts").glob("*.json")
    told = json.loads(kept.read_text())
    assert told["places"] == receipt.rows()
    assert not any(i in kept.read_text() or i in str(receipt.rows()) + str(receipt.meta) for i in IDS)


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    project = filled(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    said = project.erase("annette-1234", dry_run=True)
    assert {
        p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.name != "mask.key"
    }.items() <= before.items()
    done = project.erase("annette-1234")
    assert [(r["place"], r["before"]) for r in said.rows()] == [(r["place"], r["before"]) for r in done.rows()]
    assert {r["after"] for r in said.rows()} == {None}


def test_nights_after_it_do_not_bring_the_customer_back(tmp_path: Path) -> None:
    project = filled(tmp_path)
    project.erase("annette-old")  # an alias: the person goes
    (tmp_path / "in" / "b.csv").write_text(LOG + "2026-01-17T12:00,carl,,buy\n" * 9)
    manifest = run_night(Project(tmp_path), RunOptions())
    assert manifest.accounting["web"]["reasons"] == {"excluded": 3, "bad_timestamp": 2}
    assert holding(tmp_path / "store", *IDS) == []
    assert all(Project(tmp_path).reconcile()["holds"].to_pylist())


def test_an_id_that_nothing_holds_is_unknown_and_one_erased_before_is_not(tmp_path: Path) -> None:
    project = filled(tmp_path)
    with pytest.raises(UnknownCustomer, match="--anonymous"):
        project.erase("nobody-at-all")
    project.erase("annette-1234")
    assert {r["after"] for r in project.erase("annette-1234").rows() if r["place"] == "events"} == {0}
    with pytest.raises(ConfigError, match="blocked"):
        project.erase("null")


def test_a_short_id_is_a_word_not_any_digits(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "customer_id,event_at,event,note\n7,2026-01-15T12:00,x,17\n17,2026-01-15T12:01,x,7\n"
    )
    project = Project(tmp_path)
    project.ingest(str(tmp_path / "log.csv"))
    rows = {r["place"]: (r["before"], r["after"]) for r in project.erase("7").rows()}
    assert rows["events"] == (1, 0)
    assert rows["text of other customers' events"] == (1, 1)
    assert project.sql("select customer_id from events").to_pylist() == [{"customer_id": "17"}]


def test_inputs_in_parquet_are_searched_by_column_numbers_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    log = {"who": ["annette-1234", "bob"], "note": ["x", "of 17"], "number": [17, 5], "at": ["2026-01-15T12:00"] * 2}
    pq.write_table(pa.table({**log, "what": ["x", "y"]}), tmp_path / "in" / "a.parquet")
    (tmp_path / "journeys.toml").write_text(CONFIG.replace(".csv", ".parquet").split("[[alias]]")[0])
    Project(tmp_path).ingest()
    sought = {i: Sought(ids=(i,), columns=frozenset()) for i in ("annette-1234", "annette", "17", "7", "x")}
    held = {i: holds_values(tmp_path / "in" / "a.parquet", asked) for i, asked in sought.items()}
    assert held == {"annette-1234": True, "annette": True, "17": True, "7": False, "x": True}
    assert [Path(p).name for p in Project(tmp_path).erase("annette-1234").meta["inputs"]] == ["a.parquet"]


def test_no_file_that_erasing_leaves_alone_is_searched_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, read = filled(tmp_path), []
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*") if p.is_file()}
    look = id_search.search_file
    monkeypatch.setattr(id_search, "search_file", lambda db, path, sought: read.append(path) or look(db, path, sought))
    project.erase("bob")
    unchanged = {p for p, at in before.items() if p.exists() and p.stat().st_mtime_ns == at}
    assert {read.count(p) for p in unchanged & set(read)} == {1}
    assert set(read) >= set((tmp_path / "store" / "events").rglob("*.parquet"))


def test_an_anonymous_id_that_equals_a_customers(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "journeys.toml").write_text(CONFIG.partition("[[alias]]")[0])
    (tmp_path / "in" / "a.csv").write_text(
        "at,who,device,what\n2026-01-15T12:00,same-text,,x\n2026-01-15T12:00,,same-text,y\n"
    )
    project = Project(tmp_path)
    project.ingest()
    project.erase("same-text")
    assert project.sql("select event from events").to_pylist() == [{"event": "y"}]
    project.erase("same-text", anonymous=True)
    assert project.sql("select event from events").to_pylist() == []


def dies(*_: Any, **__: Any) -> None:
    """What a killed process does next: nothing."""
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "where, what",
    [
        (erasing, "erase_events"),
        (EventStore, "commit"),
        (erasing, "blank_quarantine"),
        (erasing, "expire"),
        (erasing, "publish_sessions"),
        (erasing.Erasure, "mask_manifests"),
        (erasing.Erasure, "receipt"),
    ],
)
def test_what_a_killed_erasure_left_the_next_writer_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    project = filled(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(where, what, dies)
        with pytest.raises(KeyboardInterrupt):
            project.erase("annette-1234")
    assert (tmp_path / "store" / "erasing.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "in" / "b.csv").write_text(LOG)
    Project(tmp_path).ingest()
    assert holding(tmp_path / "store", *IDS) == []
    assert not (tmp_path / "store" / "erasing.json").exists()
    (kept,) = (tmp_path / "store" / "receipts").glob("*.json")
    places = {r["place"]: (r["before"], r["after"]) for r in json.loads(kept.read_text())["places"]}
    assert places["events"] == (3, 0)
    assert all(Project(tmp_path).reconcile()["holds"].to_pylist())


def test_an_id_that_is_still_found_is_no_success(tmp_path: Path) -> None:
    project = filled(tmp_path)
    pq.write_table(pa.table({"customer_id": ["annette-1234"]}), tmp_path / "store" / "copy.parquet")
    with pytest.raises(StoreError, match="copy"):
        project.erase("annette-1234")
