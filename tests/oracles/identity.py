"""Owners in plain Python: whose each row is, from all rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

Place = tuple[datetime, str, int]


class Row(NamedTuple):
    place: Place  # event_at, input, row
    customer: str | None
    device: str | None


def owners(
    rows: Sequence[Row],
    shared_device: str,
    lookback: timedelta,
    max_owners: int = 20,
    aliases: Mapping[str, str] | None = None,
) -> list[str | None]:
    """The known customer of each row; None: nobody."""
    names = aliases or {}
    links: dict[str, list[tuple[Place, str]]] = {}
    for row in rows:
        if row.customer is not None and row.device is not None:
            links.setdefault(row.device, []).append((row.place, names.get(row.customer, row.customer)))
    found = []
    for row in rows:
        if row.customer is not None:
            found.append(names.get(row.customer, row.customer))
        else:
            told = sorted(links.get(row.device or "", []))
            usable = 0 < len({c for _, c in told}) <= max_owners
            found.append(owner(row.place, told, shared_device, lookback) if usable else None)
    return found


def owner(place: Place, links: Sequence[tuple[Place, str]], rule: str, lookback: timedelta) -> str | None:
    before = [c for p, c in links if p <= place]
    near = links[0][0][0] - place[0] <= lookback
    if rule == "off" or (rule == "separate" and len({c for _, c in links}) > 1):
        return None
    if rule in ("previous", "separate"):
        return before[-1] if before else links[0][1] if near else None
    if rule == "last":
        return links[-1][1] if before or near else None
    after = [(p, c) for p, c in links if p >= place]
    if after and after[0][0][0] - place[0] <= lookback:
        return after[0][1]
    return before[-1] if before else None
