"""The questions about carts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from ingest.side_files import read_ids
from paths.carts.breakdown import COMPUTED
from paths.carts.counts import Carts
from paths.carts.listing import CartList
from paths.carts.reminders import due
from pipeline.config import Config
from pipeline.project.as_of import parse_instant
from pipeline.project.masking import Mask
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import cart_rules


def carts(
    project: ProjectFolder, *, by: str | None = None, compare: str | None = None, **period: Unpack[PeriodWords]
) -> Result:
    """One row per kind, status and (with `by`) value of a column: episodes, customers, value, its coverage.

    With `compare` one row per kind and value: the abandonment rate of both sides; see pipeline/questions/compare.py.
    """
    question = Carts(rules=cart_rules(project.config), by=by, minor_units=project.minor_units)
    if compare is not None:
        from pipeline.questions.compare import compare_carts

        return compare_carts(project, Period(**period), compare, question)
    named = () if by is None or by in COMPUTED else (by,)
    asked = project.ask(Period(**period), [question], named, near=COMPUTED)
    counted = asked.answers[0]
    return asked.result(
        "carts", counted.table, parameters={"by": by, **windows(project.config), "totals": dict(counted.totals)}
    )


def windows(config: Config) -> dict[str, Any]:
    """The rules that every answer about carts names."""
    return {"quiet_period": config.carts.quiet_period, "recovery_window": config.carts.recovery_window}


def cart_list(
    project: ProjectFolder, *, status: Sequence[str] = (), unmask: bool = False, **period: Unpack[PeriodWords]
) -> Result:
    """One row per episode, customers masked."""
    question = CartList(rules=cart_rules(project.config), statuses=frozenset(status), minor_units=project.minor_units)
    asked = project.ask(Period(**period), [question])
    table = asked.answers[0].drop_columns(["customer_key", "known", "last_reminder_at", "bought_since"])
    if not unmask:
        table = Mask.of(project.store.root).column(table, "customer_id")
    return asked.result("cart list", table, parameters=windows(project.config))


def reminders(
    project: ProjectFolder, *, due_on: str, suppressed: Path | None = None, contactable: str | None = None
) -> Result:
    """Whom to remind at the start of a day: ids as recorded, since somebody must write to them.

    Raises MissingInput where the suppression file (one id per line) is not there.
    """
    at = parse_instant(due_on, project.config.project.timezone, "--due")
    question = CartList(rules=cart_rules(project.config), contactable=contactable, minor_units=project.minor_units)
    asked = project.ask(Period(as_of=due_on), [question], () if contactable is None else (contactable,))
    rules = project.config.carts
    rows = due(
        asked.answers[0],
        due_at=at,
        reminder_max_age=rules.reminder_max_age,
        cooldown=rules.cooldown,
        suppressed=ids_of(suppressed),
    )
    parameters = {"reminder_max_age": rules.reminder_max_age, "cooldown": rules.cooldown, **windows(project.config)}
    return asked.result("reminders", rows.drop_columns(["customer_key"]), parameters=parameters)


def ids_of(path: Path | None) -> frozenset[str]:
    """The ids of a suppression file."""
    return frozenset() if path is None else read_ids(path)


def totals_in_words(totals: dict[str, Any]) -> list[str]:
    """Rates, recovery and refunds, a line each."""
    lines = []
    for name in ("abandonment", "recovery"):
        if totals.get(f"{name}_rate") is not None:
            lines.append(f"cart {name} rate {totals[f'{name}_rate']:.1%}")
    by_whom = dict(totals.get("recovered_by") or ()).items()
    parts = [f"{n:,} {by}" for by, n in by_whom if isinstance(n, int)]  # one that is hidden is no number
    if parts:
        lines.append("recovered: " + ", ".join(parts))
    if totals.get("refunds") and totals["refunds"].get("refunds"):
        lines.append(f"refunds: {totals['refunds']['refunds']:,} rows, value {totals['refunds']['value']}")
    return lines
