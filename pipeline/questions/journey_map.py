"""The questions about the journey map: cells, pain points, moments of truth, the designed journey, opportunities, personas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Unpack

import pyarrow as pa
import pyarrow.compute as pc

from ingest.errors import ConfigError
from ingest.scan.batches import OTHER
from paths.analysis import Analysis
from paths.carts.counts import Carts
from paths.journey_map.designed import DESIGNED, Designed, met
from paths.journey_map.opportunities import OPPORTUNITIES
from paths.journey_map.scores import MapAnswer
from paths.journeys.conditions import Condition
from paths.journeys.personas import PERSONA
from paths.journeys.touchpoints import UNMAPPED
from paths.overview.names import Vocabulary
from paths.statistics.clusters import METHOD
from paths.views.segment import InSegment
from pipeline.config import Config
from pipeline.config.preset_stages import SHOP_PHASES
from pipeline.project.map_rules import questions, settings
from pipeline.project.periods import local_day
from pipeline.project.project import Asked, Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import cart_rules

BY = ("touchpoint", "channel", "stage")
NOTES = ("phase", "goal", "owner", "review_by", "notes", "response")
"""What people know of a stage or a touchpoint, as columns of the map."""


def ask(
    project: ProjectFolder,
    period: Mapping[str, Any],
    analyses: Sequence[Analysis[Any]],
    goal: Sequence[str] | None = None,
) -> Asked:
    """One pass under the map's stages; warns about a goal that never occurs."""
    found = questions(project)
    asked = project.ask(Period(**period), [*analyses, Vocabulary()], stages=found.rules)
    asked.check_goal(project.config.project.goal if goal is None else goal)
    if found.preset:
        asked.warnings.append(
            "journeys.toml has no [[stage]]: these are the stages of a shop, by the names of common events."
        )
    return asked


def journey_map(
    project: ProjectFolder,
    *,
    by: str = "touchpoint",
    goal: Sequence[str] | None = None,
    compare: str | None = None,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per cell (stage x touchpoint, channel; by="stage" the stages themselves), with what people know of it.

    With `compare` one row per cell and rate, against another period or segment.
    """
    if by not in BY:
        raise ConfigError(f'by is one of {", ".join(BY)}, not "{by}".')
    if compare is not None:
        from pipeline.questions.compare import compare_map

        found = questions(project, goal)
        return compare_map(project, Period(**period), compare, found.cells(by), found.rules)
    asked = ask(project, period, [questions(project, goal).cells(by)], goal)
    answer: MapAnswer = asked.answers[0]
    notes = known(project.config, answer.table, by)
    overdue(asked, notes)
    return asked.result(
        "map",
        with_notes(answer.table, notes),
        parameters={"by": by, **settings(project, goal), "totals": dict(answer.totals)},
    )


def pains(project: ProjectFolder, *, goal: Sequence[str] | None = None, **period: Unpack[PeriodWords]) -> Result:
    """One row per signal of friction at a touchpoint, the most expensive first, with its owner."""
    asked = ask(project, period, [questions(project, goal).cells("touchpoint")], goal)
    return asked.result(
        "pain points", owned(project.config, asked.answers[0].pains), parameters=settings(project, goal)
    )


def moments(project: ProjectFolder, *, goal: Sequence[str] | None = None, **period: Unpack[PeriodWords]) -> Result:
    """One row per touchpoint at which a good or a bad visit may decide, moments of truth first, with its owner."""
    asked = ask(project, period, [questions(project, goal).cells("touchpoint")], goal)
    table = owned(project.config, asked.answers[0].moments)
    return asked.result("moments of truth", table, parameters={**settings(project, goal), "interval": METHOD})


def best(project: ProjectFolder, *, goal: Sequence[str] | None = None, **period: Unpack[PeriodWords]) -> Result:
    """One row per touchpoint with enough answers, the best feeling first: as many words for what works as for what does not."""
    asked = ask(project, period, [questions(project, goal).cells("touchpoint")], goal)
    return asked.result(
        "touchpoints by feeling",
        ranked(asked.answers[0].table, project.config.map.min_n),
        parameters=settings(project, goal),
    )


def designed(project: ProjectFolder, **period: Unpack[PeriodWords]) -> Result:
    """One row per stage as designed: how many come, in which order, how long it takes, against the targets."""
    found = questions(project)
    asked = ask(project, period, [found.designed(), found.cells("stage")])
    answer: Designed = asked.answers[0]
    table = felt(answer.table, asked.answers[1].table, project.config)
    return asked.result("designed journey", table, parameters={**settings(project), "totals": dict(answer.totals)})


def opportunities(project: ProjectFolder, **period: Unpack[PeriodWords]) -> Result:
    """One row per thing to do: carts to win back, buyers who heard nothing, complaints, avoidable contacts, silent stages."""
    found = questions(project)
    carts = Carts(rules=cart_rules(project.config), minor_units=project.minor_units)
    asked = ask(project, period, [found.opportunities(), carts, found.cells("stage")])
    table = things_to_do(asked.answers[0], asked.answers[1].table, found.stages, asked.answers[2].table)
    return asked.result("opportunities", table, parameters=settings(project))


def personas(project: ProjectFolder, **period: Unpack[PeriodWords]) -> Result:
    """One row per persona and stage: customers, feeling, friction, what goes on, side by side."""
    names = [p.name for p in project.config.personas]
    if not names:
        raise ConfigError("journeys.toml has no [[persona]]: add one with a name and where, did or did_not.")
    cells = questions(project).cells("stage")
    asked = ask(
        project, period, [InSegment(analysis=cells, condition=Condition(PERSONA, "=", n)) for n in (*names, OTHER)]
    )
    tables = []
    for name, answer in zip((*names, OTHER), asked.answers[:-1], strict=True):
        column = pa.array([name] * answer.table.num_rows, pa.string())
        tables.append(answer.table.add_column(0, "persona", column))
    totals = {n: dict(a.totals) for n, a in zip((*names, OTHER), asked.answers[:-1], strict=True)}
    return asked.result("personas", pa.concat_tables(tables), parameters={**settings(project), "totals": totals})


def known(config: Config, table: pa.Table, by: str) -> list[dict[str, Any]]:
    """NOTES of each row: the touchpoint's own words, else its stage's."""
    stages: dict[str, Any] = {s.name: s for s in config.stages}
    touchpoints: dict[str, Any] = {}
    for rule in reversed(config.touchpoints):  # the first rule of a name speaks
        touchpoints[rule.name] = rule
    rows = table.select(table.column_names[:2]).to_pylist()
    names = []
    for row in rows:
        sources = [stages.get(row["stage"])]
        if by == "touchpoint":
            sources.insert(0, touchpoints.get(row["touchpoint"]))
        said = {
            n: next((v for s in sources if s is not None and (v := getattr(s, n, None)) is not None), None)
            for n in NOTES
        }
        if not config.stages:
            said["phase"] = SHOP_PHASES.get(row["stage"])
        names.append(said)
    return names


def with_notes(table: pa.Table, notes: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The map with what people know of each cell."""
    kinds = {"review_by": pa.date32()}
    for name in NOTES:
        table = table.append_column(name, pa.array([n[name] for n in notes], kinds.get(name, pa.string())))
    return table


def overdue(asked: Asked, notes: Sequence[Mapping[str, Any]]) -> None:
    """A map past its review says so."""
    today: date = local_day(asked.scope.as_of, asked.config.project.timezone)
    late = sorted({n["review_by"] for n in notes if n["review_by"] is not None and n["review_by"] < today})
    if late:
        asked.warnings.append(
            f"parts of this map were to be reviewed by {late[0]}: look at review_by, and ask their owners."
        )


def owned(config: Config, table: pa.Table) -> pa.Table:
    """The table with the owner of each touchpoint, or of its stage."""
    return table.append_column("owner", pa.array([n["owner"] for n in known(config, table, "touchpoint")], pa.string()))


def ranked(table: pa.Table, min_n: int) -> pa.Table:
    """Touchpoints with at least min_n answers, by feeling, then by friction; with their rank from both ends.

    Where none has so many answers: those with at least min_n customers, by friction alone.
    """
    felt_enough = pc.greater_equal(table["answers"], min_n)
    if not pc.any(felt_enough).as_py():
        felt_enough = pc.and_(pc.greater_equal(table["customers"], min_n), pc.is_valid(table["friction"]))
    rows = table.filter(felt_enough).sort_by(
        [("sentiment", "descending"), ("friction", "ascending"), ("touchpoint", "ascending")]
    )
    n = rows.num_rows
    kept = rows.select(
        ["stage", "touchpoint", "answers", "sentiment", "sentiment_low", "sentiment_high", "friction", "customers"]
    )
    return kept.append_column("best", pa.array(range(1, n + 1), pa.int64())).append_column(
        "worst", pa.array(range(n, 0, -1), pa.int64())
    )


def felt(table: pa.Table, stages: pa.Table, config: Config) -> pa.Table:
    """The designed journey with the feelings of its stages."""
    feelings = {r["stage"]: r["sentiment"] for r in stages.select(["stage", "sentiment"]).to_pylist()}
    rows = table.to_pylist()
    for row in rows:
        row["sentiment"] = feelings.get(row["stage"])
        row["sentiment_met"] = met(row["sentiment"], row["target_sentiment"], more=True)
    return pa.Table.from_pylist(rows, schema=DESIGNED)


def things_to_do(found: pa.Table, carts: pa.Table, stages: Sequence[str], table: pa.Table) -> pa.Table:
    """OPPORTUNITIES: abandoned carts, what the analysis found, and silent stages; `table` is the map by stage."""
    rows = [*carts_to_win_back(carts), *found.to_pylist(), *silent(stages, table)]
    return pa.Table.from_pylist(rows, schema=OPPORTUNITIES)


def carts_to_win_back(carts: pa.Table) -> list[dict[str, Any]]:
    """Abandoned carts and their value, as a row of OPPORTUNITIES."""
    rows = [r for r in carts.to_pylist() if r["kind"] != "browse"]
    left = [r for r in rows if r["status"] == "abandoned"]
    if not left:
        return []
    n, of = (sum(r["episodes"] for r in group) for group in (left, rows))
    values = [r["value"] for r in left if r["value"] is not None]
    value = round(float(sum(values)), 2) if values else None
    return [
        {
            "opportunity": "carts_to_win_back",
            "touchpoint": None,
            "n": n,
            "of": of,
            "share": round(n / of, 6),
            "open": sum(r["episodes"] for r in rows if r["status"] == "open"),
            "value": value,
            "status": f"{n:,} of {of:,} carts were abandoned: journeys carts remind",
        }
    ]


def silent(stages: Sequence[str], table: pa.Table) -> list[dict[str, Any]]:
    """Stages at which nobody meets us."""
    there = {r["stage"] for r in table.select(["stage"]).to_pylist()} - {UNMAPPED}
    return [
        {
            "opportunity": "silent_stage",
            "touchpoint": None,
            "n": 0,
            "of": 0,
            "share": None,
            "customers": 0,
            "open": 0,
            "value": None,
            "status": f"no touch at all in the stage {stage}",
        }
        for stage in stages
        if stage not in there
    ]
