"""The question what crosses channels and devices."""

from __future__ import annotations

from typing import Unpack

from ingest.errors import ConfigError
from paths.carts.crossings import Crossings
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import cart_rules


def crossings_of(project: ProjectFolder) -> Crossings:
    """The analysis under the project's rules."""
    return Crossings(rules=cart_rules(project.config), spaces=project.identity_rules.spaces)


def crossings(project: ProjectFolder, **period: Unpack[PeriodWords]) -> Result:
    """One row per number of channels or devices, and per pair of channels on which carts were begun and bought."""
    asked = project.ask(Period(**period), [crossings_of(project)])
    return asked.result("crossings", asked.answers[0])


def alone(**words: object) -> None:
    """Raise ConfigError where --crossings comes with a word that it does not take."""
    given = [name for name, value in words.items() if value not in (None, (), "touchpoint")]
    if given:
        raise ConfigError(f"crossings are asked alone: leave out {given[0]}.")
