"""A whole night is killed, or its disk is full: a plain run again, and it is as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.nights import AFTER, BEFORE, Left, Victim, debris, first_night, left_by, second_night, victim

KILLS, FULL = 200, 40
IN_EVERY_BUILD = 10, 3


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("victim") / "log") as process:
        yield process


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, night: Victim) -> Path:
    """The shop after its first night, with the files of the second in its inbox."""
    folder = tmp_path_factory.mktemp("prepared") / "shop"
    first_night(folder)
    assert night.night(folder, BEFORE) == 0
    second_night(folder)
    return folder


@pytest.fixture(scope="module")
def before(prepared: Path) -> Left:
    return left_by(prepared)


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, night: Victim, tmp_path_factory: pytest.TempPathFactory) -> tuple[Left, float]:
    """What the second night leaves, and how long it takes."""
    folder = tmp_path_factory.mktemp("undisturbed") / "shop"
    shutil.copytree(prepared, folder)
    start = time.monotonic()
    assert night.night(folder, AFTER) == 0
    seconds = time.monotonic() - start
    left = left_by(folder)
    assert left.debris == []
    assert set(left.events["span"].to_pylist()) >= {"2025-12", "2026-01-03", "2026-01-07"}
    assert len(left.quarantine) == 2
    return left, seconds


def check_readers(folder: Path, before: Left, after: Left) -> None:
    """Whoever reads now sees the night before, or this one: of each table, and of the page."""
    now = left_by(folder)
    rows = now.events.num_rows
    assert rows in (before.events.num_rows, after.events.num_rows)
    whole = before if rows == before.events.num_rows else after
    order = [
        ("customer_key", "ascending"),
        ("event_at", "ascending"),
        ("recorded_input", "ascending"),
        ("recorded_row", "ascending"),
    ]
    assert now.events.drop_columns(["span"]).sort_by(order).equals(whole.events.drop_columns(["span"]).sort_by(order))
    assert now.sessions in (before.sessions, after.sessions)
    assert now.page in (before.page, after.page)


def check_again(folder: Path, night: Victim, after: Left) -> None:
    """A plain run again leaves what an undisturbed one leaves."""
    assert night.night(folder, AFTER) == 0
    assert left_by(folder) == after


def killed_nights(
    tmp_path: Path,
    prepared: Path,
    night: Victim,
    before: Left,
    undisturbed: tuple[Left, float],
    *,
    times: int,
    seed: int,
) -> int:
    """Kill so many nights, each at another moment; returns how many were killed before their end."""
    rng = random.Random(seed)
    after, seconds = undisturbed
    killed = 0
    for n in range(times):
        folder = tmp_path / f"{n}" / "shop"
        shutil.copytree(prepared, folder)
        moment = seconds * (n + rng.random()) / times  # one in each of `times` parts of a night
        killed += night.night(folder, AFTER, kill_after=moment) == -signal.SIGKILL
        check_readers(folder, before, after)
        check_again(folder, night, after)
        shutil.rmtree(folder)
    return killed


def test_a_night_that_was_killed_is_made_good_by_the_next_run(tmp_path, prepared, night, before, undisturbed):
    times = IN_EVERY_BUILD[0]
    assert killed_nights(tmp_path, prepared, night, before, undisturbed, times=times, seed=1) > times // 2


@pytest.mark.faults
def test_a_night_killed_at_two_hundred_moments_is_made_good_by_the_next_run(
    tmp_path, prepared, night, before, undisturbed
):
    assert killed_nights(tmp_path, prepared, night, before, undisturbed, times=KILLS, seed=2) > KILLS // 2


@pytest.mark.faults
def test_a_night_killed_again_and_again_ends_well(tmp_path, prepared, night, before, undisturbed):
    rng = random.Random(3)
    folder = tmp_path / "shop"
    shutil.copytree(prepared, folder)
    for _ in range(30):
        night.night(folder, AFTER, kill_after=rng.uniform(0, undisturbed[1]))
        check_readers(folder, before, undisturbed[0])
    check_again(folder, night, undisturbed[0])


def test_two_nights_at_once_are_one(prepared, night, undisturbed, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(prepared, folder)
    with victim(tmp_path / "log") as other, ThreadPoolExecutor(2) as pool:
        codes = [f.result() for f in [pool.submit(v.night, folder, AFTER) for v in (night, other)]]
    assert 0 in codes  # the one that came second was refused, or did what was left: nothing
    assert left_by(folder) == undisturbed[0]
    check_again(folder, night, undisturbed[0])


# --- A full disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a file system of a given size cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def resize(place: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)


def used(place: Path) -> int:
    usage = shutil.disk_usage(place)
    return usage.total - usage.free


def full_disks(disk: Path, prepared: Path, night: Victim, before: Left, after: Left, *, times: int, seed: int) -> int:
    """Let the disk be full at so many moments of a night; returns how often the night failed."""
    rng = random.Random(seed)
    folder = disk / "shop"
    shutil.copytree(prepared, folder)
    start = used(disk)
    assert night.night(folder, AFTER) == 0
    need = used(disk) - start + (1 << 18)  # more than what is left: some of it was deleted again
    shutil.rmtree(folder)
    failed = 0
    for n in range(times):
        shutil.copytree(prepared, folder)
        resize(disk, used(disk) + int(need * (n + rng.random()) / times))
        failed += night.night(folder, AFTER) == 1
        check_readers(folder, before, after)
        resize(disk, 64 << 20)
        check_again(folder, night, after)
        shutil.rmtree(folder)
    return failed


def test_a_full_disk_stops_a_night_and_loses_nothing(disk, prepared, night, before, undisturbed):
    assert full_disks(disk, prepared, night, before, undisturbed[0], times=IN_EVERY_BUILD[1], seed=4) > 0


@pytest.mark.faults
def test_a_disk_full_at_many_moments_stops_a_night_and_loses_nothing(disk, prepared, night, before, undisturbed):
    assert full_disks(disk, prepared, night, before, undisturbed[0], times=FULL, seed=5) > FULL // 8


@pytest.mark.parametrize("largest", [0, 3_000, 60_000])
def test_a_file_that_cannot_be_written_stops_a_night_and_loses_nothing(
    tmp_path, prepared, night, before, undisturbed, largest
):
    folder = tmp_path / "shop"
    shutil.copytree(prepared, folder)
    assert night.night(folder, AFTER, largest_file=largest) == 1
    check_readers(folder, before, undisturbed[0])
    check_again(folder, night, undisturbed[0])
    assert debris(folder) == []
