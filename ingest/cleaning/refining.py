"""What is made of a column's text before it is a target's: a part of an address, a name for a code, nothing for what is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """Steps in this order; each leaves NULL as it is but the last."""

    host: bool = False  # of an address: shop.example, in lower case and without www.
    query: str = ""  # of an address: the value of this parameter
    unlike: tuple[str, ...] = ()  # texts that match one of these globs are missing
    differs_from: tuple[str, ...] = ()  # so are those that say the same as one of these columns
    only: tuple[tuple[str, str], ...] = ()  # (column, glob): missing unless one of them holds
    unless: tuple[tuple[str, str], ...] = ()  # (column, glob): missing where one of them holds
    names: tuple[tuple[str, str], ...] = ()  # (code, name); a code that has none stays
    otherwise: str | None = None  # what stands for a missing text

    @property
    def loses(self) -> bool:
        """Is some of the column's text not in the target?"""
        return bool(
            self.host or self.query or self.unlike or self.differs_from or self.names or self.only or self.unless
        )


HOST = r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?(?:[Ww]{3}\.)?([^/?#:]+)"
"""An address with its host as the first group."""


def refined(text: str, how: Refinement, column: Callable[[str], str | None], bind: Callable[[str], str]) -> str:
    """SQL of the refined text; `column` is the SQL of another column, None where there is none, `bind` makes a value of a text."""
    if how.host:
        text = f"nullif(lower(regexp_extract({text}, {bind(HOST)}, 1)), '')"
    if how.query:
        found = f"regexp_extract({text}, {bind(f'[?&]{re.escape(how.query)}=([^&#]*)')}, 1)"
        text = f"nullif(url_decode(replace({found}, '+', ' ')), '')"
    for glob in how.unlike:
        text = f"case when {text} glob {bind(glob)} then null else {text} end"
    for other in filter(None, map(column, how.differs_from)):
        text = f"nullif({text}, {other})"
    only, unless = (
        [f"{sql} glob {bind(glob)}" for name, glob in c if (sql := column(name))] for c in (how.only, how.unless)
    )
    if how.only:
        text = f"case when {' or '.join(only) or 'false'} then {text} end"
    if unless:
        text = f"case when {' or '.join(unless)} then null else {text} end"
    if how.names:
        cases = " ".join(f"when {bind(code)} then {bind(name)}" for code, name in how.names)
        text = f"coalesce(case {text} {cases} end, {text})"
    return text if how.otherwise is None else f"coalesce(nullif(trim({text}), ''), {bind(how.otherwise)})"
