"""init, demo, doctor, config, kinds: the project itself, and what it knows of exports."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.answering import opened
from pipeline.cli.options import OutputOptions, ProjectOptions, output_options, project_options
from pipeline.cli.output import say, show

TEMPLATE = """\
# What a journey is, in this project. Every key is optional; `journeys config show --origin` lists them all.

[project]
timezone = "UTC"                 # days and midnights that people see
goal = ["purchase"]              # what journeys are for

# [[source]]                     # `journeys inspect FILE` writes this block for you
# name = "web"
# path = "inbox/web/*.csv.gz"
#
# [source.columns]
# customer_id = "user_id"
# event_at = "timestamp"
# event = "event"

[sessions]
idle_timeout = "30m"

# [[funnel]]
# name = "buy"
# steps = ["product_view", "add_to_cart", "purchase"]
# window = "7d"
"""


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=None, required=False)
@project_options
def init(directory: Path | None, project: ProjectOptions) -> None:
    """Start a project: a journeys.toml to fill in.

    \b
    Example:
      journeys init shop
    """
    from ingest.errors import ConfigError
    from pipeline.cli.output import write_atomic

    folder = directory or project.directory
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "journeys.toml"
    if target.exists():
        raise ConfigError(f"{target} is there already; nothing was changed.")
    write_atomic(target, lambda file: file.write(TEMPLATE.encode()))
    say(f"wrote {target}; next: journeys inspect FILE, then journeys ingest FILE")


@click.command()
@click.option("--omnichannel", is_flag=True, help="A synthetic shop with six channels, and its journey map.")
@project_options
def demo(omnichannel: bool, project: ProjectOptions) -> None:
    """Ingest the sample shop and show the summary, the funnel and the three worst leaks.

    \b
    Example:
      journeys demo
      journeys demo --omnichannel
    """
    from pipeline.cli.demo import run_demo, run_omnichannel

    if omnichannel:
        run_omnichannel(project.directory / "journeys-omnichannel")
    else:
        run_demo(project.directory / "journeys-demo")


@click.group()
def config() -> None:
    """Show the configuration and where each value comes from.

    \b
    Example:
      journeys config show --origin
    """


@config.command("show")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@project_options
@output_options
def config_show(origin: bool, project: ProjectOptions, output: OutputOptions) -> None:
    """Every value in force.

    \b
    Example:
      journeys config show --origin
    """
    table = opened(project).config_show()
    show(table if origin else table.drop_columns(["origin"]), output, title="configuration")


@click.command()
@project_options
@output_options
def doctor(project: ProjectOptions, output: OutputOptions) -> None:
    """Check the installation, the project and its store.

    \b
    Example:
      journeys doctor
    """
    from ingest.errors import StoreError

    table = opened(project).doctor()
    show(table, output, title="doctor")
    if "failed" in table["state"].to_pylist():
        raise StoreError("doctor found something that does not work; see the rows marked failed.")


@click.command()
@click.argument("name", required=False)
@click.option("--write", is_flag=True, help="Write it as exports/NAME.toml beside journeys.toml, to be changed there.")
@project_options
@output_options
def kinds(name: str | None, write: bool, project: ProjectOptions, output: OutputOptions) -> None:
    """Kinds of exports that `kind` of a [[source]] and `ingest --kind` may name; of one, its file.

    \b
    Example:
      journeys kinds
      journeys kinds ga4
    """
    result = opened(project).kinds(name, write=write)
    if write:
        say(f"wrote {result.meta['written']}; it comes before the kind of that name from now on")
    elif name is not None and output.format is None and output.output is None:
        click.echo(result.meta["toml"], nl=False)
    else:
        show(result.table, output, title="kinds" if name is None else f"kind {name}")
