"""A key of the JSON `properties` as a column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingest.json_path import bound_path, steps
from ingest.store.columns import PREFIX

EXTRACT = "select json_extract_string(properties, $path) as value from documents"


def property_values(documents: list[str], name: str) -> list[str | None]:
    """The text of one key in each JSON document (a path where none has that key); None where it is missing, null or empty."""
    from ingest.database import Database, load_sql  # most questions read no properties

    with Database(threads=1) as db:
        table = pa.table({"documents": pa.array(documents, pa.string())}).rename_columns(["properties"])
        whole = '$."' + name.replace('"', '\\"') + '"'
        values = db.query(EXTRACT, {"path": whole}, documents=table).column(0).to_pylist()
        if len(steps(name)) > 1 and not any(values):
            db.run(load_sql("ingest", "json_paths"))
            sql, params = bound_path("properties", name)
            values = db.query(f"select {sql} as value from documents", params, documents=table).column(0).to_pylist()
    return [v or None for v in values]


def coded_property(codes: np.ndarray, documents: tuple[str, ...], name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """(codes, names) of one key: read once per distinct document, not per row."""
    values = property_values(list(documents), name.removeprefix(PREFIX))
    names = sorted({v for v in values if v is not None})
    position = {v: i for i, v in enumerate(names)}
    table = np.array([*(-1 if v is None else position[v] for v in values), -1], dtype=np.int32)
    return table[codes], tuple(names)
