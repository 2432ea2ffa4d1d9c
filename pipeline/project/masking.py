"""Customer ids are shown masked: a keyed hash that only this store can repeat."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ingest.errors import StoreError
from ingest.store.secret import MASK_KEY, store_secret

DIGITS = 12


@dataclass(frozen=True)
class Mask:
    """HMAC-SHA256 of an id under a secret of the store, its first 12 hex digits: one id has one mask in one store."""

    secret: bytes

    @classmethod
    def of(cls, root: Path) -> Mask:
        """The store's mask. Its secret, <store>/mask.key, is made on first use and readable by its owner alone.

        Whoever has it can find out which id a mask stands for; without it masks change. Raises StoreError.
        """
        try:
            secret = store_secret(root)
        except OSError as error:
            raise StoreError(
                f"{root / MASK_KEY}: {error.strerror}; without it customer ids cannot be masked (--unmask shows them)."
            ) from error
        return cls(secret)

    def text(self, customer: str | None) -> str | None:
        """One id's mask."""
        return None if customer is None else hmac.digest(self.secret, customer.encode(), "sha256").hex()[:DIGITS]

    def column(self, table: pa.Table, name: str) -> pa.Table:
        """The table with this column masked."""
        masked = {c: self.text(c) for c in table[name].unique().to_pylist()}
        values = pa.array([masked[c] for c in table[name].to_pylist()], pa.string())
        return table.set_column(table.column_names.index(name), name, values)
