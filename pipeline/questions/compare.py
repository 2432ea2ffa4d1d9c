"""--compare: both sides of a question, from one pass over the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from ingest.errors import ConfigError
from paths.analysis import Analysis
from paths.attribution.attribution import Attribution
from paths.carts.breakdown import COMPUTED, GRID
from paths.carts.counts import Carts
from paths.compare.clusters import CartClusters, DropOffClusters, EdgeClusters, FunnelClusters
from paths.compare.comparison import Comparison, Whole, Words, compared, surest
from paths.compare.rates import (
    MAP_MEASURES,
    attribution_counts,
    cart_counts,
    dropoff_counts,
    edge_counts,
    folded,
    map_counts,
    retention_counts,
    started,
    step_counts,
)
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.funnels.table import left_out
from paths.graph.transitions import Transitions
from paths.journey_map.journey_map import JourneyMap
from paths.journey_map.scores import MapAnswer
from paths.journeys.touchpoints import StageRules
from paths.overview.names import Vocabulary
from paths.overview.summary import Summary
from paths.retention.cohorts import Retention
from paths.statistics.clusters import METHOD, Clustered
from paths.statistics.pairs import MIN_N, Key, Q, SideCounts, beyond_noise, paired
from pipeline.project.project import Asked, Period, ProjectFolder
from pipeline.project.result import Result
from pipeline.questions.compare_sides import SEGMENT, Sides, sides_of


@dataclass(frozen=True, kw_only=True)
class Both:
    """The answers of both sides, question by question, and what else the pass found."""

    asked: Asked
    now: Sequence[Any]
    before: Sequence[Any]
    rest: Sequence[Any]
    sides: Sides
    text: str

    def result(self, title: str, found: Comparison, parameters: Mapping[str, Any]) -> Result:
        """The comparison with what is needed to trust it."""
        if found.overall is None:
            self.asked.warnings.append(f"--compare {self.text}: one side holds nothing, so nothing is compared.")
        now, before = self.sides.now, self.sides.before
        meta = now.meta | {
            "annotations": self.asked.annotations(min(now.since, before.since), max(now.until, before.until)),
            "min_n": MIN_N,
            **parameters,
            "compare": self.text,
            "before": self.sides.before.meta,
            "overall": found.overall,
            "q": Q,
            "interval": METHOD if found.clustered else "Newcombe",
        }
        return replace(self.asked.result(f"{title} compared", found.table, parameters=meta), make_plot=None)


def ask_both(
    project: ProjectFolder,
    period: Period,
    text: str,
    questions: Sequence[Analysis[Any]],
    rest: Sequence[Analysis[Any]] = (),
    columns: Iterable[str] = (),
    stages: StageRules | None = None,
    near: Collection[str] = (),
) -> Both:
    """Ask the questions about both sides, and `rest` once as it is, in one pass."""
    scope, _ = project.scope(period, project.store.snapshot())
    sides = sides_of(project, scope, text)
    analyses = [side.asked(question) for side in (sides.now, sides.before) for question in questions]
    asked = project.ask(sides.shared(period), [*analyses, *rest], sides.columns.union(columns), stages, near)
    n = len(questions)
    answers = asked.answers
    return Both(asked=asked, now=answers[:n], before=answers[n : 2 * n], rest=answers[2 * n :], sides=sides, text=text)


def compare_dropoff(project: ProjectFolder, period: Period, text: str, question: DropOff) -> Result:
    """One row per touchpoint or stage; overall: sessions that end without a goal, of all sessions."""
    clusters = DropOffClusters(
        goal=question.rules.goal, return_window=question.return_window, by_stage=question.by_stage
    )
    both = ask_both(project, period, text, [question, Summary(), clusters], [Vocabulary()])
    both.asked.check_goal(question.rules.goal)
    (now, sessions, *spread), (before, sessions_before, *spread_before) = both.now, both.before
    comparison = compared(
        paired(dropoff_counts(now), dropoff_counts(before), *spread, *spread_before),
        [now.schema.field(0)],
        Whole(units=total(sessions, "sessions"), units_before=total(sessions_before, "sessions")),
        Words(did="dropped off", than=both.sides.than),
    )
    by = "stage" if question.by_stage else "touchpoint"
    return both.result(
        "dropoff", comparison, {"by": by, "goal": sorted(question.rules.goal), "return_window": question.return_window}
    )


def compare_attribution(
    project: ProjectFolder, period: Period, text: str, question: Attribution, columns: Iterable[str]
) -> Result:
    """One row per value: its share of the conversions by the first model, credits to the nearest whole one; shares add up to 1."""
    both = ask_both(project, period, text, [question], [Vocabulary()], columns)
    both.asked.check_goal(question.rules.goals.goal)
    model, (now,), (before,) = question.asked[0], both.now, both.before
    counts = [attribution_counts(answer, model) for answer in (now, before)]
    keys = dict.fromkeys(key for side in counts for key in side)
    whole = Whole(units=now.totals["conversions"], units_before=before.totals["conversions"])
    sides = [
        {key: (side.get(key, 0), n) for key in keys}
        for side, n in zip(counts, (whole.units, whole.units_before), strict=True)
    ]
    words = Words(did=f"of the conversions ({model})", than=both.sides.than)
    comparison = compared(paired(sides[0], sides[1]), [pa.field("value", pa.string())], whole, words)
    return both.result("attribution", comparison, {"by": question.rules.by, "model": model})


def compare_retention(project: ProjectFolder, period: Period, text: str, question: Retention) -> Result:
    """One row per age of cohorts that is over on both sides: customers who returned at it, pooled over the cohorts of the side.

    Overall: returns of all these ages, of all customers that could have returned at them; the mix is that of the ages.
    """
    rules = question.rules
    both = ask_both(project, period, text, [question], [Vocabulary()])
    both.asked.check_names(rules.returns, "return")
    if rules.start == "goal":
        both.asked.check_goal(sorted(rules.goal.goal))
    sides = [retention_counts(answers[0]) for answers in (both.now, both.before)]
    own = bool(rules.returns)  # else everybody is back in the own period
    ages = [key for key in sides[0] if key in sides[1] and (key[0] or own)]
    counts = [{key: side[key] for key in ages} for side in sides]
    trials, trials_before = (sum(n for _, n in side.values()) for side in counts)
    whole = Whole(units=trials, units_before=trials_before)
    words = Words(did="came back", than=both.sides.than, name=lambda key: str(key[1]))
    keys = [pa.field("period", pa.int64()), pa.field("name", pa.string())]
    if not ages and all(sides):
        both.asked.warnings.append(
            f"--compare {text}: no age of the cohorts is over on both sides, so nothing is compared."
        )
    found = compared(paired(counts[0], counts[1]), keys, whole, words)
    told = {"by": rules.unit, "mode": rules.mode, "rolling": rules.rolling, "from": rules.start}
    return both.result("retention", found, {**told, "return": sorted(rules.returns)})


def compare_paths(project: ProjectFolder, period: Period, text: str, question: Transitions) -> Result:
    """One row per edge, of all steps out of its source; mix + rate_effect is the change of its share of all transitions."""
    both = ask_both(project, period, text, [question, EdgeClusters(question=question)])
    (now, spread), (before, spread_before) = both.now, both.before
    edges, edges_before = edge_counts(now, before)
    pairs = paired(edges, edges_before, of_edges(edges, spread), of_edges(edges_before, spread_before))
    whole = Whole(units=total(now, "transitions"), units_before=total(before, "transitions"))
    keys = [now.schema.field("source"), now.schema.field("target")]
    comparison = compared(pairs, keys, whole, Words(did="went there", than=both.sides.than))
    by = "stage" if question.by_stage else "touchpoint"
    return both.result("paths", comparison, {"by": by, "collapse_repeats": question.collapse_repeats})


def compare_funnel(
    project: ProjectFolder,
    period: Period,
    text: str,
    question: Funnel,
    names: Sequence[str],
    parameters: Mapping[str, Any],
) -> Result:
    """One row per needed step after the first (and value of the breakdown): units that take it, of those at the step before.

    Overall: units that take the last step, of those that start. `names`: of events in its steps, to be looked for.
    """
    group = question.breakdown or question.by
    if question.by and not SEGMENT.fullmatch(text):
        raise ConfigError(f"--by {question.by} tells periods apart, and so does --compare {text}: give one of them.")
    whole = replace(question, top=None)
    clusters = [FunnelClusters(question=whole)] if question.count == "sessions" else []
    both = ask_both(project, period, text, [whole, *clusters], [Vocabulary()], question.columns)
    both.asked.check_names(names, "step")
    (now, *spread), (before, *spread_before) = both.now, both.before
    counts = [step_counts(t, group) for t in (now, before)]
    if question.top and question.breakdown:
        values = list(dict.fromkeys(k[0] for c in counts for k in c))
        counts = [folded(c, set(values[: question.top])) for c in counts]
    columns = [*([] if group is None else [group]), "step", "name", "previous_step"]
    keys = [pa.field(n, pa.int64() if n == "step" else pa.string()) for n in columns]
    warn_of_open_windows(both)
    comparison = compared(
        paired(counts[0], counts[1], of_steps(counts[0], spread), of_steps(counts[1], spread_before)),
        keys,
        Whole(units=started(now), units_before=started(before), base=1),
        Words(did="went on", than=both.sides.than, name=lambda key: step_name(key, group)),
    )
    left = {"left_out": left_out(now), "left_out_before": left_out(before)}
    return both.result("funnel", comparison, {**parameters, **left})


def of_edges(counts: SideCounts, clusters: Mapping[Key, Clustered]) -> dict[Key, Clustered]:
    """The clusters of each edge; of one that nobody took those of its source."""
    of_key = {key: clusters.get(key, clusters.get(key[:1])) for key in counts}
    return {key: sums for key, sums in of_key.items() if sums is not None}


def of_steps(counts: SideCounts, clusters: Sequence[Mapping[Key, Clustered]]) -> dict[Key, Clustered]:
    """The clusters of each row of `step_counts`, which are keyed by ([value,] step) alone; none where customers are counted."""
    return {key: found[key[:-2]] for found in clusters for key in counts if key[:-2] in found}


def step_name(key: Key, group: str | None) -> str:
    """A step of a funnel in a sentence: platform mobile, add_to_cart > purchase."""
    *_, name, before = key
    return f"{'' if group is None else f'{group} {key[0]}, '}{before} > {name}"


def warn_of_open_windows(both: Both) -> None:
    """Units whose windows are open have had less time than the others."""
    under_way = [sum(r["in_progress"] or 0 for r in t.to_pylist()) for t in (both.now[0], both.before[0])]
    if any(under_way):
        both.asked.warnings.append(
            f"{under_way[0]:,} units here and {under_way[1]:,} on the other side are still in progress, and may yet go on; "
            "end the period a window earlier (--until) to compare like with like."
        )


def compare_carts(project: ProjectFolder, period: Period, text: str, question: Carts) -> Result:
    """One row per kind of cart (and value of `by`): carts left, of those left or converted."""
    by = None if question.by in GRID else question.by
    named = () if by is None or by in COMPUTED else (by,)
    both = ask_both(project, period, text, [question, CartClusters(question=question)], columns=named, near=COMPUTED)
    now, before = both.now[0].table, both.before[0].table
    counts = cart_counts(now, by), cart_counts(before, by)
    decided = [sum(trials for _, trials in c.values()) for c in counts]
    comparison = compared(
        paired(*counts, both.now[1], both.before[1]),
        [now.schema.field(n) for n in (["kind"] if by is None else ["kind", by])],
        Whole(units=decided[0], units_before=decided[1]),
        Words(did="were left", than=both.sides.than, name=lambda k: k[0] if by is None else f"{k[0]}, {by} {k[1]}"),
    )
    return both.result("carts", comparison, {"by": question.by})


MEASURED = {
    "drop_off": "ended there without a goal",
    "goes_on": "went on",
    "friction": "of the visits showed friction",
    "unhappy": "of the answers were below 0",
    "visited": "of the sessions came there",
}
"""What the rates of a map's cell say."""


def compare_map(project: ProjectFolder, period: Period, text: str, question: JourneyMap, stages: StageRules) -> Result:
    """One row per cell and measure, judged together; mix + rate_effect is the change of the measure over the whole map."""
    both = ask_both(project, period, text, [question], stages=stages)
    comparison = map_comparison(both.now[0], both.before[0], question, both.sides.than)
    return both.result("map", comparison, {"by": question.by, "min_n": question.min_n})


def map_comparison(now: MapAnswer, before: MapAnswer, question: JourneyMap, than: str) -> Comparison:
    """The comparison of two maps: what is beyond noise first, the largest difference first."""
    by = ["stage"] if question.by == "stage" else ["stage", question.by]
    keys = [pa.field(n, pa.string()) for n in (*by, "measure")]
    sides = {m: paired(*map_counts(now, before, m)) for m in MAP_MEASURES}
    sure = iter(beyond_noise([p for pairs in sides.values() for p in pairs.values()], question.min_n))
    tables, overall = [], None
    for measure, pairs in sides.items():
        units = [sum(p.trials for p in pairs.values()), sum(p.trials_before for p in pairs.values())]
        if measure == "drop_off":
            units = [now.totals["sessions"], before.totals["sessions"]]
        comparison = compared(
            pairs,
            keys,
            Whole(units=units[0], units_before=units[1]),
            Words(did=MEASURED[measure], than=than, name=cell_words),
            min_n=question.min_n,
            sure=[next(sure) for _ in pairs],
        )
        overall = comparison.overall if measure == "drop_off" else overall
        tables.append(comparison.table)
    whole = pa.concat_tables(tables).to_pylist()
    whole.sort(key=surest)
    table = pa.Table.from_pylist(whole, schema=tables[0].schema)
    return Comparison(table=table, overall=overall)


def cell_words(key: Key) -> str:
    """A cell in a sentence: checkout, payment."""
    return ", ".join(str(part) for part in key[:-1])


def total(table: pa.Table, column: str) -> int:
    """The sum of a column."""
    return sum(table[column].to_pylist())
