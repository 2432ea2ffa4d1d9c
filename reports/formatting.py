"""Numbers, times and names as the page says them. Names come from the data: they are shown, never obeyed.

NARROW (U+202F) keeps a number and its unit on one line; a minus is U+2212.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

NARROW = "\u202f"
MINUS = "\u2212"
NOTHING = "\u2013"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 80

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_MAIL = re.compile(r"[^\s/?&=;,<>\"'()\[\]]+(?:@|%40)[^\s/?&=;,<>\"'()\[\]]+\.\w+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def plain(name: object, longest: int = LONGEST) -> str:
    """A name as inert text: no control or direction-changing characters, no e-mail address, at most so many letters."""
    text = _MAIL.sub("(e-mail)", str(name)[: 20 * LONGEST])
    text = _UNSEEN.sub(_written, text).strip() or "(empty)"
    return text if len(text) <= longest else text[: longest - 1] + "\u2026"


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return {9: " ", 10: " \u23ce ", 13: ""}.get(code, f"\\u{code:04x}")


def named(name: object, longest: int = LONGEST) -> Markup:
    """A name inside a sentence, its direction kept to itself."""
    return Markup("<bdi>{}</bdi>").format(plain(name, longest))


def number(value: float | None) -> str:
    """1,204; a dash for nothing."""
    return NOTHING if value is None else f"{value:,.0f}".replace("-", MINUS)


def counted(n: int, noun: str) -> str:
    """1 session, 2 sessions."""
    return f"{number(n)} {noun}" + ("" if n == 1 else "s")


def about(value: float | None) -> str:
    """An estimate: whole from 10 upwards, else one decimal."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}"


def share(value: float | None, digits: int = 1) -> str:
    """0.342 as 34.2 %."""
    return NOTHING if value is None else f"{100 * value:.{digits}f}{NARROW}%"


def signed(value: float | None, unit: str = "points") -> str:
    """A difference of two rates: 0.051 as +5.1 points."""
    if value is None:
        return NOTHING
    text = f"{abs(100 * value):.1f}"
    sign = "" if text == "0.0" else "+" if value > 0 else MINUS
    return f"{sign}{text}" + (f"{NARROW}{unit}" if unit else "")


def interval(low: float | None, high: float | None) -> str:
    """Bounds of a rate in percent: 31.6 to 36.9 %."""
    return NOTHING if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}{NARROW}%"


def points_interval(low: float | None, high: float | None) -> str:
    """Bounds of a difference: +2.3 to +7.9."""
    return NOTHING if low is None or high is None else f"{signed(low, '')} to {signed(high, '')}"


def duration(seconds: float | None) -> str:
    """The two largest units: 6 m 29 s, 2 d 4 h."""
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return f"0{NARROW}s" if not seconds else f"< 1{NARROW}s"
    rest = round(seconds)
    parts: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        n, rest = divmod(rest, size)
        if n or parts:
            parts.append((n, unit))
    return " ".join(f"{n}{NARROW}{unit}" for n, unit in parts[:2] if n)


def span_text(value: timedelta) -> str:
    """A rule's duration: 7 days, 30 minutes."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        n, rest = divmod(int(value.total_seconds()), size)
        if n and not rest:
            return f"{n} {unit}" + ("s" if n > 1 else "")
    return str(value)


def money(value: float | None, currency: str | None, digits: int = 0) -> str:
    """18,600 EUR; without a declared currency the number alone."""
    if value is None:
        return NOTHING
    return f"{value:,.{digits}f}".replace("-", MINUS) + (f"{NARROW}{plain(currency)}" if currency else "")


def short_money(value: float | None, currency: str | None) -> str:
    """18.6 k EUR."""
    if value is None:
        return NOTHING
    for size, unit in ((1_000_000, "M"), (10_000, "k")):
        if abs(value) >= size:
            scaled = value / (1_000 if unit == "k" else 1_000_000)
            return f"{scaled:,.1f}{NARROW}{unit}" + (f"{NARROW}{plain(currency)}" if currency else "")
    return money(value, currency)


def local(at: int, timezone: str) -> datetime:
    """Microseconds UTC on the zone's clock."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(timezone))


def day(at: int, timezone: str) -> date:
    """The day of an instant on the zone's calendar."""
    return local(at, timezone).date()


def spoken_day(value: date, year: bool = True) -> str:
    """2 Jun 2024, whatever the locale."""
    return f"{value.day}\u00a0{_MONTHS[value.month - 1]}" + (f"\u00a0{value.year}" if year else "")


def days(since: int, until: int, timezone: str) -> str:
    """2 Jun to 29 Jun 2024: both days belong to the period."""
    first, last = day(since, timezone), day(until - 1, timezone)
    if first == last:
        return spoken_day(last)
    return f"{spoken_day(first, first.year != last.year)} to {spoken_day(last)}"


def instant(at: int, timezone: str) -> str:
    """30 Jun 2024, 00:00."""
    moment = local(at, timezone)
    return f"{spoken_day(moment.date())}, {moment:%H:%M}"
