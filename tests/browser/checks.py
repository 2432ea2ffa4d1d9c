"""Checks that several pages must pass."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

AXE = Path(__file__).parent / "axe" / "axe.min.js.gz"


def axe_faults(page: Any) -> list[Any]:
    """What axe-core finds on the page, every table unfolded: (impact, rule, elements)."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(gzip.decompress(AXE.read_bytes()).decode())
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']})")
    return [(v["impact"], v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found["violations"]]
