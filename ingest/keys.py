"""customer_key in Python: the same as the macros `customer_key_of(who_of(...))` in sql/macros.sql."""

from __future__ import annotations

from hashlib import md5


def customer_key(*, customer_id: str | None = None, anonymous_id: str | None = None) -> int:
    """The key of a customer, as `schema.KEY_HASH` defines it: the known id, else the anonymous one.

    Ids are text exactly as recorded. Raises ValueError where neither is given.
    """
    if customer_id is None and anonymous_id is None:
        raise ValueError("a customer has an id of one kind at least.")
    text = f"c:{customer_id}" if customer_id is not None else f"a:{anonymous_id}"
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[8:], "little") >> 1
