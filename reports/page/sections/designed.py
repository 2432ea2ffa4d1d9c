"""The journey as designed against the journey as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.content.journey_map import MapContent
from reports.content.report import Report
from reports.draw.bars import target_bar
from reports.draw.feelings import felt_text
from reports.draw.sheets import Column, Sheet, figures, sheet, words
from reports.formatting import NOTHING, duration, interval, named, number, share

Row = Mapping[str, Any]
GOALS = (
    ("share", "target_share", "share_met"),
    ("median_seconds", "target_seconds", "time_met"),
    ("sentiment", "target_sentiment", "sentiment_met"),
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A value against its target: met, missed, or "" where there is no target."""

    value: str
    expected: str
    word: str


@dataclass(frozen=True, kw_only=True)
class DesignedStage:
    """One stage."""

    name: Markup
    bar: Markup
    share: Verdict
    missing: str
    repeated: str
    out_of_order: str
    wait: Verdict
    feeling: Verdict


@dataclass(frozen=True, kw_only=True)
class DesignedView:
    """The figure; `targets` and `feelings`: do those columns say anything?"""

    summary: Markup
    rows: list[DesignedStage]
    feelings: bool
    table: Sheet


def designed(report: Report) -> DesignedView | None:
    """None without stages of one's own: nobody designed the presets."""
    content = report.map
    if content is None or content.preset or not content.designed_totals["customers"] or content.designed.num_rows < 2:
        return None
    rows = content.designed.to_pylist()
    return DesignedView(
        summary=summary(content),
        rows=[stage(r) for r in rows],
        feelings=any(r["target_sentiment"] is not None for r in rows),
        table=table(content),
    )


def summary(content: MapContent) -> Markup:
    """How many come as designed, and how many targets are met."""
    t = content.designed_totals
    text = Markup("<b>{}</b> of {} customers ({}) come in the designed order; {} leave nothing out").format(
        share(t["in_order_share"]),
        number(t["customers"]),
        interval(t["in_order_low"], t["in_order_high"]),
        share(t["complete_share"]),
    )
    judged = [r[met] for r in content.designed.to_pylist() for _, _, met in GOALS if r[met] is not None]
    targets = f"; {number(sum(judged))} of {number(len(judged))} targets are met" if judged else ""
    return text + targets + Markup(". The tick is the target.") if judged else text + Markup(".")


def stage(row: Row) -> DesignedStage:
    """One row of the figure."""
    said = f"{share(row['share'])} of the customers come" + (
        f", expected {share(row['target_share'])}" if row["target_share"] is not None else ""
    )
    return DesignedStage(
        name=named(row["stage"], 40),
        bar=target_bar(row["share"] or 0.0, row["target_share"], said),
        share=verdict(row, *GOALS[0], share),
        missing=number(row["missing"]),
        repeated=number(row["repeated"]),
        out_of_order=number(row["out_of_order"]),
        wait=verdict(row, *GOALS[1], duration),
        feeling=verdict(row, *GOALS[2], felt_or_nothing),
    )


def felt_or_nothing(value: float | None) -> str:
    """A feeling, or a dash."""
    return NOTHING if value is None else felt_text(value)


def verdict(row: Row, actual: str, target: str, met: str, shown: Any) -> Verdict:
    """A value against its target."""
    word = {True: "met", False: "missed", None: ""}[row[met]]
    return Verdict(value=shown(row[actual]), expected="" if row[target] is None else shown(row[target]), word=word)


def table(content: MapContent) -> Sheet:
    """All columns."""
    columns = [
        words("Stage", "stage", named),
        figures("Customers", "customers", number),
        figures("Share", "share", share),
        Column(head="95 % interval", cell=lambda r: interval(r["ci_low"], r["ci_high"])),
        figures("Expected", "target_share", share),
        figures("Left out", "missing", number),
        figures("Came back", "repeated", number),
        figures("Out of order", "out_of_order", number),
        figures("Wait, median", "median_seconds", duration),
        figures("90 % within", "p90_seconds", duration),
        figures("Expected wait", "target_seconds", duration),
        figures("Feeling", "sentiment", felt_or_nothing),
        figures("Expected feeling", "target_sentiment", felt_or_nothing),
    ]
    return sheet("The journey as designed, stage by stage", content.designed, columns, content.commands["designed"])
