"""customers, customer, strugglers, touchpoints: from the store to the screen."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from shlex import split
from shutil import copytree
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from ingest.errors import ConfigError, StoreError, UnknownCustomer
from paths.analysis import Analysis
from paths.overview.summary import Summary
from paths.people.members import Members
from paths.people.selections import AtStep, Ended, OnEdge, Selection
from pipeline.api import Project
from pipeline.cli import cli
from pipeline.config import Config, load_config
from pipeline.project.funnel_words import parse_funnel
from pipeline.project.masking import Mask
from pipeline.project.project import Period
from pipeline.questions.carts import carts
from pipeline.questions.customers import intent
from tests.builder import store_of

DATA = Path(__file__).parents[3] / "data"
ECOM = """
[carts.roles]
view = ["product_view"]
add = ["add_to_cart"]
view_cart = ["cart"]
begin_checkout = ["shipping_details"]
payment = ["payment_details"]

[[stage]]
name = "browse"
touchpoints = ["home", "catalog", "product_view", "search"]

[[stage]]
name = "cart"
touchpoints = ["add_to_cart", "cart", "shipping_details", "payment_details"]

[[funnel]]
name = "buy"
steps = ["product_view", "cart?", "add_to_cart", "purchase"]
window = "1d"
count = "sessions"
breakdown = "platform"
"""
SHOP = """
[project]
timezone = "Europe/Berlin"

[sessions]
passive = ["email_sent"]

[[touchpoint]]
name = "product page"
event = "page_viewed"
url = "/products/*"

[[touchpoint]]
name = "app page"
event = "page_viewed"
channel = "app"
"""
EVENTS = """\
id,device_id,at,what,path,where,paid,order,device
u1,,2026-01-15T10:00:00Z,page_viewed,/products/1,web,,,mobile
u1,,2026-01-15T10:01:00Z,page_viewed,/users/123/cart,web,,,mobile
u1,,2026-01-15T10:05:00Z,email_sent,,email,,,
u1,,2026-01-15T10:06:30Z,purchase,,web,19.99,o1,mobile
u1,,2026-01-15T15:00:00Z,email_sent,,email,,,
u1,,2026-01-16T15:00:00Z,add_to_cart,,app,,,
u2,,2026-01-15T09:00:00Z,page_viewed,/users/77/cart,web,,,\x1b[2J
,u1,2026-01-15T13:05:00Z,page_viewed,/users/5,app,,,
"""


@pytest.fixture(scope="module")
def ecom(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("ecom")
    (folder / "journeys.toml").write_text(ECOM)
    store_of(
        folder / "store",
        DATA / "ecom.csv.gz",
        customer_id="user_id",
        event_at="timestamp",
        event="event",
        platform="platform",
    )
    return Project(folder)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "journeys.toml").write_text(SHOP)
    (folder / "events.csv").write_text(EVENTS)
    store_of(
        folder / "store",
        folder / "events.csv",
        customer_id="id",
        anonymous_id="device_id",
        event_at="at",
        event="what",
        url="path",
        channel="where",
        value="paid",
        order_id="order",
    )
    return Project(folder)


def journeys(project: Project, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(project.directory), *words])


# the people behind a number


def listed(
    project: Project, selections: list[Selection], question: Analysis[Any], **period: Any
) -> tuple[list[int], list[dict[str, Any]]]:
    """(members of each selection, the rows of the question): one pass."""
    *tables, answer = project.ask(Period(**period), [*(Members(selection=s) for s in selections), question]).answers
    return [t.num_rows for t in tables], answer.to_pylist()


@pytest.mark.parametrize(
    "words, period",
    [
        ({"steps": ["product_view", "add_to_cart", "purchase"]}, {"as_of": "2024-05-01"}),
        ({"steps": ["product_view", "cart?", "purchase"], "count": "sessions"}, {"segment": {"platform": "mobile"}}),
        ({"steps": ["home", "search", "purchase"], "order": "any", "window": "1h"}, {"since": "2024-03-01"}),
        ({"steps": ["product_view", "add_to_cart"], "order": "strict", "exclude": ["home"]}, {}),
    ],
)
def test_a_list_has_exactly_the_members_that_the_funnel_counts_on_ecom(
    ecom: Project, words: dict[str, Any], period: dict[str, Any]
) -> None:
    funnel = parse_funnel(**words)
    needed, every = funnel.needed, range(1, len(funnel.steps) + 1)
    cells = [(i, "converted") for i in every] + [(i, s) for i in needed for s in ("dropped", "in_progress")]
    found, rows = listed(ecom, [AtStep(funnel=funnel, step=i, state=s) for i, s in cells], funnel, **period)
    assert found == [rows[i - 1]["reached" if s == "converted" else s] for i, s in cells]
    assert sum(found) > 0
    asked = ecom.customers(
        funnel=words["steps"], converted_at=2, **{k: v for k, v in words.items() if k != "steps"}, **period
    )
    assert asked.table.num_rows == rows[1]["reached"]


def test_a_saved_funnel_has_the_members_that_it_counts(ecom: Project) -> None:
    saved = ecom.saved_funnel("buy")
    rows = ecom.funnel(**(saved | {"breakdown": None})).rows()
    assert [ecom.customers(funnel="buy", converted_at=r["step"]).table.num_rows for r in rows] == [
        r["reached"] for r in rows
    ]
    shorter = ecom.funnel(**(saved | {"breakdown": None, "window": "10m"})).rows()[3]["reached"]
    assert ecom.customers(funnel="buy", converted_at=4, window="10m").table.num_rows == shorter < rows[3]["reached"]


@pytest.mark.parametrize("by", ["touchpoint", "stage"])
def test_a_list_has_exactly_the_sessions_that_paths_and_drop_off_count_on_ecom(ecom: Project, by: str) -> None:
    stage, edges, leaks = by == "stage", ecom.paths(by=by).rows(), ecom.dropoff(by=by).rows()
    found, _ = listed(ecom, [OnEdge(source=r["source"], target=r["target"], by_stage=stage) for r in edges], Summary())
    assert found == [r["sessions"] for r in edges]
    cells = [(r, state) for r in leaks for state in ("lost", "returned")]
    found, _ = listed(ecom, [Ended(node=r[by], state=s, by_stage=stage) for r, s in cells], Summary())
    assert found == [r[s] for r, s in cells]
    first = ecom.customers(edge=(edges[0]["source"], edges[0]["target"]), by=by)
    assert (first.table.num_rows, first.meta["customers"]) == (edges[0]["sessions"], edges[0]["customers"])
    assert len(set(first.table["session_id"].to_pylist())) == edges[0]["sessions"]
    assert ecom.customers(returned=leaks[0][by], by=by).table.num_rows == leaks[0]["returned"]


def test_a_list_has_exactly_the_customers_of_the_summary_and_the_carts_of_the_cart_table(ecom: Project) -> None:
    (summary,) = ecom.summary(since="2024-03-01", until="2024-04-01").rows()
    everyone = ecom.customers(since="2024-03-01", until="2024-04-01")
    assert everyone.table.num_rows == summary["customers"]
    assert sum(everyone.table["events"].to_pylist()) == summary["events"]
    totals = carts(ecom).meta["totals"]
    for status in ("converted", "recovered", "abandoned", "open", "emptied"):
        assert ecom.customers(cart=status).table.num_rows == totals[status]


def test_a_funnel_may_be_a_saved_one_its_text_or_its_steps(ecom: Project) -> None:
    text = ecom.customers(funnel="product_view > add_to_cart[platform~*] > purchase", converted_at=3)
    steps = ecom.customers(funnel=["product_view", "add_to_cart", "purchase"], converted_at=3)
    assert text.table == steps.table
    assert text.meta["steps"] == ["product_view", "add_to_cart[platform~*]", "purchase"]
    assert steps.title == "customers that reached step 3 (purchase)"
    assert ecom.customers(funnel="buy", dropped_at=3).title == "sessions dropped after step 3 (add_to_cart)"


@pytest.mark.parametrize(
    "words, complaint",
    [
        ({"dropped_at": 1}, "each of these needs --funnel"),
        ({"funnel": "buy"}, "needs one of --dropped-at"),
        ({"funnel": "buyy", "dropped_at": 1}, 'Did you mean "buy"'),
        ({"funnel": "a > b", "dropped_at": 1, "converted_at": 1}, "--dropped-at and --converted-at do not go together"),
        ({"funnel": "a > b", "dropped_at": 3}, "the funnel has 2"),
        ({"edge": ("a", "b"), "lost": "a"}, "--edge and --lost do not go together"),
        ({"lost": "a", "count": "sessions"}, '"count" is about funnels'),
        ({"lost": "a", "by": "day"}, "by is touchpoint or stage"),
        ({"lost": "a", "goal": []}, "without a goal"),
        ({"cart": "lost"}, 'abandoned, open or emptied, not "lost"'),
    ],
)
def test_what_is_no_choice_is_refused(ecom: Project, words: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        ecom.customers(**words)


def test_names_that_never_occur_are_warned_about_with_the_near_one(ecom: Project) -> None:
    assert 'Did you mean "add_to_cart"?' in ecom.customers(edge=("add_to_crt", "cart")).meta["warnings"][0]
    assert 'Did you mean "browse"?' in ecom.customers(lost="browsee", by="stage").meta["warnings"][0]
    assert "never occurs" in ecom.customers(funnel="a > b", dropped_at=1).meta["warnings"][0]
    assert ecom.customers(edge=("START", "home")).meta["warnings"] == []


# masks


def test_an_id_has_one_mask_in_a_store_and_another_in_another(ecom: Project, shop: Project) -> None:
    masked, plain = (ecom.customers(unmask=u).table["customer"].to_pylist() for u in (False, True))
    assert len(set(masked)) == len(set(plain)) == 600
    assert all(len(m) == 12 and set(m) <= set("0123456789abcdef") for m in masked)
    assert masked == [Mask.of(ecom.store.root).text(p) for p in plain]
    assert Mask.of(ecom.store.root).text("u1") != Mask.of(shop.store.root).text("u1")
    struggler = ecom.strugglers().rows()[0]["customer"]
    assert struggler in masked
    assert struggler in ecom.customers(cart="abandoned").table["customer"].to_pylist()


def test_the_secret_is_its_owners_alone_made_once_and_never_used_when_damaged(tmp_path: Path) -> None:
    first = Mask.of(tmp_path)
    assert Mask.of(tmp_path) == first
    key = tmp_path / "mask.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["mask.key"]
    key.write_bytes(b"")
    with pytest.raises(StoreError, match="damaged"):
        Mask.of(tmp_path)
    with pytest.raises(StoreError, match="cannot be masked"):
        Mask.of(tmp_path / "nowhere")


# one customer


def test_a_journey_reads_only_the_row_groups_of_its_customer(ecom: Project, tmp_path: Path) -> None:
    copytree(ecom.directory, tmp_path / "ecom")
    project = Project(tmp_path / "ecom")
    for span in project.store.snapshot().files:
        pq.write_table(pq.read_table(span.path, partitioning=None), span.path, row_group_size=32)
    found = project.customer("user_0000")
    read, whole = found.meta["read"], project.summary().meta["read"]
    assert read["row_groups"] <= read["files"]
    assert (read["rows"], whole["rows"]) == (45, 31_076)
    at = found.table["at"].to_pylist()
    assert found.meta["customer"] == {
        "id": "user_0000",
        "first_at": at[0],
        "last_at": at[-1],
        "sessions": 8,
        "events": 45,
        "goals": 3,
        "value": None,
    }


def test_a_journey_tells_every_event_with_its_session_value_and_properties(shop: Project) -> None:
    found = shop.customer("u1")
    assert [(r["touchpoint"], r["session"], r["note"]) for r in found.rows()] == [
        ("product page", 1, "session start"),
        ("page_viewed (other)", 1, None),
        ("email_sent", None, "passive"),
        ("purchase", 1, "goal"),
        ("email_sent", None, "passive"),
        ("add_to_cart", 2, "session start; cart opened; cart abandoned"),
    ]
    assert (found.rows()[3]["value"], found.rows()[3]["order_id"]) == (19.99, "o1")
    assert json.loads(found.rows()[0]["properties"]) == {"device": "mobile"}
    assert {k: found.meta["customer"][k] for k in ("sessions", "events", "goals", "value")} == {
        "sessions": 2,
        "events": 6,
        "goals": 1,
        "value": 19.99,
    }


def test_an_id_is_known_before_it_is_anonymous_and_nobody_is_exit_4(shop: Project) -> None:
    assert shop.customer("u1", anonymous=True).table["channel"].to_pylist() == ["app"]
    with pytest.raises(UnknownCustomer, match='the anonymous id "u2"'):
        shop.customer("u2", anonymous=True)
    with pytest.raises(UnknownCustomer, match="--unmask"):
        shop.customer(str(Mask.of(shop.store.root).text("u1")))
    assert shop.customer("u2", as_of="2026-01-15T08:00Z").meta["warnings"] == [
        "this customer has no events in the period, or before as_of."
    ]
    nobody = journeys(shop, "customer", "nobody")
    assert (nobody.exit_code, nobody.stdout) == (4, "")
    assert 'no customer has the id "nobody"' in nobody.stderr


def test_a_journey_reads_well_passive_events_where_they_fall(shop: Project, tmp_path: Path) -> None:
    shown = journeys(shop, "customer", "u1", "-f", "table", "--limit", "5", "--meta", str(tmp_path / "meta.json"))
    assert (
        shown.stdout
        == """\
customer u1 · first seen 2026-01-15 11:00:00 · last seen 2026-01-16 16:00:00 (Europe/Berlin) · 2 sessions · 6 events · 1 goal · value 19.99

session 1 · 2026-01-15 11:00:00 · 6 m 30 s · 3 events · mobile · web
  2026-01-15 11:00:00             product page         web           session start
  2026-01-15 11:01:00       +1 m  page_viewed (other)  web
  2026-01-15 11:05:00       +4 m  email_sent           email         passive
  2026-01-15 11:06:30  +1 m 30 s  purchase             web    19.99  goal

outside of sessions
  2026-01-15 16:00:00  +4 h 53 m  email_sent           email         passive

showing 5 of 6 events
"""
    )
    assert json.loads((tmp_path / "meta.json").read_text())["customer"]["goals"] == 1
    hostile = journeys(shop, "customer", "u2", "-f", "table", "-o", str(tmp_path / "u2.txt"))
    assert hostile.exit_code == 0
    assert "\x1b" not in (tmp_path / "u2.txt").read_text()


# strugglers and touchpoints


def test_stages_of_intent_are_the_marked_ones_else_cart_and_what_comes_later_else_roles(tmp_path: Path) -> None:
    def stages(*names: str) -> Config:
        blocks = [
            f'[[stage]]\nname = "{n.removesuffix("!")}"\nintent = {str(n.endswith("!")).lower()}\n' for n in names
        ]
        (tmp_path / "journeys.toml").write_text("".join(blocks))
        return load_config(tmp_path)

    assert intent(stages("look", "want!", "cart"))[0] == {"want"}
    assert intent(stages("Payment", "look", "Cart", "buy", "service"))[0] == {"Payment", "Cart", "buy", "service"}
    assert intent(stages("look", "checkout", "buy"))[0] == {"checkout"}
    names = intent(stages("look"))[1]
    assert {"add_to_cart", "begin_checkout", "view_cart", "payment"} <= names
    assert names.isdisjoint({"purchase", "view_item", "remove_from_cart"})


def test_strugglers_say_how_many_they_are_and_where_they_stick(ecom: Project) -> None:
    found = ecom.strugglers()
    assert found.meta["customers"] == found.table.num_rows == sum(found.meta["sticks_at"].values())
    assert min(found.table["intent_sessions"].to_pylist()) >= 3
    assert ecom.strugglers(sessions=4).table.num_rows < found.table.num_rows
    shown = journeys(ecom, "strugglers", "--limit", "1")
    assert f"{found.table.num_rows} of 600 customers" in shown.stderr
    bought = set(
        ecom.customers(funnel="product_view | purchase > purchase", converted_at=1, window=None, unmask=True)
        .table["customer"]
        .to_pylist()
    )
    buyers = set(ecom.customers(edge=("purchase", "END"), unmask=True).table["customer"].to_pylist())
    assert buyers <= bought
    assert buyers.isdisjoint(ecom.strugglers(unmask=True).table["customer"].to_pylist())


def test_touchpoints_show_what_rules_give_and_suggest_what_is_missing(shop: Project, tmp_path: Path) -> None:
    found = shop.touchpoints()
    assert [(r["touchpoint"], r["events"], r["rule"]) for r in found.rows()] == [
        ("email_sent", 2, "(event)"),
        ("page_viewed (other)", 2, "(other)"),
        ("add_to_cart", 1, "(event)"),
        ("app page", 1, "2: event=page_viewed channel=app"),
        ("product page", 1, "1: event=page_viewed url=/products/*"),
        ("purchase", 1, "(event)"),
    ]
    assert found.meta["unmatched"] == [
        {"path": p, "event": "page_viewed", "events": 1} for p in ("/users/123/cart", "/users/77/cart")
    ]
    block = journeys(shop, "touchpoints", "--suggest").stdout
    (tmp_path / "journeys.toml").write_text(SHOP + block)
    assert load_config(tmp_path).touchpoints[2].url == ("/users/*/cart",)
    shown = journeys(shop, "touchpoints", "-f", "table").stdout
    assert block in shown
    assert "2 paths that no rule names" in shown
    lines = journeys(shop, "touchpoints", "--unmatched", "-f", "csv", "--top", "1").stdout
    assert lines == "path,event,events\n/users/123/cart,page_viewed,1\n"


def test_a_path_is_tried_against_every_rule(shop: Project) -> None:
    def tried(*words: str) -> tuple[str, list[bool]]:
        shown = journeys(shop, "touchpoints", "test", *words, "-f", "json")
        return shown.stderr.strip(), [r["fires"] for r in json.loads(shown.stdout)]

    assert tried("/products/7?x=1") == ('rule 1 fires: the touchpoint is "product page"', [True, False])
    assert tried("https://shop.example/x", "--channel", "app") == (
        'rule 2 fires: the touchpoint is "app page"',
        [False, True],
    )
    assert (
        tried("/x", "--event", "page_viewed", "--channel", "web")[0]
        == 'none of the 2 rules fires: the touchpoint is "page_viewed (other)"'
    )
    assert tried("/products/7", "--event", "click") == (
        'none of the 2 rules fires: the touchpoint is "click"',
        [False, False],
    )
    why = shop.test_touchpoint("/products/7").table["why"].to_pylist()
    assert why == ["if event is page_viewed", "an earlier rule fires"]
    assert shop.test_touchpoint("/x", event="page_viewed").table["why"].to_pylist()[0] == "url /x fits no /products/*"


@pytest.mark.parametrize(
    "command",
    [
        "customers --funnel 'product_view > add_to_cart > purchase' --dropped-at 2 --step-window purchase=1h",
        "customers --funnel 'product_view > purchase' --converted-at 2 --count sessions --window 1h",
        "customers --edge add_to_cart cart --collapse-repeats",
        "customers --lost product_view --goal purchase --unmask",
        "customers --cart abandoned",
        "customers --where platform=mobile --explain",
    ],
)
def test_what_the_help_shows_is_answered(ecom: Project, command: str) -> None:
    shown = journeys(ecom, *split(command), "--limit", "2")
    assert (shown.exit_code, len(shown.stdout.splitlines())) == (0, 2)
    assert "customers" in shown.stderr
