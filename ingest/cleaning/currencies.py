"""Which currency an amount is in: the row's currency column, else the sign or code beside the digits, else the declared one.

An amount in another currency than the declared one is quarantined, or converted where a rate holds on its day (`Rates`).
A sign may stand for several currencies ($ for every dollar and peso): it stands for the declared one if it can, else for
the one of those that there are rates for, else for none that is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingest.errors import ConfigError

MINOR_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
"""ISO 4217 minor digits where they are not 2."""

_DOLLARS = (
    "USD CAD AUD NZD MXN SGD HKD TWD BRL ARS CLP COP UYU BBD BMD BND BSD BZD CVE DOP FJD GYD JMD KYD LRD NAD NIO SBD SRD TTD "
    "XCD"
)
SIGNS = {
    "€": "EUR",
    "£": "GBP EGP FKP GIP LBP SHP SSP SYP SDG",
    "¥": "JPY CNY",
    "\uffe5": "JPY CNY",
    "₹": "INR",
    "₩": "KRW KPW",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "₫": "VND",
    "₱": "PHP CUP",
    "₦": "NGN",
    "฿": "THB",
    "₸": "KZT",
    "₾": "GEL",
    "₼": "AZN",
    "₡": "CRC",
    "₲": "PYG",
    "₭": "LAK",
    "₮": "MNT",
    "₵": "GHS",
    "៛": "KHR",
    "৳": "BDT",
    "֏": "AMD",
    "؋": "AFN",
    "﷼": "IRR OMR QAR SAR YER",
    "₨": "PKR INR LKR NPR MUR SCR",
    "$": _DOLLARS,
    "\uff04": _DOLLARS,
    "US$": "USD",
    "U$": "USD",
    "CA$": "CAD",
    "CAD$": "CAD",
    "C$": "CAD NIO",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "SG$": "SGD",
    "NT$": "TWD",
    "MX$": "MXN",
    "R$": "BRL",
    "CN¥": "CNY",
    "JP¥": "JPY",
    "kr": "SEK NOK DKK ISK",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "Fr": "CHF XAF XOF XPF DJF GNF KMF BIF RWF",
    "Rs": "INR PKR LKR NPR MUR SCR",
}
"""Signs and words of money, and the currencies that may be written with them."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """From `since` on (a day of the project; None = always) one unit of `currency` is `rate` units of the declared one."""

    currency: str
    rate: Decimal
    since: date | None = None


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What amounts of other currencies are converted by: of a currency's rates the newest one on or before the event's day."""

    table: tuple[Rate, ...] = ()
    timezone: str = "UTC"  # of the days

    def __post_init__(self) -> None:
        known = dict[tuple[str, date | None], Decimal]()
        for one in self.table:
            if known.setdefault((one.currency, one.since), one.rate) != one.rate:
                day = f" of {one.since}" if one.since else ""
                raise ConfigError(
                    f"[[rates]]: two rates of {one.currency}{day}: {known[one.currency, one.since]} and {one.rate}."
                )

    @property
    def currencies(self) -> frozenset[str]:
        """Those that there is a rate for."""
        return frozenset(one.currency for one in self.table)

    def spans(self) -> list[tuple[str, date, date, Decimal]]:
        """(currency, first day, day behind the last one, rate), each day of a currency once."""
        spans = []
        for currency in sorted(self.currencies):
            of = sorted((r.since or date.min, r.rate) for r in self.table if r.currency == currency)
            ends = [since for since, _ in of[1:]] + [date.max]
            spans += [(currency, since, end, rate) for (since, rate), end in zip(of, ends, strict=True)]
        return spans


def marks_of(currency: str) -> list[str]:
    """The signs and words that this currency may be written with, and its code."""
    return [currency, *(sign for sign, codes in SIGNS.items() if currency in codes.split())]


def readings_of_marks(declared: str, rated: Iterable[str]) -> dict[str, str]:
    """Mark -> the currency it is read as, where that is known."""
    rated = frozenset(rated)
    known = {code: code for code in (*rated, declared)}
    for sign, codes in SIGNS.items():
        possible = {declared} & set(codes.split()) or rated & set(codes.split())
        if len(possible) == 1:
            known[sign] = min(possible)
    return known


def told_apart(seen: Iterable[str]) -> list[str]:
    """Codes and signs without the signs that can stand for one of the codes; a sign of one currency alone is its code."""
    codes = {SIGNS[s] if len(SIGNS.get(s, "").split()) == 1 else s for s in seen}
    return sorted(c for c in codes if not (set(SIGNS.get(c, "").split()) & codes))
