"""Types of arrays, and the unit of time in them, that every room uses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
"""Positions, counts, instants (microseconds UTC), minor units of money."""
AnyInts = npt.NDArray[np.signedinteger[Any]]
"""Integers of any width, as loops take them."""
Codes32 = npt.NDArray[np.int32]
"""Codes of names or units; -1 = missing."""
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]
"""0 or 1, or eight flags as bits."""
Hashes = npt.NDArray[np.uint64]
Words = npt.NDArray[np.uint64]
"""64 flags as bits."""

MICROSECOND = timedelta(microseconds=1)
"""`duration // MICROSECOND` is a duration as the kernels count it."""
