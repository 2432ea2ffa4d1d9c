"""The question which touches conversions are owed to, with what was spent on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Unpack

import pyarrow as pa

from ingest.errors import ConfigError, did_you_mean
from paths.attribution.attribution import Attribution
from paths.attribution.markov import MOST
from paths.attribution.path_file import attribution_of_paths
from paths.attribution.rules import COMPUTED, AttributionRules, Reach, models_of
from paths.attribution.table import AttributionAnswer
from paths.overview.names import Vocabulary
from paths.people.attributed import AttributedTo
from paths.people.members import Members
from pipeline.config.durations import format_duration
from pipeline.project.attribution_rules import attribution_rules
from pipeline.project.masking import Mask
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.questions.attribution_files import UNITS, paths_as_text, read_paths, read_spend, with_other, with_spend
from pipeline.questions.compare import compare_attribution

USUAL = ("first", "last", "linear", "markov")


def attribution(
    project: ProjectFolder,
    *,
    by: str | None = None,
    model: Sequence[str] = (),
    goal: Sequence[str] | None = None,
    lookback: str | timedelta | None = None,
    paths: Reach | None = None,
    spend: Path | None = None,
    compare: str | None = None,
    paths_table: bool = False,
    from_paths: Path | None = None,
    top: int | None = None,
    attributed: str | None = None,
    unmask: bool = False,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per value: touches, and by each model conversions and money; with `paths_table` one row per path.

    Raises ConfigError for words that do not go together, and as `attribution_rules` and `models_of` do.
    """
    rules = attribution_rules(project.config, by=by, goal=goal, lookback=lookback, paths=paths)
    by = rules.by
    models = models_of([m.strip() for names in model for m in names.split(",")] or USUAL, rules)
    if compare is not None and (spend or paths_table or from_paths or top):
        raise ConfigError("compare goes with none of spend, paths_table, from_paths and top.")
    if from_paths is not None:
        said = {**period, "goal": goal, "lookback": lookback, "paths": paths, "attributed": attributed}
        if more := [word for word, value in said.items() if value not in (None, (), [])]:
            raise ConfigError(f"a file of paths has no events, so from_paths does not go with {more[0]}.")
        return of_file(project, from_paths, rules, models, spend, paths_table, top)
    question = Attribution(rules=rules, models=models, minor_units=project.minor_units)
    if attributed is not None:
        if spend or paths_table or top or compare:
            raise ConfigError("attributed lists customers; it goes with none of spend, paths_table, top and compare.")
        return people(project, replace(question, tried=()), attributed, unmask, Period(**period), named_columns(by))
    if unmask:
        raise ConfigError("--unmask is about customers: ask for --attributed as well.")
    if compare is not None:
        return compare_attribution(project, Period(**period), compare, replace(question, tried=()), named_columns(by))
    asked = project.ask(Period(**period), [question, Vocabulary()], named_columns(by), near=COMPUTED)
    asked.check_goal(sorted(rules.goals.goal))
    answer: AttributionAnswer = asked.answers[0]
    asked.warnings.extend(doubts(answer, rules, models))
    table, told = answer.table, words_of(rules, models, answer)
    if paths_table:
        return asked.result("attribution paths", paths_as_text(answer.paths), parameters=told)
    if spend is not None:
        costs = read_spend(spend, by, project.config, (asked.scope.since, asked.scope.until), asked.scope.as_of)
        table = with_spend(table, costs, models, asked.warnings)
        told["spend"] = {"file": spend.name, "cost": float(sum(costs.by_value.values())), "left_out": costs.left_out}
    return asked.result("attribution", with_other(table, top, models), parameters=told)


def people(
    project: ProjectFolder, question: Attribution, value: str, unmask: bool, period: Period, columns: tuple[str, ...]
) -> Result:
    """One row per customer with a conversion that is owed to the value by the first model; raises ConfigError for no value."""
    wanted = Members(
        selection=AttributedTo(question=question, value=value),
        rules=question.rules.goals,
        minor_units=project.minor_units,
    )
    asked = project.ask(period, [wanted, question, Vocabulary()], columns, near=COMPUTED)
    asked.check_goal(sorted(question.rules.goals.goal))
    values = asked.answers[1].table["value"].to_pylist()
    if value not in values:
        raise ConfigError(f'no touch is called "{value}" by {question.rules.by}.{did_you_mean(value, values)}')
    table = asked.answers[0]
    told = {"by": question.rules.by, "model": question.asked[0], "value": value, "customers": table.num_rows}
    table = table.drop_columns(["customer_key", "session_id"])
    if not unmask:
        table = Mask.of(project.store.root).column(table, "customer")
    return asked.result("attributed customers", table, parameters={**told, "masked": not unmask})


def named_columns(by: str) -> tuple[str, ...]:
    """The column that somebody named, of which is said if nobody has it."""
    return () if by in COMPUTED else (by,)


def of_file(
    project: ProjectFolder,
    path: Path,
    rules: AttributionRules,
    models: Sequence[str],
    spend: Path | None,
    paths_table: bool,
    top: int | None,
) -> Result:
    """The same of a file of paths; no store is read."""
    file = read_paths(path)
    answer = attribution_of_paths(
        file.lists, file.conversions, file.value, file.nulls, rules=rules, models=models, minor_units=UNITS
    )
    warnings = doubts(answer, rules, models)
    told = words_of(rules, models, answer, file=True) | {"from_paths": path.name}
    table = paths_as_text(answer.paths) if paths_table else answer.table
    if spend is not None and not paths_table:
        table = with_spend(table, read_spend(spend, rules.by, project.config), models, warnings)
    if not paths_table:
        table = with_other(table, top, models)
    title = "attribution paths" if paths_table else "attribution"
    return Result(title=title, table=table, meta={**told, "warnings": warnings})


def words_of(
    rules: AttributionRules, models: Sequence[str], answer: AttributionAnswer, *, file: bool = False
) -> dict[str, Any]:
    """The rules in force and the sums."""
    of_events = {"goal": sorted(rules.goals.goal), "lookback": rules.lookback, "paths": rules.paths}
    told = {
        "by": rules.by,
        "models": list(models),
        **({} if file else of_events),
        "touches": list(rules.touches) or "the first event of each session",
        "half_life": rules.half_life,
        "weights": rules.weights,
        "totals": answer.totals,
        "values": answer.values,
        "chance": None if answer.removal is None else round(answer.removal.chance, 10),
        "robustness": answer.robustness,
    }
    return told | ({"touches": "as in the file"} if file else {})


def doubts(answer: AttributionAnswer, rules: AttributionRules, models: Sequence[str]) -> list[str]:
    """What keeps an answer from being all that was asked for."""
    said = []
    if rules.lookback == timedelta(0):
        said.append("with a lookback of 0 only touches at a goal's own instant count.")
    converted = answer.totals["conversions"] > answer.totals["no_touch"]
    if "markov" in models and answer.removal is None and converted:
        said.append(
            f"markov is solved for up to {MOST:,} different values, and {rules.by} has {answer.values:,}: "
            "its columns are empty. Ask by a column with fewer."
        )
    return said


def told_in_words(meta: dict[str, Any]) -> list[str]:
    """What was shared out, what was not, and how firm the first place is: a line each."""
    totals, firm = meta["totals"], meta["robustness"]
    worth = "" if totals["value"] is None else f", {totals['valued']:,} with a value: {totals['value']:,.2f}"
    said = [f"{totals['conversions']:,} conversions{worth}; {totals['no_touch']:,} without a touch"]
    if "lookback" in meta:
        said[0] += f" in the {format_duration(meta['lookback'])} before"
    if meta["chance"] is not None:
        still_open = f"; {counted(totals['open_paths'])} still open and in no model" if totals["open_paths"] else ""
        said.append(
            f"markov: a path ends in a conversion with chance {meta['chance']:.4f}; "
            f"{counted(totals['null_paths'])} without one{still_open}"
        )
    if firm is not None and meta["values"] > 1:
        others = [f"{name} in {n}" for name, n in list(firm["places"].items())[1:4]]
        days = ", ".join(map(str, firm["lookbacks"]))
        over = f"models x look-backs of {days} d" if days else "models"
        said.append(
            f"{firm['first']} is first in {firm['times']} of {firm['of']} ({over})" + "".join(f", {o}" for o in others)
        )
    return said


def counted(paths: int) -> str:
    """1 path, 2 paths."""
    return f"{paths:,} path{'' if paths == 1 else 's'}"


def share_told(table: pa.Table, rows: int, model: str) -> str | None:
    """What share of the conversions the first rows have; None where all are shown."""
    column = table[f"{model}_conversions"].to_pylist()
    if len(column) <= rows or None in column or not sum(column):
        return None
    return f"the first {rows:,} of {len(column):,} rows have {sum(column[:rows]) / sum(column):.1%} of the conversions ({model})"
