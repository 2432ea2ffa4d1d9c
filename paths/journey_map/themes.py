"""Themes of comments: words, and pairs of words, that unhappy comments hold more often than the others, beyond noise.

No list of a language's words: what everybody writes tells nothing apart, and falls out by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from paths.analysis import Lookback, summed
from paths.arrays.counting import units_at
from paths.arrays.grouping import coded_names
from paths.journey_map.comments import columns_of, written
from paths.journey_map.surveys import Survey
from paths.journeys.journeys import Journeys
from paths.statistics.intervals import rate
from paths.statistics.pairs import Pair, beyond_noise

WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
BREAK = re.compile(r"\S+@\S+|\w+://\S+|[.!?;:\n]")
"""Addresses, and the ends of sentences: no pair reaches over them."""
SHORTEST = 3
"""Letters of a word."""
WITHIN = 0.8
"""A word is told by its pair alone if so large a share of its unhappy comments holds the pair; of pairs that
chain (a b, b c) and are about as frequent one is told."""

PARTS = pa.schema(
    [("term", pa.dictionary(pa.int32(), pa.string())), *((n, pa.int64()) for n in ("unhappy", "others", "customers"))]
)
"""Additive: comments that hold the term, and distinct customers of the unhappy ones; the term "" is in every comment."""

THEMES = pa.schema(
    [
        ("theme", pa.string()),
        ("unhappy", pa.int64()),
        ("customers", pa.int64()),
        ("share", pa.float64()),
        ("share_of_others", pa.float64()),
        ("difference", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
    ]
)
"""One row is one theme: unhappy comments (feeling below 0) that hold it and their customers; its share of the unhappy and of
the other comments, the difference with its Newcombe 95 % interval. Most unhappy comments first. The metadata of an answer says
how many comments there are: `unhappy`, `others`."""


@dataclass(frozen=True, kw_only=True)
class Themes:
    """Terms of the period's comments; none with fewer than `few` customers, none within noise (false discovery rate q)."""

    surveys: tuple[Survey, ...]
    few: int = 10
    min_n: int = 30
    q: float = 0.05

    @property
    def columns(self) -> frozenset[str]:
        """What the surveys read, and their texts."""
        return columns_of(self.surveys)

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch; a text is taken apart once."""
        comments = written(journeys, self.surveys)
        texts, which = np.unique(comments.text.codes[comments.position], return_inverse=True)
        number: dict[str, int] = {"": 0}
        held = [
            [number.setdefault(t, len(number)) for t in ("", *sorted(terms(comments.text.names[code])))]
            for code in texts.tolist()
        ]
        length = np.array([len(h) for h in held], dtype=np.int64)
        begin = np.cumsum(length) - length
        flat = np.array([t for h in held for t in h], dtype=np.int64)
        comment = np.repeat(np.arange(len(which)), length[which])  # one row per comment and term
        place = np.arange(len(comment)) - np.repeat(np.cumsum(length[which]) - length[which], length[which])
        term = flat[begin[which][comment] + place]
        unhappy = (comments.feeling < 0)[comment]
        sad, owner = term[unhappy], journeys.customer[comments.position][comment[unhappy]]
        counts = [np.bincount(t, minlength=len(number)) for t in (sad, term[~unhappy])]
        names = coded_names(np.arange(len(number)), pa.array(list(number), pa.string()))
        return pa.table([names, *counts, units_at(owner, sad, len(number))], schema=PARTS)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["term"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The THEMES table."""
        rows = {r["term"]: r for r in self.merge(parts).to_pylist()}
        every = rows.pop("", {"unhappy": 0, "others": 0})
        asked = {t: r for t, r in rows.items() if r["customers"] >= self.few}
        pairs = [
            Pair(hits=r["unhappy"], trials=every["unhappy"], hits_before=r["others"], trials_before=every["others"])
            for r in asked.values()
        ]
        sure = beyond_noise(pairs, self.min_n, self.q)
        telling = {t: p for t, p, s in zip(asked, pairs, sure, strict=True) if s and p.difference > 0}
        told = {
            w
            for pair in telling
            if " " in pair
            for w in pair.split()
            if telling[pair].hits >= WITHIN * rows[w]["unhappy"]
        }
        kept: list[str] = []
        for term in sorted(telling.keys() - told, key=lambda t: (-telling[t].hits, -len(t), t)):
            words = term.split()
            chained = (k for k in kept if k.split()[-1] == words[0] or k.split()[0] == words[-1])
            if all(telling[term].hits < WITHIN * telling[k].hits for k in chained):
                kept.append(term)
        return pa.Table.from_pylist(
            [
                {
                    "theme": t,
                    "unhappy": p.hits,
                    "customers": rows[t]["customers"],
                    "share": rate(p.hits, p.trials),
                    "share_of_others": rate(p.hits_before, p.trials_before),
                    "difference": p.difference,
                    "ci_low": p.interval[0],
                    "ci_high": p.interval[1],
                }
                for t in kept
                for p in [telling[t]]
            ],
            schema=THEMES.with_metadata({kind: str(every[kind]) for kind in ("unhappy", "others")}),
        )


def terms(text: str) -> set[str]:
    """Different words of a text and pairs of neighbours among them, in small letters; addresses are no words."""
    distinct = set[str]()
    for sentence in BREAK.split(text.lower()):
        words = [w for w in WORD.findall(sentence) if len(w) >= SHORTEST]
        distinct |= {*words, *(f"{a} {b}" for a, b in pairwise(words) if a != b)}
    return distinct
