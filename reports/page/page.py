"""The page: every section drawn, one HTML file, nothing fetched; its only script is the one in assets/js.

Equal reports give equal bytes: no clock, no random ids.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.content.changes import all_changes
from reports.content.report import Report
from reports.formatting import plain
from reports.page.sections.downloads import downloads
from reports.page.sections.header import header
from reports.page.sections.method import method
from reports.page.sections.missing import missing
from reports.page.view import PARTS, PageView, light, view_of

SCRIPTS = (
    "page.js",
    "state.js",
    "segments.js",
    "tables.js",
    "focus.js",
    "sankey.js",
    "paths.js",
    "picture.js",
    "copy.js",
    "start.js",
)
"""In the order in which they are put together."""

DATA_BUDGET = 1_000_000
"""Bytes of what the page carries beyond itself: segments beyond it are left out, and said."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A segment as the page carries it."""

    column: str
    value: str
    name: str
    size: str
    view: PageView


@dataclass(frozen=True, kw_only=True)
class Page:
    """The file, and those that go beside it where they are not inside."""

    html: bytes
    assets: dict[str, bytes]


def templates() -> Environment:
    """All that is shown is escaped, and a name that nobody gave is a fault."""
    return Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(report: Report, *, parts: tuple[str, ...] = PARTS) -> bytes:
    """UTF-8 HTML, all in one file."""
    return pages(report, parts=parts).html


def pages(report: Report, *, parts: tuple[str, ...] = PARTS, beside: bool = False) -> Page:
    """The page; with `beside` its style and script are files of their own, which it names in assets/."""
    environment = templates()
    changes = all_changes(report)
    view = view_of(report, changes, parts)
    segments, left_out = carried(environment, report, parts)
    css, js = asset("report.css"), script()
    text = environment.get_template("report.html.j2").render(
        header=header(report),
        view=view,
        missing=missing(report, drawn=view.drawn),
        method=method(report),
        downloads=downloads(report),
        segments=segments,
        data=data_json(report, left_out),
        policy=policy(js, beside),
        style=Markup('<link rel="stylesheet" href="assets/report.css">')
        if beside
        else Markup(f"<style>\n{css}</style>"),
        script=Markup('<script src="assets/report.js"></script>') if beside else Markup(f"<script>{js}</script>"),
    )
    assets = {"assets/report.css": css.encode(), "assets/report.js": js.encode()} if beside else {}
    return Page(html=text.encode("utf-8", "replace"), assets=assets)


def carried(environment: Environment, report: Report, parts: tuple[str, ...]) -> tuple[list[Part], int]:
    """(the segments that fit into DATA_BUDGET, how many values of segment columns are not among them)."""
    body = environment.from_string(
        '{% from "parts.html.j2" import data_table with context %}{% include "body.html.j2" %}'
    )
    segments, left = [], DATA_BUDGET
    for segment in report.segments:
        view = light(view_of(segment.report, all_changes(segment.report), parts))
        left -= len(body.render(view=view).encode("utf-8", "replace"))
        if left < 0:
            break
        sessions = segment.report.summary["sessions"][0].as_py()
        segments.append(
            Part(
                column=plain(segment.column),
                value=plain(segment.value),
                name=f"{plain(segment.column)}={plain(segment.value)}",
                size=str(sessions),
                view=view,
            )
        )
    return segments, report.segments_left_out + len(report.segments) - len(segments)


def data_json(report: Report, left_out: int) -> str:
    """What the script knows beyond the page: stages with their touchpoints, and how many values have no segment here."""
    stages = [[plain(s.name), [plain(t) for t in s.touchpoints]] for s in report.stages if s.touchpoints]
    places = [plain(r["touchpoint"]) for r in report.dropoff.to_pylist()[:40]]
    title = plain(report.shop)
    known = {"stages": stages, "places": sorted(dict.fromkeys(places)), "leftOut": left_out, "title": title}
    return json.dumps(known, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def policy(js: str, beside: bool) -> str:
    """The Content-Security-Policy: nothing may be fetched, and no script may run but this one.

    Pictures are the page's own: a figure that is saved is drawn from a blob first.
    """
    digest = b64encode(hashlib.sha256(js.encode()).digest()).decode()
    own = "'self' file:" if beside else f"'sha256-{digest}'"
    style = "'self' file: 'unsafe-inline'" if beside else "'unsafe-inline'"
    return f"default-src 'none'; style-src {style}; img-src data: blob:; script-src {own}; base-uri 'none'; form-action 'none'"


@cache
def asset(name: str) -> str:
    """A file of reports/assets."""
    return files("reports").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


@cache
def script() -> str:
    """All of assets/js as one script."""
    return '(() => {\n"use strict";\n' + "\n".join(asset(f"js/{n}") for n in SCRIPTS) + "})();\n"
