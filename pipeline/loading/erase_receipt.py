"""What a search for an id comes to: the receipt, with the places before and after, warnings, or that the id still stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from ingest.errors import StoreError
from ingest.loading.erase import Erased
from ingest.loading.id_search import Hits
from pipeline.loading.erase_search import OTHERS, STAYS

RECEIPT = pa.schema(
    [
        pa.field("place", pa.string()),
        pa.field("before", pa.int64()),
        pa.field("after", pa.int64()),
        pa.field("detail", pa.string()),
    ]
)
"""One row is one kind of place: how often the id stood there before and after (null: nothing was changed yet), and what was done."""


def counts(hits: Mapping[str, Hits]) -> dict[str, int]:
    """Place -> how often the id stands there."""
    return {place: h.own + h.mentions for place, h in hits.items()}


def receipt_rows(
    before: Mapping[str, int], after: Mapping[str, int] | None, hits: Mapping[str, Hits], found: Erased
) -> pa.Table:
    """RECEIPT: places that change first, those of which nothing was found left out unless they are always asked about."""
    rows = [
        {
            "place": place,
            "before": n,
            "after": None if after is None else after.get(place, 0),
            "detail": detail(place, hits, found),
        }
        for place, n in sorted(before.items(), key=lambda p: (p[0] in STAYS, p[0] != "events", p[0]))
        if n or place in ("events", "sessions", "quarantine", "published pages", "older files")
    ]
    return pa.Table.from_pylist(rows, schema=RECEIPT)


def detail(place: str, hits: Mapping[str, Hits], found: Erased) -> str:
    """What is done in a place."""
    if place == "events":
        return f"{found.stitched:,} stitched; {len(found.files):,} files written anew"
    if place == OTHERS:
        columns = ", ".join(sorted(hits[place].columns)) if place in hits else ""
        return f"not changed: {columns}"
    return {
        "quarantine": "rows that hold it, kept without content",
        "published pages": "deleted; journeys report and backfill write them anew",
        "older files": "files that newer ones replaced, deleted",
        "inputs that still hold it": "files, not changed: delete the rows there",
        "run manifests": "the mask in its place",
    }.get(place, "")


def warnings(hits: Mapping[str, Hits], inputs: Sequence[str]) -> list[str]:
    """What whoever erases must know; `inputs`: names of those that still hold the id, with its mask."""
    said = [f"{name} still holds the id: it was not changed." for name in inputs]
    told = hits.get(OTHERS, Hits())
    if told.mentions:
        said.append(
            f"the text of the id stands in {told.mentions:,} values of other customers' events "
            f"({', '.join(sorted(told.columns))}): they were not changed."
        )
    return said


def check_gone(hits: Mapping[str, Hits]) -> None:
    """Raise StoreError where the store still holds the id in a place that erasing clears."""
    stay = {p for p, h in hits.items() if p not in STAYS and h.own}
    stay |= {p for p, h in hits.items() if p in ("older files", "published pages", "sessions", "quarantine") and h.any}
    told = hits.get(OTHERS, Hits()).mentions
    stay |= {p for p, h in hits.items() if h.bytes and not (told and p == "events")}
    if stay:
        raise StoreError(
            f"the search still finds the id in: {', '.join(sorted(stay))}. Erase again; see journeys doctor."
        )
