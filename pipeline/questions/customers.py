"""The questions about people: who is behind a number, and who struggles. Ids are masked unless somebody asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Unpack

import pyarrow as pa
import pyarrow.compute as pc

from ingest.errors import did_you_mean
from paths.funnels.funnel import Funnel
from paths.journeys.matchers import PAGE
from paths.journeys.touchpoints import UNMAPPED
from paths.overview.names import Vocabulary
from paths.overview.summary import Summary
from paths.people.members import Members
from paths.people.selections import AtStep, Everyone, Selection
from paths.people.strugglers import Strugglers
from paths.visits.visits import END, START
from pipeline.config import Config
from pipeline.project.masking import Mask
from pipeline.project.project import Asked, Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules
from pipeline.questions.carts import cart_list
from pipeline.questions.customer_selection import WHO, Who

INTENT = ("cart", "checkout", "payment")
INTENT_ROLES = ("add", "view_cart", "begin_checkout", "payment")
PERIOD = frozenset(f.name for f in fields(Period))


def customers(
    project: ProjectFolder, *, goal: str | Sequence[str] | None = None, unmask: bool = False, **question: Any
) -> Result:
    """Exactly the units that a number counts, one row each: customer, first_at, last_at, seconds, value, events.

    `question`: the words of `Who`, of the period, and of the funnel where there is one. Where sessions are counted there
    is a session_id. value: the sum of the customer's goals. With `cart` a row is an episode, as `carts` lists them.
    """
    who = Who(**{k: question.pop(k) for k in WHO & question.keys()})
    if who.choice == "funnel":
        question = who.funnel_words(project, question)
    period = {k: question.pop(k) for k in PERIOD & question.keys()}
    goals = [goal] if isinstance(goal, str) else goal
    selection = who.selection(project, question, goals)
    if who.cart is not None:
        return in_carts(project, who.cart, unmask, period)
    members = Members(selection=selection, rules=goal_rules(project.config, goals), minor_units=project.minor_units)
    asked = project.ask(Period(**period), [members, Vocabulary()])
    if isinstance(selection, AtStep):
        asked.check_names(names_of(selection.funnel), "step")
    asked.warnings.extend(unknown_nodes(asked, who.nodes, who.by))
    if not selection.sessions:
        asked.answers[0] = asked.answers[0].drop_columns(["session_id"])
    return result(project, asked, who.title(selection), unmask, described(who, selection))


def names_of(funnel: Funnel) -> list[str]:
    """The names that its steps wait for."""
    return [m.name for s in funnel.steps for m in s.matchers if not m.name.startswith(PAGE)]


def described(who: Who, selection: Selection) -> dict[str, Any]:
    """The parameters in force."""
    if isinstance(selection, AtStep):
        f = selection.funnel
        return {
            "steps": [s.name for s in f.steps],
            "window": f.window,
            "count": f.count,
            "order": f.order,
            str(who.place): selection.step,
        }
    if isinstance(selection, Everyone):
        return {}
    return {str(who.choice): list(who.edge) if who.edge else who.nodes[0], "by": who.by}


def result(project: ProjectFolder, asked: Asked, title: str, unmask: bool, parameters: dict[str, Any]) -> Result:
    """The list as people may see it."""
    table = asked.answers[0]
    different = pc.count_distinct(table["customer_key"]).as_py()
    table = masked(project, table.drop_columns(["customer_key"]), unmask)
    parameters = {**parameters, "rows": table.num_rows, "customers": different, "masked": not unmask}
    return asked.result(title, table, parameters=parameters)


def masked(project: ProjectFolder, table: pa.Table, unmask: bool) -> pa.Table:
    """The table, its customers masked unless they are asked for."""
    return table if unmask else Mask.of(project.store.root).column(table, "customer")


def unknown_nodes(asked: Asked, nodes: Sequence[str], by: str) -> list[str]:
    """Warnings about nodes that never occur, with the nearest one that does."""
    stages = {s.name for s in asked.config.stages} | {UNMAPPED}
    known = {START, END} | (stages if by == "stage" else asked.answers[-1].get("touchpoint", frozenset()))
    return [f'the {by} "{n}" never occurs.{did_you_mean(n, sorted(known))}' for n in nodes if n not in known]


def in_carts(project: ProjectFolder, status: str, unmask: bool, period: dict[str, Any]) -> Result:
    """The episodes of one status: first_at their opening, last_at the purchase, else the last activity."""
    listed = cart_list(project, status=(status,), unmask=unmask, **period)
    table = listed.table
    end = pc.coalesce(table["purchase_at"], table["last_activity_at"])
    seconds = pc.divide(pc.cast(pc.subtract(end, table["opened_at"]), pa.int64()), 1e6)
    columns = {
        "customer": table["customer_id"],
        "kind": table["kind"],
        "status": table["status"],
        "first_at": table["opened_at"],
        "last_at": end,
        "seconds": seconds,
        "value": table["value"],
        "last_step": table["last_step"],
        "by": table["by"],
        "cart_id": table["cart_id"],
    }
    customers = pc.count_distinct(table["customer_id"]).as_py()
    meta = {**listed.meta, "cart": status, "rows": table.num_rows, "customers": customers, "masked": not unmask}
    return Result(title=f"carts {status}", table=pa.table(columns), meta=meta)


def strugglers(
    project: ProjectFolder,
    *,
    sessions: int = 3,
    goal: str | Sequence[str] | None = None,
    unmask: bool = False,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per customer with at least `sessions` sessions that reached a stage of intent, and no goal in the period."""
    stages, names = intent(project.config)
    goals = goal_rules(project.config, [goal] if isinstance(goal, str) else goal).goal
    question = Strugglers(stages=stages, names=names, goal=goals, least=sessions)
    asked = project.ask(Period(**period), [question, Summary(), Vocabulary()])
    asked.check_goal(goals)
    sticks = Counter(asked.answers[0]["sticks_at"].to_pylist())
    parameters = {
        "goal": sorted(goals),
        "sessions": sessions,
        "intent": sorted(stages) or sorted(names),
        "of_customers": asked.answers[1]["customers"][0].as_py(),
        "sticks_at": dict(sorted(sticks.items(), key=lambda i: (-i[1], i[0]))),
    }
    return result(project, asked, "strugglers", unmask, parameters)


def intent(config: Config) -> tuple[frozenset[str], frozenset[str]]:
    """(stages, names) that show intent.

    Stages with intent = true; else those named cart, checkout or payment, and what comes after cart in the list; where no
    stage is so named, the events that fill, show and pay a cart.
    """
    marked = frozenset(s.name for s in config.stages if s.intent)
    if marked:
        return marked, frozenset()
    names = [s.name.strip().casefold() for s in config.stages]
    start = names.index("cart") if "cart" in names else len(names)
    late = frozenset(s.name for i, s in enumerate(config.stages) if i >= start or names[i] in INTENT)
    if late:
        return late, frozenset()
    roles = config.carts.roles.by_role()
    return frozenset(), frozenset(n for role in INTENT_ROLES for n in roles[role])
