"""The question what goes with a step taken, a goal reached, a drop-off; and who is behind each factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ingest.errors import ConfigError
from paths.drivers.drivers import Drivers
from paths.drivers.rules import MOST_VALUES, TOUCHPOINT, Factors
from paths.drivers.table import DriversAnswer
from paths.overview.names import Vocabulary
from paths.people.factor_members import WithFactor
from paths.people.members import Members
from paths.statistics.intervals import rate
from paths.statistics.pairs import Q
from pipeline.config.durations import format_duration, parse_duration
from pipeline.project.project import Asked, Period, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules
from pipeline.questions.customers import result, unknown_nodes
from pipeline.questions.driver_words import OF_FUNNELS, Question, columns_tried, outcome_of

DAY = timedelta(days=1)
TITLE = "drivers"


def drivers(
    project: ProjectFolder,
    steps: str | Sequence[str] = (),
    *,
    drop_off: str | None = None,
    goal: Sequence[str] | None = None,
    by: Sequence[str] = (),
    exposure: str | timedelta = DAY,
    between: bool = False,
    having: tuple[str, str] | None = None,
    without: tuple[str, str] | None = None,
    hits: bool | None = None,
    unmask: bool = False,
    **words: Any,
) -> Result:
    """One row per factor; with `having` or `without` one row per unit behind it. `words`: a funnel's, and the period's.

    Raises ConfigError for words that do not go together.
    """
    asked = outcome_of(project, steps, goal, drop_off, {k: v for k, v in words.items() if k in OF_FUNNELS})
    period = asked.period(words)
    columns, touchpoints = columns_tried(project, by)
    factors = Factors(columns=columns, touchpoints=touchpoints, exposure=parse_duration(exposure), between=between)
    question = Drivers(outcome=asked.outcome, factors=factors)
    if having is not None or without is not None:
        return people(project, asked, question, (having, without), hits, unmask, period)
    if unmask or hits is not None:
        raise ConfigError("unmask and hits are about the people behind a factor: ask for having or without as well.")
    found = project.ask(period, [question, Vocabulary()], [c for c in by if c != TOUCHPOINT], near=(TOUCHPOINT,))
    check_words(found, asked)
    answer: DriversAnswer = found.answers[0]
    found.warnings.extend(doubts(answer, asked))
    told = {
        **asked.told,
        "by": [*columns, *([TOUCHPOINT] if touchpoints else [])],
        **({"exposure": None if between else factors.exposure, "between": between} if touchpoints else {}),
        "units": asked.units,
        "totals": sums(answer),
        "factors": {"tried": answer.tried, "rare": answer.rare, "everywhere": answer.everywhere},
        "q": Q,
    }
    return found.result(TITLE, answer.table, parameters=told)


def people(
    project: ProjectFolder,
    asked: Question,
    question: Drivers,
    factor: tuple[tuple[str, str] | None, tuple[str, str] | None],
    hits: bool | None,
    unmask: bool,
    period: Period,
) -> Result:
    """One row per unit with a factor, or without it, as `customers` has them."""
    having, without = factor
    if having is not None and without is not None:
        raise ConfigError("having and without do not go together; ask for one of them.")
    name, value = having or without or ("", "")
    selection = WithFactor(question=question, factor=name, value=value, having=having is not None, hit=hits)
    members = Members(selection=selection, rules=goal_rules(project.config), minor_units=project.minor_units)
    named = [] if name == TOUCHPOINT else [name]
    found = project.ask(period, [members, Vocabulary()], named, near=(TOUCHPOINT,))
    check_words(found, asked)
    if name == TOUCHPOINT:
        found.warnings.extend(unknown_nodes(found, [value], "touchpoint"))
    if not selection.sessions:
        found.answers[0] = found.answers[0].drop_columns(["session_id"])
    told = {**asked.told, "factor": name, "value": value, "having": having is not None, "hits": hits}
    return result(project, found, "driver members", unmask, told)


def check_words(found: Asked, asked: Question) -> None:
    """Warn about names that never occur."""
    found.check_names(asked.names, "step")
    if asked.goal:
        found.check_goal(asked.goal)
    if asked.node is not None:
        found.warnings.extend(unknown_nodes(found, [asked.node], "touchpoint"))


def sums(answer: DriversAnswer) -> dict[str, Any]:
    """What the answer was made of."""
    return {
        "units": answer.units,
        "hits": answer.hits,
        "rate": rate(answer.hits, answer.units),
        "open": answer.open_,
        "customers": answer.customers,
    }


def doubts(answer: DriversAnswer, asked: Question) -> list[str]:
    """What keeps an answer from being all that was asked for."""
    said = [
        f"{name} has more than {MOST_VALUES:,} different values: it names single events or customers, and is not tried."
        for name in answer.crowded
    ]
    said += [
        f"{name} has more than {tried:,} values that are frequent enough: the {tried:,} most frequent are tried."
        for name, tried in answer.cut.items()
    ]
    if not answer.units:
        left = f": the window of all {answer.open_:,} is open at as_of" if answer.open_ else ""
        said.append(f"no {asked.units} to look at{left}.")
    elif answer.hits in (0, answer.units):
        every = "none" if not answer.hits else "all"
        said.append(f"{every} of the {answer.units:,} {asked.units} {asked.outcome.did}: nothing tells them apart.")
    return said


def told_in_words(meta: Mapping[str, Any], table_rows: int) -> list[str]:
    """Whom the answer is about, what was tried, and how it is to be read: a line each."""
    totals, factors = meta["totals"], meta["factors"]
    if totals["units"] == 0:
        return [f"{what_of(meta)}: nobody to look at"]
    rate_told = isinstance(totals["rate"], float)  # privacy = "strict" hides it where it is of few
    hits = f", {100 * totals['rate']:.1f} % hits" if rate_told else ""
    open_ = f"{totals['open']:,} left out, their window is open"
    said = [f"{what_of(meta)}: {totals['units']:,} {meta['units']}{hits}; {open_}"]
    said.append(
        f"{factors['tried']:,} factors tried, {table_rows:,} beyond noise (q = {meta['q']}); left out: {factors['rare']:,} that "
        f"fewer than min(25, 2 %) have, {factors['everywhere']:,} that all have"
    )
    if meta.get("between"):
        said.append("touchpoints after the first event: who did not come to the second had longer to meet them")
    elif meta.get("exposure") is not None:
        said.append(f"touchpoints in the {format_duration(meta['exposure'])} before, the same for everybody")
    units, customers = totals["units"], totals["customers"]
    if units and customers and customers < units:
        said.append(f"the {units:,} are of {customers:,} customers, and are taken as independent")
    said.append("association, not cause")
    return said


def what_of(meta: Mapping[str, Any]) -> str:
    """The outcome in words."""
    if "step" in meta:
        return str(meta["step"])
    return f"drop-off at {meta['drop_off']}" if "drop_off" in meta else f"session > {'|'.join(meta['goal'])}"
