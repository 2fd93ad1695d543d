"""Does what a plan says: one client, one thread, a bounded number of rows at a time. Whatever it needs to know after a crash is
in the journal before it acts."""

from __future__ import annotations

import os
import threading
import time
import uuid
from contextlib import contextmanager
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Set, Tuple

from .._base import undecided
from .._cli import exits
from .._event import Event
from ..client import Client, Download, Job
from ..enums import EventType, Outcome, State, Status
from ..errors import AigcError, ExpiredError, FileTakenError, KeyConflictError, NoSpaceError, NotFoundError, WrongStateError
from ..request import Request
from ._columns import shortened
from ._decide import FINAL, Do, Is
from ._folder import file_error
from ._index import FOLDER, Index, Row, as_json
from ._names import apart, stem
from ._names import folder as folder_of
from ._plan import Plan
from ._progress import Pace, Tally, Throttle, exit_code, may_send, summary_counts
from ._results import RowResult, entry_of, result_of

AT_ONCE = 1500
"""Rows that are worked on at a time."""
FREE_AT_ONCE = 500
"""Of these at most so many that cost nothing, so that they do not keep others waiting for ever."""
ON_THE_WAY = 32
"""Submissions that have not been answered: after a refusal of the account at most so many more can leave."""
_SWEEP = 0.25
_DOUBTS = 8
"""So many submissions in doubt without one that is accepted, and nothing more is sent."""
_UNREACHED = 40
"""The same for submissions that did not get through."""
_GUESS = 256 * 1024
"""Bytes of a picture, before the first has come."""


_ANOTHER_ACCOUNT = (
    "the job was accepted, and stays so in the journal: run the line with the account, the region and the endpoint of the run "
    "that sent it (--profile, -c, the environment)"
)


class _Pending:
    """A row that is worked on."""

    __slots__ = ("row", "job", "is_sent", "is_compared", "accepted", "downloads", "paths", "begun_ms")

    def __init__(self, row: Row, job: Job, is_sent: bool) -> None:
        self.row = row
        self.job = job
        self.is_sent = is_sent
        """Whether this run may have submitted it."""
        self.is_compared = False
        """Whether the library has compared the row with what its key was paid for: the folder has not noted that."""
        self.accepted = not is_sent
        self.downloads: Optional[List[Download]] = None
        self.paths: List[Tuple[Optional[str], Optional[Download]]] = []
        """For each image the file that is here, and the download; both where a file has to be compared."""
        self.begun_ms = int(time.time() * 1000)


class _End(NamedTuple):
    stands: Is
    error: Optional[AigcError] = None


class Runner:
    """Work in turns: call turn() until it is over, then finish(). One thread."""

    _mark: Dict[str, Any] = {}
    """What each line of the ledger says beside the row."""

    _on_the_way = ON_THE_WAY

    _notes_leaving = True
    """Whether the ledger says of each row that it leaves, before it leaves."""

    def __init__(self, plan: Plan, client: Client) -> None:
        self._plan = plan
        self._index: Index = plan._index
        self._folder = plan._folder
        self._options = plan._options
        self._client = client
        self._run = uuid.uuid4().hex
        self._pending: Dict[int, _Pending] = {}
        self._by_task: Dict[int, _Pending] = {}
        self._counts: Dict[str, int] = dict(plan.numbers.stands)
        tasks = self._index.tasks()
        self._free_left = sum(tasks.get(do.value, 0) for do in (Do.FETCH, Do.SETTLE, Do.CHECK))
        self._send_left = plan.numbers.send
        self._free_rows: List[Row] = []
        self._paid_rows: List[Row] = []
        self._free_pending = 0
        self._backlog = 0
        self._unanswered: Set[int] = set()
        self._stopped: Set[str] = set()
        self._stop_code = 0
        self._is_stopped = False
        self._doubts = self._unreached = 0
        self._results: List[RowResult] = []
        self._swept = 0.0
        self._space = (0.0, -1)
        self._bytes = self._pictures = 0
        self._busy = 0.0
        self._looked = time.monotonic()
        self._downloading = 0
        self._made: Set[str] = set()
        self._has_owners = False
        self.pace = Pace(time.monotonic())
        self.stops: List[str] = []
        """Why nothing more is sent, for people."""
        self.warnings: List[str] = []
        """Warnings of the library that have come; whoever shows them empties the list."""
        self.on_warning: Callable[[str], object] = self.warnings.append
        """Takes each warning as it comes. While the client closes, on another thread."""
        self._kept_here: Set[int] = set()
        """Jobs whose ids the ledger has, and not yet the journal."""
        self.interrupted = False
        self._folder.open()
        if self._index.journals is not None:
            self._folder.note({"journal": self._index.journals.name}, durable=True)
        if self._options.is_repetition:
            asked = {"again": sorted(self._options.again), "retry": sorted(self._options.retry)}
            self._folder.note({"run": self._run, **asked, **self._mark}, durable=True)

    # Numbers.

    def tally(self) -> Tally:
        """How many rows stand where."""
        done, failed, doubt, _ = summary_counts(self._counts)
        waiting = self._free_left + len(self._free_rows)
        waiting += 0 if self._is_stopped else self._send_left + len(self._paid_rows)
        return Tally(self._index.rows, done, failed, doubt, len(self._pending), waiting)

    def counts(self) -> Dict[str, int]:
        """Rows by where they stand; they add up to the rows."""
        return {name: number for name, number in self._counts.items() if number}

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        if self._pending or self._free_left or self._free_rows:
            return False
        return self._is_stopped or not (self._send_left or self._paid_rows)

    def exit_code(self) -> int:
        """For the command."""
        return exit_code(self._index.first_code(), self._counts.get("in doubt", 0), self.interrupted, self._stop_code)

    @property
    def refused(self) -> FrozenSet[str]:
        """The providers that are sent nothing more."""
        return frozenset(self._stopped)

    # Work.

    def tell_known(self) -> None:
        """Writes the lines of results.jsonl that earlier runs owe, because they were killed."""
        for row in self._index.all("do = 'nothing' AND is_told = 0"):
            self._folder.tell(entry_of(row, self._options.prompts))
        self._note_codes()

    def turn(self, wait: float = 0.1) -> List[RowResult]:
        """One round: begins rows while there is room, waits so many seconds for something to happen, and returns the rows
        that have ended."""
        self._fill()
        touched = self._take_events(wait)
        now = time.monotonic()
        if self._downloading:
            self._busy += now - self._looked
        self._looked = now
        if now - self._swept >= _SWEEP:
            self._swept = now
            touched = list(self._pending.values())
        for pending in touched:
            if pending.job.id in self._pending:
                self._look(pending)
        results, self._results = self._results, []
        return results

    def stop(self, why: str = "", code: int = 0, provider: Optional[str] = None) -> None:
        """Sends nothing more (of one provider, or at all). What is accepted is still followed and fetched."""
        if provider is not None and provider in self._stopped or self._is_stopped:
            return
        if provider is not None:
            self._stopped.add(provider)
        if provider is None or self._stopped >= self._plan.providers():
            self._is_stopped = True
        self._stop_code = self._stop_code or code
        if why:
            self.stops.append(why)
        kept: List[Row] = []
        for row in self._paid_rows:
            if not self._is_stopped and row.provider != provider:
                kept.append(row)
        self._paid_rows = kept
        for pending in list(self._pending.values()):
            if self._is_unwanted(pending) and pending.job.state is State.QUEUED:
                pending.job.cancel()

    def _is_unwanted(self, pending: _Pending) -> bool:
        """Whether a row is not to be sent any more. What is on the wire is: its answer may be an id."""
        is_stopped = self._is_stopped or pending.row.provider in self._stopped
        return is_stopped and pending.is_sent and not pending.accepted

    def settle(self, grace: float, tell: Optional[Callable[[], object]] = None) -> None:
        """For a program that leaves: what has not been sent is not sent, and answers on their way get so many seconds. tell:
        is called once, if there is such an answer."""
        self.interrupted = True
        self.stop()
        self._free_rows, self._free_left = [], 0
        for pending in self._pending.values():
            if not pending.accepted and not pending.job.done:
                pending.job.cancel()
        end = time.monotonic() + grace
        self.take_warnings()
        while time.monotonic() < end and any(
            not pending.accepted and pending.job.remote_id is None and (not pending.job.done or undecided(pending.job))
            for pending in self._pending.values()
        ):
            if tell is not None and any(undecided(pending.job) for pending in self._pending.values()):
                tell()
                tell = None
            self.take_warnings()
            time.sleep(0.02)

    def abandon(self) -> None:
        """The client is closed: notes where the rows stand that have not ended."""
        self.take_warnings()
        for pending in list(self._pending.values()):
            job = pending.job
            if not pending.accepted and job.remote_id is not None:
                self._accept(pending)
            if pending.accepted or job.id in self._kept_here:
                self._end(pending, _End(Is.OPEN), [])
            elif undecided(job):
                self._end(pending, _End(Is.DOUBT, job.error), [])
            else:
                self._end(pending, _End(Is.NEW), [])

    @property
    def has_left(self) -> bool:
        """Whether the same line, once more, would do something: rows are not sent or not fetched."""
        return self.interrupted or bool(summary_counts(self._counts)[3])

    def look_again(self) -> None:
        """Before the report: what has become of rows in doubt meanwhile."""

    def finish(self) -> None:
        """The last word of a run that was not cut short. Repetitions on purpose end here, once all of their rows are decided:
        until then the same line takes their jobs, and pays none of them again."""
        runs = self._ended_runs()
        if runs:
            self._folder.note(*({"ended": run} for run in runs), durable=True)

    def _ended_runs(self) -> List[str]:
        if not self._options.is_repetition or self.has_left:
            return []
        runs = [*self._index.runs_within(self._options), self._run]
        return [] if self._index.is_undecided(runs) else runs

    # Begin.

    def _fill(self) -> None:
        while len(self._pending) < AT_ONCE and self._free_pending < FREE_AT_ONCE:
            row = self._next_free()
            if row is None:
                break
            self._attach(row)
        while not self._is_stopped and len(self._pending) < AT_ONCE and len(self._unanswered) < self._on_the_way:
            allowed, why = self._may_send()
            if not allowed:
                if not self._pending:  # Nothing that is under way can change that.
                    self.stop(f"nothing more is sent: {why}", exits.MACHINE)
                return
            row = self._next_paid()
            if row is None:
                return
            self._submit(row)

    def _next_free(self) -> Optional[Row]:
        if not self._free_rows and self._free_left:
            self._free_rows = self._index.free(100)
            self._free_left = self._free_left - len(self._free_rows) if self._free_rows else 0
        return self._free_rows.pop(0) if self._free_rows else None

    def _next_paid(self) -> Optional[Row]:
        if not self._paid_rows and self._send_left:
            self._paid_rows = self._index.paid(min(100, self._send_left), self._stopped)
            self._send_left = self._send_left - len(self._paid_rows) if self._paid_rows else 0
        return self._paid_rows.pop(0) if self._paid_rows else None

    def _may_send(self) -> Tuple[bool, str]:
        size = self._bytes // self._pictures if self._pictures else _GUESS
        bandwidth = self._bytes / self._busy if self._busy > 5 and self._pictures >= 20 else 0.0
        return may_send(Throttle(self._backlog, size, bandwidth, self._free_bytes()))

    def _free_bytes(self) -> int:
        now = time.monotonic()
        if now - self._space[0] > 2.0:
            self._space = (now, self._folder.free_bytes())
        return self._space[1]

    def _attach(self, row: Row) -> None:
        is_compared = False
        try:
            if row.state == FOLDER:
                job = self._attached_by_id(row)
            elif row.is_noted:
                job = self._client.attach_key(row.jkey)
            else:
                # A key that this folder has not noted may be another's: the library compares the requests. A key that has left
                # the journal since the plan would be free: the job is held, and never released.
                is_compared = True
                request = row.spec().request(row.jkey)
                request.hold = True
                job = self._client.submit(request)
        except WrongStateError:
            self._end_row(row, _End(Is.NEW), [])  # Never sent, after all: the next run sends it.
            return
        except KeyConflictError as error:
            self._end_row(row, _End(Is.CONFLICT, error), [])
            return
        except AigcError as error:
            is_here = row.do == Do.CHECK.value  # Then nothing is missing but the comparison.
            self._end_row(row, _End(Is.DONE) if is_here else _End(Is.OPEN, error), row.paths() if is_here else [])
            return
        if row.do == Do.CHECK.value and job.remote_id is not None:  # The same request: its pictures are here.
            self._note_row(row)
            self._end_row(row, _End(Is.DONE), row.paths())
            return
        pending = _Pending(row, job, is_sent=False)
        pending.is_compared = is_compared
        self._begin(pending)

    def _attached_by_id(self, row: Row) -> Job:
        if row.token:
            return self._client.attach(row.token)
        return self._client.attach_id(row.provider, row.operation, str(row.remote_id))

    def _submit(self, row: Row) -> None:
        try:
            entry = self._entry(row)
            if self._options.is_repetition:
                entry["run"] = self._run
                self._index.note_paid(row.key, self._run)
            if self._notes_leaving:
                entry["held"] = True
            self._folder.note(entry, durable=self._is_once_more(row))
            job = self._client.submit(self._request(row))
        except KeyConflictError as error:
            self._note_end(row, "conflict")
            self._end_row(row, _End(Is.CONFLICT, error), [])
        except AigcError as error:
            self._note_end(row, "free")
            self._end_row(row, _End(Is.NEW, error), [])
            self._refused(row, error)
        else:
            pending = _Pending(row, job, is_sent=True)
            self._unanswered.add(job.id)
            self._begin(pending)

    def _entry(self, row: Row) -> Dict[str, Any]:
        """A row as a line of the ledger."""
        prompt = shortened(row.prompt) if self._options.prompts else ""
        entry = {"key": row.key, "print": row.print, "prompt": prompt, **self._mark}
        return entry if row.jkey == row.key else {**entry, "journal_key": row.jkey}

    def _note_row(self, row: Row) -> None:
        """Notes what a row asked for whose job was there before: an edited row is a conflict from now on."""
        self._note(self._entry(row))

    def _note_end(self, row: Row, state: str, remote_id: Optional[str] = None) -> None:
        """Notes the result of a submission, for a run that has another journal, or this one no longer."""
        entry = {state: row.key, **({} if row.jkey == row.key else {"journal_key": row.jkey})}
        self._note(entry if remote_id is None else {**entry, "id": remote_id})

    def _note(self, entry: Dict[str, Any]) -> None:
        try:
            self._folder.note(entry)
        except AigcError as problem:  # The journal knows it.
            self.stop(f"nothing more is sent: {problem.message}", exits.of(problem))

    def _is_once_more(self, row: Row) -> bool:
        return row.jkey != row.key or row.key in self._options.again

    def _request(self, row: Row) -> Request:
        request = row.spec().request(row.jkey)
        request.hold = True
        return request

    def _heard(self, kind: EventType, pending: _Pending) -> None:
        """An event of a row that is under way."""
        if kind is not EventType.JOB_READY:
            return
        if pending.is_sent:
            self._release(pending)
        elif pending.is_compared:  # Its key was free, after all: the next run sends the row.
            pending.job.cancel()

    def _release(self, pending: _Pending) -> None:
        """Lets a submission leave. First its key is in the journal, and then the ledger says that it leaves: so a journal that
        has no such key is another one or an older copy, and a row that the ledger does not let leave was never sent."""
        row = pending.row
        if self._is_stopped or row.provider in self._stopped:
            pending.job.cancel()
            return
        leaves = {"leaves": row.key, "at_ms": int(time.time() * 1000)}
        try:
            self._client.attach_key(row.jkey, follow=False)  # Waits until the key is in the file.
            self._folder.note(
                leaves if row.jkey == row.key else {**leaves, "journal_key": row.jkey}, durable=self._is_once_more(row)
            )
        except (NotFoundError, WrongStateError):  # The job says why the journal has not taken the key.
            pending.job.cancel()
            return
        except AigcError as problem:
            pending.job.cancel()
            self.stop(f"nothing more is sent: {problem.message}", exits.of(problem))
            return
        try:
            pending.job.release()
        except AigcError:  # It has ended meanwhile; its end says how.
            pass

    def _begin(self, pending: _Pending) -> None:
        self._pending[pending.job.id] = pending
        self._by_task[pending.job.id] = pending
        self._free_pending += not pending.is_sent
        self._backlog += pending.row.wanted

    # Follow.

    def _take_events(self, wait: float) -> List[_Pending]:
        touched: Dict[int, _Pending] = {}
        taken = 0
        for event in self._client.events(timeout=wait if self._pending else 0):
            if event.type is EventType.WARNING:
                self._warned(event)
            pending = self._by_task.get(event.job_id or 0)
            if pending is not None:
                self._heard(event.type, pending)
            if pending is not None and event.type in (EventType.JOB_ACCEPTED, EventType.JOB_DONE):
                touched[pending.job.id] = pending
            taken += 1
            if taken >= 200 or touched and time.monotonic() - self._looked >= wait:
                break
        return list(touched.values())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes the warnings that come within, on a thread of its own: the client closes, which can take long."""
        if all(pending.accepted for pending in self._pending.values()):
            yield
            return
        is_over = threading.Event()

        def listen() -> None:
            while not is_over.wait(0.05):
                self.take_warnings()

        thread = threading.Thread(target=listen, name="aigc-batch-warnings", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def take_warnings(self) -> None:
        """Takes the warnings that have come, where nothing else counts any more: the program leaves."""
        for event in self._client.events(timeout=0):
            if event.type is EventType.WARNING:
                self._warned(event)

    def _warned(self, event: Event) -> None:
        """A warning of the library. The id of a paid job that the journal cannot keep is kept in the ledger."""
        message = event.message or ""
        remote_id, key = event.fields.get("remote_id"), event.fields.get("key")
        if remote_id and key:
            found = [pending for pending in self._pending.values() if pending.row.jkey == key and not pending.accepted]
            for pending in found if self._notes_leaving else ():
                self._note_end(pending.row, "accepted", remote_id)
                self._index.end(pending.row.n, remote_id=remote_id, sent_ms=pending.begun_ms)
                self._kept_here.add(pending.job.id)
            if not found:  # For a person.
                self._note({"warning": message})
        self.on_warning(message)

    def _look(self, pending: _Pending) -> None:
        job = pending.job
        if self._is_unwanted(pending) and job.state is State.QUEUED:  # Throttled, or not sent after all: the library repeats it.
            job.cancel()
        if not pending.accepted and job.remote_id is not None:
            self._accept(pending)
        if pending.downloads is not None:
            if all(download.done for download in pending.downloads):
                self._end_downloads(pending)
        elif job.done:
            error = job.error
            if error is None:
                self._start_downloads(pending)
            else:
                self._end(pending, _end_of(job, error, pending.accepted), [])
                if pending.is_sent and not pending.accepted:
                    self._refused(pending.row, error)

    def _accept(self, pending: _Pending) -> None:
        pending.accepted = True
        self._doubts = self._unreached = 0
        self._unanswered.discard(pending.job.id)
        self._note_end(pending.row, "accepted", pending.job.remote_id)
        self._index.end(
            pending.row.n, stands=Is.OPEN.value, sent_ms=pending.begun_ms, accepted_ms=int(time.time() * 1000),
            remote_id=pending.job.remote_id, token=pending.job.token,
        )
        self._recount(pending.row.n, pending.row.stands, Is.OPEN)

    def _refused(self, row: Row, error: AigcError) -> None:
        """A submission that did not become a job: is it worth sending the next?"""
        band = int(error.status) // 100
        if error.status is Status.CANCELLED:
            return
        if error.outcome is Outcome.UNKNOWN or band == 6:
            self._doubts += 1
            if self._doubts >= _DOUBTS:
                self.stop(f"{self._doubts} submissions in a row are in doubt: nothing more is sent", exits.OUTCOME_UNKNOWN)
        elif band == 4:
            self.stop(f"the account of {row.provider} is refused, and nothing more is sent: {error.message}",
                      exits.of(error), row.provider)
        elif band == 8:
            self.stop(f"nothing more is sent: {error.message}", exits.of(error))
        elif band == 3:
            self._unreached += 1
            if self._unreached >= _UNREACHED:
                self.stop(f"{self._unreached} submissions in a row did not get through, and nothing more is sent: "
                          f"{error.message}", exits.of(error))

    def _start_downloads(self, pending: _Pending) -> None:
        job, row = pending.job, pending.row
        assets = job.assets
        if not assets:
            if job.result_id is None:
                error = AigcError("the provider says that the job has succeeded, and gives no image", status=Status.JOB_FAILED)
                self._end(pending, _End(Is.FAILED, error), [])
            else:
                self._end(pending, _End(Is.DONE), [])
            return
        pending.downloads = []
        pending.paths = []
        try:
            for asset in assets:
                name = self._stem(row, asset.index)
                here = self._index.file_of(name)
                if here is not None and here in row.paths():
                    pending.paths.append((here, None))
                    continue
                room = self._room(row) if here is None else self._folder.aside
                download = job.download(asset.index, os.path.join(room, name + ".*"))
                pending.paths.append((here, download))
                pending.downloads.append(download)
                self._by_task[download.id] = pending
                self._downloading += 1
        except AigcError as error:
            self._drop_downloads(pending)
            self._end(pending, _End(Is.OPEN, error), [])

    def _stem(self, row: Row, index: int) -> str:
        if index == 0:
            return row.stem
        spec = row.spec()
        values = {"key": row.jkey, "provider": row.provider, "operation": row.operation, **spec.names}
        name = stem(self._options.name_template, values, index)
        if index < row.wanted or self._index.file_of(name) in row.paths() or self._index.is_free(name, row):
            return name
        return apart(name, row.jkey, index)  # The plan has not known of this image.

    def _room(self, row: Row) -> str:
        """The folder for a row, made if it is missing."""
        below = folder_of(row.n, self._index.rows)
        path = os.path.join(self._folder.path, below) if below else self._folder.path
        if path not in self._made:
            try:
                os.makedirs(path, exist_ok=True)
            except OSError as error:
                raise file_error(f"the folder {path} cannot be made", error) from error
            self._made.add(path)
        return path

    def _end_downloads(self, pending: _Pending) -> None:
        failed: Optional[AigcError] = None
        paths: List[str] = []
        for here, download in pending.paths:
            error = None if download is None else download.error
            if download is not None and error is None and download.path is not None:
                self._bytes += download.bytes.received
                self._pictures += 1
                if here is not None and not self._folder.is_same(here, download.path):
                    error = FileTakenError(
                        f"there is a file {here}, and it is not the picture of this row: move it away", status=Status.FILE_EXISTS
                    )
                elif here is None:
                    here = os.path.relpath(download.path, self._folder.path)
            elif here is not None and isinstance(error, ExpiredError) and self._is_nobodys(here, pending.row.key):
                error = None  # Nobody can tell any more whose the file is; it has the name.
            if error is None and here is not None:
                paths.append(here)
            else:
                failed = failed or error or AigcError("an image did not come")
        self._drop_downloads(pending)
        if failed is None:
            self._end(pending, _End(Is.DONE), paths)
            return
        if isinstance(failed, NoSpaceError):
            self.stop(f"the disk is full, and nothing more is sent: {failed.message}", exits.of(failed))
        self._end(pending, _End(Is.EXPIRED if isinstance(failed, ExpiredError) else Is.OPEN, failed), paths)

    def _is_nobodys(self, path: str, key: str) -> bool:
        """Whether no other row has a file."""
        if not self._has_owners:
            self._has_owners = True
            self._index.load_owners(self._folder.listed())
        return self._index.owner_of(path) in (None, key)

    def _drop_downloads(self, pending: _Pending) -> None:
        for download in pending.downloads or ():
            self._by_task.pop(download.id, None)
            self._downloading -= 1

    # End.

    def _end(self, pending: _Pending, end: _End, paths: List[str]) -> None:
        self._pending.pop(pending.job.id, None)
        self._by_task.pop(pending.job.id, None)
        self._unanswered.discard(pending.job.id)
        self._free_pending -= not pending.is_sent
        self._backlog -= pending.row.wanted
        seconds: Optional[float] = None
        row = self._index.get(pending.row.n)
        if end.stands is Is.DOUBT and pending.is_sent:
            self._index.end(row.n, sent_ms=pending.begun_ms)
        if not pending.is_sent and pending.job.token:
            self._index.end(row.n, token=pending.job.token)
        if pending.is_sent and end.stands in (Is.NEW, Is.REFUSED):
            self._note_end(row, "free")
        if pending.is_compared and end.stands is not Is.NEW:
            self._note_row(row)
        now = int(time.time() * 1000)
        if pending.accepted and pending.is_sent and row.accepted_ms and end.stands in (Is.DONE, Is.FAILED):
            seconds = (now - row.accepted_ms) / 1000
            self.pace.ended(time.monotonic(), seconds)
        elif end.stands is Is.DONE:
            self.pace.ended(time.monotonic(), None)
        self._end_row(row, end, paths, seconds, now, pending.job.remote_id)

    def _end_row(
        self,
        row: Row,
        end: _End,
        paths: List[str],
        seconds: Optional[float] = None,
        now: Optional[int] = None,
        remote_id: Optional[str] = None,
    ) -> None:
        error = end.error
        code = 0
        if end.stands is not Is.DONE and error is not None and error.status is not Status.CANCELLED:
            code = exits.of(error)
        self._index.end(
            row.n, stands=end.stands.value, code=code, files=as_json(paths), ended_ms=now,
            status=None if error is None else error.name, message=None if error is None else " ".join(error.message.split()),
            seconds=seconds if seconds is not None else row.seconds, remote_id=remote_id or row.remote_id,
        )
        self._recount(row.n, row.stands, end.stands)
        ended = self._index.get(row.n)
        if not (end.stands is Is.NEW and not code) and not (end.stands is Is.OPEN and self.interrupted):
            try:
                self._folder.tell(entry_of(ended, self._options.prompts))
                self._index.end(row.n, is_told=1)
            except AigcError as problem:  # The journal knows the row, and the next run writes its line.
                self.stop(f"nothing more is sent: {problem.message}", exits.of(problem))
            self._results.append(result_of(ended, self._folder.path, True))

    def _recount(self, n: int, before: Optional[str], after: Is) -> None:
        self._counts[before or Is.NEW.value] = self._counts.get(before or Is.NEW.value, 0) - 1
        self._counts[after.value] = self._counts.get(after.value, 0) + 1

    def _note_codes(self) -> None:
        """Rows that an earlier run left as failed count for the exit code too."""
        for row in self._index.all(f"do = 'nothing' AND stands IN ('{Is.REFUSED.value}', '{Is.FAILED.value}', "
                                   f"'{Is.EXPIRED.value}')"):
            self._index.end(row.n, code=exits.ASSET if row.stands == Is.EXPIRED.value else exits.JOB)


def _end_of(job: Job, error: AigcError, accepted: bool) -> _End:
    """Where a row stands whose job has ended without images."""
    if not accepted:
        if undecided(job) or error.outcome is Outcome.UNKNOWN or int(error.status) // 100 == 6:
            return _End(Is.DOUBT, error)
        return _End(Is.REFUSED if error.name in FINAL else Is.NEW, error)
    band = int(error.status) // 100
    if isinstance(error, ExpiredError):
        return _End(Is.EXPIRED, error)
    if band == 6:  # Attached by its key, and in doubt.
        return _End(Is.DOUBT, error)
    if error.outcome is Outcome.NOT_SENT:
        return _End(Is.NEW, error)
    if error.status in (Status.JOB_FAILED, Status.CONTENT_REFUSED):
        return _End(Is.FAILED, error)
    if error.status in (Status.NOT_FOUND, Status.REQUEST_REFUSED):
        # A question about the job was refused: that says nothing of the job, and the journal keeps it.
        error.message += f" - {_ANOTHER_ACCOUNT}"
    return _End(Is.OPEN, error)
