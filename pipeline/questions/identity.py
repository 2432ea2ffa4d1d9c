"""identity: how many events are whose, and why those of an id are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from ingest.errors import UnknownCustomer
from ingest.identity.inquiry import Identities, identities, rows_of
from ingest.identity.rules import IdentityRules
from pipeline.engines.local import Pass
from pipeline.project.masking import Mask
from pipeline.project.project import Asked, Period, ProjectFolder
from pipeline.project.result import Result

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = datetime(9999, 1, 1, tzinfo=UTC)

IDENTITY = pa.schema(
    [
        pa.field("of", pa.string()),
        pa.field("what", pa.string()),
        pa.field("n", pa.int64()),
        pa.field("share", pa.float64()),
    ]
)
"""One row is one count of events, of anonymous ids ("devices") or of known customers, and its share of all of them."""

WHY = pa.schema(
    [
        pa.field("event_at", pa.timestamp("us", tz="UTC")),
        pa.field("event", pa.string()),
        pa.field("source", pa.string()),
        pa.field("anonymous_id", pa.string()),
        pa.field("customer", pa.string()),
        pa.field("why", pa.string()),
    ]
)
"""One row is one event of the id: whose it is (masked; null: nobody's but the id's) and why."""

RANGES = ((0, 0), (1, 1), (2, 2), (3, 5), (6, 20), (21, None))


def identity(project: ProjectFolder, *, as_of: str | None = None) -> Result:
    """Events known, stitched and anonymous; customers per device and devices per customer; exposure of shared devices."""
    asked, at = standing(project, as_of)
    known = identities(asked.snapshot.files, project.identity_rules, at)
    warnings = loud(known, project.identity_rules)
    asked.warnings.extend(warnings)
    rows = [*of_events(known), *of_devices(known), *of_customers(known)]
    rules = project.identity_rules
    said = {
        "shared_device": rules.shared_device,
        "stitch_lookback": rules.stitch_lookback,
        "max_owners": rules.max_owners,
        "aliases": len(rules.aliases),
        "stitched_share": share(known.stitched, known.events),
    }
    return asked.result("identity", pa.Table.from_pylist(rows, schema=IDENTITY), parameters=said)


def standing(project: ProjectFolder, as_of: str | None) -> tuple[Asked, datetime]:
    """(the snapshot and scope of a question that no kernel answers, its as_of)."""
    snapshot = project.store.snapshot()
    scope, warnings = project.scope(Period(as_of=as_of), snapshot)
    asked = Asked(answers=[], snapshot=snapshot, scope=scope, done=Pass(), config=project.config, warnings=warnings)
    return asked, EPOCH + timedelta(microseconds=scope.as_of) if scope.as_of < 1 << 60 else FAR


def loud(found: Identities, rules: IdentityRules) -> list[str]:
    """What must not be overlooked: ids of both kinds, and nothing stitched; kiosks."""
    said = []
    alone = found.anonymous + found.stitched
    if found.known and alone and not found.stitched and rules.shared_device != "off":
        reason = (
            "no row carries both an anonymous id and a customer id"
            if not found.links
            else "the rows that carry both kinds of id name other anonymous ids, or come too late for them"
        )
        said.append(f"0 % of {alone:,} events with only an anonymous id are stitched: {reason}.")
    kiosks = sum(n for customers, (n, _, _) in found.by_customers.items() if customers > rules.max_owners)
    if kiosks:
        said.append(
            f"{kiosks:,} anonymous ids name more than {rules.max_owners} customers ([identity] max_owners) and link nobody: "
            "kiosks, or the wrong column."
        )
    return said


def of_events(found: Identities) -> Iterable[dict[str, Any]]:
    """Events by how their customer is known; they add up."""
    for what, n in (
        ("events", found.events),
        ("known", found.known),
        ("stitched", found.stitched),
        ("anonymous", found.anonymous),
    ):
        yield {"of": "events", "what": what, "n": n, "share": share(n, found.events)}


def of_devices(found: Identities) -> Iterable[dict[str, Any]]:
    """Anonymous ids by the number of customers they name, and how many events are exposed to that."""
    total = sum(n for n, _, _ in found.by_customers.values())
    yield {"of": "devices", "what": "devices", "n": total, "share": share(total, total)}
    counts = {customers: n for customers, (n, _, _) in found.by_customers.items()}
    for what, n in ranged(counts, "customer"):
        yield {"of": "devices", "what": what, "n": n, "share": share(n, total)}
    shared = [v for customers, v in found.by_customers.items() if customers > 1]
    events, alone = sum(e for _, e, _ in shared), sum(a for _, _, a in shared)
    yield {"of": "events", "what": "on shared devices", "n": events, "share": share(events, found.events)}
    yield {
        "of": "events",
        "what": "on shared devices, with only an anonymous id",
        "n": alone,
        "share": share(alone, events),
    }


def of_customers(found: Identities) -> Iterable[dict[str, Any]]:
    """Known customers by the number of their anonymous ids."""
    total = sum(found.by_devices.values())
    yield {"of": "customers", "what": "known customers", "n": total, "share": share(total, total)}
    for what, n in ranged(found.by_devices, "device"):
        yield {"of": "customers", "what": what, "n": n, "share": share(n, total)}


def ranged(counts: Mapping[int, int], unit: str) -> Iterable[tuple[str, int]]:
    """(with 0, 1, 2, 3 to 5 ... of a unit, how many), those that occur."""
    for low, high in RANGES:
        n = sum(c for k, c in counts.items() if k >= low and (high is None or k <= high))
        if n:
            number = f"{low}" if low == high else f"{low} or more" if high is None else f"{low} to {high}"
            yield f"with {number} {unit}{'' if high == 1 else 's'}", n


def share(n: int, whole: int) -> float | None:
    """n of a whole, 6 decimals; None of nothing."""
    return round(n / whole, 6) if whole else None


def explain_id(
    project: ProjectFolder, id: str, *, anonymous: bool = False, unmask: bool = False, as_of: str | None = None
) -> Result:
    """One row per event of an id: whose it is, and why. Raises UnknownCustomer."""
    asked, at = standing(project, as_of)
    rules = project.identity_rules
    kinds = [True] if anonymous else [False, True]
    rows_and_kind, device = next(
        ((rows, kind) for kind in kinds if (rows := rows_of(asked.snapshot.files, rules, at, id, kind))), ([], True)
    )
    if not rows_and_kind:
        raise UnknownCustomer(f'no event carries the id "{id}". Ids are compared exactly as recorded.')
    told = [
        {
            "event_at": r["event_at"],
            "event": r["event"],
            "source": r["source"],
            "anonymous_id": r["anonymous_id"],
            "customer": r["owner_id"] or r["customer_id"],
            "why": reason(r, rows_and_kind, rules) if device else reason_of_known(r, id),
        }
        for r in rows_and_kind
    ]
    table = pa.Table.from_pylist(told, schema=WHY)
    if not unmask:
        mask = Mask.of(project.store.root)
        for column in ("customer", "anonymous_id"):
            table = mask.column(table, column)
    customers = {r["customer"] for r in told if r["customer"] is not None}
    return asked.result("identity explain", table, parameters={"customers": len(customers), "masked": not unmask})


def reason_of_known(row: Mapping[str, Any], id: str) -> str:
    """Why an event is a known customer's."""
    if row["customer_id"] == id:
        return "the row names the customer"
    return (
        "an alias"
        if row["customer_id"] is not None
        else "its anonymous id belongs to the customer; identity explain of that id says why"
    )


def reason(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], rules: IdentityRules) -> str:
    """Why an event with the anonymous id is whose it is, by the links of that id in its space."""
    if row["customer_id"] is not None:
        return "the row names the customer" + (" by an alias" if row["owner_id"] else "") + ": a link"
    links = [r for r in rows if r["customer_id"] is not None and r["space"] == row["space"]]
    names = {rules.aliases.get(r["customer_id"], r["customer_id"]) for r in links}
    if rules.shared_device == "off":
        return 'shared_device = "off"'
    if not links:
        return "no row links this id to a customer"
    if len(names) > rules.max_owners:
        return f"the id names {len(names):,} customers, more than max_owners = {rules.max_owners}: it links nobody"
    if rules.shared_device == "separate" and len(names) > 1:
        return f'the id names {len(names):,} customers, and shared_device = "separate"'
    place = (row["event_at"], row["recorded_input"], row["recorded_row"])
    before = [r for r in links if (r["event_at"], r["recorded_input"], r["recorded_row"]) <= place]
    first = links[0]["event_at"]
    if row["owner_id"] is None:
        return f"the first link ({first:%Y-%m-%d %H:%M:%S}) comes later than stitch_lookback after it"
    if rules.shared_device == "last":
        return f"the latest link of all ({links[-1]['event_at']:%Y-%m-%d %H:%M:%S})"
    owner = row["owner_id"]
    if before and rules.aliases.get(before[-1]["customer_id"], before[-1]["customer_id"]) == owner:
        return f"the latest link before it ({before[-1]['event_at']:%Y-%m-%d %H:%M:%S})"
    after = next(r for r in links if (r["event_at"], r["recorded_input"], r["recorded_row"]) > place)
    return f"the next link ({after['event_at']:%Y-%m-%d %H:%M:%S}), within stitch_lookback"
