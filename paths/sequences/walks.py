"""Walks: the nodes of each session in order, as a question wants to see them, and their text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import AnyInts, Bools, Ints
from ingest.errors import ConfigError, did_you_mean
from ingest.scan.batches import Codes
from paths.arrays.counting import ranges
from paths.journeys.journeys import Journeys, coded
from paths.journeys.names import unquoted
from paths.journeys.touchpoints import UNMAPPED, StageRules, shown
from paths.visits.visits import collapsed, visits_by

LEVELS = ("event", "touchpoint", "stage")
NOTHING = "(nothing)"
"""The text of a walk without a node: every event of the session is hidden."""
CUT = "..."
"""Ends the text of a walk that goes on."""
AMBIGUOUS = re.compile(r'[>"]|^$|^\.\.\.$|^\(nothing\)$')


@dataclass(frozen=True, kw_only=True)
class NodeView:
    """What a node is. Raises ConfigError for an unknown level."""

    level: str = "touchpoint"  # event, touchpoint or stage
    collapse_repeats: bool = False  # consecutive events at one node are one, hidden ones between them notwithstanding
    hidden: frozenset[str] = frozenset()  # names of what is taken out first

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            known = ", ".join(LEVELS)
            raise ConfigError(f'there is no level "{self.level}".{did_you_mean(self.level, LEVELS)} Known: {known}.')


@dataclass(frozen=True)
class Walks:
    """One walk per selected session, in order. Its nodes are node[start : start + length]; all may be hidden."""

    session: Ints  # per walk
    start: Ints
    length: Ints
    node: npt.NDArray[np.int32]  # per visit: a position in names
    position: Ints  # per visit: its (first) event in the batch
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.session)

    @property
    def walk(self) -> Ints:
        """Per visit: its walk."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.length)

    @property
    def last(self) -> Ints:
        """Per walk: its last visit; start - 1 where there is none."""
        return self.start + self.length - 1


def walks_of(journeys: Journeys, view: NodeView) -> Walks:
    """The walks of the selected sessions."""
    names = node_at(journeys, view.level)
    visits = visits_by(journeys, names)
    if view.collapse_repeats and not view.hidden:
        visits = collapsed(visits)
    node, session, position = visits.node, visits.session, visits.position
    if view.hidden:
        keep = ~answering(journeys, view.hidden, view.level)[position]
        if view.collapse_repeats:
            keep[keep] = fresh(node[keep], session[keep])
        kept = np.flatnonzero(keep)
        node, session, position = node[kept], session[kept], position[kept]
    chosen = np.flatnonzero(journeys.selected_sessions)
    length = np.bincount(session, minlength=len(journeys.sessions))[chosen]
    return Walks(chosen, np.cumsum(length) - length, length, node, position, names.names)


def answering(journeys: Journeys, names: frozenset[str], level: str) -> Bools:
    """Per event: does it carry one of these names? As `Journeys.answers_to`; see `stage_names` for level stage."""
    known = stage_names(journeys.scope.stages, level)
    stages = {name: stage for name in names if (stage := stage_named(name, known))}
    events = journeys.answers_to(names - stages.keys())
    return events | coded(journeys.stage, set(stages.values())) if stages else events


def stage_named(name: str, stages: frozenset[str]) -> str | None:
    """The one of these stages that a name means, in quotes or not."""
    text = name if name in stages else unquoted(name)
    return text if text in stages else None


def stage_names(rules: StageRules, level: str) -> frozenset[str]:
    """The names that mean stages: at level stage those of stages, elsewhere none. event:x always means the event."""
    names = {s.name for s in rules.rules} | {UNMAPPED} if level == "stage" else set[str]()
    return frozenset(n for n in names if not n.startswith("event:"))


def fresh(node: npt.NDArray[np.int32], session: npt.NDArray[np.int32]) -> Bools:
    """Per visit: is it not at the node of the visit before it in its session?"""
    new = np.ones(len(node), dtype=bool)
    new[1:] = (node[1:] != node[:-1]) | (session[1:] != session[:-1])
    return new


def node_at(journeys: Journeys, level: str) -> Codes:
    """Per event: its node at this level."""
    if level == "event":
        return Codes(journeys.events.event.codes, tuple(shown(n) for n in journeys.events.event.names))
    return journeys.stage if level == "stage" else journeys.touchpoint


def texts(names: Sequence[str], node: AnyInts, start: Ints, length: Ints) -> pa.Array:
    """'a > b > c' of each stretch of nodes. Different ranges have different texts: see `quoted`."""
    words = pa.array([quoted(n) for n in names], pa.string()).take(pa.array(node[ranges(start, length)]))
    offsets = pa.array(np.append(0, np.cumsum(length)), pa.int64())
    joined = pc.binary_join(pa.LargeListArray.from_arrays(offsets, words), " > ")
    return pc.if_else(pa.array(length == 0), NOTHING, joined) if (length == 0).any() else joined


def quoted(name: str) -> str:
    """A name as a walk's text has it: in quotes where it could be taken for something else."""
    return json.dumps(name, ensure_ascii=False) if AMBIGUOUS.search(name) else name
