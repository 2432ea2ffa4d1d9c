"""Side by side on one generated log: this project, its limit, its peers.

    python bench/run.py --events 1_000_000 --days 30

Writes bench/RESULTS.md. What is measured, and how, stands in bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import duckdb
from generate import event_names, generate, tables, write
from sides import Job

BENCH = Path(__file__).parent
START = "import sys; sys.argv[0] = 'journeys'; from pipeline.start import main; main()"
PACKAGES = ("duckdb", "chdb", "polars", "pyarrow", "numpy", "deltalake")


class Side(NamedTuple):
    """One line of a table."""

    label: str
    module: str
    task: str
    kind: str  # limit, project or peer


class Section(NamedTuple):
    """Sides that do the same work, measured in turn."""

    title: str
    sides: tuple[Side, ...]


SCAN = Side("limit: bare scan", "limit", "scan", "limit")
SECTIONS = {
    "transitions": Section(
        "Sessions + transitions",
        (
            SCAN,
            Side("journeys", "project", "transitions", "project"),
            Side("ClickHouse (chdb) on Parquet", "clickhouse", "transitions", "peer"),
            Side("ClickHouse (chdb) on its MergeTree", "mergetree", "transitions", "peer"),
            Side("DuckDB window SQL on Parquet", "limit", "transitions", "peer"),
            Side("Polars on Parquet", "polars_frames", "transitions", "peer"),
        ),
    ),
    "funnel": Section(
        "Funnel: 4 steps, 7 days, customers",
        (
            SCAN,
            Side("journeys", "project", "funnel", "project"),
            Side("ClickHouse windowFunnel on Parquet", "clickhouse", "funnel", "peer"),
            Side("ClickHouse windowFunnel on its MergeTree", "mergetree", "funnel", "peer"),
        ),
    ),
    "breakdown": Section(
        "The same funnel, broken down by day", (SCAN, Side("journeys", "project", "breakdown", "project"))
    ),
    "dropoff": Section("Drop-off", (SCAN, Side("journeys", "project", "dropoff", "project"))),
    "carts": Section("Carts", (SCAN, Side("journeys", "project", "carts", "project"))),
    "matrix": Section("Step matrix of 8 steps", (SCAN, Side("journeys", "project", "matrix", "project"))),
    "find": Section("Pattern search", (SCAN, Side("journeys", "project", "find", "project"))),
    "map": Section("Journey map", (SCAN, Side("journeys", "project", "journey_map", "project"))),
    "together": Section(
        "Transitions, funnel and drop-off in one pass", (SCAN, Side("journeys", "project", "together", "project"))
    ),
    "ingest": Section(
        "Ingest: CSV to sorted, typed Parquet",
        (
            Side("limit: bare sorted COPY", "limit", "copy", "limit"),
            Side("journeys", "project", "ingest", "project"),
            Side("ClickHouse (chdb): load and sort a MergeTree, no check", "mergetree", "ingest", "peer"),
        ),
    ),
    "startup": Section(
        "Start of a process",
        (Side("limit: python -c pass", "", "", "limit"), Side("journeys --help", "", "", "project")),
    ),
}


class Measured(NamedTuple):
    """A side's numbers. `fault` is set where they do not count."""

    side: Side
    seconds: list[float]
    cpu: list[float]
    peak_mb: float | None
    answer: Any
    fault: str = ""

    @property
    def median(self) -> float | None:
        return None if self.fault or not self.seconds else median(self.seconds)

    @property
    def median_cpu(self) -> float | None:
        return median(self.cpu) if self.cpu else None


class Worker:
    """A process that runs one task whenever it is asked to."""

    def __init__(self, side: Side, job: Job) -> None:
        job.output.mkdir(parents=True, exist_ok=True)
        facts = json.dumps({name: value if name == "threads" else str(value) for name, value in job._asdict().items()})
        command = [sys.executable, "-m", "sides.worker", side.module, side.task, facts]
        self.side, self.output = side, job.output
        self.process = subprocess.Popen(command, cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self) -> dict[str, Any] | None:
        """One round; None if the process is gone."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            return None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdout.close()
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.output, ignore_errors=True)


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure(section: Section, job: Job, repeat: int, equal: Callable[[Any, Any], bool]) -> list[Measured]:
    """A B C, A B C, ...: a warm-up round, then `repeat` timed ones; then the answers are compared."""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(side, job._replace(output=job.output / f"{side.module}-{side.task}")))
            for side in section.sides
        ]
        replies: list[list[dict[str, Any] | None]] = [[] for _ in workers]
        for round_ in range(repeat + 1):
            for worker, collected in zip(workers, replies, strict=True):
                if not collected or collected[-1] is not None:
                    collected.append(worker.run())
                    if collected[-1] is not None and round_:
                        note(f"  {worker.side.label}: {collected[-1]['seconds']:.3f} s")
        own = next(c[-1] for side, c in zip(section.sides, replies, strict=True) if side.kind == "project")
        return [judged(side, c, own, equal) for side, c in zip(section.sides, replies, strict=True)]


def judged(
    side: Side, replies: Sequence[dict[str, Any] | None], own: dict[str, Any] | None, equal: Callable[[Any, Any], bool]
) -> Measured:
    """The timed rounds of a side, if it ran and its answer is ours."""
    done = [r for r in replies if r is not None]
    if len(done) < len(replies):
        return Measured(side, [], [], None, None, "failed")
    answer, timed = done[-1]["answer"], done[1:]
    if answer is not None and (own is None or not equal(answer, own["answer"])):
        return Measured(side, [], [], None, answer, "answer differs")
    return Measured(side, [r["seconds"] for r in timed], [r["cpu"] for r in timed], done[-1]["peak_mb"], answer)


def same_events(left: list[str], right: list[str]) -> bool:
    """Do two lists of Parquet files hold the same (customer, instant, event) rows?"""
    sql = """select count(*), sum(hash(customer_id, epoch_us(event_at), event)::hugeint)
        from read_parquet($files, hive_partitioning = false)"""
    return left == right or all_rows(sql, left) == all_rows(sql, right)


def all_rows(sql: str, files: list[str]) -> list[Any]:
    with duckdb.connect() as con:
        return con.execute(sql, {"files": files}).fetchall()


def measure_startup(section: Section, repeat: int) -> list[Measured]:
    """Whole processes; the command as installed, or its module where it is not."""
    script = Path(sys.executable).with_name("journeys")
    own = [str(script)] if script.exists() else [sys.executable, "-c", START]
    commands = [[sys.executable, "-c", "pass"], [*own, "--help"]]
    seconds: list[list[float]] = [[] for _ in commands]
    for _ in range(3 * repeat + 1):
        for command, collected in zip(commands, seconds, strict=True):
            start = time.perf_counter()
            done = subprocess.run(command, cwd=BENCH.parent, capture_output=True, check=False)
            collected.append(time.perf_counter() - start if done.returncode == 0 else float("nan"))
    return [
        Measured(side, timed[1:], [], None, None, "failed" if timed[0] != timed[0] else "")
        for side, timed in zip(section.sides, seconds, strict=True)
    ]


def prepare(options: argparse.Namespace) -> Job:
    """The log as CSV and Parquet, kept from run to run; the store, built again when the code that builds it changed."""
    root = options.work.resolve() / f"{options.events}-{options.days}-{options.names}"
    job = Job(root / "events.csv", root / "events.parquet", root / "store", root / "made", options.threads)
    root.mkdir(parents=True, exist_ok=True)
    if not (root / "generated").exists():
        note(f"generating {options.events:,} events")
        names = event_names(options.names)
        log = generate(options.events, options.days, names, 7, date(2026, 1, 1))
        for path in (job.csv, job.parquet):
            write(path, tables(log, names, 0, options.events))
        (root / "generated").touch()
    stamp = root / "stored"
    newest = max(p.stat().st_mtime for p in (BENCH.parent / "ingest").rglob("*") if p.suffix in (".py", ".sql"))
    if set(options.only) - {"ingest", "startup"} and (not stamp.exists() or stamp.stat().st_mtime < newest):
        note("building the store")
        with Worker(Side("store", "project", "build", "project"), job) as worker:
            if worker.run() is None:
                sys.exit("the store could not be built")
        stamp.touch()
    return job


def ratio(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else value / base


def cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def of_kind(measured: Sequence[Measured], kind: str) -> float | None:
    """The best median of a kind of side."""
    return min((m.median for m in measured if m.side.kind == kind and m.median is not None), default=None)


def section_lines(section: Section, measured: Sequence[Measured]) -> list[str]:
    limit, peer = of_kind(measured, "limit"), of_kind(measured, "peer")
    cpu = next((m.median_cpu for m in measured if m.side.kind == "limit"), None)
    lines = [
        f"## {section.title}",
        "",
        "| side | median s | min | max | x limit | x best peer | CPU s | CPU x limit | peak MB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for m in measured:
        if m.fault:
            lines.append(f"| {m.side.label} | {m.fault} | | | | | | | |")
            continue
        values = [
            *(cell(v, 3) for v in (m.median, min(m.seconds), max(m.seconds))),
            *(cell(ratio(m.median, base), 2) for base in (limit, peer)),
            cell(m.median_cpu, 3),
            cell(ratio(m.median_cpu, cpu), 2),
            cell(m.peak_mb, 0),
        ]
        lines.append(f"| {m.side.label} | {' | '.join(values)} |")
    return [*lines, ""]


def goals(results: dict[str, list[Measured]]) -> list[tuple[str, float | None, float]]:
    """(what, measured, at most)."""

    def times(name: str, kind: str = "limit", label: str = "") -> float | None:
        sides = results.get(name, [])
        base = of_kind([m for m in sides if label in m.side.label], kind)
        return ratio(of_kind(sides, "project"), base)

    def peak(*names: str) -> float | None:
        own = [m.peak_mb for n in names for m in results.get(n, []) if m.side.kind == "project" and m.peak_mb]
        return max(own, default=None)

    questions = ("transitions", "funnel", "breakdown", "dropoff", "carts", "matrix", "find", "together")
    return [
        ("sessions + transitions / bare scan", times("transitions"), 6.0),
        ("sessions + transitions / ClickHouse on the same Parquet", times("transitions", "peer", "on Parquet"), 1.0),
        ("funnel / bare scan", times("funnel"), 5.0),
        ("funnel by day / bare scan", times("breakdown"), 5.0),
        ("drop-off / bare scan", times("dropoff"), 6.0),
        ("carts / bare scan", times("carts"), 6.0),
        ("step matrix / bare scan", times("matrix"), 6.0),
        ("pattern search / bare scan", times("find"), 8.0),
        ("journey map / bare scan", times("map"), 10.0),
        ("ingest / bare sorted COPY", times("ingest"), 3.0),
        ("peak memory of questions, MB", peak(*questions), 1024.0),
        ("peak memory of ingest, MB", peak("ingest"), 4096.0),
        ("journeys --help / python -c pass", times("startup"), 8.0),
    ]


def report(options: argparse.Namespace, results: dict[str, list[Measured]]) -> str:
    """RESULTS.md, without a date: the same numbers give the same file."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} absent")
    lines = [
        "# Measured side by side",
        "",
        f"{options.events:,} events, {options.days} days, {options.names} event names, {options.threads} threads; "
        f"medians of {options.repeat} rounds in turn after a warm-up.",
        "Seconds depend on the machine and on what else it does; the ratios are from one run. CPU is user + system.",
        f"Load average when it began: {options.load:.1f}; well above 0, only the CPU columns mean something.",
        "",
        ", ".join(found) + ".",
        "",
        "| goal | measured | at most | |",
        "|---|--:|--:|---|",
    ]
    for what, value, bound in goals(results):
        verdict = "not measured" if value is None else "met" if value <= bound else "**missed**"
        lines.append(f"| {what} | {cell(value, 2 if bound < 100 else 0)} | {bound:,.0f} | {verdict} |")
    lines.append("")
    for name, measured in results.items():
        lines += section_lines(SECTIONS[name], measured)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="This project, its limit and its peers on one generated log.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--names", type=int, default=12, help="distinct event names (default 12)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5, help="timed rounds after the warm-up (default 5)")
    parser.add_argument(
        "--only", nargs="+", choices=list(SECTIONS), default=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument(
        "--work", type=Path, default=BENCH / "out", help="where logs and stores are kept (default bench/out)"
    )
    parser.add_argument("--out", type=Path, default=BENCH / "RESULTS.md")
    options = parser.parse_args()

    options.load = os.getloadavg()[0]
    job = prepare(options)
    results: dict[str, list[Measured]] = {}
    for name in options.only:
        section = SECTIONS[name]
        note(section.title)
        if name == "startup":
            results[name] = measure_startup(section, options.repeat)
        else:
            equal = same_events if name == "ingest" else lambda left, right: left == right
            results[name] = measure(section, job, options.repeat, equal)
    text = report(options, results)
    options.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
