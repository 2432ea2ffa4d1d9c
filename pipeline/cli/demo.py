"""The demo: the sample shop from file to answer."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from ingest.errors import MissingInput
from pipeline.api import Project
from pipeline.cli.answering import answer
from pipeline.cli.map import HIDDEN
from pipeline.cli.options import OutputOptions
from pipeline.cli.output import say
from pipeline.cli.report import gathered, write_page
from pipeline.loading.intake import ingest
from pipeline.loading.reading import Intake

FUNNEL = ("product_view", "add_to_cart", "shipping_details", "payment_details", "purchase")
CONFIG = """\
[project]
goal = ["purchase"]
segments = ["platform", "acquisition_channel"]

[[source]]
name = "shop"
path = "ecom.csv.gz"

[source.columns]
customer_id = "user_id"
event_at = "timestamp"
event = "event"
platform = "platform"
acquisition_channel = "acquisition_channel"

[carts.roles]
view = ["product_view"]
add = ["add_to_cart"]
view_cart = ["cart"]
begin_checkout = ["shipping_details"]
payment = ["payment_details"]

[[stage]]
name = "awareness"
touchpoints = ["home", "promo_page"]

[[stage]]
name = "consideration"
touchpoints = ["catalog", "search", "filter_results", "product_view", "compare", "review_page", "wishlist_add"]

[[stage]]
name = "cart"
intent = true
touchpoints = ["add_to_cart", "cart"]

[[stage]]
name = "checkout"
intent = true
touchpoints = ["shipping_details", "payment_details", "payment_error", "checkout_bug"]

[[stage]]
name = "purchase"
touchpoints = ["purchase"]

[[stage]]
name = "service"
touchpoints = ["support_chat", "account_page", "error_page"]

[[funnel]]
name = "buy"
steps = ["product_view", "add_to_cart", "shipping_details", "payment_details", "purchase"]
window = "7d"
"""


def sample(name: str) -> Path:
    """A sample file: of the installed package, else of the checkout. Raises MissingInput."""
    packaged = Path(str(resources.files("pipeline"))) / "sample" / name
    checkout = Path(__file__).resolve().parents[2] / "data" / name
    for path in (packaged, checkout):
        if path.is_file():
            return path
    raise MissingInput(f"the sample {name} is not in this installation.")


def run_demo(folder: Path) -> None:
    """Ingest the sample into `folder`, print summary, funnel and the three worst leaks, and build the report."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "journeys.toml").exists():
        (folder / "journeys.toml").write_text(CONFIG)
    if not (folder / "ecom.csv.gz").exists():
        (folder / "ecom.csv.gz").write_bytes(sample("ecom.csv.gz").read_bytes())
    project = Project(folder)
    taken_in(project)
    table = OutputOptions(format="table")
    answer(project.summary(), table, title="the sample shop (synthetic, as its authors say)")
    answer(
        project.funnel(FUNNEL), table, title="funnel of customers within 7d", hide=("ci_low", "ci_high", "dropped_next")
    )
    worst = OutputOptions(format="table", limit=3)
    answer(
        project.dropoff(),
        worst,
        title="the three worst leaks",
        hide=("visits", "ci_low", "ci_high", "lost_after", "returned_at"),
    )
    write_page(gathered(project, {}, "previous"), folder / "report")
    say(f"the project is in {folder}; go on with: journeys -C {folder} dropoff --by stage")


def run_omnichannel(folder: Path) -> None:
    """A made-up shop over web, app, e-mail, store, calls and surveys: its map, its pain points, its leaks, and its report."""
    from pipeline.demo_shop import CONFIG as SOURCES
    from pipeline.demo_shop import write_shop
    from pipeline.demo_shop.map_config import MAP, dated

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "inbox").exists():
        shop = write_shop(folder)
        days = [(t.since.isoformat(), t.annotation) for t in shop.truths if t.annotation]
        (folder / "journeys.toml").write_text(SOURCES + MAP + dated(days))
    project = Project(folder)
    taken_in(project)
    table = OutputOptions(format="table")
    answer(project.summary(), table, title="a made-up omnichannel shop")
    answer(project.map(by="stage"), table, title="its journey, stage by stage", hide=HIDDEN)
    answer(project.map_pains(), OutputOptions(format="table", limit=3), hide=("ci_low", "ci_high", "lost_goals"))
    write_page(gathered(project, {}, "previous"), folder / "report")
    say(
        f"what was planted in it is in {folder / 'truths.json'}; find it with: journeys -C {folder} map --compare previous"
    )


def taken_in(project: Project) -> None:
    """Ingest all sources, and say what became of the rows."""
    loaded, _ = ingest(project, Intake())
    for name, book in loaded.accounting.items():
        gone = sum(book.quarantined.values())
        say(
            f"{name}: {book.rows:,} rows = {book.accepted:,} accepted + {book.duplicates:,} duplicates + {gone:,} quarantined"
        )
    for name in loaded.known:
        say(f"{name}: already in the store, 0 new rows")
