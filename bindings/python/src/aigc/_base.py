"""What both clients share: making one, giving it work, and putting it away."""

from __future__ import annotations

import atexit
import json
import os
import time
import warnings
from ctypes import byref, c_size_t, string_at
from typing import Any, Callable, Dict, Generic, Iterable, List, Mapping, Optional, Tuple, Type, TypeVar, Union
from weakref import WeakSet, WeakValueDictionary

from . import _config, _native
from ._call import Handle, PathLike, call, decode, encode, file_name, limit, listed, milliseconds, optional, said
from ._event import Event
from ._jobs import BaseDownload, BaseJob, BaseTask, Notes
from ._library import lib
from .describe import _operations
from .enums import EventType, LogLevel, Outcome, State, Status
from .errors import AigcError, ClosedError, ForkedError, InvalidArgumentError
from .request import JSONText, Request
from .typed import AlibabaOperations, TencentOperations

JobT = TypeVar("JobT", bound=BaseJob)
DownloadT = TypeVar("DownloadT", bound=BaseDownload)
TaskT = TypeVar("TaskT", bound=BaseTask)

spans: Any = None
"""What makes spans of jobs, if aigc.otel is installed."""
_TIDY = 64  # With so many open jobs, those are looked for that are open no longer.
_UNSEEN = 1000  # So many ended jobs wait for somebody who looks at them.
_held: Dict[int, Any] = {}
"""What a client with open jobs needs for its end, by id(). The garbage collector does not finalize this before the client."""
_live: "WeakSet[BaseClient[Any, Any]]" = WeakSet()


class BaseClient(Generic[JobT, DownloadT]):
    """One engine of the library: connections, rates, credentials, jobs."""

    _closed = True  # Until there is something to close.
    _job_class: Type[JobT]
    _download_class: Type[DownloadT]

    def __init__(self, config: Optional[Mapping[str, Any]] = None, *, profile: Optional[str] = None, **keys: Any) -> None:
        """config and keys: configuration keys, as aigc.config_keys() lists them; tencent_region= is "tencent.region".
        profile: the name of one in the configuration file (aigc.profiles); None: the one of AIGC_PROFILE, or the file's own
        choice; "" or "none": none.
        """
        self._ended = False  # Closed, and the grace is over: no event comes any more.
        self._pid = os.getpid()
        settings = _config.build(config, keys, profile)
        pointer = _native.client_p()
        call(lib().aigc_client_new, settings, byref(pointer))
        self._handle = Handle(pointer, lib().aigc_client_free)
        set_to = {row["key"]: row["value"] for row in self.report()["configuration"]["values"]}

        def value(key: str) -> str:
            """What this client uses, from wherever."""
            return str(set_to.get(key, _config.default(key)))

        self._grace_ms = int(value("close.grace_ms"))
        self._late_answer = int(value("timeout.submit_ms")) / 1000 + 10
        """How many seconds after the end of a job the answer to its submission can come."""
        self._log_capacity = int(value("log.capacity"))
        self._tells_logs = value("log.level") != "off"
        self._tasks: "WeakValueDictionary[int, BaseTask]" = WeakValueDictionary()
        self._open: Dict[int, Tuple[Handle, Notes]] = {}
        """Jobs that were submitted here, and of which the program may not know enough. No objects: those keep their client alive.
        """
        self._tidy_at = _TIDY
        self._leaving: List[JobT] = []
        self._newest = 0
        """The highest id of a job or download so far: a later one has a higher id."""
        self._closed = False
        if not _live:
            atexit.unregister(_close_all)
            atexit.register(_close_all)
        _live.add(self)

    @property
    def alibaba(self) -> AlibabaOperations[JobT, DownloadT]:
        """The operations of Alibaba Cloud with their fields as parameters."""
        return AlibabaOperations(self)

    @property
    def tencent(self) -> TencentOperations[JobT, DownloadT]:
        """The operations of Tencent Cloud with their fields as parameters."""
        return TencentOperations(self)

    @property
    def closed(self) -> bool:
        """Whether close() has been called."""
        return self._closed

    @property
    def close_grace(self) -> float:
        """The configuration's close.grace_ms, in seconds."""
        return self._grace_ms / 1000

    def set_credentials(
        self,
        provider: str,
        id: str,
        secret: str,
        token: Optional[str] = None,
        expires_at: Optional[float] = None,
    ) -> None:
        """Gives a provider's credentials from now on, instead of all other sources.

        token: the STS security token. expires_at: when they end, in seconds since 1970 (as time.time() counts; None, 0 and
        infinity: never); before that, an event CREDENTIALS_NEEDED asks for new ones.
        """
        call(
            lib().aigc_client_set_credentials,
            self._handle,
            encode(provider, "provider"),
            encode(id, "id"),
            encode(secret, "secret"),
            optional(token, "token"),
            0 if limit(expires_at) is None else milliseconds(expires_at),
        )

    def report(self) -> Dict[str, Any]:
        """What this client stands on, for diagnosis and support: certificates, endpoints, proxies, the credentials in use
        and the providers' clocks. Holds no secret, and sends nothing. The header lists what is in it."""
        return self._document(lib().aigc_client_report)

    def stats(self) -> Dict[str, Any]:
        """What this client has done so far: calls, retries, throttles, bytes, what is in flight, and how long things took.
        The header lists what is in it; aigc.prometheus.render() makes text of it for Prometheus. Holds no secret."""
        return self._document(lib().aigc_client_stats)

    def _document(self, function: Callable[..., int]) -> Dict[str, Any]:
        library = lib()
        pointer = _native.buffer_p()
        call(function, self._handle, byref(pointer))
        buffer = Handle(pointer, library.aigc_buffer_free)
        text = string_at(library.aigc_buffer_data(buffer), library.aigc_buffer_size(buffer))
        found: Dict[str, Any] = json.loads(text)
        return found

    def submit(self, provider: Union[str, Request], operation: Optional[str] = None, **fields: Any) -> JobT:
        """Submits a Request, or what Request(provider, operation, **fields) would be. Never blocks.

        Everything is checked first: what a check refuses raises, costs nothing and creates no job. The job is sent in
        the background, at most once unless it provably never reached the provider.
        """
        self._ready()
        given = _request(provider, operation, fields)
        if spans is None:
            return self._submit(given)
        given, span = spans.start(given)
        try:
            job = self._submit(given)
        except BaseException as error:
            spans.refused(error, span)
            raise
        spans.submitted(job, span)
        return job

    def _submit(self, given: Request) -> JobT:
        request = given._build()
        pointer = _native.job_p()
        job: Optional[JobT] = None
        try:
            call(lib().aigc_client_submit, self._handle, request, byref(pointer))
            job = self._adopt(pointer, self._job_class)
            job._notes = self._open.setdefault(job._id, (job._handle, job._notes))[1]  # Two threads can submit one key.
            job._notes.ask()
            _held[id(self)] = self._handle, self._open
        except BaseException as error:
            if pointer:  # A signal handler raised: nobody but us knows of the job that was begun.
                self._interrupted(self._adopt(pointer, self._job_class) if job is None else job, error)
            raise
        if len(self._open) > self._tidy_at:
            self._tidy()
        return job

    def attach(self, token: str, follow: bool = True) -> JobT:
        """The job of a token, from any process.

        follow: whether the library polls it until it ends; without, nothing is sent before refresh().
        """
        self._ready()
        pointer = _native.job_p()
        call(lib().aigc_client_attach, self._handle, encode(token, "token"), int(follow), byref(pointer))
        return self._adopt(pointer, self._job_class)

    def attach_key(self, key: str, follow: bool = True) -> JobT:
        """The job of a key that the client's journal knows, without a request. Raises NotFoundError if the journal has no
        such key, WrongStateError without a journal and for a key that was never sent: submit its request."""
        self._ready()
        pointer = _native.job_p()
        call(lib().aigc_client_attach_key, self._handle, encode(key, "key"), int(follow), byref(pointer))
        return self._adopt(pointer, self._job_class)

    def resume(self, follow: bool = True) -> int:
        """Takes over every job of the journal whose client is gone (killed, or closed before the job ended), and returns
        how many. Each comes as an event: JOB_ACCEPTED, or JOB_DONE with OUTCOME_UNKNOWN for one that was on the wire; the
        event's job is its handle. Sends no submission, and leaves the jobs of clients that live alone. A job that has ended
        is not taken over: attach_key(), or the same submission again, gives its images."""
        self._ready()
        count = c_size_t()
        call(lib().aigc_client_resume, self._handle, int(follow), byref(count))
        return int(count.value)

    def attach_id(self, provider: str, operation: str, remote_id: str, follow: bool = True) -> JobT:
        """The same from the provider's own job id; region and endpoint are those of this client."""
        self._ready()
        pointer = _native.job_p()
        names = encode(provider, "provider"), encode(operation, "operation"), encode(remote_id, "remote_id")
        call(lib().aigc_client_attach_id, self._handle, *names, int(follow), byref(pointer))
        return self._adopt(pointer, self._job_class)

    def fetch(
        self,
        provider: Union[str, Request],
        operation: Optional[str] = None,
        *,
        path: Optional[PathLike] = None,
        **fields: Any,
    ) -> DownloadT:
        """Starts to fetch one image that is known by id or URL, free of charge; operation is one that fetches.

        path: as for Job.download().
        """
        self._ready()
        request = _request(provider, operation, fields)._build()
        pointer = _native.job_p()
        call(lib().aigc_client_fetch, self._handle, request, file_name(path), byref(pointer))
        return self._adopt(pointer, self._download_class)

    def call(
        self, provider: str, action: str, parameters: Optional[Mapping[str, Any]] = None, *, reads: bool = False
    ) -> JobT:
        """Calls any operation of a provider's product by the provider's own name; the job's provider_response is the
        answer. It has no id, no token and no images.

        action:     Tencent: the name. Alibaba: the name of a call that the library knows, or "Name METHOD /path".
        parameters: what becomes the JSON object, with the provider's own names.
        reads:      False: it may change something or cost money, and is sent at most once, like submit(). True: it only
                    reads, and is repeated until it is answered, refused or its deadline passes.
        """
        self._ready()
        pointer = _native.job_p()
        names = encode(provider, "provider"), encode(action, "action")
        call(lib().aigc_client_call, self._handle, *names, _json(parameters), int(bool(reads)), byref(pointer))
        return self._adopt(pointer, self._job_class)

    def wake(self) -> None:
        """Makes one waiting events() look up early. Any thread."""
        lib().aigc_client_wake(self._handle)

    # For the classes beside this one.

    def _ready(self) -> None:
        """Called before anything is started."""
        self._check_process()
        if self._closed:
            raise ClosedError("the client has been closed", status=Status.CLOSED)

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedError(
                "the client belongs to the parent process: open one in this process", status=Status.FORKED
            )

    def _download(self, job: BaseJob, index: int, path: Optional[PathLike]) -> DownloadT:
        self._ready()
        if index < 0:
            raise InvalidArgumentError(f"there is no image {index}", status=Status.INVALID_ARGUMENT)
        pointer = _native.job_p()
        try:
            call(lib().aigc_job_download, job._handle, index, file_name(path), byref(pointer))
        except AigcError as error:
            remember_token(error, [job])
            raise
        download = self._adopt(pointer, self._download_class)
        download._job = job
        return download

    def _interrupted(self, job: JobT, error: BaseException) -> None:
        """A program is interrupted while it begins a job."""
        try:
            settle([job], self.close_grace, cancels=job._notes.leave())
        finally:
            remember_token(error, [job])
            give_up(error, job)

    def _adopt(self, pointer: Any, cls: Callable[[Any, Handle], TaskT]) -> TaskT:
        task = cls(self, Handle(pointer, lib().aigc_job_free))
        kept = self._open.get(task._id)
        if kept is not None:
            task._notes = kept[1]
        self._tasks[task._id] = task
        self._newest = max(self._newest, task._id)
        return task

    def _take_event(self, timeout_ms: int) -> Optional[Handle]:
        pointer = _native.event_p()
        try:
            call(lib().aigc_client_next_event, self._handle, timeout_ms, byref(pointer))
        except ClosedError:  # And nothing is left.
            return None
        return Handle(pointer, lib().aigc_event_free) if pointer else None

    def _event(self, handle: Handle) -> Event:
        library = lib()
        job_id = int(library.aigc_event_job_id(handle))
        return Event(
            EventType(library.aigc_event_type(handle)),
            self._task_of(handle, job_id) if job_id else None,
            job_id or None,
            State(library.aigc_event_state(handle)),
            Status(library.aigc_event_status(handle)),
            decode(library.aigc_event_provider(handle)),
            said(library.aigc_event_message(handle)),
            LogLevel(library.aigc_event_level(handle)),
            json.loads(library.aigc_event_fields(handle) or b"{}"),
        )

    def _task_of(self, event: Handle, job_id: int) -> Optional[BaseTask]:
        """The object that the program holds for this job, or a new one if it holds none."""
        known = self._tasks.get(job_id)
        if known is not None:
            return known
        pointer = lib().aigc_job_ref(lib().aigc_event_job(event))
        if not pointer:
            return None
        task: BaseTask = self._adopt(pointer, self._job_class)
        if task.operation in {row.operation for row in _operations() if row.kind == "fetch"}:
            task = self._download_class(self, task._handle)
            self._tasks[job_id] = task
        return task

    def _close(self, grace_ms: Optional[int]) -> None:
        """Blocks for at most the grace; nothing but the first call does anything."""
        if self._closed:
            return
        self._closed = True
        _live.discard(self)
        here = os.getpid() == self._pid
        running = (self._leaving or self._owed()) if here else []
        try:
            if here:
                lib().aigc_client_close(self._handle, self._grace_ms if grace_ms is None else grace_ms)
        finally:
            self._ended = True
            self._leaving = []
            for job in running:
                self._leave(job)
            self._open.clear()
            _held.pop(id(self), None)

    def _owed(self) -> List[JobT]:
        """The jobs that were submitted here, and of which the program may not know enough, dropped or not."""
        return [self._job_of(*kept) for kept in list(self._open.values()) if kept[1].owes(kept[0])]

    def _job_of(self, handle: Handle, notes: Notes) -> JobT:
        """The object that the program holds, or another one."""
        job = self._job_class(self, handle)
        job._notes = notes
        known = self._tasks.get(job._id)
        return known if isinstance(known, self._job_class) else job

    def _tidy(self) -> None:
        """Forgets the jobs of which the program knows. Of one that ended long ago, and that nobody has looked at, a warning tells
        now."""
        ended: List[int] = []
        for job_id, (handle, notes) in list(self._open.items()):
            if not notes.owes(handle):
                self._open.pop(job_id, None)
            elif State(lib().aigc_job_state(handle)).ended:
                ended.append(job_id)
        for job_id in ended[:-_UNSEEN]:
            kept = self._open.pop(job_id, None)
            if kept is not None:
                self._leave(self._job_of(*kept))
        self._tidy_at = max(_TIDY, 2 * len(self._open))

    def _leave(self, job: BaseJob) -> None:
        """Nobody follows this job of ours any more. Warns if nobody has its token."""
        if job._notes.owes(job._handle):
            from . import logs  # Programs without such a job do not need the module logging.

            logs.given_up(job)

    def __reduce__(self) -> Any:
        raise TypeError("a client cannot be copied or pickled: make one in each process that needs one")

    def __del__(self) -> None:
        if not self._closed and os.getpid() == self._pid:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            if self._open:  # The library waits for the answers on their way in any case: here their ids are told.
                self._close(None)
        _held.pop(id(self), None)


def _compact(value: Any) -> str:
    if isinstance(value, JSONText):
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _json(parameters: Optional[Mapping[str, Any]]) -> Optional[bytes]:
    if parameters is None:
        return None
    try:
        if isinstance(parameters, Mapping) and any(isinstance(value, JSONText) for value in parameters.values()):
            # Text that is JSON goes out as it is: a number that is read and written again may lose digits.
            members = (f"{_compact(str(name))}:{_compact(value)}" for name, value in parameters.items())
            text = "{%s}" % ",".join(members)
        else:
            text = _compact(parameters)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"the parameters cannot be written as JSON: {error}", status=Status.INVALID_ARGUMENT, field="parameters"
        ) from None
    return encode(text, "parameters")


def _request(provider: Union[str, Request], operation: Optional[str], fields: Mapping[str, Any]) -> Request:
    if isinstance(provider, Request):
        if operation is not None or fields:
            raise TypeError("give a Request, or a provider, an operation and fields: not both")
        return provider
    if operation is None:
        raise TypeError("the operation is missing")
    return Request(provider, operation, **fields)


def _close_all() -> None:
    """At interpreter exit: what is on the wire gets its grace, so that the id of an accepted job is not lost."""
    clients: Tuple["BaseClient[Any, Any]", ...] = tuple(_live)
    for client in clients:
        if client._pid == os.getpid():
            client._close(None)


def given(event: Event) -> None:
    """The program takes an event."""
    if event.type is EventType.JOB_DONE and event.job is not None:
        event.job.state  # To look at the state marks the end as seen.


def seen(task: BaseTask, error: Optional[AigcError] = None) -> None:
    """wait() has seen the end of a task. An end of a closing client's is seen if the error gets to somebody: the thread that
    closes may end the interpreter before."""
    task._notes.seen = task._notes.seen or error is None or not _closes(task)
    if task._span is not None and spans is not None:
        spans.ended(task, error)


def _closes(task: BaseTask) -> bool:
    return isinstance(task._client, BaseClient) and task._client.closed


def undecided(job: BaseJob) -> bool:
    """Whether a submission left and its outcome is unknown: the answer may still come."""
    return job.remote_id is None and (job.outcome is Outcome.UNKNOWN or job.state is State.SUBMITTING)


def distinct(tasks: Iterable[TaskT]) -> List[TaskT]:
    """Jobs and downloads, each once."""
    found = listed(tasks, "tasks", "jobs or downloads", ordered=False)
    for task in found:
        if not isinstance(task, BaseTask):
            raise InvalidArgumentError(
                f"tasks holds a {type(task).__name__}, and must hold jobs or downloads; client.attach(token) gives the job of a "
                "token",
                status=Status.INVALID_ARGUMENT, field="tasks",
            )
    return list(dict.fromkeys(found))


def settle(
    jobs: Iterable[BaseJob], grace: float, tell: Optional[Callable[[], object]] = None, *, cancels: bool = True
) -> None:
    """For a program that is interrupted: ends here what has not been accepted, so that it is not sent any more, and
    waits up to so many seconds for answers that are on their way, so that no id is lost. tell: is called once, as soon as
    there is such an answer to wait for. cancels: False if somebody else waits for the jobs; nothing is ended then."""
    waiting = [job for job in jobs if job.remote_id is None and not job.done]
    if cancels:
        for job in waiting:
            job.cancel()
    end = time.monotonic() + grace
    # A cancel() takes effect a moment after the call: until then a job can still be on its way to the wire.
    while time.monotonic() < end and any((cancels and not job.done) or undecided(job) for job in waiting):
        if tell is not None and any(undecided(job) for job in waiting):
            tell()
            tell = None
        time.sleep(0.01)


def give_up(error: BaseException, job: BaseJob) -> None:
    """Warns of a job that keeps running, unless the error tells of it: most programs do not look into an interrupt."""
    if not tells(error):
        from . import logs

        logs.given_up(job)


def tells(error: BaseException) -> bool:
    """Whether the error has the token, or says that the outcome is unknown."""
    return isinstance(error, AigcError) and (error.token is not None or error.outcome is Outcome.UNKNOWN)


def remember_token(error: BaseException, tasks: List[BaseTask]) -> None:
    """Writes on an exception which jobs keep running, so that an interrupted program can still find them."""
    tokens = [token for token in (task._job_token() for task in tasks) if token]
    if isinstance(error, AigcError) and tokens:
        if error.token is None:
            error.token = tokens[0]
        for task in tasks:
            # As in seen().
            task._known = task._known or not _closes(task)
    add_note = getattr(error, "add_note", None)  # Python 3.11
    if add_note is not None:
        for token in tokens:
            add_note(f"the job is not lost, it may keep running at the provider; its token: {token}")
