"""A small shop with stages, targets, surveys, personas and hostile words, and its report."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pipeline.api import Project
from pipeline.project.project import Period
from pipeline.report.gather import gather
from reports.content.report import Report
from tests.reports.shop import DAYS, HOSTILE, START, shop

EVIL = HOSTILE[0]
CONFIG = f"""\
[project]
timezone = "Europe/Berlin"
goal = ["purchase"]
currency = "EUR"

[[source]]
name = "shop"
path = "events.csv"
[source.columns]
said = "said"
score = "score"

[sessions]
passive = ["csat"]

[map]
support = ["call"]

[[stage]]
name = "look"
phase = "before"
goal = "Find <b>it</b>."
owner = "product"
review_by = 2026-01-01
touchpoints = ["look", "store"]

[[stage]]
name = "{EVIL}"
phase = "during"
touchpoints = ["add", "{EVIL}"]

[[stage]]
name = "nobody"
phase = "during"
touchpoints = ["never"]

[[stage]]
name = "buy"
phase = "after"
touchpoints = ["purchase", "call"]

[[survey]]
event = "csat"
kind = "csat"
score = "score"
comment = "said"

[journey.targets.look]
share = 0.2
[journey.targets.buy]
share = 0.99
time = "1h"

[[persona]]
name = "store <i>goers</i>"
did = "store"

[[annotation]]
date = 2026-02-05
text = "new <u>checkout</u>"

[[annotation]]
date = 2020-01-01
text = "long ago"
"""
SAID = ("Call me: +49 (171) 555-1234, or mail anna.b@shop.example", "<script>alert(2)</script> no good", "Fine.")


def rows() -> list[dict[str, Any]]:
    """Eight weeks of 200 customers; some go to the store, some answer, one alone meets the rarest touchpoint."""
    dice = random.Random(11)
    found = []

    def add(customer: int, at: Any, event: str, channel: str, **columns: str) -> None:
        found.append(
            {
                "customer_id": f"c{customer}@mail.example",
                "event_at": at.isoformat(),
                "event": event,
                "channel": channel,
                "value": "",
                "score": "",
                "said": "",
                **columns,
            }
        )

    for customer in range(200):
        for _ in range(dice.randint(1, 5)):
            at = START + timedelta(minutes=dice.randint(0, DAYS * 1440 - 900))
            path = [("store", "store")] if customer % 4 == 0 else [("look", "web")] * dice.randint(1, 3)
            if dice.random() < 0.6:
                path += [("add", "app"), ("look", "web"), ("add", "app")] if dice.random() < 0.3 else [("add", "app")]
                path += [(EVIL, "web")] if dice.random() < 0.5 else []
                path += [("purchase", "web")] if dice.random() < 0.5 else []
            for event, channel in path:
                at += timedelta(seconds=dice.randint(5, 400))
                add(customer, at, event, channel, value="19.99" if event == "purchase" else "")
            if dice.random() < 0.4:
                happy = path[-1][0] == "purchase"
                add(
                    customer,
                    at + timedelta(minutes=5),
                    "csat",
                    "survey",
                    score=str(dice.randint(4, 5) if happy else dice.randint(1, 3)),
                    said=SAID[2] if happy else SAID[dice.randint(0, 1)],
                )
    at = START + timedelta(days=DAYS - 3)
    add(1, at, "call", "call")
    add(1, at + timedelta(minutes=1), "csat", "survey", score="1", said="only me, and nobody else")
    return found


def written(folder: Path, config: str) -> Project:
    """The project with this configuration."""
    return shop(folder, config, rows())


@cache
def mapped() -> Project:
    """One shop for all tests of a process."""
    return written(Path(mkdtemp()) / "mapped", CONFIG)


@cache
def mapped_report() -> Report:
    """Its report."""
    return gather(mapped(), Period())[0]
