"""Conditions on one column: `platform=web`, `value>=50`, `url~/shop/*`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.errors import ConfigError
from ingest.scan.batches import NONE, Codes, EventBatch, recorded_value
from ingest.schema import NUMBERS
from paths.journeys.names import unquoted

MONEY = frozenset({"value", "price"})
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
FORM = re.compile(
    r'\s*(?P<column>"(?:[^"\\]|\\.)*"|[^=!<>~]+?)\s*(?P<sign>!=|>=|<=|=|>|<|~)\s*(?P<value>.*?)\s*$', re.DOTALL
)


@dataclass(frozen=True)
class Condition:
    """`column sign value`. Text compares as text under = and !=, as numbers under < and >, as a glob under ~.

    A missing value holds only under !=; =(none) asks for it, and =value:(none) for the text "(none)". Money is compared in
    the currency's units, not in minor ones.
    """

    column: str
    sign: str
    value: str

    @property
    def columns(self) -> frozenset[str]:
        """What it reads; the event's name is always there."""
        return frozenset() if self.column == "event" else frozenset({self.column})

    def holds(self, batch: EventBatch) -> npt.NDArray[np.bool_]:
        """bool[n]."""
        column = batch.event if self.column == "event" else batch.columns[self.column]
        if self.value == NONE and self.sign in ("=", "!="):
            there = column.codes >= 0 if isinstance(column, Codes) else column.valid
            return there if self.sign == "!=" else ~there
        if isinstance(column, Codes):
            return column.lookup(np.array([self.accepts(n) for n in column.names], dtype=bool), self.sign == "!=")
        wanted = self.number(100 if self.column in MONEY else 1)
        if wanted is None:
            return np.full(len(batch), self.sign == "!=")
        flags = COMPARE[self.sign](column.values, wanted)
        return np.where(column.valid, flags, self.sign == "!=")

    def accepts(self, text: str) -> bool:
        """Does one text value satisfy it?"""
        if self.sign == "~":
            return fnmatchcase(text, self.value)
        if self.sign in ("=", "!="):
            return bool(COMPARE[self.sign](text, recorded_value(self.value)))
        try:
            return bool(COMPARE[self.sign](float(text), float(self.value)))
        except ValueError:
            return False

    def number(self, scale: int = 1) -> float | None:
        """The value as a number; scaled as a decimal, so that 19.99 are 1999 minor units and not a hair less."""
        try:
            return float(Decimal(self.value) * scale)
        except (ArithmeticError, ValueError):
            return None

    def __str__(self) -> str:
        return f"{self.column}{self.sign}{self.value}"


def parse_condition(text: str) -> Condition:
    """`COLUMN sign VALUE`; either may stand in quotes. Raises ConfigError for what is no condition."""
    match = FORM.match(text)
    if not match:
        raise ConfigError(
            f'"{text}" is not a condition; write COLUMN=VALUE, COLUMN!=VALUE, COLUMN>NUMBER or COLUMN~GLOB.'
        )
    column, value = (text if (plain := unquoted(text)) is None else plain for text in match.group("column", "value"))
    condition = Condition(column, match["sign"], value)
    if condition.sign in (">", ">=", "<", "<=") and condition.number() is None:
        raise ConfigError(f'"{text}": {condition.sign} compares numbers, and "{condition.value}" is not one.')
    if condition.sign == "~" and condition.column in NUMBERS:
        raise ConfigError(f'"{text}": ~ looks at text, and {condition.column} is a number; use = != < <= > or >=.')
    return condition
