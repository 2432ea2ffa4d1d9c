"""One night of journeys as an Airflow DAG (Airflow 2.9 or newer). A run that is cleared does its night again: that is safe."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.decorators import dag
from airflow.operators.bash import BashOperator


@dag(
    schedule="30 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,  # nights of one project take turns
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
)
def journeys_night() -> None:
    """Load, check, publish; then what moved, for whoever reads the log."""
    night = BashOperator(
        task_id="run",
        bash_command="journeys -C /srv/shop run --as-of {{ data_interval_end | ds }} --wait 600 --log json",
        skip_on_exit_code=None,  # 3 and 4 are failures here: nothing was published
    )
    changes = BashOperator(task_id="changes", bash_command="journeys -C /srv/shop changes -f markdown")
    night >> changes


journeys_night()
