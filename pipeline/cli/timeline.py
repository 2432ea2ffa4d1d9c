"""One customer's journey as a person reads it: a head, then session by session what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipeline.cli.formatting import LAYOUT, lasting, neutral, plain
from pipeline.cli.options import OutputOptions

if TYPE_CHECKING:
    from pipeline.project.result import Result

Row = Mapping[str, Any]
DEVICES = ("device", "device_type", "device_category", "platform")
GAP = 2


def timeline(result: Result, timezone: str, limit: int | None = None) -> str:
    """The text; at most `limit` events of it."""
    zone = ZoneInfo(timezone)
    rows = result.rows()
    blocks = [[head(result.meta["customer"], zone, timezone)]]
    table = cells(rows, zone)[:limit]
    place = places(rows)
    for session, group in groupby(range(len(table)), lambda i: place[i]):
        whole = [r for r in rows if r["session"] == session]
        blocks.append([heading(session, whole, zone), *(table[i] for i in group)])
    if len(table) < len(rows):
        blocks.append([f"showing {len(table):,} of {len(rows):,} events"])
    return "\n\n".join("\n".join(neutral(line) for line in block) for block in blocks) + "\n"


def places(rows: Sequence[Row]) -> list[int | None]:
    """The session under which each event is shown: its own; a passive one's, if it falls inside of one."""
    before: list[int | None] = []
    for row in rows:
        before.append(row["session"] or (before[-1] if before else None))
    after: int | None = None
    ends: list[int | None] = []
    for row, last in zip(reversed(rows), reversed(before), strict=True):
        after = row["session"] or after
        ends.append(row["session"] or (last if last == after else None))
    return ends[::-1]


def head(customer: Row, zone: ZoneInfo, timezone: str) -> str:
    """Who, from when to when, how much."""
    parts = [f"customer {customer['id']}"]
    if customer["first_at"] is not None:
        parts += [
            f"first seen {clock(customer['first_at'], zone)}",
            f"last seen {clock(customer['last_at'], zone)} ({timezone})",
        ]
    parts += [counted(customer[n], n) for n in ("sessions", "events", "goals")]
    if customer["value"] is not None:
        parts.append(f"value {customer['value']:,.2f}")
    return " · ".join(parts)


def heading(session: int | None, rows: Sequence[Row], zone: ZoneInfo) -> str:
    """A session's number, start, duration, device and channel; `rows` are all of its events."""
    if session is None:
        return "outside of sessions"
    first, last = rows[0], rows[-1]
    parts = [f"session {session}", clock(first["at"], zone), lasting((last["at"] - first["at"]).total_seconds())]
    parts.append(counted(len(rows), "events"))
    properties = json.loads(first["properties"] or "{}")
    parts += [str(properties[d]) for d in DEVICES if properties.get(d)][:1]
    parts += [first["channel"]] if first["channel"] else []
    return " · ".join(parts)


def cells(rows: Sequence[Row], zone: ZoneInfo) -> list[str]:
    """One line an event: time, gap, touchpoint, stage, channel, value, note; in columns as wide as they must be."""
    from rich.cells import cell_len

    table = []
    for i, row in enumerate(rows):
        gap = f"+{lasting((row['at'] - rows[i - 1]['at']).total_seconds())}" if i else ""
        value = "" if row["value"] is None else f"{row['value']:,.2f}"
        texts = [clock(row["at"], zone), gap, row["touchpoint"], row["stage"], row["channel"], value, row["note"]]
        table.append([neutral(t or "") for t in texts])
    widths = [max((cell_len(r[i]) for r in table), default=0) for i in range(7)]
    lines = []
    for line in table:
        padded = []
        for i, (text, width) in enumerate(zip(line, widths, strict=True)):
            space = " " * (width - cell_len(text))
            if width:
                padded.append(space + text if i in (1, 5) else text + space)
        lines.append((" " * GAP + (" " * GAP).join(padded)).rstrip())
    return lines


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Date and time on the clock of the project, to the second."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, plural: str) -> str:
    """1 event, 2 events."""
    return f"{number:,} {plural.removesuffix('s') if number == 1 else plural}"


def show_text(text: str, output: OutputOptions, meta: Mapping[str, Any]) -> None:
    """The text to standard output or, all or nothing, to a file; `meta` into the file of --meta."""
    import click

    from pipeline.cli.output import say, write_atomic

    if output.output is None or str(output.output) == "-":
        click.echo(neutral(text, keep=LAYOUT), nl=False)
    else:
        write_atomic(output.output, lambda file: file.write(text.encode()))
        say(f"wrote {output.output}")
    if output.meta is not None:
        said = json.dumps(meta, indent=2, ensure_ascii=False, default=plain) + "\n"
        write_atomic(output.meta, lambda file: file.write(said.encode()))
