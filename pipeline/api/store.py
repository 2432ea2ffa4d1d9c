"""Files in, the store itself, its runs, and whether everything works: ingest, inspect, quarantine, sql, runs, doctor."""

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, Literal

import pyarrow as pa

from ingest.loading.loaded import Loaded
from pipeline.api.words import Duration, Instant, Names, names_of, question, text_of
from pipeline.config.durations import parse_duration
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result

Format = Literal["csv", "ndjson", "json", "parquet", "excel", "combined", "w3c", "alb"]


class StoreQuestions(ProjectFolder):
    """Files in, and what the store holds. Its listings are plain pyarrow Tables: there is no period to speak of."""

    @question
    def ingest(
        self,
        *files: str | PathLike[str],
        map: Mapping[str, str] | None = None,
        source: str | None = None,
        kind: str | None = None,
        format: Format | None = None,
        delimiter: str | None = None,
        records: str | None = None,
        timezone: str | None = None,
        time_formats: Names = (),
        deduplicate: Literal["content", "event_id", "off"] | None = None,
        as_of: Instant | None = None,
        as_name: str | None = None,
        bots: Literal["quarantine", "keep"] | None = None,
        static_files: Literal["exclude", "keep"] | None = None,
        again: bool = False,
    ) -> Loaded:
        """Read files into the store, exactly once; without any, those of every [[source]] of journeys.toml.

        Args:
            files: paths or globs; a file that was read before adds nothing.
            map: which column each target is read from: {"event_at": "timestamp"}; "a|b": the first that is not empty, "a+b":
                joined, "'text'": a constant.
            source: read the files as this [[source]].
            kind: the kind of export that they are, one of `kinds()`.
            format: how the files are written; guessed by default.
            delimiter: of CSV; guessed by default.
            records: of JSON: the path of the list that holds the records, such as "actionDetails".
            timezone: time zone of times without an offset; UTC by default.
            time_formats: how times are written ("%d.%m.%Y %H:%M", "epoch_ms", "excel"); the first that fits is taken; guessed by default.
            deduplicate: what makes two rows one event.
            as_of: the instant to take as now; rows more than a day after it are quarantined.
            as_name: the input name of standard input (the file "-").
            bots: what becomes of events of bots, known by their user agent; "quarantine" by default.
            static_files: what becomes of requests for pictures and scripts in a web log; "exclude" by default.
            again: read files anew that were read before, and replace what came of them in one commit.

        Returns:
            Loaded: `.accounting` has rows = accepted + duplicates + quarantined of each source, `.known` the files that were
            taken in before, `.aside` those that could not be, each with its error.

        Raises:
            ConfigError: for a mapping that makes no sense, or where there is nothing to read.
            InputError: for a file that cannot be read as what it claims to be, where there is no other file.
            Locked: while another writer is at work.

        Example:
            >>> shop.ingest().known  # all of it is in the store
            ('ecom.csv.gz',)
        """
        from pipeline.loading.intake import ingest
        from pipeline.loading.reading import Intake

        intake = Intake(
            files=[fspath(f) for f in files],
            maps=map or {},
            source=source,
            kind=kind,
            format=format,
            delimiter=delimiter,
            records=records,
            timezone=timezone,
            time_formats=names_of(time_formats),
            deduplicate=deduplicate,
            as_of=None if as_of is None else text_of(as_of),
            as_name=as_name,
            bots=bots,
            static_files=static_files,
            again=again,
        )
        loaded, _ = ingest(self, intake)
        return loaded

    @question
    def inspect(
        self,
        file: str | PathLike[str],
        *,
        map: Mapping[str, str] | None = None,
        source: str | None = None,
        kind: str | None = None,
        format: Format | None = None,
        delimiter: str | None = None,
        records: str | None = None,
        timezone: str | None = None,
        time_formats: Names = (),
        deduplicate: Literal["content", "event_id", "off"] | None = None,
        bots: Literal["quarantine", "keep"] | None = None,
        static_files: Literal["exclude", "keep"] | None = None,
    ) -> Result:
        """One row per column of a file: what it holds, and what it would be mapped to. Nothing is loaded.

        Args:
            file: a path, relative to the working folder.
            map: which column a target is read from, as of `ingest`; before the [[source]] that fits and before a guess.
            source: look at it as at a file of this [[source]].
            kind: look at it as at this kind of export, one of `kinds()`.
            format: how it is written; guessed by default.
            delimiter: of CSV; guessed by default.
            records: of JSON: the path of the list that holds the records, such as "actionDetails".
            timezone: time zone of times without an offset.
            time_formats: how times are written, as of `ingest`.
            deduplicate: what makes two rows one event: a key of the [[source]] to paste.
            bots: what would become of events of bots, known by their user agent.
            static_files: what would become of requests for pictures and scripts in a web log.

        Returns:
            column, mapped_to, type (text) · null_share (float) · distinct (int) · example (text). `.meta["toml"]`: a
            [[source]] to paste into journeys.toml; `.meta["problem"]`: why no mapping can be guessed.

        Raises:
            InputError: for a file that cannot be read as what it claims to be.

        Example:
            >>> look = shop.inspect("journeys-demo/ecom.csv.gz")
            >>> look.rows()[0]["column"], look.meta["rows"]
            ('user_id', 31106)
        """
        from pipeline.loading.inspection import inspected
        from pipeline.loading.reading import Intake

        intake = Intake(
            maps=map or {},
            source=source,
            kind=kind,
            format=format,
            delimiter=delimiter,
            records=records,
            timezone=timezone,
            time_formats=names_of(time_formats),
            deduplicate=deduplicate,
            bots=bots,
            static_files=static_files,
        )
        return inspected(self, fspath(file), intake)

    @question
    def kinds(self, name: str | None = None, *, write: bool = False) -> Result:
        """One row per kind of export that files may be; of one kind, one row per key that it gives a [[source]] and the project.

        Args:
            name: one of the kinds.
            write: write it as exports/NAME.toml beside journeys.toml, where it can be changed and then comes first.

        Returns:
            kind, title, documentation (text: the vendor's page) · own (bool: a file of the project). With `name`: key, value
            (text); `.meta["toml"]` has its file.

        Raises:
            ConfigError: for a kind that there is not, and where the file to write is there already.

        Example:
            >>> shop.kinds().rows()[0]["kind"] <= "ga4"
            True
        """
        from pipeline.loading.kinds import kinds

        return kinds(self, name, write=write)

    @question
    def quarantine(self, *, reason: str | None = None, counts: bool = False) -> pa.Table:
        """One row per row that was not accepted; with `counts`, one per reason and source.

        Args:
            reason: only rows with this reason.
            counts: count them by reason and source, with a sample of each.

        Returns:
            source, input (text) · record, line (int) · reason, detail, raw (text: the row as JSON) · run_id (text). With
            `counts`: reason, source, rows, and input, line, detail, raw of the first.

        Example:
            >>> shop.quarantine().num_rows
            0
        """
        from pipeline.loading.refused import quarantined

        return quarantined(self, reason=reason, counts=counts)

    @question
    def erase(self, id: str, *, anonymous: bool = False, dry_run: bool = False) -> Result:
        """Forget a customer with all aliases, or an anonymous id, and prove it: one row per kind of place that held the id.

        Args:
            id: as recorded.
            anonymous: it is an anonymous id: every row that carries it goes.
            dry_run: say what would go, and change nothing.

        Returns:
            place (text) · before, after (int: how often the id stood there; after is null of a dry run) · detail (text).
            `.meta["inputs"]` has the input files that still hold it; nothing holds the id itself, `.meta["id"]` is its mask.

        Raises:
            UnknownCustomer: where nothing holds the id.
            StoreError: where it is still found afterwards.
            Locked: while another writer is at work.

        Example:
            >>> shop.erase("user_0000", dry_run=True).rows()[0]["place"]
            'events'
        """
        from pipeline.loading.erase import erase
        from pipeline.nightly.report_index import write_index

        receipt = erase(self, id, anonymous=anonymous, dry_run=dry_run)
        reports = self.directory / self.config.project.reports
        gone = any(r["place"] == "published pages" and r["before"] for r in receipt.rows())
        if gone and not dry_run and reports.is_dir():
            with self.store.private():
                write_index(self)  # without links to pages that are gone
        return receipt

    @question
    def sql(
        self,
        statement: str,
        *,
        timeout: Duration | None = None,
        memory: str | None = None,
        disk: str | None = None,
    ) -> pa.Table:
        """The rows of one SELECT over the tables events and sessions; read-only.

        Args:
            statement: SQL in DuckDB's dialect.
            timeout: how long it may run ("30s"); that of [sql], 10 minutes.
            memory: what it and its answer may take ("4GB"); that of [sql], 2GB.
            disk: what it may spill into a private folder of the store, at most half of what is free; that of [sql], 10GB.

        Returns:
            The columns that the statement names.

        Raises:
            QueryError: for a statement that DuckDB refuses; it carries the SQL.
            LimitMet: where it meets a limit, which is named.

        Example:
            >>> shop.sql("select count(*) as n from events where event = 'purchase'").to_pylist()
            [{'n': 470}]
        """
        from pipeline.loading.store_sql import ask_sql

        return ask_sql(self, statement, None if timeout is None else parse_duration(timeout), memory, disk)

    @question
    def reconcile(self) -> pa.Table:
        """One row per law between the numbers, checked on this store.

        Returns:
            law (text) · holds (bool) · detail (text).

        Example:
            >>> all(shop.reconcile()["holds"].to_pylist())
            True
        """
        from pipeline.checks.reconcile import reconcile

        return reconcile(self)

    def doctor(self) -> pa.Table:
        """One row per check of the installation, the project and its store.

        Returns:
            check, state (ok, missing or failed), detail (text).

        Example:
            >>> shop.doctor()["check"].to_pylist()
            ['python', 'libraries', 'configuration', 'store', 'disk']
        """
        from pipeline.checks.doctor import checks

        return pa.Table.from_pylist(checks(self))

    def config_show(self) -> pa.Table:
        """One row per value of the configuration in force, and where it comes from.

        Returns:
            key, value, origin (text).

        Example:
            >>> values = dict(zip(*(shop.config_show()[c].to_pylist() for c in ("key", "value"))))
            >>> values["sessions.idle_timeout"]
            '30m'
        """
        keys, values, origins = zip(*self.config.origins(), strict=True)
        return pa.table({"key": keys, "value": values, "origin": origins})

    def runs(self) -> pa.Table:
        """One row per run of `journeys run` or `journeys ingest`, the newest first.

        Returns:
            run_id, as_of, state, started_at (text) · seconds (float) · inputs, rows, accepted, duplicates, quarantined,
            warnings (int).

        Example:
            >>> shop.runs().column_names[:3]
            ['run_id', 'as_of', 'state']
        """
        from pipeline.nightly.manifests import read_all, table_of

        return table_of(read_all(self.store.root / "runs"))

    @question
    def runs_show(self, run_id: str = "last") -> dict[str, Any]:
        """The manifest of one run.

        Args:
            run_id: its id, or "last".

        Returns:
            What <store>/runs/<run_id>.json holds.

        Raises:
            MissingInput: if there is no such run.
        """
        from pipeline.nightly.manifests import named

        return named(self.store.root / "runs", run_id)

    @question
    def runs_diff(self, first: str, second: str = "last") -> pa.Table:
        """One row per value that the manifests of two runs disagree on.

        Args:
            first: the id of a run, or "last".
            second: the id of another, or "last".

        Returns:
            key, first, second (text).

        Raises:
            MissingInput: if there is no such run.
        """
        from pipeline.nightly.manifests import difference, named

        folder = self.store.root / "runs"
        return difference(named(folder, first), named(folder, second))

    @question
    def explain(self, answer: Result) -> str:
        """Why a number is what it is: its definition in words, the parameters in force, what was read, who is behind it.

        Args:
            answer: what a question of this project gave.

        Returns:
            The text of --explain.

        Example:
            >>> print(shop.explain(shop.summary()))
            summary: Events and customers before as_of; ...
        """
        from pipeline.questions.explain import explanation

        return explanation(answer, str(self.directory))
