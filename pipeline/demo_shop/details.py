"""What events carry: items and prices, orders, campaigns, durations, answers to surveys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingest.array_types import Bools, Ints
from pipeline.demo_shop.catalogue import POPULARITY, PRICES, QUANTITIES
from pipeline.demo_shop.chain import INDEX, NAMES, STATES, VISITS
from pipeline.demo_shop.customers import PLANS, REGIONS, Customers
from pipeline.demo_shop.draws import Draws
from pipeline.demo_shop.journeys import Journeys, Steps
from pipeline.demo_shop.surveys import answers
from pipeline.demo_shop.truths import CAMPAIGNS, NEWSLETTER, Truth

Rows = dict[str, Ints]
"""Columns of one length. Texts are positions in their names; -1 is no value. `state` is a position in NAMES, or behind
them in SURVEYS; `line` counts the rows of one event."""

REMINDER = "cart reminder"
CAMPAIGN_NAMES = (*CAMPAIGNS, NEWSLETTER, REMINDER)
OPENERS = (*VISITS, "mail", "reminder", "system")  # pauses after which another session begins
KNOWN_AGAIN = ("account page", "return", "refund", "review", "recommendation", "first use")
"""Touchpoints that one must have logged in for, today or before."""
SHIPPING_COST = 490, 1490  # cents: for the basic plan, and where the islands are; other plans pay none
MORE_LINES = 0.45  # that one more item is bought in the store


def detailed(draws: Draws, customers: Customers, journeys: Journeys, steps: Steps, truths: Sequence[Truth]) -> Rows:
    """One row is one event; a purchase has one for every item."""
    rows: Rows = {
        "journey": steps.journey,
        "number": journeys.number[steps.journey],
        "customer": journeys.customer[steps.journey],
        "step": steps.step,
        "state": steps.state,
        "at": steps.at,
        "line": np.zeros(len(steps.at), dtype=np.int64),
    }
    _add_campaigns(rows, journeys)
    _add_login(rows, customers)
    _add_items(rows, draws)
    _add_service(rows, customers)
    others = answers(draws, customers, rows, truths)
    return joined([_with_orders(rows, draws), others])


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts; -1 where one has no such column."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {n: np.concatenate([p.get(n, np.full(len(p["at"]), -1)) for p in parts]) for n in names}


def taken(rows: Rows, where: Ints | Bools) -> Rows:
    """The same columns at these rows."""
    return {name: column[where] for name, column in rows.items()}


def is_touchpoint(*names: str) -> Bools:
    """By state: is it one of these touchpoints?"""
    return np.array([STATES[n].touchpoint in names for n in NAMES])


def _latest(marked: Bools) -> Ints:
    """For every row the last marked one up to it; -1 before the first."""
    return np.maximum.accumulate(np.where(marked, np.arange(len(marked)), -1))


def _add_campaigns(rows: Rows, journeys: Journeys) -> None:
    """A session has the campaign that it came by."""
    state = rows["state"]
    opens = np.array([STATES[n].pause in OPENERS for n in NAMES])[state] | (rows["step"] == 0)
    ads, newsletter, reminder = (
        np.isin(state, [INDEX[n] for n in names])
        for names in (("w_ad",), ("m_sent", "m_opened", "m_clicked"), ("m_reminder", "m_seen", "m_back"))
    )
    came = np.full(len(state), -1)
    came[newsletter] = CAMPAIGN_NAMES.index(NEWSLETTER)
    came[reminder] = CAMPAIGN_NAMES.index(REMINDER)
    came[ads] = journeys.campaign[rows["journey"][ads]]
    rows["opened"] = _latest(opens)  # the first row of its session
    rows["campaign"] = came[_latest(opens | ads | newsletter | reminder)]


def _add_login(rows: Rows, customers: Customers) -> None:
    """`known`: does the shop's own system know who this is? From the login on to the end of the session, or by heart."""
    login = is_touchpoint("login")[rows["state"]]
    logged_in = (_latest(login) >= rows["opened"]) | is_touchpoint(*KNOWN_AGAIN)[rows["state"]]
    rows["known"] = (logged_in & customers.member[rows["customer"]]).astype(np.int64)
    rows["guest"] = (login & ~customers.member[rows["customer"]]).astype(np.int64)


def _add_items(rows: Rows, draws: Draws) -> None:
    """A product page shows an item; what is added to the cart is what was looked at."""
    shown, added = is_touchpoint("product page")[rows["state"]], is_touchpoint("add to cart")[rows["state"]]
    item = np.full(len(shown), -1)
    item[shown] = draws.choice("item", POPULARITY, rows["number"][shown], rows["step"][shown])
    item[added] = item[_latest(shown)[added]]
    rows["item"] = item
    rows["price"] = np.where(item >= 0, PRICES[item], -1)
    rows["quantity"] = np.full(len(item), -1)
    rows["quantity"][added] = 1 + draws.choice("quantity", QUANTITIES, rows["number"][added], rows["step"][added])


def _add_service(rows: Rows, customers: Customers) -> None:
    """How long a call was, and what shipping costs."""
    ended = np.flatnonzero(rows["state"] == INDEX["c_end"])
    rows["duration"] = np.full(len(rows["at"]), -1)
    rows["duration"][ended] = rows["at"][ended] - rows["at"][ended - 1]
    step = np.flatnonzero(is_touchpoint("shipping step")[rows["state"]])
    who, at = rows["customer"][step], rows["at"][step]
    basic = customers.codes("plan", who, at) == list(PLANS).index("basic")
    islands = customers.region[who] == list(REGIONS).index("islands")
    rows["shipping"] = np.full(len(rows["at"]), -1)
    rows["shipping"][step] = np.where(basic, np.where(islands, SHIPPING_COST[1], SHIPPING_COST[0]), 0)


def _with_orders(rows: Rows, draws: Draws) -> Rows:
    """The same with one row per item of a purchase, and with what was given back."""
    state = rows["state"]
    bought = np.isin(state, [INDEX["w_order"], INDEX["a_order"]])
    lines = joined([_screen_lines(rows, bought), _store_lines(rows, state == INDEX["s_order"], draws)])
    lines["order"] = lines["journey"]
    lines["value"] = lines["price"] * lines["quantity"]
    refunds = _refunds(rows, lines)
    others = taken(rows, ~(is_touchpoint("purchase", "refund")[state]))
    return joined([others, lines, refunds])


def _screen_lines(rows: Rows, bought: Bools) -> Rows:
    """What was added to the cart in a journey is what its order holds."""
    journeys = int(rows["journey"].max(initial=-1)) + 1
    order_row = np.full(journeys, -1)
    order_row[rows["journey"][bought]] = np.flatnonzero(bought)
    added = np.flatnonzero(is_touchpoint("add to cart")[rows["state"]])
    at = order_row[rows["journey"][added]]
    added, at = added[at >= 0], at[at >= 0]
    lines = taken(rows, at) | {name: rows[name][added] for name in ("item", "price", "quantity")}
    return lines | {"line": rows["step"][added]}


def _store_lines(rows: Rows, bought: Bools, draws: Draws) -> Rows:
    """The till knows the items only."""
    at = np.flatnonzero(bought)
    uniform = draws.uniform("lines", rows["number"][at], rows["step"][at])
    count = 1 + np.minimum(np.log(1 - uniform) / np.log(MORE_LINES), 7).astype(np.int64)
    lines = taken(rows, np.repeat(at, count))
    line = np.arange(len(lines["at"])) - np.repeat(np.cumsum(count) - count, count)
    place = (lines["number"], lines["step"], line)
    item = draws.choice("item", POPULARITY, *place)
    quantity = 1 + draws.choice("quantity", QUANTITIES, *place)
    return lines | {"line": line, "item": item, "price": PRICES[item], "quantity": quantity}


def _refunds(rows: Rows, lines: Rows) -> Rows:
    """The first item of the journey's order, back; where there was no order, nothing."""
    at = np.flatnonzero(rows["state"] == INDEX["w_refund"])
    orders, first = np.unique(lines["journey"], return_index=True)
    place = np.searchsorted(orders, rows["journey"][at])
    has_order = place < len(orders)
    has_order[has_order] = orders[place[has_order]] == rows["journey"][at][has_order]
    at, line = at[has_order], first[place[has_order]]
    return taken(rows, at) | {name: lines[name][line] for name in ("item", "price", "quantity", "value", "order")}
