"""Random numbers that hang on what they are for, not on how many were drawn before.

A draw is a hash of (seed, purpose, numbers such as journey and step), so a switched truth changes the journeys it
speaks of and no others. The mixing step is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from ingest.array_types import Floats, Hashes, Ints

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Draws:
    """The random numbers of one seed."""

    seed: int

    def bits(self, purpose: str, *numbers: Ints) -> Hashes:
        """64 random bits for every row of `numbers` (arrays that broadcast)."""
        start = np.array([self.seed & (2**64 - 1), crc32(purpose.encode())], dtype=np.uint64)
        bits = mixed(mixed(start[:1]) ^ start[1:])
        for number in numbers:
            bits = mixed(bits ^ (number.astype(np.uint64) * GOLDEN))
        return bits

    def uniform(self, purpose: str, *numbers: Ints) -> Floats:
        """Uniform in [0, 1)."""
        return (self.bits(purpose, *numbers) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, purpose: str, *numbers: Ints) -> Floats:
        """Standard normal."""
        values: Floats = ndtri(self.uniform(purpose, *numbers) + 2.0**-54)
        return values

    def choice(self, purpose: str, weights: npt.ArrayLike, *numbers: Ints) -> Ints:
        """A position in `weights`, each as likely as its weight."""
        return pick(weights, self.uniform(purpose, *numbers))


def mixed(values: Hashes) -> Hashes:
    """Every bit of the result hangs on every bit of the value."""
    values = values + GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def pick(weights: npt.ArrayLike, uniform: Floats) -> Ints:
    """The position in `weights` that a number in [0, 1) falls on."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], uniform, side="right").astype(np.int64)
