"""The question why a rate moved between two periods, or differs between two segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from paths.compare.comparison import Comparison
from paths.drivers.moves import explained
from paths.drivers.outcomes import StepTaken
from paths.drivers.rules import MOST_VALUES, TOUCHPOINT, Factors
from paths.drivers.why import Why
from paths.drivers.why_table import Words, overall, why_table
from paths.overview.names import Vocabulary
from paths.statistics.pairs import Q, points
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result
from pipeline.questions.compare import ask_both
from pipeline.questions.driver_words import OF_FUNNELS, columns_tried, outcome_of
from pipeline.questions.drivers import check_words, what_of

PREVIOUS = "previous"


def why(
    project: ProjectFolder,
    steps: str | Sequence[str] = (),
    *,
    drop_off: str | None = None,
    goal: Sequence[str] | None = None,
    by: Sequence[str] = (),
    compare: str = PREVIOUS,
    **words: Any,
) -> Result:
    """One row per part of the units, step, or touchpoint that accounts for the move beyond noise, and one for the rest of each question.

    `words`: a funnel's, and the period's. Raises ConfigError for words that do not go together.
    """
    asked = outcome_of(project, steps, goal, drop_off, {k: v for k, v in words.items() if k in OF_FUNNELS}, whole=True)
    columns, touchpoints = columns_tried(project, by)
    names = asked.outcome.names if isinstance(asked.outcome, StepTaken) else []
    question = Why(
        outcome=asked.outcome,
        factors=Factors(columns=columns, touchpoints=touchpoints),
        steps=len(names) if len(names) > 1 else 0,
    )
    named = [c for c in by if c != TOUCHPOINT]
    both = ask_both(project, asked.period(words), compare, [question], [Vocabulary()], named, near=(TOUCHPOINT,))
    check_words(both.asked, asked)
    move = explained(both.now[0], both.before[0], names)
    both.asked.warnings.extend(
        f"{name} has more than {MOST_VALUES:,} different values: it names single events or customers, and is not looked at."
        for name in move.crowded
    )
    there = "on the other side" if both.sides.columns else "before"
    table = why_table(move, Words(did=asked.outcome.did, units=asked.units, there=there))
    told = {
        **asked.told,
        "by": [*columns, *([TOUCHPOINT] if touchpoints else [])],
        "units": asked.units,
        "did": asked.outcome.did,
        "there": there,
        "totals": dict(zip(("open", "open_before"), move.left_out, strict=True)),
        "judged": move.compared,
    }
    clustered = move.whole.clusters is not None or move.whole.clusters_before is not None
    found = both.result("why", Comparison(table=table, overall=overall(move), clustered=clustered), told)
    return replace(found, title="why")


def told_in_words(meta: Mapping[str, Any], table: pa.Table) -> list[str]:
    """What the rate did, and what accounts for it beyond noise: a line each; silent where nothing is."""
    whole = meta["overall"]
    if whole is None:
        return []
    if not all(isinstance(v, int | float) for v in whole.values()):  # privacy = "strict"
        return [f"{what_of(meta)}: hidden, for it is about too few"]
    interval = f" (95 % CI {points(whole['ci_low'])} to {points(whole['ci_high'])})"
    moved = f"{100 * whole['difference']:+.1f} points{interval}"
    firm = "" if whole["p_value"] <= Q else ", which may be noise"
    said = [
        f"{what_of(meta)}: {100 * whole['rate']:.1f} % of {whole['n']:,} {meta['units']} {meta['did']}, "
        f"{100 * whole['rate_before']:.1f} % of {whole['n_before']:,} {meta['there']}: {moved}{firm}"
    ]
    here, there = (meta["totals"][k] for k in ("open", "open_before"))
    if here != 0 or there != 0:
        said.append(f"left out, their window is open: {here:,} here and {there:,} on the other side")
    sentences = [r["sentence"] for r in table.to_pylist() if r["named"]]
    if not sentences:
        return [
            *said,
            f"nothing accounts for it beyond noise ({meta['judged']:,} shares and rates looked at, q = {meta['q']})",
        ]
    parts = f"{len(sentences):,} part{'' if len(sentences) == 1 else 's'}"
    said.append(
        f"beyond noise: {parts} ({meta['judged']:,} shares and rates looked at, q = {meta['q']}); the parts of each question add up "
        "to the whole move"
    )
    return said + sentences
