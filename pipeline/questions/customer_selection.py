"""Who: the words that choose people, from the command line or Python, and the selection that they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from ingest.errors import ConfigError
from paths.journeys.names import unquoted
from paths.people.selections import AtStep, Ended, Everyone, OnEdge, Selection
from pipeline.project.funnel_words import parse_funnel, step_number
from pipeline.project.project import ProjectFolder
from pipeline.project.rules import goal_rules
from pipeline.questions.funnel import words_of_funnel

STATES = {"dropped_at": "dropped", "in_progress_at": "in_progress", "converted_at": "converted"}
SPLITTING = ("breakdown", "by", "top")  # words of a saved funnel that split its units, and do not choose them


@dataclass(frozen=True, kw_only=True)
class Who:
    """At most one of funnel, edge, lost, returned and cart; without any: everyone. Raises ConfigError for what is no choice.

    `funnel` (a saved one, "a > b > c", or its steps) goes with one of `dropped_at`, `in_progress_at` and `converted_at`
    (who reached it): the name of a step, or its number as written. Nodes are touchpoints, or stages with `by="stage"`.
    """

    funnel: str | Sequence[str] | None = None
    dropped_at: int | str | None = None
    in_progress_at: int | str | None = None
    converted_at: int | str | None = None
    edge: tuple[str, str] | None = None
    lost: str | None = None
    returned: str | None = None
    cart: str | None = None
    by: str = "touchpoint"
    collapse_repeats: bool = False

    def __post_init__(self) -> None:
        if self.by not in ("touchpoint", "stage"):
            raise ConfigError(f'by is touchpoint or stage, not "{self.by}".')
        if (self.choice == "funnel") != (self.place is not None):
            raise ConfigError(
                "--funnel needs one of --dropped-at, --in-progress-at and --converted-at, and each of these needs --funnel."
            )

    @cached_property
    def choice(self) -> str | None:
        """What is chosen by."""
        return self.only_one("funnel", "edge", "lost", "returned", "cart")

    @cached_property
    def place(self) -> str | None:
        """Where in the funnel."""
        return self.only_one(*STATES)

    def only_one(self, *names: str) -> str | None:
        """The one of these words that was given; raises ConfigError for several."""
        given = [n for n in names if getattr(self, n) is not None]
        if len(given) > 1:
            options = " and ".join(f"--{n.replace('_', '-')}" for n in given)
            raise ConfigError(f"{options} do not go together; ask for one of them.")
        return given[0] if given else None

    @property
    def nodes(self) -> list[str]:
        """The nodes that it names."""
        named = [*(self.edge or ()), *(n for n in (self.lost, self.returned) if n is not None)]
        return [n if (text := unquoted(n)) is None else text for n in named]

    def funnel_words(self, project: ProjectFolder, words: Mapping[str, Any]) -> dict[str, Any]:
        """Steps and options of the funnel: those of a saved one, and over them the ones given."""
        funnel = words_of_funnel(project, self.funnel or (), words)
        return {k: v for k, v in funnel.items() if k not in SPLITTING}

    def selection(self, project: ProjectFolder, words: Mapping[str, Any], goal: Sequence[str] | None) -> Selection:
        """The units to find; `words` are those of the funnel."""
        if self.choice == "funnel" and self.place is not None:
            funnel = parse_funnel(**words, known=project.known_names)
            option = f"--{self.place.replace('_', '-')} says"
            step = step_number(funnel.steps, words["steps"], getattr(self, self.place), option)
            return AtStep(funnel=funnel, step=step, state=STATES[self.place])
        if words:
            raise ConfigError(f'"{min(words)}" is about funnels: give --funnel as well.')
        stage = self.by == "stage"
        if self.edge is not None:
            source, target = self.nodes
            return OnEdge(source=source, target=target, by_stage=stage, collapse_repeats=self.collapse_repeats)
        if self.choice in ("lost", "returned"):
            return Ended(
                node=self.nodes[0],
                state=self.choice,
                by_stage=stage,
                rules=goal_rules(project.config, goal),
                return_window=project.config.project.return_window,
            )
        return Everyone()

    def title(self, selection: Selection) -> str:
        """What the list is called."""
        if isinstance(selection, AtStep):
            what = {"dropped": "dropped after", "in_progress": "in progress at", "converted": "that reached"}[
                selection.state
            ]
            return f"{selection.funnel.count} {what} step {selection.step} ({selection.funnel.steps[selection.step - 1].name})"
        if self.edge is not None:
            return f"sessions that go from {self.edge[0]} to {self.edge[1]}"
        if self.choice is not None:
            return f"sessions {'lost at' if self.lost else 'that ended at'} {self.nodes[0]}" + (
                " and returned" if self.returned else ""
            )
        return "customers"


WHO = frozenset(f.name for f in fields(Who))
"""The words of Who."""
