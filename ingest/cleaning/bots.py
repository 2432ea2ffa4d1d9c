"""Who is no person: bots by their user agent or address, and requests for static files.

The user agent is judged by the crawlerdetect library, once per different user agent and never per row; [[bot]] entries of
journeys.toml likewise, once per different value. A row without a user agent is no bot for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pyarrow as pa

BOT_COLUMNS = ("user_agent", "ip")
"""What a [[bot]] entry may speak of."""

STATIC_SUFFIXES = (
    "css",
    "js",
    "mjs",
    "map",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "ico",
    "svg",
    "webp",
    "avif",
    "bmp",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
)
STATIC_NAMES = ("robots.txt", "favicon")
"""Requests that a page causes, or a machine: no touch of a customer's. Documents, feeds and downloads are none of them."""

STATIC_PATTERN = rf"(?i)^[^?#]*(\.({'|'.join(STATIC_SUFFIXES)})|/robots\.txt|/favicon[^/?#]*)([?#]|$)"
"""Of a URL or a path, whatever its query or fragment."""

VERDICTS = pa.schema([("rule", pa.int64()), ("column", pa.string()), ("value", pa.string()), ("name", pa.string())])
"""One row is one value of `column` that rule number `rule` matches; rule 0 is the library, whose word for it is `name`."""


@dataclass(frozen=True, kw_only=True)
class BotRules:
    """`judged`: ask the library, where a source maps user_agent. `entries`: globs (or a network for ip) by column."""

    judged: bool = True
    entries: tuple[Mapping[str, Sequence[str]], ...] = ()

    def asked(self, mapped: Iterable[str]) -> list[tuple[int, Mapping[str, Sequence[str]]]]:
        """(number, entry) of the rules that a source with these columns can answer; 0 is the library."""
        known = set(mapped)
        library: list[tuple[int, Mapping[str, Sequence[str]]]] = [(0, {"user_agent": ()})] if self.judged else []
        return [r for r in library + list(enumerate(self.entries, 1)) if set(r[1]) <= known]


def crawler_names(user_agents: Iterable[str]) -> dict[str, str]:
    """User agent -> the part of it that gives the bot away; people's browsers are left out."""
    from crawlerdetect import CrawlerDetect

    detect = CrawlerDetect()
    return {agent: detect.get_matches() or "" for agent in user_agents if agent.strip() and detect.is_crawler(agent)}


def verdicts(rules: BotRules, values: Mapping[str, Sequence[str]]) -> pa.Table:
    """VERDICTS of all rules over the different values of each column (those that are there)."""
    rows: list[tuple[int, str, str, str]] = []
    for number, entry in rules.asked(values):
        if number == 0:
            rows += [(0, "user_agent", agent, name) for agent, name in crawler_names(values["user_agent"]).items()]
            continue
        for column, patterns in entry.items():
            fits = [p for p in patterns if column != "ip" or "/" not in p]  # an ip with a slash is a network
            networks = [ip_network(p, strict=False) for p in patterns if p not in fits]
            rows += [
                (number, column, v, f"[[bot]] {number}")
                for v in values[column]
                if any(fnmatchcase(v, p) for p in fits) or within(v, networks)
            ]
    columns = list(zip(*rows, strict=True)) or [()] * len(VERDICTS)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, VERDICTS, strict=True)], schema=VERDICTS)


def within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Is it an address of one of the networks? What is no address is in none."""
    if not networks:
        return False
    try:
        address_in = ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    address_in = getattr(address_in, "ipv4_mapped", None) or address_in
    return any(address_in in n for n in networks)
