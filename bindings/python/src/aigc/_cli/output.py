"""What the command says, and where.

Standard output: results only (files, tokens, states), or with --json one JSON object a line and nothing else.
Standard error: everything for people: progress, tokens of accepted jobs, errors.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import sys
from typing import Any, Dict, Mapping, Optional, Sequence, Set

from .._jobs import BaseDownload, BaseJob
from .._naming import short
from ..enums import State, Status
from ..errors import AigcError, OutcomeUnknownError
from . import untold
from .again import Again, secret_keys
from .bars import Bars, make

_THERE = (
    ("aigc.config_keys()", '"aigc config keys"'),
    ("aigc.fields()", '"aigc fields"'),
    ("aigc.operations()", '"aigc fields"'),
    ("image_urls=", "--image-url"),
    ("what job.token gave", 'a token as "aigc submit" prints it'),
)
"""What messages name for programs in Python, and for somebody at a shell."""
_FEW = 5  # So many jobs have a line each.


class Output:
    """Where everything that the command says goes through."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool) -> None:
        self.as_json = as_json
        self._quiet = quiet
        self._verbose = verbose
        self._bars: Optional[Bars] = None
        self._states: Dict[int, str] = {}
        self._told: Set[str] = set()
        """Tokens that the user has."""
        self._untold: Dict[str, str] = {}
        """Tokens that could not be told when there was something to tell, with the line that tells them."""
        self._problem: Optional[OSError] = None
        """Why standard output cannot be written."""
        self._announced = False
        self.is_broken = False
        """A result did not reach standard output."""
        self.again = Again()
        self._crowd = 0
        """How many jobs share one line of progress; 0: each has its own."""
        self._ended: Set[int] = set()
        self._images = 0
        self._tenth = -1
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # A file name that a terminal cannot show is no failure.

    # The two channels.

    def result(self, text: str, /, vital: bool = True, **values: Any) -> None:
        """A result: text for people and scripts, or with --json the values. If it cannot be written to standard output, it
        goes to standard error, and the command fails. vital=False: a reader who has gone away is no failure, for what the
        user has anyway, as a file or in a table that can be printed again."""
        line = json.dumps(values, ensure_ascii=False) if self.as_json else text
        token = values.get("token")
        problem = self._stdout(line)
        if problem is None:
            self.knows(token)  # Or it is needed no more, because the file is there.
            return
        if isinstance(problem, BrokenPipeError) and not vital and (token is None or token in self._told):
            if token is not None:
                self.note(line)
            return
        if not self._announced:
            self._announced = True
            self.alarm(f"aigc: standard output cannot be written ({problem.strerror}); the results follow here:")
        self.is_broken = True
        self._tell(line, token)
        if token is not None and token not in line:
            self._tell(f"aigc: the job's token: {token}", token)

    def event(self, **values: Any) -> None:
        """Something that only --json tells on standard output."""
        if self.as_json:
            self._stdout(json.dumps(values, ensure_ascii=False))

    def note(self, text: str) -> None:
        """A line for people, unless --quiet."""
        if not self._quiet:
            self.alarm(text)

    def alarm(self, text: str) -> bool:
        """A line for people, always. Returns whether it could be written: paid work does not end because there is nobody who
        listens."""
        try:
            if self._bars is not None:
                self._bars.line(text)
                return True
            if sys.stderr is None:  # print() would take standard output instead.
                return False
            print(text, file=sys.stderr, flush=True)
            return True
        except (OSError, ValueError):
            return False

    def knows(self, token: Optional[str]) -> None:
        """The user has this token already."""
        if token is not None:
            self._told.add(token)
            self._untold.pop(token, None)

    def close(self) -> None:
        """What nobody could be told is kept in a file, and the command fails."""
        for line in self._untold.values():
            self.is_broken = True
            untold.keep(line)
        self._untold.clear()

    def _tell(self, text: str, token: Optional[str]) -> None:
        """A line with the token of a job."""
        if self.alarm(text):
            self.knows(token)
        elif token is not None:
            self._untold[token] = text

    def _stdout(self, text: str) -> Optional[OSError]:
        """Writes a line to standard output, and returns why that cannot be done."""
        if self._problem is None:
            try:
                if sys.stdout is None:
                    raise OSError(errno.EBADF, os.strerror(errno.EBADF))
                if self._bars is not None and sys.stdout.isatty():
                    with self._bars.away():
                        print(text, flush=True)
                else:
                    print(text, flush=True)
            except OSError as error:
                self._problem = error
                if sys.stdout is not None:  # The interpreter's own flush at exit must not complain.
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if self._problem is not None and not isinstance(self._problem, BrokenPipeError):
            self.is_broken = True
        return self._problem

    # Progress.

    def start_bars(self) -> None:
        """From here on something takes time."""
        if not self.as_json and not self._quiet:
            self._bars = make()

    def stop_bars(self) -> None:
        """Leaves the terminal as it was. Can be called twice."""
        if self._bars is not None:
            bars, self._bars = self._bars, None
            bars.stop()

    def expect(self, count: int) -> None:
        """So many jobs will be followed."""
        self._crowd = count if count > _FEW else 0

    def _crowded(self) -> None:
        """The one line of many jobs: on a terminal it changes in place, elsewhere it comes again at each tenth."""
        ended, count = len(self._ended), self._crowd
        text = f"{count} jobs: {ended} ended, {count - ended} to come; {self._images} images"
        if self._bars is not None:
            self._bars.update(0, text, ended / count)
        elif not self.as_json and ended * 10 // count != self._tenth:
            self._tenth = ended * 10 // count
            self.note(text)

    def job(self, job: BaseJob) -> None:
        """The state or the progress of a job may have changed."""
        state, percent, word = job.state, _percent(job.progress), job.provider_state
        shown = f"{state.name}{percent}"
        text = f"{label(job)}: {state.name.lower()}{percent}" + (f" ({word})" if word else "")
        if self._crowd:
            if state.ended:
                self._ended.add(job.id)
            self._crowded()
        elif self._bars is not None:
            if state.ended:
                self._bars.finish(job.id)
            else:
                self._bars.update(job.id, text, job.progress)
        if self._states.get(job.id) == shown:
            return
        self._states[job.id] = shown
        self.event(type="state", **describe(job))
        if self._bars is None and not self.as_json and not self._crowd:
            self.note(text)

    def download(self, download: BaseDownload, index: int) -> None:
        """Bytes of an image have come, or its download has ended."""
        if self._crowd and download.done:
            self._images += 1
            self._crowded()
        if self._bars is None or self._crowd:
            return
        if download.done:
            self._bars.finish(download.id)
        else:
            self._bars.update(download.id, f"image {index}: {download.bytes.received // 1024} KiB", download.progress)

    # What happened.

    def warning(self, text: str) -> None:
        """A warning; the work continues."""
        self.event(type="warning", message=text)
        self.note(f"aigc: warning: {_one_line(text)}")

    def log(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        """What the library does, for those who have asked for it."""
        self.event(type="log", level=level, message=message, fields=dict(fields))
        rest = " ".join(f"{name}={value}" for name, value in fields.items() if name != "at_ms")
        self.alarm(f"aigc: {level}: {_one_line(f'{message} {rest}')}")

    def accepted(self, job: BaseJob) -> None:
        """The provider has given an id: from now on the job can be found again."""
        self.event(type="accepted", **describe(job))
        token = job.token
        if token and not self._quiet:
            self._tell(f"accepted, token: {token}", token)
        elif not token:
            self.note(f"accepted, no token (its id is too long for one); the provider's id: {job.remote_id}")

    def image(
        self, job: Optional[BaseJob], index: int, download: BaseDownload, kept: Optional[str] = None
    ) -> None:
        """An image is there. kept: the file that held the same bytes before, and stays instead."""
        token = job.token if job else None
        path = kept or download.path
        values = {"path": path, "content_type": download.content_type, "bytes": download.bytes.received}
        self.result(path or "", vital=False, type="image", token=token, index=index, **values)

    def error(self, error: AigcError) -> None:
        """One line: what went wrong and what to do."""
        self.event(type="error", **_error(error))
        loud = "!!! " if isinstance(error, OutcomeUnknownError) else ""
        line = f"aigc: {loud}{_one_line(_in_commands(str(error)))}"
        if error.status != Status.INVALID_ARGUMENT and not loud:
            line += f" - {_advice(error)}" if _advice(error) else ""
        self.alarm(line)
        if error.token:
            self._tell(f"aigc: the job's token: {error.token}", error.token)
        if self._verbose:
            for name, value in _error(error).items():
                if value is not None and name != "message":
                    self.alarm(f"  {name}: {value}")

    def keep_running(self, jobs: Sequence[BaseJob]) -> None:
        """We leave, and these jobs do not end by that: for many of them one line that gets all their images."""
        tokens = [token for token in (job.token for job in jobs) if token]
        if len(jobs) <= _FEW or len(tokens) < len(jobs):
            for job in jobs:
                self.keeps_running(job)
            return
        fetch = self.again.command("fetch", " ".join(map(shlex.quote, tokens)))
        for job in jobs:
            self.event(type="goes_on", resume=fetch, **describe(job))
        if self.alarm(f"aigc: {len(jobs)} jobs keep running at the providers; to get their images: {fetch}"):
            for token in tokens:
                self.knows(token)
        else:
            for token in tokens:
                self._untold[token] = f"aigc: the job keeps running at the provider; its token: {token}"
        if self.again.secrets:
            self.alarm(f"aigc: give these once more, which are not repeated here: {', '.join(self.again.secrets)}")

    def keeps_running(self, job: BaseJob) -> None:
        """We leave, and this job does not end by that."""
        token = job.token
        if token:
            self._tell(f"aigc: the job keeps running at the provider; its token: {token}", token)
            which = shlex.quote(token)
            self.alarm(f"aigc: to wait for it: {self.again.command('wait', which)}")
        else:
            names = ("--provider", job.provider, "--operation", job.operation, f"--id={job.remote_id or ''}")
            which = " ".join(map(shlex.quote, names))
            self._tell(f"aigc: the job keeps running at the provider; its id there: {job.remote_id}", job.remote_id)
        fetch = self.again.command("fetch", which)
        self.event(type="goes_on", resume=fetch, **describe(job))
        self.alarm(f"aigc: to get its images: {fetch}")
        if self.again.secrets:
            self.alarm(f"aigc: give these once more, which are not repeated here: {', '.join(self.again.secrets)}")


def describe(job: BaseJob) -> Dict[str, Any]:
    """A job as JSON."""
    return {
        "provider": job.provider,
        "operation": job.operation,
        "remote_id": job.remote_id,
        "token": job.token,
        "state": job.state.name,
        "provider_state": job.provider_state,
        "progress": job.progress,
        "outcome": job.outcome.name,
        "request_id": job.request_id,
        "images": len(job.assets) if job.state == State.SUCCEEDED else None,
        "result_id": job.result_id,
    }


def label(job: BaseJob) -> str:
    """A job in a line for people."""
    return f"{job.provider} {job.operation}" + (f" {short(job.remote_id)}" if job.remote_id else "")


def warn_of_secrets(output: Output, settings: Dict[str, str]) -> None:
    """Command lines can be read by other users of a machine."""
    secret = secret_keys()
    for key in settings:
        if key in secret:
            output.alarm(f"aigc: warning: {key} on a command line can be seen by others (ps): use the environment")


def _percent(progress: Optional[float]) -> str:
    return "" if progress is None else f" {progress:.0%}"


def _in_commands(text: str) -> str:
    """A message for programs in Python, for somebody at a shell."""
    for here, there in _THERE:
        text = text.replace(here, there)
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _advice(error: AigcError) -> str:
    from .._call import decode
    from .._library import lib

    return decode(lib().aigc_status_text(int(error.status))) or ""


def _error(error: AigcError) -> Dict[str, Any]:
    return {
        "status": error.name,
        "code": int(error.status),
        "message": error.message,
        "outcome": error.outcome.name,
        "provider_code": error.provider_code,
        "provider_message": error.provider_message,
        "request_id": error.request_id,
        "http_status": error.http_status,
        "retryable": error.retryable,
        "retry_after": error.retry_after,
        "field": error.field,
        "token": error.token,
    }
