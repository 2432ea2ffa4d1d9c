"""A move taken apart by hand: parts by Kitagawa's formula written out, steps by turning the old rates into the new ones one by one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction

Counts = tuple[int, int, int, int]
"""units, hits, units before, hits before."""


def rate(hits: int, n: int, other: Fraction = Fraction(0)) -> Fraction:
    return Fraction(hits, n) if n else other


def both(part: Counts) -> tuple[Fraction, Fraction]:
    n, hits, n0, hits0 = part
    return rate(hits, n, rate(hits0, n0)), rate(hits0, n0, rate(hits, n))


def parts(values: Mapping[Hashable, Counts]) -> dict[Hashable, tuple[Fraction, Fraction]]:
    """(mix, rate) of each part."""
    n, hits, n0, hits0 = (sum(column) for column in zip(*values.values(), strict=True))
    middle = (Fraction(hits, n) + Fraction(hits0, n0)) / 2
    found = {}
    for key, part in values.items():
        now, before = both(part)
        share, share_before = Fraction(part[0], n), Fraction(part[2], n0)
        mix = share * now - share_before * before - (now - before) * (share + share_before) / 2
        found[key] = mix - middle * (share - share_before), (now - before) * (share + share_before) / 2
    return found


def steps(rates: Sequence[tuple[Fraction, Fraction]]) -> list[Fraction]:
    """What each step changes in the product, in the mean of the two orders."""
    total = [Fraction(0)] * len(rates)
    for order in (range(len(rates)), range(len(rates) - 1, -1, -1)):
        current = [before for _, before in rates]
        for i in order:
            was = whole(current)
            current[i] = rates[i][0]
            total[i] += (whole(current) - was) / 2
    return total


def whole(rates: Sequence[Fraction]) -> Fraction:
    product = Fraction(1)
    for r in rates:
        product *= r
    return product
