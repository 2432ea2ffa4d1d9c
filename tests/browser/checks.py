"""Checks that several pages must pass."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import Any

AXE = Path(__file__).parent / "axe" / "axe.min.js.gz"


def axe_faults(page: Any) -> list[Any]:
    """What axe-core finds on the page, every table unfolded: (impact, rule, elements)."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(gzip.decompress(AXE.read_bytes()).decode())
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']})")
    return [(v["impact"], v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found["violations"]]


def wait_for(page: Any, condition: str, seconds: float = 10) -> None:
    """Until the condition holds: asked from outside, since the page's policy forbids a script that polls within it."""
    until = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < until, f"never true: {condition}"
        page.wait_for_timeout(20)
