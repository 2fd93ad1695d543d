"""The asyncio client. Same names as the synchronous one: what waits is a coroutine, what does not is a plain method.

No thread and no executor: the loop watches the client's one descriptor, and takes the events behind it.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections import deque
from contextlib import ExitStack
from ctypes import byref
from functools import partial
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    AsyncIterator,
    Awaitable,
    Callable,
    Deque,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Set,
    Type,
    TypeVar,
    Union,
)
from weakref import WeakSet

from . import _native, logs
from ._base import BaseClient, distinct, given, remember_token, seen, tells
from ._call import Handle, PathLike, end_of, error_from, left, limit
from ._event import Event
from ._images import Images
from ._jobs import BaseDownload, BaseJob, BaseTask
from ._library import lib
from ._naming import Files
from .client import _files
from .enums import EventType, Outcome, State, Status
from .errors import ClosedError, NoResourcesError, WaitTimeoutError
from .request import Request

if TYPE_CHECKING:
    from .batch import _aio as batch

Self = TypeVar("Self", bound="_Waits")

# How many events one turn of the loop takes at most: the descriptor stays readable, so the rest comes in the next turn.
_BATCH = 200


class _Waits(BaseTask):
    _client: "Client"

    async def wait(self: Self, timeout: Optional[float] = None) -> Self:
        """Waits until the job or download has ended, and returns this object. Raises the error of a job or download that has
        not succeeded.

        timeout: seconds, or None for no limit. WaitTimeoutError afterwards.

        The job keeps running after a timeout, and when the task that waits is cancelled. A job that is not followed ends by
        refresh() or by its deadline.
        """
        client = self._client
        client._bind()
        if not self.done:
            waiter = client._wait_for_end(self._id)
            try:
                await _limited(waiter, timeout)
            except asyncio.TimeoutError:
                raise WaitTimeoutError(
                    f"{self!r} has not ended after {timeout} s; it keeps running: wait again, or attach its token",
                    status=Status.TIMEOUT,
                    outcome=self.outcome,
                    token=self._job_token(),
                ) from None
            finally:
                client._forget(self._id, waiter)
        error = self._error()
        seen(self, error)
        if error is not None:
            remember_token(error, [self])
            raise error
        return self


class Job(_Waits, BaseJob):
    """A submitted or attached job of the asyncio client."""

    async def refresh(self, timeout: Optional[float] = None) -> State:
        """Makes exactly one status call, and returns the state of the job after the answer. Raises the error of the call; such
        an error does not end the job.

        timeout: seconds; WaitTimeoutError if the answer has not come by then.
        """
        client = self._client
        client._bind()
        answer = client._start_refresh(self)
        try:
            status = await _limited(answer, timeout)
        except asyncio.TimeoutError:
            raise WaitTimeoutError(
                f"the status of {self!r} has not come within {timeout} s",
                status=Status.TIMEOUT,
                token=self._token(),
            ) from None
        if status:
            raise error_from(None, status)
        return self.state

    def download(self, index: int = 0, path: Optional[PathLike] = None) -> "Download":
        """Starts the download of one image of the job. Raises WrongStateError unless the job has succeeded.

        index: the number of the image, from 0.
        path:  the file to write, or None for memory. A path that ends in ".*" gets the extension of the image's format.
        """
        return self._client._download(self, index, path)


    async def result(
        self,
        timeout: Optional[float] = None,
        *,
        out: Optional[PathLike] = None,
        name_template: Optional[str] = None,
    ) -> "Images[Download]":
        """Waits for the job, downloads every image, and returns the downloads. All of them have succeeded. A notebook shows the
        images.

        timeout:            seconds for the job and the downloads together.
        out, name_template: as for Client.generate().
        """
        files = _files(out, name_template)
        deadline = end_of(timeout)
        await self.wait(left(deadline))
        return await self._images(files, deadline)

    async def _images(self, files: Optional[Files], deadline: Optional[float]) -> "Images[Download]":
        paths = [None for _ in self.assets] if files is None else files.paths(self)
        downloads = [self.download(index, path) for index, path in enumerate(paths)]
        for download in downloads:
            await download.wait(left(deadline))
        return Images(downloads)


class Download(_Waits, BaseDownload):
    """A download of the asyncio client."""


TaskT = TypeVar("TaskT", bound=_Waits)


async def as_completed(tasks: Iterable[TaskT], timeout: Optional[float] = None) -> AsyncIterator[TaskT]:
    """Jobs or downloads in the order in which they end. task.error is None for success.

    timeout: seconds for all of them together. WaitTimeoutError afterwards: the jobs and downloads keep running.
    """
    deadline = end_of(timeout)
    waiters: "Dict[asyncio.Future[int], TaskT]" = {}
    ended: List[TaskT] = []
    try:
        for task in distinct(tasks):
            client = task._client
            client._bind()
            if task.done:
                ended.append(task)
            else:
                waiters[client._wait_for_end(task._id)] = task
        for task in ended:
            yield task
        while waiters:
            done, _ = await asyncio.wait(waiters, timeout=left(deadline), return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise WaitTimeoutError(
                    f"{len(waiters)} jobs or downloads have not ended after {timeout} s; they keep running",
                    status=Status.TIMEOUT,
                )
            for future in done:
                yield waiters.pop(future)
    finally:
        for future, task in waiters.items():
            task._client._forget(task._id, future)


class Events:
    """The events of a client from the moment on that this was made: an asynchronous iterator."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._queue: "Deque[Event]" = deque()
        self._news: "Optional[asyncio.Future[None]]" = None

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> Event:
        while not self._queue:
            if self._client.closed:
                raise StopAsyncIteration
            self._news = self._client._bind().create_future()
            try:
                await self._news
            finally:
                self._news = None
        event = self._queue.popleft()
        given(event)
        return event

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _put(self, event: Event) -> None:
        self._queue.append(event)
        self._wake()


class _Notice:
    """One generate() whose on_accepted is to be called with its job, once."""

    __slots__ = ("job", "function", "telling")

    def __init__(self, job: Job, function: Callable[[Job], Any]) -> None:
        self.job = job
        self.function = function
        self.telling: "Optional[asyncio.Future[Any]]" = None
        """What on_accepted returned, if that is to be awaited."""


class Client(BaseClient[Job, Download]):
    """An asyncio client. It belongs to the event loop in which it is used first.

    The configuration is that of the synchronous aigc.Client, which serves several threads; this client serves one. Close the
    client with "await client.close()", or use an "async with" statement. If the configuration sets log.level, log records go to
    the standard logging, to the logger "aigc".
    """

    _job_class = Job
    _download_class = Download

    def __init__(
        self, config: Optional[Dict[str, Any]] = None, *, profile: Optional[str] = None, **keys: Any
    ) -> None:
        super().__init__(config, profile=profile, **keys)
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._fd = -1
        self._waiters: "Dict[int, Set[asyncio.Future[int]]]" = {}
        self._refreshes: "Dict[int, Set[asyncio.Future[int]]]" = {}
        self._unanswered: Dict[int, Job] = {}  # Submitted here, and neither accepted nor ended so far.
        self._late: Dict[int, Job] = {}  # Ended here with the submission on the wire: its answer may still bring an id.
        self._given_up: Dict[int, Job] = {}  # Of a generate() that has ended, and whose answer nobody else waits for.
        self._on_accepted: Dict[int, List[_Notice]] = {}  # By the job's id: several calls with one key have one job.
        self._telling: "Dict[asyncio.Future[Any], Job]" = {}  # What on_accepted returned, until it has ended.
        self._news: "Set[asyncio.Future[int]]" = set()
        self._listeners: "WeakSet[Events]" = WeakSet()

    def submit(self, provider: Union[str, Request], operation: Optional[str] = None, **fields: Any) -> Job:
        newest = self._newest
        job = super().submit(provider, operation, **fields)
        # A job that this client has already, by its key, has no second event of its end.
        if job.id > newest or (job.remote_id is None and not job._is_over()):
            self._unanswered[job.id] = job
        return job

    submit.__doc__ = BaseClient.submit.__doc__

    def _interrupted(self, job: Job, error: BaseException) -> None:
        if not job._is_over():
            self._unanswered[job.id] = job
        if job._notes.leave() and job.state == State.QUEUED:
            job.cancel()
        remember_token(error, [job])
        self._give_up(job)

    def call(
        self, provider: str, action: str, parameters: Optional[Mapping[str, Any]] = None, *, reads: bool = False
    ) -> Job:
        job = super().call(provider, action, parameters, reads=reads)
        if not reads:
            self._unanswered[job.id] = job  # The answer to a write is waited for when the client is closed.
        return job

    call.__doc__ = BaseClient.call.__doc__

    def events(self) -> Events:
        """The events from now on, for "async for". Each call returns a reader of its own, and each reader gets every event."""
        self._bind()
        listener = Events(self)
        self._listeners.add(listener)
        return listener

    async def generate(
        self,
        provider: Union[str, Request],
        operation: Optional[str] = None,
        *,
        out: Optional[PathLike] = None,
        name_template: Optional[str] = None,
        timeout: Optional[float] = None,
        on_accepted: Optional[Callable[[Job], Union[None, Awaitable[Any]]]] = None,
        **fields: Any,
    ) -> "Images[Download]":
        """Submits a job, waits for the job, downloads every image, and returns the downloads. All of them have succeeded. A
        notebook shows the images.

        out:         None for memory; the name of a file if `out` ends in ".*" or in the suffix of an image (.png, .jpg, .jpeg,
                     .webp, .gif, .bmp); otherwise a folder, which is made if it is missing. No file is overwritten: the new
                     file gets a number. A folder that cannot be written is an error before anything is submitted.
        timeout:     seconds for the whole call. Afterwards a job that has not been sent is cancelled. An answer that is on its
                     way gets a little longer (close.grace_ms), so that the job's id is not lost. An error that comes after
                     the provider has accepted the job carries the job's token.
        on_accepted: called with the job, once, as soon as the provider has accepted the job: the moment to store job.token.
                     At once if this client knows that the job of the key is accepted; also if the acceptance comes after this
                     coroutine was cancelled. Of several calls with one key each has its on_accepted called. A function or a
                     coroutine function ("async def"): the client awaits what on_accepted returns, as a task of its own, before
                     generate() returns or close() ends. Exceptions of on_accepted go to the loop's exception handler. Without
                     on_accepted, the logger "aigc" warns of a job that keeps running after a cancellation, with its token.
        """
        if on_accepted is not None:
            from . import _callbacks  # Other programs do not need it.

            _callbacks.check(on_accepted, "on_accepted", awaits=True)
        files = _files(out, name_template)
        deadline = end_of(timeout)
        job = self.submit(provider, operation, **fields)
        notice = None if on_accepted is None else _Notice(job, on_accepted)
        try:
            if notice is not None:
                self._notify(notice)
            await job.wait(left(deadline))
            downloads = await job._images(files, deadline)
            await self._told(notice, left(deadline))
            job._notes.leave()
        except BaseException as error:
            try:
                # What has not been sent is not sent any more: nobody would know of it, unless another call with the same key
                # waits for it.
                if job._notes.leave() and job.state == State.QUEUED:
                    job.cancel()
                if isinstance(error, Exception) and not self._closed:
                    await self._answered(job, self.close_grace)
                    await self._told(notice, self.close_grace)
            finally:
                remember_token(error, [job])
                job._notes.unknown = tells(error)
                self._give_up(job)
            raise
        return downloads

    async def close(self, grace: Optional[float] = None) -> None:
        """Ends all jobs in this process, and joins the client's thread. The jobs keep running at the provider: attach() follows
        them again.

        grace: seconds that submissions on the wire get for their answer, so that no id is lost. None takes the configuration's
        close.grace_ms. Then each on_accepted that is a coroutine gets the same time to end; of one that has not, the logger
        "aigc" tells the token. The loop keeps running meanwhile. Closing twice is fine.
        """
        if self._closed:
            return
        grace = limit(self.close_grace if grace is None else grace)
        self._leaving = self._owed()  # Before a job ends within the grace.
        if self._loop is not None:
            self._bind()
            await self._settle(grace)
        end = end_of(grace)
        await self._all_told(self._telling, grace)
        self._close(0)
        if self._loop is not None:
            while self._drain(_BATCH):
                pass
            self._loop.remove_reader(self._fd)
        for futures in [*self._waiters.values(), *self._refreshes.values(), self._news]:
            for future in futures:
                _resolve(future, Status.CLOSED)
        for listener in list(self._listeners):
            listener._wake()
        await self._all_told(self._telling, left(end))
        for telling, job in list(self._telling.items()):
            if telling is not asyncio.current_task():
                del self._telling[telling]
                job._known = False
                logs.untold(job)

    async def __aenter__(self) -> "Client":
        self._bind()
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()

    # For the classes above.

    def _ready(self) -> None:
        super()._ready()
        self._bind()

    def _bind(self) -> asyncio.AbstractEventLoop:
        """The loop of this client: the running one, from the first call on. Starts to watch the descriptor."""
        self._check_process()
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return loop
        if self._loop is not None:
            raise RuntimeError("this aigc client was opened in another event loop: open one client in each loop")
        if self._closed:
            raise ClosedError("the client has been closed", status=Status.CLOSED)
        self._fd = lib().aigc_client_event_fd(self._handle)
        if self._fd < 0:
            raise NoResourcesError("no descriptor is left for the client's events", status=Status.NO_RESOURCES)
        loop.add_reader(self._fd, self._drain, _BATCH)
        self._loop = loop
        return loop

    def _drain(self, limit: int) -> int:
        """Takes the events that are queued, at most so many, and returns how many there were."""
        library = lib()
        for count in range(limit):
            handle = self._take_event(0)
            if handle is None:
                return count
            kind = library.aigc_event_type(handle)
            job_id = int(library.aigc_event_job_id(handle))
            notices: List[_Notice] = []
            if kind == EventType.JOB_ACCEPTED:
                notices = self._accepted(job_id)
            elif kind == EventType.JOB_REFRESHED:
                # Events of one kind are merged: one can answer several calls.
                for future in self._refreshes.pop(job_id, ()):
                    _resolve(future, library.aigc_event_status(handle))
            elif kind == EventType.LOG:
                self._log(handle)
            elif kind == EventType.JOB_DONE:
                self._done(job_id)
                for future in (*self._waiters.pop(job_id, ()), *self._refreshes.pop(job_id, ())):
                    _resolve(future, 0)
            for future in list(self._news):
                _resolve(future, 0)
            if self._listeners:
                event = self._event(handle)
                for listener in list(self._listeners):
                    listener._put(event)
            # Last, since they are the program's own. Each is called, also if the one before raises KeyboardInterrupt.
            with ExitStack() as calls:
                for notice in reversed(notices):
                    calls.callback(self._call_back, notice)
        return limit

    def _log(self, event: Handle) -> None:
        try:
            logs.emit(self._event(event))
        except Exception as error:  # A handler of the program's own: it must not stop the events behind it.
            self._tell("a log record of aigc could not be handled", error)

    def _tell(self, what: str, error: Exception) -> None:
        assert self._loop is not None
        self._loop.call_exception_handler({"message": what, "exception": error})

    def _notify(self, notice: _Notice) -> None:
        """Calls on_accepted now if the job is known to be accepted, else with the event."""
        job = notice.job
        if job.remote_id is not None:
            self._call_back(notice)
        elif job.id in self._unanswered or job.id in self._late:
            self._on_accepted.setdefault(job.id, []).append(notice)

    def _accepted(self, job_id: int) -> List[_Notice]:
        """Notes that a job is accepted, and returns who is to be told."""
        self._unanswered.pop(job_id, None)
        self._late.pop(job_id, None)
        notices = self._on_accepted.pop(job_id, [])
        given_up = self._given_up.pop(job_id, None)
        if given_up is not None and not notices:
            logs.given_up(given_up)
        return notices

    def _call_back(self, notice: _Notice) -> None:
        from ._callbacks import is_unfinished

        job = notice.job
        job._known = True
        try:
            result = notice.function(job)
            if is_unfinished(result):
                notice.telling = asyncio.ensure_future(result)  # Raises TypeError for a generator.
                self._telling[notice.telling] = job
                notice.telling.add_done_callback(partial(self._called_back, job))
        except Exception as error:  # The program's own: the events behind this one are told all the same.
            self._failed_to_tell(job, error)
        except BaseException:
            job._known = False
            raise

    def _called_back(self, job: Job, telling: "asyncio.Future[Any]") -> None:
        is_news = self._telling.pop(telling, None) is not None
        if telling.cancelled():  # For instance at the end of asyncio.run().
            if is_news:
                job._known = False
                logs.untold(job)
            return
        error = telling.exception()
        if isinstance(error, Exception):
            self._failed_to_tell(job, error)

    def _failed_to_tell(self, job: Job, error: Exception) -> None:
        job._known = False
        self._tell(f"on_accepted failed for {job!r}", error)

    async def _told(self, notice: Optional[_Notice], timeout: Optional[float]) -> None:
        """Until what on_accepted returned has ended, or the timeout."""
        if notice is not None and notice.telling is not None:
            await self._all_told([notice.telling], timeout)

    async def _all_told(self, futures: "Iterable[asyncio.Future[Any]]", timeout: Optional[float]) -> None:
        """The same for several. Being cancelled cancels only this wait."""
        # on_accepted may close the client.
        waiting = [future for future in futures if not future.done() and future is not asyncio.current_task()]
        if waiting:
            await asyncio.wait(waiting, timeout=timeout)

    def _done(self, job_id: int) -> None:
        given_up = self._given_up.get(job_id)
        if given_up is not None and given_up.outcome in (Outcome.NONE, Outcome.NOT_SENT):
            del self._given_up[job_id]
        ended = self._unanswered.pop(job_id, None)
        if ended is None:
            return
        outcome = ended.outcome  # Once: an answer that comes just now has an event of its own.
        if outcome is Outcome.UNKNOWN and _is_late(ended):
            self._late[job_id] = ended
            assert self._loop is not None
            self._loop.call_later(self._late_answer, self._too_late, job_id)
        elif outcome is not Outcome.ACCEPTED:
            self._on_accepted.pop(job_id, None)  # No answer can come any more.

    def _give_up(self, job: Job) -> None:
        """Nobody waits for the job any more: its token becomes a warning, now or when the answer comes."""
        if job.remote_id is not None:
            if job.id not in self._on_accepted:  # Otherwise that is called, with the event.
                logs.given_up(job)
        elif job.outcome is Outcome.UNKNOWN or not job.done:
            self._given_up[job.id] = job

    def _close(self, grace_ms: Optional[int]) -> None:
        stopped: List[Job] = []
        while self._telling and not self._hears():  # No loop runs on_accepted to its end.
            telling, job = self._telling.popitem()
            if not telling.done():
                job._known = False
                stopped.append(job)
        super()._close(grace_ms)
        if os.getpid() == self._pid:
            given_up, self._given_up = self._given_up, {}
            for job in stopped:
                logs.untold(job)
            for job in given_up.values():
                self._leave(job)

    def _leave(self, job: BaseJob) -> None:
        if job.remote_id is None or job.id not in self._on_accepted or not self._hears():
            super()._leave(job)

    def _hears(self) -> bool:
        """Whether the loop runs: then close() takes the last events."""
        return self._loop is not None and self._loop.is_running()

    def _too_late(self, job_id: int) -> None:
        """An answer that has not come by now does not come any more."""
        self._late.pop(job_id, None)
        self._on_accepted.pop(job_id, None)
        given_up = self._given_up.pop(job_id, None)
        if given_up is not None:
            logs.given_up(given_up)

    def _wait_for_end(self, job_id: int) -> "asyncio.Future[int]":
        future = self._bind().create_future()
        self._waiters.setdefault(job_id, set()).add(future)
        return future

    def _forget(self, job_id: int, future: "asyncio.Future[int]") -> None:
        futures = self._waiters.get(job_id)
        if futures is not None:
            futures.discard(future)
            if not futures:
                del self._waiters[job_id]

    def _start_refresh(self, job: Job) -> "asyncio.Future[int]":
        """Starts one status call; the event JOB_REFRESHED ends the future with the status of that call."""
        error = _native.error_p()
        status = lib().aigc_job_refresh(job._handle, 0, byref(error))
        if status not in (Status.OK, Status.TIMEOUT):
            raise error_from(error, status)
        lib().aigc_error_free(error)
        future = self._bind().create_future()
        self._refreshes.setdefault(job.id, set()).add(future)
        return future

    async def _any_event(self, timeout: Optional[float]) -> None:
        """Until the next event of any kind, or the timeout."""
        future = self._bind().create_future()
        self._news.add(future)
        try:
            await _limited(future, timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            self._news.discard(future)

    async def _answered(self, job: Job, grace: float) -> None:
        """Gives the answer to a submission that is on the wire so many seconds."""
        deadline = time.monotonic() + grace
        while job.remote_id is None and (not job.done or _is_late(job)) and time.monotonic() < deadline:
            await self._any_event(max(0.0, min(0.1, deadline - time.monotonic())))

    async def _settle(self, grace: Optional[float]) -> None:
        """Ends what has not been sent, and gives what is on the wire its time, with the loop running on."""
        for job in self._unanswered.values():
            if job.state == State.QUEUED:
                job.cancel()
        deadline = end_of(grace)
        while left(deadline) != 0:
            if not any(not job._is_over() or _is_late(job) for job in (*self._unanswered.values(), *self._late.values())):
                return
            # In slices: that no answer will come after all is no event.
            await self._any_event(min(0.1, math.inf if deadline is None else max(0.0, deadline - time.monotonic())))


def _is_late(job: Job) -> bool:
    """Ended here, by a cancel or its deadline, with its submission on the wire."""
    return job.outcome is Outcome.UNKNOWN and job.state is not State.UNKNOWN


def _resolve(future: "asyncio.Future[int]", status: int) -> None:
    if not future.done():
        future.set_result(status)


def _limited(future: "asyncio.Future[int]", timeout: Optional[float]) -> Awaitable[int]:
    """The future, or asyncio.TimeoutError; being cancelled itself cancels only this wait."""
    return asyncio.wait_for(asyncio.shield(future), limit(timeout))


def __getattr__(name: str) -> object:
    if name == "batch":  # Brought in when it is first asked for, like the modules of the package.
        from .batch import _aio

        globals()["batch"] = _aio
        return _aio
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Client", "Download", "Event", "Events", "Job", "as_completed", "batch"]  # noqa: F822
