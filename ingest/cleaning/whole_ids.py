"""Ids that became floating numbers, as one null makes of integers: 12345.0 is the id 12345.

A column of a file is floating where its type says so (Parquet), or where each of its filled cells is written as floating
numbers are (12345.0): then the ids are read without their ".0". Beyond 2^53 whole numbers are no longer told apart by such
a column; what is in it is no id any more, and the file is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ingest.cleaning.mapping import Columns, Expressions, SourceMapping
from ingest.database import Database
from ingest.errors import InputError
from ingest.quoting import literal
from ingest.schema import IDENTIFIERS

EXACT = {"double": 53, "float": 24}
"""Type of a Parquet column -> bits up to which it holds every whole number."""

LOOKED_AT = 100
"""Rows of a file of which one that holds another text shows that its column is not floating."""


def whole_ids(
    db: Database,
    relation: str,
    columns: Columns,
    mapping: SourceMapping,
    shown: tuple[str, str] | None = None,
) -> Mapping[str, str]:
    """Column (or path) -> SQL of which rows of `relation` have floating numbers for ids there; the others are left out.

    `shown`: what a message calls the file and the column; None = as `inputs` and the mapping do.
    Raises InputError for an id beyond what its column can hold.
    """
    floating = {}
    for target, path in ids_of(mapping):
        if path in floating or (place := columns.find(path, target, fail=False)) is None:
            continue
        at, inner = place
        kind = columns.types[at] if inner is None else "text"
        if kind not in ("text", "json", "cells", *EXACT):
            continue
        e = Expressions()
        cells = f"select recorded_input, row, {e.one(columns, path, target)} as x from {relation}"
        files = None if kind in ("cells", *EXACT) else floating_files(db, cells, e.params)
        if files == []:
            continue
        where = "true" if files is None else f"recorded_input in ({', '.join(map(literal, files))})"
        check_exact(db, f"select * from ({cells}) where {where}", e.params, path, EXACT.get(kind, 53), shown)
        if kind != "cells":
            floating[path] = where
    return floating


def ids_of(mapping: SourceMapping) -> Iterable[tuple[str, str]]:
    """(target, column or path) of everything that an id is read from."""
    for target in IDENTIFIERS:
        spec = mapping.fields.get(target)
        yield from ((target, path) for path in ((*spec.columns, *spec.join) if spec else ()))


def floating_files(db: Database, cells: str, params: Mapping[str, str]) -> list[str]:
    """The recorded_input of the files of which every filled cell is written as floating numbers are; the first rows are asked first."""
    asked = "select recorded_input from ({}) group by recorded_input having count(x) filter (not float_written(x)) = 0"
    likely = db.rows(asked.format(f"select * from ({cells}) where row < {LOOKED_AT}"), params)
    if not likely:
        return []
    names = ", ".join(literal(str(name)) for (name,) in likely)
    whole = db.rows(
        asked.format(f"select * from ({cells}) where recorded_input in ({names})") + " and count(x) > 0 order by all",
        params,
    )
    return [str(name) for (name,) in whole]


def check_exact(
    db: Database, cells: str, params: Mapping[str, str], path: str, bits: int, shown: tuple[str, str] | None
) -> None:
    """Raise InputError for a floating number beyond 2^bits."""
    number = "case when float_written(x) then try_cast(x as double) end"
    beyond = db.rows(f"select recorded_input, x from ({cells}) where abs({number}) > {1 << bits} limit 1", params)
    for file, example in beyond:
        asked = "select any_value(input) from inputs where recorded_input = $key"
        name, column = shown or (db.rows(asked, {"key": file})[0][0] or "the file", path)
        raise InputError(
            f"{name}: the ids in {column} are floating numbers, and {example} is beyond 2^{bits}, where such "
            "numbers stand for several whole ones: the ids are lost. Write the column as integers or as text "
            '(pandas: astype("Int64")).'
        )
