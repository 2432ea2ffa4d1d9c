"""The [[funnel]]s of journeys.toml as funnels of the kernels."""

from __future__ import annotations

from paths.funnels.funnel import Funnel
from pipeline.config import Config
from pipeline.config import Funnel as SavedFunnel
from pipeline.project.funnel_words import Known, nothing_known, parse_exclusion, parse_steps


def plain_funnels(config: Config) -> list[SavedFunnel]:
    """The saved funnels that ask about the report's own customers: those with a segment or filter of their own do not."""
    return [f for f in config.funnels if not f.segment and not f.where]


def funnel_of(saved: SavedFunnel, known: Known = nothing_known) -> Funnel:
    """A saved funnel as a question, without its breakdown; `known` as in funnel_words."""
    steps = parse_steps(saved.steps, saved.step_window, known)
    return Funnel(
        steps=steps,
        window=saved.window,
        count=saved.count,
        order=saved.order,
        ties=saved.ties,
        exclusions=tuple(parse_exclusion(x, steps, saved.steps, known) for x in saved.exclude),
        exclusion=saved.exclusion,
        ignored=frozenset(saved.ignore),
    )
