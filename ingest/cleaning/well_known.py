"""Names of columns that a guess recognises; they are compared as `plain` writes them."""

from __future__ import annotations

import re

CERTAIN: dict[str, tuple[str, ...]] = {
    "event_at": ("event_at", "event_timestamp", "event_time", "event_datetime", "occurred_at"),
    "event": ("event", "event_name"),
    "customer_id": ("customer_id", "user_id", "client_id", "member_id", "person_id", "visitor_id", "distinct_id"),
}
"""Names that say what they are; spelled without case, spaces and joints by `plain`."""

LIKELY: dict[str, tuple[str, ...]] = {
    "event_at": ("timestamp", "created_at", "time", "ts", "datetime", "date_time", "invoice_date", "date"),
    "event": ("event_type", "action", "activity", "name", "type"),
    "customer_id": ("customer", "user", "uid"),
}
"""Names that are taken where no certain one is there."""

DAY_NAME, CLOCK_NAME = re.compile("(date|day)$"), re.compile("time$")
"""Columns that may hold the day, or the time of day, of a moment that is written in two."""

TIME_NAME = re.compile("(time|date|stamp|at)$")
"""Columns that may hold a time."""

ROW_IDS = ("insert_id", "uuid", "message_id", "event_id")
"""Names of what tells one event from another, the most telling first. A uuid can be a customer's as well."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "anonymous_id": ("anonymous_id", "device_id", "cookie_id", "user_pseudo_id"),
    "channel": ("channel",),
    "url": ("url", "page_url", "page_location", "current_url"),
    "referrer": ("referrer", "referer", "page_referrer"),
    "user_agent": ("user_agent",),
    "ip": ("ip", "ip_address", "client_ip"),
    "currency": ("currency", "currency_code"),
    "order_id": ("order_id", "transaction_id"),
    "item_id": ("item_id", "product_id", "sku", "stock_code"),
    "cart_id": ("cart_id",),
    "value": ("value", "revenue", "amount"),
    "quantity": ("quantity", "qty"),
    "price": ("price", "unit_price"),
}
"""What an event can do without."""

MONEY = ("value", "price")
FEW = 10
"""Rows below which different customers everywhere prove nothing; a uuid is doubted from UUID_ROWS on."""
UUID_ROWS = 3


def plain(name: str) -> str:
    """A column's name without case, white space, hyphens, underscores and a leading $: eventTime = Event-Time = event_time."""
    return re.sub(r"[\s_-]+", "", name).removeprefix("$").lower()
