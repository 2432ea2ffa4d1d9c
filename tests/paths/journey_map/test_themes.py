"""Themes: what unhappy comments hold more often than the others, whatever the batches and the language."""

from __future__ import annotations

from collections import Counter
from math import hypot
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.journey_map.surveys import Survey
from paths.journey_map.themes import PARTS, Themes, terms
from tests.builder import Row, journeys_of
from tests.cases import cases

SURVEY = Survey(event="csat", kind="csat", comment="said")
Z2 = 1.959964**2
PAD: Row = ("z", 0, "pad", {"score": "", "said": ""})  # the store gives every column that is asked for


def rows_of(comments: list[tuple[str, str, str]]) -> list[Row]:
    """(customer, score, text) -> visits and answers."""
    found: list[Row] = []
    for n, (who, score, text) in enumerate(comments):
        found += [(who, 10 * n, "page", {}), (who, 10 * n + 1, "csat", {"score": score, "said": text})]
    return found


def themes(*batches: list[tuple[str, str, str]], **options: Any) -> dict[str, dict[str, Any]]:
    asked = Themes(surveys=(SURVEY,), **options)
    parts = [asked.map(journeys_of([*rows_of(b), PAD])) for b in batches]
    return {r["theme"]: r for r in asked.reduce(parts).to_pylist()}


def many(score: str, text: str, n: int, start: int = 0) -> list[tuple[str, str, str]]:
    return [(f"c{start + i}", score, text) for i in range(n)]


SAD = many("1", "the delivery late again", 40)
GLAD = many("5", "the shop again: lovely", 60, 100)


def test_what_only_the_unhappy_write_is_a_theme_and_what_all_write_is_none() -> None:
    found = themes(SAD + GLAD)
    assert list(found) == ["delivery late"], "late again and the delivery are the same comments"
    assert found["delivery late"] == {
        "theme": "delivery late",
        "unhappy": 40,
        "customers": 40,
        "share": 1.0,
        "share_of_others": 0.0,
        "difference": 1.0,
        "ci_low": pytest.approx(1 - hypot(Z2 / (40 + Z2), Z2 / (60 + Z2)), abs=1e-6),
        "ci_high": 1.0,
    }


def test_batches_add_up_and_an_empty_store_has_no_theme() -> None:
    assert themes(SAD, GLAD) == themes(GLAD[:7], SAD, GLAD[7:]) == themes(SAD + GLAD)
    assert themes() == themes([]) == {}
    question = Themes(surveys=(SURVEY,))
    answer = question.reduce([question.map(journeys_of([*rows_of(b), PAD])) for b in (SAD, GLAD)])
    assert answer.schema.metadata == {b"unhappy": b"40", b"others": b"60"}


def test_a_word_stands_alone_where_its_pairs_are_few_of_it() -> None:
    sad = [(f"c{i}", "1", f"delivery {'slow' if i % 2 else 'late'}") for i in range(40)]
    assert list(themes(sad + GLAD)) == ["delivery", "delivery late", "delivery slow"], "half of its comments each"


def test_few_customers_make_no_theme_however_much_they_write() -> None:
    loud = [("c1", "1", "broken door")] * 40
    assert themes(loud + GLAD) == {}
    assert "broken door" in themes(loud + GLAD, few=1)


def test_a_theme_within_noise_is_none() -> None:
    assert (
        themes(many("1", "late parcel", 12) + many("1", "hm", 60, 200) + many("5", "late parcel", 12, 400) + GLAD) == {}
    )
    assert themes(SAD[:20] + GLAD) == {}, "fewer than min_n unhappy comments"


def test_happy_themes_are_not_told() -> None:
    assert not {t for t in themes(SAD + GLAD) if "lovely" in t}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Late, LATE!", {"late"}),
        ("It is so", set()),
        ("die Größe paßt nicht", {"die", "größe", "paßt", "nicht", "die größe", "größe paßt", "paßt nicht"}),
        ("write ann@shop.example please", {"write", "please"}),
        ("see https://shop.example/a?b now", {"see", "now"}),
        ("didn't come", {"didn't", "come", "didn't come"}),
        ("Late. Again", {"late", "again"}),
        ("order 12345 missing", {"order", "missing", "order missing"}),
        ("", set()),
    ],
)
def test_terms_are_words_of_three_letters_and_pairs_and_no_address(text: str, expected: set[str]) -> None:
    assert terms(text) == expected


COMMENTS = st.lists(
    st.tuples(
        st.sampled_from("uvw"), st.sampled_from("15"), st.sampled_from(["late one", "late", "one two", "two two"])
    ),
    max_size=12,
)


@given(COMMENTS)
@cases(40)
def test_the_counts_are_those_of_a_plain_loop(comments: list[tuple[str, str, str]]) -> None:
    asked = Themes(surveys=(SURVEY,))
    found = asked.map(journeys_of([*rows_of(comments), PAD])).to_pylist()
    sad, glad, who = Counter[str](), Counter[str](), set[tuple[str, str]]()
    for customer, score, text in comments:
        for term in {"", *terms(text)}:
            (sad if score == "1" else glad)[term] += 1
            if score == "1":
                who.add((term, customer))
    expected = {t: (sad[t], glad[t], sum(t == term for term, _ in who)) for t in {"", *sad, *glad}}
    assert {r["term"]: (r["unhappy"], r["others"], r["customers"]) for r in found} == expected
    assert asked.merge([asked.map(journeys_of([PAD]))]).schema == PARTS
