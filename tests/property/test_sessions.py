"""Sessions of the kernel = sessions of the oracle, and what follows from the rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionize.clock import day_numbers, midnight_after
from sessionize.rules import SessionRules
from tests.builder import Row, batch_of, events_of, instant, journeys_of
from tests.cases import cases
from tests.oracles.sessions import every_session, kept_sessions, local_day, may_continue
from tests.property.strategies import AUTUMN, MIDNIGHT, SPRING, logs, session_rules

pytestmark = pytest.mark.usefixtures("tier")

ANY_LOG = logs(bases=(0, MIDNIGHT, SPRING, AUTUMN), step=10)
CLOSE_LOG = logs(bases=(0, MIDNIGHT, SPRING, AUTUMN), step=1)


def options(rules: SessionRules) -> dict[str, Any]:
    return dict(vars(rules))


def check_sessions(rows: list[Row], rules: SessionRules, after: int) -> None:
    """`after`: minutes from the first event to as_of."""
    as_of = min((r[1] for r in rows), default=0) + after
    existing = [e for e in events_of(rows) if e.at < instant(as_of)]
    events, sessions = kept_sessions(existing, rules)
    journeys = journeys_of(rows, as_of=as_of, **options(rules))
    found = journeys.sessions
    place = {e.recorded: i for i, e in enumerate(events)}
    expected = [-1] * len(events)
    for number, session in enumerate(sessions):
        for e in session.events:
            expected[place[e.recorded]] = number
    assert found.index.tolist() == expected
    assert found.first.tolist() == [place[s.events[0].recorded] for s in sessions]
    assert found.last.tolist() == [place[s.events[-1].recorded] for s in sessions]
    assert found.events.tolist() == [len(s.events) for s in sessions]
    assert found.rank.tolist() == [s.rank for s in sessions]
    assert found.followed.tolist() == [s.followed for s in sessions]
    assert (instant(as_of) <= journeys.open_until).tolist() == [
        may_continue(s, rules, instant(as_of)) for s in sessions
    ]
    assert journeys.excluded_sessions == len(every_session(existing, rules)) - len(sessions)


AFTER = st.just(10**6) | st.integers(0, 200)


@given(ANY_LOG | CLOSE_LOG, session_rules(), AFTER)
@cases(100)
def test_the_kernel_finds_the_sessions_of_the_oracle(rows: list[Row], rules: SessionRules, after: int) -> None:
    check_sessions(rows, rules, after)


@pytest.mark.proof
@given(ANY_LOG | CLOSE_LOG, session_rules(), AFTER)
@settings(max_examples=5000)
def test_the_kernel_finds_the_sessions_of_the_oracle_proved(rows: list[Row], rules: SessionRules, after: int) -> None:
    check_sessions(rows, rules, after)


@given(ANY_LOG, st.randoms(use_true_random=False))
@cases(40)
def test_a_session_depends_on_nothing_but_its_own_customer(rows: list[Row], random: Any) -> None:
    alone = {
        c: journeys_of([r for r in rows if r[0] == c]).sessions.events.tolist() for c in sorted({r[0] for r in rows})
    }
    renamed = dict(zip("uvw", random.sample("xyz", 3), strict=True))
    moved = journeys_of([(renamed[r[0]], *r[1:]) for r in rows])
    expected = [n for c in sorted(alone, key=renamed.__getitem__) for n in alone[c]]
    assert moved.sessions.events.tolist() == expected


@given(logs(step=10))
@cases(40)
def test_every_event_is_in_one_session_or_passive(rows: list[Row]) -> None:
    journeys = journeys_of(rows, passive=frozenset({"mail"}))
    passive = journeys.answers_to(["mail"])
    assert ((journeys.sessions.index < 0) == passive).all()
    assert int(journeys.sessions.events.sum()) == int((~passive).sum())
    assert len(journeys) == len(batch_of(rows))


ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "America/Havana",
        "Australia/Lord_Howe",
    ]
)


@given(st.lists(st.integers(instant("2009-01-01"), instant("2014-01-01")), max_size=20), ZONES)
@cases(60)
def test_days_are_those_of_the_zones_calendar(at: list[int], zone: str) -> None:
    epoch = local_day(0, "UTC")
    days = [(local_day(a, zone) - epoch).days for a in at]
    assert day_numbers(np.array(at, dtype=np.int64), zone).tolist() == days
    ends = midnight_after(np.array(at, dtype=np.int64), zone).tolist()
    for a, end in zip(at, ends, strict=True):
        assert a < end
        assert local_day(end - 1, zone) == local_day(a, zone) != local_day(end, zone)
