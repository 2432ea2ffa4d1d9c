"""A goal that never occurs is said, with the way out: what the role purchase has, or the nearest name."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ingest.errors import did_you_mean
from paths.journeys.names import meaning, never_seen, quoted, unquoted
from pipeline.config import Config


def goal_warnings(
    goals: Iterable[str], config: Config, given: Collection[str], events: Collection[str], touchpoints: Collection[str]
) -> list[str]:
    """One for each goal that never occurs; `given` are the names that [[touchpoint]] rules give, the others those that occur."""
    unseen = never_seen(sorted(goals), given, events, touchpoints)
    if not unseen:
        return []
    seen = [n for n in config.carts.roles.purchase if not never_seen([n], given, events, touchpoints)]
    warnings = []
    for name in unseen:
        text = unquoted(name) or name
        hint = way_out(seen) if seen else did_you_mean(text, sorted({*events, *touchpoints}))
        warnings.append(f'the goal "{text}" never occurs.{hint}')
    return warnings


def way_out(names: Collection[str]) -> str:
    """What to write instead, where the role purchase has names that occur."""
    has = ", ".join(meaning(n, ()).text for n in names)
    options = " ".join(f"--goal {written(n)}" for n in names)
    return f" The role purchase has {has}: {options}, or [project] goal in journeys.toml."


def written(name: str) -> str:
    """A name as the shell takes it."""
    return quoted(name) if any(letter in name for letter in " \"'$\\") else name
