"""Many nights: plainly, with files that come late and out of order, with runs that are killed, with every file twice.

The store ends row for row the same, and the page byte for byte.
"""

from __future__ import annotations

import random
import re
import tarfile
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.errors import SetAside
from pipeline.api import Project
from pipeline.nightly.manifests import read_all
from pipeline.nightly.night import RunOptions, run_night
from tests.faults.nights import Victim, victim
from tests.pipeline.nightly.deliveries import End, differences, end_of, nights, plain, shuffled, twice

ARCHIVE = Path(__file__).parents[4] / "shared" / "data" / "online_retail_by_day.tar.gz"
CONFIG = """
[project]
goal = ["purchase"]
currency = "GBP"
[store]
retain = "0s"
seal_after = "%s"
[gates]
quarantine_share = 1.0
[[source]]
name = "shop"
path = "inbox/*.csv"
columns = { %s }
[[funnel]]
name = "again"
steps = ["purchase", "purchase"]
window = "14d"
"""
RETAIL = 'event_at = "InvoiceDate", customer_id = "CustomerID", event = { constant = "purchase" }, order_id = "InvoiceNo", item_id = "StockCode", price = "UnitPrice", quantity = "Quantity"'
MADE_UP = 'event_at = "t", customer_id = "u", event = "e", order_id = "o", value = "v"'
KILLED_EVERY = 10


def made_up(days: int) -> dict[date, bytes]:
    """A small shop with bad rows, copies, visits over midnight, and orders of several rows."""
    rng = random.Random(5)
    found = {}
    for n in range(days):
        day = date(2025, 12, 27) + timedelta(days=n)
        rows = ["u,e,t,o,v"]
        for i in range(30):
            who, event = f"c{rng.randrange(25)}", rng.choice(["view", "view", "add_to_cart", "purchase"])
            at = f"{day}T{rng.choice([0, 9, 10, 23]):02}:{rng.randrange(60):02}:00"
            rows.append(f"{who},{event},{at},{f'o{n // 2}-{rng.randrange(9)}' if event == 'purchase' else ''},{i}.25")
        rows += [rows[3], f",view,{day},,", "x,view,never,,"]
        found[day] = ("\n".join(rows) + "\n").encode()
    return found


def retail(days: int | None) -> dict[date, bytes]:
    """One file a day of a real shop."""
    if not ARCHIVE.exists():
        pytest.skip(f"{ARCHIVE.name} is not beside this checkout (../shared/data)")
    with tarfile.open(ARCHIVE) as archive:
        members = sorted((m for m in archive.getmembers() if m.name.endswith(".csv")), key=lambda m: m.name)[:days]
        return {date.fromisoformat(Path(m.name).stem): archive.extractfile(m).read() for m in members}  # type: ignore[union-attr]


def killer(folder: Path, process: Victim, every: int) -> tuple[list[int], object]:
    """Kill each so-manieth night at a random moment before it is done plainly."""
    rng = random.Random(every)
    codes: list[int] = []

    def before(n: int, as_of: str) -> None:
        if n % every == every - 1:
            codes.append(process.night(folder, as_of, kill_after=rng.uniform(0.05, 1.2)))

    return codes, before


def check(tmp_path: Path, config: str, files: Mapping[date, bytes], *, kill_every: int = KILLED_EVERY) -> End:
    """All four ways; each in a folder of the same name, which the page shows."""
    expected = end_of(nights(tmp_path / "plain" / "shop", config, plain(files)))
    late = end_of(nights(tmp_path / "shuffled" / "shop", config, shuffled(files, random.Random(7))))
    assert list(differences(expected, late)) == [], "late and out of order"
    again = end_of(nights(tmp_path / "twice" / "shop", config, twice(files)))
    assert list(differences(expected, again)) == [], "every file twice"
    with victim(tmp_path / "log") as process:
        folder = tmp_path / "killed" / "shop"
        codes, before = killer(folder, process, kill_every)
        killed = end_of(nights(folder, config, plain(files), before))  # type: ignore[arg-type]
    assert list(differences(expected, killed)) == [], "killed and done again"
    assert -9 in codes
    return expected


def test_any_nights_end_in_one_store_and_one_page(tmp_path):
    end = check(tmp_path, CONFIG % ("1d", MADE_UP), made_up(9), kill_every=3)
    assert (end.books[0], end.spans[0], len(end.quarantine)) == (9 * 30, "2025-12", 18)


def test_the_first_weeks_of_a_real_shop_end_in_one_store_and_one_page(tmp_path):
    end = check(tmp_path, CONFIG % ("9d", RETAIL), retail(6), kill_every=3)
    assert end.spans[0] == "2010-12-01"


@pytest.mark.proof
def test_305_nights_of_a_real_shop_end_in_one_store_and_one_page(tmp_path):
    end = check(tmp_path, CONFIG % ("91d", RETAIL), retail(None))
    rows, read, duplicates, gone, _ = end.books
    assert (rows + duplicates, read, gone) == (406_829, 541_909, {"missing_customer": 135_080})
    assert end.spans[:9] == ["2010-12", *(f"2011-{m:02}" for m in range(1, 9))]


def mishap(n: int, content: bytes) -> bytes:
    """A day's file as a bad night delivers it, another mishap each night."""
    lines = content.splitlines(keepends=True)
    header, rows = lines[0], lines[1:]
    match n % 5:
        case 1:
            return b""
        case 2:  # nobody says any more what a piece costs
            at = header.split(b",").index(b"UnitPrice")
            return b"".join(b",".join(f for i, f in enumerate(plain_fields(line)) if i != at) + b"\n" for line in lines)
        case 3:
            names = header.strip().split(b",")
            stray = next(f for f in map(plain_fields, reversed(rows)) if f[names.index(b"CustomerID")])
            stray[names.index(b"InvoiceDate")] = b"2031-05-05 10:00:00"
            return content + b",".join(stray) + b"\n"
        case 4:
            return bytes(range(256)) * 40
    return content


def plain_fields(line: bytes) -> list[bytes]:
    """The fields of a CSV line, quoted as they were."""
    return re.split(rb',(?=(?:[^"]*"[^"]*")*[^"]*$)', line.rstrip(b"\r\n"))


def bad_nights(folder: Path, files: Mapping[date, bytes]) -> None:
    """Each night is published with what is good, and the next morning the day comes as it should have."""
    inbox, customers = folder / "inbox", 0
    inbox.mkdir(parents=True)
    (folder / "journeys.toml").write_text(CONFIG % ("91d", RETAIL))
    for n, (day, content) in enumerate(sorted(files.items())):
        delivered = mishap(n, content)
        (inbox / f"{day}.csv").write_bytes(delivered)
        night = (day + timedelta(days=1)).isoformat()
        with pytest.raises(SetAside) if n % 5 == 4 else nullcontext():
            run_night(Project(folder), RunOptions(as_of=night))
        record = read_all(folder / "store" / "runs")[0]
        assert record["exit_code"] == (4 if n % 5 == 4 else 0)
        assert [a["name"] for a in record["aside"]] == ([f"{day}.csv"] if n % 5 == 4 else [])
        assert record["empty"] == ([f"{day}.csv"] if n % 5 == 1 else [])
        assert record["lacking"] == ({"shop": {"price": [f"{day}.csv"]}} if n % 5 == 2 else {})
        assert record["accounting"]["shop"]["reasons"].get("timestamp_out_of_range", 0) == (n % 5 == 3)
        assert "too_late" not in record["accounting"]["shop"]["reasons"]
        assert (folder / "reports" / night / "index.html").exists()
        assert record["numbers"]["customers"] >= customers * (n % 5 not in (1, 4))
        if delivered != content:  # it comes again as it should have been
            (inbox / f"{day}.csv").write_bytes(content)
            if n % 5 in (2, 3):
                Project(folder).ingest(str(inbox / f"{day}.csv"), again=True)


def check_bad_nights(tmp_path: Path, files: Mapping[date, bytes]) -> None:
    """In the end the store holds what it would hold had no night been bad."""
    bad_nights(tmp_path / "bad" / "shop", files)
    shop = Project(tmp_path / "bad" / "shop")
    run_night(shop, RunOptions(as_of=(max(files) + timedelta(days=1)).isoformat()))
    one, other = end_of(shop), end_of(nights(tmp_path / "plain" / "shop", CONFIG % ("91d", RETAIL), plain(files)))
    assert set(differences(one, other)) <= {"page"}, "the page names the snapshot"


def test_some_nights_of_a_real_shop_are_published_with_what_is_good(tmp_path):
    check_bad_nights(tmp_path, retail(6))


@pytest.mark.proof
def test_305_nights_of_a_real_shop_are_published_with_what_is_good(tmp_path):
    check_bad_nights(tmp_path, retail(None))
