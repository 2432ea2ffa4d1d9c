"""The page: every section drawn, one HTML file, nothing fetched, nothing run.

Equal reports give equal bytes: no clock, no random ids.
"""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.changes import all_changes, by_key
from reports.content import Report
from reports.findings import findings
from reports.sections.carts import carts
from reports.sections.funnel import funnels
from reports.sections.header import header
from reports.sections.leaks import leaks
from reports.sections.method import method
from reports.sections.missing import missing
from reports.sections.paths import first_steps
from reports.sections.tiles import tiles


def render(report: Report) -> bytes:
    """UTF-8 HTML."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    changes = all_changes(report)
    known = by_key(changes)
    sections = {
        "header": header(report), "findings": findings(report, changes), "tiles": tiles(report, known),
        "funnels": funnels(report, known), "paths": first_steps(report), "leaks": leaks(report, known),
        "carts": carts(report), "method": method(report),
    }  # fmt: skip
    absent = missing(report, drawn={name for name, shown in sections.items() if shown})
    style = Markup(files("reports").joinpath("assets", "report.css").read_text(encoding="utf-8"))
    text = environment.get_template("report.html.j2").render(**sections, missing=absent, style=style)
    return text.encode("utf-8", "replace")
