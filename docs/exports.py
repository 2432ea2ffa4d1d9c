"""Writes docs/exports.md from the files of the kinds in ingest/exports; `make docs` calls it. `-`: to standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.exports.models import Export
from ingest.exports.reading import exports_of

PAGE = Path(__file__).with_name("exports.md")
HEAD = """\
# The exports people have

One line reads the export of a tool: `journeys ingest --kind segment FILES`, or in `journeys.toml`

```toml
[[source]]
kind = "ga4"
path = "inbox/events_*.json.gz"
```

A kind gives a `[[source]]` every key that it does not say itself (`columns` one by one; a column that is `""` is not
read), and the project what is passive. `journeys kinds` lists them, `journeys kinds ga4` shows the file of one,
`journeys kinds ga4 --write` copies it to `exports/ga4.toml` beside `journeys.toml`, where it can be changed and comes before ours.
A file there with another name is a new kind. `journeys inspect FILE` recognises an export. A file that is none of its
kind is set aside, with the columns that lack, near names, and what it looks like instead.
`channel = "auto"` beside a `kind` gives the default channel grouping in place of the export's own medium.

This page is written by `make docs` from those files. What a mapping can say is in [configuration](configuration.md#source).

"""


def page() -> str:
    """The whole page."""
    exports = exports_of().values()
    rows = [
        f"| [`{e.name}`](#{anchor(e)}) | {e.title} | {time_of(e)} | {key_of(e)} | {ids_of(e)} | {listed(e.passive)} |"
        for e in exports
    ]
    table = ["| kind | export | time | duplicates by | identity | passive |", "|---|---|---|---|---|---|", *rows]
    return HEAD + "\n".join([*table, "", *(line for e in exports for line in section(e))])


def section(export: Export) -> Iterator[str]:
    """One kind: its columns and its traps."""
    yield from (f"## {export.title}", "", f'`kind = "{export.name}"`, as [documented]({export.documentation}).', "")
    columns = export.source.get("columns", {})
    others = [t for t in columns if t not in ("event_at", "event", "customer_id", "anonymous_id", "event_id")]
    yield f"Event: {spelled(columns.get('event'))}{several(export)}. Also read: {listed(others)}."
    yield from ("", "| what would go wrong | what is done | source |", "|---|---|---|")
    yield from (f"| {cell(t.what)} | {cell(t.rule)} | [documented]({t.url}) |" for t in export.trap)
    yield ""


def anchor(export: Export) -> str:
    """The anchor of its heading."""
    kept = "".join(c for c in export.title.lower() if c.isalnum() or c in "- _")
    return kept.replace(" ", "-")


def several(export: Export) -> str:
    """The events of a row that holds several."""
    events = export.source.get("event", [])
    return "; of one row: " + ", ".join(f"`{e['name']}` at {spelled(e['time'])}" for e in events) if events else ""


def time_of(export: Export) -> str:
    """What the time is read from."""
    events = export.source.get("event", [])
    return " · ".join(spelled(e["time"]) for e in events) or spelled(export.source.get("columns", {}).get("event_at"))


def key_of(export: Export) -> str:
    """What makes two rows one."""
    rule = export.source.get("deduplicate", "event_id" if "event_id" in export.source.get("columns", {}) else "content")
    return spelled(export.source["columns"]["event_id"]) if rule == "event_id" else str(rule)


def ids_of(export: Export) -> str:
    """What the ids are read from."""
    columns = export.source.get("columns", {})
    return "; anonymous ".join(spelled(columns[i]) for i in ("customer_id", "anonymous_id") if i in columns)


def spelled(spec: Any) -> str:
    """A column as a cell of a table."""
    if isinstance(spec, list) and any(isinstance(one, dict) for one in spec):
        return ", ".join(map(spelled, spec))
    if isinstance(spec, dict):
        if "constant" in spec:
            return f"always `{spec['constant']}`"
        names = spec.get("column") or spec.get("join") or spec.get("host") or spec.get("of")
        more = f" ({spec['format']})" if isinstance(spec.get("format"), str) else ""
        more += "".join(f" where `{c}` is `{g}`" for c, g in spec.get("only", {}).items())
        more += f", else `{spec['otherwise']}`" if "otherwise" in spec else ""
        return spelled(names) + more
    names = [spec] if isinstance(spec, str) else list(spec or ())
    return ", ".join(f"`{name}`" for name in names) or "none"


def listed(names: Any) -> str:
    """Names in a cell."""
    return ", ".join(f"`{name}`" for name in names) or "none"


def cell(text: str) -> str:
    """A sentence in a cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")
