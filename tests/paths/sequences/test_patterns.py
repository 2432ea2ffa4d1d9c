"""The grammar of patterns, and what its errors say."""

from __future__ import annotations

import pytest

from ingest.errors import ConfigError
from paths.sequences.patterns import Element, compiled, parse_pattern


def element(*names: str, negated: bool = False, mark: str = "") -> Element:
    return Element(names=frozenset(names), negated=negated, optional=mark in ("*", "?"), repeats=mark in ("*", "+"))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a", element("a")),
        ("product page", element("product page")),
        ("  a  ", element("a")),
        ("event:a", element("event:a")),
        ("add-to-cart", element("add-to-cart")),
        ("a.b", element("a.b")),
        (".", element(negated=True)),
        (".*", element(negated=True, mark="*")),
        ("a +", element("a", mark="+")),
        ("[a|b c]?", element("a", "b c", mark="?")),
        ("[^a | b]*", element("a", "b", negated=True, mark="*")),
        ('"a -> b"', element("a -> b")),
        (r'"say \"x\" \\"', element(r'say "x" \\'[:-1])),
        ('["a|b"|c]', element("a|b", "c")),
        ('"START"', element("START")),
        ('"."', element(".")),
    ],
)
def test_an_element_is_a_name_a_choice_or_any_node_and_how_often(text: str, expected: Element) -> None:
    assert parse_pattern(text).elements == (expected,)


def test_arrows_join_elements_and_start_and_end_tie_them() -> None:
    found = parse_pattern("START->a -> [^b]* ->END")
    assert found.elements == (element("a"), element("b", negated=True, mark="*"))
    assert (found.from_start, found.to_end) == (True, True)
    loose = parse_pattern("a -> b")
    assert (loose.from_start, loose.to_end, loose.names) == (False, False, ["a", "b"])


@pytest.mark.parametrize(
    "text, place, why",
    [
        ("", 1, "a name is missing"),
        ("a ->", 5, "a name is missing"),
        ("a -> -> b", 6, 'missing before "->"'),
        ("a -> *", 6, 'missing before "*"'),
        ("a**", 3, "joined by ->"),
        ("a b|c", 4, "[a|b]"),
        ("[a|b -> c", 6, "joined by |"),
        ("x -> [a", 6, "the bracket is never closed"),
        ("[]", 2, 'missing before "]"'),
        ("[a|.]", 4, "any node"),
        ("[START]", 2, "START stands first"),
        ('a -> "b', 6, "the quote is never closed"),
        ("a -> START", 6, "START stands first"),
        ("START", 6, "START is followed by ->"),
        ("START* -> a", 6, "START is followed by ->"),
        ("START -> END", 10, "END stands last"),
        ("a -> END -> b", 10, "END stands last"),
        ("a -> END*", 9, "END stands last"),
        ("a\tx -> ^", 8, 'missing before "^"'),
    ],
)
def test_a_mistake_is_shown_where_it_is(text: str, place: int, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_pattern(text)
    message, line, caret, example = str(refused.value).split("\n")
    assert f"at character {place}: " in message
    assert why in message
    assert line.rstrip() == ("  " + text.replace("\t", " ")).rstrip()
    assert caret == "  " + " " * (place - 1) + "^"
    assert "->" in example


def test_a_pattern_has_at_most_62_elements() -> None:
    assert len(parse_pattern(" -> ".join(["a"] * 62)).elements) == 62
    assert parse_pattern(" -> ".join(["START", *["a"] * 62, "END"])).to_end
    with pytest.raises(ConfigError, match="at most 62 elements"):
        parse_pattern(" -> ".join(["a"] * 63))


def test_elements_are_compiled_to_one_bit_each() -> None:
    program = compiled([element(c, mark=m) for c, m in zip("abcdef", ["?", "*", "", "+", "?", "?"], strict=True)])
    found = {name: f"{int(bits):07b}" for name, bits in vars(program).items()}
    assert found == {
        "opening": "0000111",
        "accept": "1000000",
        "optional": "1100110",
        "repeats": "0010100",
        "before": "0010001",
        "ends": "1000100",
    }
