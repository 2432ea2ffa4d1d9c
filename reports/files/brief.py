"""The report for mail or chat: the findings, the main numbers and the largest leaks as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from markupsafe import escape

from reports.content.changes import all_changes, by_key
from reports.content.findings import findings
from reports.content.least import LEAST
from reports.content.report import Report
from reports.files.suppress import few
from reports.formatting import NOTHING
from reports.page.sections.attribution import attribution
from reports.page.sections.header import header
from reports.page.sections.leaks import leaks
from reports.page.sections.lifecycle import lifecycle
from reports.page.sections.retention import retention
from reports.page.sections.tiles import tiles

LEAKS = 5
SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def brief(report: Report, *, guarded: bool = False) -> str:
    """Markdown. `guarded`: for another team, so sentences, tiles and places with a count below LEAST are left out."""
    changes = all_changes(report)
    head = header(report)
    lines = [
        f"# {text(head.shop)}: {text(head.period)}",
        "",
        f"{text(head.compared[0].upper() + head.compared[1:])}. Data quality: {text(head.badge)}.",
        "",
    ]
    for f in findings(report, changes):
        if not (guarded and any(map(few, f.told))):
            evidence = "" if guarded and any(map(few, f.backed)) else " " + text(f.evidence)
            lines.append(f"- **{f.head}.** {text(f.sentence)}{evidence}".rstrip())
    lines += ["", *numbers(report, guarded), *places(report, guarded), *of_history(report, guarded)]
    lines += [f"All of it: `{report.commands['report']}`", ""]
    return "\n".join(lines)


def numbers(report: Report, guarded: bool) -> list[str]:
    """The tiles as a table."""
    shown = [t for t in tiles(report, by_key(all_changes(report))).tiles if not (guarded and any(map(few, t.counts)))]
    return table(("", "Value", "Change", "n"), [[text(c) for c in (t.label, t.value, t.change, t.n)] for t in shown])


def of_history(report: Report, guarded: bool) -> list[str]:
    """What conversions are owed to, who comes back, who is there: a sentence each, and the shares by model."""
    if guarded and not report.strict:  # sums of everybody would give away what another team is not shown
        return []
    owed, kept, life = attribution(report), retention(report), lifecycle(report)
    views = (("Attribution", owed), ("Who comes back", kept), ("Who is there", life))
    lines = [f"- **{name}.** {text(view.summary)}" for name, view in views if view is not None]
    rows = []
    if owed is not None:
        of = zip(*(m.rows for m in owed.models), strict=True)
        rows = [[text(models[0].name), *(text(r.share) for r in models)] for models in of]
        lines += ["", *table((text(owed.by.capitalize()), *(m.label for m in owed.models)), rows)]
    return [*lines, ""] if lines and lines[-1] else lines


def places(report: Report, guarded: bool) -> list[str]:
    """The first of the ranking."""
    view = leaks(report, {})
    if view is None:
        return []
    there = {r["node"]: r["customers"] for r in report.nodes.to_pylist()} if report.nodes is not None else {}
    rows = [
        (
            text(leak.place),
            text(leak.stake),
            hidden(row["lost"], guarded),
            text(leak.rate),
            text(leak.sessions),
            text(leak.owner) or NOTHING,
        )
        for leak, row in zip(view.leaks, report.dropoff.to_pylist(), strict=False)
        if not (guarded and (few(there.get(row["touchpoint"])) or few(row["drop_off"])))
    ]
    return table(("Place", view.stake_head, "Lost", "Rate", "of sessions", "Owner"), rows[:LEAKS])


def hidden(n: int | None, guarded: bool) -> str:
    """A count; not a small one, where it is for others."""
    return NOTHING if n is None else f"< {LEAST}" if guarded and few(n) else f"{n:,}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A pipe table and an empty line; nothing without rows."""
    if not rows:
        return []
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join(['---'] + ['---:'] * (len(heads) - 1))}|"]
    return [*lines, *(f"| {' | '.join(r)} |" for r in rows), ""]


def text(markup: object) -> str:
    """What the page says, as Markdown: bold stays, names are no markup of any kind."""
    parts = re.split(r"(</?[a-z]+[^>]*>)", str(escape(markup)))
    found = [
        "**" if p in ("<b>", "</b>") else "" if p.startswith("<") else SPECIAL.sub(r"\\\1", unescape(p)) for p in parts
    ]
    return " ".join("".join(found).split())
