"""What a program calls. The command (aigc/_cli/batch.py) uses the same parts, with a terminal around them."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, nullcontext
from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Union

from .. import journal as journals
from .._cli.again import resolving, secret_keys, words_of
from ..client import Client
from ..enums import Status
from ..errors import AigcError, InvalidArgumentError
from . import _plan
from ._decide import Is
from ._folder import METADATA, REPORT, Folder
from ._keys import key_text
from ._options import DEFAULT_TEMPLATE, Options, check_kinds
from ._plan import Plan
from ._report import report_parts
from ._results import RowResult, metadata_lines, result_of
from ._rows import FileSource, ListSource, Source
from ._runner import Runner
from ._settings import PathLike, Settings
from ._shared import Shared
from ._shared_runner import SharedRunner

Rows = Union[PathLike, Iterable[Any]]


class PlanError(InvalidArgumentError):
    """The rows cannot be run as they are. Nothing was sent. The message lists the first problems."""


class FailuresError(AigcError):
    """Rows have failed or are in doubt. Raised by Summary.raise_for_failures() only."""


class Summary(NamedTuple):
    """How a run ended."""

    rows: int
    counts: Dict[str, int]
    """Rows by state (see RowResult.state); they add up to the rows."""
    exit_code: int
    """That of the command: 0, 6 if anything is in doubt, otherwise that of the first failure."""
    stops: List[str]
    """Why not everything was sent; empty if it was."""
    report: Optional[str]
    """The path of report.html."""

    def raise_for_failures(self) -> None:
        """Raises FailuresError unless every row is done."""
        bad = {state: number for state, number in self.counts.items() if state != Is.DONE.value and number}
        if bad:
            parts = ", ".join(f"{number} {state}" for state, number in bad.items())
            doubt = Is.DOUBT.value in bad
            raise FailuresError(
                f"of {self.rows} rows {self.counts.get(Is.DONE.value, 0)} are done, {parts}{': ' if self.stops else ''}"
                f"{'; '.join(self.stops)}",
                status=Status.OUTCOME_UNKNOWN if doubt else Status.JOB_FAILED,
            )


def options_of(values: Mapping[str, Any]) -> Options:
    """Options from the keyword arguments of a program."""
    given = dict(values)
    check_kinds(given)
    for name in ("retry", "again", "drop"):
        if name in given:
            given[name] = _names(given[name])
    if "again" in given:
        given["again"] = frozenset(map(key_text, given["again"]))
    if "keep" in given:
        given["keep"] = tuple([given["keep"]] if isinstance(given["keep"], str) else given["keep"])
    try:
        return Options(**given)
    except TypeError as error:
        raise TypeError(f"aigc.batch: {error}") from None


def _names(value: Union[str, Iterable[str]]) -> FrozenSet[str]:
    return frozenset([value] if isinstance(value, str) else value)


def source_of(rows: Rows, format: Optional[str] = None, encoding: Optional[str] = None) -> Source:
    """A path is a file; anything else is rows."""
    for name, value in (("format", format), ("encoding", encoding)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} is {value!r}: it is the name of one")
    if isinstance(rows, (str, os.PathLike)):
        return FileSource(os.fsdecode(rows), format, encoding)
    return ListSource(rows)


def plan(
    rows: Rows,
    *,
    out: PathLike,
    journal: Optional[PathLike] = None,
    config: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
    encoding: Optional[str] = None,
    **options: Any,
) -> Plan:
    """Reads and checks every row, and says what run() would do. Sends nothing and writes nothing.

    rows:    the path of a file (csv, tsv, jsonl, txt, parquet, also .gz), or mappings, texts or Requests.
    out:     the folder of the pictures; run() makes it.
    journal: a folder; or postgresql://… for one that machines share. By default the journal of every client, which is
             journal.path in `config`, AIGC_JOURNAL or journal.path in a profile; and where nobody names one, .aigc in `out`.
    config:  configuration keys of the client, as for aigc.Client.
    options: provider, operation, fields (what a row does not say itself), prompt (a template that columns fill in), keep, map,
             drop, repeat, name_template, retry ("refused", "failed", "expired"), again (keys), limit, prompts (False keeps
             prompts out of the results). What retry and again name is paid once more a single time: the same call again
             does what is left, and begins the next repetition only after a call that has left nothing.
    """
    return Batch(source_of(rows, format, encoding), out, options_of(options), journal, config).dry()


class Batch:
    """One run, from the plan to the report: a with statement."""

    def __init__(
        self,
        source: Source,
        out: PathLike,
        options: Options,
        journal: Optional[PathLike] = None,
        config: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self._source = source
        self._options = options
        if not isinstance(out, (str, os.PathLike)):
            raise TypeError(f"out is {out!r}: it is the path of a folder")
        self._settings = Settings(config, journal)
        self.folder = Folder(os.fsdecode(out))
        self._journal = self._settings.journal or self.folder.ours
        self._shared: Optional[Shared] = None
        self.plan: Plan
        self.runner: Runner
        self._client: Optional[Client] = None
        self.note: Optional[Callable[[int], None]] = None
        """Is told the number of rows that are read, now and then."""
        self.command: Optional[str] = None
        """The command line of this run, for the report."""
        self.plain_command: Optional[str] = None
        """The same without what is paid once more on purpose."""
        self.words: List[str] = []
        """The words of that command line; empty where a program runs this."""

    def __enter__(self) -> "Batch":
        self.folder.prepare()
        try:
            self._shared = self._session()
            self.plan = self._build(self._shared)
        except BaseException:
            self._end_session()
            self.folder.close()
            raise
        return self

    def _build(self, shared: Optional[Shared]) -> Plan:
        known = _plan.library(self._settings.found.profile)
        return _plan.build(self._source, self._options, self.folder, self._journal, known, note=self.note, shared=shared)

    def _session(self) -> Optional[Shared]:
        place = f"{socket.gethostname()}:{os.path.abspath(self.folder.path)}"
        if self._settings.url is None:
            return None
        shared = Shared(self._settings.url, place, self._settings.answer)
        shared.words = self._line()
        return shared

    def _line(self) -> List[str]:
        """The command line of this run; where a program runs it, the line that would do the same."""
        if self.words:
            return self.words
        config = dict(self._settings.config)
        named = self._settings.url or self._settings.journal
        config["journal.path"] = named and (named if self._settings.url else os.path.abspath(named))
        return words_of(os.path.abspath(self.folder.path), config)

    @property
    def resolve_command(self) -> str:
        """The command line that settles rows in doubt."""
        return resolving(self._line(), secret_keys())

    def pays_again(self) -> bool:
        """Whether the same line would pay for what is paid: neither the ledger nor the journal of this run is in its place."""
        if self._shared is not None or not self.folder.is_gone():
            return False
        is_inside = os.path.realpath(self._journal) == os.path.realpath(self.folder.ours)
        return is_inside or not journals.is_made(self._journal)

    def _end_session(self) -> None:
        if self._shared is not None:
            self._shared.close()

    def dry(self) -> Plan:
        """The plan alone: nothing is written, and nobody is kept out."""
        shared = self._session()
        try:
            return self._build(shared)
        finally:
            if shared is not None:
                shared.close()

    def __exit__(self, *_: object) -> None:
        try:
            self.close(0)
        finally:
            self._end_session()
            self.plan.close()

    def start(self) -> Runner:
        """Opens the client, and begins."""
        self._client = Client({**self._settings.config, "journal.path": self._journal, "job.follow": True})
        self._client._tells_logs = False
        if self._shared is None:
            self.runner = Runner(self.plan, self._client)
        else:
            rates = self._settings.rates(self.plan.providers())
            self.runner = SharedRunner(self.plan, self._client, self._shared, rates)
        self.runner.tell_known()
        return self.runner

    @property
    def grace(self) -> float:
        """Seconds that an answer on its way gets when the run is interrupted."""
        return 0.0 if self._client is None else self._client.close_grace

    def close(self, grace: Optional[float] = None) -> None:
        """Ends the client. Can be called twice."""
        if self._client is not None:
            client, self._client = self._client, None
            with self.runner.listening() if hasattr(self, "runner") else nullcontext():
                client.close(grace)

    @property
    def client(self) -> Optional[Client]:
        """The client, while it is open."""
        return self._client

    def leave(self, grace: float, tell: Optional[Callable[[], object]] = None) -> None:
        """Interrupted: what was not sent is not sent, and what is on the wire gets a moment. tell: see Runner.settle()."""
        try:
            self.runner.settle(grace, tell)
        finally:
            self.close(0)
            self.runner.abandon()

    def finish(self) -> Summary:
        """Writes what stands beside the pictures, and sums up."""
        runner, index = self.runner, self.plan._index
        report: Optional[str] = None
        try:
            runner.look_again()
            self.folder.replace(METADATA, metadata_lines(index.all("stands = 'done'"), self._options.prompts))
            parts = report_parts(
                index, runner.counts(), runner.stops, self._options.prompts, self.folder.path, self.command, self.plain_command,
                self.resolve_command,
            )
            report = self.folder.replace(REPORT, parts)
            runner.finish()
        except AigcError as error:
            runner.stops.append(error.message)
            runner.stop(code=8)
        return self.summary(report)

    def summary(self, report: Optional[str] = None) -> Summary:
        """Where the rows stand."""
        return Summary(self.plan._index.rows, self.runner.counts(), self.runner.exit_code(), self.runner.stops, report)


@contextmanager
def _begun(
    rows: Rows,
    out: PathLike,
    max_jobs: Optional[int],
    journal: Optional[PathLike],
    config: Optional[Mapping[str, Any]],
    format: Optional[str],
    encoding: Optional[str],
    options: Mapping[str, Any],
) -> Iterator[Batch]:
    if max_jobs is not None and (isinstance(max_jobs, bool) or not isinstance(max_jobs, int)):
        raise TypeError(f"max_jobs is {max_jobs!r}: it is a number, such as 100, or None")
    with Batch(source_of(rows, format, encoding), out, options_of(options), journal, config) as batch:
        if not batch.plan.ok:
            raise PlanError("\n".join(batch.plan.problems.lines()), status=Status.INVALID_ARGUMENT)
        answer, why = _plan.consent(batch.plan.numbers.send, False, max_jobs is None, max_jobs)
        if answer == "refuse":
            raise PlanError(why, status=Status.INVALID_ARGUMENT, field="max_jobs")
        runner = batch.start()
        try:
            yield batch
        finally:
            if not runner.is_over:  # An error, Ctrl-C, or a loop that was left.
                batch.leave(batch.grace)


def run(
    rows: Rows,
    *,
    out: PathLike,
    max_jobs: Optional[int] = None,
    journal: Optional[PathLike] = None,
    config: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
    encoding: Optional[str] = None,
    progress: str = "auto",
    **options: Any,
) -> Summary:
    """Brings every row to its pictures in `out`, and returns how that ended. Called again, it does what is left.

    Raises PlanError before anything is sent if the rows are wrong, or if more than max_jobs are new; WrongStateError if
    another run has the folder. Rows themselves never raise: see Summary.raise_for_failures() and results.jsonl.

    config:   configuration keys of the client, as for aigc.Client.
    progress: "auto", "tty", "plain" or "quiet". The others: see plan().
    """
    from ._show import Show

    show = Show(progress)
    with _begun(rows, out, max_jobs, journal, config, format, encoding, options) as batch:
        runner = batch.runner
        while not runner.is_over:
            runner.turn()
            show.update(runner.tally(), runner.pace)
        show.end()
        return batch.finish()


def as_completed(
    rows: Rows,
    *,
    out: PathLike,
    max_jobs: Optional[int] = None,
    journal: Optional[PathLike] = None,
    config: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
    encoding: Optional[str] = None,
    **options: Any,
) -> Iterator[RowResult]:
    """Each row once, as it ends: those that earlier runs have ended first, those that are not sent last. A bounded number is
    under way at a time. Leaving the loop stops the sending; what is accepted is fetched by the next run. See run()."""
    with _begun(rows, out, max_jobs, journal, config, format, encoding, options) as batch:
        yield from _known(batch)
        while not batch.runner.is_over:
            yield from batch.runner.turn()
        yield from _unsent(batch)
        batch.finish()


def _known(batch: Batch) -> Iterator[RowResult]:
    return (result_of(row, batch.folder.path, False) for row in batch.plan._index.all("do = 'nothing'"))


def _unsent(batch: Batch) -> Iterator[RowResult]:
    where = "stands = 'not sent' AND is_told = 0 AND do != 'nothing'"
    return (result_of(row, batch.folder.path, False) for row in batch.plan._index.all(where))
