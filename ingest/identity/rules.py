"""IdentityRules: which ids count, what an anonymous id belongs to, and whose an event with an anonymous id alone is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from hashlib import sha256

from ingest.errors import ConfigError, did_you_mean

SHARED_DEVICE = ("previous", "next", "last", "separate", "off")
"""How an id that several customers used is told apart; SEMANTICS of each: docs/definitions.md, Identity."""

BLOCKED = ("/[0-]+/", "-1", "null", "none", "nan", "undefined", "unknown", "anonymous", "guest", "n/a")
"""Ids that are none, in any case; one between slashes is a regular expression that must match the whole id."""


@dataclass(frozen=True, kw_only=True)
class IdentityRules:
    """Frozen rules of stitching. Raises ConfigError for what makes no sense."""

    shared_device: str = "previous"  # of SHARED_DEVICE
    stitch_lookback: timedelta = timedelta(
        days=30
    )  # so long before the first link an event is still the customer's, closed
    blocked: tuple[str, ...] = BLOCKED
    max_owners: int = 20  # an anonymous id with more customers links nobody
    spaces: Mapping[str, str] = field(default_factory=dict)  # source -> id_space, where it is not the source's own
    aliases: Mapping[str, str] = field(default_factory=dict)  # alias id -> customer id, chains already followed

    def __post_init__(self) -> None:
        if self.shared_device not in SHARED_DEVICE:
            raise ConfigError(
                f'shared_device is one of {", ".join(SHARED_DEVICE)}, not "{self.shared_device}".'
                + did_you_mean(self.shared_device, SHARED_DEVICE)
            )
        if self.stitch_lookback < timedelta(0):
            raise ConfigError("stitch_lookback cannot be negative.")
        if self.max_owners < 1:
            raise ConfigError("max_owners must be at least 1.")
        for entry in self.blocked:
            if is_pattern(entry):
                try:
                    re.compile(entry[1:-1])
                except re.error as error:
                    raise ConfigError(f"blocked: {entry} is not a regular expression: {error}.") from error

    def space(self, source: str) -> str:
        """The space that the anonymous ids of a source live in: its own, unless it shares one."""
        return self.spaces.get(source, source)

    @cached_property
    def digest(self) -> str:
        """Tells other rules for who owns what; aliases apart, for they change every day."""
        told = [
            self.shared_device,
            self.stitch_lookback.total_seconds(),
            sorted(self.blocked),
            self.max_owners,
            sorted((k, v) for k, v in self.spaces.items() if k != v),
        ]
        return sha256(json.dumps(told).encode()).hexdigest()[:16]

    @cached_property
    def alias_digest(self) -> str:
        """Tells other aliases."""
        return sha256(json.dumps(sorted(self.aliases.items())).encode()).hexdigest()[:16] if self.aliases else ""


class Circle(ConfigError):
    """Aliases that stand for each other; `aliases` are those of the circle."""

    def __init__(self, circle: Sequence[str]) -> None:
        super().__init__(f"aliases form a circle: {' -> '.join(circle)}. One of them must be the customer.")
        self.aliases = tuple(circle[:-1])


def is_pattern(entry: str) -> bool:
    """Is it a regular expression between slashes?"""
    return len(entry) > 2 and entry.startswith("/") and entry.endswith("/")


def resolved(pairs: Mapping[str, str]) -> dict[str, str]:
    """Alias -> the customer at the end of its chain; raises ConfigError for a circle, which it shows."""
    done: dict[str, str] = {}
    for alias in pairs:
        chain = [alias]
        while (target := chain[-1]) in pairs and target not in done:
            if pairs[target] in chain:
                circle = [*chain[chain.index(pairs[target]) :], pairs[target]]
                raise Circle(circle)
            chain.append(pairs[target])
        end = done.get(chain[-1], chain[-1])
        done |= dict.fromkeys(chain[:-1], end) if len(chain) > 1 else {}
    return {alias: end for alias, end in done.items() if alias != end}
