"""What people wrote beside their scores: a few comments of each touchpoint, the worst and the best, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from ingest.scan.batches import Codes
from paths.analysis import Lookback
from paths.journey_map.cells import cells
from paths.journey_map.surveys import ONE, Survey, answers_of, either
from paths.journeys.journeys import Journeys

MOST = 3
"""So many comments of each touchpoint and mood."""

PARTS = pa.schema(
    [(n, pa.string()) for n in ("stage", "place", "text")] + [(n, pa.int64()) for n in ("mood", "strength", "at")]
)
GROUP = ("stage", "place", "mood")
COMMENTS = pa.schema(
    [("stage", pa.string()), ("touchpoint", pa.string()), ("feeling", pa.float64()), ("text", pa.string())]
)
"""One row is one comment as it was written (nothing is masked here), with the feeling of its score, -2 to +2."""


@dataclass(frozen=True, kw_only=True)
class Comments:
    """Comments of the period's answers, by the touchpoint that each speaks of. Equal texts of one mood are one."""

    surveys: tuple[Survey, ...]

    @property
    def columns(self) -> frozenset[str]:
        """What the surveys read, and their texts."""
        return columns_of(self.surveys)

    def lookback(self, since: int) -> Lookback | None:
        """The visits that answers speak of."""
        return Lookback.sessions(since, surveys=self.surveys)

    def map(self, journeys: Journeys) -> pa.Table:
        """The foremost comments of a batch: those of all batches are among them."""
        comments, (node, keys) = written(journeys, self.surveys), cells(journeys, "touchpoint")
        cell = pa.array(node.codes[comments.visit])
        columns = [
            *(pa.array([key[i] for key in keys], pa.string()).take(cell) for i in (0, 1)),
            pa.array(comments.text.names, pa.string()).take(pa.array(comments.text.codes[comments.position])),
            np.sign(comments.feeling),
            np.abs(comments.feeling),
            journeys.events.at[comments.position],
        ]
        return foremost(pa.table(columns, schema=PARTS))

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The COMMENTS table: by cell, the worst mood first, the strongest and newest first."""
        table = foremost(pa.concat_tables([PARTS.empty_table(), *parts]))
        rows = [(r["stage"], r["place"], r["mood"] * r["strength"] / ONE, r["text"]) for r in table.to_pylist()]
        return pa.table([list(c) for c in zip(*rows, strict=True)] or [[], [], [], []], schema=COMMENTS)


def columns_of(surveys: Sequence[Survey]) -> frozenset[str]:
    """What `written` reads."""
    texts = frozenset(s.comment for s in surveys if s.comment is not None)
    return texts.union(*(s.columns for s in surveys))


@dataclass(frozen=True, kw_only=True)
class Written:
    """One entry per comment: position of its answer and of the visit it speaks of, feeling in millionths; `text` per event."""

    position: Ints
    visit: Ints
    feeling: Ints
    text: Codes


def written(journeys: Journeys, surveys: tuple[Survey, ...]) -> Written:
    """The comments of the period and the segment that speak of a visit."""
    answers, text = answers_of(journeys, surveys), texts(journeys, surveys)
    here = (answers.visit >= 0) & journeys.in_period[answers.position] & (text.codes[answers.position] >= 0)
    here &= journeys.in_segment[answers.visit]
    position, visit, feeling = answers.position[here], answers.visit[here], answers.feeling[here]
    return Written(position=position, visit=visit, feeling=feeling, text=text)


def texts(journeys: Journeys, surveys: Sequence[Survey]) -> Codes:
    """Per event: what was written, where something was."""
    comments = Codes(np.full(len(journeys), -1, dtype=np.int32), ())
    for survey in surveys:
        if survey.comment is not None:
            comments = either(comments, journeys.events.labels(survey.comment), journeys.answers_to([survey.event]))
    said = np.array([bool(t.strip()) for t in comments.names], dtype=bool)
    return Codes(np.where(comments.lookup(said, False), comments.codes, -1).astype(np.int32), comments.names)


def foremost(rows: pa.Table) -> pa.Table:
    """MOST of each cell and mood: the strongest, then the newest; a text counts by its strongest, newest answer."""
    ranked = [
        *((k, "ascending") for k in GROUP),
        ("strength", "descending"),
        ("at", "descending"),
        ("text", "ascending"),
    ]
    strongest = rows.group_by([*GROUP, "text"]).aggregate([("strength", "max")])
    both = rows.join(strongest, [*GROUP, "text"])
    at_best = both.filter(pc.equal(both["strength"], both["strength_max"]))
    once = at_best.group_by([*GROUP, "strength", "text"]).aggregate([("at", "max")]).rename_columns({"at_max": "at"})
    ranked_rows = once.select(PARTS.names).cast(PARTS).sort_by(ranked)
    if not ranked_rows.num_rows:
        return ranked_rows
    group = np.stack([ranked_rows[c].combine_chunks().dictionary_encode().indices.to_numpy() for c in GROUP])
    opens = np.append(True, (group[:, 1:] != group[:, :-1]).any(axis=0))
    starts = np.flatnonzero(opens)
    place = np.arange(ranked_rows.num_rows) - starts[np.cumsum(opens) - 1]
    return ranked_rows.filter(pa.array(place < MOST))
