"""A law between numbers: two ways to compute one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

LAWS = pa.schema([pa.field("law", pa.string()), pa.field("holds", pa.bool_()), pa.field("detail", pa.string())])
"""One row is one law on one subject; the detail has both sides of a broken one."""


@dataclass(frozen=True)
class Law:
    """One equation: both sides as computed."""

    name: str
    left: Any
    right: Any
    subject: str = ""

    def row(self) -> dict[str, Any]:
        """The LAWS row."""
        same = self.left == self.right
        number = f"{self.left:,}" if isinstance(self.left, int) else str(self.left)
        detail = number if same else f"{self.left} against {self.right}"
        return {"law": self.name, "holds": same, "detail": f"{self.subject}: {detail}" if self.subject else detail}
