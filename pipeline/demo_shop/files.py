"""The shop's systems write their exports, each in its own way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from ingest.errors import ConfigError
from pipeline.atomic_write import replace_file
from pipeline.demo_shop.calendar import DAY, DAYS, FIRST_DAY, LONGEST_DAYS, ZONE, day_at, day_of, midnight, wall
from pipeline.demo_shop.customers import KNOWN, make_customers
from pipeline.demo_shop.draws import Draws
from pipeline.demo_shop.tables import SOURCES, money, recorded
from pipeline.demo_shop.text import csv_text, json_lines
from pipeline.demo_shop.truths import ALL_TRUTHS, Truth, chosen, described

OFFLINE = 0.02  # share of the app's events that its phone could not send at once
OFFLINE_DAYS = 6.0  # at most
SENT_TWICE = 0.005  # share of the app's events that its phone sends again, word for word
FEWEST = 50
MONTHS = [str(m) for m in np.arange(np.datetime64(FIRST_DAY, "M"), np.datetime64(day_at(DAYS), "M"))]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What was written: `rows` of each source (`duplicates` of them sent twice), and the truths planted."""

    folder: Path
    customers: int
    seed: int
    anonymous: bool
    truths: tuple[Truth, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    duplicates: Mapping[str, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """Different events."""
        return sum(self.rows.values()) - sum(self.duplicates.values())


def write_shop(
    folder: Path,
    *,
    customers: int = 4000,
    seed: int = 7,
    truths: Sequence[str] = ALL_TRUTHS,
    anonymous: bool = False,
) -> Shop:
    """Write inbox/, customers.csv and truths.json into `folder`; equal arguments give equal bytes.

    With `anonymous`, events on the web and in the app carry customer_id only from the login on. Raises ConfigError
    for an unknown truth and for less than FEWEST customers.
    """
    planted = chosen(truths)
    if customers < FEWEST:
        raise ConfigError(f"{customers} customers leave some files empty; a shop on disk needs {FEWEST}.")
    draws = Draws(seed)
    people = make_customers(draws, customers)
    events = recorded(draws, people, planted, anonymous)
    by_source = {s: events.filter(pc.equal(events["source"], s)) for s in SOURCES}
    app, received, twice = _app_log(draws, by_source["app"])
    _write_by_month(folder, by_source["web"], app, received)
    _write(folder / "inbox/email.csv", csv_text(_email(by_source["email"])))
    _write(folder / "inbox/pos.csv", csv_text(_pos(by_source["pos"]), ";"))
    _write(folder / "inbox/calls.csv", csv_text(_calls(by_source["calls"])))
    _write(folder / "inbox/surveys.ndjson", json_lines(_surveys(by_source["surveys"])))
    _write(folder / "customers.csv", csv_text(people.table()))
    rows = {s: t.num_rows for s, t in by_source.items()} | {"app": app.num_rows}
    shop = Shop(
        folder=folder,
        customers=customers,
        seed=seed,
        anonymous=anonymous,
        truths=planted,
        rows=rows,
        duplicates=dict.fromkeys(SOURCES, 0) | {"app": twice},
    )
    _write(folder / "truths.json", (json.dumps(_story(shop), indent=2) + "\n").encode())
    return shop


def _write_by_month(folder: Path, web: pa.Table, app: pa.Table, received: Ints) -> None:
    """A web file holds the events of its month, an app file what came in during its month."""
    web_month, app_month = _months(instants(web)), _months(received)
    for month in MONTHS:
        _write(folder / f"inbox/web/{month}.csv.gz", csv_text(_web(web.filter(pa.array(web_month == month)))))
        _write(folder / f"inbox/app/{month}.ndjson.gz", json_lines(_app(app.filter(pa.array(app_month == month)))))


def _story(shop: Shop) -> dict[str, Any]:
    return {
        "customers": shop.customers,
        "seed": shop.seed,
        "anonymous": shop.anonymous,
        "timezone": ZONE,
        "since": day_at(0).isoformat(),
        "until": day_at(DAYS).isoformat(),
        "longest_journey_days": LONGEST_DAYS,
        "alike_but_for_the_truths": ["weeks", *KNOWN, "campaigns of ads"],
        "rows": dict(shop.rows),
        "duplicates": dict(shop.duplicates),
        "truths": [described(truth) for truth in shop.truths],
    }


def instants(events: pa.Table) -> Ints:
    """event_at in seconds since 1970."""
    return np.asarray(events["event_at"].cast(pa.int64())) // 1_000_000


def _months(at: Ints) -> Any:
    """2025-09: the month in Berlin."""
    return (np.datetime64(FIRST_DAY, "D") + day_of(at).astype("timedelta64[D]")).astype("datetime64[M]").astype(str)


def _app_log(draws: Draws, events: pa.Table) -> tuple[pa.Table, Ints, int]:
    """(the app's rows in the order in which they are received, when that was, how many of them are second copies)."""
    at, number = instants(events), np.arange(events.num_rows)
    offline = draws.uniform("offline", number) < OFFLINE
    wait = np.where(offline, draws.uniform("offline for", number) * OFFLINE_DAYS * DAY, 2).astype(np.int64)
    again = np.flatnonzero(draws.uniform("again", number) < SENT_TWICE)
    rows = np.concatenate([number, again])
    received = np.minimum(np.concatenate([at + wait, (at + wait)[again] + 30]), midnight(DAYS) - 1)
    order = np.argsort(received, kind="stable")
    return events.take(pa.array(rows[order])), received[order], len(again)


def _web(events: pa.Table) -> pa.Table:
    return pa.table(
        {
            "hit_id": events["event_id"],
            "time": _clock(instants(events), "%Y-%m-%dT%H:%M:%SZ"),
            "client_id": events["customer_id"],
            "cookie_id": events["anonymous_id"],
            "event_name": events["event"],
            "page": events["url"],
            "campaign": events["campaign"],
            "sku": events["item_id"],
            "qty": events["quantity"],
            "unit_price": money(events["price"]),
            "order_no": events["order_id"],
            "revenue": money(events["value"]),
            "currency": events["currency"],
            "shipping": events["shipping_cost"],
        }
    )


def _app(events: pa.Table) -> pa.Table:
    return pa.table(
        {
            "eventId": events["event_id"],
            "ts": pa.array(instants(events) * 1000),
            "eventName": events["event"],
            "userId": events["customer_id"],
            "deviceId": events["anonymous_id"],
            "screen": events["url"],
            "item.sku": events["item_id"],
            "item.price": money(events["price"]),
            "item.quantity": events["quantity"],
            "order.id": events["order_id"],
            "order.value": money(events["value"]),
            "order.currency": events["currency"],
            "shippingCost": events["shipping_cost"],
        }
    )


def _email(events: pa.Table) -> pa.Table:
    return pa.table(
        {
            "message_id": events["event_id"],
            "at": _clock(instants(events), "%Y-%m-%d %H:%M:%S"),
            "recipient": events["customer_id"],
            "what": events["event"],
            "mailing": events["campaign"],
        }
    )


def _pos(events: pa.Table) -> pa.Table:
    shown = wall(instants(events))
    return pa.table(
        {
            "Zeile": pa.array(np.arange(1, events.num_rows + 1)),
            "Datum": _clock(shown, "%d.%m.%Y"),
            "Uhrzeit": _clock(shown, "%H:%M:%S"),
            "Kundennummer": events["customer_id"],
            "Vorgang": events["event"],
            "Bon": events["order_id"],
            "Artikel": events["item_id"],
            "Menge": events["quantity"],
            "Einzelpreis": money(events["price"]),
            "Betrag": money(events["value"]),
        }
    )


def _calls(events: pa.Table) -> pa.Table:
    at = instants(events)
    hours = pa.array((wall(at) - at) // 3600).cast(pa.string())
    offset = pc.binary_join_element_wise("+0", hours, ":00", "")
    return pa.table(
        {
            "call_row": events["event_id"],
            "at": pc.binary_join_element_wise(_clock(wall(at), "%Y-%m-%dT%H:%M:%S"), offset, ""),
            "caller": events["customer_id"],
            "what": events["event"],
            "duration_seconds": events["duration_seconds"],
        }
    )


def _surveys(events: pa.Table) -> pa.Table:
    return pa.table(
        {
            "answer_id": events["event_id"],
            "answered_at": _clock(instants(events), "%Y-%m-%dT%H:%M:%SZ"),
            "customer": events["customer_id"],
            "survey": events["event"],
            "score": events["score"].cast(pa.int64()),
            "about": events["about"],
            "comment": events["comment"],
        }
    )


def _clock(seconds: Ints, form: str) -> Any:
    return pc.strftime(pa.array(seconds).cast(pa.timestamp("s")), format=form)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=6, mtime=0)
    replace_file(path, lambda file: file.write(content))
