"""Whether a number is there twice, against a set of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.loading.gathering import any_twice

SCATTERED = st.integers(0, 2**64 - 1)
ALIKE_AT_THE_END = st.integers(0, 40).map(lambda n: n << 40)  # one place for all of them
FEW = st.integers(0, 9)


@pytest.mark.parametrize("numbers", [SCATTERED, ALIKE_AT_THE_END, FEW], ids=["scattered", "alike at the end", "few"])
def test_any_twice(numbers):
    @given(st.lists(numbers, max_size=12))
    def holds(keys):
        assert any_twice(np.array(keys, dtype=np.uint64)) == (len(set(keys)) < len(keys))

    holds()


def test_one_copy_among_many():
    keys = np.random.default_rng(1).integers(0, 2**63, 100_000).astype(np.uint64)
    assert not any_twice(keys)
    for place in (0, 17, 99_998):
        assert any_twice(np.append(keys, keys[place]))
