"""What can happen in the shop, and what follows it: states, and the probabilities from each to the next, in percent.

A state is one event in one channel, with the pause that comes before it. What is missing to 100 ends the journey.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from ingest.array_types import Floats

# pause before the event: median seconds and sigma of a log-normal, shortest, longest
GAPS = {
    "click": (35, 0.9, 2, 1500),
    "quick": (4, 0.4, 1, 9),
    "floor": (420, 0.6, 60, 1500),
    "call": (300, 0.7, 20, 1740),
    "system": (60, 0.8, 5, 600),
    "mail": (3 * 3600, 1.0, 60, 3 * 86_400),
    "reminder": (6 * 3600, 0.15, 16_200, 36_000),  # once the cart has been quiet for hours
}
# or a new day: mean days (exponential), and the rhythm that the hour is drawn from
VISITS = {
    "after": (1.2, "online"),
    "later": (6.0, "online"),
    "trip": (2.0, "open"),
    "soon": (0.02, "open"),
    "desk": (2.5, "open"),
}


class State(NamedTuple):
    """One event in one channel; `touchpoint` is its name under the rules of `config.CONFIG`."""

    event: str
    channel: str
    pause: str  # of GAPS or VISITS
    touchpoint: str
    url: str = ""


_SCREENS = {  # on the web (w_) and in the app (a_)
    "home": ("PAGE", "click", "home page", "/"),
    "later": ("PAGE", "after", "home page", "/"),
    "search": ("PAGE", "click", "search", "/search"),
    "again": ("PAGE", "quick", "search", "/search"),
    "product": ("view_item", "click", "product page", "/products/*"),
    "add": ("add_to_cart", "click", "add to cart", "/products/*"),
    "cart": ("view_cart", "click", "cart page", "/cart"),
    "login": ("login", "click", "login", "/login"),
    "shipping": ("shipping_step", "click", "shipping step", "/checkout/shipping"),
    "payment": ("payment_step", "click", "payment step", "/checkout/payment"),
    "error": ("payment_error", "quick", "payment error", "/checkout/payment"),
    "order": ("purchase", "click", "purchase", "/checkout/done"),
    "guide": ("PAGE", "after", "setup guide", "/guide/setup"),
    "account": ("PAGE", "later", "account page", "/account"),
    "chat": ("chat", "after", "chat", "/help/chat"),
}
_OTHERS = {
    "w_ad": State("ad_click", "web", "later", "ad click", "/"),
    "w_complaint": State("complaint", "web", "after", "complaint", "/help/complaint"),
    "w_return": State("return_request", "web", "later", "return", "/account/returns"),
    "w_refund": State("refund", "web", "desk", "refund"),
    "w_review": State("review_written", "web", "later", "review", "/reviews/new"),
    "a_use": State("first_use", "app", "after", "first use", "/device/first-use"),
    "a_refer": State("recommendation", "app", "later", "recommendation", "/friends"),
    "s_visit": State("store_visit", "store", "trip", "store visit"),
    "s_advice": State("store_advice", "store", "floor", "store advice"),
    "s_order": State("purchase", "store", "floor", "purchase"),
    "s_card": State("loyalty_card", "store", "quick", "loyalty card"),
    "s_again": State("loyalty_card", "store", "trip", "loyalty card"),
    "m_sent": State("email_sent", "email", "system", "email_sent"),
    "m_opened": State("email_opened", "email", "mail", "newsletter"),
    "m_clicked": State("email_clicked", "email", "click", "newsletter"),
    "m_reminder": State("cart_reminder", "email", "reminder", "cart_reminder"),
    "m_seen": State("reminder_opened", "email", "mail", "cart reminder"),
    "m_back": State("reminder_clicked", "email", "click", "cart reminder"),
    "m_welcome": State("welcome_mail", "email", "system", "welcome_mail"),
    "c_call": State("call_started", "call", "desk", "call to service"),
    "c_now": State("call_started", "call", "soon", "call to service"),
    "c_end": State("call_ended", "call", "call", "call to service"),
    "c_answer": State("complaint_answered", "call", "desk", "complaint_answered"),
}
STATES: dict[str, State] = {
    **{
        f"{p}_{k}": State(screen if event == "PAGE" else event, channel, pause, touchpoint, url)
        for p, channel, screen in (("w", "web", "page_view"), ("a", "app", "screen_view"))
        for k, (event, pause, touchpoint, url) in _SCREENS.items()
    },
    **_OTHERS,
}
PASSIVE = ("email_sent", "cart_reminder", "welcome_mail", "complaint_answered", "refund", "csat", "nps", "ces")
"""What the shop does, and answers to surveys: no touch that a session is made of."""

_SHOPPING = {  # for p in w, a; o is the other one
    "p_home": "p_search 33, p_product 34, p_later 2, s_visit 2",
    "p_later": "p_search 26, p_product 44",
    "p_search": "p_product 58, p_search 11, p_again 1, p_home 6",
    "p_again": "p_again 55, p_product 25",
    "p_product": "p_add 22, p_product 24, p_search 12, p_later 8, o_later 3, s_visit 3",
    "p_add": "p_cart 62, p_product 20, m_reminder 8",
    "p_cart": "p_login 60, p_product 12, m_reminder 10, p_later 4",
    "p_login": "p_shipping 96",
    "p_shipping": "p_payment 80, m_reminder 8",
    "p_payment": "p_error 5, p_order 85, m_reminder 3",
    "p_error": "p_payment 55, m_reminder 8, c_now 8, p_chat 3",
    "p_order": "m_welcome 80, p_guide 5, c_call 8",
    "p_guide": "a_use 40, p_account 12, c_call 14, p_chat 6",
    "p_account": "a_refer 7, p_account 25, w_review 5, s_again 8",
    "p_chat": "c_call 12, w_complaint 8, p_account 15",
}
_AROUND = {
    "w_ad": "w_product 46, w_home 14, w_search 8",
    "m_sent": "m_opened 32",
    "m_opened": "m_clicked 18",
    "m_clicked": "w_product 70, w_home 15",
    "m_reminder": "m_seen 45",
    "m_seen": "m_back 40",
    "m_back": "w_cart 85",
    "m_welcome": "w_guide 28, a_guide 22, c_call 16, w_chat 5, w_return 6, w_review 4, s_again 4",
    "a_use": "a_account 24, c_call 6, a_chat 4, w_return 6, w_review 9, a_refer 6, s_again 8",
    "s_visit": "s_advice 36, s_order 22, w_later 5, a_later 4",
    "s_advice": "s_order 44, w_later 7, a_later 5",
    "s_order": "s_card 45, c_call 8, w_review 3, m_welcome 20",
    "s_card": "s_again 30, c_call 3",
    "s_again": "s_again 30, a_refer 4",
    "c_call": "c_end 100",
    "c_now": "c_end 100",
    "c_end": "c_call 9, w_complaint 11, w_return 7, p_account 6",
    "w_complaint": "c_answer 85",
    "c_answer": "w_review 8, w_return 12, a_account 12",
    "w_return": "w_refund 90",
    "w_refund": "w_review 6, a_account 10",
    "w_review": "a_refer 8, w_account 10",
    "a_refer": "a_account 15",
}
NAMES = tuple(STATES)
INDEX = {name: i for i, name in enumerate(NAMES)}
END = len(NAMES)
ORDERS = ("w_order", "a_order", "s_order")


def written() -> dict[str, str]:
    """State -> what follows, as above, for both kinds of screen."""
    lines = {}
    for p, o in (("w", "a"), ("a", "w")):
        for state, line in _SHOPPING.items():
            lines[_on(state, p, o)] = ", ".join(_on(part, p, o) for part in line.split(", "))
    return lines | {state: line.replace("p_", "w_") for state, line in _AROUND.items()}


def _on(name: str, p: str, o: str) -> str:
    return {"p_": p, "o_": o}[name[:2]] + name[1:] if name[:2] in ("p_", "o_") else name


@cache
def base() -> Floats:
    """float64[states, states + 1]: the probability of what comes next; the last column ends the journey."""
    matrix = np.zeros((len(NAMES), len(NAMES) + 1))
    for state, line in written().items():
        for part in line.split(", "):
            target, percent = part.split()
            matrix[INDEX[state], INDEX[target]] = float(percent) / 100
    matrix[:, END] = 1 - matrix.sum(axis=1)
    return matrix


def shifted(row: Floats, changes: Mapping[str, float]) -> Floats:
    """The row with these probabilities; all others keep their proportions."""
    at = [INDEX[name] for name in changes]
    others = np.delete(np.arange(len(row)), at)
    new = row.copy()
    new[at] = list(changes.values())
    new[others] *= (1 - new[at].sum()) / row[others].sum()
    return new


def reaches_order(matrix: Floats) -> Floats:
    """float64[states]: the probability that a purchase follows, solved exactly (absorbing chain)."""
    goals = [INDEX[name] for name in ORDERS]
    steps = matrix[:, :END].copy()
    steps[goals] = 0
    direct = steps[:, goals].sum(axis=1)
    steps[:, goals] = 0
    chances: Floats = np.linalg.solve(np.eye(END) - steps, direct)
    return chances
