"""What every test may rely on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from ingest.compiled import Choice, usable
from tests.cases import load_profiles
from tests.cpu_seconds import Meter

load_profiles()


def pytest_configure(config: pytest.Config) -> None:
    """The closing lines say what each room of the tests costs."""
    config.pluginmanager.register(Meter(), "cpu-seconds")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test needs Debian's chromium; without it the summary says why it was skipped."""
    if shutil.which("chromium") is None:
        absent = pytest.mark.skip(reason="no chromium on this machine: apt-get install chromium")
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(absent)


@pytest.fixture(scope="module", params=["numpy", "compiled"])
def tier(request: pytest.FixtureRequest) -> Iterator[str]:
    """For modules that ask a kernel twice: with NumPy alone, and with compiled loops."""
    if request.param == "compiled" and not usable():
        pytest.skip("numba is not usable")
    Choice.always = request.param == "compiled"
    yield request.param
    Choice.always = None
