"""A question about a period reads no more of the past than can matter, and its answers are those of a pass over everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.loading.seal import seal
from ingest.scan.batches import Codes, EventBatch
from ingest.store.event_store import EventStore
from paths.analysis import Analysis
from paths.attribution.attribution import Attribution
from paths.attribution.rules import AttributionRules
from paths.carts.by_period import CartSpans
from paths.carts.counts import Carts
from paths.carts.rules import CartRules
from paths.dropoff.dropoff import DropOff
from paths.dropoff.lost_sessions import LastLost
from paths.funnels.funnel import Funnel
from paths.funnels.spec import Exclusion
from paths.graph.nodes import GoalNodes, Nodes
from paths.graph.transitions import Transitions
from paths.journey_map.channels import TouchpointChannels
from paths.journey_map.comments import Comments
from paths.journey_map.designed import DesignedJourney
from paths.journey_map.friction import FrictionRules
from paths.journey_map.journey_map import JourneyMap
from paths.journey_map.opportunities import Opportunities
from paths.journey_map.surveys import Survey
from paths.journeys.conditions import parse_condition
from paths.journeys.goals import GoalRules
from paths.journeys.matchers import Matcher
from paths.journeys.personas import PERSONA
from paths.journeys.prepare import kept_of, prepare
from paths.journeys.scope import NEVER, Scope
from paths.journeys.touchpoints import StageRule, StageRules
from paths.lookback import LEADS, apart, doubtful, excluded_since, past_of
from paths.overview.empty_columns import EmptyColumns
from paths.overview.event_counts import Coverage
from paths.overview.names import Names
from paths.overview.session_rows import SessionRows
from paths.overview.summary import Summary
from paths.sequences.first_steps import StepFlows
from paths.timing.outcomes import Outcomes
from paths.timing.start_hours import StartHours
from paths.timing.time_to_goal import TimeToGoal
from paths.views.period import InPeriod
from paths.views.segment import InSegment
from paths.views.stages import UnderStages
from pipeline.engines.local import run
from sessionize.rules import SessionRules
from tests.builder import DAY, Row, batch_of, instant, step, store_of
from tests.cases import cases

HOUR = 60
START = instant("2026-01-15 00:00")
SINCE = START + 9 * DAY
UNTIL = SINCE + 6 * DAY
NAMES = ("see", "add", "rem", "cart", "chk", "buy", "back", "mail")
CARTS = {
    "view": "see",
    "add": "add",
    "remove": "rem",
    "view_cart": "cart",
    "begin_checkout": "chk",
    "purchase": "buy",
    "refund": "back",
    "reminder": "mail",
}
GAPS = [0, 0, HOUR // 4, HOUR // 2, HOUR, 5 * HOUR, 12 * HOUR, 24 * HOUR, 25 * HOUR, 47 * HOUR, 5 * 24 * HOUR]


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Four weeks of few customers: rows of short gaps over days, silences of all lengths, orders and carts that go on."""
    rows: list[Row] = []
    for customer in "uvw":
        clock = draw(st.integers(0, 11 * 24)) * HOUR
        gaps = draw(st.lists(st.sampled_from(draw(st.sampled_from([GAPS, GAPS[:6], GAPS[4:]]))), max_size=25))
        for gap in gaps:
            clock += gap
            columns = {
                "channel": draw(st.sampled_from([None, "web", "app"])),
                "cart_id": draw(st.sampled_from([None, None, "1", "2"])),
                "order_id": draw(st.sampled_from([None, None, None, "o1", "o2"])),
                "value": draw(st.sampled_from([None, 100, 250])),
                "score": draw(st.sampled_from([None, "1", "5", "77"])),
                "about": draw(st.sampled_from([None, None, "see", "never"])),
            }
            rows.append(
                (customer, clock, draw(st.sampled_from(NAMES)), {k: v for k, v in columns.items() if v is not None})
            )
    return rows


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    rules = SessionRules(
        idle_timeout=timedelta(minutes=draw(st.sampled_from([30, 6 * HOUR, 24 * HOUR]))),
        max_duration=timedelta(minutes=draw(st.sampled_from([0, 2 * HOUR, 24 * HOUR, 36 * HOUR]))),
        cut_at_midnight=draw(st.booleans()),
        cut_on=draw(st.sampled_from([None, "channel"])),
        passive=frozenset(draw(st.sampled_from([(), ("mail",)]))),
        max_session_events=draw(st.sampled_from([2, 4, 10_000])),
        timezone=draw(st.sampled_from(["UTC", "Pacific/Auckland"])),
    )
    where = draw(st.sampled_from([(), (parse_condition("channel!=web"),)]))
    return Scope(as_of=START + draw(st.integers(10, 30)) * DAY, sessions=rules, where=where)


def questions(recovery: timedelta, lookback: timedelta, *, carts: bool) -> list[Analysis[Any]]:
    spans = ((SINCE, UNTIL), (SINCE + 2 * DAY, SINCE + 4 * DAY))
    rules = CartRules(roles={r: frozenset({n}) for r, n in CARTS.items()}, recovery_window=recovery)
    steps = tuple(step(n) for n in ("see", "add", "buy"))
    plain: list[Analysis[Any]] = [
        Summary(),
        Names(),
        Coverage(),
        SessionRows(goal=frozenset({"buy"})),
        Transitions(),
        Nodes(),
        StartHours(),
        GoalNodes(goal=frozenset({"buy"})),
        TimeToGoal(),
        StepFlows(steps=3),
        DropOff(),
        LastLost(newest=2),
        Funnel(steps=steps),
        Funnel(steps=steps, count="sessions", window=None),
        Funnel(steps=steps, order="strict"),
        Funnel(steps=steps, order="any", breakdown="channel"),
        Funnel(steps=steps, exclusions=(Exclusion(matchers=(Matcher(name="rem"),)),), exclusion="customer"),
        InSegment(analysis=DropOff(), condition=parse_condition("channel=app")),
        Attribution(rules=AttributionRules(goals=GOAL, lookback=lookback), tried=(2 * lookback,)),
        Attribution(
            rules=AttributionRules(goals=GOAL, lookback=lookback, paths="all", touches=("see", "mail")), tried=()
        ),
    ]
    if carts:
        plain += [Carts(rules=rules), Carts(rules=rules, by="last_step")]
    found: list[Analysis[Any]] = [InPeriod(analysis=a, since=SINCE, until=UNTIL) for a in plain]
    found.append(Outcomes(spans=spans, goal_lookback=lookback))
    return [*found, CartSpans(rules=rules, spans=spans)] if carts else found


ALL_COLUMNS: Row = ("w", 0, "pad", {"score": "", "about": ""})  # the store gives every column that is asked for
SURVEYS = (Survey(event="cart", kind="csat", about="about", comment="score"), Survey(event="mail", kind="csat"))
STAGES = StageRules(
    (StageRule(name="look", events=("see", "cart")), StageRule(name="buy", events=("add", "chk", "buy")))
)
GOAL = GoalRules(goal=frozenset({"buy"}), purchase=frozenset({"buy"}), refund=frozenset({"back"}))


def map_questions() -> list[Analysis[Any]]:
    friction = FrictionRules(errors=("rem",), support=("back",))
    cells = {"stages": ("look", "buy"), "surveys": SURVEYS, "friction": friction, "rules": GOAL}
    asked: list[Analysis[Any]] = [
        *(JourneyMap(by=by, **cells) for by in ("touchpoint", "stage", "channel")),
        DesignedJourney(stages=("look", "buy"), targets={}),
        Opportunities(purchase=frozenset({"buy"}), friction=friction, complaints=("rem",), answers=("mail",)),
        TouchpointChannels(),
        Comments(surveys=SURVEYS),
    ]
    inside: list[Analysis[Any]] = [InPeriod(analysis=a, since=SINCE, until=UNTIL) for a in asked]
    return [UnderStages(analysis=a, stages=STAGES) for a in inside]


def split(batch: EventBatch, at: int) -> np.ndarray[Any, Any]:
    """Keys of customers with an order on both sides."""
    order = batch.columns["order_id"]
    assert isinstance(order, Codes)
    sides: dict[tuple[int, int], set[bool]] = {}
    for key, when, code in zip(batch.key.tolist(), batch.at.tolist(), order.codes.tolist(), strict=True):
        if code >= 0:
            sides.setdefault((key, code), set()).add(when < at)
    return np.array(sorted({k for (k, _), found in sides.items() if len(found) == 2}), dtype=np.int64)


def check(rows: list[Row], scope: Scope, asked: list[Analysis[Any]]) -> None:
    batch = batch_of(rows)
    if not len(batch):
        return
    past = past_of(asked, scope)
    assert past is not None and past.read_from <= past.horizon <= past.since == SINCE
    parts, left = [], batch
    for wider in (past, *(replace(past, lead=days) for days in LEADS)):
        recent = kept_of(left, left.at >= wider.read_from)
        journeys = prepare(recent, scope)
        known = split(batch, wider.read_from)
        keys = np.union1d(doubtful(journeys, wider), known[np.isin(known, recent.key)])
        parts.append(apart(journeys, keys))
        left = left.take(np.isin(left.key, keys))
    parts.append(prepare(left, scope))
    whole = prepare(batch, scope)
    for analysis in asked:
        expected, found = analysis.reduce([analysis.map(whole)]), analysis.reduce([analysis.map(p) for p in parts])
        assert found == expected, analysis
    assert sum(excluded_since(p, SINCE) for p in parts) == excluded_since(whole, SINCE)


RECOVERY, LOOKBACK = st.sampled_from([4, 24, 72, 168]), st.sampled_from([0, 24, 72])


@given(histories(), scopes(), RECOVERY, LOOKBACK, st.booleans())
@cases(20)
def test_answers_do_not_depend_on_the_days_left_out(rows, scope, recovery, lookback, carts):
    check(rows, scope, questions(timedelta(hours=recovery), timedelta(hours=lookback), carts=carts))


@given(histories(), scopes())
@cases(12)
def test_a_map_does_not_depend_on_the_days_left_out(rows, scope):
    check([*rows, ALL_COLUMNS], scope, map_questions())


@pytest.mark.proof
@given(histories(), scopes(), st.booleans())
@settings(max_examples=1500)
def test_a_map_does_not_depend_on_the_days_left_out_proved(rows, scope, carts):
    check(
        [*rows, ALL_COLUMNS],
        scope,
        [*map_questions(), *questions(timedelta(hours=4), timedelta(hours=24), carts=carts)],
    )


@pytest.mark.proof
@given(histories(), scopes(), RECOVERY, LOOKBACK, st.booleans())
@settings(max_examples=1500)
def test_answers_do_not_depend_on_the_days_left_out_proved(rows, scope, recovery, lookback, carts):
    check(rows, scope, questions(timedelta(hours=recovery), timedelta(hours=lookback), carts=carts))


def customers_in_doubt(rows: list[Row], *, carts: bool = True) -> int:
    scope = Scope(as_of=START + 30 * DAY)
    asked = questions(timedelta(days=7), timedelta(days=1), carts=carts)
    past = past_of(asked, scope)
    assert past is not None
    batch = batch_of(rows)
    return len(doubtful(prepare(kept_of(batch, batch.at >= past.read_from), scope), past))


def test_who_pauses_before_the_period_is_not_in_doubt():
    assert customers_in_doubt([("u", 24 * HOUR * d, "see") for d in range(14)]) == 0
    assert customers_in_doubt([("u", 20 * m, "see") for m in range(14 * 72)]) == 1  # never pauses


def test_a_cart_that_may_have_been_running_is_in_doubt():
    day = 24 * HOUR
    assert customers_in_doubt([("u", 4 * day, "cart"), ("u", 10 * day, "add")]) == 1
    assert (
        customers_in_doubt([("u", 4 * day, "add"), ("u", 10 * day, "add")]) == 0
    )  # opened before the period, either way
    assert customers_in_doubt([("u", 4 * day, "cart"), ("u", 5 * day, "buy"), ("u", 10 * day, "add")]) == 0


def test_what_may_need_everything_has_everything_read():
    scope = Scope(as_of=START + 30 * DAY, since=SINCE)
    assert past_of([Summary()], scope) is not None
    assert past_of([Summary(), EmptyColumns(columns=frozenset())], scope) is None
    assert past_of([Summary()], replace(scope, asked=frozenset({PERSONA}))) is None
    assert past_of([Summary()], replace(scope, sessions=SessionRules(idle_timeout=timedelta(days=2)))) is None


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """120 days: regular customers, one who never pauses, an order of two parts, a cart left for a week."""
    rows = [
        f"c{(7 * d + i) % 40},{600 + i},2026-01-01,{d},{e},,"
        for d in range(120)
        for i, e in enumerate(("see", "add", "see", "buy"))
    ]
    rows += [f"bot,{20 * m % 1440},2026-01-01,{20 * m // 1440},see,," for m in range(120 * 72)]
    rows += [
        "two,5,2026-01-01,3,buy,o9,",
        "two,5,2026-01-01,110,buy,o9,",
        "slow,0,2026-01-01,75,cart,,",
        "slow,0,2026-01-01,82,add,,",
    ]
    lines = []
    for row in rows:
        who, minute, first, day, event, order, cart = row.split(",")
        at = f"{date.fromisoformat(first) + timedelta(days=int(day))}T{int(minute) // 60:02}:{int(minute) % 60:02}"
        lines.append(f"{who},{at},{event},{order},{cart}")
    root = tmp_path_factory.mktemp("history")
    (root / "log.csv").write_text("\n".join(["who,at,what,order,cart", *lines]) + "\n")
    store_of(
        root / "store",
        root / "log.csv",
        customer_id="who",
        event_at="at",
        event="what",
        order_id="order",
        cart_id="cart",
    )
    return EventStore(root / "store")


@pytest.mark.parametrize("sealed", [False, True], ids=["days", "months"])
def test_a_pass_opens_no_file_of_a_day_that_cannot_matter(history, sealed):
    if sealed:
        seal(history, date(2026, 4, 1))
    snapshot = history.snapshot()
    since, until = instant("2026-03-25 00:00"), instant("2026-05-01 00:00")
    rules = CartRules(roles={r: frozenset({n}) for r, n in CARTS.items()})
    plain = [Summary(), DropOff(), Carts(rules=rules), Transitions()]
    asked: list[Analysis[Any]] = [InPeriod(analysis=a, since=since, until=until) for a in plain]
    scope = Scope(as_of=until)
    found, done = run(asked, snapshot, scope, threads=2)
    expected, whole = run([*asked, EmptyColumns(columns=frozenset())], snapshot, scope, threads=2)
    for one, other in zip(found, expected, strict=False):
        assert one == other
    # the bot, the order of two parts and the cart that may have been running
    assert (done.read_further, whole.skipped) == (3, 0)
    assert done.skipped == (2 if sealed else 75)
    assert NEVER > done.read.rows > 0
