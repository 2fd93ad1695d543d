"""The synchronous client. Its waits are short slices, so that Ctrl-C is noticed at once."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from copy import copy
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Deque,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
)
from weakref import finalize

from ._base import BaseClient, distinct, give_up, given, remember_token, seen, settle, undecided
from ._call import Handle, PathLike, call, end_of, error_from, left, listed, milliseconds
from ._event import Event
from ._images import Images
from ._jobs import BaseDownload, BaseJob, BaseTask
from ._library import lib
from ._naming import Files, check_template
from .enums import State, Status
from .errors import AigcError, InvalidArgumentError, ProviderError, WaitTimeoutError, WrongStateError
from .request import Request

if TYPE_CHECKING:
    from ._pump import Pump

Self = TypeVar("Self", bound="_Waits")

_PUMPS = threading.Lock()

# Signal handlers run on the main thread between two slices; other threads need no slices, but an interpreter that is
# asked to stop a thread from outside should not wait for ever either.
_MAIN_SLICE = 0.05
_OTHER_SLICE = 1.0


def _slice(deadline: Optional[float]) -> int:
    """Milliseconds for the next slice of a wait that ends at deadline (on the monotonic clock)."""
    longest = _MAIN_SLICE if threading.current_thread() is threading.main_thread() else _OTHER_SLICE
    if deadline is not None:
        longest = min(longest, max(0.0, deadline - time.monotonic()))
    return milliseconds(longest)


def _beside(work: Callable[[], None]) -> None:
    """Runs work on a thread of its own and waits for it in slices. For a C call that cannot be cut into slices itself,
    because each call of it sends something. After Ctrl-C the thread is left behind; the call's own limits end it."""
    failure: List[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="aigc-refresh", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_MAIN_SLICE)
    if failure:
        raise failure[0]


class _Waits(BaseTask):
    _client: "Client"

    def wait(self: Self, timeout: Optional[float] = None) -> Self:
        """Waits until the job or download has ended, and returns this object. Raises the error of a job or download that has
        not succeeded.

        timeout: seconds, or None for no limit. WaitTimeoutError afterwards: the job keeps running, and can be waited for again.

        A job that is not followed ends by refresh() or by its deadline. Any number of threads may wait. The call takes no
        events.
        """
        library = lib()
        deadline = end_of(timeout)
        while True:
            status = library.aigc_job_wait(self._handle, _slice(deadline), None)
            if status == Status.OK:
                seen(self)
                return self
            if status != Status.TIMEOUT:
                error = self._error() or error_from(None, status)
                seen(self, error)
                remember_token(error, [self])
                raise error
            # A job can end with the status TIMEOUT only here, where it has not ended.
            if deadline is not None and time.monotonic() >= deadline:
                raise WaitTimeoutError(
                    f"{self!r} has not ended after {timeout} s; it keeps running: wait again, or attach its token",
                    status=Status.TIMEOUT,
                    outcome=self.outcome,
                    token=self._job_token(),
                )


class Job(_Waits, BaseJob):
    """A submitted or attached job of the synchronous client."""

    def refresh(self, timeout: Optional[float] = None) -> State:
        """Makes exactly one status call, and returns the state of the job after the answer. Raises the error of the call; such
        an error does not end the job.

        timeout: seconds; WaitTimeoutError if the answer has not come by then.
        """
        milliseconds(timeout)  # Refuses what is no time, also before a thread is made.
        if threading.current_thread() is threading.main_thread():
            _beside(lambda: self._refresh(timeout))
        else:
            self._refresh(timeout)
        return self.state

    def _refresh(self, timeout: Optional[float]) -> None:
        call(lib().aigc_job_refresh, self._handle, milliseconds(timeout))

    def download(self, index: int = 0, path: Optional[PathLike] = None) -> "Download":
        """Starts the download of one image of the job. Raises WrongStateError unless the job has succeeded.

        index: the number of the image, from 0.
        path:  the file to write, or None for memory. A path that ends in ".*" gets the extension of the image's format.
        """
        return self._client._download(self, index, path)


    def result(
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
        self.wait(left(deadline))
        return self._images(files, deadline)

    def _images(self, files: Optional[Files], deadline: Optional[float]) -> "Images[Download]":
        paths = [None for _ in self.assets] if files is None else files.paths(self)
        downloads = [self.download(index, path) for index, path in enumerate(paths)]
        for download in downloads:
            download.wait(left(deadline))
        return Images(downloads)


class Download(_Waits, BaseDownload):
    """A download of the synchronous client."""


TaskT = TypeVar("TaskT", bound=_Waits)


def as_completed(tasks: Iterable[TaskT], timeout: Optional[float] = None) -> Iterator[TaskT]:
    """Jobs or downloads in the order in which they end. task.error is None for success. Takes no events.

    timeout: seconds for all of them together. WaitTimeoutError afterwards: the jobs and downloads keep running.
    """
    deadline = end_of(timeout)
    waiting = distinct(tasks)
    while waiting:
        ended = [task for task in waiting if task.done]
        if ended:
            gone = set(ended)
            waiting = [task for task in waiting if task not in gone]
            yield from ended
            continue
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeoutError(
                f"{len(waiting)} jobs or downloads have not ended after {timeout} s; they keep running",
                status=Status.TIMEOUT,
            )
        lib().aigc_job_wait(waiting[0]._handle, min(20, _slice(deadline)), None)


class Client(BaseClient[Job, Download]):
    """A synchronous client.

    config: a dict of configuration keys, as aigc.config_keys() lists them; or keyword arguments with "_" for each dot:
    Client({"tencent.region": "ap-guangzhou"}) is Client(tencent_region="ap-guangzhou"). Credentials come from the
    environment, from the providers' own files, or from keys. Raises InvalidArgumentError, LibraryLoadError.

    One client serves any number of threads and thousands of jobs. Close the client, or use a with statement. If the
    configuration sets log.level, log records go to the standard logging, to the logger "aigc"; a daemon thread takes the records.
    """

    _job_class = Job
    _download_class = Download
    _events_pump: "Optional[Pump]" = None

    def __init__(self, config: Optional[Mapping[str, Any]] = None, *, profile: Optional[str] = None, **keys: Any) -> None:
        self._left: Set[Job] = set()  # Jobs of a map() whose caller has gone.
        super().__init__(config, profile=profile, **keys)

    __init__.__doc__ = BaseClient.__init__.__doc__

    def events(self, timeout: Optional[float] = None) -> Iterator[Event]:
        """Yields events as they come. Each event goes to one taker. Ends when the client has been closed, its grace is over and
        no event is queued.

        timeout: ends as well when no event has come for so many seconds; None for no limit.
        """
        deadline = end_of(timeout)
        pump = self._pump()
        take = self._take_event if pump is None else pump.take
        while True:
            ended = self._ended  # Before the look: what comes between the two is taken in the next round.
            taken = take(0 if ended else _slice(deadline))
            if taken is not None:
                event = self._event(taken) if isinstance(taken, Handle) else taken
                given(event)
                yield event
                deadline = end_of(timeout)
            elif ended or (deadline is not None and time.monotonic() >= deadline):
                return

    def generate(
        self,
        provider: Union[str, Request],
        operation: Optional[str] = None,
        *,
        out: Optional[PathLike] = None,
        name_template: Optional[str] = None,
        timeout: Optional[float] = None,
        on_accepted: Optional[Callable[[Job], None]] = None,
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
        on_accepted: called with the job as soon as the provider has accepted the job. Store job.token then. Without
                     on_accepted, a job that keeps running after an interrupt is a warning of the logger "aigc", with its
                     token. A plain function: an "async def" is refused before anything is submitted.
        """
        if on_accepted is not None:
            from . import _callbacks  # Other programs do not need it.

            _callbacks.check(on_accepted, "on_accepted", awaits=False)
        files = _files(out, name_template)
        deadline = end_of(timeout)
        job = self.submit(provider, operation, **fields)
        untold = on_accepted
        try:
            if untold is not None:
                self._wait_accepted(job, deadline)
                if job.remote_id is not None:
                    tell, untold = untold, None
                    _callbacks.tell(tell, job, "on_accepted")
            job.wait(left(deadline))
            downloads = job._images(files, deadline)
            job._notes.leave()
            return downloads
        except BaseException as error:
            try:
                is_last = job._notes.leave()
                # What has not been sent is not sent any more, since nobody would know of it, unless another call with the
                # same key waits for it; an answer that is on its way gets the same grace as in close().
                if job.remote_id is None:
                    settle([job], self.close_grace, cancels=is_last)
            finally:
                try:
                    if untold is not None and job.remote_id is not None:
                        _callbacks.tell(untold, job, "on_accepted")
                finally:
                    remember_token(error, [job])
                    give_up(error, job)
            raise

    def map(
        self,
        prompts: Iterable[Union[str, Request]],
        provider: Optional[str] = None,
        operation: Optional[str] = None,
        *,
        out: Optional[PathLike] = None,
        name_template: Optional[str] = None,
        timeout: Optional[float] = None,
        return_exceptions: bool = False,
        **fields: Any,
    ) -> "Iterator[Union[Images[Download], AigcError]]":
        """Submits one job for each prompt, all at the same time, and yields their images in the order of the prompts. Each
        element is what generate() returns. The library respects the provider's rates, whatever the number of prompts.

        prompts: a list of texts, with provider, operation and fields for all of them; or a list of Requests. map() itself
                 submits all jobs, and they cost money even if nobody asks for their images. Nothing is sent before all of
                 them are checked: if one is wrong, map() raises, and no job is sent. Until then each job is held, so each
                 has an event JOB_READY too.
        timeout: seconds for the whole call.
        return_exceptions: True yields an error in the place of the images. False raises the error in that place; the other
                 jobs keep running, and their tokens become warnings when the client is closed at the latest.
        """
        self._tell_left()
        requests = _requests(prompts, provider, operation, fields)
        files = _files(out, name_template)
        deadline = end_of(timeout)
        waiting = deque(self._submit_all(requests))
        results = self._mapped(waiting, files, deadline, return_exceptions)
        finalize(results, _leave_all, waiting)
        return results

    def _submit_all(self, requests: List[Request]) -> List[Job]:
        """All of them, or none: each job is held until the last one has been checked."""
        jobs: List[Job] = []
        begun: List[Tuple[Job, Request]] = []
        try:
            for number, request in enumerate(requests, 1):
                asked = copy(request)
                asked.hold = True
                newest = self._newest
                try:
                    jobs.append(self.submit(asked))
                except AigcError as error:
                    error.message += f" (number {number} of {len(requests)}; no job was sent)"
                    error.args = (error.message,)
                    raise
                if jobs[-1].id > newest:  # Otherwise this client has the job of the key already.
                    begun.append((jobs[-1], request))
            for job, request in begun:
                if not request.hold:
                    try:
                        job.release()
                    except WrongStateError:
                        pass  # It has ended: wait() says why. Or the journal knew it.
        except BaseException as error:
            self._take_back([job for job, _ in begun], error)
            raise
        return jobs

    def _tell_left(self) -> None:
        """What has ended meanwhile of the jobs that nobody asks for."""
        for job in list(self._left):
            if job.done:
                self._left.discard(job)
                _leave_job(job)

    def _take_back(self, jobs: List[Job], error: BaseException) -> None:
        """What has not left does not leave any more. Of a job that is on its way the error or a warning tells."""
        from . import logs

        try:
            for job in jobs:
                if job.state is State.QUEUED:
                    job.cancel()
            # A cancel() takes effect a moment after the call.
            end = time.monotonic() + self.close_grace
            while time.monotonic() < end and any(job.remote_id is None and (not job.done or undecided(job)) for job in jobs):
                time.sleep(0.01)
        finally:
            remember_token(error, [job for job in jobs if job.remote_id is not None])
            for job in jobs:
                logs.given_up(job)
                if not job.done:
                    self._left.add(job)

    def _mapped(
        self, waiting: "Deque[Job]", files: Optional[Files], deadline: Optional[float], return_exceptions: bool
    ) -> "Iterator[Union[Images[Download], AigcError]]":
        result: "Union[Images[Download], AigcError]"
        while waiting:
            try:
                waiting[0].wait(left(deadline))
                result = waiting[0]._images(files, deadline)
            except AigcError as error:
                remember_token(error, [waiting[0]])
                if not return_exceptions:
                    waiting.popleft()
                    raise
                result = error
            job = waiting.popleft()
            try:
                yield result
            except GeneratorExit:
                raise
            except BaseException:  # Ctrl-C just before the yield: nobody has this result.
                waiting.appendleft(job)
                raise

    def _wait_accepted(self, job: Job, deadline: Optional[float]) -> None:
        """Until the provider has answered the submission; how a job ended is for wait() to say."""
        while job.remote_id is None and not job.done:
            if deadline is not None and time.monotonic() >= deadline:
                return
            lib().aigc_job_wait(job._handle, min(20, _slice(deadline)), None)

    def _pump(self) -> "Optional[Pump]":
        """What takes the events where log records go to logging; None elsewhere."""
        if not self._tells_logs or self._closed:
            return self._events_pump
        with _PUMPS:
            if self._events_pump is None:
                from ._pump import Pump

                self._events_pump = Pump(self, self._log_capacity)
        return self._events_pump

    def _ready(self) -> None:
        super()._ready()
        if self._tells_logs and self._events_pump is None:
            self._pump()

    def _close(self, grace_ms: Optional[int]) -> None:
        was_closed = self._closed
        super()._close(grace_ms)
        if os.getpid() == self._pid:
            self._tell_left()
        if self._events_pump is not None and not was_closed and os.getpid() == self._pid:
            self._events_pump.finish(2.0)

    def wake(self) -> None:
        super().wake()
        if self._events_pump is not None:
            self._events_pump.wake()

    wake.__doc__ = BaseClient.wake.__doc__

    def close(self, grace: Optional[float] = None) -> None:
        """Ends all jobs in this process, and joins the client's thread. The jobs keep running at the provider: attach() follows
        them again.

        grace: seconds that submissions on the wire get for their answer, so that no id is lost. None takes the configuration's
        close.grace_ms. Blocks for at most that long. Closing twice is fine.
        """
        self._close(None if grace is None else milliseconds(grace))

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


def _files(out: Optional[PathLike], name_template: Optional[str]) -> Optional[Files]:
    """Where images go, found good; None for memory."""
    if out is None:
        if name_template is not None:
            check_template(name_template)
        return None
    files = Files(out, name_template)
    files.prepare()
    return files


def _requests(
    prompts: Iterable[Union[str, Request]], provider: Optional[str], operation: Optional[str], fields: Mapping[str, Any]
) -> List[Request]:
    found: List[Request] = []
    if "prompt" in fields:
        raise TypeError("prompt is given beside the list of prompts: leave one out")
    for number, prompt in enumerate(listed(prompts, "prompts", "texts or Requests"), 1):
        if isinstance(prompt, Request):
            if fields:
                names = ", ".join(fields)
                raise TypeError(f"{names} would be ignored: prompt {number} is a Request, which has fields of its own")
            found.append(prompt)
        elif not isinstance(prompt, str):
            raise InvalidArgumentError(
                f"prompt {number} is a {type(prompt).__name__}, and must be a str or a Request. Nothing was submitted",
                status=Status.INVALID_ARGUMENT, field="prompt",
            )
        elif provider is None or operation is None:
            raise TypeError("give Requests, or prompts with provider and operation")
        else:
            found.append(Request(provider, operation, prompt=prompt, **fields))
    return found


def _leave_all(waiting: "Deque[Job]") -> None:
    """Nobody asks for the results of a map() any more: of what is paid and still runs, or has images, a warning tells."""
    while waiting:
        _leave_job(waiting.popleft())


def _leave_job(job: Job) -> None:
    if not job.done and not job._client.closed:
        job._client._left.add(job)
    elif not isinstance(job._error(), ProviderError):
        from . import logs

        logs.given_up(job)


__all__ = ["Client", "Download", "Event", "Job", "as_completed"]
