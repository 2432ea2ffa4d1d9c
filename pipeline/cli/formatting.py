"""One value as a person reads it: 12.5 %, 1 m 20 s, 31,076, and nothing that could move a cursor."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal

NOTHING = "\N{EN DASH}"
LAYOUT = "\n\t"

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SHARES = {
    *(
        "probability",
        "conversion",
        "ci_low",
        "ci_high",
        "share",
        "coverage",
        "rate",
        "goes_on",
        "friction",
        "reach",
        "unhappy",
    ),
    *("p_goal_good", "p_goal_bad", "conversion_with", "conversion_without", "effect", "goes_on_low", "goes_on_high"),
    *("rate_before", "rate_without", "difference", "mix", "rate_effect", "share_before", "contribution"),
}
_SHARE_ENDS = ("_rate", "_share", "_coverage", "_probability")
_SHARE_STARTS = ("step_", "friction_", "day_", "days_", "week_", "month_")
_LABEL_ENDS = ("_id", "_key", "_version")
_LABELS = {"line", "row", "year", "version", "step"}


def neutral(text: str, keep: str = "") -> str:
    """The text with control and direction-changing characters written out (\\x1b), so that a terminal obeys none."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else _written(ord(found[0])), text)


def _written(code: int) -> str:
    named = {9: "\\t", 10: "\\n", 13: "\\r"}
    return named.get(code) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def is_share(column: str) -> bool:
    """Whether a column of that name holds shares of 1."""
    return column in _SHARES or column.endswith(_SHARE_ENDS) or column.startswith(_SHARE_STARTS)


def is_seconds(column: str) -> bool:
    """Whether a column of that name holds seconds."""
    return column == "seconds" or column.endswith("_seconds")


def readable(column: str, value: object) -> str:
    """A value of `column` for a person. Null is a dash; text comes back unchanged but for control characters."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, Decimal)):
        return _number(column, value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, (dict, list)):
        return neutral(json.dumps(value, ensure_ascii=False, default=plain))
    return neutral(str(plain(value)))


def _number(column: str, value: int | float | Decimal) -> str:
    if is_seconds(column):
        return lasting(float(value))
    if is_share(column) and not isinstance(value, int):
        return f"{100 * value:.1f} %"
    if isinstance(value, int) and (column in _LABELS or column.endswith(_LABEL_ENDS)):
        return str(value)
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:.2g}"
    return f"{value:,}"


def lasting(seconds: float) -> str:
    """Seconds in the two largest units that tell something: 0.4 s, 12 s, 1 m 20 s, 3 h 5 m, 2 d 3 h."""
    if seconds < 0:
        return f"-{lasting(-seconds)}"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, length, part, small in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // small
            return f"{whole // length:,} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def instant(value: datetime) -> str:
    """ISO 8601 in UTC with Z, fractions only as far as they go; a naive instant is UTC already."""
    utc = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    text = utc.isoformat()
    return f"{text.rstrip('0') if utc.microsecond else text}Z"


def plain(value: object) -> object:
    """What JSON has no word for: instants and days as ISO text, decimals as numbers, durations as seconds."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    seconds = getattr(value, "total_seconds", None)
    return seconds() if seconds else str(value)
