"""The published sessions: after any nights what a table built at once would hold; only the dates that changed are written."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import Locked
from ingest.loading.seal import seal
from pipeline.api import Project
from pipeline.loading import sessions_table as publish
from pipeline.loading.intake import ingest
from pipeline.loading.reading import Intake
from pipeline.loading.sessions_table import publish_sessions, sessions_table

CONFIG = """
[project]
timezone = "Europe/Berlin"
goal = ["buy"]
[[source]]
name = "web"
path = "inbox/*.csv"
columns = { customer_id = "u", event = "e", event_at = "t" }
"""


def shop_of(folder: Path, rules: str = "") -> Project:
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    (folder / "journeys.toml").write_text(CONFIG + rules)
    return Project(folder)


def deliver(shop: Project, name: str, *rows: tuple[str, str, str]) -> None:
    (shop.directory / "inbox" / name).write_text("u,e,t\n" + "".join(",".join(r) + "\n" for r in rows))
    ingest(Project(shop.directory), Intake())


def table(shop: Project) -> pa.Table:
    files = sessions_table(shop)
    rows = [
        {**row, "session_date": file.parent.name.removeprefix("session_date=")}
        for file in files
        for row in pq.read_table(file, partitioning=None).to_pylist()
    ]
    return sorted(rows, key=lambda r: (str(r["started_at"]), r["session_id"]))


@pytest.mark.parametrize(
    "rules", ["", 'max_duration = "0s"', 'max_duration = "3d"\nidle_timeout = "20h"', "cut_at_midnight = true"]
)
def test_the_table_after_any_loads_is_that_of_one_build(tmp_path: Path, rules: str) -> None:
    rng = random.Random(rules)
    shop = shop_of(tmp_path, f"[sessions]\n{rules}\n")
    for n, day in enumerate((12, 10, 14, 3, 20, 19)):
        rows = [
            (
                f"c{rng.randrange(4)}",
                rng.choice(["view", "buy"]),
                f"2026-01-{day:02} {rng.randrange(24):02}:{rng.randrange(60):02}",
            )
            for _ in range(12)
        ]
        deliver(shop, f"{n}.csv", *rows)
        step_by_step = table(shop)
        (shop.store.root / "sessions").rename(tmp_path / f"old{n}")
        assert step_by_step == table(shop)
        (shop.store.root / "sessions").rename(tmp_path / f"whole{n}")
        (tmp_path / f"old{n}").rename(shop.store.root / "sessions")


def days(n: int) -> list[tuple[str, str, str]]:
    return [(f"c{d}", "view", f"2026-01-{d:02} 12:00") for d in range(1, n + 1)]


def test_only_dates_that_can_have_changed_are_written_again(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    deliver(shop, "1.csv", *days(20))
    before = {f.parent.name: f for f in sessions_table(shop)}
    deliver(shop, "2.csv", ("late", "view", "2026-01-18 09:00"), ("new", "view", "2026-01-21 09:00"))
    after = {f.parent.name: f for f in sessions_table(shop)}
    kept = {d for d in before if before[d] == after[d]}
    assert kept == {f"session_date=2026-01-{d:02}" for d in range(1, 17)}  # the 17th: a session may last until the 18th
    assert set(after) - set(before) == {"session_date=2026-01-21"}


def test_sealing_is_no_change_and_other_rules_change_everything(tmp_path: Path) -> None:
    from datetime import date

    shop = shop_of(tmp_path)
    deliver(shop, "1.csv", *days(20))
    before = sessions_table(shop)
    seal(shop.store, date(2026, 2, 1))
    assert sessions_table(shop) == before
    other = sessions_table(shop_of(tmp_path, '[sessions]\nidle_timeout = "1m"\n'))
    assert set(before).isdisjoint(other)


def test_a_day_that_stood_apart_is_published_once_it_does_no_more(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    deliver(shop, "1.csv", *days(20), ("apart", "view", "2026-04-01 12:00"))
    assert [r["customer_id"] for r in table(shop)][-1] == "c20"
    deliver(shop, "2.csv", *((f"m{d}", "view", f"2026-03-{d:02} 12:00") for d in range(5, 29)))
    assert [r["customer_id"] for r in table(shop)][-1] == "apart"
    assert len(table(shop)) == 20 + 24 + 1


def test_the_table_is_written_under_the_lock_and_read_without_it(tmp_path: Path, monkeypatch: Any) -> None:
    shop = shop_of(tmp_path)
    deliver(shop, "1.csv", *days(3))
    monkeypatch.setattr(publish, "WAIT", 0.0)
    with ThreadPoolExecutor(1) as other, shop.store.lock():
        with pytest.raises(Locked):
            other.submit(sessions_table, shop).result()
        publish_sessions(shop)
        assert len(other.submit(sessions_table, shop).result()) == 3
