"""Days that grew too old: what leaves, whose events change hands by it, what stays away, and that the books balance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from ingest.identity.rules import SHARED_DEVICE, IdentityRules
from ingest.loading.aged import Aged, age_out, blank_aged
from ingest.loading.seal import seal
from ingest.readers.files import natural_key
from ingest.store.quarantine import Quarantine
from tests.cases import cases
from tests.filling import Filling
from tests.ingest.identity.test_stitching import COLUMNS, HEADER
from tests.oracles.identity import Row, owners

RULES = IdentityRules(stitch_lookback=timedelta(days=1))
DETAIL = "older than [store] keep"


def aged_to(filling: Filling, before: str, rules: IdentityRules = RULES) -> Aged:
    with filling.store.lock():
        return age_out(filling.store, date.fromisoformat(before), "1 month", rules, "night-1")


def deliver(filling: Filling, name: str, *lines: str, rules: IdentityRules = RULES, **how: object) -> None:
    file = filling.file(name, "\n".join([HEADER, *lines]) + "\n")
    filling.book(filling.take(file, columns=COLUMNS, identity=rules, **how))


def balanced(filling: Filling) -> bool:
    """Every row that was read is an event, a copy, in the quarantine, or has grown too old."""
    snapshot = filling.store.snapshot()
    bad = Quarantine(filling.store.root).count()
    assert snapshot.duplicates == filling.store.duplicates(snapshot) and sum(snapshot.quarantined.values()) == bad
    return snapshot.rows_read == snapshot.rows + snapshot.duplicates + bad + snapshot.aged


LOG = (
    "2026-01-30T12:00,ann,d1,a",
    "2026-01-30T12:00,ann,d1,a",
    "2026-01-31T12:00,,d1,b",
    "2026-02-01T00:00,,d1,c",
    "2026-02-02T12:00,bob,d2,d",
    "no time,ann,d1,e",
)


def test_whole_days_before_the_bound_leave_and_the_books_say_how_many_rows(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    deliver(filling, "a.csv", *LOG)
    found = aged_to(filling, "2026-02-01")
    assert (found.events, list(found.days)) == (2, ["2026-01-30", "2026-01-31"])
    assert filling.events("event") == ["c", "d"]
    assert filling.store.snapshot().aged == 3 and balanced(filling)
    assert filling.store.snapshot().kept == {"from": "2026-02-01", "keep": "1 month"}


def test_a_link_that_leaves_makes_later_events_of_its_device_nobodys(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    deliver(filling, "a.csv", *LOG)
    assert filling.events("event", "owner_id")[2] == ("c", "ann")
    aged_to(filling, "2026-02-01")
    assert filling.events("event", "owner_id") == [("c", None), ("d", None)]


def test_a_month_in_which_the_kept_time_begins_is_written_anew_without_its_older_days(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    deliver(filling, "a.csv", *LOG)
    seal(filling.store, date(2026, 3, 1))
    aged_to(filling, "2026-01-31")
    assert [f.span for f in filling.store.snapshot().files] == ["2026-01", "2026-02"]
    assert filling.events("event", "owner_id") == [("b", None), ("c", None), ("d", None)]
    assert balanced(filling)
    assert aged_to(filling, "2026-01-31").events == 0


def test_rows_of_days_that_left_are_too_late_say_why_and_keep_no_content(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    deliver(filling, "a.csv", *LOG)
    aged_to(filling, "2026-02-01")
    book = filling.book(
        filling.take(
            filling.file("again.csv", "\n".join([HEADER, *LOG, "2026-02-03T12:00,cid,,f", ",,,"]) + "\n"),
            columns=COLUMNS,
            identity=RULES,
            kept_from=date(2026, 2, 1),
        )
    )
    assert (book.aged, book.quarantined["too_late"], book.duplicates, book.accepted) == (3, 3, 2, 1)
    assert filling.events("event") == ["c", "d", "f"] and balanced(filling)
    late = [(d, raw) for r, d, raw in filling.bad("reason", "detail", "raw") if r == "too_late"]
    assert late == [(DETAIL, None)] * 3


def test_a_file_of_which_days_left_can_be_read_anew_and_the_books_still_balance(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    deliver(filling, "a.csv", *LOG)
    aged_to(filling, "2026-02-01")
    deliver(filling, "a.csv", *LOG, again=True, kept_from=date(2026, 2, 1))
    assert filling.events("event") == ["c", "d"] and balanced(filling)
    assert filling.store.snapshot().aged == 0 and filling.store.snapshot().quarantined["too_late"] == 3
    assert filling.store.snapshot().ledger.aged == {}


def test_a_quarantined_row_loses_its_content_with_the_last_event_of_its_file(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    deliver(filling, "a.csv", *LOG)
    deliver(filling, "b.csv", "2026-01-31T13:00,zoe,,x", "no time,zoe,,y")
    deliver(filling, "c.csv", "2026-02-20T12:00,cid,,x", "no time,cid,,y")
    aged_to(filling, "2026-02-01")
    assert blank_aged(filling.store) == 1
    assert [(i, raw is None) for i, raw in filling.bad("input", "raw")] == [
        ("a.csv", False),
        ("b.csv", True),
        ("c.csv", False),
    ]
    assert blank_aged(filling.store) == 0 and balanced(filling)


def test_a_first_link_that_leaves_writes_no_day_anew_on_which_owners_stay(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    for day in range(1, 8):
        deliver(filling, f"{day}.csv", f"2026-01-0{day}T11:00,,d1,a", f"2026-01-0{day}T12:00,ann,d1,b")
    before = {f.span: f.path for f in filling.store.snapshot().files}
    aged_to(filling, "2026-01-03")
    assert {f.span: f.path for f in filling.store.snapshot().files} == {
        s: p for s, p in before.items() if s > "2026-01-02"
    }
    assert filling.events("owner_id") == ["ann", None] * 5


WHO, DEVICES = st.sampled_from(["ann", "bob", None]), st.sampled_from(["d1", "d2", None])
ROWS = st.lists(st.tuples(st.integers(0, 5), WHO, DEVICES), min_size=1, max_size=8)
START = datetime(2026, 1, 29, tzinfo=UTC)  # the third day is another month's


@cases(8)
@given(
    rows=ROWS,
    runs=st.lists(st.integers(0, 2), min_size=10, max_size=10),
    bounds=st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)),
    rule=st.sampled_from(SHARED_DEVICE),
    most=st.sampled_from([1, 20]),
    sealed=st.booleans(),
)
def test_the_owners_of_what_stays_are_those_of_a_store_that_never_read_the_rest(
    rows: list[tuple[int, str | None, str | None]],
    runs: list[int],
    bounds: tuple[int, int, int],
    rule: str,
    most: int,
    sealed: bool,
) -> None:
    rules = IdentityRules(shared_device=rule, max_owners=most, stitch_lookback=timedelta(days=1))
    log = [(day, who if who or device else "ann", device) for day, who, device in rows]
    files = {
        run: [(n, *row) for n, (r, row) in enumerate(zip(runs, log, strict=False)) if r == run] for run in range(3)
    }
    with TemporaryDirectory() as folder:
        filling, bar = Filling(Path(folder)), 0
        for run, lines in files.items():
            kept_from = (START + timedelta(days=bar)).date() if bar else None
            texts = [
                f"{START + timedelta(days=d, minutes=n):%Y-%m-%dT%H:%M},{w or ''},{v or ''},{n}" for n, d, w, v in lines
            ]
            if texts:
                deliver(filling, f"{run}.csv", *texts, rules=rules, kept_from=kept_from)
            if filling.store.exists:
                if sealed:
                    seal(filling.store, date(2026, 2, 1))
                bar = max(bar, bounds[run])
                aged_to(filling, str((START + timedelta(days=bar)).date()), rules)
        told = [
            Row((START + timedelta(days=d, minutes=n), natural_key(f"{run}.csv"), i), w, v)
            for run, lines in files.items()
            for i, (n, d, w, v) in enumerate(lines)
            if d >= bar
        ]
        expected = dict(zip((r.place for r in told), owners(told, rule, rules.stitch_lookback, most, {}), strict=True))
        found = {
            (r["event_at"], r["recorded_input"], r["recorded_row"]): r["owner_id"] or r["customer_id"]
            for r in filling.table().to_pylist()
        }
        assert found == expected
        assert balanced(filling) and filling.orphans() == []
