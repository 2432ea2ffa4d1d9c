"""Loading: exactly once, in one commit, whatever the files are called and however they are split."""

from __future__ import annotations

import gzip
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.database import Database
from ingest.errors import ConfigError, Conflict, InputError, Locked, MissingInput, StoreError
from ingest.load import LoadOptions, load
from ingest.loading import inputs, merge, staging
from ingest.readers.sources import ReadOptions
from ingest.store.delta import publish, published_files, published_stamp
from ingest.store.event_store import EventStore
from ingest.store.set_aside import set_aside
from tests.filling import Filling

HEADER = "who,at,what\n"
DAYS = [f"2026-01-{d:02}" for d in range(1, 8)]


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def everything(shop: Filling) -> list[tuple[object, ...]]:
    table = shop.table()
    return shop.events(*[c for c in table.column_names if c != "recorded_input"])


# --- Exactly once --------------------------------------------------------------------------------------------------


def test_the_same_file_again_or_renamed_adds_nothing_and_says_so(shop):
    first = shop.take(shop.file("log.csv", HEADER + "ann,2026-01-15,a\n"))
    again = shop.take(shop.file("log.csv", HEADER + "ann,2026-01-15,a\n"))
    renamed = shop.take(shop.file("other.csv", HEADER + "ann,2026-01-15,a\n"))
    assert (first.known, again.known, renamed.known) == ((), ("log.csv",), ("other.csv",))
    assert (again.accounting["events"].rows, again.spans, again.version) == (0, (), first.version)
    assert shop.events("customer_id", "duplicates") == [("ann", 0)]


def test_the_same_bytes_twice_in_one_run_are_taken_in_once(shop):
    content = HEADER + "ann,2026-01-15,a\n"
    loaded = shop.take(shop.file("a.csv", content), shop.file("b.csv", content))
    assert (loaded.known, loaded.accounting["events"].rows) == (("b.csv",), 1)


def test_half_of_a_file_again_in_another_file_is_duplicates(shop):
    shop.csv(*(f"c{i},2026-01-15T{i:02}:00,a" for i in range(10)))
    book = shop.csv(*(f"c{i},2026-01-15T{i:02}:00,a" for i in range(5)), name="half.csv")
    assert (book.rows, book.accepted, book.duplicates) == (5, 0, 5)


def test_a_file_that_grew_adds_its_new_rows_only(shop):
    rows = [f"c{i},2026-01-15T{i:02}:00,a" for i in range(6)]
    shop.csv(*rows[:4])
    assert shop.csv(*rows).accepted == 2
    assert shop.events("customer_id") == [f"c{i}" for i in range(6)]


def test_a_load_is_one_commit_over_all_days_it_touches(shop):
    first = shop.csv(*(f"ann,{day},a" for day in DAYS))
    before = shop.store.snapshot()
    shop.csv(*(f"bob,{day},a" for day in DAYS[2:5]), name="b.csv")
    after = shop.store.snapshot()
    assert (first.accepted, after.version) == (7, before.version + 1)
    kept = {f.path for f in before.files} & {f.path for f in after.files}
    assert {p.parent.name for p in kept} == {f"span={d}" for d in (*DAYS[:2], *DAYS[5:])}
    assert [f.span for f in after.files] == DAYS
    assert before.rows == 7  # a snapshot never changes


def test_a_load_without_one_good_row_is_remembered_too(shop):
    book = shop.csv("ann,never,a")
    assert (book.accepted, shop.store.snapshot().files) == (0, ())
    assert shop.take(shop.file("again.csv", HEADER + "ann,never,a\n")).known == ("again.csv",)
    assert shop.bad("reason") == ["bad_timestamp"]


def test_a_day_that_is_merged_stays_sorted_and_each_event_in_it_once(shop):
    rows = [f"c{i % 7},2026-01-15T{i % 24:02}:{i % 60:02},e{i % 5}" for i in range(400)]
    for part in range(4):
        shop.csv(*rows[part * 90 : part * 90 + 130], name=f"{part}.csv")
    keys = [
        tuple(r.values())
        for r in shop.table().select(["customer_key", "event_at", "recorded_input", "recorded_row"]).to_pylist()
    ]
    assert keys == sorted(keys)
    whole = Filling(shop.root / "whole")
    whole.csv(*rows)
    assert (
        sorted(shop.events("customer_id", "event_at", "event", "duplicates"))[0][:3]
        == sorted(whole.events("customer_id", "event_at", "event"))[0]
    )
    assert set(shop.events("customer_id", "event_at", "event")) == set(whole.events("customer_id", "event_at", "event"))
    assert len(shop.events("event")) == len(whole.events("event"))


# --- Many files ----------------------------------------------------------------------------------------------------


def day_files(shop: Filling, packed: bool = False) -> list[object]:
    """Small files with every kind of trouble among them."""
    rng = random.Random(3)
    files = []
    for n, day in enumerate(DAYS * 3):
        rows = [
            f"c{rng.randrange(9)},{day} {rng.randrange(24):02}:00,{rng.choice(['a', 'b', ''])}"
            for _ in range(rng.randrange(12))
        ]
        rows += (
            ['"x\ny",2026-01-03,"multi\nline"'] * (n == 4)
            + ["", ""] * (n == 5)
            + ["ragged,row"] * (n == 6)
            + ['z,"open'] * (n == 7)
        )
        text = ("at,what,who\n" if n == 8 else HEADER) + "\n".join(rows) + ("\n" if n % 2 else "")
        content = text.encode() + b"\xff,bad,bytes\n" * (n == 9)
        name = f"day-{n}.csv"
        files.append(shop.file(name + ".gz", gzip.compress(content)) if packed and n % 3 else shop.file(name, content))
    return files


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "some packed"])
def test_small_files_read_together_are_what_they_are_one_by_one(tmp_path, monkeypatch, packed):
    together, alone, nightly = (Filling(tmp_path / name) for name in ("together", "alone", "nightly"))
    one = together.book(together.take(*day_files(together, packed)))
    with monkeypatch.context() as patched:
        patched.setattr(staging, "TOGETHER", 1)
        other = alone.book(alone.take(*day_files(alone, packed)))
    books = [nightly.book(nightly.take(file)) for file in day_files(nightly, packed)]
    assert one == other
    assert one.rows == sum(b.rows for b in books)
    assert one.quarantined.keys() >= {"unreadable_row", "missing_event"}
    assert together.table().drop_columns(["customer_key"]).equals(alone.table().drop_columns(["customer_key"]))
    assert together.table().equals(nightly.table())
    faults = ("input", "record", "line", "reason", "detail", "raw")
    assert together.bad(*faults) == alone.bad(*faults) == nightly.bad(*faults)


def test_files_of_many_layouts_in_one_run(shop):
    loaded = shop.take(
        shop.file("1.csv", HEADER + "ann,2026-01-15,a\n"),
        shop.file("2.csv", "what;who;at\na;bob;2026-01-15\n"),
        shop.file("3.ndjson", '{"who":"cy","at":"2026-01-15","what":"a"}\n'),
        shop.file("4.csv", HEADER + "dan,2026-01-15,a\n"),
    )
    assert loaded.accounting["events"].accepted == 4
    assert shop.events("recorded_input", "customer_id") == [
        ("00011.csv", "ann"),
        ("00012.csv", "bob"),
        ("00013.ndjson", "cy"),
        ("00014.csv", "dan"),
    ]


def test_a_source_that_keeps_copies_keeps_them_when_another_source_fills_the_same_day(shop):
    twice = shop.file("a.csv", "who,at,what\nann,2026-01-15,a\nann,2026-01-15,a\n")
    assert shop.book(shop.take(twice, name="plain", deduplicate="off")).accepted == 2
    other = shop.file("b.csv", "who,at,what\nbob,2026-01-15,a\nbob,2026-01-15,a\n")
    book = shop.book(shop.take(other, name="other"))
    assert (book.accepted, book.duplicates, shop.events("customer_id")) == (1, 1, ["ann", "ann", "bob"])


@pytest.mark.parametrize("together", [0, 200_000])
def test_rows_of_one_place_are_stored_in_an_order_of_their_own_whichever_file_comes_first(
    tmp_path, monkeypatch, together
):
    monkeypatch.setattr(merge, "TOGETHER", together)
    tables = []
    for names in (("a", "b"), ("b", "a")):
        shop = Filling(tmp_path / "".join(names))
        files = [shop.file(f"{n}/log.csv", f"who,at,what\nann,2026-01-15,{n}\nann,2026-01-15,{n * 2}\n") for n in names]
        shop.take(*(replace(f, name="log.csv") for f in files))
        tables.append(shop.table())
    assert tables[0].num_rows == 4
    assert tables[0].equals(tables[1])


def test_the_order_of_files_is_the_natural_order_of_their_names(shop):
    same = "ann,2026-01-15T10:00,"
    shop.take(*(shop.file(f"{n}.csv", HEADER + f"{same}e{n}\n") for n in (10, 9, 100, 1)))
    assert shop.events("event") == ["e1", "e9", "e10", "e100"]


def test_a_file_that_still_grows_is_left_for_the_next_load(shop, monkeypatch):
    growing, done = (
        shop.file("growing.csv", HEADER + "ann,2026-01-15,a\n"),
        shop.file("done.csv", HEADER + "bob,2026-01-15,a\n"),
    )
    read = staging.stage_files

    def slow(db: Database, source: inputs.Source, files: list[inputs.InputFile], done: inputs.Staged) -> None:
        read(db, source, files, done)
        with growing.path.open("a") as handle:
            handle.write("cy,2026-01-15,a\n")

    monkeypatch.setattr(staging, "stage_files", slow)
    loaded = shop.take(growing, done)
    assert (loaded.growing, loaded.accounting["events"].rows, shop.events("customer_id")) == (
        ("growing.csv",),
        1,
        ["bob"],
    )
    monkeypatch.undo()
    assert shop.book(shop.take(growing, done)).accepted == 2
    assert sorted(shop.events("customer_id")) == ["ann", "bob", "cy"]


# --- Writers -------------------------------------------------------------------------------------------------------


def test_of_two_writers_on_one_base_the_second_has_a_conflict(shop):
    shop.csv("ann,2026-01-15,a")
    base = shop.store.snapshot()
    shop.store.commit(base, [], [], {}, {"run_id": "first"})
    with pytest.raises(Conflict, match=r"another run committed .* first; nothing of this one was written"):
        shop.store.commit(base, [], [], {}, {"run_id": "second"})


def test_a_load_that_lost_its_race_tries_again_on_the_new_base(shop, monkeypatch):
    shop.csv("ann,2026-01-15,a", "ann,2026-01-15,b")
    commit, other = EventStore.commit, shop.file("other.csv", HEADER + "bob,2026-01-15,a\nzed,never,a\n")
    lost: list[int] = []

    def too_late(store: EventStore, *args: object) -> int:
        if not lost:
            lost.append(1)
            commit(store, shop.store.snapshot(), [], [], {}, {"run_id": "somebody"})
        return commit(store, *args)

    monkeypatch.setattr(EventStore, "commit", too_late)
    book = shop.book(shop.take(other))
    assert (book.accepted, book.quarantined, lost) == (1, {"bad_timestamp": 1}, [1])
    assert sorted(shop.events("customer_id")) == ["ann", "ann", "bob"]
    assert shop.bad("raw") == ['{"who":"zed","at":"never","what":"a"}']
    assert shop.orphans() == []


def test_a_file_that_the_other_writer_took_in_meanwhile_is_known(shop, monkeypatch):
    shop.csv("ann,2026-01-15,a")
    commit, other = EventStore.commit, shop.file("other.csv", HEADER + "bob,2026-01-15,a\n")
    lost: list[int] = []

    def too_late(store: EventStore, base: object, removed: object, added: object, inputs: object, facts: object) -> int:
        if not lost:
            lost.append(1)
            commit(store, shop.store.snapshot(), [], [], inputs, facts)
        return commit(store, base, removed, added, inputs, facts)

    monkeypatch.setattr(EventStore, "commit", too_late)
    assert shop.take(other).known == ("other.csv",)
    assert shop.orphans() == []


def test_after_three_lost_races_the_load_gives_up_and_leaves_nothing(shop, monkeypatch):
    shop.csv("ann,2026-01-15,a")
    monkeypatch.setattr(EventStore, "commit", lambda *_: (_ for _ in ()).throw(Conflict("lost")))
    with pytest.raises(Conflict):
        shop.take(shop.file("b.csv", HEADER + "bob,2026-01-15,a\nbob,never,a\n"))
    monkeypatch.undo()
    shop.csv("cy,2026-01-15,a", name="c.csv")
    assert (sorted(shop.events("customer_id")), shop.bad("raw"), shop.orphans()) == (["ann", "cy"], [], [])


def test_one_writer_at_a_time(shop):
    with shop.store.lock(), ThreadPoolExecutor(1) as other:
        with pytest.raises(Locked, match=r"another run is writing to this store \(process \d+\)"):
            other.submit(shop.csv, "ann,2026-01-15,a").result()
        assert shop.csv("ann,2026-01-15,a").accepted == 1  # who holds the lock may write
    assert shop.csv("bob,2026-01-15,a", name="b.csv").accepted == 1


# --- Files that make no sense --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, content, message",
    [
        (
            "cut.csv.gz",
            gzip.compress(HEADER.encode() * 99, mtime=0)[:40],
            "cut.csv.gz is cut off: its gzip data ends too early; nothing of it was loaded. Fetch the file again.",
        ),
        (
            "page.csv",
            b"<html><body>Please sign in</body></html>",
            "page.csv is an HTML page, no data: often the answer of a server that wanted a login, or reports an error. Fetch it again.",
        ),
        ("bad.parquet", b"PAR1 no", "bad.parquet is not a readable  Parquet file; nothing of it was loaded."),
        (
            "sheet.xlsx",
            b"PK\x03\x04....",
            "sheet.xlsx is not a readable  ZIP archive or Excel workbook: File is not a zip file. Fetch it again.",
        ),
    ],
)
def test_a_file_that_cannot_be_read_stops_itself_and_is_tried_again_when_it_changes(shop, name, content, message):
    good, bad = shop.file("a.csv", HEADER + "ann,2026-01-15,a\n"), shop.file(name, content)
    with pytest.raises(InputError) as caught:
        shop.take(bad)
    assert str(caught.value).startswith(message)
    assert not shop.store.exists
    loaded = shop.take(good, bad)
    assert shop.book(loaded).accepted == 1
    assert [(a.name, str(a.error).startswith(message)) for a in loaded.aside] == [(name, True)]
    assert [n["name"] for n in set_aside(shop.store.root)] == [name]
    mended = shop.take(shop.file(name, HEADER + "bob,2026-01-15,a\n"), read=ReadOptions(format="csv"))
    assert shop.book(mended).accepted == 1 and set_aside(shop.store.root) == []
    assert shop.events("customer_id") == ["ann", "bob"]


def test_a_header_without_rows_is_a_file_with_nothing_in_it(shop):
    book = shop.csv()
    assert (book.rows, book.accepted, book.quarantined) == (0, 0, {})


def test_a_wrong_delimiter_is_told(shop):
    with pytest.raises(
        InputError,
        match=r'split at ";" the header has a single column, "who,at,what"; it looks like text separated by commas',
    ):
        shop.csv("ann,2026-01-15,a", read=ReadOptions(delimiter=";"))


def test_bad_bytes_and_broken_quotes_cost_their_own_rows_only(shop):
    lines = [
        b"ann,2026-01-15,a",
        b"b\xffb,2026-01-15,a",
        b'cy,"2026-01-15,a',
        b"dan,2026-01-15",
        b"e\x00e,2026-01-15,a",
        b"",
        b"fay,2026-01-15,a",
    ]
    book = shop.book(shop.take(shop.file("log.csv", HEADER.encode() + b"\n".join(lines) + b"\n")))
    assert sorted(shop.events("customer_id")) == ["ann", "e\x00e", "fay"]
    assert shop.bad("line", "detail") == [
        (3, "not valid UTF-8"),
        (4, "a quote is opened and never closed"),
        (5, "2 fields where the header has 3"),
    ]
    assert book.rows == 6


@pytest.mark.parametrize("faulty", ['{"bro', "[1, 2]", '{"who": "x", "at": "2026-01-15"'])
def test_a_broken_line_of_ndjson_costs_itself_only(shop, faulty):
    good = '{"who": "ann", "at": "2026-01-15 10:30:15", "what": "a", "list": [1, 2]}'
    numbered = '{"who": "bob", "at": 1768473015, "what": "b"}'
    book = shop.book(shop.take(shop.file("log.ndjson", f"{good}\n{faulty}\n{numbered}\n")))
    assert (book.accepted, book.quarantined) == (2, {"unreadable_row": 1})
    assert shop.events("customer_id", "event_at") == [("ann", "2026-01-15T10:30:15"), ("bob", "2026-01-15T10:30:15")]
    assert shop.bad("record", "line", "raw") == [(2, 2, faulty)]


def test_a_missing_file_a_folder_and_a_locked_one_are_missing_input(shop, monkeypatch):
    for file, message in (
        (shop.root / "none.csv", "There is no file"),
        (shop.root, "is a directory; name its files, for example"),
    ):
        with pytest.raises(MissingInput, match=message):
            shop.take(inputs.InputFile(path=file, name="x"))
    file = shop.file("a.csv", HEADER)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(MissingInput, match=r'No permission to read .*; allow it, for example with "chmod a\+r"'):
        shop.take(file)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "shop").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot create the store at .*/shop/store: Not a directory"):
        load(EventStore(tmp_path / "shop" / "store"), [], LoadOptions())


def test_a_folder_may_have_any_name(tmp_path):
    shop = Filling(tmp_path / "my shop 100 % ? [x] ü 'q\" #1 a=b")
    shop.csv("ann,2026-01-15,a", "bob,never,a")
    shop.csv("cy,2026-01-15,a", name="it's [b] *.csv")
    assert (sorted(shop.events("customer_id")), shop.bad("reason"), shop.orphans()) == (
        ["ann", "cy"],
        ["bad_timestamp"],
        [],
    )


@pytest.mark.parametrize(
    "name", ["x[y", "x]y", "x^y", "x|y", "x?y", "x#y", "x:y", "x\\y", "x%41y", "x%2Fy", "a\nb", "ü"]
)
def test_a_folder_may_have_a_name_that_a_library_takes_for_a_url(tmp_path, name):
    shop = Filling(tmp_path / name)
    shop.csv("ann,2026-01-15,a", "bob,never,a")
    shop.csv("cy,2026-01-16,a")
    assert (sorted(shop.events("customer_id")), shop.bad("reason")) == (["ann", "cy"], ["bad_timestamp"])
    assert (shop.orphans(), [p.name for p in tmp_path.iterdir()]) == ([], [name])

    table = shop.store.root / "sessions"
    rows = pa.table({"day": ["2026-01-15", "2026-01-16", "2026-01-15"], "n": [1, 2, 3]})
    publish(table, rows, "day", {"rules": "a"})
    publish(table, rows.slice(1, 1), "day", {"rules": "b"}, since="2026-01-16")
    assert [pq.read_table(f, partitioning=None)["n"].to_pylist() for f in published_files(table)] == [[1, 3], [2]]
    assert published_stamp(table)["rules"] == "b"


def test_a_published_table_is_replaced_with_its_columns_and_what_is_replaced_is_kept_for_a_while(tmp_path):
    table = tmp_path / "sessions"
    publish(table, pa.table({"day": ["2026-01-15"], "n": [1]}), "day", {})
    old = published_files(table)
    publish(table, pa.table({"day": ["2026-01-15", "2026-01-14"], "m": ["x", "y"]}), "day", {})
    assert [pq.read_table(f, partitioning=None).to_pydict() for f in published_files(table)] == [
        {"m": ["y"]},
        {"m": ["x"]},
    ]
    assert old[0].exists()
    assert not set(old) & set(published_files(table))


def test_a_publication_that_fails_leaves_no_files_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(pq, "write_table", raising(OSError(28, "No space left on device"), after=1))
    with pytest.raises(OSError, match="No space"):
        publish(tmp_path / "sessions", pa.table({"day": ["2026-01-15", "2026-01-16"], "n": [1, 2]}), "day", {})
    assert list((tmp_path / "sessions").rglob("*.parquet")) == []


def raising(error: BaseException, after: int):
    """`pq.write_table` that fails after so many files."""
    left, write = [None] * after, pq.write_table

    def failing(*args, **how):
        if not left:
            raise error
        left.pop()
        write(*args, **how)

    return failing


def test_a_mapping_that_does_not_fit_names_the_file(shop):
    with pytest.raises(ConfigError, match=r'^b.csv: no column "what" for event; the columns are who, at'):
        shop.take(shop.file("b.csv", "who,at\nann,2026-01-15\n"))
    assert not shop.store.exists


def test_a_relative_place_is_a_place_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shop = Filling(Path())
    for name in "ab":
        shop.csv(f"{name},2026-01-15,a", "x,never,a", name=f"{name}.csv")
    shop.store.begin(
        [], [shop.store.new_file("2026-01-15", "left"), shop.store.root / "quarantine" / "part-left.parquet"]
    )
    shop.csv("c,2026-01-15,a", name="c.csv")
    assert (sorted(shop.events("customer_id")), shop.bad("reason"), shop.orphans()) == (
        ["a", "b", "c"],
        ["bad_timestamp"] * 2,
        [],
    )
