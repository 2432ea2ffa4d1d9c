"""The questions who comes back: cohorts, time to the second goal, lifecycle, stickiness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

import pyarrow as pa

from ingest.errors import ConfigError, did_you_mean
from paths.analysis import Analysis
from paths.overview.names import Vocabulary
from paths.people.cohort_members import InCohort
from paths.people.members import Members
from paths.retention.calendar import Unit
from paths.retention.cohorts import Retention
from paths.retention.lifecycle import Lifecycle, Stickiness
from paths.retention.rules import Mode, RetentionRules, Start
from paths.retention.second_goal import SecondGoal
from paths.retention.table import AVERAGE
from pipeline.project.masking import Mask
from pipeline.project.project import Asked, Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules
from pipeline.questions.compare import compare_retention


def retention(
    project: ProjectFolder,
    *,
    by: Unit = "week",
    mode: Mode = "on",
    rolling: bool = False,
    brackets: Sequence[int] = (),
    from_: Start = "first",
    return_: Sequence[str] = (),
    breakdown: str | None = None,
    value: bool = False,
    periods: int | None = None,
    returned: tuple[str, int] | None = None,
    lapsed: tuple[str, int] | None = None,
    unmask: bool = False,
    compare: str | None = None,
    goal: Sequence[str] | None = None,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per cohort and period, each group's average last; a period that is not over is null.

    With `compare`, one row per age of cohorts: the pooled rates of both sides. With `returned` or `lapsed`, the first day of a
    cohort and a period of it: one row per customer of that cell.
    """
    rules = RetentionRules(
        unit=by,
        mode=mode,
        rolling=rolling,
        brackets=tuple(brackets),
        start=from_,
        returns=frozenset(return_),
        goal=goal_rules(project.config, goal),
        breakdown=breakdown,
        value=value,
        periods=periods,
    )
    question = Retention(rules=rules, minor_units=project.minor_units)
    if compare is not None:
        if more := [
            w for w, v in (("breakdown", breakdown), ("value", value), ("returned", returned), ("lapsed", lapsed)) if v
        ]:
            raise ConfigError(f"--compare tells the rates of two sides by cohort age; it does not go with --{more[0]}.")
        return compare_retention(project, Period(**period), compare, question)
    named = () if breakdown is None else (breakdown,)
    if returned is not None or lapsed is not None:
        if returned is not None and lapsed is not None:
            raise ConfigError("--returned and --lapsed do not go together; ask for one of them.")
        return cell(project, question, returned or lapsed or ("", 0), returned is not None, unmask, Period(**period))
    if unmask:
        raise ConfigError("--unmask is about customers: ask for --returned or --lapsed as well.")
    asked = project.ask(Period(**period), [question, Vocabulary()], named)
    asked.check_names(return_, "return")
    if value or from_ == "goal":
        asked.check_goal(sorted(rules.goal.goal))
    table = asked.answers[0]
    parameters = {
        "by": by,
        "mode": mode,
        "rolling": rolling,
        "brackets": list(rules.brackets),
        "from": from_,
        "return": sorted(rules.returns),
        "breakdown": breakdown,
        "periods": rules.last,
        **({"goal": sorted(rules.goal.goal)} if value or from_ == "goal" else {}),
        **(values(asked, table) if value else {}),
    }
    return asked.result("retention", table, parameters=parameters)


def cell(
    project: ProjectFolder, question: Retention, place: tuple[str, int], back: bool, unmask: bool, period: Period
) -> Result:
    """One row per customer behind a cell, as `customers` has them; raises ConfigError where there is no such cell."""
    rules = replace(question.rules, breakdown=None)
    selection = InCohort(rules=rules, cohort=place[0], period=place[1], returned=back)
    wanted = Members(selection=selection, rules=rules.goal, minor_units=project.minor_units)
    asked = project.ask(period, [wanted, replace(question, rules=rules)])
    rows = [r for r in asked.answers[1].to_pylist() if r["cohort"] != AVERAGE]
    row = next((r for r in rows if (r["cohort"], r["period"]) == place), None)
    if row is None:
        cohorts = list(dict.fromkeys(r["cohort"] for r in rows))
        raise ConfigError(
            f'there is no cohort "{place[0]}" with a period {place[1]} that has begun.'
            f"{did_you_mean(place[0], cohorts)} A cohort is named by its first day, as `retention` shows it."
        )
    if not row["complete"]:
        asked.warnings.append(f"{row['name']} of {place[0]} is not over at as_of, so the triangle is blank there.")
    table = asked.answers[0]
    customers = table.num_rows
    table = table.drop_columns(["customer_key", "session_id"])
    if not unmask:
        table = Mask.of(project.store.root).column(table, "customer")
    parameters = {"cohort": place[0], "period": row["name"], "returned": back, "customers": customers}
    return asked.result("cohort members", table, parameters={**parameters, "masked": not unmask})


def values(asked: Asked, table: pa.Table) -> dict[str, int]:
    """How many goals have a value, and how many have none; warns where that matters."""
    valued, unvalued = (int(table.schema.metadata[name]) for name in (b"valued", b"unvalued"))
    if not valued:
        asked.warnings.append(
            "no goal of these cohorts has a value, so none is shown: map value to a column of the goals."
        )
    elif unvalued:
        asked.warnings.append(f"{unvalued:,} of {valued + unvalued:,} goals have no value; they add nothing to it.")
    return {"goals_with_value": valued, "goals_without_value": unvalued}


def second_goal(project: ProjectFolder, *, goal: Sequence[str] | None = None, **period: Unpack[PeriodWords]) -> Result:
    """One row per time after the first goal: the share of customers with a second one by then."""
    rules = goal_rules(project.config, goal)
    if not rules.goal:
        raise ConfigError("the time to the second goal needs a goal: name one with --goal, or set [project] goal.")
    asked = project.ask(Period(**period), [SecondGoal(rules=rules), Vocabulary()])
    asked.check_goal(sorted(rules.goal))
    curve = asked.answers[0]
    parameters = {
        "goal": sorted(rules.goal),
        "customers": curve.customers,
        "with_second_goal": curve.converted,
        "median_seconds": curve.median_seconds,
    }
    return asked.result("second goal", curve.table, parameters=parameters)


def lifecycle(
    project: ProjectFolder, *, by: Unit = "week", stickiness: bool = False, **period: Unpack[PeriodWords]
) -> Result:
    """One row per period: new, retained, resurrected, dormant; with `stickiness` one per period and days active."""
    question: Analysis[Any] = Stickiness(unit=by) if stickiness else Lifecycle(unit=by)
    asked = project.ask(Period(**period), [question])
    return asked.result("stickiness" if stickiness else "lifecycle", asked.answers[0], parameters={"by": by})
