"""Who buys here: customers with what the shop knows of them, and with what it does not (persona, devices)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Floats, Hashes, Ints
from ingest.errors import ConfigError
from pipeline.demo_shop.calendar import DAYS, day_at, day_of
from pipeline.demo_shop.draws import Draws

REGIONS = {"north": 0.22, "south": 0.26, "east": 0.18, "west": 0.2, "islands": 0.14}
PLANS = {"basic": 0.5, "plus": 0.32, "premium": 0.18}
AGE_BANDS = {"18-29": 0.22, "30-44": 0.32, "45-59": 0.28, "60+": 0.18}
KNOWN = {"region": tuple(REGIONS), "plan": tuple(PLANS), "age_band": tuple(AGE_BANDS)}
"""What customers.csv says: independent of each other, of the persona and of time, so in the control no two of these
groups and no two periods differ but by chance."""

# persona: share, activity, and how its journeys begin (ad click, home page on the web, the app, the store)
PERSONAS = {
    "browser": (0.35, 1.0, (0.45, 0.4, 0.1, 0.05)),
    "app native": (0.3, 1.4, (0.15, 0.1, 0.7, 0.05)),
    "store regular": (0.2, 0.6, (0.15, 0.15, 0.1, 0.6)),
    "bargain hunter": (0.15, 1.1, (0.6, 0.2, 0.15, 0.05)),
}
SPREAD = 1.0  # sigma of the log-normal activity: some customers come a hundred times as often as others
MOST_ACTIVE = 25.0
CHANGING, SUBSCRIBED, MEMBERS, SHARING = 0.2, 0.55, 0.8, 0.08
"""Shares: of customers who choose a plan anew (some the same one), get the newsletter, log in at all (the others check
out as guests), share the browser with another customer of their household."""


@dataclass(frozen=True, kw_only=True)
class Customers:
    """Arrays with one row per customer; texts are positions in REGIONS, PLANS, AGE_BANDS and PERSONAS."""

    region: Ints
    age_band: Ints
    plan: Ints  # until `changes_on`
    plan_then: Ints
    changes_on: Ints  # day, counted from the first one
    since: Ints  # days before the first one, when they became a customer
    persona: Ints
    activity: Floats  # of all journeys, relative to an average customer's
    subscribed: Bools
    member: Bools
    browser: Ints  # whose browser they use; two customers of one household may share one
    browser_bits: Hashes
    phone_bits: Hashes

    def __len__(self) -> int:
        return len(self.region)

    def codes(self, column: str, customer: Ints, at: Ints) -> Ints:
        """A column of customers.csv as it stood then: positions in its names."""
        if column == "plan":
            changed = day_of(at) >= self.changes_on[customer]
            return np.where(changed, self.plan_then[customer], self.plan[customer])
        codes: Ints = getattr(self, column)[customer]
        return codes

    def ids(self) -> list[str]:
        """customer_id of each."""
        return [f"C{n:06d}" for n in range(1, len(self) + 1)]

    def devices(self, channel: str) -> list[str]:
        """anonymous_id of each, in the browser or the app."""
        bits = self.browser_bits[self.browser] if channel == "web" else self.phone_bits
        return [f"{channel[0]}{b:016x}" for b in bits.tolist()]

    def table(self) -> pa.Table:
        """customers.csv: one row is a customer from `valid_from` on; a change of plan is a further row."""
        changed = np.flatnonzero((self.plan != self.plan_then) & (self.changes_on < DAYS))
        row = np.concatenate([np.arange(len(self)), changed])
        plan = np.concatenate([self.plan, self.plan_then[changed]])
        day = np.concatenate([-self.since, self.changes_on[changed]])
        order = np.lexsort((day, row))
        row, plan, day = row[order], plan[order], day[order]
        first = np.datetime64(day_at(0), "D")
        return pa.table(
            {
                "customer_id": pa.array(self.ids()).take(pa.array(row)),
                "region": pa.array(list(REGIONS)).take(pa.array(self.region[row])),
                "plan": pa.array(list(PLANS)).take(pa.array(plan)),
                "age_band": pa.array(list(AGE_BANDS)).take(pa.array(self.age_band[row])),
                "valid_from": pa.array(first + day.astype("timedelta64[D]")),
            }
        )


def make_customers(draws: Draws, size: int) -> Customers:
    """`size` customers; the first ones are the same however many there are (but for the last one's household).

    Raises ConfigError for less than one.
    """
    if size < 1:
        raise ConfigError(f"a shop needs a customer, not {size}.")
    who = np.arange(size)
    shares, activity, _ = zip(*PERSONAS.values(), strict=True)
    persona = draws.choice("persona", shares, who)
    heavy = np.exp(SPREAD * draws.normal("activity", who) - SPREAD**2 / 2)
    even = who - who % 2
    shared = (draws.uniform("household", even) < SHARING) & (even + 1 < size)
    plans = list(PLANS.values())
    plan, again = draws.choice("plan", plans, who), draws.choice("plan then", plans, who)
    changes = draws.uniform("changes", who) < CHANGING
    return Customers(
        region=draws.choice("region", list(REGIONS.values()), who),
        age_band=draws.choice("age", list(AGE_BANDS.values()), who),
        plan=plan,
        plan_then=np.where(changes, again, plan),
        changes_on=(draws.uniform("changes on", who) * (DAYS - 1)).astype(np.int64) + 1,
        since=100 + (draws.uniform("since", who) * 900).astype(np.int64),
        persona=persona,
        activity=np.minimum(heavy, MOST_ACTIVE) * np.asarray(activity)[persona],
        subscribed=draws.uniform("subscribed", who) < SUBSCRIBED,
        member=draws.uniform("member", who) < MEMBERS,
        browser=np.where(shared, even, who),
        browser_bits=draws.bits("browser", who),
        phone_bits=draws.bits("phone", who),
    )
