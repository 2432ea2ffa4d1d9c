"""How the map of a project is asked: its stages, surveys, friction and costs as rules of the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paths.journey_map.designed import DesignedJourney, Target
from paths.journey_map.friction import FrictionRules
from paths.journey_map.journey_map import JourneyMap
from paths.journey_map.opportunities import Opportunities
from paths.journey_map.surveys import Survey
from paths.journeys.touchpoints import StageRule, StageRules
from pipeline.config import Config
from pipeline.config.preset_stages import SHOP_PHASES, shop_stages
from pipeline.project.project import ProjectFolder
from pipeline.project.rules import goal_rules, stage_rules


@dataclass(frozen=True, kw_only=True)
class MapQuestions:
    """What a project's map asks, under its configuration."""

    config: Config
    minor_units: int
    goal: tuple[str, ...] | None = None  # instead of [project] goal

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
            rules=goal_rules(self.config, self.goal),
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


def questions(project: ProjectFolder, goal: Sequence[str] | None = None) -> MapQuestions:
    """The questions of a project's map, of another `goal` than [project] goal where one is given."""
    goals = None if goal is None else tuple(goal)
    return MapQuestions(config=project.config, minor_units=project.minor_units, goal=goals)


def settings(project: ProjectFolder, goal: Sequence[str] | None = None) -> dict[str, Any]:
    """The rules that every answer about the map names."""
    return {
        "goal": sorted(project.config.project.goal if goal is None else goal),
        "return_window": project.config.project.return_window,
        "min_n": project.config.map.min_n,
    }
