"""The questions about [[touchpoint]] rules: what they cover, what they miss, and which one fires."""

from __future__ import annotations

from typing import Any, Unpack

import pyarrow as pa

from paths.journeys.names import meaning
from paths.journeys.touchpoints import TouchpointRule, fits, path_of
from paths.overview.names import Vocabulary
from paths.overview.rule_coverage import RuleCoverage, spoken
from paths.overview.url_patterns import blocks, suggest
from pipeline.config import Config
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import touchpoint_rules

VERDICTS = pa.schema(
    [("rule", pa.int64()), ("name", pa.string()), ("fires", pa.bool_()), ("text", pa.string()), ("why", pa.string())]
)
"""One row is one rule, in order; at most one fires, the first that matches. `why` says what fits or does not."""


def touchpoints(project: ProjectFolder, *, top: int = 10, **period: Unpack[PeriodWords]) -> Result:
    """One row per touchpoint and the rule that gives it: events, customers, share.

    meta: `unmatched` (the `top` most frequent URL paths that no rule names) and `toml` ([[touchpoint]] blocks for the
    `top` patterns of them).
    """
    rules = touchpoint_rules(project.config)
    asked = project.ask(Period(**period), [RuleCoverage(rules=rules), Vocabulary()])
    answers, names = asked.answers
    taken = rules.given.union(*names.values(), project.config.project.goal)
    unmatched = answers.unmatched.to_pylist()
    kept = not_to_be_swallowed(project.config)
    suggestions = suggest([r for r in unmatched if r["event"] not in kept], taken, top)
    parameters = {
        "rules_given": len(rules.rules),
        "paths_unmatched": len(unmatched),
        "unmatched": unmatched[:top],
        "toml": blocks(suggestions),
    }
    return asked.result("touchpoints", answers.table, parameters=parameters)


def not_to_be_swallowed(config: Config) -> frozenset[str]:
    """Events that carts and goals are made of: named by their page they could not be told apart on it."""
    roles = config.carts.roles.by_role()
    names = {n for role, given in roles.items() if role != "view" for n in given}.union(config.project.goal)
    return frozenset(meaning(n, ()).text for n in names)


def which_rule(project: ProjectFolder, url: str, *, event: str | None = None, channel: str | None = None) -> Result:
    """One row per rule: does it fire for an event at this URL (or path)? Nothing of the store is read.

    A condition on the event or the channel is taken to hold where none is given.
    """
    rules = touchpoint_rules(project.config)
    path = path_of(url)
    rows: list[dict[str, Any]] = []
    winner = None
    for number, rule in enumerate(rules.rules, 1):
        wrong = misfits(rule, event, path, channel)
        fires = not wrong and winner is None
        winner = rule if fires else winner
        right = assumed(rule, event, channel) if fires else "an earlier rule fires"
        why = "; ".join(wrong) or right
        rows.append({"rule": number, "name": rule.name, "fires": fires, "text": spoken(rule), "why": why})
    fired = next((r["rule"] for r in rows if r["fires"]), None)
    name = winner.name if winner else None if event is None else rules.touchpoint(event, url, channel)
    meta = {"path": path, "event": event, "channel": channel, "rule": fired, "touchpoint": name}
    return Result(title="touchpoint test", table=pa.Table.from_pylist(rows, schema=VERDICTS), meta=meta)


def misfits(rule: TouchpointRule, event: str | None, path: str, channel: str | None) -> list[str]:
    """The conditions of a rule that do not hold."""
    said = (("event", rule.event, event), ("url", rule.url, path), ("channel", rule.channel, channel))
    return [
        f"{column} {value} fits no {' or '.join(globs)}"
        for column, globs, value in said
        if value is not None and not fits(globs, value)
    ]


def assumed(rule: TouchpointRule, event: str | None, channel: str | None) -> str:
    """What must hold besides, since it was not said."""
    open_ = [
        (c, g) for c, g, v in (("event", rule.event, event), ("channel", rule.channel, channel)) if g and v is None
    ]
    return "if " + " and ".join(f"{c} is {' or '.join(g)}" for c, g in open_) if open_ else "all conditions hold"
