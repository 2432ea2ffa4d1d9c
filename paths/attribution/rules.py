"""AttributionRules: what a touch is, how far back it counts, and which models share a conversion out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from math import lcm
from typing import Literal

from ingest.array_types import MICROSECOND
from ingest.errors import ConfigError, did_you_mean
from ingest.scan.batches import NONE
from paths.journeys.goals import GoalRules

Reach = Literal["since_goal", "all"]
"""Which earlier touches a conversion may have: those after the customer's previous goal, or all within the lookback."""

MODELS = (
    "first",
    "last",
    "last_non_direct",
    "linear",
    "position",
    "j",
    "inverse_j",
    "decay",
    "participation",
    "custom",
    "markov",
    "shapley",
)
"""In the order of answers; a model's number is its place here."""

Shape = tuple[int, int, int]
SHAPES: dict[str, Shape] = {"position": (40, 20, 40), "j": (20, 20, 60), "inverse_j": (60, 20, 20)}
"""Weights of the first touch, of all between together, and of the last."""

COMPUTED = ("touchpoint", "event", "stage")
"""What a touch can be called by that is no column."""


@dataclass(frozen=True, kw_only=True)
class AttributionRules:
    """Frozen, checked on creation (raises ConfigError).

    A touch is the first non-passive event of each session or, with `touches` (globs over events and touchpoints), every
    event so named, passive ones too; its value is that of `by` there. A conversion's touches are those at most `lookback`
    (closed) before it and, with `paths` "since_goal", after the customer's previous goal. Then, in this order: `drop_direct`
    leaves out the values of `direct` unless there is nothing else, `collapse_repeats` keeps the first of a run of one value,
    `first_touches` keeps so many from the beginning.
    """

    by: str = "channel"
    goals: GoalRules = field(default_factory=GoalRules)
    lookback: timedelta = timedelta(days=30)
    paths: Reach = "since_goal"
    touches: tuple[str, ...] = ()
    direct: frozenset[str] = frozenset({NONE, "direct", "(direct)"})
    half_life: timedelta = timedelta(days=7)
    weights: tuple[float, float, float] | None = None  # of the model `custom`: first, all between, last
    drop_direct: bool = False
    collapse_repeats: bool = False
    first_touches: int | None = None

    def __post_init__(self) -> None:
        if self.lookback < timedelta(0):
            raise ConfigError(f"[attribution] a lookback is at least 0, not {self.lookback}.")
        if self.half_life <= timedelta(0):
            raise ConfigError(f"[attribution] half_life must be longer than nothing, not {self.half_life}.")
        if self.weights is not None and not good_weights(self.weights):
            raise ConfigError(
                "[attribution] weights are three numbers of at least 0, of which one is more: of the first touch, of all "
                f"between together, of the last, such as [40, 20, 40]; not {list(self.weights)}."
            )
        if self.first_touches is not None and self.first_touches < 1:
            raise ConfigError(f"[attribution] first_touches is at least 1, not {self.first_touches}.")

    @property
    def shape(self) -> Shape:
        """`weights` as integers in the same proportions."""
        assert self.weights is not None
        parts = [Fraction(str(w)) for w in self.weights]
        whole = lcm(*(p.denominator for p in parts))
        first, between, last = (int(p * whole) for p in parts)
        return first, between, last

    @property
    def half(self) -> int:
        """half_life in microseconds."""
        return self.half_life // MICROSECOND


def good_weights(weights: Sequence[float]) -> bool:
    """Three finite numbers, none below 0, not all 0."""
    return len(weights) == 3 and all(0 <= w < float("inf") for w in weights) and any(weights)


def models_of(names: Sequence[str], rules: AttributionRules) -> tuple[str, ...]:
    """The models of these names, each once and in the order of MODELS; "all" are those that can be asked.

    Raises ConfigError for an unknown name, and for `custom` without weights.
    """
    for name in names:
        if name not in (*MODELS, "all"):
            known = ", ".join(MODELS)
            raise ConfigError(f'there is no model "{name}".{did_you_mean(name, MODELS)} Models: {known}, or all.')
    if "custom" in names and rules.weights is None:
        raise ConfigError(
            "the model custom needs [attribution] weights: those of the first touch, of all between together and of the "
            "last, such as weights = [40, 20, 40]."
        )
    wanted = set(MODELS) if "all" in names else set(names)
    return tuple(m for m in MODELS if m in wanted and (m != "custom" or rules.weights is not None))
