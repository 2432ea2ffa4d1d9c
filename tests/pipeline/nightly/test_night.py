"""A night: exactly once, gated, said in words; whatever the order of the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import ConditionHolds, GateFailed, Locked, MissingInput, NothingAccepted, SetAside, StaleInput
from pipeline.api import Project
from pipeline.nightly.manifests import difference, read_all
from pipeline.nightly.night import RunOptions, run_night

CONFIG = """
[project]
goal = ["buy"]
[[source]]
name = "web"
path = "inbox/*.csv"
[source.columns]
customer_id = "u"
event = "e"
event_at = "t"
"""
HEAD = "u,e,t\n"


def day(n: int, customers: str = "pqr", extra: str = "") -> str:
    """Three customers view, the first buys."""
    rows = [f"{c}{n},view,2026-01-{n:02} 10:00:0{i}\n" for i, c in enumerate(customers)]
    return HEAD + "".join(rows) + f"{customers[0]}{n},buy,2026-01-{n:02} 10:05:00\n" + extra


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "journeys.toml").write_text(CONFIG)
    return Project(tmp_path)


def deliver(shop: Project, name: str, text: str) -> None:
    (shop.directory / "inbox" / name).write_text(text)


def configure(shop: Project, text: str) -> Project:
    (shop.directory / "journeys.toml").write_text(CONFIG + text)
    return Project(shop.directory)


def night(shop: Project, as_of: str, **options: Any) -> dict[str, Any]:
    return run_night(Project(shop.directory), RunOptions(as_of=as_of, **options)).__dict__


def page(shop: Project) -> bytes:
    """Of the newest night."""
    return max((shop.directory / "reports").glob("*/index.html")).read_bytes()


def index(shop: Project) -> str:
    return (shop.directory / "reports" / "index.html").read_text(encoding="utf-8")


def events(shop: Project) -> list[tuple[object, ...]]:
    table = shop.store.snapshot()
    import pyarrow.parquet as pq

    columns = ["customer_id", "event_at", "event", "recorded_input", "recorded_row", "duplicates"]
    rows = [r for f in table.files for r in pq.read_table(f.path, columns=columns, partitioning=None).to_pylist()]
    return [tuple(r.values()) for r in rows]


def test_a_night_takes_new_files_in_once_and_publishes_a_report(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    first = night(shop, "2026-01-02")
    again = night(shop, "2026-01-02")
    assert first["accounting"]["web"]["accepted"] == 4 and first["state"] == "ok"
    assert again["accounting"]["web"]["rows"] == 0 and again["known"] == ["1.csv"]
    assert len(events(shop)) == 4 and [p.parent.name for p in (shop.directory / "reports").glob("*/index.html")] == [
        "2026-01-02"
    ]
    assert 'href="2026-01-02/index.html"' in index(shop)


def test_a_renamed_file_and_half_of_it_again_add_nothing(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    night(shop, "2026-01-02")
    deliver(shop, "again.csv", day(1))
    deliver(shop, "half.csv", "".join(day(1).splitlines(keepends=True)[:3]))
    done = night(shop, "2026-01-02")
    assert done["accounting"]["web"]["duplicates"] == 2 and len(events(shop)) == 4


def test_any_order_of_nights_within_the_late_window_ends_in_the_same_store_and_report(tmp_path: Path) -> None:
    ends = []
    for order in ([1, 2, 3, 4], [2, 1, 4, 3], [3, 1, 2, 4]):
        folder = tmp_path / "shop"  # the page names the folder: the same in each
        folder.mkdir()
        (folder / "inbox").mkdir()
        (folder / "journeys.toml").write_text(CONFIG)
        shop = Project(folder)
        for n in order:
            deliver(shop, f"{n}.csv", day(n))
            night(shop, "2026-01-05")
        body = page(shop).replace(str(Project(folder).store.snapshot().version).encode(), b"N")
        ends.append((events(shop), body))
        folder.rename(tmp_path / "-".join(map(str, order)))
    assert ends[0] == ends[1] == ends[2]


def test_late_rows_are_quarantined_unless_they_are_allowed(shop: Project) -> None:
    for n in (1, 9):
        deliver(shop, f"{n}.csv", day(n))
    night(shop, "2026-01-10")
    deliver(shop, "late.csv", HEAD + "z,view,2026-01-05 10:00:00\nz,view,2026-01-06 10:00:00\n")
    assert night(shop, "2026-01-10")["accounting"]["web"]["reasons"] == {"too_late": 1}
    deliver(shop, "later.csv", HEAD + "y,view,2026-01-05 10:00:00\n")
    assert night(shop, "2026-01-10", allow_late=True)["accounting"]["web"]["accepted"] == 1


def test_the_run_says_what_late_rows_changed(shop: Project) -> None:
    for n in (1, 2):
        deliver(shop, f"{n}.csv", day(n))
    night(shop, "2026-01-03")
    deliver(shop, "late.csv", HEAD + "z,view,2026-01-01 10:00:00\nz,buy,2026-01-01 10:01:00\n")
    assert night(shop, "2026-01-03")["late"] == [
        "2 late events for 2026-01-01 changed its conversion by +16.7 points to 50.0%"
    ]


def test_a_failing_gate_writes_nothing_and_leaves_the_report(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    night(shop, "2026-01-02")
    before, rows = page(shop), events(shop)
    deliver(shop, "2.csv", HEAD + ",view,2026-01-02 10:00:00\n" * 9 + "a,view,2026-01-02 10:00:00\n")
    with pytest.raises(GateFailed, match="90.0%"):
        night(shop, "2026-01-03")
    assert (page(shop), events(shop)) == (before, rows) and read_all(shop.store.root / "runs")[0]["state"] == "gated"
    shop = configure(shop, "[gates]\nquarantine_share = 0.95\n")
    assert night(shop, "2026-01-03")["accounting"]["web"]["accepted"] == 1


def test_new_and_vanished_event_names_are_told(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    night(shop, "2026-01-02")
    deliver(shop, "2.csv", HEAD + "a,look,2026-01-02 10:00:00\n")
    assert night(shop, "2026-01-03")["warnings"] == [
        "new event names: look",
        "seen in the week before, absent now: buy, view",
    ]


def test_a_stale_source_publishes_nothing(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    shop = configure(shop, '[gates]\nfresh_error = "2d"\n')
    with pytest.raises(StaleInput, match="no events after 2026-01-01"):
        night(shop, "2026-01-09")
    assert not (shop.directory / "reports").exists()


def test_a_condition_that_holds_is_raised_after_publishing(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    with pytest.raises(ConditionHolds, match="it is 0.66"):
        night(shop, "2026-01-02", fail_on=["dropoff(view) > 50%"])
    assert page(shop)
    assert night(shop, "2026-01-02", fail_on=["dropoff(view) > 0.9", "conversion < 0.1"])["state"] == "ok"


def test_a_file_that_cannot_be_read_stops_itself_and_the_rest_is_published(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    deliver(shop, "2.csv", "\x1f garbage\nof two lines\n")
    with pytest.raises(SetAside, match=r"1 file was set aside.*published:\n  2\.csv: no column") as caught:
        night(shop, "2026-01-03")
    record = read_all(shop.store.root / "runs")[0]
    assert (caught.value.exit_code, record["state"], record["exit_code"]) == (4, "incomplete", 4)
    assert [a["name"] for a in record["aside"]] == ["2.csv"] and page(shop) and len(events(shop)) == 4
    deliver(shop, "2.csv", day(2))
    assert night(shop, "2026-01-03")["accounting"]["web"]["accepted"] == 4


def test_where_nothing_can_be_read_nothing_is_published(shop: Project) -> None:
    with pytest.raises(MissingInput, match="there is no event yet"):
        night(shop, "2026-01-02")
    deliver(shop, "1.csv", HEAD + "a,view,never\n")
    with pytest.raises(NothingAccepted, match="none of its 1 rows is an event"):
        night(shop, "2026-01-02")
    assert not (shop.directory / "reports").exists()


def test_an_empty_file_and_a_source_without_files_are_said_and_stop_nothing(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    deliver(shop, "2.csv", "")
    deliver(shop, "3.csv", HEAD)
    shop = configure(shop, '[[source]]\nname = "shop"\npath = "shop/*"\n')
    said: list[str] = []
    done = night(shop, "2026-01-02", tell=lambda _level, message, _facts: said.append(message))
    assert (done["state"], done["empty"]) == ("ok", ["2.csv", "3.csv"])
    assert any(line.startswith('shop: No file matches "shop/*"') for line in said)


def test_a_condition_on_what_did_not_occur_holds_not(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    done = night(shop, "2026-01-02", fail_on=["dropoff(refund) > 0.1"])
    assert done["state"] == "ok"
    assert done["warnings"] == [
        '--fail-on dropoff(refund) > 0.1: "refund" did not occur in the period, so the condition does not hold.'
    ]


def test_columns_that_vanished_are_told_in_the_record(shop: Project) -> None:
    shop = configure(shop, 'value = "v"\n')
    deliver(shop, "1.csv", "u,e,t,v\na,buy,2026-01-01,3\n")
    night(shop, "2026-01-02")
    deliver(shop, "2.csv", "u,e,t\na,buy,2026-01-02\n")
    done = night(shop, "2026-01-03")
    assert done["lacking"] == {"web": {"value": ["2.csv"]}}
    assert done["warnings"][0].startswith("web: 2.csv has no column for value, which other files of web had")


def test_one_stray_date_makes_no_later_night_late(shop: Project) -> None:
    for n in range(1, 11):
        deliver(shop, f"{n}.csv", day(n, extra="z,view,2027-01-01 10:00:00\n" if n == 5 else ""))
    shop.ingest()
    for n in (11, 12):
        deliver(shop, f"{n}.csv", day(n))
        assert night(shop, f"2026-01-{n + 1}")["accounting"]["web"]["accepted"] == 4
    deliver(shop, "late.csv", HEAD + "z,view,2026-01-08 10:00:00\nz,view,2026-01-09 10:00:00\n")
    assert night(shop, "2026-01-13")["accounting"]["web"]["reasons"] == {"too_late": 1}


def test_each_source_has_a_late_window_of_its_own(shop: Project) -> None:
    shop = configure(
        shop,
        '[[source]]\nname = "app"\npath = "app/*.csv"\ncolumns = { customer_id = "u", event = "e", event_at = "t" }\n',
    )
    (shop.directory / "app").mkdir()
    deliver(shop, "9.csv", day(9))
    (shop.directory / "app" / "1.csv").write_text(day(1))
    night(shop, "2026-01-10")
    (shop.directory / "app" / "2.csv").write_text(day(2))
    deliver(shop, "2.csv", day(2))
    with pytest.raises(GateFailed, match="web: 100.0% of 4 rows would be quarantined"):
        night(shop, "2026-01-10")
    done = night(
        configure(
            shop,
            '[gates]\nquarantine_share = 1.0\n[[source]]\nname = "app"\npath = "app/*.csv"\ncolumns = { customer_id = "u", event = "e", event_at = "t" }\n',
        ),
        "2026-01-10",
    )
    assert (done["accounting"]["app"]["accepted"], done["accounting"]["web"]["reasons"]) == (4, {"too_late": 4})


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ingest.loading.staging

    deliver(shop, "1.csv", day(1))
    night(shop, "2026-01-02")
    deliver(shop, "2.csv", day(2))
    honest, calls = ingest.loading.staging.stamp_of, []

    def growing(path: Path) -> tuple[int, int]:
        calls.append(path)
        return (honest(path)[0] + len(calls), 0)

    monkeypatch.setattr(ingest.loading.staging, "stamp_of", growing)
    assert night(shop, "2026-01-02")["growing"] == ["2.csv"]
    monkeypatch.setattr(ingest.loading.staging, "stamp_of", honest)
    assert night(shop, "2026-01-02")["accounting"]["web"]["accepted"] == 4


def test_the_manifest_and_the_metrics_record_the_run(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    done = night(shop, "2026-01-02")
    written = json.loads((shop.store.root / "runs" / f"{done['run_id']}.json").read_text())
    assert written["inputs"][0]["name"] == "1.csv" and written["accounting"]["web"]["rows"] == 4
    assert (
        'journeys_run_rows{source="web",kind="accepted"} 4' in (shop.store.root / "runs" / "metrics.prom").read_text()
    )
    assert difference({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}).to_pylist() == [
        {"key": "b.c", "first": "2", "second": "3"}
    ]


def test_every_line_of_the_json_log_carries_the_run(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    from pipeline.cli.nightly import teller

    deliver(shop, "1.csv", day(1))
    done = night(shop, "2026-01-05", tell=teller("json"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {line["run_id"] for line in lines} == {done["run_id"]}
    assert [line["stage"] for line in lines if line["message"].endswith(": started")] == [*done["stages"]]
    assert [line["level"] for line in lines if line["level"] != "info"] == ["warning"]  # stale for three days
    assert all(line["at"].endswith("+00:00") for line in lines)
    configure(shop, "[gates]\nquarantine_share = 0.0\n")
    deliver(shop, "2.csv", HEAD + "z,view,never\nz,view,2026-01-02\n")
    with pytest.raises(GateFailed):
        night(shop, "2026-01-05", tell=teller("json"))
    assert [json.loads(x)["level"] for x in capsys.readouterr().err.splitlines()][-1] == "error"


def test_a_night_holds_the_store_and_refuses_another(shop: Project) -> None:
    from concurrent.futures import ThreadPoolExecutor

    deliver(shop, "1.csv", day(1))
    with shop.store.lock(), ThreadPoolExecutor(1) as other:
        with pytest.raises(Locked):
            other.submit(night, shop, "2026-01-02").result()
        assert not (shop.store.root / "runs").exists()  # what is not run has no record
    assert night(shop, "2026-01-02")["state"] == "ok"


def test_a_night_seals_old_months_and_says_which(shop: Project) -> None:
    deliver(shop, "1.csv", day(1))
    shop = configure(shop, '[store]\nseal_after = "5d"\n')
    assert night(shop, "2026-01-02")["sealed"] == []
    deliver(shop, "2.csv", HEAD + "a,view,2026-02-07 10:00:00\n")
    assert night(shop, "2026-02-08")["sealed"] == ["2026-01"]
    assert [f.span for f in shop.store.snapshot().files] == ["2026-01", "2026-02-07"]
