"""Files that are read anew: in one commit what came of them goes and the new rows come, and full equals incremental."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ingest.errors import InputError
from ingest.load import InputFile
from ingest.store.event_store import EventStore
from ingest.store.quarantine import Quarantine
from tests.cases import cases
from tests.filling import COLUMNS, Filling

HEADER = "who,at,what\n"
BROKEN = {**COLUMNS, "event": "who"}


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def balanced(shop: Filling) -> bool:
    """Every row that the store says it read is an event, a copy, or in the quarantine."""
    snapshot = shop.store.snapshot()
    bad = Quarantine(shop.store.root).count()
    assert sum(snapshot.quarantined.values()) == bad
    assert snapshot.duplicates == shop.store.duplicates(snapshot)
    return snapshot.rows_read == snapshot.rows + snapshot.duplicates + bad


def test_what_came_of_a_file_goes_and_what_is_read_now_comes(shop):
    other = shop.file("other.csv", HEADER + "zoe,2026-01-15,a\n")
    file = shop.file("1.csv", HEADER + "ann,2026-01-15,a\nbob,2026-01-16,a\nbob,never,a\n")
    shop.take(other, file, columns=BROKEN)
    before = shop.store.snapshot()
    loaded = shop.take(file, again=True)
    assert shop.events("customer_id", "event") == [("ann", "a"), ("zoe", "zoe"), ("bob", "a")]
    assert (loaded.anew, loaded.version) == (("1.csv",), before.version + 1)
    assert shop.bad("reason") == ["bad_timestamp"] and balanced(shop) and shop.orphans() == []
    assert shop.take(file).remapped == ()


def test_days_that_nothing_is_left_of_are_gone(shop):
    shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,a\nann,2026-01-16,a\n"))
    shop.take(shop.file("1.csv", HEADER + "ann,2026-01-16,a\n"), again=True)
    assert [f.span for f in shop.store.snapshot().files] == ["2026-01-16"] and balanced(shop)


def test_of_a_name_that_came_twice_all_goes(shop):
    for rows in ("ann,2026-01-15,a\n", "ann,2026-01-15,a\nann,2026-01-15,b\n"):
        shop.take(shop.file("1.csv", HEADER + rows))
    shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,c\n"), again=True)
    assert shop.events("event", "duplicates") == [("c", 0)] and balanced(shop)


def test_a_renamed_file_takes_the_place_of_the_one_it_was(shop):
    content = HEADER + "ann,2026-01-15,a\n"
    shop.take(shop.file("old.csv", content))
    shop.take(shop.file("new.csv", content), again=True)
    assert shop.events("recorded_input", "duplicates") == [("new.csv", 0)] and balanced(shop)


def test_a_copy_that_another_file_delivered_comes_back(shop):
    first = shop.file("1.csv", HEADER + "ann,2026-01-15,a\nbob,2026-01-15,a\n")
    shop.take(first)
    shop.take(shop.file("2.csv", HEADER + "ann,2026-01-15,a\ncy,2026-01-15,a\n"))
    loaded = shop.take(shop.file("1.csv", HEADER + "dan,2026-01-15,a\n"), again=True)
    assert loaded.anew == ("1.csv", "2.csv")
    assert shop.events("recorded_input", "customer_id") == [
        ("00011.csv", "dan"),
        ("00012.csv", "ann"),
        ("00012.csv", "cy"),
    ]
    assert balanced(shop)


def test_where_a_file_with_copies_is_gone_nothing_is_read_anew(shop):
    first, second = (shop.file(f"{n}.csv", HEADER + f"ann,2026-01-15,a\nc{n},2026-01-15,a\n") for n in (1, 2))
    shop.take(first)
    shop.take(second)
    second.path.unlink()
    with pytest.raises(
        InputError, match=r"1.csv cannot be read anew alone: 2.csv has copies of its rows, and 2.csv is not"
    ):
        shop.take(first, again=True)
    second.path.write_text(HEADER + "other,2026-01-15,a\n")
    with pytest.raises(InputError, match="2.csv has other bytes than those that were loaded"):
        shop.take(first, again=True)
    assert len(shop.events("event")) == 3
    shop.take(first, second, again=True)
    assert sorted(shop.events("customer_id")) == ["ann", "c1", "other"] and balanced(shop)


def test_a_file_that_cannot_be_read_now_leaves_what_came_of_it(shop):
    shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,a\n"))
    good = shop.file("2.csv", HEADER + "bob,2026-01-15,a\n")
    shop.take(good, shop.file("1.csv", HEADER + "ann,never,a\n"), again=True, keep_faulty=False)
    assert shop.events("customer_id") == ["ann", "bob"] and balanced(shop)


def test_replace_lets_a_file_take_the_place_of_what_came_under_its_name(shop):
    shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,a\nbob,2026-01-15,a\n"), redelivery="replace")
    loaded = shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,b\n"), redelivery="replace")
    assert (loaded.anew, loaded.redelivered) == (("1.csv",), ())
    assert shop.events("event") == ["b"] and balanced(shop)
    assert shop.take(shop.file("1.csv", HEADER + "ann,2026-01-15,b\n"), redelivery="replace").known == ("1.csv",)


def test_a_crash_after_the_commit_leaves_no_row_of_what_went_in_the_quarantine(shop, monkeypatch):
    file = shop.file("1.csv", HEADER + "ann,2026-01-15,a\nann,never,a\n")
    shop.take(file)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Quarantine, "forget", crash)
        with pytest.raises(KeyboardInterrupt):
            shop.take(file, again=True)
    shop.take(shop.file("2.csv", HEADER + "bob,2026-01-15,a\n"))
    assert shop.bad("reason") == ["bad_timestamp"] and balanced(shop)


def test_a_crash_before_the_commit_leaves_everything(shop, monkeypatch):
    file = shop.file("1.csv", HEADER + "ann,2026-01-15,a\nann,never,a\n")
    shop.take(file)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EventStore, "commit", crash)
        with pytest.raises(KeyboardInterrupt):
            shop.take(file, again=True)
    shop.take(shop.file("2.csv", HEADER + "bob,2026-01-15,a\n"))
    assert shop.bad("reason") == ["bad_timestamp"] and shop.events("customer_id") == ["ann", "bob"] and balanced(shop)


rows = st.lists(st.tuples(st.sampled_from("abc"), st.integers(15, 17), st.sampled_from("xy?")), min_size=1, max_size=5)


def lines(of: list[tuple[str, int, str]]) -> str:
    return HEADER + "".join(f"{who},{'never' if what == '?' else f'2026-01-{day}'},{what}\n" for who, day, what in of)


@settings(cases(6), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(rows, min_size=2, max_size=4), again=st.integers(0, 3), new=rows)
def test_a_store_with_a_file_read_anew_is_the_store_that_never_read_it_before(tmp_path_factory, files, again, new):
    one, other = Filling(tmp_path_factory.mktemp("one")), Filling(tmp_path_factory.mktemp("other"))
    again %= len(files)
    assume(lines(new) not in map(lines, files))
    for n, file in enumerate(files):
        one.take(one.file(f"{n}.csv", lines(file)))
    one.take(one.file(f"{again}.csv", lines(new)), again=True)
    for n, file in enumerate([*files[:again], new, *files[again + 1 :]]):
        taken: InputFile = other.file(f"{n}.csv", lines(file))
        other.take(taken)
        one.take(one.file(f"{n}.csv", lines(file)))  # what was known by the bytes that went is new now
    columns = ("customer_id", "event_at", "event", "recorded_input", "recorded_row", "duplicates")
    assert one.events(*columns) == other.events(*columns)
    assert one.bad("input", "record", "reason") == other.bad("input", "record", "reason")
    assert balanced(one) and balanced(other) and one.store.snapshot().rows_read == other.store.snapshot().rows_read
