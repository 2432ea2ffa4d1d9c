"""Funnel steps as people write them: `add_to_cart`, `cart|basket`, `add_to_cart[price>50]`, `page:/checkout/*`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from ingest.errors import ConfigError, did_you_mean
from paths.conditions import Condition, parse_condition
from paths.funnel import Step

MATCHER = re.compile(r"(?P<name>[^\[\]]+?)\s*(?:\[(?P<conditions>.*)\])?\s*$", re.DOTALL)


def parse_step(text: str, within: timedelta | None = None) -> Step:
    """One step; raises ConfigError."""
    if not text.strip():
        raise ConfigError("a funnel step is empty.")
    return Step(
        matchers=tuple(parse_matcher(part) for part in split_outside(text, "|")), within=within, label=text.strip()
    )


def parse_matcher(text: str) -> tuple[str, tuple[Condition, ...]]:
    """`name[column>value,column=value]`, or `page:GLOB` for a URL path."""
    match = MATCHER.match(text.strip())
    if not match:
        raise ConfigError(f'"{text}" is no step; write NAME, NAME|NAME, NAME[COLUMN>VALUE] or page:/PATH/*.')
    conditions = tuple(parse_condition(c) for c in split_outside(match["conditions"] or "", ",") if c.strip())
    return match["name"].strip(), conditions


def split_outside(text: str, mark: str) -> list[str]:
    """Split at a mark that stands outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def parse_steps(texts: Sequence[str], step_windows: Mapping[str, timedelta] | None = None) -> tuple[Step, ...]:
    """All steps; `step_windows` by the step's text. Raises ConfigError for a window of no step."""
    windows = dict(step_windows or {})
    steps = tuple(parse_step(t, windows.pop(t, None)) for t in texts)
    if windows:
        name = next(iter(windows))
        raise ConfigError(f'--step-window names "{name}", which is no step.{did_you_mean(name, texts)}')
    return steps
