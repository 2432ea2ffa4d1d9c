"""Every law of the numbers, checked on the user's own store: one row per law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pyarrow as pa

from ingest.identity.inquiry import identities
from ingest.store.core import is_true
from ingest.store.quarantine import Quarantine
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journeys.matchers import Matcher, Step
from paths.overview.session_rows import SessionRows
from paths.overview.summary import Summary
from paths.visits.visits import END, START
from pipeline.checks.law import LAWS, Law
from pipeline.checks.list_laws import carts, journey_map, leaks, lifecycles, people
from pipeline.project.project import Asked, Period, ProjectFolder
from pipeline.project.rules import goal_rules
from pipeline.questions.identity import FAR
from sessionize.sessions import SESSIONS

EDGES_CHECKED = 5


def reconcile(project: ProjectFolder) -> pa.Table:
    """Check them all; raises NoStore where there is nothing to check."""
    goals = goal_rules(project.config)
    base: list[Any] = [
        Summary(),
        Transitions(),
        DropOff(rules=goals),
        DropOff(rules=goals, by_stage=True),
        SessionRows(goal=goals.goal),
    ]
    asked = project.ask(Period(), base)
    checks: tuple[Callable[[ProjectFolder, Asked], Iterator[Law]], ...] = (
        accounting,
        owners,
        conservation,
        drop_offs,
        leaks,
        session_table,
        funnels,
        carts,
        people,
        lifecycles,
        journey_map,
    )
    laws = [law for check in checks for law in check(project, asked)]
    return pa.Table.from_pylist([law.row() for law in laws], schema=LAWS)


def accounting(project: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """Rows read are accounted for, all of them."""
    snapshot = asked.snapshot
    kept = snapshot.rows + project.store.duplicates(snapshot) + Quarantine(project.store.root).count() + snapshot.aged
    left = f"of them {snapshot.aged:,} older than [store] keep, erased" if snapshot.aged else ""
    yield Law("rows read = accepted + duplicates + quarantined", snapshot.rows_read, kept, left)
    before = project.ask(Period(as_of="9999-01-01"), [Summary()]).answers[0]["events"][0].as_py()
    yield Law("files whose core says what they say", sum(is_true(f.path) for f in snapshot.files), len(snapshot.files))
    yield Law("events of all sessions and passive ones = events of the store", before, snapshot.rows)


def owners(project: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """Every event is a known customer's by its row, by stitching, or nobody's; and it is stored where its owner is."""
    sums = identities(asked.snapshot.files, project.identity_rules, FAR)
    yield Law(
        "events = known + stitched + anonymous",
        sums.events,
        sums.known + sums.stitched + sums.anonymous,
    )
    yield Law(
        "stitched events stored under their owner's key",
        sums.stitched - sums.astray,
        sums.stitched,
    )
    devices = sum(n for n, _, _ in sums.by_customers.values())
    alone = sum(a for _, _, a in sums.by_customers.values())
    yield Law(
        "events with only an anonymous id = stitched + anonymous",
        alone,
        sums.stitched + sums.anonymous,
        f"{devices:,} devices",
    )


def conservation(_: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """At every node in = out, and START and END frame each session once."""
    into, out = Counter[str](), Counter[str]()
    for edge in asked.answers[1].to_pylist():
        out[edge["source"]] += edge["transitions"]
        into[edge["target"]] += edge["transitions"]
    sessions = asked.answers[0]["sessions"][0].as_py()
    yield Law("transitions out of START = sessions", out[START], sessions)
    yield Law("transitions into END = sessions", into[END], sessions)
    inner = sorted((into.keys() | out.keys()) - {START, END})
    broken = [n for n in inner if into[n] != out[n]]
    yield Law(
        "transitions in = transitions out, at every node",
        len(broken),
        0,
        f"nodes that differ {broken[:3]}" if broken else f"{len(inner)} nodes",
    )


def drop_offs(_: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """drop_off splits, and adds up over the places a session can end at."""
    sessions = [s for s in asked.answers[4].to_pylist() if not s["excluded"]]
    without_goal = sum(not s["goal"] for s in sessions)
    for name, table in (("touchpoint", asked.answers[2]), ("stage", asked.answers[3])):
        rows = table.to_pylist()
        total = sum(r["drop_off"] for r in rows)
        yield Law(f"drop_off over every {name} = sessions without a goal", total, without_goal)
        if rows and rows[0]["lost"] is not None:
            yield Law(
                f"drop_off = returned + lost + in_progress, by {name}",
                total,
                sum(r["returned"] + r["lost"] + r["in_progress"] for r in rows),
            )
    by_touchpoint, by_stage = (sum(r["lost"] or 0 for r in asked.answers[i].to_pylist()) for i in (2, 3))
    yield Law("lost by touchpoint = lost by stage", by_touchpoint, by_stage)


def session_table(project: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """What people query in SQL is what the kernels count."""
    from ingest.read_only_sql import read_only
    from pipeline.loading.sessions_table import sessions_table

    counted = (asked.answers[4].num_rows, sum(asked.answers[4]["events"].to_pylist()))
    counting = "select count(*) as sessions, coalesce(sum(events), 0)::bigint as events from sessions"
    answer = read_only(counting, {"sessions": sessions_table(project)}, {"sessions": SESSIONS}).to_pylist()[0]
    yield Law("published sessions and their events = kernel", tuple(answer.values()), counted)


def funnels(project: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """Funnels agree with paths, and with themselves."""
    nodes = Counter[str]()
    for row in asked.answers[2].to_pylist():
        nodes[row["touchpoint"]] = row["sessions"]
    edges = [e for e in asked.answers[1].to_pylist() if e["source"] != START and e["target"] != END and named(asked, e)]
    questions = [pair(e["source"], e["target"], "strict") for e in edges[:EDGES_CHECKED]]
    more = [pair(e["source"], e["target"], "ordered") for e in edges[:1]]
    broken_down = [Funnel(steps=q.steps, window=q.window, count=q.count, by="month") for q in more]
    answers = project.ask(Period(), [*questions, *more, *broken_down]).answers if edges else []
    for edge, answer in zip(edges[:EDGES_CHECKED], answers, strict=False):
        subject, (first, second) = f"{edge['source']} > {edge['target']}", answer["reached"].to_pylist()
        yield Law("strict session funnel A > B = sessions with the edge", second, edge["sessions"], subject)
        if edge["source"] in nodes:
            yield Law("step 1 of a session funnel = sessions with the node", first, nodes[edge["source"]], subject)
    for question, answer in zip([*questions, *more], answers, strict=False):
        rows = answer.to_pylist()
        rest = [b["reached"] + a["dropped"] + a["in_progress"] for a, b in pairwise(rows)]
        subject = " > ".join(s.name for s in question.steps) + f" ({question.order})"
        yield Law("reached = next reached + dropped + in_progress", [r["reached"] for r in rows[:-1]], rest, subject)
    for whole, parts in zip(answers[len(questions) :], answers[len(questions) + 1 :], strict=False):
        total = sum(r["reached"] for r in parts.to_pylist() if r["step"] == 1)
        yield Law("a breakdown adds up to the total", total, whole["reached"][0].as_py(), "by month")


def named(asked: Asked, edge: dict[str, Any]) -> bool:
    """Can both nodes be asked for by name? "x (other)" is part of x, and x with rules means all of it."""
    names = {edge["source"], edge["target"]}
    rules = asked.scope.touchpoints
    return not any(n.endswith(" (other)") for n in names) and (not rules.rules or names <= rules.given)


def pair(source: str, target: str, order: str) -> Funnel:
    """The funnel of one edge."""
    steps = tuple(Step(matchers=(Matcher(name=n),), label=n) for n in (source, target))
    return Funnel(steps=steps, window=None, count="sessions", order=order)
