"""The whole of journeys.toml as one frozen value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, model_validator

from ingest.errors import did_you_mean
from paths.journeys.names import meaning
from pipeline.config.attribution_models import Attribution
from pipeline.config.channel_models import Channel
from pipeline.config.durations import format_duration
from pipeline.config.identity_models import Alias, Identity
from pipeline.config.map_models import Annotation, Customers, Journey, Map, Persona, Survey
from pipeline.config.models import Bot, Carts, Funnel, Gates, Project, Sessions, Source, Sql, Stage, Store, Touchpoint
from pipeline.config.rates_models import RateTable
from pipeline.config.values import Section

FILE = "journeys.toml"


class Config(Section):
    """What journeys.toml, the environment and the flags say together; build it with `load_config`."""

    project: Project = Project()
    store: Store = Store()
    sql: Sql = Sql()
    sources: tuple[Source, ...] = Field(default=(), alias="source")
    channels: tuple[Channel, ...] = Field(default=(), alias="channel")
    sessions: Sessions = Sessions()
    touchpoints: tuple[Touchpoint, ...] = Field(default=(), alias="touchpoint")
    stages: tuple[Stage, ...] = Field(default=(), alias="stage")
    carts: Carts = Carts()
    gates: Gates = Gates()
    attribution: Attribution = Attribution()
    funnels: tuple[Funnel, ...] = Field(default=(), alias="funnel")
    rates: tuple[RateTable, ...] = ()
    excludes: tuple[dict[str, str], ...] = Field(default=(), alias="exclude")
    bots: tuple[Bot, ...] = Field(default=(), alias="bot")
    map: Map = Map()
    surveys: tuple[Survey, ...] = Field(default=(), alias="survey")
    journey: Journey = Journey()
    customers: tuple[Customers, ...] = ()
    identity: Identity = Identity()
    aliases: tuple[Alias, ...] = Field(default=(), alias="alias")
    personas: tuple[Persona, ...] = Field(default=(), alias="persona")
    annotations: tuple[Annotation, ...] = Field(default=(), alias="annotation")

    _directory: Path = PrivateAttr(default=Path())
    _given: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def directory(self) -> Path:
        """The project's root, which the paths of sources and store are relative to."""
        return self._directory

    @property
    def store_path(self) -> Path:
        """Where the event store is."""
        return self._directory / self.project.store

    def placed(self, directory: Path, given: Mapping[str, str]) -> Config:
        """This configuration, of the project at `directory`; `given` tells where a key ("a.b") was set."""
        copy = self.model_copy()
        copy._directory, copy._given = directory, dict(given)
        return copy

    def funnel(self, name: str) -> Funnel | None:
        """The saved funnel of that name."""
        return next((funnel for funnel in self.funnels if funnel.name == name), None)

    def values(self) -> dict[str, Any]:
        """Every value under the names of the file, in JSON's types; durations as text ("30m")."""
        return self.model_dump(mode="json", by_alias=True)

    def digest(self) -> str:
        """sha256 (hex) over the values: equal for configurations that mean the same, wherever they came from."""
        text = json.dumps(self.values(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def origins(self) -> list[tuple[str, str, str]]:
        """(key, value as text, origin) of every value; origin is default, journeys.toml, JOURNEYS_... or flag."""
        return [(key, _text(value), self._origin(key)) for key, value in _flat("", self.values())]

    def _origin(self, key: str) -> str:
        while key:
            if key in self._given:
                return self._given[key]
            key = key.rpartition(".")[0]
        return "default"

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Config:
        _refuse_twins("source", (source.name for source in self.sources))
        _refuse_twins("stage", (stage.name for stage in self.stages))
        _refuse_twins("funnel", (funnel.name for funnel in self.funnels))
        _refuse_twins("persona", (persona.name for persona in self.personas))
        self._journey_has_stages()
        self._keeps_what_is_on_time()
        for goal in self.project.goal:
            if passive := self.passive_event(goal):
                raise ValueError(
                    f'the goal "{goal}" is passive: [sessions] passive names "{passive}", so it is in no session. '
                    "Take it out of one of the two lists"
                )
        return self

    def _journey_has_stages(self) -> None:
        stages = [stage.name for stage in self.stages]
        for name in (*self.journey.stages, *self.journey.targets):
            if name not in stages:
                raise ValueError(
                    f'[journey] names "{name}", and there is no such [[stage]].{did_you_mean(name, stages)}'
                )

    def _keeps_what_is_on_time(self) -> None:
        keep = self.store.keep
        for source in self.sources:
            if keep is not None and keep.shortest < source.late_window:
                raise ValueError(
                    f'[store] keep = "{keep}" is shorter than the late_window of source "{source.name}" '
                    f"({format_duration(source.late_window)}): rows on time would be too old. Make one of the two another"
                )

    def passive_event(self, goal: str) -> str | None:
        """The passive event that a goal names, itself or through rules that speak of passive events only."""
        rules = [rule.event for rule in self.touchpoints if rule.name == goal]
        events = [name for names in rules for name in names] if all(rules) else []
        named = events or [meaning(goal, ()).text]
        return named[0] if all(name in self.sessions.passive for name in named) else None


def _refuse_twins(section: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f'two [[{section}]] are named "{name}"')
        seen.add(name)


def _flat(prefix: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, inner)
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from _flat(f"{prefix}[{number}]", inner)
    elif value not in ([], {}, None) or "[" not in prefix:
        yield prefix, value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
