"""This project, with `journeys[fast]` where that is installed, as in a process that has asked for some time."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ingest.cleaning.mapping import Field, SourceMapping
from ingest.compiled import Choice
from ingest.load import InputFile, LoadOptions, Source, load
from ingest.loading.seal import seal
from ingest.store.event_days import note_days
from ingest.store.event_store import EventStore
from ingest.store.retention import expire
from paths.analysis import Analysis
from paths.carts.counts import Carts
from paths.carts.rules import CartRules
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journey_map.friction import FrictionRules
from paths.journey_map.journey_map import JourneyMap
from paths.journeys.matchers import Matcher, Step
from paths.journeys.scope import NEVER, Scope
from paths.journeys.touchpoints import StageRule, StageRules
from paths.sequences.pattern_search import Search
from paths.sequences.patterns import parse_pattern
from paths.sequences.steps_around import StepsAround
from pipeline.api import Project
from pipeline.config.models import Store
from pipeline.engines.local import run as run_pass
from pipeline.engines.processes import Team
from pipeline.project.project import Period
from pipeline.questions.customer import customer as timeline
from pipeline.report.journey_map import map_questions
from pipeline.report.questions import about_all, periods_of
from sessionize.rules import SessionRules
from sides import IDLE_MINUTES, MICROSECOND, STEPS, WINDOW_DAYS, Job, Task, edge_answer

Choice.always = Team.always = True
MAPPING = SourceMapping(fields={name: Field(columns=(name,)) for name in ("customer_id", "event_at", "event")})


def into_store(job: Job, root: Path) -> list[str]:
    """The delivered CSV -> a new store; the names of its files."""
    shutil.rmtree(root, ignore_errors=True)
    source = Source(mapping=MAPPING, files=[InputFile(path=job.csv, name=job.csv.name)])
    load(EventStore(root), [source], LoadOptions(threads=job.threads))
    return [str(f.path) for f in EventStore(root).snapshot().files]


def ingest(job: Job) -> Task:
    """Typed, checked, deduplicated, accounted for, sorted, committed."""
    return lambda: into_store(job, job.output / "store")


def build(job: Job) -> Task:
    """The store that the questions are asked of, as its nights leave it: months that are over for long are sealed."""

    def run() -> None:
        into_store(job, job.store)
        store = EventStore(job.store)
        newest = date.fromisoformat(store.snapshot().files[-1].span)
        with store.lock():
            seal(store, newest - Store().seal_after)
            note_days(store, "UTC")
            expire(store, time.time())

    return run


ROLES = {"view": "product_view", "add": "add_to_cart", "begin_checkout": "checkout_started", "purchase": "purchase"}
PATTERN = "add_to_cart -> [^purchase]* -> END"


def funnel_of_steps(by: str | None = None) -> Funnel:
    steps = tuple(Step(matchers=(Matcher(name=name),)) for name in STEPS)
    return Funnel(steps=steps, window=timedelta(days=WINDOW_DAYS), count="customers", by=by)


def scope() -> Scope:
    # as_of lies behind the data; peers know idle time only, so the limits of length are off on every side
    rules = SessionRules(
        idle_timeout=timedelta(minutes=IDLE_MINUTES), max_duration=timedelta(0), max_session_events=1 << 40
    )
    return Scope(as_of=4_000_000_000 * MICROSECOND, sessions=rules)


def ask(job: Job, *analyses: Analysis[Any], stages: StageRules | None = None) -> Any:
    """The answers of one pass, the snapshot opened anew."""
    asked = scope() if stages is None else replace(scope(), stages=stages)
    return run_pass(analyses, EventStore(job.store).snapshot(), asked, threads=job.threads)[0]


def edges(table: Any) -> dict[str, Any]:
    columns = (table[name].to_pylist() for name in ("source", "target", "transitions"))
    return edge_answer(list(zip(*columns, strict=True)))


def transitions(job: Job) -> Task:
    """With distinct sessions and customers and the time of every edge."""
    return lambda: edges(ask(job, Transitions())[0])


def funnel(job: Job) -> Task:
    """With times between steps, and what the dropped did next."""
    return lambda: ask(job, funnel_of_steps())[0]["reached"].to_pylist()


def dropoff(job: Job) -> Task:
    """With what returned, what was lost, conversion and leak."""
    return lambda: len(ask(job, DropOff())[0])


def breakdown(job: Job) -> Task:
    """The funnel of each day; the log has no column to break it down by."""
    return lambda: len(ask(job, funnel_of_steps(by="day"))[0])


def carts(job: Job) -> Task:
    """Episodes by kind and status, with rates, browse sessions and how long a recovery takes."""
    rules = CartRules(roles={role: frozenset({name}) for role, name in ROLES.items()})
    return lambda: ask(job, Carts(rules=rules))[0].totals["episodes"]


def matrix(job: Job) -> Task:
    """Sessions and customers by node at each of the first eight steps."""
    return lambda: len(ask(job, StepsAround(steps=7))[0])


def find(job: Job) -> Task:
    """Sessions that put something into the cart and end without buying."""
    return lambda: ask(job, Search(pattern=parse_pattern(PATTERN)))[0]["sessions"].to_pylist()


STAGES = {
    "awareness": ("home", "promo_page"),
    "consideration": ("product_view", "catalog", "search", "wishlist"),
    "cart": ("add_to_cart", "cart"),
    "checkout": ("checkout_started", "payment"),
    "purchase": ("purchase",),
    "service": ("help",),
}


def journey_map(job: Job) -> Task:
    """Every cell with times, friction, drop-off and what goes on."""
    rules = StageRules(tuple(StageRule(name=name, events=events) for name, events in STAGES.items()))
    question = JourneyMap(stages=tuple(STAGES), friction=FrictionRules(support=("help",)))
    return lambda: len(ask(job, question, stages=rules)[0].table)


def together(job: Job) -> Task:
    """All three in one pass."""

    def run() -> list[Any]:
        paths, steps, leaks = ask(job, Transitions(), funnel_of_steps(), DropOff())
        return [edges(paths), steps["reached"].to_pylist(), len(leaks)]

    return run


CONFIG = """
[project]
goal = ["purchase"]
[carts.roles]
view = ["product_view"]
[[funnel]]
name = "buy"
steps = ["product_view", "add_to_cart", "checkout_started", "purchase"]
"""


def of_report(job: Job) -> tuple[list[Analysis[Any]], Scope]:
    """Every question of the report of the newest 28 days against those before, and its scope."""
    job.output.mkdir(parents=True, exist_ok=True)
    (job.output / "journeys.toml").write_text(CONFIG)
    project = Project(job.output, {"project.store": str(job.store)})
    asked, _ = project.scope(Period(), EventStore(job.store).snapshot())
    periods = periods_of(asked, "UTC", compare=True)
    questions = about_all(project, asked, periods).analyses, map_questions(project, periods).analyses
    return [a for part in questions for a in part.values()], replace(asked, since=-NEVER, until=NEVER)


def report(job: Job) -> Task:
    """As the report asks them."""
    questions, asked = of_report(job)
    return lambda: len(run_pass(questions, EventStore(job.store).snapshot(), asked, threads=job.threads)[0])


def report_one_by_one(job: Job) -> Task:
    """A pass for each question."""
    questions, asked = of_report(job)

    def run() -> int:
        for question in questions:
            run_pass([question], EventStore(job.store).snapshot(), asked, threads=job.threads)
        return len(questions)

    return run


def customer(job: Job) -> Task:
    """One customer's whole journey as a timeline: the one of a middle row group of a middle file."""
    files = EventStore(job.store).snapshot().files
    parquet = pq.ParquetFile(files[len(files) // 2].path)
    known = parquet.read_row_group(parquet.num_row_groups // 2, columns=["customer_id"])["customer_id"][0].as_py()
    job.output.mkdir(parents=True, exist_ok=True)
    (job.output / "journeys.toml").write_text(CONFIG)
    project = Project(job.output, {"project.store": str(job.store)})
    return lambda: len(timeline(project, known).table)
