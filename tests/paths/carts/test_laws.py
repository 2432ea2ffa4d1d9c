"""Carts on random streams: the kernel equals the plain oracle, laws hold, batches add up."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from paths.carts.counts import Carts
from paths.carts.episodes import BY, KINDS, STATUSES, episodes
from paths.journeys.journeys import Journeys
from paths.journeys.prepare import prepare
from paths.journeys.scope import NEVER
from tests.builder import Row, batch_of, events_of, scope_of
from tests.cart_steps import NAMES, RULES
from tests.oracles import carts as oracle

PAUSES = (0, 1, 60, 240, 241, 300, 24 * 60, 168 * 60, 168 * 60 + 1)
few = st.sampled_from


def columns(name: str, carts: bool, with_cart: bool) -> st.SearchStrategy[dict[str, Any]]:
    """What an event of that name may carry."""
    found: dict[str, st.SearchStrategy[Any]] = {}
    if NAMES[name] in ("add", "remove", "update"):
        found = {
            "item_id": few((None, "a", "b")),
            "quantity": few((None, None, -1, 0, 1, 3)),
            "price": few((None, 0, 100, 250)),
        }
    if NAMES[name] in ("purchase", "refund"):
        found = {"order_id": few((None, "o", "p")), "value": few((None, 100, -50, 700))}
    if carts and (with_cart or NAMES[name] != "purchase"):
        found["cart_id"] = few((None, "1", "2", "3"))
    return st.fixed_dictionaries(found)


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """Rows of up to three customers; many ties, pauses that end exactly where windows do."""
    carts, with_cart = draw(st.booleans()), draw(st.booleans())
    rows: list[Row] = []
    for customer in "uvw"[: draw(st.integers(1, 3))]:
        when = 0
        for name in draw(st.lists(few([*NAMES, "add", "add", "buy"]), max_size=10)):
            when += draw(few(PAUSES))
            rows.append((customer, when, name, draw(columns(name, carts, with_cart))))
    return rows


def journeys(rows: list[Row], as_of: float, **scope: Any) -> Journeys:
    return prepare(batch_of(rows), scope_of(as_of=as_of, **scope))


as_ofs = few((1, 240, 241, 1000, 169 * 60, 400 * 60, 1e5))


@given(streams(), as_ofs)
def test_the_kernel_equals_the_oracle(rows: list[Row], as_of: float) -> None:
    batch, found_rows = journeys(rows, as_of), []
    found = episodes(batch, RULES)
    for i in range(len(found)):
        quiet, bought = int(found.quiet_since[i]), int(found.purchase_at[i])
        found_rows.append(
            (
                KINDS[found.kind[i]],
                STATUSES[found.status[i]],
                BY[found.by[i]],
                int(found.opened_at[i]),
                int(found.last_activity_at[i]),
                batch.touchpoint.names[found.last_step[i]],
                None if quiet == NEVER else quiet,
                None if bought == NEVER else bought,
                int(found.value[i]) if found.known[i] else None,
                int(found.items_left[i]),
            )
        )
    names = (
        "kind",
        "status",
        "by",
        "opened_at",
        "last_activity_at",
        "last_step",
        "quiet_since",
        "purchase_at",
        "value",
        "items_left",
    )
    expected = oracle.episodes(events_of(rows), NAMES, batch.scope.as_of)
    assert found_rows == [tuple(e[n] or "none" if n == "by" else e[n] for n in names) for e in expected]


@given(streams(), as_ofs)
def test_browse_equals_the_oracle(rows: list[Row], as_of: float) -> None:
    batch = journeys(rows, as_of)
    exist = [e for e in events_of(rows) if e.at < batch.scope.as_of]
    sessions: list[list[Any]] = [[] for _ in range(len(batch.sessions))]
    for e, session in zip(exist, batch.sessions.index.tolist(), strict=True):
        sessions[session].append(e)
    expected = oracle.browsing(exist, sessions, NAMES, batch.scope.as_of)
    table = Carts(rules=RULES).reduce([Carts(rules=RULES).map(batch)]).table.to_pylist()
    for status in ("open", "abandoned"):
        mine = [c for c, s in expected if s == status]
        row = [(r["episodes"], r["customers"]) for r in table if (r["kind"], r["status"]) == ("browse", status)]
        assert row == ([(len(mine), len(set(mine)))] if mine else [])


@given(streams(), as_ofs, few((None, "last_step", "hour", "item_id", "status")), st.integers(0, 2000))
def test_batches_add_up_to_the_whole(rows: list[Row], as_of: float, by: str | None, since: int) -> None:
    rows = [(*r[:3], {"item_id": None, **r[3]}) for r in rows] or [("u", 0, "add", {"item_id": "a"})]
    analysis = Carts(rules=RULES, by=by)
    parts = [
        analysis.map(journeys([r for r in rows if r[0] == c], as_of, since=since))
        for c in "wuv"
        if any(r[0] == c for r in rows)
    ]
    apart, whole = analysis.reduce(parts), analysis.reduce([analysis.map(journeys(rows, as_of, since=since))])
    assert apart.table.equals(whole.table)
    assert apart.totals == whole.totals
    assert apart.recovery_hours.equals(whole.recovery_hours)
    assert apart.idle_hours.equals(whole.idle_hours)


@given(streams(), as_ofs, few(("last_step", "hour", "event")))
def test_laws(rows: list[Row], as_of: float, by: str) -> None:
    batch = journeys(rows, as_of)
    plain, grouped = (a.reduce([a.map(batch)]) for a in (Carts(rules=RULES), Carts(rules=RULES, by=by)))
    totals = plain.totals
    assert totals["episodes"] == sum(totals[s] for s in STATUSES)
    assert (
        totals["recovered"] == sum(totals["recovered_by"].values()) == sum(plain.recovery_hours["episodes"].to_pylist())
    )
    assert totals["abandoned"] == sum(plain.idle_hours["episodes"].to_pylist())
    assert grouped.totals == totals
    for kind in KINDS:
        for status in STATUSES:
            mine, parts = (
                [r for r in t.to_pylist() if (r["kind"], r["status"]) == (kind, status)]
                for t in (plain.table, grouped.table)
            )
            assert sum(r["episodes"] for r in mine) == sum(r["episodes"] for r in parts)
            assert all(r["customers"] <= r["episodes"] for r in (*mine, *parts))


@given(streams())
def test_a_later_as_of_takes_no_purchase_back(rows: list[Row]) -> None:
    late, later = (episodes(journeys(rows, as_of), RULES) for as_of in (3000, 1e6))
    at, status = dict(zip(later.first.tolist(), later.status.tolist(), strict=True)), STATUSES.index
    if len({r[0] for r in rows}) == 1:  # positions are then the same in both
        for first, now in zip(late.first.tolist(), late.status.tolist(), strict=True):
            assert first in at
            assert now not in (status("converted"), status("recovered")) or at[first] == now


@given(streams(), st.randoms())
def test_the_order_of_customers_in_the_input_does_not_matter(rows: list[Row], random: Any) -> None:
    names = ["u", "v", "w"]
    random.shuffle(names)
    moved = [r for c in names for r in rows if r[0] == c]
    one, two = (episodes(journeys(r, 10_000), RULES) for r in (rows, moved))
    assert one.opened_at.tolist() == two.opened_at.tolist()
    assert one.status.tolist() == two.status.tolist()
