"""Orders whose rows lie on both sides of an instant.

Rows of one order may lie any time apart, so this alone is asked of the whole history: of one column that is empty in all
rows but those of orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from ingest.array_types import Ints
from ingest.scan.extra_columns import footer_of
from ingest.store.spans import SpanFile


def split_orders(old: Sequence[SpanFile], recent: Sequence[SpanFile], at: int) -> Ints:
    """Keys of their customers, ascending. `at` in microseconds UTC; a file may be among both."""
    recent = [f for f in recent if has_orders(f)]
    old = [f for f in old if has_orders(f)] if recent else []
    if not old:
        return np.zeros(0, dtype=np.int64)
    from ingest.database import Database, load_sql  # few stores have orders that lie so far apart

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    files = {"old": [str(f.path) for f in old], "recent": [str(f.path) for f in recent], "at": moment}
    with Database() as db:
        rows = db.query(load_sql("ingest", "split_orders"), files)
    return np.asarray(rows["customer_key"]).astype(np.int64)


def has_orders(file: SpanFile) -> bool:
    """May a row of it have an order_id, as far as its statistics tell?"""
    return "order_id" in footer_of(file.path).filled
