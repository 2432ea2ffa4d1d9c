"""Roles: which events fill, change, show, pay, give back and remember a cart; and when a cart is quiet or over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from ingest.array_types import MICROSECOND
from ingest.errors import ConfigError, did_you_mean
from ingest.scan.batches import Codes, EventBatch, Numbers
from paths.journeys.goals import OrderValue
from paths.journeys.journeys import Journeys
from paths.journeys.names import meaning

ROLES = (
    "purchase",
    "refund",
    "payment",
    "begin_checkout",
    "add",
    "remove",
    "update",
    "view_cart",
    "view",
    "reminder",
)
"""An event that answers to several roles has the first of these. What buys comes first, so that carts see every
purchase that goals and money see. Cart activity is what lies from payment to view_cart."""

PURCHASE, REFUND, PAYMENT, BEGIN_CHECKOUT, ADD, REMOVE, UPDATE, VIEW_CART, VIEW, REMINDER = range(len(ROLES))
NO_ROLE = len(ROLES)

CART_COLUMNS = frozenset({"item_id", "quantity", "price", "value", "order_id", "cart_id"})

Roles = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class CartRules:
    """Frozen, checked on creation (raises ConfigError). Both times run from the last cart activity."""

    roles: Mapping[str, frozenset[str]] = field(hash=False)
    """Role -> names of events or touchpoints; a role that is absent has none."""
    quiet_period: timedelta = timedelta(hours=4)
    recovery_window: timedelta = timedelta(days=7)
    order_value: OrderValue = "auto"
    mapped: frozenset[str] = CART_COLUMNS  # of CART_COLUMNS: those that some source fills; the others are not read

    def __post_init__(self) -> None:
        for role in self.roles:
            if role not in ROLES:
                known = ", ".join(ROLES)
                raise ConfigError(
                    f'[carts.roles] there is no role "{role}".{did_you_mean(role, ROLES)} Roles: {known}.'
                )
        if self.quiet_period <= timedelta(0):
            raise ConfigError(f"[carts] quiet_period must be longer than 0, not {self.quiet_period}.")
        if self.quiet_period > self.recovery_window:
            raise ConfigError(
                f"[carts] quiet_period ({self.quiet_period}) is longer than recovery_window ({self.recovery_window});"
                " both run from the last cart activity."
            )

    @property
    def columns(self) -> frozenset[str]:
        """What carts read beyond key, time and event."""
        return self.mapped & CART_COLUMNS

    @property
    def quiet(self) -> int:
        """quiet_period in microseconds."""
        return self.quiet_period // MICROSECOND

    @property
    def recovery(self) -> int:
        """recovery_window in microseconds."""
        return self.recovery_window // MICROSECOND


def roles_of(journeys: Journeys, rules: CartRules) -> Roles:
    """int8 per event: its role as a position in ROLES, NO_ROLE = none.

    Names mean what they mean in `Journeys.answers_to`; all roles are found with one look-up per event.
    """
    given = journeys.scope.touchpoints.given
    of_event: dict[str, int] = {}
    of_touchpoint: dict[str, int] = {}
    for i in reversed(range(len(ROLES))):
        for number in (meaning(name, given) for name in rules.roles.get(ROLES[i], ())):
            (of_touchpoint if number.touchpoint else of_event)[number.text] = i
    role = looked_up(journeys.events.event, of_event)
    return np.minimum(role, looked_up(journeys.touchpoint, of_touchpoint)) if of_touchpoint else role


def looked_up(column: Codes, rank: Mapping[str, int]) -> Roles:
    """Per event: the role of its name."""
    return column.lookup(np.array([rank.get(n, NO_ROLE) for n in column.names], dtype=np.int8), NO_ROLE)


def text_at(batch: EventBatch, column: str, rows: npt.NDArray[np.int64]) -> Codes:
    """A text column at these rows; all missing where it was not read."""
    if column in batch.columns:
        return batch.text(column).take(rows)
    return Codes(np.full(len(rows), -1, dtype=np.int32), ())


def number_at(batch: EventBatch, column: str, rows: npt.NDArray[np.int64]) -> Numbers:
    """A number column at these rows; all missing where it was not read."""
    if column in batch.columns:
        return batch.number(column).take(rows)
    return Numbers(np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=bool))
