"""Pictures for the rows of a Ray Data dataset: many machines, one journal, and no row is paid twice.

    import aigc, ray

    rows = ray.data.read_parquet("cats.parquet")                       # columns id and prompt
    rows = aigc.ray.generate(rows, key="id", journal="postgresql://db/aigc", out="/shared/pictures",
                             provider="tencent", concurrency=4)
    rows.write_parquet("done")

Ray repeats the work of a machine that dies. The journal in PostgreSQL tells the repetition what was sent, so the repetition
pays nothing again. Needs Ray and psycopg: pip install "libaigc[ray]".
"""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
import uuid
from dataclasses import replace
from importlib import import_module
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple, TypeVar, Union

from ._naming import EXTENSIONS
from .batch import _options, _plan
from .batch._api import PlanError, options_of
from .batch._columns import _names_in
from .batch._folder import NO_FILE, OURS, Folder
from .batch._frames import readable
from .batch._keys import key_text
from .batch._names import columns_of, wrong_template
from .batch._numbers import Shape, narrowed, shape_of
from .batch._options import Options
from .batch._problems import Problem, Problems
from .batch._results import RowResult, result_of
from .batch._rows import ListSource
from .batch._settings import Settings
from .batch._shared import Lost, Shared, is_shared
from .batch._shared_runner import SharedRunner
from .client import Client
from .enums import Status
from .errors import AigcError, InvalidArgumentError, JournalError, WrongStateError

DatasetT = TypeVar("DatasetT")
PathLike = Union[str, "os.PathLike[str]"]

COLUMNS = ("state", "outcome", "remote_id", "token", "path", "error")
_OUTCOMES = {
    "done": "accepted", "failed": "accepted", "expired": "accepted", "to fetch": "accepted", "in doubt": "unknown",
    "left": "unknown",
}
_PATIENCE = 120.0  # Seconds that a batch of rows waits for a server that is away.
_FIRST_PATIENCE = 10.0  # The same for a worker that begins: the address may be wrong.
_WORKERS = 10_000


def generate(
    ds: DatasetT,
    *,
    key: str,
    journal: str,
    out: PathLike,
    concurrency: Union[int, Tuple[int, int]] = 2,
    batch_size: int = 64,
    config: Optional[Mapping[str, Any]] = None,
    prefix: str = "",
    all_paths: bool = False,
    ray_options: Optional[Mapping[str, Any]] = None,
    **options: Any,
) -> DatasetT:
    """The dataset with a picture for each row, and with six new columns of text:

    state      "done", "failed" (after acceptance), "refused" (nothing ran), "expired", "in doubt", "left", "to fetch"
               (accepted; the next call fetches the picture for free), "not sent" or "conflict" (the key was sent with other
               fields before).
    outcome    what provably happened: "accepted", "not_sent" or "unknown".
    remote_id  the provider's id of the job.
    token      text that attaches the job on any machine: client.attach(token).
    path       the file of the first image, on the machine that fetched the image.
    error      why the row is not done.

    The call is lazy, as everything in Ray Data: the work begins when the dataset is consumed, and happens again when the
    dataset is consumed again. That costs nothing: the journal knows the rows. Rows never raise. A journal that cannot be
    reached sends nothing: its rows are "not sent", and the same call again sends them.

    key:         the column with the key of a row: a text or a whole number that stays.
    journal:     postgresql://…, which every machine reaches. The journal decides what is sent.
    out:         the folder of the pictures on each machine; on a disk that all machines share if they are to read the paths.
    concurrency: the number of workers over all machines, or (fewest, most). Each worker has one client.
    batch_size:  rows that a worker takes at a time, from 1. A worker takes the next batch when the last row has ended.
    config:      configuration keys of the client, as for aigc.Client. Ray stores them: leave secrets to the environment or to
                 a profile of the machines. journal.path is a folder on each machine's own disk, where a worker keeps ids while
                 the server is away; by default .aigc in `out`, which is no good where `out` is on a network file system.
    prefix:      goes before the names of the new columns.
    all_paths:   True adds the column paths, with the files of all images of a row.
    ray_options: for Dataset.map_batches, such as {"num_cpus": 0.5}. A worker waits most of the time.
    options:     provider, operation, fields (what a row does not say itself), prompt (a template that columns fill in), map,
                 drop, name_template, prompts, retry and again, as for aigc.batch.run(). What retry and again name is paid once
                 more by this call, however often its dataset is consumed or Ray repeats a part.

    Raises InvalidArgumentError for an option that is wrong, and ImportError where Ray is missing.
    """
    data = _ray_data()
    for name in _INSTEAD:
        if name in options:
            raise InvalidArgumentError(f"aigc.ray.generate() has no option {name}: {_INSTEAD[name]}",
                                       status=Status.INVALID_ARGUMENT, field=name)
    folder, settings, run = os.path.abspath(os.fsdecode(out)), dict(config or {}), uuid.uuid4().hex
    job = _Job(key, journal, folder, settings, options_of(options), prefix, all_paths, run)
    _check(job, concurrency, batch_size)
    named: Any = ds
    columns = named.columns(fetch_if_missing=False) if hasattr(named, "columns") else None
    if columns:
        _columns_to_read(columns, job)
    fewest, most = concurrency if isinstance(concurrency, tuple) else (concurrency, concurrency)
    compute = data.ActorPoolStrategy(min_size=fewest, max_size=most)
    mapped: DatasetT = named.map_batches(
        _Worker, fn_constructor_args=(job,), batch_format="pyarrow", batch_size=batch_size, compute=compute,
        **dict(ray_options or {}),
    )
    return mapped


_INSTEAD = {
    "keep": "every column stays",
    "repeat": "repeat the rows, each with a key of its own",
    "limit": "use Dataset.limit()",
}


class _Job(NamedTuple):
    """What every worker is told."""

    key: str
    journal: str
    out: str
    config: Dict[str, Any]
    options: Options
    prefix: str
    all_paths: bool
    run: str
    """This call of generate(): what it pays once more on purpose is paid by no repetition of Ray."""

    def columns(self) -> List[str]:
        """The names of the new columns."""
        return [self.prefix + name for name in (*COLUMNS, *(("paths",) if self.all_paths else ()))]


def _ray_data() -> Any:
    try:
        return import_module("ray.data")
    except ImportError as error:
        raise ImportError(f'aigc.ray needs Ray Data: pip install "libaigc[ray]" ({error})', name="ray") from None


def _check(job: _Job, concurrency: object, batch_size: object) -> None:
    """Raises InvalidArgumentError."""

    def refuse(text: str, field: str) -> None:
        raise InvalidArgumentError(text, status=Status.INVALID_ARGUMENT, field=field)

    if not isinstance(job.key, str) or not job.key:
        refuse("key is the name of a column", "key")
    if not is_shared(job.journal):
        refuse("journal is the address of a PostgreSQL server, such as postgresql://host/name: many machines need one that they "
               "share", "journal")
    bounds = concurrency if isinstance(concurrency, tuple) else (concurrency, concurrency)
    if len(bounds) != 2 or not all(type(one) is int and one >= 1 for one in bounds) or bounds[0] > bounds[1]:
        refuse(f"concurrency is {concurrency!r}: it is a number from 1, or the fewest and the most workers", "concurrency")
    if type(batch_size) is not int or batch_size < 1:
        refuse(f"batch_size is {batch_size!r}: it is a number from 1", "batch_size")
    template = wrong_template(job.options.name_template)
    for text in [*_options.wrong(job.options), *([template] if template else [])]:
        refuse(text, "")


def _columns_to_read(names: Iterable[str], job: _Job) -> List[str]:
    """Those that say what a row draws. Raises PlanError."""
    present = [str(name) for name in names]
    if job.key not in present:
        raise PlanError(f"there is no column {job.key}, which key names: the columns are {', '.join(present)}",
                        status=Status.INVALID_ARGUMENT, field="key")
    for name in job.columns():
        if name in present:
            raise PlanError(f"there is a column {name} already: name a prefix for the new columns",
                            status=Status.INVALID_ARGUMENT, field="prefix")
    named = columns_of(job.options.name_template) | _names_in(job.options.prompt or "")
    others = [name for name in present if name not in (job.key, "key", "custom_id") or name in named]
    given: Dict[str, Any] = {
        "map": job.options.map, "drop": job.options.drop, "name_template": job.options.name_template,
        "prompt": job.options.prompt,
    }
    return readable(others, given)


class _Worker:
    """An actor of Ray Data: takes tables, and returns them with the new columns. Lives until the dataset is consumed, or until
    its machine dies."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._lock = threading.Lock()
        self._folder = _WorkerFolder.take(job.out, job.config.get("journal.path"))
        self._settings = Settings(job.config, "")
        self._known = _plan.library(self._settings.found.profile)
        self._client: Optional[Client] = self._opened()
        self._shared: Optional[Shared] = None
        self._is_behind = True
        """Whether the journal of this machine may hold ids that the server has not been told."""
        self._refused: Dict[str, str] = {}
        """Why the account of a provider is refused: nothing more is sent to it."""
        self._connect(_FIRST_PATIENCE)

    def __call__(self, table: Any) -> Any:
        with self._lock:
            names = _columns_to_read(table.column_names, self._job)
            shapes = {name: shape_of(table.schema.field(name).type) for name in (*names, self._job.key)}
            rows = [_cells(row, shapes) for row in table.select(names).to_pylist()]
            keys = [narrowed(key, shapes[self._job.key]) for key in table.column(self._job.key).to_pylist()]
            try:
                ended = self._work(keys, rows)
            except BaseException:
                self._end()
                raise
        return _with_columns(table, ended, self._job)

    # The server.

    def _connect(self, patience: float) -> Shared:
        """A session that lives. Raises JournalError when the server stays away."""
        end = time.monotonic() + patience
        while True:
            try:
                shared = self._session()
                if self._is_behind:
                    shared.catch_up(_plan.journal_rows(self._folder.ours), {})
                    self._is_behind = False
                return shared
            except (Lost, JournalError) as error:
                if time.monotonic() >= end:
                    if isinstance(error, JournalError):
                        raise
                    message = f"the journal cannot be reached, and nothing was sent: {error}"
                    raise JournalError(message, status=Status.JOURNAL) from error
                time.sleep(0.5)

    def _session(self) -> Shared:
        """The one that lives, or a new one. Raises Lost or JournalError."""
        if self._shared is None:
            self._shared = Shared(self._job.journal, f"{socket.gethostname()}:{self._job.out}", self._settings.answer)
            self._shared.run = self._job.run
            return self._shared
        try:
            self._shared.check()
        except Lost:
            self._is_behind = True
            self._shared.connect()
        return self._shared

    def _end(self) -> None:
        """After an error: what was on the wire is in the journal; the next batch begins anew."""
        if self._client is not None:
            self._client.close(0)
        self._client = None
        if self._shared is not None:
            self._shared.close()

    # The work.

    def _work(self, keys: List[Any], rows: List[Dict[str, Any]]) -> List["_Ended"]:
        """How each row ended, in order."""
        found: List[Optional[_Ended]] = [None] * len(rows)
        numbers: List[int] = []
        """Of the rows that are worked on, their places in the table."""
        same: Dict[int, int] = {}
        """Rows that are another row once more, by their places."""
        first: Dict[str, int] = {}
        for number, (key, row) in enumerate(zip(keys, rows)):
            is_whole = isinstance(key, (str, int)) or isinstance(key, float) and key.is_integer()
            try:
                if isinstance(key, bool) or not is_whole:
                    raise ValueError(f"the key is {key!r}: it is a text or a whole number")
                row["key"] = key_text(key)
            except ValueError as error:
                found[number] = _Ended.refused(str(error))
                continue
            other = first.setdefault(row["key"], number)
            if other == number:
                numbers.append(number)
            elif rows[other] == row:
                same[number] = other
            else:
                found[number] = _Ended("conflict", error=f"the key {row['key']} is there twice, with other fields")
        while numbers:
            problems = _ByRow()
            try:
                ended = self._run([rows[number] for number in numbers], problems)
            except JournalError as error:
                ended = {n: _Ended("not sent", error=error.message) for n in range(1, len(numbers) + 1)}
            for n, end in ended.items():
                found[numbers[n - 1]] = end
            numbers = [number for number in numbers if found[number] is None]
        for number, other in same.items():
            found[number] = found[other]
        return [_Ended("not sent") if end is None else end for end in found]

    def _run(self, rows: List[Dict[str, Any]], problems: "_ByRow") -> Dict[int, "_Ended"]:
        """How the rows ended, by their numbers from 1. If a row is wrong: only how the wrong ones ended. Each call ends at
        least one row."""
        shared, plan = self._planned(rows, problems)
        with plan:
            if not plan.ok:
                return _wrong(plan, problems, len(rows))
            if self._client is None:
                self._client = self._opened()
            runner = SharedRunner(plan, self._client, shared, self._settings.rates(plan.providers()))
            for provider in plan.providers() & set(self._refused):
                runner.stop(self._refused[provider], provider=provider)
            try:
                while not runner.is_over:
                    runner.turn()
                runner.look_again()
            except BaseException as error:
                runner.settle(self._client.close_grace)
                self._end()
                runner.abandon()
                if not isinstance(error, JournalError):
                    raise
                # Some of them were sent before the journal failed: each is told as it stands.
                return {row.row: _Ended.of(result_of(row, self._job.out, True), error.message) for row in plan._index.all()}
            self._is_behind = self._is_behind or runner.is_away
            why = "; ".join(runner.stops)
            for provider in runner.refused:
                self._refused.setdefault(provider, why)
            return {row.row: _Ended.of(result_of(row, self._job.out, True), why) for row in plan._index.all()}

    def _planned(self, rows: List[Dict[str, Any]], problems: "_ByRow") -> Tuple[Shared, _plan.Plan]:
        """Raises JournalError when the server stays away."""
        end = time.monotonic() + _PATIENCE
        while True:
            shared = self._connect(end - time.monotonic())
            try:
                again = self._job.options.again & {str(row["key"]) for row in rows}  # The others are in other tables.
                options, source = replace(self._job.options, again=again), ListSource(rows)
                return shared, _plan.build(source, options, self._folder, "", self._known, shared=shared, problems=problems)
            except JournalError:
                if time.monotonic() >= end:
                    raise

    def _opened(self) -> Client:
        client = Client({**self._job.config, "journal.path": self._folder.ours, "job.follow": True})
        client._tells_logs = False
        return client


def _cells(row: Mapping[str, Any], shapes: Mapping[str, Shape]) -> Dict[str, Any]:
    """Without gaps: a number that is not there is NaN where pandas made the column."""
    return {name: narrowed(value, shapes[name]) for name, value in row.items() if value is not None and value == value}


class _Ended(NamedTuple):
    """The new columns of a row."""

    state: str
    remote_id: Optional[str] = None
    token: Optional[str] = None
    paths: List[str] = []
    error: Optional[str] = None

    @staticmethod
    def of(row: RowResult, why: str) -> "_Ended":
        """why: what stopped the sending."""
        error = None if row.ok else row.error or (why if row.state == "not sent" else None) or row.status
        return _Ended(row.state, row.remote_id, row.token, row.files, error)

    @staticmethod
    def refused(error: str) -> "_Ended":
        """A row that cannot be sent as it is."""
        return _Ended("refused", error=error)

    def column(self, name: str) -> Any:
        """The value of a column."""
        if name == "outcome":
            return _OUTCOMES.get(self.state, "not_sent")
        if name == "path":
            return self.paths[0] if self.paths else None
        return getattr(self, name)


class _ByRow(Problems):
    """What is wrong with each row."""

    def __init__(self) -> None:
        super().__init__("rows")
        self.of_row: Dict[int, List[str]] = {}
        self.whole: List[str] = []

    def add(self, problem: Problem) -> str:
        text = f"column {problem.column}: {problem.text}" if problem.column else problem.text
        if problem.row:
            self.of_row.setdefault(problem.row, []).append(text)
        else:
            self.whole.append(text)
        return super().add(problem)


def _wrong(plan: _plan.Plan, problems: _ByRow, count: int) -> Dict[int, _Ended]:
    """The rows that are wrong; all of them where something is wrong with no row."""
    if not problems.of_row:
        return {n: _Ended("not sent", error="; ".join(problems.whole)) for n in range(1, count + 1)}
    stands = {row.row: row.stands for row in plan._index.all()}
    return {n: _Ended(stands.get(n) or "refused", error="; ".join(texts)) for n, texts in problems.of_row.items()}


def _with_columns(table: Any, ended: List[_Ended], job: _Job) -> Any:
    arrow: Any = import_module("pyarrow")
    for name in job.columns():
        kind = arrow.list_(arrow.string()) if name == f"{job.prefix}paths" else arrow.string()
        values = [end.column(name[len(job.prefix) :]) for end in ended]
        table = table.append_column(name, arrow.array(values, kind))
    return table


class _WorkerFolder(Folder):
    """The pictures of all workers of a machine, and what one of them needs beside the pictures. A worker that begins takes the
    place of one that died, with the ids that the server was not told."""

    def __init__(self, path: str, ours: str) -> None:
        super().__init__(path)
        self.ours = ours

    @staticmethod
    def take(path: str, local: Optional[PathLike] = None) -> "_WorkerFolder":
        """The first that no other worker of this machine has."""
        all_ours = os.path.join(path, OURS, "ray") if local is None else os.fsdecode(local)
        for number in range(_WORKERS):
            folder = _WorkerFolder(path, os.path.join(all_ours, f"{socket.gethostname()}-{number}"))
            try:
                folder.prepare()
                return folder
            except WrongStateError:
                folder.release()
        raise AigcError(f"there are {_WORKERS} workers in {path}", status=Status.WRONG_STATE)

    def release(self) -> None:
        """Gives the lock back."""
        super().close()

    def close(self) -> None:
        """A plan ends; the worker lives."""

    def open(self) -> None:
        """The journal in PostgreSQL says what was sent."""

    def files(self, stems: Iterable[str] = (), rooms: Iterable[str] = ()) -> Iterator[Tuple[str, int]]:
        """Only what the rows need: the folder holds the pictures of all batches."""
        for stem in stems:
            for extension in (*EXTENSIONS, "jpeg"):
                path = f"{stem}.{extension}"
                try:
                    whole = os.path.join(self.path, path)
                    found = os.stat(whole) if os.path.exists(whole) else os.lstat(whole)
                except (OSError, ValueError):
                    continue
                yield path, found.st_size if stat.S_ISREG(found.st_mode) else NO_FILE

    def ledger(self) -> Iterator[Dict[str, Any]]:
        return iter(())

    def results(self) -> Iterator[Dict[str, Any]]:
        return iter(())

    def note(self, *entries: Mapping[str, Any], durable: bool = False) -> None:
        """The journal in PostgreSQL says it."""

    def tell(self, entry: Mapping[str, Any]) -> None:
        """The rows of the dataset say it."""


__all__ = ["COLUMNS", "generate"]
