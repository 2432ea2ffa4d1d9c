"""channel = "auto": the channel that the address of a page, and the one before it, tell.

Medium and source are the utm parameters of the address, the source else the host of the referrer. A referrer of the page's own
host, and one where people only pay, begins nothing. What came by nothing of this has no channel: it is direct.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ingest.cleaning.refining import Refinement, refined


@dataclass(frozen=True, kw_only=True)
class ChannelRule:
    """A channel where everything that is given holds."""

    name: str
    medium: tuple[str, ...] = ()  # globs
    source: tuple[str, ...] = ()  # words or hosts: google is google.de, too
    click_id: tuple[str, ...] = ()  # parameters of the address


@dataclass(frozen=True, kw_only=True)
class ChannelRules:
    """The rules in their order, what a referrer is that none names, and whose pages begin nothing."""

    rules: tuple[ChannelRule, ...]
    referral: str
    payment: tuple[str, ...]


@cache
def default_rules() -> ChannelRules:
    """Those of channels.toml."""
    said = tomllib.loads((files("ingest.cleaning") / "channels.toml").read_text(encoding="utf-8"))
    lists: dict[str, list[str]] = said["sources"]

    def rule(entry: dict[str, Any]) -> ChannelRule:
        return ChannelRule(
            name=entry["name"],
            medium=tuple(entry.get("medium", ())),
            source=tuple(lists[entry["source"]] if "source" in entry else ()),
            click_id=tuple(entry.get("click_id", ())),
        )

    return ChannelRules(
        rules=tuple(map(rule, said["channel"])), referral=said["referral"], payment=tuple(said["payment"])
    )


def channel_sql(url: str, referrer: str, rules: ChannelRules, bind: Callable[[str], str]) -> str:
    """SQL of the channel of a row, from the SQL of its address and of its referrer."""

    def part(text: str, how: Refinement) -> str:
        return refined(text, how, lambda _: None, bind)

    host = part(referrer, Refinement(host=True))
    own = part(url, Refinement(host=True))
    pays = f"regexp_matches(r, {bind(words(rules.payment))})"
    foreign = f"case when not (coalesce(r = o or ends_with(r, '.' || o) or ends_with(o, '.' || r), false) or {pays}) then r end"
    cases = " ".join(f"when {condition(rule, bind)} then {bind(rule.name)}" for rule in rules.rules)
    facts = (
        f"select {url} as u, {host} as r, {own} as o, lower({part(url, Refinement(query='utm_medium'))}) as m, "
        f"lower({part(url, Refinement(query='utm_source'))}) as c"
    )
    found = f"case {cases} when s is not null then {bind(rules.referral)} end"
    return f"(select {found} from (select u, m, coalesce(c, {foreign}) as s from ({facts})))"


def condition(rule: ChannelRule, bind: Callable[[str], str]) -> str:
    """SQL: does a rule hold, for the medium m, the source s and the address u?"""
    tests = []
    if rule.medium:
        tests.append("(" + " or ".join(f"m glob {bind(glob)}" for glob in rule.medium) + ")")
    if rule.source:
        tests.append(f"regexp_matches(s, {bind(words(rule.source))})")
    if rule.click_id:
        names = "|".join(map(re.escape, rule.click_id))
        tests.append(f"regexp_matches(u, {bind(f'[?&]({names})=[^&#]')})")
    return " and ".join(tests)


def words(names: tuple[str, ...]) -> str:
    """A pattern of a source that is one of these, or a host with one of them as a part between dots."""
    return rf"(^|\.)({'|'.join(map(re.escape, names))})(\.|$)"
