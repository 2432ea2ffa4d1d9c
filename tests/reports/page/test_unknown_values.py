"""An unknown cart value is unknown in tile and sentence, never 0."""

from __future__ import annotations

from pathlib import Path

import pytest

import journeys
from pipeline.project.project import Period
from pipeline.report.gather import gather
from reports.content.report import Report
from reports.page.sections.carts import summary
from reports.page.sections.tiles import tiles

COLUMNS = 'customer_id = "u", event_at = "t", event = "e", item_id = "i", price = "p", value = "v"'


def report_of(folder: Path, price: str, paid: str) -> Report:
    """Six carts that were left and four that were recovered, of which two say what was paid."""
    rows = [f"a{k},2026-01-05T10:00:00Z,add_to_cart,x,{price}," for k in range(6)]
    for k in range(4):
        rows.append(f"r{k},2026-01-05T10:00:00Z,add_to_cart,x,{price},")
        rows.append(f"r{k},2026-01-06T10:00:00Z,purchase,x,,{paid if k < 2 else ''}")
    (folder / "e.csv").write_text("u,t,e,i,p,v\n" + "\n".join(rows) + "\n")
    source = f'[[source]]\nname = "s"\npath = "e.csv"\ncolumns = {{ {COLUMNS} }}\n'
    (folder / "journeys.toml").write_text(f'[project]\ncurrency = "EUR"\n{source}')
    shop = journeys.open(folder)
    shop.ingest()
    return gather(shop, Period(as_of="2026-01-25"))[0]


@pytest.mark.parametrize(
    "price, paid, tile, sentence",
    [
        ("", "", ("Carts recovered", "4", "6 still abandoned"), "their value is not known"),
        (
            "",
            "12.50",
            ("Recovered value", "25\u202fEUR", "what is in abandoned carts is unknown"),
            "their value is not known",
        ),
        ("10", "", ("Recovered value", "40\u202fEUR", "60\u202fEUR still in abandoned carts"), "60\u202fEUR"),
    ],
)
def test_an_unknown_cart_value_is_unknown_and_never_0(tmp_path, price, paid, tile, sentence):
    report = report_of(tmp_path, price, paid)
    found = {t.label: t for t in tiles(report, {}).tiles}
    label, value, change = tile
    assert (found[label].value, found[label].change) == (value, change)
    said = str(summary(report.carts, report))
    assert sentence in said.replace("<b>", "").replace("</b>", "")
    assert not any(
        zero in said + found[label].value + found[label].change for zero in (" 0\u202fEUR", ">0\u202fEUR", "0.00")
    )
