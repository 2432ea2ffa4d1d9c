"""A small shop whose names are hostile, and reports of it."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pipeline.api import Project
from pipeline.loading.intake import ingest
from pipeline.loading.reading import Intake
from pipeline.project.project import Period
from pipeline.report.gather import gather
from reports.content.report import Report

LONG = "x" * 500
MAIL = "mail of anna.b@shop.example"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></svg></title>{{7*7}}",
    "a'b\"c&amp;&lt;",
    "\u202eliam\u202c \u200f\u0634\u0631\u0627\u0621",
    "\U0001f6d2 cart",
    "two\nlines\x1b[31m",
    LONG,
    MAIL,
    "https://evil.example/x.png",
)
CONFIG = """\
[project]
timezone = "Europe/Berlin"
goal = ["purchase"]
currency = "EUR"

[[source]]
name = "shop"
path = "events.csv"

[[funnel]]
name = "<b>buy</b>"
steps = ["look", "add_to_cart", "<script>alert(1)</script>", "purchase"]
window = "3d"

[[stage]]
name = "all"
events = ["look", "add_to_cart"]
"""
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
DAYS = 56
CHANNELS = ("web", "app", '"><script>alert(2)</script>')


def rows() -> list[dict[str, Any]]:
    """Eight weeks of 240 customers; in the second half more of them buy."""
    dice = random.Random(7)
    found = []
    for customer in range(240):
        for _ in range(dice.randint(1, 6)):
            at = START + timedelta(minutes=dice.randint(0, DAYS * 1440 - 900))
            late = (at - START).days >= DAYS // 2
            path = ["look"] * dice.randint(1, 2) + dice.sample(HOSTILE, dice.randint(0, 3))
            if dice.random() < 0.5:
                path += ["add_to_cart"]
                if dice.random() < (0.9 if late else 0.2):
                    path += [HOSTILE[0], *(["purchase"] if dice.random() < (0.8 if late else 0.3) else [])]
            for event in path:
                at += timedelta(seconds=dice.randint(5, 400))
                priced = event in ("add_to_cart", "purchase")
                found.append(
                    {
                        "customer_id": f"c{customer}@mail.example",
                        "event_at": at.isoformat(),
                        "event": event,
                        "channel": CHANNELS[customer % 3],
                        "item_id": "i1" if priced else "",
                        "price": "19.99" if priced else "",
                        "value": "19.99" if event == "purchase" else "",
                    }
                )
    return found


def shop(folder: Path, config: str = CONFIG, events: list[dict[str, Any]] | None = None) -> Project:
    """The project in a folder, its events taken in."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "journeys.toml").write_text(config, encoding="utf-8")
    found = rows() if events is None else events
    with (folder / "events.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    project = Project(folder)
    ingest(project, Intake())
    return project


@cache
def hostile() -> Project:
    """One hostile shop for all tests of a process; its folder has a hostile name too."""
    return shop(Path(mkdtemp()) / "<i>shop o'brien@mail.example")


@cache
def hostile_report() -> Report:
    """Its report."""
    return gather(hostile(), Period())[0]
