"""What identity costs: the same shop with the devices of its log, and without; what a night and an erasure cost.

    python bench/identity.py --events 2_000_000                  # ingest, questions, an erasure
    python bench/identity.py --nights --per-day 20_000           # nights on stores of 90 and 360 days, 2,000 new devices a day

Prints Markdown tables. CPU seconds are user + system of whole processes; the sides take turns, and medians are shown. Without
identity, each row names its customer, or else its device as if that were one. docs/adr/0020 has the figures.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BENCH = Path(__file__).parent
START = date(2025, 1, 1)
SECOND = 1_000_000
DAY = 86_400 * SECOND
NAMES = ("home", "product_view", "add_to_cart", "purchase", "catalog", "search")
PER_SESSION = 5
CLI = "from pipeline.start import main; main()"
CONFIG = """
[project]
goal = ["purchase"]
[[source]]
name = "web"
path = "inbox/*.parquet"
columns = {{ {ids}, event_at = "event_at", event = "event" }}
[[funnel]]
name = "buy"
steps = ["product_view", "add_to_cart", "purchase"]
"""
SIDES = {
    "with identity": 'customer_id = "customer_id", anonymous_id = "anonymous_id"',
    "without": 'customer_id = ["customer_id", "anonymous_id"]',
}


def log(days: int, events: int, devices: int, seed: int = 7) -> pa.Table:
    """Rows in time order: about half of them name a customer. A device comes for a week or so; three in a hundred are shared."""
    rng = np.random.default_rng(seed)
    customers = max(1, int(devices * 0.7))
    born = rng.uniform(0, days * DAY, devices)
    sessions = rng.geometric(min(1.0, devices * PER_SESSION / events), devices)
    device = np.repeat(np.arange(devices), sessions)
    first = np.concatenate([[True], device[1:] != device[:-1]])
    begin = born[device] + np.where(first, 0, rng.exponential(7 * DAY, len(device)))
    owner = rng.integers(0, customers, devices)
    second = np.where(rng.random(devices) < 0.03, rng.integers(0, customers, devices), owner)
    user = np.where(rng.random(len(device)) < 0.5, owner[device], second[device])
    login = np.where(rng.random(len(device)) < 0.7, rng.integers(0, PER_SESSION, len(device)), 1 << 20)
    length = rng.geometric(1 / PER_SESSION, len(device))
    session = np.repeat(np.arange(len(device)), length)
    step = np.arange(len(session)) - np.repeat(np.cumsum(length) - length, length)
    at = (begin[session] + step * 40 * SECOND + rng.integers(0, 30 * SECOND, len(session))).astype(np.int64)
    order = np.argsort(at, kind="stable")
    order = order[at[order] < days * DAY]
    session, step, at = session[order], step[order], at[order]
    people = pa.array([f"u{n:07d}" for n in range(customers)]).take(pa.array(user[session]))
    boxes = pa.array([f"{n * 2654435761 % 2**32:08x}-{n:08x}" for n in range(devices)])
    return pa.table(
        {
            "customer_id": pc.if_else(pa.array(step >= login[session]), people, None),
            "anonymous_id": boxes.take(pa.array(device[session])),
            "event_at": pa.array(at + (START - date(1970, 1, 1)).days * DAY, pa.timestamp("us", tz="UTC")),
            "event": pa.array(NAMES).take(pa.array(rng.integers(0, len(NAMES), len(at)))),
        }
    )


def write(shop: Path, rows: pa.Table, first: int, last: int) -> None:
    """Files of ten days each, of the days first <= day < last."""
    (shop / "inbox").mkdir(parents=True, exist_ok=True)
    day = np.asarray(rows["event_at"].cast(pa.int64())) // DAY - (START - date(1970, 1, 1)).days
    for start in range(first, last, 10):
        a, b = np.searchsorted(day, [start, min(start + 10, last)])
        pq.write_table(rows.slice(a, b - a), shop / "inbox" / f"{START + timedelta(days=start)}.parquet")


def journeys(shop: Path, *words: str) -> float:
    """CPU seconds of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(BENCH.parent)}
    done = subprocess.run(
        [sys.executable, "-c", CLI, "-C", shop, *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_turn(sides: dict[str, Path], repeat: int, ask: Callable[[Path], float]) -> dict[str, float]:
    """The median of each side."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeat):
        for name, shop in sides.items():
            found[name].append(ask(shop))
    return {name: median(times) for name, times in found.items()}


def ingested(shop: Path) -> float:
    shutil.rmtree(shop / "store", ignore_errors=True)
    return journeys(shop, "ingest")


def row(what: str, found: dict[str, float]) -> None:
    costs, without = found.values()
    print(f"| {what} | {costs:.2f} | {without:.2f} | {costs / without:.2f} |", flush=True)


def sizes(work: Path, events: int, days: int, repeat: int) -> None:
    """Ingest, questions, an erasure."""
    rows, shops = log(days, events, int(events * 0.15)), {name: work / name.split()[0] for name in SIDES}
    for name, shop in shops.items():
        write(shop, rows, 0, days)
        (shop / "journeys.toml").write_text(CONFIG.format(ids=SIDES[name]))
    print(
        f"{rows.num_rows:,} rows, {int(events * 0.15):,} devices, {1 - rows['customer_id'].null_count / len(rows):.0%} "
    )
    print("\n| CPU s | with identity | without | ratio |\n|---|--:|--:|--:|")
    row("ingest", in_turn(shops, repeat, ingested))
    for question in (("funnel", "buy"), ("dropoff",), ("paths",), ("customers",)):
        row(" ".join(question), in_turn(shops, repeat, lambda shop, q=question: journeys(shop, *q)))
    who, start = next(x for x in rows["customer_id"].to_pylist() if x), time.perf_counter()
    cpu = journeys(shops["with identity"], "erase", who)
    print(f"\nerase: {time.perf_counter() - start:.1f} s, {cpu:.1f} s CPU")


def last_night(shop: Path, total: int) -> float:
    """The last night, after which the store is as it was before."""
    kept = shop / "kept"
    shutil.copytree(shop / "store", kept)
    cpu = journeys(shop, "run", "--as-of", str(START + timedelta(days=total)))
    shutil.rmtree(shop / "store")
    kept.rename(shop / "store")
    return cpu


def nights(work: Path, per_day: int, devices: int, repeat: int) -> None:
    """The last night on stores of 90 and of 360 days."""
    total, found = 360, {}
    rows = log(total, per_day * total, devices * total)
    print("\n| CPU s of a night | with identity | without | ratio |\n|---|--:|--:|--:|")
    for days in (90, 360):
        shops = {name: work / f"{name.split()[0]}-{days}" for name in SIDES}
        for name, shop in shops.items():
            write(shop, rows, total - days, total - 1)
            (shop / "journeys.toml").write_text(CONFIG.format(ids=SIDES[name]))
            journeys(shop, "run", "--as-of", str(START + timedelta(days=total - 1)))
            write(shop, rows, total - 1, total)
        found[days] = in_turn(shops, repeat, lambda shop: last_night(shop, total))
        row(f"{days} days", found[days])
    ratio = {name: found[360][name] / found[90][name] for name in SIDES}
    print(f"| 360 days / 90 days | {ratio['with identity']:.2f} | {ratio['without']:.2f} | |")


def main() -> None:
    parser = argparse.ArgumentParser(description="What identity costs.")
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--nights", action="store_true", help="nights in place of sizes")
    parser.add_argument("--per-day", type=int, default=20_000, help="events a day of the nights (default 20_000)")
    parser.add_argument("--devices", type=int, default=2_000, help="new devices a day of the nights (default 2_000)")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if options.nights:
            nights(Path(work), options.per_day, options.devices, options.repeat)
        else:
            sizes(Path(work), options.events, options.days, options.repeat)


if __name__ == "__main__":
    main()
