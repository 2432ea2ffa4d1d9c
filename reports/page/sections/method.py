"""Method: what the words mean, the rules in force, what was left out, how the numbers reconcile, and how to get them again."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from paths.compare.changes import needed
from paths.visits.visits import END
from reports.content.report import FunnelAnswer, Report
from reports.formatting import counted, named, number, plain, share, span_text

SECTIONS = {
    "report": "This page",
    "summary": "Header",
    "paths": "Paths",
    "dropoff": "Leaks",
    "carts": "Carts",
    "quarantine": "Quarantined rows",
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A word and its meaning."""

    word: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A law with its numbers; does it hold?"""

    law: str
    numbers: Markup
    holds: bool


@dataclass(frozen=True, kw_only=True)
class MethodView:
    """The section."""

    definitions: list[Definition]
    rules: list[tuple[str, str]]
    exclusions: list[str]
    lines: list[Line]
    commands: list[tuple[Markup, str]]


def method(report: Report) -> MethodView:
    """Everything that a doubter asks."""
    words = [(Markup(label), report.commands[key]) for key, label in SECTIONS.items()]
    words += [(Markup("Funnel {}").format(named(f.name)), f.command) for f in report.funnels]
    return MethodView(
        definitions=definitions(report),
        rules=[(r.name, plain(r.value, 200)) for r in report.rules],
        exclusions=exclusions(report),
        lines=reconciled(report),
        commands=[(label, plain(text, 600)) for label, text in words],
    )


def definitions(report: Report) -> list[Definition]:
    """The words of the page."""
    window = span_text(report.return_window)
    terms = {
        "Session": "events of one customer without a gap longer than idle_timeout; counted by its first event.",
        "Drop-off": f"a session that holds no goal, at its last touchpoint. It returned (a goal within {window}), may still, or is lost.",
        "At stake": "lost sessions times the share of sessions at that place that went on to a goal: an upper estimate, not a cause.",
        "Funnel": "customers or sessions by the deepest chain of steps within the window; who may still go on is on the way, not lost.",
        "Change": "difference of two rates with the Newcombe 95 % interval; among all compared rates together, "
        "Benjamini and Hochberg at 5 %. Sessions of one customer are not wholly independent.",
        "Interval": "Wilson, 95 %. Nothing is claimed below 30 units.",
        "Time to goal": "from the customer's first event after the goal before, at most 30 days back, to the goal; median within 1 %.",
        "Cart": "opens at an add or at checkout; quiet after quiet_period, over after recovery_window, both from its last activity.",
    }
    return [Definition(word=w, meaning=m) for w, m in terms.items()]


def exclusions(report: Report) -> list[str]:
    """What is not counted."""
    q = report.quality
    lines = [f"{counted(n, 'row')} quarantined: {plain(reason)}." for reason, n in q.reasons]
    lines.append(f"{counted(q.excluded_sessions, 'session')} excluded for having too many events.")
    if q.unmapped:
        lines.append(
            f"{number(q.unmapped)} of {number(q.events)} events ({share(q.unmapped / q.events)}) belong to no stage."
        )
    return lines


def reconciled(report: Report) -> list[Line]:
    """The laws that tie the page together."""
    q = report.quality
    lines = [
        Line(
            law="rows = accepted + duplicates + quarantined",
            holds=True,
            numbers=Markup(
                f"{number(q.rows)} = {number(q.accepted)} + {number(q.duplicates)} + {number(q.quarantined)}"
            ),
        )
    ]
    if report.strict:
        return lines  # of what is shown not all parts of a sum are there
    lines += [*goal_lines(report), flow_line(report), *(line for f in report.funnels for line in funnel_lines(f))]
    if report.carts is not None:
        t = report.carts.totals
        parts = [t[k] for k in ("converted", "recovered", "abandoned", "open", "emptied")]
        lines.append(
            Line(
                law="carts = converted + recovered + abandoned + open + emptied",
                holds=t["episodes"] == sum(parts),
                numbers=Markup(f"{number(t['episodes'])} = " + " + ".join(number(p) for p in parts)),
            )
        )
    return lines


def goal_lines(report: Report) -> list[Line]:
    """Drop-off by what became of it, and all sessions by how they ended."""
    rows = report.dropoff.to_pylist()
    ended = sum(r["drop_off"] for r in rows)
    if not report.goal:
        return []
    parts = [sum(r[k] for r in rows) for k in ("returned", "lost", "in_progress")]
    converted, sessions = report.outcome(0)["converted"], report.summary["sessions"][0].as_py()
    return [
        Line(
            law="drop_off = returned + lost + in_progress",
            holds=ended == sum(parts),
            numbers=Markup(f"{number(ended)} = " + " + ".join(number(p) for p in parts)),
        ),
        Line(
            law="sessions = with a goal + drop_off",
            holds=sessions == converted + ended,
            numbers=Markup(f"{number(sessions)} = {number(converted)} + {number(ended)}"),
        ),
    ]


def flow_line(report: Report) -> Line:
    """What leaves the start arrives at step 1, and goes on or ends there."""
    rows = report.flows.to_pylist()
    start = sum(r["sessions"] for r in rows if r["step"] == 0)
    ends = sum(r["sessions"] for r in rows if r["step"] == 1 and r["target"] == END)
    goes = sum(r["sessions"] for r in rows if r["step"] == 1 and r["target"] != END)
    text = Markup(f"{number(start)} = {number(goes)} + {number(ends)}")
    return Line(law="sessions = go on after step 1 + end there", numbers=text, holds=start == goes + ends)


def funnel_lines(answer: FunnelAnswer) -> list[Line]:
    """The law of every step, as one line per funnel."""
    rows = needed(answer.now)
    holds, told = True, []
    for i, r in enumerate(rows[:-1]):
        after = rows[i + 1]["reached"]
        holds = holds and r["reached"] == after + r["dropped"] + r["in_progress"]
        told.append(f"{number(r['reached'])} = {number(after)} + {number(r['dropped'])} + {number(r['in_progress'])}")
    text = Markup("{}: {}").format(named(answer.name), "; ".join(told))
    return [Line(law="reached = reached next + dropped + on the way", numbers=text, holds=holds)] if told else []
