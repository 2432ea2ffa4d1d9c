"""How numbers, times and names are said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reports import formatting as words
from tests.reports.shop import LONG, MAIL

NNB = "\u202f"


@pytest.mark.parametrize(
    "found, expected",
    [
        (words.number(1204), "1,204"),
        (words.number(None), "\u2013"),
        (words.share(0.3421), f"34.2{NNB}%"),
        (words.signed(0.051), f"+5.1{NNB}points"),
        (words.signed(-0.051, ""), "\u22125.1"),
        (words.signed(0.0001, ""), "0.0"),
        (words.points_interval(-0.01, 0.02), "\u22121.0 to +2.0"),
        (words.interval(0.316, 0.369), f"31.6 to 36.9{NNB}%"),
        (words.about(117.86), "118"),
        (words.about(6.76), "6.8"),
        (words.counted(1, "row"), "1 row"),
        (words.duration(389), f"6{NNB}m 29{NNB}s"),
        (words.duration(187_200), f"2{NNB}d 4{NNB}h"),
        (words.duration(86_460), f"1{NNB}d"),
        (words.duration(0.2), f"< 1{NNB}s"),
        (words.duration(0), f"0{NNB}s"),
        (words.span_text(timedelta(days=7)), "7 days"),
        (words.span_text(timedelta(minutes=90)), "90 minutes"),
        (words.short_money(18_600, "EUR"), f"18.6{NNB}k{NNB}EUR"),
        (words.short_money(2_400_000, None), f"2.4{NNB}M"),
        (words.short_money(950, "EUR"), f"950{NNB}EUR"),
    ],
)
def test_numbers_are_said_with_their_unit(found: str, expected: str) -> None:
    assert found == expected


def test_a_period_is_said_with_both_its_days_on_the_calendar_of_the_zone() -> None:
    since, until = 1_717_279_200_000_000, 1_719_698_400_000_000  # 2024-06-02 and 2024-06-30, 00:00 in Berlin
    assert words.days(since, until, "Europe/Berlin") == "2\u00a0Jun to 29\u00a0Jun\u00a02024"
    assert words.days(until - 86_400_000_000, until, "Europe/Berlin") == "29\u00a0Jun\u00a02024"
    assert words.instant(until, "Europe/Berlin") == "30\u00a0Jun\u00a02024, 00:00"


@pytest.mark.parametrize(
    "name, expected",
    [
        ("plain", "plain"),
        ("two\nlines", "two \u23ce lines"),
        ("\x1b[31m\u202eevil", "\\u001b[31m\\u202eevil"),
        (MAIL, "mail of (e-mail)"),
        ("/u/anna%40shop.example/x", "/u/(e-mail)/x"),
        ("", "(empty)"),
        (LONG, "x" * 79 + "\u2026"),
    ],
)
def test_a_name_is_inert(name: str, expected: str) -> None:
    assert words.plain(name) == expected


def test_a_name_in_a_sentence_keeps_its_direction_to_itself() -> None:
    assert words.named("<b>") == "<bdi>&lt;b&gt;</bdi>"
