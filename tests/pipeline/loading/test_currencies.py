"""Money of several currencies: converted by rates, quarantined, or no money at all; never added up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cleaning.currencies import MINOR_DIGITS, SIGNS, Rate, Rates, told_apart
from ingest.errors import ConfigError
from tests.cases import cases
from tests.desk import Desk
from tests.filling import Filling

EUR = '[project]\ncurrency = "EUR"\n'
SOURCE = '[[source]]\nname = "shop"\npath = "in/*"\ncolumns = { customer_id = "u", event_at = "t", event = "e", value = "v"%s }\n'
WITH_COLUMN = SOURCE % ', currency = "c"'
ALONE = SOURCE % ""


def load(desk: Desk, toml: str, *rows: str) -> dict[str, int | None]:
    """Customer -> value in minor units, of the rows "customer,day,value,currency" that were accepted."""
    desk.file("journeys.toml", toml)
    told = [[u, f"2026-01-{day}T10:00:00Z", "purchase", *rest] for u, day, *rest in (row.split(",") for row in rows)]
    desk.file("in/1.csv", "u,t,e,v,c\n" + "".join(",".join(row) + "\n" for row in told))
    assert desk.call("ingest").exit_code == 0
    return dict(desk.sql("customer_id, value", "1"))


def quarantined(desk: Desk) -> dict[str, int]:
    return {r["reason"]: r["rows"] for r in desk.rows("quarantine")}


def several_currencies(desk: Desk) -> bool:
    """Does an answer say that amounts of several currencies are not added up?"""
    return "not added up" in desk.call("attribution").stderr


def test_rows_in_another_currency_are_converted_by_the_rate_of_their_day(desk):
    desk.file("rates.csv", "currency,date,rate\nGBP,2026-01-02,1.15\nGBP,2026-01-04,1.20\n")
    toml = EUR + '[[rates]]\npath = "rates.csv"\n[[rates]]\ncurrency = "USD"\nrate = 0.925\n' + WITH_COLUMN
    rows = ["a,01,10.00,EUR", "b,01,10.01,USD", "c,01,10.00,GBP", "d,02,10.00,gbp", "e,03,10.00,GBP", "f,09,10.00,GBP"]
    assert load(desk, toml, *rows, "g,09,10.00,CHF") == {"a": 1000, "b": 926, "d": 1150, "e": 1150, "f": 1200}
    assert quarantined(desk) == {"unknown_currency": 2}  # the pound before its first rate, the franc without one
    assert desk.sql("customer_id, currency, json_extract_string(properties, 'c')", "1")[1:3] == [
        ("b", "EUR", "USD"),
        ("d", "EUR", "gbp"),
    ]
    assert not several_currencies(desk)


def test_the_day_of_a_rate_is_the_projects(desk):
    zone = '[project]\ncurrency = "EUR"\ntimezone = "America/New_York"\n'
    rates = '[[rates]]\ncurrency = "USD"\nrate = 0.5\nsince = 2026-01-01\n[[rates]]\ncurrency = "USD"\nrate = 2\nsince = 2026-01-02\n'
    desk.file("journeys.toml", zone + rates + WITH_COLUMN)
    desk.file("in/1.csv", "u,t,e,v,c\na,2026-01-02T04:59:59Z,purchase,1,USD\nb,2026-01-02T05:00:00Z,purchase,1,USD\n")
    assert desk.call("ingest").exit_code == 0
    assert desk.sql("customer_id, value", "1") == [("a", 50), ("b", 200)]


def test_signs_and_codes_beside_an_amount_are_converted_too(desk):
    rates = '[[rates]]\ncurrency = "USD"\nrate = "0,9"\n[[rates]]\ncurrency = "SEK"\nrate = 0.1\n'.replace("0,9", "0.9")
    rows = ["a,01,$10", "b,01,US$10", "c,01,10 USD", "d,01,10 kr", "e,01,€10", "f,01,CA$10", "g,01,£10", "h,01,10"]
    found = load(desk, EUR + rates + ALONE, *(f"{row}," for row in rows))
    assert found == {"a": 900, "b": 900, "c": 900, "d": 100, "e": 1000, "h": 1000}
    assert quarantined(desk) == {"unknown_currency": 2}


def test_a_sign_of_two_currencies_with_rates_is_neither(desk):
    rates = "".join(f'[[rates]]\ncurrency = "{c}"\nrate = 0.9\n' for c in ("USD", "CAD"))
    assert load(desk, EUR + rates + ALONE, "a,01,$10,", "b,01,CA$10,") == {"b": 900}
    assert quarantined(desk) == {"unknown_currency": 1}


def test_a_sign_that_contradicts_the_currency_beside_it_is_no_amount_in_either(desk):
    rates = '[[rates]]\ncurrency = "USD"\nrate = 0.9\n'
    assert load(desk, EUR + rates + WITH_COLUMN, "a,01,€10,USD", "b,01,$10,EUR", "c,01,$10,USD") == {"c": 900}


@pytest.mark.parametrize("text", ["CA$12", "12 kr", "₸12", "Fr. 12", "12 zł", "12 Kč", "US$ 12"])
def test_without_rates_every_sign_of_another_currency_is_quarantined(desk, text):
    assert load(desk, EUR + ALONE, f"a,01,{text},", "b,01,12 €,") == {"b": 1200}
    assert quarantined(desk) == {"unknown_currency": 1}


def test_without_a_declared_currency_two_that_are_seen_as_signs_alone_are_not_several_currencies(desk):
    found = load(desk, ALONE, "a,01,$10,", "b,01,€10,")
    assert found == {"a": 1000, "b": 1000}
    assert desk.sql("customer_id, currency", "1") == [("a", "$"), ("b", "€")]
    assert "the store holds money in $, EUR" in desk.call("attribution").stderr
    assert [row["last_value"] for row in desk.rows("attribution")] == [None]


@pytest.mark.parametrize(
    "rows, several",
    [
        (["a,01,$10,", "b,01,10,"], False),
        (["a,01,$10,", "b,01,10,USD"], False),
        (["a,01,$10,", "b,01,10,EUR"], True),
        (["a,01,€10,", "b,01,10,EUR"], False),
        (["a,01,US$10,", "b,01,CA$10,"], True),
        (["a,01,10 SEK,", "b,01,10 kr,"], False),
    ],
)
def test_a_sign_is_the_currency_that_it_can_stand_for(desk, rows, several):
    load(desk, WITH_COLUMN, *rows)
    assert several_currencies(desk) is several


def test_a_currency_that_was_declared_and_read_anew_counts_alone(desk):
    load(desk, WITH_COLUMN, "a,01,10,USD", "b,01,10,EUR")
    desk.file("journeys.toml", EUR + WITH_COLUMN)
    assert desk.call("ingest", "--again").exit_code == 0
    assert not several_currencies(desk)


@pytest.mark.parametrize(
    "toml, said",
    [
        ('[[rates]]\ncurrency = "USD"\nrate = 0.9\n', "[project] currency"),
        (EUR + '[[rates]]\ncurrency = "USD"\n', "needs either path, or currency and rate"),
        (EUR + '[[rates]]\ncurrency = "USD"\nrate = 0\n', "greater than 0"),
        (EUR + '[[rates]]\ncurrency = "USD"\nrate = 1\n[[rates]]\ncurrency = "USD"\nrate = 2\n', "two rates of USD"),
        (EUR + '[[rates]]\npath = "none.csv"\n', "none.csv"),
        (EUR + '[[rates]]\npath = "bad.csv"\n', 'bad.csv, row 2: the rate "x" is no number above 0'),
        (EUR + '[[rates]]\npath = "day.csv"\n', 'day.csv, row 1: "soon" is no day'),
    ],
)
def test_rates_that_make_no_sense_are_refused(desk, toml, said):
    desk.file("bad.csv", "currency,rate\nUSD,1\nGBP,x\n")
    desk.file("day.csv", "currency,rate,date\nUSD,1,soon\n")
    desk.file("journeys.toml", toml + WITH_COLUMN)
    desk.file("in/1.csv", "u,t,e,v,c\na,2026-01-01T10:00:00Z,purchase,1,EUR\n")
    found = desk.call("ingest")
    assert found.exit_code != 0 and said in found.stderr


def test_more_rates_are_no_other_mapping(desk):
    rates = '[[rates]]\ncurrency = "USD"\nrate = 0.9\n'
    load(desk, EUR + WITH_COLUMN, "a,01,10,EUR")
    desk.file("journeys.toml", EUR + rates + WITH_COLUMN)
    assert "another mapping" not in desk.call("ingest").stderr


def test_signs_that_stand_for_one_currency_are_it():
    assert told_apart(["€", "$"]) == ["$", "EUR"]
    assert told_apart(["$", "MXN", "CAD"]) == ["CAD", "MXN"]
    assert told_apart([]) == []
    assert all(set(codes.split()) for codes in SIGNS.values())


AMOUNTS = st.decimals(min_value=-(10**6), max_value=10**6, places=3)
RATES = st.decimals(min_value=Decimal("0.0001"), max_value=10**4, places=6)


@cases(8)
@given(
    own=st.sampled_from(["EUR", "JPY", "KWD"]),
    rates=st.dictionaries(st.tuples(st.sampled_from(["USD", "GBP"]), st.integers(1, 9)), RATES, max_size=5),
    rows=st.lists(
        st.tuples(st.sampled_from(["USD", "GBP", "EUR", "JPY", "KWD"]), st.integers(1, 9), AMOUNTS), max_size=9
    ),
)
def test_conversion_is_exact(tmp_path_factory, own, rates, rows):
    first = date(2026, 1, 1)
    table = tuple(Rate(currency=c, since=first + timedelta(days=d), rate=r) for (c, d), r in rates.items())
    columns = dict(zip(("customer_id", "event_at", "event", "value", "currency"), "utevc", strict=True))
    lines = "".join(
        f"c{i},{first + timedelta(days=d)}T12:00:00Z,purchase,{v},{c}\n" for i, (c, d, v) in enumerate(rows)
    )
    shop = Filling(tmp_path_factory.mktemp("r"))
    shop.take(shop.file("r.csv", f"u,t,e,v,c\n{lines}"), columns=columns, currency=own, rates=Rates(table=table))
    expected = {}
    for i, (code, day, amount) in enumerate(rows):
        known = [d for c, d in rates if c == code and d <= day]
        rate = Decimal(1) if code == own else rates[code, max(known)] if known else None
        if rate is not None:
            minor = amount * rate * 10 ** MINOR_DIGITS.get(own, 2)
            expected[f"c{i}"] = int(minor.quantize(Decimal(1), ROUND_HALF_EVEN))
    assert dict(shop.events("customer_id", "value")) == expected


def test_two_rates_of_one_day_are_a_contradiction():
    one = Rate(currency="USD", rate=Decimal(1))
    with pytest.raises(ConfigError, match="two rates of USD"):
        Rates(table=(one, Rate(currency="USD", rate=Decimal(2))))
    assert Rates(table=(one, one)).currencies == {"USD"}
