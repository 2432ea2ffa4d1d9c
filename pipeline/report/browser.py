"""A page as PDF or PNG, through a chromium that is there already; nothing is fetched, nothing is left behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from ingest.errors import InputError, MissingInput

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
QUIET = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--run-all-compositor-stages-before-draw",
    "--virtual-time-budget=4000",
)
SECONDS = 120
WIDTH, HEIGHT = 1200, 1000


def browser() -> str:
    """The path of a chromium; raises MissingInput where there is none."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    raise MissingInput(f"PDF and PNG are made by chromium, and there is none on the PATH ({', '.join(NAMES)}).")


def printed(page: bytes) -> bytes:
    """The page on A4, as PDF."""
    return shot(page, "page.pdf", "--print-to-pdf", "--no-pdf-header-footer")


def pictured(page: bytes) -> bytes:
    """The top of the page, WIDTH x HEIGHT at two pixels each, as PNG: header, findings and main numbers."""
    return shot(page, "page.png", "--screenshot", f"--window-size={WIDTH},{HEIGHT}", "--force-device-scale-factor=2")


def shot(page: bytes, name: str, what: str, *options: str) -> bytes:
    """What chromium writes of the page; raises InputError where it does not."""
    program = browser()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source, target = Path(folder) / "page.html", Path(folder) / name
        source.write_bytes(page)
        words = [
            program,
            *QUIET,
            f"--user-data-dir={folder}/profile",
            *rootless(),
            *options,
            f"{what}={target}",
            source.as_uri(),
        ]
        try:
            done = subprocess.run(words, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise InputError(f"{program} did not answer within {SECONDS} seconds.") from error
        if not target.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InputError(
                f"{program} wrote no {target.suffix[1:].upper()}: {said[-1] if said else f'exit code {done.returncode}'}"
            )
        return target.read_bytes()


def rootless() -> tuple[str, ...]:
    """Chromium refuses its sandbox to root, as in a container; our page holds no foreign code."""
    import os

    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
