"""Laws between numbers and the people, carts and maps behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from paths.carts.counts import BROWSE, Carts
from paths.carts.listing import CartList
from paths.people.cohort_members import InCohort
from paths.people.members import Members
from paths.people.selections import AtStep, Ended, OnEdge, Selection
from paths.retention.cohorts import Retention
from paths.retention.lifecycle import Lifecycle
from paths.retention.rules import RetentionRules
from paths.retention.table import AVERAGE
from pipeline.checks.law import Law
from pipeline.project.map_rules import questions
from pipeline.project.project import Asked, Period, ProjectFolder
from pipeline.project.rules import cart_rules, goal_rules
from pipeline.project.saved_funnels import funnel_of

NODES_CHECKED = 3
MOST_WEEKS = 520
"""Periods of the cohorts that are held against the lifecycle: ten years."""


def leaks(_: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """A session ends once, so leaks add up; each is lost x conversion."""
    rows = [r for r in asked.answers[2].to_pylist() if r["conversion"] is not None and r["leak"] is not None]
    if rows:
        product = sum(r["lost"] * r["conversion"] for r in rows)
        slack = 1e-6 * sum(r["lost"] + 1 for r in rows)  # both are rounded to 6 decimals
        total = sum(r["leak"] for r in rows)
        yield Law("leaks add up, each lost x conversion", abs(total - product) <= slack, True, f"{total:,.2f}")


def carts(project: ProjectFolder, _: Asked) -> Iterator[Law]:
    """Every cart has one status, and the list holds exactly those that are counted."""
    rules = cart_rules(project.config)
    counted, listed = project.ask(Period(), [Carts(rules=rules), CartList(rules=rules)]).answers
    rows = [r for r in counted.table.to_pylist() if r["kind"] != BROWSE]
    by_status = Counter[str]()
    for row in rows:
        by_status[row["status"]] += row["episodes"]
    statuses = Counter(listed["status"].to_pylist())
    yield Law("episodes = converted + recovered + abandoned + open + emptied", sum(by_status.values()), listed.num_rows)
    for status in sorted(by_status):
        yield Law("the list of carts holds exactly those counted", statuses[status], by_status[status], status)


def people(project: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """The lists of people hold exactly the units that the numbers count."""
    wanted = [*at_steps(project), *at_places(project, asked)]
    goals = goal_rules(project.config)
    lists = project.ask(Period(), [Members(selection=s, rules=goals) for _, s, _ in wanted]).answers
    for (subject, _, counted), row in zip(wanted, lists, strict=True):
        yield Law("a list of people holds exactly the counted members", row.num_rows, counted, subject)


def at_steps(project: ProjectFolder) -> Iterator[tuple[str, Selection, int]]:
    """Of each saved funnel: who reached the last step, who dropped after the first, and who is on the way there."""
    saved = [
        (f.name, funnel_of(f, project.known_names)) for f in project.config.funnels if not f.segment and not f.where
    ]
    answers: list[Any] = project.ask(Period(), [q for _, q in saved]).answers if saved else []
    for (name, question), answer in zip(saved, answers, strict=True):
        rows = answer.to_pylist()
        for step, state, counted in (
            (len(rows), "converted", rows[-1]["reached"]),
            (1, "dropped", rows[0]["dropped"]),
            (1, "in_progress", rows[0]["in_progress"]),
        ):
            if counted is not None:
                yield f"{name}: {state} at {step}", AtStep(funnel=question, step=step, state=state), counted


def at_places(project: ProjectFolder, asked: Asked) -> Iterator[tuple[str, Selection, int]]:
    """Of the busiest edges and the worst leaks: the sessions that go there, are lost there, or return."""
    for edge in asked.answers[1].to_pylist()[:NODES_CHECKED]:
        ends = OnEdge(source=edge["source"], target=edge["target"])
        yield f"{edge['source']} > {edge['target']}", ends, edge["sessions"]
    goals, window = goal_rules(project.config), project.config.project.return_window
    for row in asked.answers[2].to_pylist()[:NODES_CHECKED]:
        for state in ("lost", "returned"):
            if row[state] is not None:
                there = Ended(node=row["touchpoint"], state=state, rules=goals, return_window=window)
                yield f"{state} at {row['touchpoint']}", there, row[state]


def lifecycles(project: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """Each week's customers are new, retained or resurrected; a week's are retained or dormant in the next; cohorts meet both."""
    answers = project.ask(Period(), [Lifecycle(), Retention(rules=RetentionRules(periods=MOST_WEEKS))]).answers
    every, cells = (answer.to_pylist() for answer in answers)
    weeks = [r for r in every if r["complete"]]
    active = [r["active"] for r in weeks]
    split = [r["new"] + r["retained"] + r["resurrected"] for r in weeks]
    yield week_by_week("new + retained + resurrected = active, every week", weeks, split, active)
    gone = [r["retained"] + r["dormant"] for r in weeks[1:]]
    yield week_by_week("retained + dormant = active of the week before", weeks[1:], gone, active[:-1])
    number = {r["period"]: i for i, r in enumerate(every)}
    met, size = Counter[int](), Counter[str]()
    for r in cells:
        if r["cohort"] != AVERAGE:
            met[number[r["cohort"]] + r["period"]] += r["returned"] or 0
            size[r["cohort"]] = r["customers"]
    returned = [met[i] for i in range(len(weeks))][:MOST_WEEKS]
    yield week_by_week("returned of all cohorts in a week = active in it", weeks, returned, active[:MOST_WEEKS])
    shown = [r for r in cells if r["cohort"] != AVERAGE and r["complete"] and r["period"] == 1][:NODES_CHECKED]
    rules = RetentionRules(periods=MOST_WEEKS)
    lists = [Members(selection=InCohort(rules=rules, cohort=r["cohort"], period=1)) for r in shown]
    for row, found in zip(shown, project.ask(Period(), lists).answers if lists else [], strict=True):
        subject = f"{row['cohort']}, {row['name']}"
        yield Law(
            "a list of a cohort's customers holds exactly those returned", found.num_rows, row["returned"], subject
        )
    kept = {s["customer_key"] for s in asked.answers[4].to_pylist() if not s["excluded"]}
    yield Law("customers of all cohorts = customers with a session", sum(size.values()), len(kept))


def week_by_week(name: str, weeks: Sequence[Mapping[str, Any]], left: Sequence[int], right: Sequence[int]) -> Law:
    """A law of each week."""
    broken = [w["period"] for w, one, other in zip(weeks, left, right, strict=False) if one != other]
    subject = f"weeks that differ {broken[:3]}" if broken else f"{len(left):,} weeks"
    return Law(name, len(broken), 0, subject)


def journey_map(project: ProjectFolder, asked: Asked) -> Iterator[Law]:
    """The map counts what sessions and drop-off count."""
    asked_for = questions(project)
    answer = project.ask(Period(), [asked_for.cells("touchpoint")], stages=asked_for.rules).answers[0]
    sessions = [s for s in asked.answers[4].to_pylist() if not s["excluded"]]
    rows = answer.table.to_pylist()
    yield Law(
        "visits of the map's cells = events of sessions",
        sum(r["visits"] for r in rows),
        sum(s["events"] for s in sessions),
    )
    without_goal = sum(not s["goal"] for s in sessions)
    yield Law("drop_off over the map's cells = sessions without a goal", sum(r["drop_off"] for r in rows), without_goal)
