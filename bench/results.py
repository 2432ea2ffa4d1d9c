"""What was measured -> RESULTS.md: one log in full, the others as growth."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from math import log
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from sections import SECTIONS, Section, Side

NOTES = "measured.json"
PACKAGES = ("duckdb", "chdb", "polars", "retentioneering", "pm4py", "pyarrow", "numpy", "numba", "deltalake")
FULL = "10000000-30-12"
"""The log that goals are about: events, days, event names."""
ONE_MILLION = "1000000-30-12"
ASKED = ("transitions", "funnel", "dropoff", "carts", "matrix", "find", "map", "report")
GROWN = (*ASKED, "customer")


class Measured(NamedTuple):
    """A side's numbers. `fault` is set where they do not count."""

    side: Side
    seconds: list[float]
    cpu: list[float]
    peak_mb: float | None
    fault: str = ""

    @property
    def median(self) -> float | None:
        return None if self.fault or not self.seconds else median(self.seconds)

    @property
    def median_cpu(self) -> float | None:
        return median(self.cpu) if self.cpu else None


class Log(NamedTuple):
    """All that was measured on one log."""

    name: str
    facts: Mapping[str, Any]
    sections: Mapping[str, list[Measured]]

    @property
    def size(self) -> tuple[int, int, int]:
        """Events, days, event names."""
        events, days, names = map(int, self.name.split("-"))
        return events, days, names

    def times(self, section: str, kind: str = "project") -> float | None:
        """The project's time, or that of `compared`, as a multiple of the limit's."""
        return ratio(self.seconds(section, kind), self.seconds(section, "limit"))

    def seconds(self, section: str, kind: str) -> float | None:
        return of_kind(self.sections.get(section, []), kind)

    def peak(self, *sections: str) -> float | None:
        own = [m.peak_mb for n in sections for m in self.sections.get(n, []) if m.side.kind == "project" and m.peak_mb]
        return max(own, default=None)


def noted(path: Path, facts: Mapping[str, Any], section: str, measured: Sequence[Measured]) -> None:
    """Note a section; what was noted of others stays."""
    notes = json.loads(path.read_text()) if path.exists() else {"sections": {}}
    notes["facts"] = facts
    notes["sections"][section] = measured
    path.write_text(json.dumps(notes))


def logs(work: Path) -> list[Log]:
    """Everything that is noted, small logs first."""
    found = []
    for path in work.glob(f"*/{NOTES}"):
        notes = json.loads(path.read_text())
        sections = {
            name: [Measured(Side(*side), *rest) for side, *rest in notes["sections"][name]]
            for name in SECTIONS
            if name in notes["sections"]
        }
        found.append(Log(path.parent.name, notes["facts"], sections))
    return sorted(found, key=lambda one: one.size)


def ratio(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else value / base


def cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def of_kind(measured: Sequence[Measured], kind: str) -> float | None:
    """The best median of a kind of side."""
    return min((m.median for m in measured if m.side.kind == kind and m.median is not None), default=None)


class Goal(NamedTuple):
    """A ratio or a size; `at_most` is promised, `aim` is what one machine might do at best."""

    what: str
    value: float | None
    at_most: float | None
    aim: float | None
    at_least: bool = False

    def missed(self, bound: float | None) -> bool:
        if bound is None or self.value is None:
            return False
        return self.value < bound if self.at_least else self.value > bound

    @property
    def line(self) -> str:
        def verdict(bound: float | None) -> str:
            if bound is None:
                return "-"
            shown = f"{bound:,.1f}".removesuffix(".0")
            if self.value is None:
                return shown
            return f"**{shown} missed**" if self.missed(bound) else f"{shown} met"

        digits = 0 if self.value is not None and self.value >= 100 else 2
        return f"| {self.what} | {cell(self.value, digits)} | {verdict(self.at_most)} | {verdict(self.aim)} |"


WHY = {
    "sessions + transitions": "a third of it is reading, a third counting edges and their times: the bare scan folds three "
    "columns without putting a customer's events together. Alone on the machine it takes a fifth less than among its peers.",
    "the same, NumPy alone": "several passes over arrays where a compiled loop makes one, and sorts; they differ much between "
    "processors (transitions took 3.4 times the scan on another one, by the same code).",
    "funnel / bare scan": "two fifths of it are reading, two fifths the kernel (chains of steps with times, and what the "
    "dropped did next).",
    "the report's questions": "27 questions about two periods are counted in it, at a third of a scan each; no one of them stands out.",
    "ingest": "checks, keys, duplicates and accounting take as long as the sort; writing the cores a tenth.",
    "times as fast: ClickHouse into its MergeTree": "it checks these three columns only, and keeps neither where a row was "
    "recorded nor a ledger; we write days as files that others read.",
    "times as fast: ClickHouse on Parquet, transitions": "as for transitions: with the least times of both sides it is near, with "
    "medians among the peers it is not.",
    "times as fast: ClickHouse on its MergeTree, funnel": "its rows are sorted by customer over all days; our days are brought "
    "together in every pass, because a night writes a day, not a table.",
    "dropoff on 1 M": "most of it is the start of Python and its libraries.",
    "any question": "many small files are brought together for every batch.",
    "peak memory of these": "two processes, each with its libraries (200 MB) and a batch.",
    "one customer": "every file is looked into.",
}
"""Beginning of a goal -> why it is missed, where it is."""


def reasons(found: Sequence[Goal]) -> list[str]:
    """Of every goal that is missed, in its promise or its aim."""
    missed = [g for g in found if g.missed(g.at_most) or g.missed(g.aim)]
    told = [(g.what, next((why for start, why in WHY.items() if g.what.startswith(start)), "")) for g in missed]
    return (
        ["What is missed, and why:", "", *(f"- {what}: {why or 'not looked into.'}" for what, why in told), ""]
        if told
        else []
    )


def goals(full: Log, small: Log | None, largest: Log | None) -> list[Goal]:
    """What is promised, and what is aimed at."""

    def faster(label: str, section: str = "transitions") -> float | None:
        sides = [m for m in full.sections.get(section, []) if label in m.side.label]
        return ratio(of_kind(sides, "peer"), full.seconds(section, "project"))

    found = [
        Goal("sessions + transitions / bare scan", full.times("transitions"), 6, 3),
        Goal("the same, NumPy alone", full.times("transitions", "compared"), 6, 3),
        Goal("funnel / bare scan", full.times("funnel"), 5, 2),
        Goal("funnel by day / bare scan", full.times("breakdown"), 5, None),
        Goal("drop-off / bare scan", full.times("dropoff"), None, 4),
        Goal("carts / bare scan", full.times("carts"), 6, 4),
        Goal("step matrix / bare scan", full.times("matrix"), None, 4),
        Goal("pattern search / bare scan", full.times("find"), 8, None),
        Goal("journey map / bare scan", full.times("map"), 10, None),
        Goal("the same, NumPy alone", full.times("map", "compared"), 10, None),
        Goal("the report's questions in one pass / bare scan", full.times("report"), None, 10),
        Goal(
            "the same in one pass / one by one",
            ratio(full.seconds("report", "project"), full.seconds("report", "compared")),
            None,
            0.5,
        ),
        Goal("ingest / bare sorted COPY", full.times("ingest"), 3, 2),
        Goal(
            "times as fast: ClickHouse into its MergeTree, checked, ingest",
            faster("check and sort", "ingest"),
            None,
            1,
            True,
        ),
        Goal("times as fast: ClickHouse on Parquet, transitions", faster("(chdb) on Parquet"), 1, 8, True),
        Goal("times as fast: ClickHouse on its MergeTree, transitions", faster("on its MergeTree"), None, 2, True),
        Goal("times as fast: Polars, transitions", faster("Polars"), None, 10, True),
        Goal("times as fast: retentioneering, transitions", faster("retentioneering"), None, 100, True),
        Goal("times as fast: ClickHouse on Parquet, funnel", faster("on Parquet", "funnel"), None, 2.5, True),
        Goal("times as fast: ClickHouse on its MergeTree, funnel", faster("MergeTree", "funnel"), None, 1, True),
        Goal("peak memory of questions, MB", full.peak(*ASKED, "breakdown", "together"), 1024, None),
        Goal("peak memory of ingest, MB", full.peak("ingest"), 4096, None),
    ]
    startup = small or full
    found.append(Goal("journeys --help / python -c pass", startup.times("startup"), 8, 6))
    if small is not None:
        found.append(Goal("dropoff on 1 M events, whole process, s", small.seconds("startup", "compared"), None, 1))
    if largest is not None:
        label = f"{largest.size[0]:,} events, {largest.size[1]} days"
        worst = max((t for n in ASKED if (t := largest.times(n)) is not None), default=None)
        found += [
            Goal(f"any question of {', '.join(ASKED)} / bare scan, {label}", worst, None, 4),
            Goal(f"peak memory of these, MB, {label}", largest.peak(*ASKED), None, 1024),
            Goal(f"one customer's journey / bare scan, {label}", largest.times("customer"), None, 0.1),
        ]
    return found


def section_lines(section: Section, measured: Sequence[Measured]) -> list[str]:
    limit, peer = of_kind(measured, "limit"), of_kind(measured, "peer")
    cpu = next((m.median_cpu for m in measured if m.side.kind == "limit"), None)
    lines = [
        f"### {section.title}",
        "",
        f"Rounds: {max(len(m.seconds) for m in measured)}.",
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


def growth_lines(found: Sequence[Log]) -> list[str]:
    """Seconds, multiples of the scan and memory by log; how time grows with the number of events."""
    lines = [
        "## By size of the log",
        "",
        "Seconds (x bare scan; peak MB). The exponent is that of time over events between the two largest logs of 12 names:",
        "1 is in proportion.",
        "",
        "| question | "
        + " | ".join(f"{e:,} · {d} days · {n} names" for e, d, n in (one.size for one in found))
        + " | exponent |",
        "|---|" + "--:|" * (len(found) + 1),
    ]
    plain = [one for one in found if one.size[2] == 12]
    for name in GROWN:
        cells = [
            "-"
            if (s := one.seconds(name, "project")) is None
            else f"{s:,.3f} ({cell(one.times(name), 1)}; {cell(one.peak(name), 0)})"
            for one in found
        ]
        timed = [(one.size[0], s) for one in plain if (s := one.seconds(name, "project")) is not None]
        exponent = None
        if len(timed) > 1 and timed[-1][0] > timed[-2][0]:
            (few, short), (many, long) = timed[-2:]
            exponent = log(long / short) / log(many / few)
        lines.append(f"| {SECTIONS[name].title} | {' | '.join(cells)} | {cell(exponent, 2)} |")
    return [*lines, ""]


def results(work: Path) -> str:
    """RESULTS.md, without a date: the same numbers give the same file."""
    found = logs(work)
    full = next((one for one in found if one.name == FULL), found[-1])
    small = next((one for one in found if one.name == ONE_MILLION and "startup" in one.sections), None)
    largest = next((one for one in reversed(found) if one.size[0] > full.size[0]), None)
    versions = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} absent")
    events, days, names = full.size
    facts, judged = full.facts, goals(full, small, largest)
    lines = [
        "# Measured side by side",
        "",
        f"{events:,} events, {days} days, {names} event names, {facts['threads']} threads; medians of rounds in turn after a "
        "warm-up,",
        "as many as stand with each section; a side whose warm-up takes more than a minute has that one round.",
        "Seconds depend on the machine and on what else it does; the ratios of a section are from one run. CPU is user + system.",
        f"Load average when the newest run began: {facts['load']:.1f}; well above 0, only the CPU columns mean something.",
        "",
        ", ".join(versions) + ".",
        "",
        "| goal | measured | promised | aimed at |",
        "|---|--:|--:|--:|",
        *(goal.line for goal in judged),
        "",
        *reasons(judged),
    ]
    if len(found) > 1:
        lines += growth_lines(found)
    lines += [f"## {events:,} events, {days} days", ""]
    for name, measured in full.sections.items():
        lines += section_lines(SECTIONS[name], measured)
    return "\n".join(lines).rstrip() + "\n"
