"""Conditions on a night's numbers: `dropoff(checkout) > 0.4`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ingest.errors import ConfigError, did_you_mean
from paths.journeys.conditions import COMPARE
from reports.content.report import Report

FORM = re.compile(
    r"\s*(?P<metric>\w+)\s*(?:\(\s*(?P<of>.*?)\s*\))?\s*(?P<sign>>=|<=|!=|=|>|<)\s*(?P<value>-?\d+(?:\.\d+)?)\s*(?P<percent>%?)\s*"
)

METRICS = (
    "dropoff",
    "lost",
    "funnel",
    "conversion",
    "abandonment",
    "recovery",
    "sessions",
    "events",
    "customers",
    "quarantine_share",
)


def holding(report: Report, conditions: Sequence[str]) -> tuple[list[str], list[str]]:
    """(those that hold, each with its number; what to say of those about something that did not occur).

    Raises ConfigError for one that cannot be read.
    """
    verdicts, absent = [], []
    for text in conditions:
        match = FORM.fullmatch(text)
        if not match:
            raise ConfigError(f"--fail-on \"{text}\" is not METRIC(NAME) > NUMBER, such as 'dropoff(checkout) > 0.4'.")
        try:
            value = metric(report, match["metric"], match["of"])
        except Absent as error:
            absent.append(f"--fail-on {text.strip()}: {error}")
            continue
        limit = float(match["value"]) / (100 if match["percent"] else 1)
        if value is not None and COMPARE[match["sign"]](value, limit):
            verdicts.append(f"{text.strip()}: it is {value:g}")
    return verdicts, absent


class Absent(Exception):
    """What a condition asks about did not occur."""


def metric(report: Report, name: str, of: str | None) -> float | None:
    """One number of the report's period; None where there is nothing to count; raises Absent."""
    if name in ("dropoff", "lost"):
        rows = {r["touchpoint"]: r for r in report.dropoff.to_pylist()}
        if of not in rows:
            raise Absent(
                f'"{of}" did not occur in the period, so the condition does not hold.{did_you_mean(str(of), list(rows))}'
            )
        return number(rows[of]["drop_off_rate" if name == "dropoff" else "lost"])
    if name == "funnel":
        answers = {f.name: f.now for f in report.funnels}
        if of not in answers:
            raise ConfigError(f'--fail-on: there is no [[funnel]] named "{of}".{did_you_mean(str(of), list(answers))}')
        return number(answers[of]["conversion_rate"][-1].as_py())
    simple: dict[str, Any] = {
        "conversion": report.outcome(0)["conversion_rate"],
        "abandonment": report.carts.totals.get("abandonment_rate") if report.carts else None,
        "recovery": report.carts.totals.get("recovery_rate") if report.carts else None,
        **{n: report.summary[n][0].as_py() for n in ("sessions", "events", "customers")},
        "quarantine_share": report.quality.quarantined / report.quality.rows if report.quality.rows else None,
    }
    if name not in simple:
        raise ConfigError(
            f'--fail-on knows no metric "{name}".{did_you_mean(name, METRICS)} Known: {", ".join(METRICS)}.'
        )
    return number(simple[name])


def number(value: Any) -> float | None:
    """A number or None."""
    return None if value is None else float(value)
