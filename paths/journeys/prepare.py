"""The prelude of a pass: a batch under a scope -> its journeys, once for all analyses.

It drops what does not exist (after as_of, filtered, excluded sessions), names touchpoints and finds sessions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ingest.array_types import Bools
from ingest.scan.batches import EventBatch, nothing
from ingest.schema import MONEY
from paths.journeys.journeys import Journeys
from paths.journeys.personas import PERSONA, Persona, persona_codes, with_attributes
from paths.journeys.scope import Scope
from sessionize.sessions import Sessions, find_sessions


def prepare(batch: EventBatch, scope: Scope) -> Journeys:
    """The journeys of a batch under a scope."""
    batch = kept_of(batch, batch.at < scope.as_of)
    if not scope.money:
        batch = replace(
            batch, columns={**batch.columns, **{c: nothing(c, len(batch)) for c in MONEY if c in batch.columns}}
        )
    if scope.asked:
        batch = with_facts(batch, scope)
    for condition in scope.where:
        batch = kept_of(batch, condition.holds(batch))
    journeys = sessionized(batch, scope)
    too_many = journeys.sessions.events > scope.sessions.max_session_events
    if not too_many.any():
        return journeys
    gone = too_many[journeys.sessions.index] & (journeys.sessions.index >= 0)
    kept = without(journeys, ~gone)
    return Journeys(
        events=kept.events,
        scope=scope,
        touchpoint=kept.touchpoint,
        sessions=kept.sessions,
        excluded_sessions=int(too_many.sum()),
        whole=journeys,
    )


def kept_of(batch: EventBatch, keep: Bools) -> EventBatch:
    """The batch itself where all of it is kept."""
    return batch if keep.all() else batch.take(np.flatnonzero(keep))


def with_facts(batch: EventBatch, scope: Scope) -> EventBatch:
    """The batch with the asked columns that facts about customers give: a persona by all that the customer ever did."""
    batch = with_attributes(batch, scope.facts, scope.asked)
    if PERSONA not in scope.asked:
        return batch
    bare = Journeys(events=batch, scope=scope, touchpoint=scope.touchpoints.name(batch), sessions=NO_SESSIONS)
    members = [(holding(bare, p), deeds(bare, p)) for p in scope.facts.personas]
    persona = persona_codes(members, bare.customer, [p.name for p in scope.facts.personas])
    return replace(batch, columns={**batch.columns, PERSONA: persona})


def holding(journeys: Journeys, persona: Persona) -> Bools:
    """Per event: do the persona's conditions hold?"""
    holds = np.ones(len(journeys), dtype=bool)
    for condition in persona.where:
        holds &= condition.holds(journeys.events)
    return holds


def deeds(journeys: Journeys, persona: Persona) -> Bools:
    """Per customer: all of `did` and none of `did_not`?"""
    did_all = np.ones(len(journeys.customer_starts), dtype=bool)
    for wanted, steps in ((True, persona.did), (False, persona.did_not)):
        for step in steps:
            did = np.zeros(len(did_all), dtype=bool)
            did[journeys.customer[step.matches(journeys)]] = True
            did_all &= did == wanted
    return did_all


def sessionized(batch: EventBatch, scope: Scope) -> Journeys:
    """All events of the batch, excluded sessions among them."""
    touchpoint = scope.touchpoints.name(batch)
    bare = Journeys(events=batch, scope=scope, touchpoint=touchpoint, sessions=NO_SESSIONS)
    passive = bare.answers_to(scope.sessions.passive) if scope.sessions.passive else np.zeros(len(batch), dtype=bool)
    sessions = find_sessions(batch, passive, scope.sessions)
    return Journeys(events=batch, scope=scope, touchpoint=touchpoint, sessions=sessions)


def without(journeys: Journeys, keep: Bools) -> Journeys:
    """The same journeys less some whole sessions: what is left keeps its sessions, ranks and neighbours."""
    old = journeys.sessions
    left = np.zeros(len(old), dtype=bool)
    left[old.index[keep & (old.index >= 0)]] = True
    position = np.cumsum(keep) - 1
    number = np.append(np.cumsum(left) - 1, -1).astype(np.int32)
    sessions = Sessions(
        index=number[old.index[keep]],
        first=position[old.first[left]],
        last=position[old.last[left]],
        events=old.events[left],
        rank=old.rank[left],
        followed=old.followed[left],
    )
    return Journeys(
        events=journeys.events.take(keep),
        scope=journeys.scope,
        touchpoint=journeys.touchpoint.take(keep),
        sessions=sessions,
    )


NO_SESSIONS = Sessions(
    index=np.zeros(0, dtype=np.int32),
    first=np.zeros(0, dtype=np.int64),
    last=np.zeros(0, dtype=np.int64),
    events=np.zeros(0, dtype=np.int64),
    rank=np.zeros(0, dtype=np.int64),
    followed=np.zeros(0, dtype=bool),
)
