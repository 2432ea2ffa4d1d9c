"""What the shop sells: the same 120 items in every shop."""

from __future__ import annotations

from typing import Final

import numpy as np

from ingest.array_types import Floats, Ints
from pipeline.demo_shop.draws import Draws

_WOODS = ("oak", "ash", "beech", "birch", "cherry", "maple", "walnut", "pine", "elm", "larch", "cedar", "willow")
_THINGS = ("lamp", "shelf", "chair", "table", "bench", "frame", "desk", "stool", "clock", "tray")
ITEMS: Final = tuple(f"{wood}-{thing}" for thing in _THINGS for wood in _WOODS)
"""Names, as they stand in addresses: /products/oak-lamp."""


def _prices() -> Ints:
    euros = np.exp(np.log(38) + 0.75 * Draws(0).normal("price", np.arange(len(ITEMS))))
    cents: Ints = np.clip(euros, 4, 900).astype(np.int64) * 100 + 90
    return cents


PRICES: Final[Ints] = _prices()
"""In cents: most items cost less than 60 euros, some some hundreds."""
POPULARITY: Final[Floats] = np.arange(2.0, len(ITEMS) + 2) ** -0.8
QUANTITIES: Final = (0.82, 0.13, 0.05)
"""How many of one item: 1, 2, 3."""
