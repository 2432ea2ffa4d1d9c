"""Attribution: what each value is owed, model by model; what opens journeys and what closes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from paths.attribution.table import NO_TOUCH
from reports.content.report import Report
from reports.content.retention import AttributionContent
from reports.draw.bars import bar
from reports.draw.sheets import Column, Sheet, figures, sheet, words
from reports.formatting import named, number, plain, share, short_money, span_text

MOST = 8
"""Bars of a model; the rest is one."""

APART = 0.1
"""From this difference of shares on a value opens more than it closes, or the other way round."""

SAID = {
    "first": ("First touch", "all to the first touch"),
    "last": ("Last touch", "all to the last touch"),
    "linear": ("Linear", "equal parts to all touches"),
    "position": ("Position", "40 % to the first touch, 40 % to the last, the rest to those between"),
    "decay": ("Decay", "more to touches that lie closer to the conversion"),
    "markov": ("Markov", "by what would be lost without it"),
}

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One value under one model."""

    name: Markup
    bar: Markup
    share: str
    worth: str


@dataclass(frozen=True, kw_only=True)
class ModelView:
    """One position of the switch."""

    key: str
    label: str
    rule: str
    rows: list[Owed]


@dataclass(frozen=True, kw_only=True)
class AttributionView:
    """The section."""

    by: str
    summary: Markup
    measure: str
    models: list[ModelView]
    table: Sheet


def attribution(report: Report) -> AttributionView | None:
    """None without conversions, a column of touches, or a value of it."""
    content = report.attribution
    if content is None or not content.table.num_rows or not content.models:
        return None
    rows = content.table.to_pylist()
    return AttributionView(
        by=plain(content.by),
        summary=summary(content, rows, report),
        measure=f"Share of the {of_what(content)}",
        models=[model_view(m, content, rows, report) for m in content.models],
        table=table(content, report),
    )


def of_what(content: AttributionContent) -> str:
    """What is shared out: money, where every conversion has some."""
    return "revenue" if content.totals["value"] else "conversions"


def shares(content: AttributionContent, rows: Sequence[Row], model: str) -> list[float]:
    """What each row has of all that the model gives; of money where there is some."""
    kind = "value" if content.totals["value"] else "conversions"
    total = content.totals[kind]
    return [(r[f"{model}_{kind}"] or 0) / total for r in rows]


def summary(content: AttributionContent, rows: Sequence[Row], report: Report) -> Markup:
    """Who is owed most, how firmly, and who opens or closes."""
    totals, models = content.totals, content.models
    worth = Markup(" worth <b>{}</b>").format(short_money(totals["value"], report.currency)) if totals["value"] else ""
    text = Markup("{} conversions{}").format(number(totals["conversions"]), worth)
    text += Markup(", by the touches in the {} before.").format(span_text(content.lookback))
    ends = [m for m in ("first", "last") if m in models]
    values = {m: shares(content, rows, m) for m in models}
    lead = leader(content, rows)
    if lead is not None:
        owed = " and ".join(f"{share(values[m][lead])} by {SAID[m][0].lower()}" for m in ends or models[:1])
        text += Markup(" <b>{}</b> is owed {} of the {}").format(named(rows[lead]["value"], 40), owed, of_what(content))
        text += firm(content) + Markup(".")
    if len(ends) == 2:
        text += leaning(rows, values["first"], values["last"])
    return text + Markup(" What goes before a conversion need not have caused it.")


def leader(content: AttributionContent, rows: Sequence[Row]) -> int | None:
    """The row that is first most often; without readings the first row that is a touch."""
    name = content.robustness["first"] if content.robustness else None
    names = [r["value"] for r in rows]
    if name in names:
        return names.index(name)
    return next((i for i, n in enumerate(names) if n != NO_TOUCH), None)


def firm(content: AttributionContent) -> Markup:
    """How often it is first, over models and look-backs, and who else is."""
    found = content.robustness
    if found is None or content.table.num_rows < 2:
        return Markup()
    others = [Markup("{} in {}").format(named(n, 40), t) for n, t in list(found["places"].items())[1:3]]
    text = Markup(", and first in {} of {} readings (models and look-backs)").format(found["times"], found["of"])
    return text + Markup("").join(Markup(", {}").format(o) for o in others)


def leaning(rows: Sequence[Row], first: Sequence[float], last: Sequence[float]) -> Markup:
    """The value that opens most and the one that closes most, where they do so by APART at least."""
    touched = [i for i, r in enumerate(rows) if r["value"] != NO_TOUCH]
    opens = max(touched, key=lambda i: first[i] - last[i], default=0)
    closes = max(touched, key=lambda i: last[i] - first[i], default=0)
    text = Markup()
    if first[opens] - last[opens] >= APART:
        text += Markup(" {} opens journeys more than it closes them ({} against {}).").format(
            named(rows[opens]["value"], 40), share(first[opens], 0), share(last[opens], 0)
        )
    if last[closes] - first[closes] >= APART:
        text += Markup(" {} closes them ({} of the last touches, {} of the first).").format(
            named(rows[closes]["value"], 40), share(last[closes], 0), share(first[closes], 0)
        )
    return text


def model_view(model: str, content: AttributionContent, rows: Sequence[Row], report: Report) -> ModelView:
    """One position of the switch; the values stand in one order in all of them, so that they can be compared."""
    parts = list(zip(rows, shares(content, rows, model), strict=True))
    shown, rest = parts[:MOST], parts[MOST:]
    most = max([s for _, s in shown] + [sum(s for _, s in rest)], default=0.0)
    owed = [bar_of(named(r["value"], 40), plain(r["value"]), s, most, worth(model, [r], report)) for r, s in shown]
    if rest:
        label = f"{len(rest)} more"
        owed.append(
            bar_of(Markup(label), label, sum(s for _, s in rest), most, worth(model, [r for r, _ in rest], report))
        )
    label, rule = SAID[model]
    return ModelView(key=model, label=label, rule=rule, rows=owed)


def bar_of(name: Markup, said: str, part: float, most: float, text: str) -> Owed:
    """One bar."""
    return Owed(name=name, bar=bar(part, most, f"{said}: {share(part)}"), share=share(part), worth=text)


def worth(model: str, rows: Sequence[Row], report: Report) -> str:
    """Money, or conversions."""
    values = [r[f"{model}_value"] for r in rows if r[f"{model}_value"] is not None]
    return (
        short_money(sum(values), report.currency)
        if values
        else number(sum(r[f"{model}_conversions"] or 0 for r in rows))
    )


def table(content: AttributionContent, report: Report) -> Sheet:
    """The answer as it is: conversions of each model, and money."""
    columns: list[Column] = [words(content.by.capitalize(), "value", named), figures("Touches", "touches", number)]
    for m in content.models:
        columns.append(figures(f"{SAID[m][0]}: conversions", f"{m}_conversions", one_decimal))
        if content.totals["value"]:
            columns.append(figures(f"{SAID[m][0]}: value", f"{m}_value", lambda v: short_money(v, report.currency)))
    return sheet(f"What each {plain(content.by)} is owed", content.table, columns, content.command)


def one_decimal(value: float | None) -> str:
    """Credits: 12.4."""
    return number(None) if value is None else f"{value:,.1f}"
