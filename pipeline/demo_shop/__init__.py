"""A made-up omnichannel shop of any size, with truths planted in it that an analysis should find, and no others.

`write_shop(folder)` writes the files as a shop's systems would; `tables()` gives the events at once. In the control,
`truths=()`, no two weeks and no two regions, plans, age bands or ad campaigns differ but by chance.
"""

from pipeline.demo_shop.config import CONFIG
from pipeline.demo_shop.files import Shop, write_shop
from pipeline.demo_shop.tables import Tables, tables
from pipeline.demo_shop.truths import ALL_TRUTHS, Truth

__all__ = ["ALL_TRUTHS", "CONFIG", "Shop", "Tables", "Truth", "tables", "write_shop"]
