"""Three findings in words: the largest leak, what changed, where to look first. Silent below MIN_N, honest about noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from paths.compare.changes import Change, needed
from paths.statistics.intervals import wilson
from paths.statistics.pairs import MIN_N
from paths.visits.visits import END, START
from reports.content.report import FunnelAnswer, Report
from reports.formatting import about, interval, named, number, points_interval, share, short_money, signed, span_text

WHOLE = {"sessions": 1, "carts": 2}
"""Changes of the whole are told where no part of it moved."""

WHOLE_SAID = {"sessions": "sessions convert", "carts": "carts are left behind"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A headline of one or two words, a sentence, and the evidence under it; the counts of people in both."""

    kind: str  # leak | change | first
    head: str
    sentence: Markup
    evidence: Markup
    told: tuple[int | None, ...] = ()
    backed: tuple[int | None, ...] = ()


def findings(report: Report, changes: Sequence[Change]) -> list[Finding]:
    """Those that the data supports, at most three."""
    sentences = (largest_leak(report), what_changed(report, changes), look_first(report))
    return [f for f in sentences if f is not None]


def goal_words(report: Report) -> Markup:
    """What journeys are for: "purchase", or the first of several."""
    return named(report.goal[0]) if len(report.goal) == 1 else Markup("goal")


def largest_leak(report: Report) -> Finding | None:
    """The first row of the ranking."""
    rows = [r for r in report.dropoff.slice(0, 1).to_pylist() if r["sessions"] >= MIN_N and r["drop_off"]]
    if not rows or not report.goal or not report.goal_seen:
        return None
    r = rows[0]
    stake = Markup("")
    if r["value_at_risk"]:
        stake = Markup(", with about <b>{}</b> at stake").format(short_money(r["value_at_risk"], report.currency))
    elif r["leak"]:
        stake = Markup(", with about <b>{}</b> conversions at stake").format(about(r["leak"]))
    sentence = Markup("Most {} at <b>{}</b>: {} of {} sessions there ended without a {}{}.").format(
        "is lost" if r["lost"] else "sessions end",
        named(r["touchpoint"]),
        number(r["drop_off"]),
        number(r["sessions"]),
        goal_words(report),
        stake,
    )
    back = f"{number(r['lost'])} lost, {number(r['returned'])} came back within {span_text(report.return_window)}"
    still = f", {number(r['in_progress'])} may still come back" if r["in_progress"] else ""
    evidence = Markup("{}, 95 % interval {}. {}{}.").format(
        share(r["drop_off_rate"]), interval(r["ci_low"], r["ci_high"]), back, still
    )
    return Finding(
        kind="leak",
        head="Largest leak" if r["lost"] else "Most ends",
        sentence=sentence,
        evidence=evidence,
        told=(r["drop_off"], r["sessions"]),
        backed=(r["lost"], r["returned"], r["in_progress"]),
    )


def what_changed(report: Report, changes: Sequence[Change]) -> Finding | None:
    """The largest step or drop-off rate that moved beyond noise, else conversion or carts as a whole, else that nothing did."""
    if report.before is None:
        return None
    if not report.comparable:
        sentence = Markup("There is nothing to compare with: the period before holds no sessions.")
        return Finding(kind="change", head="What changed", sentence=sentence, evidence=Markup(""))
    if not changes:
        return None
    certain = sorted((c for c in changes if c.certain), key=lambda c: (WHOLE.get(c.kind, 0), -abs(c.difference), c.key))
    if not certain:
        sentence = Markup("Nothing moved beyond noise: no rate on this page differs clearly from the period before.")
        evidence = Markup("{} rates compared, each with at least {} units in both periods.").format(len(changes), MIN_N)
        return Finding(kind="change", head="What changed", sentence=sentence, evidence=evidence)
    return changed(certain[0], len(certain), len(changes))


def changed(c: Change, certain: int, looked: int) -> Finding:
    """One difference in words."""
    more, fewer = ("more", "more") if c.difference > 0 else ("less", "fewer")
    if c.kind == "step":
        what = Markup("The step from <b>{}</b> to <b>{}</b> is taken {} often than before").format(
            named(c.place), named(c.target), more
        )
    elif c.kind == "dropoff":
        what = Markup("Sessions end at <b>{}</b> {} often than before").format(named(c.place), more)
    else:
        what = Markup("{} {} than before").format(fewer.capitalize(), WHOLE_SAID[c.kind])
    sentence = Markup("{}: {}, <b>{}</b>.").format(what, share(c.rate), signed(c.difference))
    rest = (
        f"{certain} of {looked} compared rates moved beyond noise."
        if certain > 1
        else f"No other of the {looked} compared rates moved beyond noise."
    )
    if c.kind in WHOLE:
        rest = "No single step or drop-off rate moved beyond noise."
    evidence = Markup("95 % interval {} points; {} of {}, before {} of {}. {}").format(
        points_interval(*c.interval),
        number(c.hits),
        number(c.trials),
        number(c.hits_before),
        number(c.trials_before),
        rest,
    )
    counts = (c.hits, c.trials, c.hits_before, c.trials_before)
    return Finding(kind="change", head="What changed", sentence=sentence, evidence=evidence, told=counts)


def look_first(report: Report) -> Finding | None:
    """The costliest step of the first funnel, or, without one, the edge over which most are lost."""
    for answer in report.funnels:
        finding = weakest_step(answer)
        if finding is not None:
            return finding
    return last_edge(report)


def weakest_step(answer: FunnelAnswer) -> Finding | None:
    """Behind the first step, the one at which the largest share stops; what they did instead."""
    rows = needed(answer.now)
    steps = [(a, b) for a, b in pairwise(rows) if a["step"] > 1 and a["reached"] >= MIN_N and a["dropped"]]
    if not steps:
        return None
    at, to = max(steps, key=lambda s: (s[0]["dropped"] / s[0]["reached"], -s[0]["step"]))
    low, high = wilson(at["dropped"], at["reached"])
    sentence = Markup("Look first between <b>{}</b> and <b>{}</b>: {} of {} {} stopped there{}.").format(
        named(at["name"]), named(to["name"]), number(at["dropped"]), number(at["reached"]), answer.count, instead(at)
    )
    evidence = Markup("{}, 95 % interval {}; funnel {}{}.").format(
        share(at["dropped"] / at["reached"]),
        interval(low, high),
        named(answer.name),
        f"; {number(at['in_progress'])} more are still on their way" if at["in_progress"] else "",
    )
    gone = [g["units"] for g in at["dropped_next"] or []]
    return Finding(
        kind="first",
        head="Look first",
        sentence=sentence,
        evidence=evidence,
        told=(at["dropped"], at["reached"], *gone[:2]),
        backed=(at["in_progress"],),
    )


def instead(row: Mapping[str, Any]) -> Markup:
    """What most of the dropped did next."""
    gone = row["dropped_next"] or []
    left = next((g["units"] for g in gone if g["touchpoint"] == END), 0)
    elsewhere = next((g for g in gone if g["touchpoint"] != END), None)
    parts = [Markup("{} left at once").format(number(left))] if left else []
    if elsewhere:
        parts.append(Markup("{} went to {}").format(number(elsewhere["units"]), named(elsewhere["touchpoint"])))
    return Markup("; ") + Markup(", ").join(parts) if parts else Markup("")


def last_edge(report: Report) -> Finding | None:
    """Where the lost of the largest leak came from, and where others came back."""
    rows = [r for r in report.dropoff.slice(0, 1).to_pylist() if r["sessions"] >= MIN_N and r["lost"]]
    if not rows or not rows[0]["lost_after"]:
        return None
    r = rows[0]
    came = (
        Markup("straight from the start")
        if r["lost_after"] == START
        else Markup("from <b>{}</b>").format(named(r["lost_after"]))
    )
    sentence = Markup("Look first at <b>{}</b>: most of those lost there came {}.").format(named(r["touchpoint"]), came)
    back = (
        Markup("Those who came back and bought returned at {}.").format(named(r["returned_at"]))
        if r["returned_at"]
        else Markup("")
    )
    return Finding(kind="first", head="Look first", sentence=sentence, evidence=back)
