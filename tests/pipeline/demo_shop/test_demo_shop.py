"""The made-up shop: what is planted is there, what is not is not, and its files are read without a loss."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeys
from ingest.errors import ConfigError
from pipeline.config import load_config
from pipeline.demo_shop import ALL_TRUTHS, CONFIG, tables, write_shop
from pipeline.demo_shop.chain import END, PASSIVE, STATES, base
from pipeline.demo_shop.truths import KNOWN_TRUTHS, LONG_CALL, described
from pipeline.project.rules import session_rules, stage_rules, touchpoint_rules
from sessionize.sessions import find_sessions

Frame = pd.DataFrame
WIDE = 4.0  # standard normal quantile of the intervals: one in 15,000 leaves them by chance


def frame_of(**options: Any) -> Frame:
    """The shop's events with the Berlin day, what the customer did next, and region and plan as of that day."""
    shop = tables(**options)
    events = shop.events.to_pandas()
    local = events["event_at"].dt.tz_convert("Europe/Berlin")
    events["day"] = local.dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    events["next"] = events.groupby("customer_key")["event"].shift(-1)
    known = shop.customers.to_pandas()
    known["valid_from"] = pd.to_datetime(known["valid_from"]).astype("datetime64[s]")
    return pd.merge_asof(
        events.sort_values("day", kind="stable"),
        known.sort_values("valid_from"),
        left_on="day",
        right_on="valid_from",
        by="customer_id",
    )


@pytest.fixture(scope="module")
def planted() -> Frame:
    return frame_of()


@pytest.fixture(scope="module")
def control() -> Frame:
    return frame_of(truths=())


def in_week_7(events: Frame) -> pd.Series:
    return (events["day"] >= "2025-10-13") & (events["day"] < "2025-10-20")


def islands_basic(events: Frame) -> pd.Series:
    return (events["region"] == "islands") & (events["plan"] == "basic")


def lucky_wheel(events: Frame) -> pd.Series:
    return (events["campaign"] == "lucky wheel") & (events["channel"] == "web")


def app_since_release(events: Frame) -> pd.Series:
    return (events["channel"] == "app") & (events["day"] >= "2025-12-01")


PLACES = [  # truth, where, event, next event, as truths.json names both
    ("payment broken", in_week_7, "payment_step", "payment_error", ("payment step", "payment error")),
    ("payment broken", in_week_7, "payment_step", "purchase", ("payment step", "purchase")),
    ("shipping cost", islands_basic, "shipping_step", "payment_step", ("shipping step", "payment step")),
    ("worthless campaign", lucky_wheel, "ad_click", "view_item", ("ad click", "product page")),
    ("worthless campaign", lucky_wheel, "view_item", "add_to_cart", ("product page", "add to cart")),
    ("app release", app_since_release, "view_item", "add_to_cart", ("product page", "add to cart")),
]


def told(truth: str, given: str, following: str) -> tuple[float, float]:
    """The probability before and after, as truths.json tells it."""
    story = described(next(t for t in KNOWN_TRUTHS if t.name == truth))
    found = [e for e in story["effects"] if (e["given"], e["next"]) == (given, following)]
    assert len({(e["before"], e["after"]) for e in found}) == 1
    return found[0]["before"], found[0]["after"]


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The score interval of a share, at WIDE."""
    p, z2 = hits / trials, WIDE * WIDE
    middle, half = p + z2 / (2 * trials), WIDE * (p * (1 - p) / trials + z2 / (4 * trials * trials)) ** 0.5
    return (middle - half) / (1 + z2 / trials), (middle + half) / (1 + z2 / trials)


def interval(events: Frame, event: str, following: str) -> tuple[float, float]:
    """Of the share of these events that the customer's next event is `following`."""
    rows = events[events["event"] == event]
    return wilson(int((rows["next"] == following).sum()), len(rows))


def holds(bounds: tuple[float, float], probability: float) -> bool:
    return bounds[0] <= probability <= bounds[1]


@pytest.mark.parametrize("truth, where, event, following, names", PLACES)
def test_a_planted_truth_shows_where_it_was_planted_and_nowhere_else(
    planted, control, truth, where, event, following, names
):
    before, after = told(truth, *names)
    there = interval(planted[where(planted)], event, following)
    assert holds(there, after) and not holds(there, before)
    without = interval(control[where(control)], event, following)
    assert holds(without, before) and not holds(without, after)


def test_outside_week_7_the_payment_step_is_as_ever(planted):
    before, after = told("payment broken", "payment step", "payment error")
    elsewhere = interval(planted[~in_week_7(planted)], "payment_step", "payment_error")
    assert holds(elsewhere, before) and not holds(elsewhere, after)


def test_other_regions_and_plans_do_not_mind_the_shipping_cost(planted):
    before, _ = told("shipping cost", "shipping step", "payment step")
    assert holds(interval(planted[~islands_basic(planted)], "shipping_step", "payment_step"), before)


def test_the_largest_campaign_brings_next_to_no_orders(planted, control):
    for events, least in ((planted, 0.0), (control, 0.02)):
        visits = events[lucky_wheel(events)]
        clicks, orders = (
            (visits["event"] == "ad_click").sum(),
            visits[visits["event"] == "purchase"]["order_id"].nunique(),
        )
        assert least <= orders / clicks <= least * 5 + 0.005


def scores_of_calls(events: Frame, long: bool) -> tuple[float, float]:
    """The interval of the share of answers 1 and 2 after calls, by the length of the call before the answer."""
    rows = events[events["event"].isin(["call_ended", "csat"])].sort_values(["customer_key", "event_at"], kind="stable")
    rows["seconds"] = rows["duration_seconds"].astype(float).groupby(rows["customer_key"]).ffill()
    answers = rows[(rows["event"] == "csat") & (rows["about"] == "call to service") & rows["seconds"].notna()]
    scores = answers[(answers["seconds"] > LONG_CALL) == long]["score"].astype(int)
    return wilson(int((scores <= 2).sum()), len(scores))


def test_after_long_calls_customers_are_dissatisfied_only_where_that_is_planted(planted, control):
    effects = described(KNOWN_TRUTHS[ALL_TRUTHS.index("long calls")])["effects"]
    before, after = (sum(e[when] for e in effects[:2]) for when in ("before", "after"))
    assert holds(scores_of_calls(planted, long=True), after) and not holds(scores_of_calls(planted, long=True), before)
    assert holds(scores_of_calls(planted, long=False), before)
    assert holds(scores_of_calls(control, long=True), before) and holds(scores_of_calls(control, long=False), before)


def test_a_truth_touches_only_what_comes_after_its_day():
    one, none = (tables(customers=300, truths=names).events for names in (("app release",), ()))
    release = pd.Timestamp("2025-12-01", tz="Europe/Berlin")
    earlier = [t.to_pandas()[lambda e: e["event_at"] < release] for t in (one, none)]
    pd.testing.assert_frame_equal(*(e.sort_values("event_id").reset_index(drop=True) for e in earlier))
    assert one.num_rows != none.num_rows


def test_the_weeks_of_the_control_are_alike(control):
    week = (control["day"] - pd.Timestamp("2025-09-01")).dt.days // 7
    for event in ("email_sent", "ad_click", "store_visit", "call_started", "nps", "welcome_mail"):
        counts = np.bincount(week[(control["event"] == event) & (week < 25)], minlength=25)
        off = (counts - counts.mean()) / np.sqrt(counts.mean())
        assert np.abs(off).max() < 6, event  # clustered, so wider than Poisson
        assert abs(counts[:12].sum() - counts[12:24].sum()) < 6 * np.sqrt(counts[:24].sum()), event


SEEDS = 40


@pytest.mark.proof
def test_in_the_control_halves_and_groups_differ_as_chance_has_it():
    """z of the difference of two shares, over many seeds: mean 0, spread 1."""
    splits = {
        "half": lambda e: (e["day"] < "2025-11-24").where(e["day"] < "2026-02-16"),  # twelve weeks each
        "islands": lambda e: e["region"] == "islands",
        "basic": lambda e: e["plan"] == "basic",
        "young": lambda e: e["age_band"] == "18-29",
        "lucky wheel": lambda e: (e["campaign"] == "lucky wheel").where(
            e["campaign"].notna() & (e["event"] == "ad_click")
        ),
    }
    pairs = [("view_item", "add_to_cart"), ("shipping_step", "payment_step"), ("ad_click", "view_item")]
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(1000, 1000 + SEEDS):
        events = frame_of(customers=1000, seed=seed, truths=())
        for name, split in splits.items():
            side = split(events)
            for event, following in pairs if name != "lucky wheel" else pairs[2:]:
                rows = events["event"].eq(event) & side.notna()
                hits, a = events["next"][rows].eq(following), side[rows].astype(bool)
                spread = hits.mean() * (1 - hits.mean()) * (1 / a.sum() + 1 / (~a).sum())
                found.setdefault((name, event), []).append((hits[a].mean() - hits[~a].mean()) / spread**0.5)
    for place, z in found.items():
        assert abs(np.mean(z)) < WIDE / SEEDS**0.5, place
        assert 0.6 < np.std(z, ddof=1) < 1.5, place


def test_every_state_has_a_next_one_by_probability():
    assert base().min() >= 0
    assert np.allclose(base().sum(axis=1), 1)
    assert base().shape == (END, END + 1)


def test_an_unknown_truth_is_refused_with_the_near_one():
    with pytest.raises(ConfigError, match="app release"):
        tables(customers=10, truths=["app relase"])


@pytest.mark.parametrize(
    "size, make", [(0, lambda n, _: tables(customers=n)), (49, lambda n, f: write_shop(f, customers=n))]
)
def test_too_small_a_shop_is_refused(tmp_path, size, make):
    with pytest.raises(ConfigError, match=str(size)):
        make(size, tmp_path)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_equal_arguments_write_equal_bytes(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_shop(tmp_path / name, customers=120, seed=seed)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    differing = [n for n, d in digests(tmp_path / "a").items() if digests(tmp_path / "c")[n] != d]
    assert len(differing) == len(digests(tmp_path / "a")) == 18


@pytest.fixture(scope="module", params=[False, True], ids=["known", "anonymous"])
def ingested(request, tmp_path_factory) -> tuple[Any, Any, Any, bool]:
    folder = tmp_path_factory.mktemp("shop")
    shop = write_shop(folder, customers=400, anonymous=request.param)
    as_recorded = '\n[identity]\nshared_device = "off"\n'  # as the tables have them
    (folder / "journeys.toml").write_text(CONFIG + as_recorded)
    project = journeys.open(folder)
    return shop, project, project.ingest(), request.param


def test_every_row_is_accepted_but_what_the_app_sent_twice(ingested):
    shop, _, loaded, _ = ingested
    assert set(loaded.accounting) == set(shop.rows)
    for source, book in loaded.accounting.items():
        assert book.rows == shop.rows[source]
        assert book.balanced and not book.quarantined and not book.conflicting
        assert book.duplicates == shop.duplicates[source]
    assert shop.duplicates["app"] > 0


def test_the_files_say_what_the_tables_say(ingested):
    shop, project, _, anonymous = ingested
    stored = pa.concat_tables([pq.read_table(f.path) for f in project.store.snapshot().files])
    events = tables(customers=400, anonymous=anonymous).events
    assert stored.num_rows == events.num_rows == shop.events
    columns = [
        "customer_key",
        "event_at",
        "event",
        "customer_id",
        "anonymous_id",
        "channel",
        "url",
        "order_id",
        "item_id",
        "value",
        "quantity",
        "price",
        "source",
        "campaign",
        "duration_seconds",
        "shipping_cost",
        "score",
        "about",
        "comment",
    ]
    order = ["customer_key", "event_at", "event", "item_id", "price", "quantity"]
    one, other = (t.select(columns).to_pandas().sort_values(order).reset_index(drop=True) for t in (stored, events))
    pd.testing.assert_frame_equal(one, other)


def test_a_batch_of_the_tables_has_the_sessions_of_the_files(ingested):
    _, project, _, anonymous = ingested
    batch = tables(customers=400, anonymous=anonymous).batch("channel", "value")
    rules = session_rules(project.config)
    passive = np.isin(batch.event.codes, [i for i, n in enumerate(batch.event.names) if n in rules.passive])
    sessions = find_sessions(batch, passive, rules)
    summary = project.summary().table.to_pylist()[0]
    assert (len(sessions.first), len(batch)) == (summary["sessions"], summary["events"])
    assert batch.number("value").valid.sum() == batch.text("channel").take(batch.number("value").valid).codes.size > 0


def test_the_rules_name_the_touchpoints_that_the_truths_speak_of(tmp_path):
    (tmp_path / "journeys.toml").write_text(CONFIG)
    config = load_config(tmp_path, environ={})
    rules, stages = touchpoint_rules(config), stage_rules(config)
    assert config.sessions.passive == PASSIVE
    for state in STATES.values():
        assert rules.touchpoint(state.event, state.url or None, state.channel) == state.touchpoint
        assert stages.stage(state.touchpoint, state.event, state.channel) != "(unmapped)"
    for truth in KNOWN_TRUTHS:
        events = [s.event for s in STATES.values() if s.touchpoint == truth.touchpoint]
        assert stages.stage(truth.touchpoint, events[0], None) == truth.stage


def test_every_touchpoint_is_in_a_stage_once_ingested(ingested):
    _, project, _, _ = ingested
    assert "(unmapped)" not in project.dropoff(by="stage").table["stage"].to_pylist()


def test_truths_json_tells_where_when_and_how_much(tmp_path):
    write_shop(tmp_path, customers=50)
    story = json.loads((tmp_path / "truths.json").read_text())
    assert [t["name"] for t in story["truths"]] == list(ALL_TRUTHS)
    broken = story["truths"][0]
    assert (broken["week"], broken["since"], broken["until"]) == (7, "2025-10-13", "2025-10-20")
    assert date.fromisoformat(broken["since"]).weekday() == 0
    assert all(0 <= e[when] <= 1 for t in story["truths"] for e in t["effects"] for when in ("before", "after"))
    assert story["truths"][-1]["annotation"] == {"at": "2025-12-01", "text": "app 4.0 released"}


def test_some_of_the_apps_rows_arrive_a_month_late(tmp_path):
    write_shop(tmp_path, customers=400)
    lines = gzip.decompress((tmp_path / "inbox/app/2025-10.ndjson.gz").read_bytes()).decode().splitlines()
    days = pd.to_datetime([json.loads(line)["ts"] for line in lines], unit="ms", utc=True).tz_convert("Europe/Berlin")
    assert set(days.month) == {9, 10}
    assert not pd.Series(days).is_monotonic_increasing


@pytest.fixture(scope="module")
def both_ways() -> Frame:
    """One row is an event: its ids as an anonymous shop records them, and `who` it truly was."""
    known, recorded = (tables(customers=1200, anonymous=a).events.to_pandas() for a in (False, True))
    who = known.set_index("event_id")["customer_id"].rename("who")
    same = [c for c in known.columns if c not in ("customer_key", "customer_id", "anonymous_id")]
    one, other = (t[same].sort_values("event_id").reset_index(drop=True) for t in (known, recorded))
    pd.testing.assert_frame_equal(one, other)
    return recorded.join(who, on="event_id")


def test_a_row_with_both_ids_links_the_device_to_who_used_it(both_ways):
    links = both_ways.dropna(subset=["customer_id", "anonymous_id"])
    assert len(links) > 1000
    assert (links["customer_id"] == links["who"]).all()
    assert set(links["channel"]) == {"web", "app"}
    assert (links["event"] == "login").sum() == (both_ways["event"] == "login").sum()


def test_guests_never_log_in_on_a_screen(both_ways):
    screens = both_ways[both_ways["anonymous_id"].notna()]
    guests = set(both_ways[both_ways["event"] == "guest_checkout"]["who"])
    assert guests and screens[screens["who"].isin(guests)]["customer_id"].isna().all()
    purchases = both_ways[(both_ways["event"] == "purchase") & ~both_ways["who"].isin(guests)]
    assert purchases["customer_id"].notna().all()


def test_before_the_login_there_is_the_anonymous_id_only(both_ways):
    screens = both_ways[both_ways["channel"].isin(["web", "app"])]
    assert screens["anonymous_id"].notna().all()
    assert screens[screens["event"] == "ad_click"]["customer_id"].isna().all()
    others = both_ways[~both_ways["channel"].isin(["web", "app"])]
    assert others["anonymous_id"].isna().all() and (others["customer_id"] == others["who"]).all()


def test_a_shared_browser_changes_hands_and_a_phone_does_not(both_ways):
    users = both_ways.dropna(subset=["anonymous_id"]).groupby(["channel", "anonymous_id"])["who"].nunique()
    assert users["app"].max() == 1
    assert users["web"].max() == 2 and (users["web"] == 2).sum() > 10
