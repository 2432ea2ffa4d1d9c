"""Sessions as sets of nodes against a plain reading of the events, with more nodes than one word has bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.journey_map.cells import stage_ranks
from paths.journeys.journeys import Journeys
from paths.journeys.touchpoints import StageRule, StageRules
from paths.views.period import during
from paths.views.stages import under
from paths.visits.node_sets import WORD, Words, by_customer, followed, members, regrouped, stage_of_touchpoint, visited
from paths.visits.stage_progress import going_on
from tests.builder import DAY, Row, instant, journeys_of

pytestmark = pytest.mark.usefixtures("tier")
ALL = [f"n{i}" for i in range(WORD + 9)]
FEW = st.sampled_from([*ALL[:4], *ALL[-4:], "buy", "mail"])
ROWS = st.lists(st.tuples(st.sampled_from("uv"), st.sampled_from([0, 5, 20, 40, 300, 1500, 4000]), FEW), max_size=25)
STAGES = ("first", "second", "third")
RULES = StageRules(
    (
        StageRule(name="first", events=tuple(ALL[:2])),
        StageRule(name="second", events=tuple(ALL[2:WORD])),
        StageRule(name="third", events=(*ALL[-2:], "buy")),
    )
)
GOAL, WINDOW = frozenset({"buy"}), DAY


def at_times(rows: list[tuple[str, int, str]]) -> list[Row]:
    """Each customer's minutes are gaps; every name occurs, with somebody else."""
    clock: dict[str, int] = {}
    found: list[Row] = []
    for customer, gap, name in rows:
        clock[customer] = clock.get(customer, 0) + gap
        found.append((customer, clock[customer], name))
    return [*found, *(("w", i, name) for i, name in enumerate(ALL))]


def sets_of(words: Words, names: tuple[str, ...]) -> list[set[str]]:
    return [
        {names[i] for i in range(len(names)) if words[i // WORD, unit] >> np.uint64(i % WORD) & np.uint64(1)}
        for unit in range(words.shape[1])
    ]


def walks_of(journeys: Journeys) -> list[list[tuple[int, int, str]]]:
    """Per session: (customer, instant, event) of its events."""
    walks: list[list[tuple[int, int, str]]] = [[] for _ in range(len(journeys.sessions))]
    events = zip(
        journeys.sessions.index.tolist(),
        journeys.customer.tolist(),
        journeys.events.at.tolist(),
        journeys.events.event.texts(),
        strict=True,
    )
    for session, customer, at, name in events:
        if session >= 0:
            walks[session].append((customer, at, str(name)))
    return walks


def behind(walks: list[list[tuple[int, int, str]]], session: int, place: int) -> list[str]:
    """The events that follow one of a session: in it, or within WINDOW of its end; not passive ones."""
    customer, end, _ = walks[session][-1]
    later = [
        name for walk in walks[session + 1 :] for owner, at, name in walk if owner == customer and at <= end + WINDOW
    ]
    return [name for _, _, name in walks[session][place + 1 :]] + later


def rank_of(name: str) -> int:
    stage = RULES.stage(name, name, None)
    return STAGES.index(stage) if stage in STAGES else -1


@given(ROWS)
def test_visits_goals_and_higher_stages_that_follow(rows: list[tuple[str, int, str]]) -> None:
    journeys = under(journeys_of(at_times(rows), passive=frozenset({"mail"})), RULES)
    node, walks = journeys.touchpoint, walks_of(journeys)
    expected: dict[str, list[set[str]]] = {"visited": [], "goal": [], "on": []}
    for session, walk in enumerate(walks):
        first = {name: place for place, (_, _, name) in reversed([*enumerate(walk)])}
        follows = {name: behind(walks, session, place) for name, place in first.items()}
        expected["visited"].append(set(first))
        expected["goal"].append({n for n, names in follows.items() if "buy" in names})
        expected["on"].append(
            {n for n, names in follows.items() if 0 <= rank_of(n) < max(map(rank_of, names), default=-1)}
        )
    ranks = tuple(rank_of(name) for name in node.names)
    assert sets_of(visited(journeys, node), node.names) == expected["visited"]
    assert sets_of(followed(journeys, node, GOAL, WINDOW), node.names) == expected["goal"]
    assert sets_of(going_on(journeys, node, ranks, STAGES, WINDOW), node.names) == expected["on"]

    def stages(sets: list[set[str]]) -> list[set[str]]:
        return [{RULES.stage(name, name, None) for name in names} for names in sets]

    stage = journeys.stage
    assert stage_of_touchpoint(journeys, stage) is not None
    assert sets_of(visited(journeys, stage), stage.names) == stages(expected["visited"])
    assert sets_of(followed(journeys, stage, GOAL, WINDOW), stage.names) == stages(expected["goal"])
    on = going_on(journeys, stage, stage_ranks(stage.names, STAGES), STAGES, WINDOW)
    assert sets_of(on, stage.names) == stages(expected["on"])


@given(ROWS, st.integers(0, 5))
def test_members_are_sessions_and_customers_of_a_period(rows: list[tuple[str, int, str]], day: int) -> None:
    whole = journeys_of(at_times(rows), passive=frozenset({"mail"}))
    journeys = during(whole, instant(0) + day * DAY, instant(0) + (day + 2) * DAY)
    node, walks = journeys.touchpoint, walks_of(journeys)
    there = visited(journeys, node)[:, journeys.chosen]
    mine = [walks[session] for session in journeys.chosen.tolist()]
    sessions = [sum(any(n == name for _, _, n in walk) for walk in mine) for name in node.names]
    customers = [len({who for walk in mine for who, _, n in walk if n == name}) for name in node.names]
    assert members(there, len(node.names)).tolist() == sessions
    assert members(by_customer(journeys, there, journeys.chosen), len(node.names)).tolist() == customers


@given(st.lists(st.sets(st.integers(0, 99))), st.lists(st.integers(0, 70), min_size=100, max_size=100))
def test_words_are_regrouped(units: list[set[int]], into: list[int]) -> None:
    words = np.zeros((2, len(units)), dtype=np.uint64)
    for unit, nodes in enumerate(units):
        for node in nodes:
            words[node // WORD, unit] |= np.uint64(1) << np.uint64(node % WORD)
    found: Any = sets_of(regrouped(words, np.array(into), 71), tuple(map(str, range(71))))
    assert found == [{str(into[node]) for node in nodes} for nodes in units]


def test_without_sessions_there_are_no_words() -> None:
    journeys = journeys_of([("u", 0, "mail")], passive=frozenset({"mail"}))
    assert visited(journeys, journeys.touchpoint).shape == (1, 0)
    assert members(visited(journeys, journeys.touchpoint), 1).tolist() == [0]
