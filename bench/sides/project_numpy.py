"""This project without numba: what is asked of it where `journeys[fast]` is not installed."""

from __future__ import annotations

from ingest.compiled import Choice
from sides.project import dropoff, journey_map, transitions

__all__ = ["dropoff", "journey_map", "transitions"]

Choice.always = False
