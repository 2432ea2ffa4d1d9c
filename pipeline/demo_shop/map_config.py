"""What the shop's journeys.toml says of its journey map."""

from __future__ import annotations

MAP = """
[map]
errors = ["payment_error"]
support = ["call_started", "chat"]
complaints = ["complaint"]
answers = ["complaint_answered"]
dwell = { "payment step" = "45s", "shipping step" = "60s" }
cost = { call_started = 6.50, chat = 2.20, store_advice = 4.00, email = 0.01 }

[[survey]]
event = "csat"
kind = "csat"
about = "about"
comment = "comment"

[[survey]]
event = "nps"
kind = "nps"
about = "about"
comment = "comment"

[[survey]]
event = "ces"
kind = "ces"
about = "about"
comment = "comment"

[journey]
stages = ["awareness", "consideration", "cart", "checkout", "purchase", "onboarding", "loyalty", "advocacy"]

[journey.targets.cart]
share = 0.5
[journey.targets.purchase]
share = 0.25
time = "1h"
sentiment = 0.8
[journey.targets.onboarding]
share = 0.2
time = "3d"

[[customers]]
path = "customers.csv"
valid_from = "valid_from"

[[persona]]
name = "islanders on basic"
where = ["region=islands", "plan=basic"]
notes = "Shipping to the islands costs 14.90."

[[persona]]
name = "store goers"
did = "store_visit"
notes = "Like to see and touch before they buy."

[[persona]]
name = "app people"
did = "screen_view"
"""


def dated(truths: list[tuple[str, str]]) -> str:
    """[[annotation]] of each (day, text)."""
    return "".join(f'\n[[annotation]]\ndate = {day}\ntext = "{text}"\n' for day, text in truths)
