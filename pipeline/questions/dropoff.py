"""The question where sessions end without a goal, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from paths.dropoff.dropoff import DropOff
from paths.overview.names import Vocabulary
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules


def dropoff(
    project: ProjectFolder,
    *,
    by: str = "touchpoint",
    goal: Sequence[str] | None = None,
    compare: str | None = None,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per touchpoint (or stage), the worst leak first."""
    question = DropOff(
        rules=goal_rules(project.config, goal),
        return_window=project.config.project.return_window,
        by_stage=by == "stage",
        minor_units=project.minor_units,
    )
    if compare is not None:
        from pipeline.questions.compare import compare_dropoff

        return compare_dropoff(project, Period(**period), compare, question)
    asked = project.ask(Period(**period), [question, Vocabulary()])
    goals = sorted(question.rules.goal)
    asked.check_goal(goals)
    parameters = {"by": by, "goal": goals, "return_window": question.return_window}
    return asked.result("dropoff", asked.answers[0], parameters=parameters)
