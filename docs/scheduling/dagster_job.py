"""One night of journeys as a Dagster job. Exit codes become what Dagster knows: retry, failure with a reason, success."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime

from dagster import Config, Definitions, Failure, OpExecutionContext, RetryRequested, ScheduleDefinition, job, op

SHOP = "/srv/shop"
BUSY, GATED, STALE, CONDITION = 75, 3, 4, 5


class Night(Config):
    """as_of: the day at whose beginning the report ends; empty is today (UTC)."""

    as_of: str = ""


@op
def run_night(context: OpExecutionContext, config: Night) -> None:
    """One night; its record becomes metadata."""
    day = config.as_of or datetime.now(UTC).date().isoformat()
    command = ["journeys", "-C", SHOP, "run", "--as-of", day, "--wait", "600", "--log", "json"]
    code = subprocess.run(command, check=False).returncode
    if code == BUSY:
        raise RetryRequested(max_retries=3, seconds_to_wait=300)
    shown = subprocess.run(["journeys", "-C", SHOP, "runs", "show", "last"], check=True, capture_output=True, text=True)
    record = json.loads(shown.stdout)
    context.add_output_metadata({"run_id": record["run_id"], "state": record["state"], "warnings": record["warnings"]})
    if code not in (0, CONDITION):
        raise Failure(
            description=record["message"], metadata={"exit_code": code}, allow_retries=code not in (GATED, STALE)
        )


@job
def journeys_night() -> None:
    """The whole of it."""
    run_night()


definitions = Definitions(
    jobs=[journeys_night], schedules=[ScheduleDefinition(job=journeys_night, cron_schedule="30 2 * * *")]
)
