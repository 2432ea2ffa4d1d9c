"""The report of a project that says privacy = "strict": no number on it is about fewer than LEAST customers.

A row with a hidden number (reports/content/small_cells.py) leaves the page; a part without which the page makes no sense leaves
whole: a comparison with a period of too few, a goal that too few reached, a funnel's further steps, a cart's section. Single
sessions and comments are not shown at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from paths.statistics.survival import GoalTimes
from reports.content.journey_map import MapContent, PersonaMap
from reports.content.least import LEAST
from reports.content.report import CartAnswer, FunnelAnswer, Report, Segment
from reports.content.small_cells import COUNTS, HIDDEN, few, guarded, guarded_totals
from reports.page.sections.carts import HOURS

NOTE = (
    f'privacy = "strict": rows about fewer than {LEAST} customers, and those that would give them away, are left out; sums are of '
    "what is shown. Comments and single sessions are not shown."
)
GOALS = ("converted", "goals", "timed_goals")
OF_GOALS = (*GOALS, "conversion_rate", "ci_low", "ci_high", "median_seconds")
ENDS = ("returned", "lost", "in_progress", "conversion", "leak", "value_at_risk", "lost_after", "returned_at")
LEFT = ("converted", "recovered", "abandoned")


def strict(report: Report) -> Report:
    """The report as everybody may see it."""
    segments = enough(report.segments)
    whole = told(report)
    return replace(
        whole,
        strict=True,
        segments=[replace(s, report=told(replace(s.report, strict=True))) for s in segments],
        segments_left_out=report.segments_left_out + len(report.segments) - len(segments),
        warnings=[NOTE, *whole.warnings],
    )


def enough(segments: Sequence[Segment]) -> list[Segment]:
    """Those about LEAST customers; of a column with one that is not, the next smallest goes too: it would be the sum less the rest."""

    def size(s: Segment) -> int:
        return int(s.report.summary["customers"][0].as_py())

    kept: list[Segment] = []
    for column in dict.fromkeys(s.column for s in segments):
        mine = [s for s in segments if s.column == column]
        left = sorted((s for s in mine if size(s) >= LEAST), key=size)
        gone = len(mine) - len(left)
        shown = left[1:] if gone == 1 else left
        kept += [s for s in mine if s in shown]
    return kept


def told(report: Report) -> Report:
    """One report without its segments."""
    report = comparable(without_few_weeks(report))
    aimed = not any(few(report.outcome(0)[c]) for c in GOALS)
    if not aimed:
        rows = [{**r, **dict.fromkeys(OF_GOALS)} for r in report.outcomes.to_pylist()]
        report = replace(report, goal=(), goal_seen=False, outcomes=as_table(rows, report.outcomes.schema))
    hours = guarded(report.hours)
    return replace(
        report,
        flows=report.flows.slice(0, 0),  # a picture of flows from which some are missing misleads
        edges=whole_rows(report.edges),
        hours=report.hours.slice(0, 0) if hours[1] else report.hours,
        goal_times=times(report.goal_times),
        nodes=None if report.nodes is None else whole_rows(report.nodes),
        dropoff=ends(report.dropoff, aimed),
        dropoff_before=None if report.dropoff_before is None else ends(report.dropoff_before, aimed),
        last_lost=report.last_lost.slice(0, 0),
        drivers=None,  # what a factor lacks is the whole less it
        funnels=[f for f in map(steps, report.funnels) if f.now.num_rows],
        carts=None if report.carts is None else carts(report.carts),
        coverage=whole_rows(report.coverage),
        crossings=None if report.crossings is None else whole_rows(report.crossings),
        quality=replace(
            report.quality,
            unmapped=0 if few(report.quality.unmapped) else report.quality.unmapped,
            excluded_sessions=0 if few(report.quality.excluded_sessions) else report.quality.excluded_sessions,
        ),
        map=None if report.map is None else large(report.map, aimed),
        **of_history(report, aimed),
    )


def of_history(report: Report, aimed: bool) -> dict[str, Any]:
    """Attribution, where enough converted; cohorts, cell by cell; periods of which everything may be told."""
    owed, cohorts, life = report.attribution, report.cohorts, report.lifecycle
    if owed is not None:
        told = aimed and not any(few(owed.totals[c]) for c in ("conversions", "valued", "no_touch"))
        owed = replace(owed, table=whole_rows(owed.table)) if told else None
    return {
        "attribution": owed,
        "cohorts": cohorts and replace(cohorts, table=guarded(cohorts.table)[0]),
        "lifecycle": life and replace(life, table=whole_rows(life.table)),
    }


def without_few_weeks(report: Report) -> Report:
    """The weeks of enough customers: their outcomes, and what became of their carts."""
    first = 1 if report.before is None else 2
    rows = report.outcomes.to_pylist()
    spans = report.carts.spans.to_pylist() if report.carts else []
    keep = []
    for i, row in enumerate(rows):
        cart = [spans[i][s] for s in LEFT] if spans else []
        keep.append(i < first or not any(map(few, (row["customers"], row["sessions"], row["converted"], *cart))))
    found = replace(
        report,
        outcomes=report.outcomes.filter(pa.array(keep, pa.bool_())),
        weeks=[w for w, kept in zip(report.weeks, keep[first:], strict=True) if kept],
    )
    if report.carts is None:
        return found
    return replace(found, carts=replace(report.carts, spans=report.carts.spans.filter(pa.array(keep, pa.bool_()))))


def comparable(report: Report) -> Report:
    """Not compared with a period that too few came, converted or filled carts in."""
    if report.before is None:
        return report
    row = report.outcome(1)
    cart = report.carts.spans.slice(1, 1).to_pylist()[0] if report.carts else {}
    numbers = [row[c] for c in ("customers", "sessions", *GOALS)] + [cart.get(s) for s in LEFT]
    if not any(map(few, numbers)):
        return report
    found = replace(
        report,
        before=None,
        summary_before=None,
        dropoff_before=None,
        outcomes=pa.concat_tables([report.outcomes.slice(0, 1), report.outcomes.slice(2)]),
        funnels=[replace(f, before=None, settled=None, settled_before=None) for f in report.funnels],
        map=None if report.map is None else replace(report.map, changes=None),
    )
    if report.carts is None:
        return found
    spans = report.carts.spans
    return replace(found, carts=replace(report.carts, spans=pa.concat_tables([spans.slice(0, 1), spans.slice(2)])))


def whole_rows(table: pa.Table) -> pa.Table:
    """The rows of which nothing is hidden."""
    found, _ = guarded(table, dropped=True)
    return found


def ends(table: pa.Table, aimed: bool) -> pa.Table:
    """Drop-off: a place with a hidden part tells none of its parts; without a goal nobody does."""
    rows = [r for r in guarded(table)[0].to_pylist() if None not in (r["visits"], r["sessions"], r["drop_off"])]
    for row in rows:
        if not aimed or None in (row["returned"], row["lost"], row["in_progress"]):
            row.update(dict.fromkeys(ENDS))
    return as_table(rows, table.schema)


def times(found: GoalTimes) -> GoalTimes:
    """The time to a goal, of enough customers."""
    if few(found.converted) or few(found.customers - found.converted):
        return GoalTimes(table=found.table.slice(0, 0), customers=found.customers, converted=0, median_seconds=None)
    return replace(found, table=whole_rows(found.table))


def steps(answer: FunnelAnswer) -> FunnelAnswer:
    """A funnel up to the first step that too few reached; where a part of what is between two steps is hidden, all parts are."""
    rows = guarded(answer.now)[0].to_pylist()
    last = next((i for i, r in enumerate(rows) if r["reached"] is None), len(rows))
    rows = rows[:last]
    for row in rows:
        if row["dropped"] is None or row["in_progress"] is None:
            row.update(dropped=None, in_progress=None, dropped_next=None)
    compared = (answer.before, answer.settled, answer.settled_before)
    fine = last == answer.now.num_rows and not any(few(n) for t in compared if t for n in t["reached"].to_pylist())
    now = as_table(rows, answer.now.schema)
    if fine:
        return replace(answer, now=now)
    return replace(answer, now=now, before=None, settled=None, settled_before=None)


def carts(answer: CartAnswer) -> CartAnswer | None:
    """The section; None where too few carts were bought, came back or are left, or too few of them have a value."""
    totals, now = dict(answer.totals), answer.spans.slice(0, 1).to_pylist()[0]
    if any(few(totals[s]) or few(now[s]) or few(now[f"{s}_known"]) for s in LEFT):
        return None
    for name in ("recovered_by", "refunds"):
        if isinstance(totals.get(name), Mapping):
            totals[name] = {k: v for k, v in guarded_totals(totals[name]).items() if v is not HIDDEN}
    hidden = {"open": None, "emptied": None} if few(totals["open"]) or few(totals["emptied"]) else {}
    return replace(
        answer,
        totals={**totals, **hidden, "episodes": sum(totals[s] for s in LEFT)},
        table=whole_rows(answer.table),
        last_steps=whole_rows(answer.last_steps),
        idle_hours=bands(answer.idle_hours),
        recovery_hours=bands(answer.recovery_hours),
    )


def bands(hours: pa.Table) -> pa.Table:
    """The hours of bands (as the page draws them) that enough carts lie in."""
    rows = hours.to_pylist()
    band = [next(label for limit, label in HOURS if r["hours"] < limit) for r in rows]
    count = Counter[str]()
    for label, row in zip(band, rows, strict=True):
        count[label] += row["episodes"]
    gone = {label for label, n in count.items() if few(n)}
    left = sorted((label for label in count if label not in gone), key=lambda label: count[label])
    gone |= set(left[:1]) if len(gone) == 1 else set()
    return as_table([r for r, label in zip(rows, band, strict=True) if label not in gone], hours.schema)


def large(content: MapContent, aimed: bool) -> MapContent:
    """The map of places that enough customers met; no comments."""
    names = ("cells", "by_stage", "pains", "moments", "best", "designed")
    tables = {n: enough_of(getattr(content, n)) for n in names}
    if few_in_order(content.designed_totals):
        tables["designed"] = tables["designed"].slice(0, 0)
    keep = [n is not None for n in column(guarded(content.opportunities, kept=True)[0], "n")]
    return replace(
        content,
        **tables,
        opportunities=content.opportunities.filter(pa.array(keep, pa.bool_())),
        opportunity_stage=[s for s, kept in zip(content.opportunity_stage, keep, strict=True) if kept],
        totals={**content.totals}
        | {k: 0 for k in ("answers_of_nothing", "answers_off_scale") if few(content.totals[k])},
        dropoff=ends(content.dropoff, aimed),
        changes=None if content.changes is None else whole_rows(content.changes),
        personas=[p for p in map(persona, content.personas) if p is not None],
        comments=(),
        themes=content.themes.slice(0, 0),
    )


def enough_of(table: pa.Table) -> pa.Table:
    """Rows that tell how many came; answers that are hidden in them are null, and so is what follows."""
    found, _ = guarded(table)
    needed = [c for c in found.column_names if c in COUNTS - {"answers"}]
    return found.filter(pa.array([all(r[c] is not None for c in needed) for r in found.to_pylist()], pa.bool_()))


def few_in_order(totals: Mapping[str, Any]) -> bool:
    """Do too few come as designed, or too few not?"""
    n = totals["customers"]
    return any(few(m) for part in (totals["in_order"], totals["complete"]) for m in (part, n - part))


def persona(content: PersonaMap) -> PersonaMap | None:
    """A persona of enough customers."""
    if few(content.totals["customers"]):
        return None
    return replace(content, table=enough_of(content.table))


def column(table: pa.Table, name: str) -> list[Any]:
    """Its values."""
    return list(table[name].to_pylist())


def as_table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows in these columns, of which any may be null."""
    return pa.Table.from_pylist(list(rows), schema=pa.schema([f.with_nullable(True) for f in schema], schema.metadata))
