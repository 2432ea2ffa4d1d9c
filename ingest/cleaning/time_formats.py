"""How a time may be said to be written: strptime formats, seconds since 1970, days of a spreadsheet.

`check` is what journeys.toml and --time-format ask, so nothing heavy is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ingest.errors import ConfigError, did_you_mean

EPOCH_UNITS = {"epoch_s": "s", "epoch_ms": "ms", "epoch_us": "us", "epoch_ns": "ns", "%s": "s"}
"""Formats that are numbers since 1970, and their unit."""

EXCEL = "excel"
"""Serial days of a spreadsheet: 45356.5 is 2024-03-05 12:00, in the source's time zone."""

WORDS = ("epoch_s", "epoch_ms", "epoch_us", "epoch_ns", EXCEL)

_SAME = {"%e": "%d", "%k": "%H", "%l": "%I", "%F": "%Y-%m-%d", "%R": "%H:%M", "%D": "%m/%d/%y", "%n": "%f", "%g": "%f"}
"""What other tools write, in the directives that DuckDB reads."""

_DIGITS = "dfjmuwyGHIMSUVWY"
_NAMES = "abhpAB"
_WHOLE = {"%c": r"\d+-\d+-\d+ \d+:\d+:\d+", "%x": r"\d+-\d+-\d+", "%X": r"\d+:\d+:\d+", "%T": r"\d+:\d+:\d+"}
_PATTERNS: Mapping[str, str] = {
    **{f"%{d}": r"\d+" for d in _DIGITS},
    **{f"%-{d}": r"\d+" for d in "djmyHIMS"},
    **{f"%{d}": r"\pL+" for d in _NAMES},
    **_WHOLE,
    "%z": r"[+-]\d+:?\d*",
    "%Z": r"[A-Za-z][A-Za-z0-9_+/-]*",
    "%%": "%",
}
"""Directive -> a regular expression (RE2) of what it stands for."""


def check(formats: Sequence[str]) -> None:
    """Raise ConfigError, in one line, for what is no format of a time."""
    for text in formats:
        if "%" not in text and text not in WORDS:
            raise ConfigError(
                f'there is no time format "{text}".{did_you_mean(text, WORDS)} Formats: directives such as '
                f'"%d.%m.%Y %H:%M", or {", ".join(WORDS)}.'
            )
        if text in EPOCH_UNITS:
            continue
        for directive in directives(text):
            if directive not in _PATTERNS and directive not in _SAME:
                raise ConfigError(f'in the time format "{text}" {_what(directive)}')


def _what(directive: str) -> str:
    if directive == "%":
        return "a % stands alone; a directive is % and a letter, such as %Y, and %% is a percent sign."
    if directive == "%s":
        return "%s (seconds since 1970) goes with nothing else; for such a column the whole format is %s."
    return f"{directive} is not a directive. Known: %Y %m %d %H %M %S %f %b %p %z %Z and others of strptime."


def directives(text: str) -> list[str]:
    """The directives of a format: %Y, %-d, and a lone % as it is."""
    return re.findall(r"%-?[A-Za-z%]|%", text)


def pieces(text: str) -> list[str]:
    """A strptime format as directives and the literal texts between them, in DuckDB's words."""
    spoken = re.sub(r"%-?[A-Za-z%]", lambda found: _SAME.get(found[0], found[0]), text)
    return [p for p in re.split(r"(%-?[A-Za-z%])", spoken) if p]


def literal_zone(text: str, zones: Mapping[str, str]) -> str | None:
    """The zone that a format's last letters name, as +HH:MM or Region/City: 'Z' of %SZ counts; None if none does.

    `zones` is what the source says of abbreviations.
    """
    last = pieces(text)[-1].strip()
    if last.startswith("%"):
        return None
    if re.fullmatch(r"[+-]\d\d:?\d\d", last):
        return last
    return zones.get(last.upper(), "+00:00" if last.upper() in ("Z", "UTC", "GMT") else None)


def around_zone(text: str) -> tuple[str, str] | None:
    """(a regular expression with what is before %Z, %Z itself and what is behind as its groups, the format without %Z)."""
    parts = pieces(text)
    if "%Z" not in parts:
        return None
    at = parts.index("%Z")
    before, behind = parts[:at], parts[at + 1 :]
    return f"^({_regex(before)})({_PATTERNS['%Z']})({_regex(behind)})$", "".join(before + behind)


def _regex(parts: Sequence[str]) -> str:
    return "".join(_PATTERNS.get(p) or re.sub(r"\s+", r"\\s*", re.escape(p).replace("\\ ", " ")) for p in parts)
