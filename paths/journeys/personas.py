"""What is known of a customer as columns of an event: attributes of a file, and the persona that follows from them.

An attribute is the one that was in force at the event; a persona follows from attributes then, and from all that the
customer ever did before as_of. As columns they work wherever a column does: --segment, --where, --breakdown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from ingest.scan.batches import OTHER, Codes, EventBatch
from paths.journeys.conditions import Condition
from paths.journeys.matchers import Step

PERSONA = "persona"


@dataclass(frozen=True, kw_only=True, eq=False)
class Attributes:
    """Rows in the order (key, since): from `since` on (microseconds UTC) the customer has these values."""

    key: Ints
    since: Ints
    columns: Mapping[str, Codes]

    def rows(self, key: Ints, at: Ints) -> Ints:
        """Per event (keys ascending): the row in force, -1 = none."""
        low = np.searchsorted(self.key, key, "left")
        count = np.searchsorted(self.key, key, "right") - low
        row_in_force = np.full(len(key), -1, dtype=np.int64)
        left = np.flatnonzero(count)
        step = 0
        while len(left):  # one round per revision of a customer: few have more than a handful
            row = low[left] + step
            held = self.since[row] <= at[left]
            row_in_force[left[held]] = row[held]
            step += 1
            left = left[held & (count[left] > step)]
        return row_in_force


@cache
def no_attributes() -> Attributes:
    """Nothing is known of anybody."""
    none = np.zeros(0, dtype=np.int64)
    return Attributes(key=none, since=none, columns={})


@dataclass(frozen=True, kw_only=True)
class Persona:
    """Customers of whom all conditions hold, who did all of `did` and none of `did_not`."""

    name: str
    where: tuple[Condition, ...] = ()
    did: tuple[Step, ...] = ()
    did_not: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CustomerFacts:
    """The columns that facts about customers give to events: `attributes`, and "persona" where there are personas."""

    attributes: Attributes = field(default_factory=no_attributes)
    personas: tuple[Persona, ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """The columns it can give."""
        return frozenset(self.attributes.columns) | ({PERSONA} if self.personas else frozenset())

    def needs(self, asked: frozenset[str]) -> frozenset[str]:
        """The stored columns that it reads for these."""
        if PERSONA not in asked:
            return frozenset()
        return self._deeds - self.names

    def given(self, asked: frozenset[str]) -> frozenset[str]:
        """The columns it adds where these are asked for: those, and what a persona looks at."""
        further = {c.column for p in self.personas for c in p.where} | self._deeds if PERSONA in asked else frozenset()
        return (asked | further) & self.names

    @cached_property
    def _deeds(self) -> frozenset[str]:
        """What the steps of `did` and `did_not` read."""
        steps = (s for p in self.personas for s in (*p.did, *p.did_not))
        return frozenset().union(*(m.columns for s in steps for m in s.matchers))


def values_shown(batch: EventBatch, column: str) -> Codes:
    """The values of any column as answers tell them apart: see `Codes.shown`. "(other)" is what it reads as a persona."""
    labels = batch.labels(column)
    return labels if column == PERSONA else labels.shown


def with_attributes(batch: EventBatch, facts: CustomerFacts, asked: frozenset[str]) -> EventBatch:
    """The batch with the asked attributes as columns."""
    names = sorted(facts.given(asked) - {PERSONA})
    if not names:
        return batch
    row = facts.attributes.rows(batch.key, batch.at)
    attributes = {n: facts.attributes.columns[n] for n in names}
    columns = {n: Codes(np.append(c.codes, np.int32(-1))[row], c.names) for n, c in attributes.items()}
    return replace(batch, columns={**batch.columns, **columns})


def persona_codes(facts: Sequence[tuple[Bools, Bools]], customer: npt.NDArray[np.int32], names: Sequence[str]) -> Codes:
    """Per event: the first persona of which the attributes hold at the event and the deeds of the customer.

    `facts` has per persona (bool per event: attributes, bool per customer: deeds).
    """
    code = np.full(len(customer), len(names), dtype=np.int32)
    for i in range(len(facts) - 1, -1, -1):
        attributes, deeds = facts[i]
        code[attributes & deeds[customer]] = i
    return Codes(code, (*names, OTHER))
