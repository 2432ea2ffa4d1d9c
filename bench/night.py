"""What a night costs on a store of 30, 90 and 360 days: the same last day, the same inbox but for the days before.

    python bench/night.py --per-day 10_000

Writes bench/NIGHT.md. Each night is a process of its own (`journeys run`), start included, and is undone;
sizes take turns, and the first turn is a warm-up. CPU seconds are user + system of the whole process. Rows and bytes of the
store are from the run's manifest; the files of the inbox come on top, and are the same for every size.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from generate import DAY, Log, event_names, generate, tables, write

BENCH = Path(__file__).parent
SIZES = (30, 90, 360)
BOUND = 1.3
START = date(2025, 1, 1)
CLI = "from pipeline.start import main; main()"
CONFIG = """
[project]
goal = ["purchase"]
[[source]]
name = "shop"
path = "inbox/*.csv"
columns = { customer_id = "customer_id", event_at = "event_at", event = "event" }
[carts.roles]
view = ["product_view"]
[[funnel]]
name = "buy"
steps = ["product_view", "add_to_cart", "checkout_started", "purchase"]
"""


class Night(NamedTuple):
    """One night, measured."""

    seconds: float
    cpu: float
    manifest: dict[str, Any]


def journeys(shop: Path, *words: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(BENCH.parent)}
    subprocess.run([sys.executable, "-c", CLI, "-C", shop, *words], env=environment, capture_output=True, check=True)


def fill(shop: Path, log: Log, names: list[str], days: int, total: int) -> Path:
    """A shop after its last night but one, with the file of the last day in its inbox."""
    inbox = shop / "inbox"
    inbox.mkdir(parents=True)
    (shop / "journeys.toml").write_text(CONFIG)
    first = (START - date(1970, 1, 1)).days
    edges = np.searchsorted(log.event_at, (first + np.arange(total - days, total + 1)) * DAY)
    for n, (start, stop) in enumerate(pairwise(edges)):
        if n == days - 1:
            journeys(shop, "run", "--as-of", str(START + timedelta(days=total - 1)))
        day = START + timedelta(days=total - days + n)
        write(inbox / f"{day}.csv", tables(log, names, int(start), int(stop)))
    return shop


def last_night(shop: Path, total: int) -> Night:
    """The last night, after which the shop is as it was before: same paths, same times of its files."""
    kept = shop.with_name("kept")
    shutil.copytree(shop, kept)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    journeys(shop, "run", "--as-of", str(START + timedelta(days=total)))
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    records = [json.loads(p.read_text()) for p in (shop / "store" / "runs").glob("*.json")]
    shutil.rmtree(shop)
    kept.rename(shop)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Night(seconds, cpu, max(records, key=lambda m: m["started_at"]))


def read(night: Night, what: str) -> int:
    return sum(stage[what] for stage in night.manifest["read"].values())


def report(per_day: int, nights: dict[int, list[Night]]) -> str:
    """NIGHT.md."""
    lines = [
        "# A night, by the size of the store",
        "",
        f"{per_day:,} events a day; `journeys run` on the last day; medians of {len(nights[SIZES[0]])} nights in turn after a warm-up.",
        "Seconds depend on the machine; the ratios are from one run. Rows and bytes are those read of the store.",
        "",
        "| days | s | CPU s | CPU x 30 days | rows | rows x 90 days | MB | MB x 90 days | files skipped |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    cpu = {days: median(n.cpu for n in found) for days, found in nights.items()}
    rows = {days: read(found[-1], "rows") for days, found in nights.items()}
    size = {days: read(found[-1], "bytes") for days, found in nights.items()}
    for days, found in nights.items():
        skipped = found[-1].manifest["read"]["report"]["files_skipped"]
        lines.append(
            f"| {days} | {median(n.seconds for n in found):.2f} | {cpu[days]:.2f} | {cpu[days] / cpu[30]:.2f} | {rows[days]:,} "
            f"| {rows[days] / rows[90]:.2f} | {size[days] / 1e6:.1f} | {size[days] / size[90]:.2f} | {skipped} |"
        )
    lines += ["", "| goal | measured | at most | |", "|---|--:|--:|---|"]
    goals = [
        ("CPU of a night: 360 days / 30 days", cpu[360] / cpu[30]),
        ("CPU of a night: 360 days / 90 days", cpu[360] / cpu[90]),
        ("rows read: 360 days / 90 days", rows[360] / rows[90]),
        ("bytes read: 360 days / 90 days", size[360] / size[90]),
    ]
    lines += [
        f"| {what} | {value:.2f} | {BOUND} | {'met' if value <= BOUND else '**missed**'} |" for what, value in goals
    ]
    lines += [
        "",
        "A store of 30 days has no whole period to compare with, so its night reads fewer days than the 87 that the report and",
        "its lead reach back (docs/adr/0012-reading-no-history.md); rows are compared with a store that has them.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="What a night costs on stores of 30, 90 and 360 days.")
    parser.add_argument("--per-day", type=int, default=10_000, help="events a day (default 10_000)")
    parser.add_argument("--repeat", type=int, default=3, help="timed nights of each size after the warm-up (default 3)")
    parser.add_argument("--work", type=Path, default=BENCH / "out" / "night")
    parser.add_argument("--out", type=Path, default=BENCH / "NIGHT.md")
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    total, names = max(SIZES), event_names(12)
    log = generate(options.per_day * total, total, names, 7, START)
    shops = {days: fill(options.work / f"{days}" / "shop", log, names, days, total) for days in SIZES}
    nights: dict[int, list[Night]] = {days: [] for days in SIZES}
    for turn in range(options.repeat + 1):
        for days, shop in shops.items():
            night = last_night(shop, total)
            print(
                f"  {days} days: {night.seconds:.2f} s, {night.cpu:.2f} s CPU, {read(night, 'rows'):,} rows",
                file=sys.stderr,
            )
            if turn:
                nights[days].append(night)
    options.out.write_text(report(options.per_day, nights))
    shutil.rmtree(options.work, ignore_errors=True)


if __name__ == "__main__":
    main()
