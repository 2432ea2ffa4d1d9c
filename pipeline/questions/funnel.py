"""The question how many get from step to step; steps as a list, as "a > b > c", or those of a saved funnel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Unpack

import pyarrow as pa

from paths.funnels.table import left_out
from paths.journeys.matchers import PAGE
from paths.overview.names import Vocabulary
from pipeline.config import Config
from pipeline.project.funnel_words import parse_funnel, split_outside
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result

SAVED = pa.schema([(n, pa.string()) for n in ("name", "steps", "count", "order")])
"""One row is one [[funnel]] of journeys.toml; its steps joined by " > "."""


def words_of_funnel(project: ProjectFolder, steps: str | Sequence[str], words: Mapping[str, Any]) -> dict[str, Any]:
    """Steps and options of a funnel: those of the saved one that a text names, and over them `words`, those given.

    A text is a saved funnel's name, else "a > b > c". Raises ConfigError for one word that no saved funnel has as its name.
    """
    if not isinstance(steps, str):
        return {"steps": list(steps)} | dict(words)
    if project.config.funnel(steps.strip()) is not None:
        return project.saved_funnel(steps.strip()) | dict(words)
    parts = split_outside(steps, ">")
    if len(parts) == 1:
        project.saved_funnel(steps)  # one word can only be a name: say which are known
    return {"steps": [p.strip() for p in parts]} | dict(words)


def funnel(
    project: ProjectFolder,
    steps: Sequence[str],
    *,
    window: str | timedelta | None = "7d",
    count: str = "customers",
    order: str = "ordered",
    ties: str = "recorded",
    step_window: Mapping[str, str | timedelta] | None = None,
    exclude: Sequence[str] = (),
    exclusion: str = "chain",
    ignore: Sequence[str] = (),
    breakdown: str | None = None,
    by: str | None = None,
    top: int | None = None,
    compare: str | None = None,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per step; with `compare` one row per needed step after the first."""
    options: dict[str, Any] = {
        "count": count,
        "order": order,
        "ties": ties,
        "exclude": list(exclude),
        "exclusion": exclusion,
        "ignore": list(ignore),
        "breakdown": breakdown,
        "by": by,
    }
    known = project.known_names
    question = parse_funnel(steps, window=window, step_window=step_window, top=top, known=known, **options)
    parameters = {"steps": list(steps), "window": question.window, **options}
    names = [m.name for s in question.steps for m in s.matchers if not m.name.startswith(PAGE)]
    if compare is not None:
        from pipeline.questions.compare import compare_funnel

        return compare_funnel(project, Period(**period), compare, question, names, parameters)
    asked = project.ask(Period(**period), [question, Vocabulary()], question.columns)
    asked.check_names(names, "step")
    excluded = [m.name for x in question.exclusions for m in x.matchers if not m.name.startswith(PAGE)]
    asked.check_names(excluded, "excluded event")
    asked.check_names(sorted(question.ignored), "ignored event")
    table = asked.answers[0]
    return asked.result("funnel", table, parameters={**parameters, "left_out": left_out(table)})


def saved_funnels(config: Config) -> pa.Table:
    """SAVED, in the order of the file."""
    rows = [{"name": f.name, "steps": " > ".join(f.steps), "count": f.count, "order": f.order} for f in config.funnels]
    return pa.Table.from_pylist(rows, schema=SAVED)
