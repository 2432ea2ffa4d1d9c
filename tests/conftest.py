"""What every test may rely on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from ingest.compiled import Choice, usable
from tests.cases import load_profiles
from tests.cpu_seconds import Meter, room_of

load_profiles()


def pytest_configure(config: pytest.Config) -> None:
    """The closing lines say what each room of the tests costs."""
    config.pluginmanager.register(Meter(), "cpu-seconds")


COVERING = ("ingest", "sessionize", "paths", "property")
"""The folders whose tests count as coverage. What a whole night or a page happens to pass through is not tested by it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coverage is counted where a room is tested for itself; browser tests need Debian's chromium, else they say why not."""
    for item in items:
        if room_of(item.nodeid) not in COVERING:
            item.add_marker(pytest.mark.no_cover)
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
