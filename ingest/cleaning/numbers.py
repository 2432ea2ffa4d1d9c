"""Numbers as people and tools write them: which of point and comma is the decimal, and SQL that reads the rest.

A column of a file has one reading. It is declared (`decimal` of the source), or told from the file's whole column: 12,50
and 1.234,56 show a comma, 12.50 and 1,234.56 a point. A column that shows neither (1.234 and nothing else) is read as the
other number columns of its file, else with a point, and that is said.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ingest.cleaning.currencies import MINOR_DIGITS
from ingest.cleaning.mapping import Columns, Expressions, SourceMapping
from ingest.database import Database
from ingest.schema import NUMBERS


@dataclass(frozen=True, kw_only=True)
class Readings:
    """How the number columns of a file are read."""

    commas: frozenset[str] = frozenset()
    """Targets whose decimal is a comma."""
    unclear: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """(target, an example) of columns that show neither."""


def readings(db: Database, relation: str, columns: Columns, mapping: SourceMapping) -> dict[str, Readings]:
    """recorded_input -> how its numbers are read, of the files whose numbers are not all plain."""
    texts = [n for n, spec in mapping.fields.items() if columns.type_of(spec, n) not in ("double", "float")]
    numbers = [n for n in NUMBERS if n in texts]
    if mapping.decimal is not None or not numbers:
        return {}
    shown: defaultdict[str, dict[str, tuple[int, int, str | None]]] = defaultdict(dict)
    for name in numbers:
        e = Expressions()
        text = e.text(columns, mapping.fields[name], name)
        written = db.rows(
            "select recorded_input, count(*) filter (shown = 'comma'), count(*) filter (shown = 'point'), "
            f"min(t) filter (shown = 'unclear') from (select recorded_input, t, decimal_shown(t) as shown "
            f"from (select recorded_input, {text} as t from {relation}) where contains(t, ',') or contains(t, '.')) "
            "where shown is not null group by all",
            e.params,
        )
        for file, commas, points, example in written:
            shown[str(file)][name] = (commas, points, example)
    return {file: _read(columns) for file, columns in shown.items()}


def _read(shown: dict[str, tuple[int, int, str | None]]) -> Readings:
    """The readings of one file: of each column what most of its values show, else what the other columns agree on."""
    decided = {name: commas > points for name, (commas, points, _) in shown.items() if commas or points}
    agreed = set(decided.values())
    undecided = {name: example or "" for name, (*_, example) in shown.items() if name not in decided}
    alike = dict.fromkeys(undecided, agreed.pop()) if len(agreed) == 1 else {}
    return Readings(
        commas=frozenset(name for name, comma in (decided | alike).items() if comma),
        unclear=() if alike else tuple(undecided.items()),
    )


def digits(name: str, mapping: SourceMapping, read: Readings) -> str:
    """SQL of a number column's text with a point for its decimal; NULL where it is no number."""
    sign = "," if name in read.commas or mapping.decimal == "," else "."
    return f"number_text(b_{name}, '{sign}')"


def minor_or_whole(name: str, mapping: SourceMapping) -> str:
    """SQL of a number column's value, of its `digits`; NULL where it is missing or no number."""
    if name == "quantity":
        return f"whole_number(d_{name})"
    return f"minor_units(d_{name}, {MINOR_DIGITS.get(mapping.currency or '', 2)})"


def unclear_note(name: str, file: str, target: str, example: str) -> str:
    """What to say of a column that shows neither."""
    return (
        f"{name}: {file}: {target} holds numbers such as {example}, which could be thousands or thousandths; "
        f'the point is read as the decimal. decimal = "," or decimal = "." in the [[source]] says which it is.'
    )
