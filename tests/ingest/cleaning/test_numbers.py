"""Numbers as people and tools write them: one reading in a column of a file, and never a thousandth of the money in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cleaning.numbers import MINOR_DIGITS
from ingest.database import Database, load_sql
from tests.filling import COLUMNS, Filling

MONEY = {**COLUMNS, "value": "v"}


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def read(shop: Filling, *texts: str, name: str = "log.csv", **how: object) -> tuple[list[int | None], tuple[str, ...]]:
    """(minor units in the order of the texts, what was said)."""
    rows = "".join(f"u{i};2026-01-15;a;{text}\n" for i, text in enumerate(texts))
    loaded = shop.take(shop.file(name, "who;at;what;v\n" + rows), columns=MONEY, **how)
    return shop.events("value"), loaded.notes


def test_a_column_that_shows_that_its_comma_is_the_decimal_is_read_so_throughout(shop):
    assert read(shop, "", "12,50", "1.234", "1.234,56") == ([None, 1250, 123400, 123456], ())
    assert shop.bad("reason") == []


def test_a_column_that_shows_a_point_keeps_it_and_its_commas_are_thousands(shop):
    assert read(shop, "12.50", "1,234", "1,234.56", "1,23,456.00")[0] == [1250, 123400, 123456, 12345600]


@pytest.mark.parametrize(
    "texts, expected",
    [
        (["$12.50", "1'234.56", "-$5", "(12.50)", "12.50-"], [1250, 123456, -500, -1250, -1250]),
        (
            ["€ 1.234,56", "12,50 EUR", "1 234,56", "1\u202f234,56 €", "\u22123,10"],
            [123456, 1250, 123456, 123456, -310],
        ),
        (["R$ 1.234,56", "12,50 kr"], [123456, 1250]),
    ],
)
def test_thousands_apart_and_signs_and_codes_of_currencies_are_read(shop, texts, expected):
    assert read(shop, *texts)[0] == expected


def test_a_column_that_shows_neither_takes_the_point_and_is_warned_about(shop):
    values, (note,) = read(shop, "1.234", "2.500")
    assert values == [123, 250]
    assert "value holds numbers such as 1.234" in note and 'decimal = ","' in note


@pytest.mark.parametrize("decimal, expected", [(",", [123400, 1200]), (".", [123, 1200])])
def test_a_declared_decimal_holds_and_nothing_is_said(shop, decimal, expected):
    assert read(shop, "1.234", "12", decimal=decimal) == (expected, ())


def test_a_column_is_never_read_both_ways(shop):
    assert read(shop, "12,50", "13,50", "9.5")[0] == [1250, 1350]
    assert shop.bad("reason", "detail") == [("bad_number", "value = 9.5")]


def test_each_file_has_its_own_reading_whatever_is_loaded_beside_it(shop):
    german = shop.file("a.csv", "who;at;what;v\nann;2026-01-15;a;12,50\nann;2026-01-16;a;1.234\n")
    english = shop.file("b.csv", "who;at;what;v\nann;2026-01-17;a;12.50\nann;2026-01-18;a;1.234\n")
    shop.take(german, english, columns=MONEY)
    assert shop.events("value") == [1250, 123400, 1250, 123]


def test_a_sign_or_code_of_another_currency_is_unknown_currency(shop):
    assert read(shop, "12.50", "12.50 EUR", "€12.50", "$12.50", "12.50 USD", currency="EUR")[0] == [1250] * 3
    assert shop.bad("reason") == ["unknown_currency"] * 2


def test_nothing_and_nan_in_an_optional_number_do_not_cost_the_row(shop):
    assert read(shop, "NaN", "nan", " ", "1.5", "none")[0] == [None, None, None, 150]
    assert shop.bad("detail") == ["value = none"]


def test_words_that_the_source_calls_missing_are_nothing_in_any_column(shop):
    lines = ["\\N,2026-01-15,a,\\N", "(not set),2026-01-15,a,1", "ann,2026-01-15,a,NULL", "bob,2026-01-15,NULL,1"]
    shop.csv(*lines, header="who,at,what,v", columns=MONEY, missing=("\\N", "NULL", "(not set)"))
    assert shop.events("customer_id", "value") == [("ann", None)]
    assert shop.bad("reason") == ["missing_customer", "missing_customer", "missing_event"]


def test_minor_digits_are_those_of_iso_4217():
    none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    assert {c for c, n in MINOR_DIGITS.items() if n == 0} == set(none.split())
    assert {c for c, n in MINOR_DIGITS.items() if n == 3} == {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


@settings(max_examples=20)
@given(cents=st.lists(st.integers(-(10**9), 10**9), min_size=30, max_size=30), comma=st.booleans())
def test_a_written_number_is_read_back(cents, comma):
    group, decimal = (".", ",") if comma else (",", ".")
    texts = [f"{c / 100:,.2f}".replace(",", "_").replace(".", decimal).replace("_", group) for c in cents]
    with Database(threads=1) as db:
        db.run(load_sql("ingest", "macros"))
        sql = f"select minor_units(number_text(t, '{decimal}'), 2), decimal_shown(t) from (select unnest($texts) as t)"
        assert db.rows(sql, {"texts": texts}) == [(c, "comma" if comma else "point") for c in cents]
