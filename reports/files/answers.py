"""The tables of a report as they leave it: one per section, in the order of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from paths.statistics.intervals import newcombe
from reports.content.changes import all_changes
from reports.content.report import Report
from reports.formatting import day, plain

TEXT, COUNT, NUMBER = pa.string(), pa.int64(), pa.float64()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One table. What reports/files/suppress.py needs to know of its columns stands beside it.

    customers: the column that says how many customers a row is about; counts: columns that count customers, or what customers
    did; together: counts of which none may be told where another one is hidden, because they add up; of: what follows from a
    count and goes with it.
    """

    name: str  # of the file and the sheet
    title: str
    table: pa.Table
    command: str
    customers: str | None = None
    counts: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: bool = (
        False  # hidden as reports/content/small_cells.py has it, down the columns too: its rows add up to what is told
    )


def answers(report: Report) -> list[Answer]:
    """Every table that has rows."""
    tables = [
        overview(report),
        weeks(report),
        *funnels(report),
        dropoff(report),
        edges(report),
        flows(report),
        *carts(report),
        *crossings(report),
        *drivers(report),
        goal_times(report),
        hours(report),
        *of_history(report),
        *journey_map(report),
        changes(report),
        rows_left(report),
    ]
    return [a for a in tables if a.table.num_rows]


OUTCOME = ("customers", "sessions", "converted", "goals", "timed_goals")
OUTCOME_OF = {"converted": ("conversion_rate", "ci_low", "ci_high"), "timed_goals": ("median_seconds",)}


def overview(report: Report) -> Answer:
    """The period and the one before."""
    spans = 1 if report.before is None else 2
    names = pa.array(["period", "before"][:spans], TEXT)
    table = report.outcomes.slice(0, spans).add_column(0, "span", names)
    return Answer(
        name="overview",
        title="The period and the one before",
        table=table,
        command=report.commands["summary"],
        customers="customers",
        counts=OUTCOME,
        of=OUTCOME_OF,
    )


def weeks(report: Report) -> Answer:
    """What the sparklines show."""
    table = pa.Table.from_pylist(report.weekly(), schema=report.outcomes.schema)
    return Answer(
        name="weeks",
        title="By week",
        table=table,
        command=report.commands["report"],
        customers="customers",
        counts=OUTCOME,
        of=OUTCOME_OF,
    )


def funnels(report: Report) -> list[Answer]:
    """Each saved funnel with the period before; what the dropped did next is a table of its own."""
    tables = []
    for i, f in enumerate(report.funnels, 1):
        table = f.now.drop_columns(["dropped_next"])
        if f.before is not None:
            table = table.append_column("reached_before", f.before["reached"])
        name = f"funnel_{i}" if len(report.funnels) > 1 else "funnel"
        reached = ("conversion_rate", "step_conversion_rate", "ci_low", "ci_high", "median_seconds", "p90_seconds")
        tables.append(
            Answer(
                name=name,
                title=f"Funnel {plain(f.name)}, counted in {f.count}",
                table=table,
                command=f.command,
                counts=("reached", "dropped", "in_progress", "reached_before"),
                together=(("dropped", "in_progress"),),
                of={"reached": reached},
            )
        )
        rows = [
            {"step": r["step"], "name": r["name"], "touchpoint": g["touchpoint"], "units": g["units"]}
            for r in f.now.to_pylist()
            for g in r["dropped_next"] or []
        ]
        schema = pa.schema([("step", COUNT), ("name", TEXT), ("touchpoint", TEXT), ("units", COUNT)])
        tables.append(
            Answer(
                name=f"{name}_instead",
                title="What the dropped did next",
                table=pa.Table.from_pylist(rows, schema=schema),
                command=f.command,
                counts=("units",),
            )
        )
    return tables


def dropoff(report: Report) -> Answer:
    """Leaks, with the customers that were there and who answers for the place."""
    table = report.dropoff
    there = {r["node"]: r["customers"] for r in report.nodes.to_pylist()} if report.nodes is not None else {}
    places = table["touchpoint"].to_pylist()
    table = table.add_column(1, "customers", pa.array([there.get(p) for p in places], COUNT))
    table = table.append_column("owner", pa.array([report.owners.get(p) for p in places], TEXT))
    return Answer(
        name="leaks",
        title="Where sessions end without a goal",
        table=table,
        command=report.commands["dropoff"],
        customers="customers",
        counts=("customers", "visits", "sessions", "drop_off", "returned", "lost", "in_progress"),
        together=(("returned", "lost", "in_progress"),),
        of={
            "drop_off": ("drop_off_rate", "ci_low", "ci_high"),
            "lost": ("leak", "value_at_risk", "lost_after"),
            "returned": ("returned_at",),
        },
    )


def edges(report: Report) -> Answer:
    """Steps between touchpoints."""
    return Answer(
        name="steps",
        title="Steps from one touchpoint to the next",
        table=report.edges,
        command=report.commands["paths"],
        customers="customers",
        counts=("transitions", "sessions", "customers"),
        of={"customers": ("probability", "median_seconds", "p90_seconds")},
    )


def flows(report: Report) -> Answer:
    """The first steps."""
    return Answer(
        name="first_steps",
        title="The first steps of sessions",
        table=report.flows,
        command=report.commands["paths"],
        counts=("sessions", "with_goal"),
    )


def carts(report: Report) -> list[Answer]:
    """By kind and status, and by last step."""
    if report.carts is None or not report.carts.totals["episodes"]:
        return []
    by_kind = Answer(
        name="carts",
        title="Carts by kind and status",
        table=report.carts.table,
        command=report.commands["carts"],
        customers="customers",
        counts=("episodes", "customers"),
        of={"customers": ("value", "value_coverage")},
    )
    return [
        by_kind,
        replace(by_kind, name="carts_last_step", title="Carts by last step", table=report.carts.last_steps),
    ]


def crossings(report: Report) -> list[Answer]:
    """What crosses channels and devices."""
    if report.crossings is None:
        return []
    return [
        Answer(
            name="crossings",
            title="What crosses channels and devices",
            table=report.crossings,
            command=f"{report.commands['carts']} --crossings",
            counts=("n",),
            of={"n": ("share",)},
        )
    ]


def goal_times(report: Report) -> Answer:
    """Time to a goal."""
    return Answer(
        name="time_to_goal",
        title="Share of customers with a goal by time since their first touch",
        table=report.goal_times.table,
        command=report.commands["report"],
        counts=("converted", "at_risk"),
        of={"converted": ("share", "ci_low", "ci_high")},
    )


def drivers(report: Report) -> list[Answer]:
    """What goes with a goal; where there is one."""
    if report.drivers is None:
        return []
    told = (
        "reach",
        "rate",
        "rate_without",
        "odds_ratio",
        "odds_low",
        "odds_high",
        "p_value",
        "q_value",
        "significant",
        "sentence",
    )
    counts = ("units", "hits", "units_without", "hits_without")
    return [
        Answer(
            name="drivers",
            title="What goes with a goal, of sessions from their first event",
            table=report.drivers.table,
            command=report.commands["drivers"],
            counts=counts,
            together=(counts,),
            of=dict.fromkeys(counts, told),
        )
    ]


def hours(report: Report) -> Answer:
    """Sessions by weekday and hour."""
    return Answer(
        name="hours",
        title="Sessions that start, by weekday (0 = Monday) and hour",
        table=report.hours,
        command=report.commands["report"],
        counts=("sessions", "with_goal"),
    )


def of_history(report: Report) -> list[Answer]:
    """Where conversions come from, who comes back, who is there."""
    titled = (
        ("attribution", "What conversions are owed to", report.attribution),
        ("retention", "Cohorts, and the average of those whose period is over", report.cohorts),
        ("lifecycle", "Customers by what they did in the period before", report.lifecycle),
    )
    return [
        Answer(name=name, title=title, table=content.table, command=content.command, whole=True)
        for name, title, content in titled
        if content is not None
    ]


EFFECT = ("difference", "ci_low", "ci_high", "effect", "effect_low", "effect_high", "p_value")
CELLS = {
    "customers": ("share", "conversion", "cost"),
    "drop_off": ("drop_off_rate", "ci_low", "ci_high"),
    "answers": ("sentiment", "sentiment_low", "sentiment_high", "unhappy"),
    "sessions": ("goes_on", "goes_on_low", "goes_on_high", "drop_off_rate", "ci_low", "ci_high"),
    "visits": (
        "friction",
        "friction_error",
        "friction_repeat",
        "friction_back_and_forth",
        "friction_contact",
        "friction_dwell",
        "median_seconds",
        "p90_seconds",
        "response",
    ),
}


def journey_map(report: Report) -> list[Answer]:
    """The map by stage and by touchpoint, pain points, moments of truth, opportunities, and the designed journey."""
    m = report.map
    if m is None:
        return []
    counts = ("customers", "events", "visits", "sessions", "drop_off", "answers")
    return [
        Answer(
            name="map",
            title="The journey map by stage",
            table=m.by_stage,
            command=m.commands["map"],
            customers="customers",
            counts=counts,
            of=CELLS,
        ),
        Answer(
            name="map_touchpoints",
            title="The journey map by touchpoint",
            table=m.cells,
            command=m.commands["cells"],
            customers="customers",
            counts=counts,
            of=CELLS,
        ),
        Answer(
            name="pains",
            title="Pain points",
            table=m.pains,
            command=m.commands["pains"],
            customers="customers",
            counts=("customers", "visits", "with_signal"),
            of={
                "with_signal": ("rate", "ci_low", "ci_high", "conversion_with", "lost_goals", "value"),
                "visits": ("conversion_without",),
            },
        ),
        Answer(
            name="moments",
            title="Moments of truth",
            table=m.moments,
            command=m.commands["moments"],
            customers="customers",
            counts=("customers", "good", "bad"),
            of={"customers": ("reach",), "good": ("p_goal_good", *EFFECT), "bad": ("p_goal_bad", *EFFECT)},
        ),
        Answer(
            name="opportunities",
            title="Opportunities",
            table=m.opportunities,
            command=m.commands["opportunities"],
            customers="customers",
            counts=("customers", "n", "of"),
            of={"n": ("share", "value", "open", "status")},
        ),
        Answer(
            name="designed",
            title="Designed against actual",
            table=m.designed,
            command=m.commands["designed"],
            customers="customers",
            counts=("customers", "missing", "repeated", "out_of_order"),
            of={"customers": ("share", "ci_low", "ci_high", "median_seconds", "p90_seconds", "sentiment")},
        ),
    ]


CHANGES = pa.schema(
    [
        ("rate", TEXT),
        ("place", TEXT),
        ("target", TEXT),
        ("funnel", TEXT),
        ("hits", COUNT),
        ("trials", COUNT),
        ("hits_before", COUNT),
        ("trials_before", COUNT),
        ("now", NUMBER),
        ("before", NUMBER),
        ("difference", NUMBER),
        ("ci_low", NUMBER),
        ("ci_high", NUMBER),
        ("beyond_noise", pa.bool_()),
    ]
)


def changes(report: Report) -> Answer:
    """Every compared rate."""
    rows: list[dict[str, Any]] = []
    for c in all_changes(report):
        low, high = newcombe(c.hits, c.trials, c.hits_before, c.trials_before)
        rows.append(
            {
                "rate": c.kind,
                "place": c.place,
                "target": c.target,
                "funnel": c.funnel,
                "hits": c.hits,
                "trials": c.trials,
                "hits_before": c.hits_before,
                "trials_before": c.trials_before,
                "now": round(c.rate, 6),
                "before": round(c.rate_before, 6),
                "difference": c.difference,
                "ci_low": low,
                "ci_high": high,
                "beyond_noise": c.certain,
            }
        )
    return Answer(
        name="changes",
        title="Rates against the period before",
        table=pa.Table.from_pylist(rows, schema=CHANGES),
        command="journeys changes",
        counts=("hits", "trials", "hits_before", "trials_before"),
        of={
            "hits": ("now", "difference", "ci_low", "ci_high"),
            "hits_before": ("before", "difference", "ci_low", "ci_high"),
        },
    )


def rows_left(report: Report) -> Answer:
    """What became of the rows that were read; rows are no customers."""
    q = report.quality
    rows: Sequence[tuple[str, int]] = [
        ("accepted", q.accepted),
        ("duplicates", q.duplicates),
        *((f"quarantined: {reason}", n) for reason, n in q.reasons),
    ]
    table = pa.table({"became": pa.array([r for r, _ in rows], TEXT), "rows": pa.array([n for _, n in rows], COUNT)})
    return Answer(
        name="rows", title="What became of the rows that were read", table=table, command=report.commands["quarantine"]
    )


def about(report: Report) -> list[tuple[str, str]]:
    """What the numbers are about: the head of every file."""
    zone = report.timezone
    rows = [
        ("Shop", plain(report.shop)),
        ("From", str(day(report.now.since, zone))),
        ("Until, exclusive", str(day(report.now.until, zone))),
        ("As of", str(day(report.as_of, zone))),
        ("Time zone", zone),
        ("Data", report.data),
        *(("Only", plain(c)) for c in report.conditions),
        *((f"Rule: {r.name}", plain(r.value, 200)) for r in report.rules),
    ]
    if report.before is not None:
        rows.insert(3, ("Compared with", f"{day(report.before.since, zone)} until {day(report.before.until, zone)}"))
    return rows
