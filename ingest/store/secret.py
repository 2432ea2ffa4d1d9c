"""The secret of a store: with it, and only with it, an id can be told from its mask or its tombstone."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from ingest.errors import StoreError

MASK_KEY = "mask.key"
ERASED_KEY = "erased.key"
SECRET = 32


def store_secret(root: Path, name: str = MASK_KEY) -> bytes:
    """The secret in `<store>/<name>`, made on first use and readable by its owner alone.

    Raises OSError where it cannot be read, StoreError where it is damaged.
    """
    path = root / name
    if not path.exists():
        create(path)
    secret = path.read_bytes()
    if len(secret) < SECRET:
        raise StoreError(f"{path} is damaged: restore it, or delete it; then every id gets another mask.")
    return secret


def create(path: Path) -> None:
    """A new secret, there as a whole or not at all; who comes second keeps the secret of the first."""
    handle, beside = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        os.unlink(beside)
