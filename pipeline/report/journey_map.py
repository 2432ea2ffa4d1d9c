"""The journey map of a report: its questions, for the same pass as the rest, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.scan.batches import OTHER
from paths.dropoff.dropoff import DropOff
from paths.journey_map.channels import TouchpointChannels
from paths.journey_map.comments import Comments
from paths.journey_map.scores import MapAnswer
from paths.journey_map.themes import THEMES, Themes
from paths.journeys.conditions import Condition
from paths.journeys.personas import PERSONA
from paths.journeys.scope import Scope
from paths.journeys.touchpoints import UNMAPPED
from pipeline.config.preset_stages import SHOP_PHASES
from pipeline.project.map_rules import MapQuestions, questions
from pipeline.project.periods import local_day
from pipeline.project.project import ProjectFolder
from pipeline.project.rules import goal_rules, touchpoint_rules
from pipeline.questions.compare import map_comparison
from pipeline.questions.journey_map import felt, known, owned, ranked, things_to_do, with_notes
from pipeline.report.questions import Key, Periods, Questions
from reports.content.comment_masking import masked
from reports.content.journey_map import Annotation, Comment, MapContent, MapStage, PersonaMap

FEW = 10
"""Comments of a touchpoint with fewer customers are not shown, nor what fewer customers write of."""

Answers = Mapping[Key, Any]


def map_columns(project: ProjectFolder) -> frozenset[str]:
    """What the map's questions read that may be facts about customers."""
    return frozenset({PERSONA} if project.config.personas else ())


def map_questions(project: ProjectFolder, periods: Periods) -> Questions:
    """Everything that the map asks, under its stages."""
    asked, now = questions(project), periods.now
    asked_map, config = Questions(stages=asked.rules), project.config
    asked_map.add(Key("cells"), asked.cells("touchpoint"), now)
    asked_map.add(Key("stages"), asked.cells("stage"), now)
    # no change in times is told
    asked_map.add(Key("stages", before=True), replace(asked.cells("stage"), times=False), periods.before)
    asked_map.add(Key("designed"), asked.designed(), now)
    asked_map.add(Key("opportunities"), asked.opportunities(), now)
    asked_map.add(
        Key("dropoff"),
        DropOff(
            rules=goal_rules(config),
            return_window=config.project.return_window,
            by_stage=True,
            minor_units=project.minor_units,
        ),
        now,
    )
    asked_map.add(Key("channels"), TouchpointChannels(), now)
    if any(s.comment is not None for s in asked.surveys):
        asked_map.add(Key("comments"), Comments(surveys=asked.surveys), now)
        asked_map.add(Key("themes"), Themes(surveys=asked.surveys, few=FEW, min_n=config.map.min_n), now)
    for name in persona_names(project):
        asked_map.add(Key("persona", name), asked.cells("stage"), now, Condition(PERSONA, "=", name))
    return asked_map


def persona_names(project: ProjectFolder) -> list[str]:
    """Those of the configuration, and everybody else; none without any."""
    names = [p.name for p in project.config.personas]
    return [*names, OTHER] if names else []


def map_content(
    project: ProjectFolder, scope: Scope, found: Answers, carts: pa.Table, commands: Mapping[str, str]
) -> MapContent | None:
    """What the map shows; None where nothing that happened belongs to a stage."""
    config, asked = project.config, questions(project)
    cells, stages, before = found[Key("cells")], found[Key("stages")], found.get(Key("stages", before=True))
    if not set(stages.table["stage"].to_pylist()) - {UNMAPPED}:
        return None
    things = things_to_do(found[Key("opportunities")], carts, asked.stages, stages.table)
    channels = found[Key("channels")].to_pylist()
    return MapContent(
        stages=stages_of(project, scope),
        preset=asked.preset,
        min_n=config.map.min_n,
        totals=cells.totals,
        surveys=bool(config.surveys),
        cells=with_notes(cells.table, known(config, cells.table, "touchpoint")),
        by_stage=with_notes(stages.table, known(config, stages.table, "stage")),
        pains=owned(config, cells.pains),
        moments=owned(config, cells.moments),
        best=ranked(cells.table, config.map.min_n),
        opportunities=things,
        opportunity_stage=opportunity_stages(project, asked, cells, things),
        designed=felt(found[Key("designed")].table, stages.table, config),
        designed_totals=found[Key("designed")].totals,
        targets=bool(config.journey.targets),
        dropoff=found[Key("dropoff")],
        changes=changes(stages, before, asked),
        channels={
            t: [r["channel"] for r in channels if r["touchpoint"] == t] for t in {r["touchpoint"] for r in channels}
        },
        offline=frozenset(
            r["channel"] for r in channels if any(fnmatchcase(r["channel"], g) for g in config.map.offline)
        ),
        personas=persona_maps(project, found),
        comments=comments(found.get(Key("comments")), cells.table),
        themes=found.get(Key("themes"), THEMES.empty_table()),
        commands=commands,
    )


def stages_of(project: ProjectFolder, scope: Scope) -> list[MapStage]:
    """The columns of the map."""
    today = local_day(scope.as_of, project.config.project.timezone)
    if not project.config.stages:
        return [MapStage(name=name, phase=phase) for name, phase in SHOP_PHASES.items()]
    return [
        MapStage(
            name=s.name,
            phase=s.phase,
            goal=s.goal,
            owner=s.owner,
            review_by=s.review_by,
            overdue=s.review_by is not None and s.review_by < today,
        )
        for s in project.config.stages
    ]


def changes(now: MapAnswer, before: MapAnswer | None, asked: MapQuestions) -> pa.Table | None:
    """The stages against the period before; None where that holds nothing."""
    if before is None or not before.totals["sessions"]:
        return None
    return map_comparison(now, before, asked.cells("stage"), "before").table


def opportunity_stages(
    project: ProjectFolder, asked: MapQuestions, cells: MapAnswer, things: pa.Table
) -> list[str | None]:
    """The stage of each opportunity: of its touchpoint, of what fills carts, of the purchase, of the complaint, or the silent one."""
    config = project.config
    roles, names = config.carts.roles.by_role(), touchpoint_rules(config)
    place = {r["touchpoint"]: r["stage"] for r in reversed(cells.table.select(["stage", "touchpoint"]).to_pylist())}

    def first(events: Sequence[str]) -> str | None:
        stages = (asked.rules.stage(names.touchpoint(e, None, None), e, None) for e in events)
        return next((s for s in stages if s != UNMAPPED), None)

    spoken = {
        "carts_to_win_back": first(roles["add"]),
        "silent_after_purchase": first(roles["purchase"]),
        "unanswered_complaint": first(config.map.complaints),
    }
    there = set(cells.table["stage"].to_pylist())
    silent = iter(s for s in asked.stages if s not in there)
    found: list[str | None] = []
    for row in things.to_pylist():
        kind = row["opportunity"]
        found.append(next(silent, None) if kind == "silent_stage" else place.get(row["touchpoint"]) or spoken.get(kind))
    return found


def persona_maps(project: ProjectFolder, found: Answers) -> list[PersonaMap]:
    """Side by side, everybody else last."""
    notes = {p.name: p.notes for p in project.config.personas}
    answers = [(n, found[Key("persona", n)]) for n in persona_names(project)]
    return [
        PersonaMap(name=None if n == OTHER else n, notes=notes.get(n), table=a.table, totals=a.totals)
        for n, a in answers
    ]


def comments(found: pa.Table | None, cells: pa.Table) -> list[Comment]:
    """Masked, and none of a touchpoint with fewer than FEW customers."""
    if found is None:
        return []
    enough = cells.filter(pc.greater_equal(cells["customers"], FEW)).select(["stage", "touchpoint"]).to_pylist()
    told = {(r["stage"], r["touchpoint"]) for r in enough}
    return [
        Comment(stage=r["stage"], touchpoint=r["touchpoint"], feeling=r["feeling"], text=masked(r["text"]))
        for r in found.to_pylist()
        if (r["stage"], r["touchpoint"]) in told
    ]


def dated(project: ProjectFolder) -> list[Annotation]:
    """[[annotation]] by day."""
    annotations = [Annotation(day=a.date, text=a.text) for a in project.config.annotations]
    return sorted(annotations, key=lambda a: (a.day, a.text))
