"""Online Retail's lines given made-up devices: who is stitched, sessions and a funnel, all as plain Python has them."""

from __future__ import annotations

import csv
import tarfile
import zlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import journeys
from ingest.readers.files import natural_key
from sessionize.rules import SessionRules
from tests.builder import Event
from tests.oracles.identity import Row, owners
from tests.oracles.sessions import every_session

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "online_retail_by_day.tar.gz"
WINDOW = timedelta(days=7)
LOOKBACK = timedelta(days=30)
CONFIG = """
[[source]]
name = "web"
path = "in/*.csv"
deduplicate = "off"
columns = { customer_id = "who", anonymous_id = "device", event_at = "at", event = "what" }
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not ARCHIVE.exists(), reason=f"{ARCHIVE.name} is not beside this checkout (../shared/data)"
)


class Line(NamedTuple):
    file: str
    row: int
    at: datetime
    who: str | None
    device: str | None
    what: str


def chance(*words: object) -> int:
    """0 to 99, the same in every run."""
    return zlib.crc32(repr(words).encode()) % 100


def lines_of(day: str, text: str) -> list[Line]:
    """A look on a device before each line of an invoice, whose customer names itself in a third of the lines."""
    found = []
    for n, r in enumerate(csv.DictReader(text.splitlines())):
        at, who = datetime.fromisoformat(r["InvoiceDate"]).replace(tzinfo=UTC), r["CustomerID"].strip()
        person = who or r["InvoiceNo"]
        shared = chance("shared", person) < 10  # of a household or an office
        device = f"d{zlib.crc32(person.encode()) % (40 if shared else 5_000)}-{chance('which', person, n) % 2}"
        named = who if who and chance("named", day, n) < 33 else None
        what = "purchase" if chance("what", day, n) < 40 else "add"
        found.append((at - timedelta(minutes=chance("before", day, n)), None, device, "look"))
        found.append((at, named, device, what))
    return [Line(f"{day}.csv", row, *rest) for row, rest in enumerate(found)]


def made_up(days: int | None) -> list[Line]:
    """The lines of the first days of the archive."""
    with tarfile.open(ARCHIVE) as archive:
        names = sorted(n for n in archive.getnames() if n.endswith(".csv"))[:days]
        found = []
        for name in names:
            member = archive.extractfile(name)
            assert member is not None
            found += lines_of(Path(name).stem, member.read().decode("utf-8"))
    return found


def taken(folder: Path, lines: list[Line]) -> journeys.Project:
    """A project that took them in, a file a day."""
    (folder / "in").mkdir()
    (folder / "journeys.toml").write_text(CONFIG)
    files = defaultdict(list)
    for line in lines:
        files[line.file].append(f"{line.at.isoformat()},{line.who or ''},{line.device},{line.what}\n")
    for name, rows in files.items():
        (folder / "in" / name).write_text("at,who,device,what\n" + "".join(rows))
    shop = journeys.open(folder)
    shop.ingest()
    return shop


def expected(lines: list[Line]) -> tuple[dict[str, int], list[Event]]:
    """Events by how their customer is known; and all events in the order of (customer, instant, recorded order)."""
    rows = [Row((x.at, natural_key(x.file), x.row), x.who, x.device) for x in lines]
    whose = owners(rows, "previous", LOOKBACK)
    kinds = {"known": 0, "stitched": 0, "anonymous": 0}
    events = []
    for row, line, owner in zip(rows, lines, whose, strict=True):
        kinds["known" if line.who else "stitched" if owner else "anonymous"] += 1
        customer = f"c:{owner}" if owner else f"a:{line.device}"
        events.append(
            (customer, row.place, Event(customer, (line.at - EPOCH) // timedelta(microseconds=1), 0, line.what, {}))
        )
    return kinds, [e for *_, e in sorted(events, key=lambda x: x[:2])]


def reached(events: list[Event], steps: tuple[str, ...]) -> list[int]:
    """Customers with a chain of the first steps, each behind the one before, the last within WINDOW of the first."""
    window, mine = WINDOW // timedelta(microseconds=1), defaultdict[str, list[Event]](list)
    for event in events:
        mine[event.customer].append(event)
    counts = [0] * len(steps)
    for each in mine.values():
        deepest, started = 0, [-1] * len(steps)  # the latest start of a chain that is so deep
        for event in each:
            for k in reversed(range(len(steps))):
                if event.name == steps[k]:
                    start = event.at if k == 0 else started[k - 1]
                    if start >= 0 and event.at - start <= window:
                        started[k] = max(started[k], start)
                        deepest = max(deepest, k + 1)
        for k in range(deepest):
            counts[k] += 1
    return counts


def check(folder: Path, days: int | None) -> None:
    """All answers against plain Python."""
    lines = made_up(days)
    shop, (kinds, events) = taken(folder, lines), expected(lines)
    told: dict[str, Any] = {r["what"]: r["n"] for r in shop.identity().rows() if r["of"] == "events"}
    assert {k: told[k] for k in kinds} == kinds and min(kinds.values()) > 100
    assert shop.summary().rows()[0]["sessions"] == len(every_session(events, SessionRules()))
    funnel = shop.funnel("look > add > purchase", window="7d")
    assert [r["reached"] for r in funnel.rows()] == reached(events, ("look", "add", "purchase"))


def test_two_days_with_devices_are_those_of_plain_python(tmp_path: Path) -> None:
    check(tmp_path, 2)


@pytest.mark.proof
def test_all_days_with_devices_are_those_of_plain_python(tmp_path: Path) -> None:
    check(tmp_path, None)
