"""Answers to surveys as feelings on one scale, -2 to +2, and the touchpoint that each speaks of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from ingest.errors import ConfigError
from ingest.scan.batches import Codes, Numbers
from paths.journeys.journeys import Journeys, last_of, memoised

ONE = 1_000_000
"""Feelings are integers, millionths, so that they add up exactly."""
NO_SCORE = np.iinfo(np.int64).min
CES = (1.0, 7.0)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """An event that holds an answer. kind: csat (1 to 5), nps (0 to 10), ces and scale (low to high), comment (English text)."""

    event: str
    kind: str
    score: str = "score"
    about: str | None = None
    comment: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def columns(self) -> frozenset[str]:
        """What it reads."""
        scored = {self.comment} if self.kind == "comment" else {self.score}
        return frozenset(c for c in (*scored, self.about) if c is not None)

    def feeling(self, text: str) -> int:
        """One answer in millionths; NO_SCORE for what is no answer on its scale."""
        if self.kind == "comment":
            return comment_feeling()(text)
        try:
            return feeling(self.kind, float(text), self.low, self.high)
        except ValueError:
            return NO_SCORE


def feeling(kind: str, score: float, low: float | None = None, high: float | None = None) -> int:
    """CSAT 1..5 -> score - 3; NPS 0-6 -> -2, 7-8 -> 0, 9-10 -> +2; a scale from -2 at `low` to +2 at `high`."""
    if kind == "nps":
        if not 0 <= score <= 10:
            return NO_SCORE
        return (-2 if score <= 6 else 0 if score <= 8 else 2) * ONE
    least, most = (1.0, 5.0) if kind == "csat" else (CES[0] if low is None else low, CES[1] if high is None else high)
    if not min(least, most) <= score <= max(least, most):
        return NO_SCORE
    return round((4 * (score - least) / (most - least) - 2) * ONE)


@cache
def comment_feeling() -> Callable[[str], int]:
    """English text -> millionths, by the lexicon and rules of Hutto and Gilbert (2014): its compound score times two."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        raise ConfigError(
            'a [[survey]] with kind = "comment" reads English text with a lexicon: pip install "journeys[comments]".'
        ) from None
    score = SentimentIntensityAnalyzer().polarity_scores
    return lambda text: round(2 * score(text)["compound"] * ONE)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One entry per answer: its position, its feeling in millionths, the position of the visit it speaks of (-1 = none),
    does it name a touchpoint, and the code in `names` of one that the customer never visited before, else -1."""

    position: Ints
    feeling: Ints
    visit: Ints
    names_one: Bools
    named: npt.NDArray[np.int32]
    names: tuple[str, ...]


NO_ANSWERS = Answers(
    position=np.zeros(0, dtype=np.int64),
    feeling=np.zeros(0, dtype=np.int64),
    visit=np.zeros(0, dtype=np.int64),
    names_one=np.zeros(0, dtype=bool),
    named=np.zeros(0, dtype=np.int32),
    names=(),
)


@memoised()
def answers_of(journeys: Journeys, surveys: tuple[Survey, ...]) -> Answers:
    """All answers of the batch in order.

    An answer belongs to the touchpoint it names (the customer's last visit there before it), else to the customer's last
    non-passive event before it that is no answer itself.
    """
    if not surveys:
        return NO_ANSWERS
    n = len(journeys)
    found = np.full(n, NO_SCORE, dtype=np.int64)
    about = Codes(np.full(n, -1, dtype=np.int32), ())
    is_answer = np.zeros(n, dtype=bool)
    for survey in surveys:
        mine = journeys.answers_to([survey.event])
        scores = scored(journeys, survey)
        found = np.where(mine & ~is_answer, scores, found)
        if survey.about is not None:
            about = either(about, journeys.events.labels(survey.about), mine & ~is_answer)
        is_answer |= mine
    position = np.flatnonzero(found != NO_SCORE)
    visits = ~journeys.passive & ~is_answer
    before = last_of(journeys, np.flatnonzero(visits), position)
    names = about.codes[position]
    there = last_there(journeys, visits, position, about.take(position))
    return Answers(
        position=position,
        feeling=found[position],
        visit=np.where(names < 0, before, there),
        names_one=names >= 0,
        named=np.where((names >= 0) & (there < 0), names, -1).astype(np.int32),
        names=about.names,
    )


@memoised(period=True)
def off_scale(journeys: Journeys, surveys: tuple[Survey, ...]) -> int:
    """How many answers of the period are none on their scale."""
    return sum(
        int(
            (
                journeys.in_period
                & journeys.answers_to([s.event])
                & filled(journeys, s)
                & (scored(journeys, s) == NO_SCORE)
            ).sum()
        )
        for s in surveys
    )


@memoised()
def scored(journeys: Journeys, survey: Survey) -> Ints:
    """Per event: the feeling that its score means; once per distinct score."""
    column = journeys.events.labels(survey.comment if survey.kind == "comment" and survey.comment else survey.score)
    return column.lookup(np.array([survey.feeling(t) for t in column.names], dtype=np.int64), NO_SCORE)


def filled(journeys: Journeys, survey: Survey) -> Bools:
    """bool per event: has it a score (of a comment survey: a text)?"""
    column = journeys.events.columns[survey.comment if survey.kind == "comment" and survey.comment else survey.score]
    return column.valid if isinstance(column, Numbers) else column.codes >= 0


def either(left: Codes, right: Codes, choose_right: Bools) -> Codes:
    """One column of two: `right` where choose_right (bool per row), else `left`; the names of both, each once."""
    names = tuple(dict.fromkeys((*left.names, *right.names)))
    place = {n: i for i, n in enumerate(names)}
    codes = [c.lookup(np.array([place[n] for n in c.names], dtype=np.int32), -1) for c in (left, right)]
    return Codes(np.where(choose_right, codes[1], codes[0]).astype(np.int32), names)


def last_there(journeys: Journeys, flags: Bools, position: Ints, about: Codes) -> Ints:
    """The customer's last flagged event before each position at the touchpoint that `about` names, -1 = none."""
    touchpoint = journeys.touchpoint
    place = {n: i for i, n in enumerate(touchpoint.names)}
    wanted = about.lookup(np.array([place.get(n, -1) for n in about.names], dtype=np.int64), -1)
    asked = np.zeros(len(touchpoint.names) + 1, dtype=bool)
    asked[wanted] = True
    rows = np.flatnonzero(flags & asked[touchpoint.codes])
    size = len(journeys) + 1
    at = np.sort(touchpoint.codes[rows].astype(np.int64) * size + rows)
    before = np.searchsorted(at, wanted * size + position) - 1
    row = np.append(at, -1)[before]  # -1 finds the last entry, which is no row
    code, where = np.divmod(row, size)
    opening = journeys.customer_starts[journeys.customer[position]]
    return np.where((row >= 0) & (code == wanted) & (where >= opening), where, -1)
