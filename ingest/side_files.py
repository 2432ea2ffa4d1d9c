"""Small files beside the events (whom not to write to, test accounts, what was spent), read with the care of a source.

The encoding, its BOM, line ends, the delimiter, quotes and compression are the readers' to find out; what is a header is
told from its words; ids are text exactly as recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.cleaning.well_known import CERTAIN, LIKELY, plain
from ingest.database import Database, load_sql
from ingest.errors import InputError
from ingest.readers.files import readable
from ingest.readers.raw import RawRows
from ingest.readers.sources import ReadOptions, read_rows

ID = "customer_id"


def read_ids(path: Path) -> frozenset[str]:
    """The customer ids of a file: one a line, with or without a header, or its column that is named like an id of a customer.

    A file of nothing holds none. Raises MissingInput where it cannot be opened, and InputError where none of several
    columns can be told to be the customer, or a line cannot be read: a list that is half read would be half obeyed.
    """
    if not readable(path).stat().st_size:
        return frozenset()
    with Database(threads=1) as db:
        db.run(load_sql("ingest", "macros"))
        raw = read_rows(db, path, name=path.name)
        at = id_column(raw.columns)
        if at is None and len(raw.columns) == 1 and raw.format == "csv":  # its first line is an id, too
            raw.release(db)
            raw = read_rows(db, path, ReadOptions(format="csv", header=(ID,)), name=path.name)
            at = 0
        if at is None:
            raise InputError(
                f"{path.name}: none of the columns {', '.join(raw.columns)} is named like a customer's id. "
                f'Name it "{ID}" in the first line, or leave the other columns out.'
            )
        check_whole(raw, path)
        text = f"bare(c{at}::varchar)"
        rows = db.rows(
            f"select distinct {text} from {raw.relation} where c{at} is not null and not is_blank(c{at}::varchar)"
        )
        return frozenset(str(value) for (value,) in rows)


def id_column(names: Sequence[str]) -> int | None:
    """The place of the column that is named like a customer's id, whatever its case, spaces, hyphens and underscores."""
    known = [plain(n) for n in (*CERTAIN[ID], "uuid", *LIKELY[ID], "id", "contact_id", "email", "email_address")]
    spelled = [plain(name) for name in names]
    places = [spelled.index(name) for name in known if name in spelled]
    return places[0] if places else None


def check_whole(raw: RawRows, path: Path) -> None:
    """Raise InputError for a record that could not be read."""
    if raw.unreadable.num_rows:
        first = raw.unreadable.slice(0, 1).to_pylist()[0]
        where = f"line {first['line']}" if first["line"] is not None else f"record {first['record'] + 1}"
        raise InputError(
            f"{path.name}, {where}: {first['detail']}. Mend it: a list that is half read would be half obeyed."
        )


def read_texts(path: Path, wanted: Mapping[str, Sequence[str]], needed: Sequence[str]) -> dict[str, list[str | None]]:
    """Columns of a small file as text, row by row: of each target that column whose name is the first of its spellings.

    Blank is None; a target that no column is named like is missing, and raises InputError if it is `needed`. Raises
    MissingInput where the file cannot be opened, and InputError where a line cannot be read. A file of nothing has no rows.
    """
    if not readable(path).stat().st_size:
        return {target: [] for target in needed}
    with Database(threads=1) as db:
        db.run(load_sql("ingest", "macros"))
        raw = read_rows(db, path, name=path.name)
        check_whole(raw, path)
        spelled = [plain(name) for name in raw.columns]
        places = {
            target: next((spelled.index(plain(n)) for n in names if plain(n) in spelled), -1)
            for target, names in wanted.items()
        }
        for target in needed:
            if places[target] < 0:
                names = ", ".join(dict.fromkeys(wanted[target]))
                raise InputError(
                    f"{path.name} has no column for {target}: its columns are {', '.join(raw.columns)}. Name it {names}."
                )
        there = {target: at for target, at in places.items() if at >= 0}
        texts = ", ".join(
            f"case when is_blank(c{at}::varchar) then null else bare(c{at}::varchar) end" for at in there.values()
        )
        rows = db.rows(f"select {texts} from {raw.relation} order by row")
        return {target: [None if r[i] is None else str(r[i]) for r in rows] for i, target in enumerate(there)}
