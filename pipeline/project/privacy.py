"""[project] privacy = "strict": no question is about single people, by whatever column or condition."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from ingest.errors import ConfigError
from reports.content.least import LEAST

PERSONAL = frozenset(
    {"customer_id", "anonymous_id", "owner_id", "event_id", "order_id", "cart_id", "session_id", "ip", "user_agent"}
)
"""Columns whose values are single people, or close to it."""


def refuse_personal(columns: Iterable[str]) -> None:
    """Raise ConfigError where a condition or a breakdown names a personal column."""
    named = sorted(PERSONAL.intersection(c.removeprefix("properties.") for c in columns))
    if named:
        raise ConfigError(
            f'[project] privacy = "strict": no question is asked by {named[0]}, whose values are single people.'
        )


def refuse_few(summary: pa.Table) -> None:
    """Raise ConfigError for a question about somebody, but about fewer than LEAST customers."""
    if 0 < summary["customers"][0].as_py() < LEAST:
        raise ConfigError(
            f'[project] privacy = "strict": fewer than {LEAST} customers are behind this question, so it is not answered. '
            "Ask about a longer period, or about more of them."
        )
