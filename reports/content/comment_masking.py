"""Comments are shown masked: no e-mail address, no long number, no more than a few lines."""

from __future__ import annotations

import re

from reports.formatting import plain

LONGEST = 180
_DIGITS = re.compile(r"\+?\d(?:[\s./()-]*\d){4,}")


def masked(text: str) -> str:
    """A comment without e-mail addresses and numbers of five digits or more (telephones, orders, cards), cut at LONGEST."""
    return plain(_DIGITS.sub("(number)", text[: 20 * LONGEST]), LONGEST)
