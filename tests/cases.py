"""How many cases a property is tried on."""

from __future__ import annotations

from hypothesis import settings

FEW = 40
"""Cases of a property that says nothing else, in `make test`."""

PROVED = 10
"""So many times as many are drawn by `make proof`."""

PROOF = "proof"
"""The profile of `make proof`: `pytest --hypothesis-profile=proof`."""


def load_profiles() -> None:
    """No test asserts a time, so no example may fail for being slow."""
    settings.register_profile("journeys", deadline=None, print_blob=True, max_examples=FEW)
    settings.register_profile(PROOF, deadline=None, print_blob=True, max_examples=PROVED * FEW)
    settings.load_profile("journeys")


def cases(few: int) -> settings:
    """A property tried on so many cases in `make test`, and on PROVED times as many in `make proof`."""
    return settings(max_examples=few * (PROVED if settings.get_current_profile_name() == PROOF else 1))
