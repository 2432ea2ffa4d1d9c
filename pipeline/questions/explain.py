"""Why is this number so: the definition in words, with the parameters in force, what was read and left out, who is behind it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pipeline.config.durations import format_duration
from pipeline.project.result import Result

DEFINITIONS = {
    "summary": (
        "Events and customers before as_of; sessions by the rules below, excluded ones left out. Duplicates "
        "and quarantined rows are those of the whole ingestion."
    ),
    "sessions": (
        "A new session starts when the gap to the customer's last non-passive event is greater than "
        "idle_timeout, or when an event is later than the session's start + max_duration. A bounce has one "
        "event and no goal; an engaged session has two, or a goal."
    ),
    "paths": (
        "Each session is framed by START and END; an edge is a step from one node to the next in a session. "
        "probability is the share of the source's steps. At every node visits = steps in = steps out."
    ),
    "nodes": (
        "Visits, sessions and customers of each node; p_goal is the chance that a random walk over the edges "
        "reaches the goal from it."
    ),
    "dropoff": (
        "drop_off: sessions that end at the place and hold no goal = returned (a goal within return_window) + "
        "in_progress (the window is open at as_of) + lost. conversion: sessions in which a goal follows the "
        "first visit, over sessions whose window is closed. leak = lost x conversion: conversions at stake, "
        "an upper estimate (association, not cause). value_at_risk = leak x mean goal value."
    ),
    "funnel": (
        "A unit's depth is that of its deepest chain of steps within the window; reached = units at least so "
        "deep; dropped and in_progress (some chain could still go deeper at as_of) are units exactly that deep. "
        "The reported chain reaches its depth first."
    ),
    "find": (
        "Sessions in which some run of consecutive nodes matches the pattern; the match that ends first is reported, and of "
        "those the shortest; the seconds are those between its ends."
    ),
    "variants": (
        "Whole sequences of a session's nodes, compared node by node; seconds are the session's duration, converted are "
        "sessions with a goal."
    ),
    "steps": (
        "What sessions do at each step before or after an anchor; START and END stay, so each step adds up to the sessions "
        "that have the anchor."
    ),
    "step matrix": "The share of sessions at each touchpoint at each step; every step adds up to 1, END included.",
    "flows": (
        "Sessions that go from one node to the next at each of their first steps; what flows into a node flows out of it. "
        "with_goal: those that hold a goal, wherever."
    ),
    "retention": (
        "A cohort is the customers whose first event that is not passive (or first goal) lies in one period of the calendar; "
        "returned: those with a return in period k after it (on_or_after: in k or later). A period that is not over at as_of "
        "for all of them is blank, never 0. The average is pooled: returns over customers, of the cohorts whose period k is "
        "over. Everything in the store is read: a first event may lie any time back."
    ),
    "cohort members": "The customers that one cell of the cohort triangle counts, found by the code that counts them.",
    "second goal": (
        "Customers from their first goal to the next; who has none yet counts for as long as they were watched, until as_of "
        "(Kaplan and Meier). converted: had a second one by then; at_risk: known to have had none, and watched for longer."
    ),
    "lifecycle": (
        "Customers with an event that is not passive in a period: new (the first of all) + retained (active in the period "
        "before, too) + resurrected (active earlier) = active; dormant: active in the period before and not in this one, so "
        "retained + dormant = active of the period before. A period that is not over at as_of is blank."
    ),
    "stickiness": "The customers active in a period by the number of its days on which they were; shares add up to 1 in each period.",
    "changes": (
        "Rates of the last days against those of the days before: Newcombe intervals, two-proportion tests, "
        "Benjamini-Hochberg (q = 0.05) over all compared; silent below n = 30."
    ),
    "attribution": (
        "A touch is the first non-passive event of a session ([attribution] touches names others), a conversion a goal with its "
        "order's rows folded; its touches lie at most lookback before it, and after the customer's goal before. Each model shares "
        "each conversion out over them, in millionths and minor units that add up exactly. Credit is not cause."
    ),
    "drivers": (
        "Of the units that reached a (a funnel's step; a session's first event; the first visit to a touchpoint): those with a "
        "factor and those without it, and how many of either came to b. A factor is a column's value at a, or a touchpoint in "
        "the exposure before a (with between: after a, until b or the end of the window). Odds ratio with 0.5 added to each "
        "count, Fisher's exact test, Benjamini-Hochberg over the factors tried; those of fewer than min(25, 2 %) of the units are "
        "left out, and so are units whose window is open at as_of. Association, not cause."
    ),
    "why": (
        "The rate of the units of either side whose window is over. Each column shares out the units: a value's mix is the change "
        "of its share times the distance of its rate from that of all, its rate effect the change of its rate times its share, both "
        "at the middle of both sides; they add up to the move exactly. Steps: the mean of what each changes, taken first to last "
        "and last to first. A new or vanished touchpoint: the share of those who met it times the distance of their rate from that "
        "of the others of that side. Named is what is beyond noise (two-proportion tests; of a mix both the share and the distance "
        "must be; Benjamini-Hochberg, q = 0.05, over all of them; nothing below n = 30); the rest of each question is one row."
    ),
    "driver members": "The units that one side of a driver counts, found by the code that counts them.",
    "crossings": (
        "Customers with an event in the period, by how many different channels and devices (anonymous ids in their space) these "
        "events name; bought carts that open in it, by the channel of their first event and of the purchase's first row."
    ),
    "carts": (
        "An episode opens at an add or begin_checkout; quiet_period without activity makes it quiet, "
        "recovery_window without activity ends it. A purchase converts it, or recovers it if it was ever "
        "quiet. episodes = converted + recovered + abandoned + open + emptied."
    ),
}

COMPARED = (
    " compared: one row per rate of either side. difference = rate - rate_before with its Newcombe 95 % interval; "
    "significant by a two-proportion test and Benjamini-Hochberg (q = 0.05) over the rows that have n = 30 on both sides; "
    "mix + rate_effect, over all rows, = the difference of the overall rates. "
)

SKIPPED = ("warnings", "annotations", "read", "snapshot", "rules", "excluded_sessions", "left_out")


def explanation(result: Result, directory: str) -> str:
    """The text of --explain."""
    meta = result.meta
    read = meta.get("read", {})
    lines = [definition(result.title), ""]
    lines += [
        f"  {name} = {shown(value)}"
        for name, value in meta.items()
        if name not in SKIPPED and value not in (None, [], ())
    ]
    counted = ", ".join(f"{read.get(k, 0):,} {k}" for k in ("files", "rows", "bytes"))
    lines += ["", f"  read: snapshot {meta['snapshot']}, {counted}"]
    lines += [
        f"  left out: {meta['excluded_sessions']:,} excluded sessions"
        + (f", {meta['left_out']:,} units by an exclusion" if meta.get("left_out") else "")
    ]
    people = behind(result, directory)
    return "\n".join([*lines, *(["", "  the people behind it:", *people] if people else [])])


def definition(title: str) -> str:
    """What the numbers of an answer are."""
    question = title.removesuffix(" compared")
    text = DEFINITIONS.get(question, "see the guide.")
    return f"{title}: {text}" if question == title else f"{question}{COMPARED}{question}: {text}"


def shown(value: Any) -> str:
    """A parameter's value as the command line writes it."""
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k}={shown(v)}" for k, v in value.items())
    return ", ".join(str(v) for v in value) if isinstance(value, (list, tuple)) else str(value)


def behind(result: Result, directory: str) -> list[str]:
    """Commands that list the counted members."""
    base = f"    journeys -C {directory} customers"
    if result.title == "funnel":
        last = len(result.meta["steps"])
        asked = f"{base} --funnel {shlex.quote(' > '.join(result.meta['steps']))}{funnel_options(result.meta)}"
        return [f"{asked} --converted-at {last}", f"{asked} --dropped-at 1"]
    if result.title == "dropoff" and result.table.num_rows and "touchpoint" in result.table.column_names:
        return [f"{base} --lost {shlex.quote(result.table['touchpoint'][0].as_py())}"]
    if result.title == "paths" and result.table.num_rows:
        inner = [r for r in result.table.slice(0, 50).to_pylist() if r["source"] != "START" and r["target"] != "END"]
        return [f"{base} --edge {shlex.quote(inner[0]['source'])} {shlex.quote(inner[0]['target'])}"] if inner else []
    cells = result.table.column_names[:1] == ["cohort"] and [r for r in result.rows() if r["complete"] and r["period"]]
    if result.title == "retention" and cells:
        words = retention_options(result.meta)
        return [f"    journeys -C {directory} retention{words} --returned {cells[0]['cohort']} {cells[0]['period']}"]
    if result.title == "carts":
        return [f"{base} --cart abandoned"]
    named = [r for r in result.rows() if r["kind"] == "column" and r["named"]] if result.title == "why" else []
    if named and "steps" not in result.meta:  # of a whole funnel drivers have only its last step
        having = f"--having {shlex.quote(named[0]['name'])} {shlex.quote(named[0]['value'])}"
        return [f"    journeys -C {directory} drivers{driver_options(result.meta)} {having}"]
    if result.title == "drivers" and result.table.num_rows:
        first = result.table.slice(0, 1).to_pylist()[0]
        asked = f"    journeys -C {directory} drivers{driver_options(result.meta)}"
        return [f"{asked} --having {shlex.quote(first['factor'])} {shlex.quote(first['value'])} --hits"]
    return []


def retention_options(meta: Mapping[str, Any]) -> str:
    """The options of a retention that are not the defaults, as typed."""
    found = [f"--by {meta['by']}", *(["--rolling"] if meta["rolling"] else [])]
    found += [f"--{name} {meta[name]}" for name, usual in (("mode", "on"), ("from", "first")) if meta[name] != usual]
    found += [f"--brackets {','.join(map(str, meta['brackets']))}"] if meta["brackets"] else []
    for name in ("return", "goal", "segment", "where"):
        found += [f"--{name} {shlex.quote(str(value))}" for value in meta.get(name) or ()]
    return "".join(f" {option}" for option in found)


def funnel_options(meta: Mapping[str, Any]) -> str:
    """The options of a funnel that are not the defaults, as typed; with the period and the segment."""
    options = [f"--window {shown(meta['window'])}"] if meta.get("window") else []
    for name, default in (("count", "customers"), ("order", "ordered"), ("ties", "recorded"), ("exclusion", "chain")):
        if meta.get(name) not in (None, default):
            options.append(f"--{name} {meta[name]}")
    for name in ("exclude", "ignore", "segment", "where"):
        options += [f"--{name} {shlex.quote(str(value))}" for value in meta.get(name) or ()]
    options += [f"--{name} {str(meta[name])[:10]}" for name in ("since", "until") if meta.get(name)]
    return "".join(f" {option}" for option in options)


def driver_options(meta: Mapping[str, Any]) -> str:
    """What a question of drivers is about, as typed."""
    if "steps" in meta:
        step = f" --step {meta['step_number']}" if meta["step_number"] != len(meta["steps"]) else ""
        found = "".join(f" {shlex.quote(s)}" for s in meta["steps"]) + step
    else:
        found = f" --drop-off {shlex.quote(meta['drop_off'])}" if "drop_off" in meta else ""
        found += "".join(f" --goal {shlex.quote(g)}" for g in meta["goal"])
    exposure = meta.get("exposure")
    found += funnel_options(meta)
    found += f" --exposure {format_duration(exposure)}" if exposure is not None else ""
    return found + (" --between" if meta.get("between") else "")
