"""Attribution of paths that were counted elsewhere: no events, no times, no period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from ingest.errors import ConfigError
from paths.attribution.attribution import values
from paths.attribution.credits import MILLION, rounded_to
from paths.attribution.models import Shares
from paths.attribution.paths import added, counted, from_lists, merged
from paths.attribution.rules import MODELS, AttributionRules, models_of
from paths.attribution.table import ASKED, CREDITS, TOUCHED, AttributionAnswer, answer_of


def attribution_of_paths(
    lists: pa.Array,
    conversions: Ints,
    value: Ints | None,
    nulls: Ints,
    *,
    rules: AttributionRules,
    models: Sequence[str] = (),
    minor_units: int,
) -> AttributionAnswer:
    """The answer for paths (lists of values, none empty where something was touched) and how often each ended which way.

    `value` in minor units over all conversions of a path, None: not known. Columns are rounded at once, not path by path: thousands of
    thirds would add up to a lean towards early names.
    Raises ConfigError for decay, which needs times.
    """
    if "decay" in models:
        raise ConfigError("the model decay needs the times of touches, and a file of paths has none.")
    paths, names = from_lists(pa.chunked_array([lists]))
    direct = np.array([n in rules.direct for n in names], dtype=bool)
    paths = paths.trimmed(
        direct, drop_direct=rules.drop_direct, collapse_repeats=rules.collapse_repeats, first=rules.first_touches
    )
    money = np.zeros(len(paths), dtype=np.int64) if value is None else value
    valued = np.zeros_like(conversions) if value is None else conversions
    asked = tuple(m for m in models_of(models or ("all",), rules) if m != "decay")
    counts = [conversions, money, valued, nulls, np.zeros_like(nulls)]
    parts = [counted(paths, names, counts, ASKED)]
    some = np.flatnonzero((paths.size > 0) & (conversions > 0))
    shares = Shares(paths.pick(some), direct, rules)
    for model in asked:
        if model != "markov":
            credit, worth = (at_once(shares, model, total[some]) for total in (conversions * MILLION, money))
            parts.append(values(names, credit, CREDITS, MODELS.index(model), worth))
    touched = added((conversions + nulls)[paths.path], paths.code, len(names))
    parts.append(values(names, touched, TOUCHED, 0))
    return answer_of(merged(parts), rules, asked, lookbacks=(rules.lookback,), minor_units=minor_units)


def at_once(shares: Shares, model: str, total: Ints) -> Ints:
    """Of a total per path: int64 per value, which add up to the sum of totals exactly (but those of participation, which need not)."""
    credits = shares.estimates(model, total)
    return np.rint(credits).astype(np.int64) if model == "participation" else rounded_to(int(total.sum()), credits)
