"""The questions about the journey map: cells, pain points, moments of truth, the designed journey, opportunities, personas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.errors import ConfigError
from paths.analysis import Analysis
from paths.carts import Carts
from paths.conditions import Condition
from paths.designed import DESIGNED, Designed, DesignedJourney, Target, met
from paths.friction import FrictionRules
from paths.journey_map import JourneyMap, MapAnswer
from paths.opportunities import OPPORTUNITIES, Opportunities
from paths.personas import OTHER, PERSONA
from paths.result import Result
from paths.segments import InSegment
from paths.sentiment import Survey
from paths.touchpoints import UNMAPPED, StageRule, StageRules
from pipeline.carts import cart_rules
from pipeline.config import Config
from pipeline.config.stages import SHOP_PHASES, shop_stages
from pipeline.periods import local_day
from pipeline.project import Asked, Period, Project
from pipeline.rules import goal_rules, stage_rules

BY = ("touchpoint", "channel", "stage")
NOTES = ("phase", "goal", "owner", "review_by", "notes", "response")
"""What people know of a stage or a touchpoint, as columns of the map."""


@dataclass(frozen=True, kw_only=True)
class MapQuestions:
    """What a project's map asks, under its configuration."""

    config: Config
    minor_units: int

    @property
    def preset(self) -> bool:
        """Are the stages those of a shop, for want of any [[stage]]?"""
        return not self.config.stages

    @property
    def stages(self) -> tuple[str, ...]:
        """Their names in order."""
        return tuple(SHOP_PHASES) if self.preset else tuple(s.name for s in self.config.stages)

    @property
    def rules(self) -> StageRules:
        """Which events they have."""
        if not self.preset:
            return stage_rules(self.config)
        return StageRules(tuple(StageRule(name=s.name, events=s.events) for s in shop_stages(self.config.carts.roles)))

    @property
    def friction(self) -> FrictionRules:
        """[map] errors, support, dwell."""
        said = self.config.map
        return FrictionRules(errors=said.errors, support=said.support, dwell=dict(said.dwell))

    @property
    def cost(self) -> dict[str, int]:
        """[map] cost, in minor units."""
        return {name: round(amount * self.minor_units) for name, amount in self.config.map.cost.items()}

    @property
    def surveys(self) -> tuple[Survey, ...]:
        """[[survey]]."""
        return tuple(Survey(**s.model_dump()) for s in self.config.surveys)

    def cells(self, by: str) -> JourneyMap:
        """The map itself."""
        return JourneyMap(
            stages=self.stages,
            by=by,
            rules=goal_rules(self.config),
            return_window=self.config.project.return_window,
            surveys=self.surveys,
            friction=self.friction,
            cost=self.cost,
            min_n=self.config.map.min_n,
            minor_units=self.minor_units,
        )

    def designed(self) -> DesignedJourney:
        """[journey]."""
        journey = self.config.journey
        targets = {n: Target(share=t.share, time=t.time, sentiment=t.sentiment) for n, t in journey.targets.items()}
        return DesignedJourney(stages=journey.stages or self.stages, targets=targets)

    def opportunities(self) -> Opportunities:
        """[map] complaints, answers, silent_after."""
        said = self.config.map
        costs = [float(c) for name, c in said.cost.items() if name in said.support]
        return Opportunities(
            purchase=goal_rules(self.config).purchase,
            friction=self.friction,
            complaints=said.complaints,
            answers=said.answers,
            answer_within=said.answer_within,
            silent_after=said.silent_after,
            contact_cost=costs[0] if costs else None,
        )


def questions(project: Project) -> MapQuestions:
    """The questions of a project's map."""
    return MapQuestions(config=project.config, minor_units=project.minor_units)


def ask(project: Project, period: Mapping[str, Any], analyses: Sequence[Analysis[Any]]) -> Asked:
    """One pass under the map's stages."""
    found = questions(project)
    asked = project.ask(Period(**period), analyses, stages=found.rules)
    if found.preset:
        asked.warnings.append(
            "journeys.toml has no [[stage]]: these are the stages of a shop, by the names of common events."
        )
    return asked


def journey_map(project: Project, *, by: str = "touchpoint", compare: str | None = None, **period: Any) -> Result:
    """One row a cell (stage x touchpoint, channel; by="stage" the stages themselves), with what people know of it.

    With `compare` one row a cell and rate, against another period or segment.
    """
    if by not in BY:
        raise ConfigError(f'by is one of {", ".join(BY)}, not "{by}".')
    if compare is not None:
        from pipeline.compare import compare_map

        found = questions(project)
        return compare_map(project, Period(**period), compare, found.cells(by), found.rules)
    asked = ask(project, period, [questions(project).cells(by)])
    answer: MapAnswer = asked.answers[0]
    notes = known(project.config, answer.table, by)
    overdue(asked, notes)
    return asked.result(
        "map",
        with_notes(answer.table, notes),
        parameters={"by": by, **settings(project), "totals": dict(answer.totals)},
    )


def pains(project: Project, **period: Any) -> Result:
    """One row a signal of friction at a touchpoint, the dearest first, with its owner."""
    asked = ask(project, period, [questions(project).cells("touchpoint")])
    return asked.result("pain points", owned(project.config, asked.answers[0].pains), parameters=settings(project))


def moments(project: Project, **period: Any) -> Result:
    """One row a touchpoint at which a good or a bad visit decides, the strongest first, with its owner."""
    asked = ask(project, period, [questions(project).cells("touchpoint")])
    return asked.result(
        "moments of truth", owned(project.config, asked.answers[0].moments), parameters=settings(project)
    )


def best(project: Project, **period: Any) -> Result:
    """One row a touchpoint with enough answers, the best feeling first: as many words for what works as for what does not."""
    asked = ask(project, period, [questions(project).cells("touchpoint")])
    return asked.result(
        "touchpoints by feeling", ranked(asked.answers[0].table, project.config.map.min_n), parameters=settings(project)
    )


def designed(project: Project, **period: Any) -> Result:
    """One row a stage as designed: how many come, in which order, how long it takes, against the targets."""
    found = questions(project)
    asked = ask(project, period, [found.designed(), found.cells("stage")])
    answer: Designed = asked.answers[0]
    table = felt(answer.table, asked.answers[1].table, project.config)
    return asked.result("designed journey", table, parameters={**settings(project), "totals": dict(answer.totals)})


def opportunities(project: Project, **period: Any) -> Result:
    """One row a thing to do: carts to win back, buyers who heard nothing, complaints, avoidable contacts, silent stages."""
    found = questions(project)
    carts = Carts(rules=cart_rules(project.config), minor_units=project.minor_units)
    asked = ask(project, period, [found.opportunities(), carts, found.cells("stage")])
    table = things_to_do(asked.answers[0], asked.answers[1].table, found.stages, asked.answers[2].table)
    return asked.result("opportunities", table, parameters=settings(project))


def personas(project: Project, **period: Any) -> Result:
    """One row a persona and stage: customers, feeling, friction, what goes on, side by side."""
    names = [p.name for p in project.config.personas]
    if not names:
        raise ConfigError("journeys.toml has no [[persona]]: add one with a name and where, did or did_not.")
    cells = questions(project).cells("stage")
    asked = ask(
        project, period, [InSegment(analysis=cells, condition=Condition(PERSONA, "=", n)) for n in (*names, OTHER)]
    )
    tables = []
    for name, answer in zip((*names, OTHER), asked.answers, strict=True):
        column = pa.array([name] * answer.table.num_rows, pa.string())
        tables.append(answer.table.add_column(0, "persona", column))
    totals = {n: dict(a.totals) for n, a in zip((*names, OTHER), asked.answers, strict=True)}
    return asked.result("personas", pa.concat_tables(tables), parameters={**settings(project), "totals": totals})


def settings(project: Project) -> dict[str, Any]:
    """The rules that every answer about the map names."""
    return {
        "goal": sorted(project.config.project.goal),
        "return_window": project.config.project.return_window,
        "min_n": project.config.map.min_n,
    }


def known(config: Config, table: pa.Table, by: str) -> list[dict[str, Any]]:
    """NOTES of each row: the touchpoint's own words, else its stage's."""
    stages: dict[str, Any] = {s.name: s for s in config.stages}
    touchpoints: dict[str, Any] = {}
    for rule in reversed(config.touchpoints):  # the first rule of a name speaks
        touchpoints[rule.name] = rule
    rows = table.select(table.column_names[:2]).to_pylist()
    found = []
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
        found.append(said)
    return found


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
    """Touchpoints with at least min_n answers, by feeling, then by friction; with their rank from both ends."""
    rows = table.filter(pc.greater_equal(table["answers"], min_n)).sort_by(
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
