"""Numbers of JSON as they are written: 1.10 is not 1.1, and 1e3 is not 1000.0.

DuckDB reads a number with a fraction as a float and writes it anew. Where that would show, the number is put into quotes
before it is parsed. Such a number stands behind the quote that ends its key; a text that only looks so is no JSON any more
when something in it is quoted, and stays as it is.
"""

from __future__ import annotations

from ingest.database import Database
from ingest.quoting import literal

_ODD = (
    r"-?\d+\.\d+0|-?\d+(?:\.\d+)?[eE][-+]?\d+"  # a zero at the end, an exponent
    r"|-?\d+\.\d{13,}|-?\d{4,}\.\d{9,}|-?\d{8,}\.\d{5,}|-?\d{12,}\.\d+"  # more digits than a float has
)
ODD_NUMBER = rf'((?:[^\\]|\\\\)"\s*:\s*)({_ODD})(\s*[,}}\]])'
_IN_QUOTES = r'\1"\2"\3'


def holds_odd_numbers(db: Database, table: str) -> bool:
    """Does a text of the table's column `line` hold a number that would not stay as written?"""
    return bool(db.rows(f"select 1 from {table} where regexp_matches(line, {literal(ODD_NUMBER)}) limit 1"))


def as_written(text: str) -> str:
    """SQL of a JSON text whose odd numbers are texts."""
    quoted = f"regexp_replace({text}, {literal(ODD_NUMBER)}, {literal(_IN_QUOTES)}, 'g')"
    return f"case when try(json_valid({quoted})) then {quoted} else {text} end"
