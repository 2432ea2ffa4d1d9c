"""What a load says of its files, in sentences: for the person at the command line and for the record of a night."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.errors import NothingAccepted, SetAside
from ingest.loading.loaded import Loaded
from ingest.store.set_aside import set_aside as set_aside_notes

SHOWN = 5


def told(loaded: Loaded) -> list[str]:
    """What is good to know."""
    found = [f"{name}: already in the store, 0 new rows" for name in loaded.known]
    found += [f"{name}: it is empty" for name in loaded.empty]
    found += [f"{name}: read anew; what came of it before is gone" for name in loaded.anew]
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (source, target), names in loaded.lacking.items():
        if (source, target) not in loaded.vanished:
            alike[source, tuple(names)].append(target)
    for (source, files), targets in alike.items():
        what = ", ".join(targets)
        found.append(
            f"{source}: no column for {what} in {listed(files)}; {f'{what} is' if len(targets) == 1 else 'they are'} missing there"
        )
    return found


def warned(loaded: Loaded) -> list[str]:
    """What somebody should look at."""
    found = [
        f"{name} changed while it was read; nothing of it was loaded, the next load will try again"
        for name in loaded.growing
    ]
    found += list(loaded.notes)
    for source, target in loaded.vanished:
        names = loaded.lacking[source, target]
        found.append(
            f"{source}: {listed(names)} {'has' if len(names) == 1 else 'have'} no column for {target}, which other files of "
            f'{source} had: {target} is missing there. required = ["{target}"] in its [[source]] would set such files aside.'
        )
    for source, files in by_source(loaded.remapped):
        found.append(remapped(source, files))
    for source, files in by_source(loaded.redelivered):
        found.append(
            f"{source}: {listed(files)} came before with other bytes; what is new in {'it' if len(files) == 1 else 'them'} was "
            'added to what is there. redelivery = "replace" in its [[source]] would let it take the place of what came before; '
            'volatile = ["COLUMN"] leaves a load stamp out of what makes two rows one.'
        )
    return [*found, *(f"set aside: {one.error}" for one in loaded.aside)]


def remapped(source: str, files: Sequence[str]) -> str:
    """Files of a source that were read by another mapping than today's."""
    return (
        f"{source}: {listed(files)} {'was' if len(files) == 1 else 'were'} read by another mapping than today's, and stays as it "
        "was read: journeys ingest --again FILE reads it anew."
    )


def by_source(names: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """(source, its names), by source."""
    found: dict[str, list[str]] = defaultdict(list)
    for source, name in names:
        found[source].append(name)
    return sorted(found.items())


def listed(names: Sequence[str]) -> str:
    """The first of them, and how many there are."""
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"


def set_aside(loaded: Loaded, done: str) -> SetAside | None:
    """The error that tells a shell of files that were set aside; None where there are none."""
    if not loaded.aside:
        return None
    reasons = "\n  ".join(str(one.error) for one in loaded.aside)
    count = f"{len(loaded.aside):,} file{'s were' if len(loaded.aside) > 1 else ' was'} set aside, {done}:"
    return SetAside(f"{count}\n  {reasons}", any(isinstance(a.error, NothingAccepted) for a in loaded.aside))


MEND = {
    "unreadable_row": "the line is broken where it was written; mend the file",
    "missing_customer": "map customer_id (or anonymous_id) to the column that says who it was",
    "missing_event": "map event to the column that says what happened",
    "bad_timestamp": 'say how the times are written: event_at = { column = "...", format = "%d.%m.%Y %H:%M" }',
    "timestamp_out_of_range": "a clock was wrong, or the number has another unit: format = epoch_s, epoch_ms, ...",
    "bad_number": "map the number to a column that has numbers",
    "unknown_currency": "the row is in another currency than [project] currency",
    "bot": 'bots = "keep" in the [[source]] keeps them',
    "excluded": "an [[exclude]] names them, or they ask for a static file",
    "too_late": "journeys run --allow-late, or a longer late_window in the [[source]]; ingest and backfill know no late rows; "
    "days that [store] keep erased stay out",
}
"""Reason -> how its rows are mended."""


def mending(reasons: Iterable[str], root: Path, others: Iterable[tuple[str, str]]) -> list[str]:
    """How rows in the quarantine are mended and tried again; which files are set aside, and which were read otherwise than
    they would be today (`others`, source and name)."""
    asked = set(reasons)
    found = [f"{reason}: {how}" for reason, how in MEND.items() if reason in asked]
    if found:
        found.append(
            "mended? journeys ingest --again FILE reads a file anew: its rows here and in the store go, the new ones come"
        )
    found += [remapped(source, files) for source, files in by_source(others)]
    return [*found, *(f"set aside, nothing of it was loaded: {note['reason']}" for note in set_aside_notes(root))]
