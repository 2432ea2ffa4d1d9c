"""Funnel steps as people write them: `add_to_cart`, `cart|basket`, `add_to_cart[price>50]`, `page:/checkout/*`, `cart?`.

A name that could be taken for something else is written in quotes: `"Was this helpful?"`. Without them it is taken as it
stands where `known`, the names that the store and the touchpoint rules have, holds the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ingest.errors import ConfigError, did_you_mean
from paths.funnels.funnel import Funnel
from paths.funnels.spec import ALL, Exclusion
from paths.journeys.conditions import parse_condition
from paths.journeys.matchers import PAGE, Matcher, Step
from paths.journeys.names import EVENT, quoted, unquoted
from pipeline.config.durations import parse_duration

Known = Callable[[], Collection[str]]
"""Gives the names that are there; asked only for a text that could mean something else as well."""

MATCHER = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*"|[^\[\]]+?)\s*(?:\[(?P<conditions>.*)\])?\s*', re.DOTALL)
OPENS_QUOTES = frozenset("|[,>=!<~(")
"""After one of these, or at the beginning, a quote opens a text; inside of a word it is a letter like another."""
AMBIGUOUS = re.compile(r'[\[\]?|:>"]')


def nothing_known() -> frozenset[str]:
    """No names: every text is read by the grammar."""
    return frozenset()


def parse_step(text: str, within: timedelta | None = None, known: Known = nothing_known) -> Step:
    """One step, optional with a `?` behind it; raises ConfigError."""
    label = text.strip()
    optional = label.endswith("?") and as_it_stands(label, known) is None
    label = label.removesuffix("?").rstrip() if optional else label
    return Step(
        matchers=parse_matchers(label, known),
        within=within,
        optional=optional,
        label=unquoted(label) or label,
    )


def as_it_stands(text: str, known: Known) -> str | None:
    """The name that this very text means, if there is one: `event:x` forces x before it is a name of its own."""
    if not AMBIGUOUS.search(text):
        return None
    names = known()
    if text.startswith(EVENT) and text.removeprefix(EVENT) in names:
        return text
    return quoted(text) if text in names else None


def parse_matchers(text: str, known: Known = nothing_known) -> tuple[Matcher, ...]:
    """Names joined by |, each with its own conditions; raises ConfigError."""
    if (name := as_it_stands(text.strip(), known)) is not None:
        return (Matcher(name=name),)
    return tuple(parse_matcher(part.strip(), text, known) for part in split_outside(text, "|"))


def parse_matcher(part: str, text: str, known: Known) -> Matcher:
    """One name with its conditions; `text` is what it is a part of."""
    if (name := as_it_stands(part, known)) is not None:
        return Matcher(name=name)
    match = MATCHER.fullmatch(part)
    if not match or match["name"].strip() in ("", '""', PAGE):
        raise ConfigError(
            f'"{text}" is not a step; write NAME, NAME|NAME, NAME[COLUMN>VALUE], page:/PATH/* or, if optional, NAME?. '
            "A name with one of these signs in it is written in double quotes."
        )
    conditions = tuple(parse_condition(c) for c in split_outside(match["conditions"] or "", ",") if c.strip())
    return Matcher(name=match["name"].strip(), conditions=conditions)


def split_outside(text: str, mark: str) -> list[str]:
    """Split at a mark that stands outside of brackets and of quotes."""
    parts, depth, inside, before = [""], 0, "", ""
    for letter in text:
        if inside:
            inside = "" if letter == '"' and before != "\\" else '"'
        elif letter == '"' and (parts[-1].strip() == "" or parts[-1].rstrip()[-1] in OPENS_QUOTES):
            inside = '"'
        else:
            depth += (letter == "[") - (letter == "]")
        before = "" if before == "\\" else letter
        if letter == mark and depth == 0 and not inside:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def parse_steps(
    texts: Sequence[str], step_windows: Mapping[str, timedelta] | None = None, known: Known = nothing_known
) -> tuple[Step, ...]:
    """All steps; `step_windows` by the step's number or name. Raises ConfigError for a window of no step."""
    steps = [parse_step(t, known=known) for t in texts]
    windows = {step_number(steps, texts, key, "the step window names"): w for key, w in (step_windows or {}).items()}
    return tuple(
        Step(matchers=s.matchers, within=windows.get(i), optional=s.optional, label=s.label)
        for i, s in enumerate(steps, 1)
    )


def step_number(steps: Sequence[Step], texts: Sequence[str], said: str | int, what: str) -> int:
    """The number (from 1) of the step that a number or a name says; raises ConfigError for none, and for several."""
    found = steps_named(steps, texts, str(said))
    if len(found) == 1:
        return found[0]
    if found:
        numbers = " and ".join(map(str, found))
        raise ConfigError(f'{what} "{said}", which are the steps {numbers}: say the number.')
    names = [s.name for s in steps]
    numbered = f"the funnel has {len(steps)}, numbered from 1"
    raise ConfigError(f'{what} "{said}", which is not a step: {numbered}.{did_you_mean(str(said), names)}')


def steps_named(steps: Sequence[Step], texts: Sequence[str], said: str) -> list[int]:
    """The numbers of the steps that a text may mean: a step as written, else its name, else its number."""
    said = said.strip()
    written = [i for i, t in enumerate(texts, 1) if said in (t.strip(), t.strip().removesuffix("?").rstrip())]
    named = [i for i, s in enumerate(steps, 1) if s.name in (said, unquoted(said))]
    numbers = [int(said)] if said.isascii() and said.isdigit() and 1 <= int(said) <= len(steps) else []
    return written or named or numbers


def parse_funnel(
    steps: Sequence[str],
    *,
    window: str | timedelta | None = "7d",
    step_window: Mapping[str, str | timedelta] | None = None,
    exclude: Sequence[str] = (),
    ignore: Sequence[str] = (),
    known: Known = nothing_known,
    **options: Any,
) -> Funnel:
    """A funnel in the words of the command line; `options` are those of `Funnel` that need no reading."""
    parsed = parse_steps(steps, {k: parse_window(v) for k, v in (step_window or {}).items()}, known)
    return Funnel(
        steps=parsed,
        window=None if window is None else parse_window(window),
        exclusions=tuple(parse_exclusion(x, parsed, steps, known) for x in exclude),
        ignored=frozenset(ignore),
        **options,
    )


def parse_window(value: str | timedelta) -> timedelta:
    """A duration, which only a timedelta can make negative; raises ConfigError for that."""
    window = parse_duration(value)
    if window < timedelta(0):
        raise ConfigError(f"a window cannot be shorter than 0: {window}.")
    return window


def parse_exclusion(
    text: str, steps: Sequence[Step] = (), texts: Sequence[str] = (), known: Known = nothing_known
) -> Exclusion:
    """`EVENT` (anywhere in the chain) or `EVENT:1-2`, `EVENT:cart-purchase` (from one step until another is reached).

    Raises ConfigError for a step that is none.
    """
    text = text.strip()
    if as_it_stands(text, known) is not None or unquoted(text) is not None:
        return Exclusion(matchers=parse_matchers(text, known))
    for colon in reversed([i for i, letter in enumerate(text) if letter == ":"]):
        event, between = text[:colon], text[colon + 1 :]
        numbers = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", between)
        if numbers and event:  # out of range, too: the funnel says so
            return Exclusion(matchers=parse_matchers(event, known), after=int(numbers[1]), before=int(numbers[2]))
        for dash in (i for i, letter in enumerate(between) if letter == "-"):
            ends = [steps_named(steps, texts, part) for part in (between[:dash], between[dash + 1 :])]
            if event and all(len(found) == 1 for found in ends):
                return Exclusion(matchers=parse_matchers(event, known), after=ends[0][0], before=ends[1][0])
    return Exclusion(matchers=parse_matchers(text, known), after=1, before=ALL)
