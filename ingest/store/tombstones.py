"""Tombstones: who was erased, so that a file that is delivered again does not bring the customer back.

`<store>/erased.json` holds no id, only HMAC-SHA256 of ids under a secret of the store: that of the masks, or
`<store>/erased.key` where there is one (after the masks got another). DuckDB computes them of the ids of a load.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from ingest.errors import StoreError
from ingest.store.secret import ERASED_KEY, MASK_KEY, store_secret

NAME = "erased.json"
CHECK = "which secret"
BLOCK = 64
"""Bytes of a block of SHA-256, to which HMAC pads its key."""

Kind = Literal["customer", "anonymous", "device"]


class Mark(NamedTuple):
    """One erased id. A customer's and an anonymous id's rows stay out for good; of a device that only an erased customer used,
    those with the anonymous id alone up to `until` (microseconds UTC)."""

    kind: Kind
    mac: str
    until: int | None = None


@dataclass(frozen=True)
class Tombstones:
    """The marks of a store, and the secret under which they were made."""

    secret: bytes
    marks: frozenset[Mark] = field(default_factory=frozenset)

    @classmethod
    def of(cls, root: Path) -> Tombstones | None:
        """Those of a store; None where nobody was erased. Raises StoreError where they or their secret cannot be read."""
        path = root / NAME
        if not path.exists():
            return None
        secret = secret_of(root)
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            marks = frozenset(Mark(kind, mac, until) for kind, mac, until in told["marks"])
            check = told["check"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}): restore it, or erased customers may come back."
            ) from error
        if check != mac_of(secret, CHECK):
            raise StoreError(
                f"{path} was made with another secret than {root / MASK_KEY}: put that one back as {root / ERASED_KEY}, "
                "or erased customers may come back."
            )
        return cls(secret, marks)

    @classmethod
    def begun(cls, root: Path) -> Tombstones:
        """Those of a store, which may be none yet."""
        return cls.of(root) or cls(secret_of(root))

    def mac(self, text: str) -> str:
        """The tombstone of a text."""
        return mac_of(self.secret, text)

    def has_customer(self, customer_id: str) -> bool:
        """Was this customer erased?"""
        return Mark("customer", self.mac(customer_text(customer_id))) in self.marks

    def has_anonymous(self, anonymous_id: str) -> bool:
        """Was this anonymous id erased?"""
        return Mark("anonymous", self.mac(device_text(anonymous_id))) in self.marks

    def with_marks(self, root: Path, marks: Iterable[Mark]) -> Tombstones:
        """The same with further marks, on disk for good."""
        all_marks = self.marks | frozenset(marks)
        if all_marks != self.marks:
            said = {
                "check": mac_of(self.secret, CHECK),
                "marks": sorted(all_marks, key=lambda m: (m.kind, m.mac, m.until or 0)),
            }
            write_private(root / NAME, json.dumps(said, indent=0))
        return Tombstones(self.secret, all_marks)

    @property
    def pads(self) -> tuple[bytes, bytes]:
        """The inner and the outer padded key of HMAC, for whoever hashes elsewhere."""
        key = self.secret if len(self.secret) <= BLOCK else hmac.new(self.secret, digestmod="sha256").digest()
        key = key.ljust(BLOCK, b"\0")
        return bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)

    def living(self, aliases: dict[str, str]) -> dict[str, str]:
        """The aliases of customers that were not erased."""
        return {a: c for a, c in aliases.items() if not (self.has_customer(a) or self.has_customer(c))}


def customer_text(customer_id: str) -> str:
    """What of a known customer is hashed."""
    return f"erased customer {customer_id}"


def device_text(anonymous_id: str, space: str | None = None) -> str:
    """What of an anonymous id is hashed: in every space, or in one."""
    return f"erased device {'' if space is None else f'{len(space)}:{space}'}:{anonymous_id}"


def secret_of(root: Path) -> bytes:
    """The secret of the tombstones. Raises StoreError."""
    name = ERASED_KEY if (root / ERASED_KEY).exists() else MASK_KEY
    try:
        return store_secret(root, name)
    except OSError as error:
        raise StoreError(f"{root / name}: {error.strerror}; without it nobody knows who was erased.") from error


def mac_of(secret: bytes, text: str) -> str:
    """HMAC-SHA256, hexadecimal."""
    return hmac.digest(secret, text.encode(), "sha256").hex()


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all, on disk for good."""
    beside = path.with_name(f".{path.name}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def marks_of(tombstones: Tombstones, customers: Collection[str], anonymous: Collection[str]) -> list[Mark]:
    """The marks of known customers and of anonymous ids that go for good."""
    return [
        *(Mark("customer", tombstones.mac(customer_text(i))) for i in sorted(customers)),
        *(Mark("anonymous", tombstones.mac(device_text(i))) for i in sorted(anonymous)),
    ]
