"""The nightly run: new files in, checked, published. Unattended, exactly once, safe to repeat.

    files -> gates -> events -> days kept -> sessions -> report -> manifest

A gate that fails stops it before anything is written: yesterday's report stands. A run that is killed leaves nothing to
mend; the next one does what is left.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.cleaning.clean import Limits
from ingest.errors import (
    ConditionHolds,
    ConfigError,
    GateFailed,
    JourneysError,
    MissingInput,
    SetAside,
    StaleInput,
    StoreError,
)
from ingest.load import Accounting, Loaded, LoadOptions, Source, load
from ingest.loading.aged import Aged
from ingest.scratch import scratch
from ingest.store.event_store import Snapshot
from ingest.store.source_days import source_days
from pipeline.atomic_write import publish_bytes
from pipeline.engines.local import Pass
from pipeline.loading.erase import finish_erasing
from pipeline.loading.intake import configured
from pipeline.loading.keep import age_days, aged_facts, end_history, kept_from
from pipeline.loading.reading import Intake
from pipeline.loading.remarks import set_aside, told, warned
from pipeline.loading.sessions_table import publish_sessions
from pipeline.loading.upkeep import keep_house
from pipeline.nightly.fail_on import holding
from pipeline.nightly.gates import Trailing, judge, stop
from pipeline.nightly.late_rows import late_sentences
from pipeline.nightly.manifests import Manifest, iso
from pipeline.nightly.report_index import write_index
from pipeline.nightly.stitched import stitched_warnings
from pipeline.project.as_of import instant_text, moment, newest_settled, parse_instant
from pipeline.project.periods import local_day
from pipeline.project.project import Period, ProjectFolder
from pipeline.report.gather import gather
from reports.content.report import Report
from reports.content.small_cells import few
from reports.page.page import render
from sessionize.clock import midnight

STATES = {0: "ok", 3: "gated", 4: "stale", 5: "condition"}


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a night is run."""

    as_of: str | None = None  # None: the midnight after the newest event day, once the files are in
    allow_late: bool = False
    fail_on: Sequence[str] = ()
    wait_seconds: float = 0.0
    tell: Callable[[str, str, Mapping[str, Any]], None] = lambda _level, _message, _facts: None
    """(info | warning | error, message, facts: run_id, and the stage that is under way)."""


def run_night(project: ProjectFolder, options: RunOptions) -> Manifest:
    """Do one night and write its manifest, whatever comes of it; errors are raised after that.

    Raises GateFailed (nothing written), StaleInput (nothing published), SetAside and ConditionHolds (after publishing),
    Locked, and MissingInput where there is no event to publish.
    """
    with project.store.lock(options.wait_seconds):
        finish_erasing(project)
        return run_locked(project, options)


def run_locked(project: ProjectFolder, options: RunOptions) -> Manifest:
    """The same, by whoever holds the store's lock: nobody else writes while a night is at work."""
    started = datetime.now(UTC)
    manifest = Manifest(
        run_id=f"{started:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}",
        as_of=options.as_of or "",
        started_at=iso(started),
        config=project.config.digest(),
    )
    clock = time.monotonic()
    try:
        Night(project, options, manifest).run()
        manifest.state, manifest.exit_code = "ok", 0
    except JourneysError as error:
        manifest.state, manifest.exit_code, manifest.message = (
            "incomplete" if isinstance(error, SetAside) else STATES.get(error.exit_code, "failed"),
            error.exit_code,
            str(error),
        )
        options.tell("error", str(error), {"run_id": manifest.run_id, "exit_code": error.exit_code})
        raise
    except OSError as error:
        manifest.state, manifest.exit_code, manifest.message = "failed", 1, str(error)
        raise StoreError(f"{error}. Nothing is lost: mend it and run again.") from error
    except BaseException as error:
        manifest.state, manifest.exit_code, manifest.message = "failed", 1, f"{type(error).__name__}: {error}"
        raise
    finally:
        manifest.seconds = round(time.monotonic() - clock, 3)
        with suppress(OSError) if manifest.exit_code else nullcontext():  # on a full disk: what failed first is told
            manifest.write(project.store.root / "runs")
    return manifest


@dataclass(frozen=True)
class Night:
    """One night's stages, in order."""

    project: ProjectFolder
    options: RunOptions
    manifest: Manifest

    def run(self) -> None:
        """All of them."""
        before = self.project.store.snapshot() if self.project.store.exists else None
        newest = self.newest_days(before)
        with self.stage("load"):
            loaded = self.load(before, newest)
        if not self.project.store.exists or not self.project.store.snapshot().rows:
            raise loaded.aside[0].error if loaded.aside else MissingInput("nothing to publish: there is no event yet.")
        with self.stage("keep"):
            aged = self.keep()
        try:
            self.after_load(before, newest, loaded)
        finally:
            end_history(self.project, aged)

    def after_load(self, before: Snapshot | None, newest: Mapping[str, date], loaded: Loaded) -> None:
        """What is done once the store holds what it shall hold."""
        after = self.project.store.snapshot()
        if not after.rows:
            raise MissingInput("nothing to publish: every event was older than [store] keep.")
        with self.stage("sessions"):
            self.fresh(after)
            self.read("sessions", publish_sessions(self.project))
        with self.stage("report"):
            report, done = gather(self.project, Period(as_of=self.options.as_of))
            self.read("report", done)
            self.note(report)
            self.unmapped(report)
        with self.stage("late"):
            if not report.strict:  # a sentence tells what few events did
                as_of = instant_text(report.as_of)
                self.manifest.late = late_sentences(self.project, as_of, before, after, loaded, newest)
        with self.stage("publish"):
            self.publish(report)
        with self.stage("upkeep"):
            self.manifest.sealed = list(keep_house(self.project, local_day(report.as_of, "UTC")))
        held, absent = holding(report, self.options.fail_on)
        for message in absent:
            self.warn(message)
        if error := set_aside(loaded, "everything else was taken in and published"):
            raise error
        if held:
            raise ConditionHolds("published, but a --fail-on condition holds: " + "; ".join(held))

    def keep(self) -> Aged | None:
        """Let the days leave that are older than [store] keep."""
        scope, _ = self.project.scope(Period(as_of=self.options.as_of), self.project.store.snapshot())
        aged = age_days(self.project, scope.as_of, self.manifest.run_id)
        if aged is not None and aged.events:
            self.manifest.aged = aged_facts(aged, self.project.config.store.keep)
            self.tell("info", self.manifest.aged["said"])
        return aged

    def newest_days(self, snapshot: Snapshot | None) -> dict[str, date]:
        """The newest event day (UTC) of each source before as_of that does not stand apart."""
        if snapshot is None or not snapshot.rows:
            return {}
        end = self.as_of
        found = {}
        for source, days in source_days(self.project.store, snapshot).items():
            before = {day: n for day, n in days.items() if end is None or midnight(day, "UTC") < end}
            newest, _ = newest_settled(before)
            if newest is not None:
                found[source] = newest
        return found

    @property
    def as_of(self) -> int | None:
        """The instant that was asked for, microseconds UTC."""
        given = self.options.as_of
        return None if given is None else parse_instant(given, self.project.config.project.timezone)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of a stage."""
        start = time.monotonic()
        self.tell("info", f"{name}: started", stage=name)
        yield
        self.manifest.stages[name] = round(time.monotonic() - start, 3)
        self.tell("info", f"{name}: done", stage=name, seconds=self.manifest.stages[name])

    def read(self, stage: str, done: Pass) -> None:
        """Note what a stage has read of the store."""
        self.manifest.read[stage] = {
            "files": done.read.files,
            "rows": done.read.rows,
            "bytes": done.read.bytes,
            "files_skipped": done.skipped,
            "customers_read_further": done.read_further,
        }

    def tell(self, level: str, message: str, **facts: Any) -> None:
        """To whoever listens."""
        self.options.tell(level, message, {"run_id": self.manifest.run_id, **facts})

    def warn(self, message: str) -> None:
        """Into the manifest and to whoever listens."""
        self.manifest.warnings.append(message)
        self.tell("warning", message)

    def load(self, before: Snapshot | None, newest: Mapping[str, date]) -> Loaded:
        """New files in, through the gates, in one commit."""
        gates = self.project.config.gates
        past = Trailing.of(before, gates.trailing_days, max(newest.values(), default=None))
        self.manifest.read["gates"] = past.read

        def gate(books: Mapping[str, Accounting], arrivals: pa.Table) -> None:
            verdicts = judge(gates, past, books, arrivals)
            for v in verdicts:
                self.warn(v.message)
            stop(verdicts)

        self.manifest.snapshot_before = before.version if before else None
        options = LoadOptions(
            run_id=self.manifest.run_id, gate=gate, strict=False, kept_from=kept_from(self.project, before)
        )
        loaded = load(self.project.store, self.sources(newest), options)
        self.manifest.accounting = {
            name: asdict(book) | {"quarantined": sum(book.quarantined.values()), "reasons": dict(book.quarantined)}
            for name, book in loaded.accounting.items()
        }
        self.manifest.inputs = [asdict(i) for i in loaded.inputs]
        self.manifest.known, self.manifest.growing = sorted(loaded.known), sorted(loaded.growing)
        self.manifest.spans, self.manifest.snapshot_after = list(loaded.spans), loaded.version
        self.manifest.empty, self.manifest.anew = sorted(loaded.empty), list(loaded.anew)
        self.manifest.aside = [{"source": a.source, "name": a.name, "reason": str(a.error)} for a in loaded.aside]
        self.manifest.remapped = sorted(name for _, name in loaded.remapped)
        self.manifest.redelivered = sorted(name for _, name in loaded.redelivered)
        for (source, target), names in loaded.lacking.items():
            self.manifest.lacking.setdefault(source, {})[target] = list(names)
        for message in told(loaded):
            self.tell("info", message)
        for message in warned(loaded):
            self.warn(message)
        return loaded

    def sources(self, newest: Mapping[str, date]) -> list[Source]:
        """Every [[source]] with its files and, but on its first load, the day from which on a row is late."""
        config = self.project.config
        if not config.sources:
            raise ConfigError("nothing to run: journeys.toml has no [[source]] with a path.")
        limits = Limits(as_of=None if self.as_of is None else moment(self.as_of))
        notes: list[str] = []
        sources = []
        for s in (s for s in config.sources if s.path):
            day = None if self.options.allow_late or s.name not in newest else newest[s.name].isoformat()
            late = replace(limits, newest_day=day, late_window=s.late_window)
            with scratch(self.project.config.store_path):
                sources.append(replace(configured(self.project, s, Intake(), notes), limits=late))
        for message in notes:
            self.tell("info", message)
        return sources

    def fresh(self, after: Snapshot) -> None:
        """Freshness by event date: a warning, or StaleInput."""
        gates, days = self.project.config.gates, self.newest_days(after)
        scope, warnings = self.project.scope(Period(as_of=self.options.as_of), after)
        self.manifest.as_of = instant_text(scope.as_of)
        for message in warnings:
            self.warn(message)
        off = self.project.identity_rules.shared_device == "off"
        for message in stitched_warnings(after, max(days.values(), default=None), gates.trailing_days, off):
            self.warn(message)
        for source, day in sorted(days.items()):
            end = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
            age = moment(scope.as_of) - end
            words = f'source "{source}" has no events after {day}, {age.days} days before as_of'
            if gates.fresh_error is not None and age > gates.fresh_error:
                raise StaleInput(f"{words}; nothing was published, the last report stands.")
            if age > gates.fresh_warn:
                self.warn(words)

    def unmapped(self, report: Report) -> None:
        """The share of events in no stage, where there are stages."""
        gates, quality = self.project.config.gates, report.quality
        if quality.unmapped is None or not quality.events or quality.unmapped / quality.events <= gates.unmapped_share:
            return
        message = f"{quality.unmapped / quality.events:.1%} of the period's events are in no stage; the gate is {gates.unmapped_share:.1%}"
        self.warn(message)
        if "unmapped_share" in gates.fail_on:
            raise GateFailed(f"{message}; nothing was published, the last report stands.")

    def note(self, report: Report) -> None:
        """The night's main numbers, for the manifest and the metrics."""
        outcome = report.outcome(0)
        totals = report.carts.totals if report.carts else {}
        self.manifest.numbers = {
            **{k: report.summary[k][0].as_py() for k in ("events", "customers", "sessions")},
            "conversion_rate": outcome["conversion_rate"],
            "lost": sum(r["lost"] or 0 for r in report.dropoff.to_pylist()),
            "abandonment_rate": totals.get("abandonment_rate"),
            "quarantined": report.quality.quarantined,
        }
        if report.strict:
            self.manifest.numbers.update({k: None for k in ("lost",) if few(self.manifest.numbers[k])})

    def publish(self, report: Report) -> None:
        """The page of the night, then the index over all nights, which everybody opens; each all or nothing."""
        page = render(report)
        root = self.project.directory / self.project.config.project.reports
        night = instant_text(report.as_of)[:10]
        target: Path = root / night / "index.html"
        publish_bytes(target, page)
        self.manifest.published = [str(t.relative_to(self.project.directory)) for t in (target, root / "index.html")]
        write_index(self.project, self.manifest.__dict__)
