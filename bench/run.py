"""Side by side on one generated log: this project, its limit, its peers.

    python bench/run.py --events 1_000_000 --days 30

Notes what it measured beside the log and writes bench/RESULTS.md of all that is noted. What is measured, and how, stands in
bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from generate import event_names, generate, tables, write
from results import NOTES, Measured, noted, results
from sections import SECTIONS, Section, Side
from sides import Job

BENCH = Path(__file__).parent
START = "import sys; sys.argv[0] = 'journeys'; from pipeline.start import main; main()"
QUICK = 5.0
"""Seconds: a side that takes less runs twice a turn and the second run counts, so that what ran before it weighs on no side."""
SLOW = 60.0
"""Seconds: a side that takes longer has its warm-up timed, and no other round."""


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
                last = collected[-1] if collected else {"seconds": 0.0}
                if last is not None and last["seconds"] <= SLOW:
                    reply = worker.run()
                    if reply is not None and reply["seconds"] <= QUICK:
                        reply = worker.run()
                    collected.append(reply)
                    if collected[-1] is not None and (round_ or collected[-1]["seconds"] > SLOW):
                        note(f"  {worker.side.label}: {collected[-1]['seconds']:.3f} s")
        own = next(c[-1] for side, c in zip(section.sides, replies, strict=True) if side.kind == "project")
        return [judged(side, c, own, equal) for side, c in zip(section.sides, replies, strict=True)]


def judged(
    side: Side, replies: Sequence[dict[str, Any] | None], own: dict[str, Any] | None, equal: Callable[[Any, Any], bool]
) -> Measured:
    """The timed rounds of a side, if it ran and its answer is ours."""
    done = [r for r in replies if r is not None]
    if len(done) < len(replies):
        return Measured(side, [], [], None, "failed")
    answer, timed = done[-1]["answer"], done[1:] or done
    if answer is not None and (own is None or not equal(answer, own["answer"])):
        return Measured(side, [], [], None, "answer differs")
    return Measured(side, [r["seconds"] for r in timed], [r["cpu"] for r in timed], done[-1]["peak_mb"])


def same_events(left: list[str], right: list[str]) -> bool:
    """Do two lists of Parquet files hold the same (customer, instant, event) rows?"""
    sql = """select count(*), sum(hash(customer_id, epoch_us(event_at), event)::hugeint)
        from read_parquet($files, hive_partitioning = false)"""
    return left == right or all_rows(sql, left) == all_rows(sql, right)


def all_rows(sql: str, files: list[str]) -> list[Any]:
    with duckdb.connect() as con:
        return con.execute(sql, {"files": files}).fetchall()


def measure_startup(section: Section, job: Job, repeat: int) -> list[Measured]:
    """Whole processes; the command as installed, or its module where it is not."""
    script = Path(sys.executable).with_name("journeys")
    own = [str(script)] if script.exists() else [sys.executable, "-c", START]
    shop = str(job.store.parent)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as a shell has it
    commands = [[sys.executable, "-c", "pass"], [*own, "--help"], [*own, "-C", shop, "dropoff"]]
    seconds: list[list[float]] = [[] for _ in commands]
    for _ in range(3 * repeat + 1):
        for command, collected in zip(commands, seconds, strict=True):
            start = time.perf_counter()
            done = subprocess.run(command, cwd=BENCH.parent, env=environment, capture_output=True, check=False)
            collected.append(time.perf_counter() - start if done.returncode == 0 else float("nan"))
    return [
        Measured(side, timed[1:], [], None, "failed" if timed[0] != timed[0] else "")
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
    if set(options.only) - {"ingest"} and (not stamp.exists() or stamp.stat().st_mtime < newest):
        note("building the store")
        with Worker(Side("store", "project", "build", "project"), job) as worker:
            if worker.run() is None:
                sys.exit("the store could not be built")
        stamp.touch()
    return job


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
    parser.add_argument("--without-peers", action="store_true", help="this project and its limit alone")
    parser.add_argument(
        "--work", type=Path, default=BENCH / "out", help="where logs and stores are kept (default bench/out)"
    )
    parser.add_argument("--out", type=Path, default=BENCH / "RESULTS.md")
    options = parser.parse_args()

    load = os.getloadavg()[0]
    job = prepare(options)
    notes = job.store.parent / NOTES
    for name in options.only:
        section = SECTIONS[name]
        note(section.title)
        if options.without_peers:
            section = section._replace(sides=tuple(s for s in section.sides if s.kind != "peer"))
        if name == "startup":
            measured = measure_startup(section, job, options.repeat)
        else:
            equal = same_events if name == "ingest" else lambda left, right: left == right
            measured = measure(section, job, options.repeat, equal)
        noted(notes, {"load": load, "threads": options.threads}, name, measured)
    text = results(options.work)
    options.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
