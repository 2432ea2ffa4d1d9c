"""Which kind of export a file is, told from its columns; and what to say of a file that is not what it is said to be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from ingest.exports.models import Export

Holds = Callable[[str], bool]
"""Does any row hold a value in this column, or at this path into a JSON column?"""

HALF = 0.5
"""Share of its signs from which a file is said to be part of an export."""


def recognised(exports: Iterable[Export], holds: Holds, width: int = 0) -> Export | None:
    """The kind whose signs a file (of `width` columns) shows, the one with the most of them; None where none does."""
    best: tuple[int, Export] | None = None
    for export in exports:
        shown = max((len(s) for s in export.signs.columns if all(map(holds, s))), default=0)
        if export.signs.width is not None and width == export.signs.width:
            shown = max(shown, width)
        if shown and (best is None or shown > best[0]):
            best = shown, export
    return best[1] if best else None


def looks_like(export: Export) -> str:
    """What to say of a file that was recognised."""
    article = "an" if export.title[0] in "AEIOU" else "a"
    return f'this looks like {article} {export.title}: kind = "{export.name}" in its [[source]], or --kind {export.name}, reads it as one'


def misfit(
    export: Export,
    lacking: Mapping[str, Sequence[str]],
    names: Collection[str],
    holds: Holds,
    others: Iterable[Export] = (),
) -> str:
    """Why a file is no `export`: which of the things that every row needs it `lacking`ly has (target -> spellings), near names
    among its columns, and what it looks like instead."""
    what = ", ".join(f"{target} ({' or '.join(spellings)})" for target, spellings in lacking.items())
    text = f"as a {export.title} it would hold {what}, and it does not"
    if near := near_names(lacking, names):
        text += "; " + ", ".join(f"{wanted} may be called {name} here" for wanted, name in near.items())
    signs = max(export.signs.columns, key=lambda s: sum(map(holds, s)), default=())
    there = [s for s in signs if holds(s)]
    if signs and HALF * len(signs) <= len(there) < len(signs):
        text += (
            f". It is part of one: {', '.join(there)} are there, {', '.join(s for s in signs if s not in there)} not"
        )
    other = recognised((e for e in others if e.name != export.name), holds)
    if other is not None:
        text += f'. It looks like a {other.title}: kind = "{other.name}"'
    return f"{text}. The columns are {', '.join(names) or '(none)'}."


def near_names(lacking: Mapping[str, Sequence[str]], names: Collection[str]) -> dict[str, str]:
    """Spelling -> the column that may be the renamed one."""
    found = {}
    for spellings in lacking.values():
        for spelling in spellings:
            near = get_close_matches(spelling.partition(".")[0], list(names), n=1, cutoff=0.75)
            if near and near[0] != spelling.partition(".")[0]:
                found[spelling] = near[0]
    return found
