"""A shop whose next night is to be disturbed, what a night leaves, and the process that does nights."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.store.delta import published_files
from ingest.store.quarantine import Quarantine
from pipeline.api import Project
from tests.filling import contract

ROOT = Path(__file__).parents[2]
CONFIG = """
[project]
goal = ["buy"]
[store]
retain = "0s"
seal_after = "5d"
[gates]
quarantine_share = 1.0
[[source]]
name = "web"
path = "inbox/*.csv"
columns = { customer_id = "u", event = "e", event_at = "t", order_id = "o", value = "v" }
[[funnel]]
name = "buy"
steps = ["view", "add_to_cart", "buy"]
"""
BEFORE, AFTER = "2026-01-05", "2026-01-08"
"""The night before, and the one that is disturbed: it loads two days and late rows, and seals December."""


def rows_of(day: str, n: int) -> str:
    """Visits of one day; some never end in a sale."""
    names = ("view", "view", "add_to_cart", "buy")
    lines = [f"c{(7 * n + i) % 13},{names[i % 4]},{day}T{8 + i % 12:02}:{i:02}:00,o{n}-{i},{i}.50" for i in range(40)]
    return "u,e,t,o,v\n" + "\n".join(lines) + "\n"


def first_night(folder: Path) -> None:
    """What is in the inbox before."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "journeys.toml").write_text(CONFIG)
    days = [*(f"2025-12-{d:02}" for d in range(27, 32)), *(f"2026-01-{d:02}" for d in range(1, 5))]
    for n, day in enumerate(days):
        (folder / "inbox" / f"{day}.csv").write_text(rows_of(day, n))


def second_night(folder: Path) -> None:
    """What has come since: two days, half of a day again, late rows and rows that make no sense."""
    inbox = folder / "inbox"
    inbox.joinpath("2026-01-05.csv").write_text(rows_of("2026-01-05", 20))
    inbox.joinpath("2026-01-07.csv").write_text(rows_of("2026-01-07", 21))
    inbox.joinpath("again.csv").write_text("\n".join(rows_of("2026-01-04", 8).splitlines()[:20]) + "\n")
    inbox.joinpath("late.csv").write_text(
        "u,e,t,o,v\nz,view,2026-01-03T09:00:00,,\nz,view,2025-11-01T09:00:00,,\n,x,2026-01-05,,\n"
    )


@dataclass(frozen=True)
class Left:
    """What a night leaves to readers, and what nobody should find."""

    events: pa.Table
    sessions: list[dict[str, Any]]
    quarantine: list[str]
    page: bytes  # of the newest night that has one
    debris: list[str]


def left_by(folder: Path) -> Left:
    """As a reader sees it, without doing anything."""
    store = Project(folder).store
    files = store.snapshot().files
    tables = [contract(pq.read_table(f.path, partitioning=None)) for f in files]
    sessions = [
        row | {"date": file.parent.name}
        for file in published_files(store.root / "sessions")
        for row in pq.read_table(file, partitioning=None).to_pylist()
    ]
    reasons = Quarantine(store.root).rows().to_pylist()
    return Left(
        events=pa.concat_tables(tables, promote_options="default").append_column(
            "span", pa.array([f.span for f in files for _ in range(f.rows)])
        ),
        sessions=sorted(sessions, key=lambda r: (str(r["started_at"]), r["session_id"])),
        quarantine=sorted(f"{r['reason']} {r['input']} {r['record']}" for r in reasons),
        page=max((folder / "reports").glob("*/index.html")).read_bytes(),
        debris=debris(folder),
    )


def debris(folder: Path) -> list[str]:
    """Files that no log names, and what a writer leaves when it is stopped."""
    root = Project(folder).store.root
    named = {f for table in ("events", "quarantine", "sessions") for f in published_files(root / table)}
    data = {p for p in root.rglob("*.parquet") if "_delta_log" not in p.parts}
    stopped = [p for p in folder.rglob("*") if p.name in ("writing.json", "tmp") or p.name.endswith(".tmp")]
    return sorted(str(p.relative_to(folder)) for p in [*(data - named), *stopped])


class Victim:
    """The process of tests/faults/victim.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def night(
        self, folder: Path, as_of: str, *, kill_after: float | None = None, largest_file: int | None = None
    ) -> int:
        """The exit code of one night; below 0: the signal that ended it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        asked = {"folder": str(folder), "as_of": as_of, "kill_after": kill_after, "largest_file": largest_file}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        status = int(json.loads(self._process.stdout.readline()))
        return -(status & 0x7F) if status & 0x7F else status >> 8


@contextmanager
def victim(log: Path) -> Iterator[Victim]:
    """A running one; what its children say goes into `log`."""
    command = [sys.executable, "-m", "tests.faults.victim"]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield Victim(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
