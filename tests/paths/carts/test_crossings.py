"""What crosses channels and devices, one test per rule, and against plain Python."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from paths.carts.counts import Carts
from paths.carts.crossings import CART_CHANNELS, CART_DEVICES, CHANNELS, DEVICES, Crossings
from tests.builder import ask, events_of, instant, journeys_of
from tests.cart_steps import NAMES, RULES
from tests.cases import cases
from tests.oracles.carts import by_customer, carts_of, judged

AS_OF = 60 * 24 * 30


def told(rows: list[Any], **scope: Any) -> dict[tuple[str, str, str | None], int]:
    found = ask(Crossings(rules=RULES, spaces={"web": "own", "app": "own"}), rows, **scope)
    assert all(abs(sum(r["share"] for r in found if r["what"] == w) - 1) < 1e-5 for w in {r["what"] for r in found})
    return {(r["what"], r["begun"], r["bought"]): r["n"] for r in found}


def on(channel: str | None, device: str | None = None, source: str = "web") -> dict[str, Any]:
    return {"channel": channel, "anonymous_id": device, "source": source}


def test_customers_are_counted_by_the_different_channels_and_devices_of_their_events() -> None:
    rows = [
        ("u", 0, "see", on("web", "d1")),
        ("u", 1, "see", on("web", "d1", "app")),
        ("u", 2, "see", on("shop", "d1", "till")),
        ("v", 3, "see", on(None)),
    ]
    assert told(rows) == {
        (CHANNELS, "0", None): 1,
        (CHANNELS, "2", None): 1,
        (DEVICES, "0", None): 1,
        (DEVICES, "2", None): 1,
    }


def test_a_cart_is_begun_where_its_first_event_was_and_bought_where_its_purchase_was() -> None:
    rows = [
        ("u", 0, "add", on("phone", "d1")),
        ("u", 1, "add", on("desk", "d2")),
        ("u", 2, "buy", on("desk", "d2")),
        ("v", 0, "add", on("phone", "d3")),
        ("v", 1, "buy", on(None)),
        ("w", 0, "add", on("phone", "d4")),
    ]
    found = {k: n for k, n in told(rows).items() if k[0] in (CART_CHANNELS, CART_DEVICES)}
    assert found == {
        (CART_CHANNELS, "phone", "desk"): 1,
        (CART_CHANNELS, "phone", "(none)"): 1,
        (CART_DEVICES, "", "another device"): 1,
        (CART_DEVICES, "", "not known"): 1,
    }


PLACES = st.fixed_dictionaries(
    {
        "channel": st.sampled_from([None, "web", "app"]),
        "anonymous_id": st.sampled_from([None, "d", "e"]),
        "source": st.sampled_from(["web", "app", "till"]),
    }
)
ROWS = st.lists(
    st.tuples(st.sampled_from("uv"), st.integers(0, 40), st.sampled_from(["add", "buy", "chk", "see"]), PLACES),
    min_size=1,
    max_size=14,
)


@cases(40)
@given(ROWS, st.integers(0, 10), st.integers(11, 60))
def test_crossings_are_those_of_plain_python_and_add_up(log: list[Any], since: int, until: int) -> None:
    rows = [(who, 60 * hours, name, where) for who, hours, name, where in log]
    found = told(rows, as_of=AS_OF, since=60 * since, until=60 * until)
    space = {"web": "own", "app": "own", "till": "till"}
    expected = Counter[tuple[str, str, str | None]]()
    inside = [instant(60 * since), instant(60 * until)]
    carts = Counter[str]()
    for mine in by_customer(events_of(rows)):
        chosen = [e for e in mine if inside[0] <= e.at < inside[1]]
        if chosen:
            channels = {e.get("channel") for e in chosen} - {None}
            devices = {(space[e.get("source")], e.get("anonymous_id")) for e in chosen if e.get("anonymous_id")}
            expected[CHANNELS, str(len(channels)), None] += 1
            expected[DEVICES, str(len(devices)), None] += 1
        for cart in carts_of(mine, NAMES):
            row = judged(cart, mine, NAMES, instant(AS_OF))
            if row["status"] not in ("converted", "recovered") or not inside[0] <= row["opened_at"] < inside[1]:
                continue
            one, other = row["first"], cart.order[0]
            carts["bought"] += 1
            expected[CART_CHANNELS, one.get("channel") or "(none)", other.get("channel") or "(none)"] += 1
            ids = [(space[e.get("source")], e.get("anonymous_id")) for e in (one, other) if e.get("anonymous_id")]
            kind = "not known" if len(ids) < 2 else "same device" if ids[0] == ids[1] else "another device"
            expected[CART_DEVICES, "", kind] += 1
    assert found == dict(expected)
    batch = journeys_of(rows, as_of=AS_OF, since=60 * since, until=60 * until)
    totals = Carts(rules=RULES).reduce([Carts(rules=RULES).map(batch)]).totals
    assert (
        sum(n for (what, *_), n in found.items() if what == CART_CHANNELS) == totals["converted"] + totals["recovered"]
    )
