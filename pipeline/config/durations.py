"""Durations as people write them: "30m", "7d", "1h30m", "500ms"."""

from __future__ import annotations

import re
from datetime import timedelta

from ingest.errors import ConfigError

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_PART = re.compile(r"\s*(\d+)\s*(ms|[wdhms])")
_MENDED = 'Write a number and a unit, such as "30m", "1h30m", "7d", "45s", "500ms" or "2w".'


def parse_duration(value: object) -> timedelta:
    """The timedelta that a text such as "1h30m" means; units go from large to small, none twice.

    0 and "0" need no unit. Any other bare number raises ConfigError, as does anything else that is no duration.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, bool) and value in (0, "0"):
        return timedelta(0)
    text = str(value).strip()
    if re.fullmatch(r"-?\d+(\.\d+)?", text) and not isinstance(value, bool):
        raise ConfigError(f"{text} has no unit. {_MENDED}")
    parts = _PART.findall(text)
    order = [list(_UNITS).index(unit) for _, unit in parts]
    if not parts or _PART.sub("", text).strip() or order != sorted(set(order)):
        raise ConfigError(f'"{text}" is not a duration. {_MENDED}')
    try:
        return sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta(0))
    except OverflowError:
        raise ConfigError(f'"{text}" is longer than any calendar. {_MENDED}') from None


def format_duration(value: timedelta) -> str:
    """The shortest canonical text that `parse_duration` reads back, days the largest unit: "1h30m", "7d", "0"."""
    rest, text = value, ""
    for unit, length in list(_UNITS.items())[1:]:
        count, rest = divmod(rest, length)
        text += f"{count}{unit}" if count else ""
    return text or "0"
