"""Answers to surveys: after calls, purchases and checkouts (ordered or not), and once a month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingest.array_types import Ints
from pipeline.demo_shop.calendar import DAY, DAYS, HOUR, WARM_UP_DAYS, time_on
from pipeline.demo_shop.chain import INDEX, NAMES
from pipeline.demo_shop.customers import Customers
from pipeline.demo_shop.draws import Draws, pick
from pipeline.demo_shop.truths import LONG_CALL, SCORES, Truth

SURVEYS = ("csat", "nps", "ces")
ABOUT = ("call to service", "purchase", "shipping step")
ANSWERED = {"call": 0.5, "purchase": 0.15, "checkout": 0.1, "nps": 0.08}
"""Shares of those asked who answer."""
NPS_EVERY = 28  # days; each customer has a day of their own, so every week holds as many
COMMENTS = (
    ("Nobody could help me.", "Far too long, and no answer.", "Never again."),
    ("It was all right.", "Could be quicker."),
    ("Friendly and quick.", "All as it should be.", "I would buy here again."),
)
ALL_COMMENTS = tuple(text for texts in COMMENTS for text in texts)
COMMENTED = 0.3
HIGHEST = {"csat": 5, "nps": 10, "ces": 7}


def answers(draws: Draws, customers: Customers, rows: dict[str, Ints], truths: Sequence[Truth]) -> dict[str, Ints]:
    """One row is one answer: customer, at, state (behind NAMES: which survey), score, about, comment."""
    state = rows["state"]
    called = np.flatnonzero(state == INDEX["c_end"])
    bought = np.flatnonzero(np.isin(state, [INDEX[n] for n in ("w_order", "a_order", "s_order")]))
    checking_out = np.flatnonzero(np.isin(state, [INDEX[n] for n in ("w_shipping", "a_shipping")]))
    angry = any(truth.name == "long calls" for truth in truths)
    parts = [
        _after(draws, rows, called, "call", "csat", _call_scores(draws, rows, called, angry), (600, 20 * HOUR)),
        _after(draws, rows, bought, "purchase", "csat", _scores(draws, rows, bought, "csat purchase"), (DAY, 4 * DAY)),
        _after(draws, rows, checking_out, "checkout", "ces", _scores(draws, rows, checking_out, "ces"), (300, 1500)),
        _nps(draws, customers),
    ]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return columns | {"comment": _comments(draws, columns), "line": np.full(len(columns["at"]), 99)}


def _scores(draws: Draws, rows: dict[str, Ints], at: Ints, kind: str) -> Ints:
    return 1 + draws.choice(f"score {kind}", SCORES[kind], rows["number"][at], rows["step"][at])


def _call_scores(draws: Draws, rows: dict[str, Ints], called: Ints, angry: bool) -> Ints:
    scores = _scores(draws, rows, called, "csat call")
    long = (rows["duration"][called] > LONG_CALL) & angry
    uniform = draws.uniform("score csat call", rows["number"][called], rows["step"][called])
    return np.where(long, 1 + pick(SCORES["csat long call"], uniform), scores)


def _after(
    draws: Draws, rows: dict[str, Ints], at: Ints, asked: str, survey: str, scores: Ints, within: tuple[int, int]
) -> dict[str, Ints]:
    """Answers to what happened at these rows, within so many seconds of it."""
    number, step = rows["number"][at], rows["step"][at]
    answered = draws.uniform(f"answer {asked}", number, step) < ANSWERED[asked]
    pause = within[0] + draws.uniform(f"wait {asked}", number, step) * (within[1] - within[0])
    about = ("call", "purchase", "checkout").index(asked)
    whole = {
        "journey": rows["journey"][at],
        "number": number,
        "customer": rows["customer"][at],
        "step": step,
        "state": np.full(len(at), len(NAMES) + SURVEYS.index(survey)),
        "at": rows["at"][at] + pause.astype(np.int64),
        "score": scores,
        "about": np.full(len(at), about),
    }
    return {name: column[answered] for name, column in whole.items()}


def _nps(draws: Draws, customers: Customers) -> dict[str, Ints]:
    """Every customer is asked every four weeks, some answer; the answer is about no one thing."""
    everyone, rounds = np.arange(len(customers)), np.arange(-WARM_UP_DAYS, DAYS, NPS_EVERY)
    who, begin = (a.ravel() for a in np.meshgrid(everyone, rounds, indexing="ij"))
    answered = draws.uniform("answer nps", who, begin) < ANSWERED["nps"]
    who, begin = who[answered], begin[answered]
    day = begin + (draws.uniform("nps day", who) * NPS_EVERY).astype(np.int64)
    return {
        "journey": np.full(len(who), -1),
        "number": -1 - who,
        "customer": who,
        "step": begin + WARM_UP_DAYS,
        "state": np.full(len(who), len(NAMES) + SURVEYS.index("nps")),
        "at": time_on(day, "online", draws.uniform("nps hour", who, begin)),
        "score": draws.choice("score nps", SCORES["nps"], who, begin),
        "about": np.full(len(who), -1),
    }


def _comments(draws: Draws, rows: dict[str, Ints]) -> Ints:
    """A position in ALL_COMMENTS that fits the score, -1 for most."""
    place = (rows["number"], rows["step"], rows["state"])
    highest = np.array([HIGHEST[s] for s in SURVEYS])[rows["state"] - len(NAMES)]
    mood = np.minimum(rows["score"] * 3 // (highest + 1), 2)
    size, first = np.array([len(c) for c in COMMENTS])[mood], np.array([0, 3, 5])[mood]
    text = first + (draws.uniform("comment", *place) * size).astype(np.int64)
    return np.where(draws.uniform("commented", *place) < COMMENTED, text, -1)
