"""What `drivers` and `why` are asked of, in people's words: a step of a funnel, a goal, a drop-off; and which columns are tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.errors import ConfigError
from ingest.schema import EVENTS
from ingest.store.columns import recent_columns
from paths.drivers.outcomes import DroppedOff, GoalReached, Outcome, StepTaken
from paths.drivers.rules import TOUCHPOINT
from paths.funnels.funnel import Funnel
from paths.journeys.matchers import PAGE
from pipeline.project.funnel_words import parse_funnel, step_number
from pipeline.project.privacy import PERSONAL
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.rules import goal_rules
from pipeline.questions.funnel import words_of_funnel

FUNNEL_WORDS = ("window", "count", "order", "ties", "step_window", "exclude", "exclusion", "ignore")
"""Of a funnel's words those that say who takes a step; the others say how an answer is shown."""
OF_FUNNELS = ("step", *FUNNEL_WORDS)
ALWAYS = frozenset({"channel"})
"""Of the columns that every store has those that are tried unless others are named; most of them name single things."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """An outcome, and how an answer names it."""

    outcome: Outcome
    told: Mapping[str, Any]  # parameters for the answer's meta
    names: Sequence[str] = ()  # of events in the steps, to be looked for
    goal: Sequence[str] = ()
    node: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)  # segment and where of a saved funnel

    def period(self, words: Mapping[str, Any]) -> Period:
        """The period that the words say; what they leave out is the saved funnel's."""
        given = {k: v for k, v in words.items() if k in PeriodWords.__annotations__ and v not in (None, ())}
        return Period(**{**self.about, **given})

    @property
    def units(self) -> str:
        """What is counted."""
        return "sessions" if self.outcome.sessions else "customers"


def outcome_of(
    project: ProjectFolder,
    steps: str | Sequence[str],
    goal: Sequence[str] | None,
    drop_off: str | None,
    words: Mapping[str, Any],
    *,
    whole: bool = False,
) -> Question:
    """The outcome; `words`: those of OF_FUNNELS that were given. `whole`: a funnel from its first step on, unless a step is named.

    Raises ConfigError for words that do not go together.
    """
    said = ["steps"] * bool(steps) + ["drop_off"] * (drop_off is not None)
    if len(said) > 1:
        raise ConfigError("a question is of the steps of a funnel or of a drop-off: give one of them.")
    if steps:
        if goal is not None:
            raise ConfigError("a funnel's last step is its goal: leave out goal, or the steps.")
        return of_funnel(project, steps, dict(words), whole=whole)
    if words:
        raise ConfigError(f"{', '.join(words)}: of the steps of a funnel only; name the steps.")
    goals = sorted(goal_rules(project.config, goal).goal)
    if drop_off is None:
        return Question(outcome=GoalReached(goal=frozenset(goals)), told={"goal": goals}, goal=goals)
    outcome = DroppedOff(touchpoint=drop_off, goal=frozenset(goals))
    return Question(outcome=outcome, told={"drop_off": drop_off, "goal": goals}, goal=goals, node=drop_off)


def of_funnel(project: ProjectFolder, steps: str | Sequence[str], words: dict[str, Any], *, whole: bool) -> Question:
    """A step of a funnel, the last one unless `step` names another; or all of it."""
    step = words.pop("step", None)
    every = words_of_funnel(project, steps, words)
    options = {k: every[k] for k in FUNNEL_WORDS if every.get(k) is not None or (k == "window" and k in every)}
    texts = every["steps"]
    funnel: Funnel = parse_funnel(texts, known=project.known_names, **options)
    number = len(texts) if step is None else step_number(funnel.steps, texts, step, "step names")
    outcome = StepTaken(funnel=funnel, step=number, start=funnel.needed[0] if whole and step is None else None)
    told = {
        "steps": list(texts),
        "step": f"{outcome.names[0][0]} > {outcome.names[-1][1]}",
        "step_number": number,
        "window": funnel.window,
        "count": funnel.count,
        "order": funnel.order,
        **{k: every[k] for k in ("ties", "exclude", "exclusion", "ignore", "step_window") if every.get(k)},
    }
    names = [m.name for s in funnel.steps for m in s.matchers if not m.name.startswith(PAGE)]
    about = {k: every[k] for k in ("segment", "where") if every.get(k)}
    return Question(outcome=outcome, told=told, names=names, about=about)


def columns_tried(project: ProjectFolder, by: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """(columns, are touchpoints tried): those named, else what files and [[customers]] add to the contract, and touchpoints."""
    if by:
        return tuple(dict.fromkeys(c for c in by if c != TOUCHPOINT)), TOUCHPOINT in by
    there = recent_columns(project.store.snapshot()) - (frozenset(EVENTS.names) - ALWAYS)
    kept_back = PERSONAL if project.config.project.privacy == "strict" else frozenset()
    return tuple(sorted((there | project.facts.names) - {TOUCHPOINT} - kept_back)), True
