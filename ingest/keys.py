"""customer_key in Python: the same as the macros of sql/macros.sql."""

from __future__ import annotations

from hashlib import md5


def known_text(customer_id: str) -> str:
    """What of a known customer is hashed."""
    return f"c:{customer_id}"


def anonymous_text(anonymous_id: str, space: str) -> str:
    """What of an anonymous id is hashed: with the space that it lives in, told by its length so that no two of them meet."""
    return f"{anonymous_prefix(space)}{anonymous_id}"


def anonymous_prefix(space: str) -> str:
    """The part of it that all ids of a space share."""
    return f"a:{len(space)}:{space}:"


def key_of(text: str) -> int:
    """The key of one of these texts, as `schema.KEY_HASH` defines it."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[8:], "little") >> 1


def customer_key(*, customer_id: str | None = None, anonymous_id: str | None = None, space: str = "events") -> int:
    """The key of a customer as recorded: of the known id, else of the anonymous one in its space (a source's name, unless
    sources share an id_space).

    Ids are text exactly as recorded. Raises ValueError where neither is given.
    """
    if customer_id is not None:
        return key_of(known_text(customer_id))
    if anonymous_id is None:
        raise ValueError("a customer has an id of one kind at least.")
    return key_of(anonymous_text(anonymous_id, space))
