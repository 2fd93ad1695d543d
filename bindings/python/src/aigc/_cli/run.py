"""Follows jobs and downloads through the client's events until all have ended."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set

from .._base import settle, undecided
from .._event import Event
from .._jobs import BaseTask
from .._naming import Files
from ..client import Client, Download, Job
from ..enums import EventType, Status
from ..errors import AigcError, FileError, FileTakenError, InvalidArgumentError, WaitTimeoutError
from . import exits
from .output import Output
from .owed import Owed

_IDLE = 0.05
# The image can no longer be had.
_LOST = (Status.EXPIRED, Status.NOT_FOUND)


class _Image(NamedTuple):
    job: Optional[Job]
    position: int
    several: bool


class Run:
    """Jobs, and the downloads of their images if files are wanted.

    codes: the exit code of each job that has ended.
    """

    def __init__(
        self, client: Client, output: Output, files: Optional[Files], timeout: Optional[float],
        owed: Optional[Owed] = None,
    ) -> None:
        self.codes: List[int] = []
        self.indices: Optional[List[int]] = None
        """Which images; None means all."""
        self._client = client
        self._output = output
        self._files = files
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._timeout = timeout
        self._jobs: Dict[int, Job] = {}
        self._told: Set[int] = set()
        self._images: Dict[int, _Image] = {}
        self._downloads: Dict[int, Download] = {}
        self._owed = owed
        self._missing: Dict[int, int] = {}
        """Of each job with a key: how many of its images are not here."""

    def add(self, job: Job) -> None:
        """Follows a job. The token of one that was submitted here is told as soon as there is one."""
        self._jobs[job.id] = job
        self._owe(job)
        if job.remote_id is not None:
            self._told.add(job.id)
            self._output.knows(job.token)
        self._output.job(job)

    def add_all(self, jobs: Sequence[Job]) -> None:
        """Follows jobs; many of them share one line of progress."""
        self._output.expect(len(jobs))
        if self._files is not None:
            self._files.expect(jobs)
        for job in jobs:
            self.add(job)

    def forget(self, job: Job) -> None:
        """Follows a job no longer."""
        self._jobs.pop(job.id, None)

    def add_download(self, download: Download) -> None:
        """Follows a download that belongs to no job."""
        self._downloads[download.id] = download
        self._images[download.id] = _Image(None, 0, False)

    def until_accepted(self) -> None:
        """Returns when each job has been accepted or has ended."""
        while any(job.remote_id is None and not job.done for job in self._jobs.values()):
            self._turn()
        self._hear()
        self._sweep(ended=False)

    def until_ended(self) -> None:
        """Returns when everything has ended, or raises WaitTimeoutError for the first that has not."""
        self._sweep()
        while self._jobs or self._downloads:
            self._turn()
            self._sweep()
        self._hear()

    def settle(self, grace: float, tell: Callable[[], object]) -> None:
        """Ends here what has not been accepted, and waits up to so many seconds for answers that are on their way. tell: is
        called once, if there is one."""
        settle(self._jobs.values(), grace, tell)

    def unfinished(self) -> List[Job]:
        """Jobs that the provider has accepted, and that have not ended or whose images are not all here."""
        jobs = {job.id: job for job in self._jobs.values() if job.remote_id is not None}
        jobs.update((image.job.id, image.job) for image in self._images.values() if image.job is not None)
        return list(jobs.values())

    def undecided(self) -> bool:
        """Whether a submission left and nobody knows its outcome."""
        return any(undecided(job) for job in self._jobs.values())

    def _turn(self) -> None:
        """Takes the events that are there, or waits a moment."""
        for event in self._client.events(timeout=_IDLE):
            task = event.job
            self._hear_one(event)
            if event.type == EventType.JOB_ACCEPTED and isinstance(task, Job):
                self._tell(task)
            if isinstance(task, Job) and task.id in self._jobs:
                self._output.job(task)
            elif isinstance(task, Download) and task.id in self._downloads:
                self._output.download(task, self._images[task.id].position)
            if event.type in (EventType.JOB_DONE, EventType.JOB_ACCEPTED):
                break
            self._check_time()
        self._check_time()

    def _hear(self) -> None:
        """Warnings that are still queued: what is waited for can be there before its events are."""
        for event in self._client.events(timeout=0):
            self._hear_one(event)

    def _hear_one(self, event: Event) -> None:
        if event.type == EventType.WARNING:
            self._output.warning(event.message or "")
        elif event.type == EventType.LOG:
            self._output.log(event.level.name.lower(), event.message or "", event.fields)

    def _check_time(self) -> None:
        if self._deadline is None or time.monotonic() < self._deadline:
            return
        tasks: List[BaseTask] = [*self._jobs.values(), *self._downloads.values()]
        open_tasks = [task for task in tasks if not task.done]
        if open_tasks:
            raise WaitTimeoutError(
                f"{len(open_tasks)} of {len(tasks)} jobs and downloads had not ended after {self._timeout:g} s",
                status=Status.TIMEOUT,
            )

    def _tell(self, job: Job) -> None:
        if job.id not in self._told and job.remote_id is not None:
            self._told.add(job.id)
            self._output.accepted(job)

    def _sweep(self, ended: bool = True) -> None:
        for job in list(self._jobs.values()):
            self._tell(job)
            if ended and job.done:
                del self._jobs[job.id]
                self._output.job(job)
                self._end_job(job)
        for download in list(self._downloads.values()):
            if download.done:
                del self._downloads[download.id]
                self._output.download(download, self._images[download.id].position)
                self._end_download(download, self._images.pop(download.id))

    def _owe(self, job: Job) -> None:
        try:
            if self._owed is not None:
                self._owed.begin(job.key)
        except OSError as error:
            self._output.warning(
                f"if this command is killed while it fetches images, `aigc jobs resume` will not fetch them: {error}"
            )

    def _has(self, job: Optional[Job]) -> None:
        """Nothing of a job is left to fetch."""
        if self._owed is not None and job is not None:
            self._owed.end(job.key)

    def _end_job(self, job: Job) -> None:
        if job.error is not None or not job.assets:
            self._has(job)
        error = job.error
        if error is None and self._files is not None:
            try:
                self._start_downloads(job)
            except AigcError as problem:
                error = problem
        if error is not None:
            self.fail(error)
        elif self._files is None:
            made = job.result_id or f"{len(job.assets)} images"
            self._output.result(f"{job.state.name} {job.token or job.remote_id} {made}", **_ended(job))
            self.codes.append(exits.OK)
        elif job.result_id is not None:  # A training makes a model, and no image.
            self._output.result(job.result_id, **_ended(job))
            self.codes.append(exits.OK)

    def fail(self, error: AigcError) -> None:
        """Reports an error and keeps its exit code."""
        self._output.error(error)
        self.codes.append(exits.of(error))

    def _start_downloads(self, job: Job) -> None:
        count = len(job.assets)
        wanted = range(count) if self.indices is None else self.indices
        for index in wanted:
            if not 0 <= index < count:
                raise InvalidArgumentError(
                    f"the job has {count} images, numbered from 0: there is no image {index}",
                    status=Status.INVALID_ARGUMENT,
                    token=job.token,
                )
        self._missing[job.id] = len(wanted)
        for index in wanted:
            self._start_download(_Image(job, index, len(wanted) > 1))

    def _start_download(self, image: _Image) -> None:
        assert self._files is not None and image.job is not None
        download = image.job.download(image.position, self._files.path(image.job, image.position, image.several))
        self._downloads[download.id] = download
        self._images[download.id] = image

    def _end_download(self, download: Download, image: _Image) -> None:
        error = download.error
        if error is None and self._files is not None and download.path and not os.path.exists(download.path):
            error = FileError(
                f"{download.path} is not there: its folder was moved, deleted or replaced while the image came. Look for the "
                "file in the folder that was moved, or fetch the image again, which is free",
                status=Status.FILE,
            )
        if isinstance(error, FileTakenError) and image.job is not None:
            # Somebody else wrote a file of that name meanwhile: take the next number. Downloads are free of charge.
            self._start_download(image)
            return
        if image.job is not None and (error is None or error.status in _LOST):
            self._missing[image.job.id] -= 1
            if not self._missing[image.job.id]:
                self._has(image.job)
        if error is not None:
            error.token = image.job.token if image.job else None
            self.fail(error)
        else:
            kept = None
            if self._files is not None and image.job is not None and image.job.key and download.path:
                kept = self._files.keep_one(download.path)  # The same command line again: the same picture, not a second.
            self._output.image(image.job, image.position, download, kept)
            self.codes.append(exits.OK)


def _ended(job: Job) -> Dict[str, Any]:
    from .output import describe

    return {"type": "ended", **describe(job)}
