"""Patterns of nodes in a session: the grammar, and its compilation to bit masks.

    pattern    = [START ->] element {-> element} [-> END]
    element    = what [* | + | ?]         * any number of nodes, + at least one, ? one or none
    what       = name | . | [name|name] | [^name|name]         . any node, [^...] any node but these
    name       = characters other than " [ ] | ^ * + ? and ->, or "in quotes", where \" and \\ stand for " and \

    add_to_cart -> [^purchase]* -> END

An element takes one node of a session. START (only first) and END (only last) tie the pattern to the session's ends. A
pattern is a set of bit masks, one bit an element: the automaton of Navarro and Raffinot, Flexible Pattern Matching in
Strings (2002), 4.2. It reads each node once; nothing is ever tried twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, NoReturn

import numpy as np

from ingest.errors import ConfigError
from paths.journeys.names import EVENT, unquoted
from paths.visits.visits import END, START

MOST_ELEMENTS = 62

TOKEN = re.compile(
    r"""\s*(?: (?P<arrow>->) | (?P<quoted>"(?:[^"\\]|\\.)*") | (?P<mark>[][|^*+?]) | (?P<word>(?:(?!->)[^]["|^*+?\s])
    (?:(?!->)[^]["|^*+?])*) )""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """One word of a pattern. kind: arrow, quoted, mark, word, end."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Element:
    """Takes one node that has one of the names, or, negated, none of them; "." is negated without names."""

    names: frozenset[str]
    negated: bool = False
    optional: bool = False
    repeats: bool = False


@dataclass(frozen=True, kw_only=True)
class Program:
    """An automaton as masks. Bit 0: nothing taken yet; bit i: elements 1..i have taken what they take."""

    opening: np.uint64  # the states before the first node
    accept: np.uint64  # the last element's
    repeats: np.uint64  # elements that may take another node
    optional: np.uint64  # elements that may take none
    before: np.uint64  # the bit below each run of optional elements
    ends: np.uint64  # the last bit of each such run


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A pattern that was understood."""

    text: str
    elements: tuple[Element, ...]
    from_start: bool = False
    to_end: bool = False

    @property
    def names(self) -> list[str]:
        """All names in it."""
        return sorted(set().union(*(e.names for e in self.elements)))

    @cached_property
    def forward(self) -> Program:
        """Reads a session as it went."""
        return compiled(self.elements)

    @cached_property
    def backward(self) -> Program:
        """Reads a session from its end."""
        return compiled(self.elements[::-1])


def compiled(elements: Sequence[Element]) -> Program:
    """The masks of these elements; element i (from 1) has bit i."""
    optional = sum(1 << i for i, e in enumerate(elements, 1) if e.optional)
    opening = 1
    for i in range(1, len(elements) + 1):
        opening |= (optional >> i & 1) * (opening >> i - 1 & 1) << i
    masks = {
        "opening": opening,
        "accept": 1 << len(elements),
        "optional": optional,
        "repeats": sum(1 << i for i, e in enumerate(elements, 1) if e.repeats),
        "before": ~optional & optional >> 1,
        "ends": optional & ~(optional >> 1),
    }
    return Program(**{name: np.uint64(bits) for name, bits in masks.items()})


def parse_pattern(text: str) -> Pattern:
    """A pattern as written. Raises ConfigError that shows where it makes no sense."""
    reader = Reader(text)
    from_start = reader.anchor(START)
    elements: list[Element] = []
    to_end = False
    while not to_end:
        if len(elements) == MOST_ELEMENTS:
            reader.refuse(f"a pattern has at most {MOST_ELEMENTS} elements")
        elements.append(reader.element())
        if reader.token.kind == "end":
            break
        reader.take("arrow", "", "elements are joined by ->")
        to_end = reader.anchor(END)
    return Pattern(text=text, elements=tuple(elements), from_start=from_start, to_end=to_end)


class Reader:
    """Reads the tokens of a pattern from left to right; `token` is the next one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.token = self.scan(0)

    def refuse(self, why: str, at: int | None = None) -> NoReturn:
        """Raise, with a caret under the place."""
        at = self.token.at if at is None else at
        line = re.sub(r"\s", " ", self.text)
        raise ConfigError(
            f"the pattern makes no sense at character {at + 1}: {why}.\n  {line}\n  {' ' * at}^\n"
            "A pattern looks like: add_to_cart -> [^purchase]* -> END"
        )

    def scan(self, at: int) -> Token:
        """The token at or after this place."""
        token = TOKEN.match(self.text, at)
        if token is None or token.lastgroup is None:
            rest = self.text[at:]
            at += len(rest) - len(rest.lstrip())
            if at < len(self.text):  # whatever else there is, a token takes
                self.refuse("the quote is never closed", at)
            return Token("end", "", at)
        kind = token.lastgroup
        return Token(kind, token[kind].rstrip() if kind == "word" else token[kind], token.start(kind))

    def step(self) -> Token:
        """The next token, taken."""
        taken = self.token
        self.token = self.scan(taken.at + len(taken.text))
        return taken

    def take(self, kind: str, text: str, why: str) -> Token:
        """The next token, which must be this one."""
        if not self.sees(kind, text):
            self.refuse(why)
        return self.step()

    def sees(self, kind: str, text: str = "") -> bool:
        """Is the next token this one?"""
        return self.token.kind == kind and text in ("", self.token.text)

    def anchor(self, word: str) -> bool:
        """Take START with its arrow, or END with nothing behind it, if that comes next."""
        if not self.sees("word", word):
            return False
        self.step()
        if word == START:
            self.take("arrow", "", "START is followed by ->")
        elif not self.sees("end"):
            self.refuse("END stands last")
        return True

    def element(self) -> Element:
        """One element with its quantifier."""
        if self.sees("mark", "["):
            negated, names = self.choice()
        elif self.sees("word", "."):
            self.step()
            negated, names = True, frozenset[str]()
        else:
            negated, names = False, frozenset({self.name()})
        if self.sees("mark", "|"):
            self.refuse("a choice is written in brackets, [a|b]")
        mark = self.step().text if self.token.text in ("*", "+", "?") and self.sees("mark") else ""
        return Element(names=names, negated=negated, optional=mark in ("*", "?"), repeats=mark in ("*", "+"))

    def choice(self) -> tuple[bool, frozenset[str]]:
        """[a|b] or [^a|b]."""
        opened = self.step().at
        negated = self.sees("mark", "^")
        if negated:
            self.step()
        names = {self.name()}
        while self.sees("mark", "|"):
            self.step()
            names.add(self.name())
        if self.sees("end"):
            self.refuse("the bracket is never closed", opened)
        self.take("mark", "]", "names in brackets are joined by |")
        return negated, frozenset(names)

    def name(self) -> str:
        """One name."""
        if self.sees("quoted"):
            written = self.step().text
            text = unquoted(written) or ""
            return written if text.startswith(EVENT) or unquoted(text) is not None else text
        if not self.sees("word"):
            before = "here" if self.sees("end") else f'before "{self.token.text}" (any node is .)'
            self.refuse(f"a name is missing {before}")
        if self.token.text in (START, END):
            place = "first" if self.token.text == START else "last"
            self.refuse(f"{self.token.text} stands {place} and alone; an event of that name is written in quotes")
        if self.token.text == ".":
            self.refuse('"." means any node and stands alone; a name is written in quotes')
        return self.step().text
