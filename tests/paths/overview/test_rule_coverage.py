"""What touchpoint rules cover, what they miss, and patterns for what they miss."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.journeys.touchpoints import TouchpointRule, TouchpointRules, path_of
from paths.overview.rule_coverage import Covered, RuleCoverage
from paths.overview.url_patterns import blocks, generalised, suggest
from tests.builder import Row, columns_of, journeys_of
from tests.property.strategies import URL_RULES, logs

RULES = TouchpointRules(
    (
        TouchpointRule(name="product", event=("page",), url=("/p/*",)),
        TouchpointRule(name="product", event=("page",), url=("/q",), channel=("web",)),
        TouchpointRule(name="never", event=("page",), url=("/n",)),
    )
)


def covered(rows: list[Row], rules: TouchpointRules = RULES, **scope: Any) -> Covered:
    question = RuleCoverage(rules=rules)
    return question.reduce([question.map(journeys_of(rows, touchpoints=rules, **scope))])


def page(customer: str, url: str | None, **more: str) -> Row:
    return (customer, 0, "page", {"url": url, **more})


def test_each_rule_has_its_events_and_customers_and_one_that_names_nothing_has_none() -> None:
    rows = [page("u", "/p/1"), page("u", "/p/2?x"), page("v", "/p/1"), page("v", "/q", channel="web"), ("v", 1, "buy")]
    table = covered(rows).table.to_pylist()
    assert columns_of(table, "touchpoint", "events", "customers", "share", "rule") == [
        ("product", 3, 2, 0.6, "1: event=page url=/p/*"),
        ("buy", 1, 1, 0.2, "(event)"),
        ("product", 1, 1, 0.2, "2: event=page url=/q channel=web"),
        ("never", 0, 0, 0.0, "3: event=page url=/n"),
    ]


def test_events_that_rules_speak_of_and_none_matched_are_other_and_their_paths_are_shown() -> None:
    rows = [
        page("u", "/a?x=1"),
        page("v", "https://s.example/a#top"),
        page("u", "/b"),
        page("u", None),
        ("u", 5, "click", {"url": "/b"}),
    ]
    found = covered(rows)
    assert columns_of(found.table.to_pylist(), "touchpoint", "events", "rule")[:2] == [
        ("page (other)", 4, "(other)"),
        ("click", 1, "(event)"),
    ]
    assert columns_of(found.unmatched.to_pylist(), "path", "event", "events") == [
        ("/a", "page", 2),
        ("/b", "click", 1),
        ("/b", "page", 1),
    ]


def test_only_the_period_and_the_segment_count() -> None:
    rows = [page("u", "/p/1"), ("u", 10, "page", {"url": "/x"})]
    assert columns_of(covered(rows, since=5).table.to_pylist(), "touchpoint", "events")[0] == ("page (other)", 1)
    assert covered([]).table.num_rows == 3


@given(logs())
def test_the_events_add_up_and_the_touchpoints_are_those_of_every_other_answer(rows: list[Row]) -> None:
    journeys = journeys_of(rows, touchpoints=URL_RULES)
    found = RuleCoverage(rules=URL_RULES)
    table = found.reduce([found.map(journeys)]).table.to_pylist()
    assert sum(r["events"] for r in table) == len(journeys)
    assert {r["touchpoint"] for r in table if r["events"]} == set(journeys.touchpoint.texts())
    parts = [found.map(journeys_of([r for r in rows if r[0] == c], touchpoints=URL_RULES)) for c in "wuv"]
    assert found.reduce(parts).table.to_pylist() == table


@pytest.mark.parametrize(
    "path, pattern",
    [
        ("/users/123/cart", "/users/*/cart"),
        ("/users/user_0001", "/users/*"),
        ("/o/f47ac10b-58cc-4372-a567-0e02b2c3d479/x", "/o/*/x"),
        ("/c/9f86d081884c7d65", "/c/*"),
        ("/c/deadbeef", "/c/deadbeef"),
        ("/blog/2024/05/spring-sale", "/blog/*/*/spring-sale"),
        ("/d/2024-05-01", "/d/*"),
        ("/p/4711.html", "/p/*.html"),
        ("/t/dQw4w9WgXcQ42", "/t/*"),
        ("/m/jane@shop.example", "/m/*"),
        ("/v2/products", "/v2/products"),
        ("/", "/"),
        ("/a[1]?/b*", "/a[[]1][?]/b[*]"),
    ],
)
def test_ids_numbers_dates_and_hashes_become_stars_and_the_rest_stands_for_itself(path: str, pattern: str) -> None:
    assert generalised(path) == pattern
    assert fnmatchcase(path, pattern)


@given(st.text('a1[]*?/-_.@\n\\"é\0\x7f', max_size=20))
def test_a_suggested_rule_names_its_paths_and_is_toml(text: str) -> None:
    path = path_of("/" + text)
    (found,) = suggest([{"path": path, "event": text, "events": 1}])
    (rule,) = tomllib.loads(blocks([found]))["touchpoint"]
    assert (rule["event"], fnmatchcase(path, rule["url"]), rule["name"]) == (text, True, found.name)


def test_the_narrower_pattern_comes_first_and_names_are_new() -> None:
    rows = [
        {"path": p, "event": "page", "events": 1}
        for p in ("/users/1", "/users/1/cart", "/users/cart", "/purchase", "/")
    ]
    found = suggest([*rows, {"path": "/users/2", "event": "click", "events": 5}], taken=["purchase"])
    assert [(s.url, s.name) for s in found] == [
        ("/users/*/cart", "users cart"),
        ("/users/cart", "users cart page"),
        ("/purchase", "purchase page"),
        ("/users/*", "users item"),
        ("/", "home"),
    ]
    assert (found[3].event, found[3].events, found[3].paths) == (("click", "page"), 6, 2)
    assert suggest(rows, top=1)[0].url in ("/", "/purchase", "/users/*")


def urls_of(pages: dict[str, int]) -> list[tuple[str, int, int]]:
    """(pattern, events, paths) of what is suggested for pages with so many events."""
    rows = [{"path": p, "event": "page", "events": n} for p, n in sorted(pages.items(), key=lambda i: -i[1])]
    return [(s.url, s.events, s.paths) for s in suggest(rows)]


def test_a_section_of_many_small_pages_is_one_pattern() -> None:
    posts = {f"/blogs/news/post-{word}": 2 for word in "abcdefghijkl"}
    shop = {f"/products/{word}-shirt": 3 for word in "abcdefghij"}
    assert urls_of({**posts, **shop, "/products/best": 40, "/cart": 9}) == [
        ("/products/best", 40, 1),
        ("/blogs/news/*", 24, 12),
        ("/products/*", 30, 10),
        ("/cart", 9, 1),
    ]


def test_few_pages_and_pages_of_the_root_are_no_section() -> None:
    few = {f"/help/{word}": 1 for word in "abcdefghi"}
    assert len(urls_of(few)) == 9
    assert all("*" not in url for url, _, _ in urls_of({f"/{word}": 1 for word in "abcdefghijkl"}))


def test_folders_with_few_pages_each_are_a_section_of_the_folder_above() -> None:
    assert urls_of({f"/blogs/{a}/{b}": 1 for a in "abcd" for b in "xyz"}) == [("/blogs/*", 12, 12)]
