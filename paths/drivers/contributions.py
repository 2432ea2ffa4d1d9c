"""A rate moved: what each part of the units, and each step, contributes. Fractions, so that they add up to the move exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import NamedTuple, TypeVar

K = TypeVar("K")


class Part(NamedTuple):
    """Units and hits of a part of the units, on both sides."""

    n: int
    hits: int
    n_before: int
    hits_before: int

    def less(self, other: Part) -> Part:
        """What is left without another part."""
        return Part(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def rates(self) -> tuple[Fraction, Fraction]:
        """(the rate, that of the other side); of a side without units that of the other; 0 where both have none."""
        sides = ((self.hits, self.n), (self.hits_before, self.n_before))
        rates = [Fraction(hits, n) for hits, n in sides if n] or [Fraction(0)]
        return rates[0], rates[-1]


class Contribution(NamedTuple):
    """What a part adds to the move: because it is a larger or smaller share of the units, and because its own rate moved."""

    mix: Fraction
    rate: Fraction

    @property
    def total(self) -> Fraction:
        """Both."""
        return self.mix + self.rate


def of_parts(parts: Mapping[K, Part], whole: Part) -> dict[K, Contribution]:
    """The contribution of each of the parts, which share out the units of `whole`; both sides have units.

    mix: the change of the part's share times the distance of its rate from that of all; rate: the change of its rate times its
    share; each at the middle of both sides (Kitagawa 1955). A part that one side lacks has only a mix.
    """
    base = sum(whole.rates, Fraction(0)) / 2
    contributions = {}
    for key, part in parts.items():
        share, share_before = Fraction(part.n, whole.n), Fraction(part.n_before, whole.n_before)
        now, before = part.rates
        contributions[key] = Contribution(
            (share - share_before) * ((now + before) / 2 - base), (now - before) * (share + share_before) / 2
        )
    return contributions


def of_presence(met: Part, whole: Part) -> tuple[Contribution, Contribution]:
    """(of the units that met something which one side alone has, of all others).

    The first is their share times the distance of their rate from that of the others on the same side, for the side that has it
    may be better or worse for other reasons: what the others' rate moved is theirs. Where everybody met it, the move is its own.
    """
    rest = whole.less(met)
    now, before = whole.rates
    if met.n:
        others = Fraction(rest.hits, rest.n) if rest.n else before
        own = Fraction(met.n, whole.n) * (met.rates[0] - others)
    else:
        others = Fraction(rest.hits_before, rest.n_before) if rest.n_before else now
        own = Fraction(met.n_before, whole.n_before) * (others - met.rates[1])
    return Contribution(own, Fraction(0)), Contribution(Fraction(0), now - before - own)


def of_steps(steps: Sequence[Part]) -> list[Fraction]:
    """The contribution of each step to the move of the product of their rates.

    One step after the other takes its new rate, once from the first to the last and once from the last to the first; a step's
    contribution is the mean of what it changes in both.
    """
    rates = [part.rates for part in steps]
    contributions = []
    for i, (now, before) in enumerate(rates):
        forwards = product(r for r, _ in rates[:i]) * product(b for _, b in rates[i + 1 :])
        backwards = product(b for _, b in rates[:i]) * product(r for r, _ in rates[i + 1 :])
        contributions.append((now - before) * (forwards + backwards) / 2)
    return contributions


def product(factors: Iterable[Fraction]) -> Fraction:
    """Of all; 1 of none."""
    return prod(factors, start=Fraction(1))
