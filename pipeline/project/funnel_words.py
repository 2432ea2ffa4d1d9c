"""Funnel steps as people write them: `add_to_cart`, `cart|basket`, `add_to_cart[price>50]`, `page:/checkout/*`, `cart?`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ingest.errors import ConfigError, did_you_mean
from paths.funnels.funnel import Funnel
from paths.funnels.spec import Exclusion
from paths.journeys.conditions import parse_condition
from paths.journeys.matchers import PAGE, Matcher, Step
from pipeline.config.durations import parse_duration

MATCHER = re.compile(r"(?P<name>[^\[\]]+?)\s*(?:\[(?P<conditions>.*)\])?\s*", re.DOTALL)
BETWEEN = re.compile(r"(?P<event>.+):(?P<after>\d+)-(?P<before>\d+)", re.DOTALL)


def parse_step(text: str, within: timedelta | None = None) -> Step:
    """One step, optional with a `?` behind it; raises ConfigError."""
    label = text.strip()
    optional = label.endswith("?")
    return Step(
        matchers=parse_matchers(label.removesuffix("?")),
        within=within,
        optional=optional,
        label=label.removesuffix("?"),
    )


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Names joined by |, each with its own conditions; raises ConfigError."""
    found = []
    for part in split_outside(text, "|"):
        match = MATCHER.fullmatch(part.strip())
        if not match or match["name"].strip() in ("", PAGE):
            raise ConfigError(
                f'"{text}" is no step; write NAME, NAME|NAME, NAME[COLUMN>VALUE], page:/PATH/* or, if optional, NAME?.'
            )
        conditions = tuple(parse_condition(c) for c in split_outside(match["conditions"] or "", ",") if c.strip())
        found.append(Matcher(name=match["name"].strip(), conditions=conditions))
    return tuple(found)


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
    steps = tuple(parse_step(t, windows.get(t, windows.get(t.removesuffix("?")))) for t in texts)
    known = {t for text in texts for t in (text, text.removesuffix("?"))}
    for name in windows:
        if name not in known:
            raise ConfigError(f'the step window names "{name}", which is no step.{did_you_mean(name, texts)}')
    return steps


def parse_funnel(
    steps: Sequence[str],
    *,
    window: str | timedelta | None = "7d",
    step_window: Mapping[str, str | timedelta] | None = None,
    exclude: Sequence[str] = (),
    ignore: Sequence[str] = (),
    **options: Any,
) -> Funnel:
    """A funnel in the words of the command line; `options` are those of `Funnel` that need no reading."""
    return Funnel(
        steps=parse_steps(steps, {k: parse_window(v) for k, v in (step_window or {}).items()}),
        window=None if window is None else parse_window(window),
        exclusions=tuple(parse_exclusion(x) for x in exclude),
        ignored=frozenset(ignore),
        **options,
    )


def parse_window(value: str | timedelta) -> timedelta:
    """A duration, which only a timedelta can make negative; raises ConfigError for that."""
    window = parse_duration(value)
    if window < timedelta(0):
        raise ConfigError(f"a window cannot be shorter than 0: {window}.")
    return window


def parse_exclusion(text: str) -> Exclusion:
    """`EVENT` (anywhere in the chain) or `EVENT:1-2` (from step 1 until step 2 is reached)."""
    match = BETWEEN.fullmatch(text.strip())
    if not match:
        return Exclusion(matchers=parse_matchers(text))
    return Exclusion(matchers=parse_matchers(match["event"]), after=int(match["after"]), before=int(match["before"]))
