"""What the command says, and where.

Standard output: results only (files, tokens, states), or with --json one JSON object a line and nothing else.
Standard error: everything for people: progress, tokens of accepted jobs, errors.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import Any, Dict, Mapping, Optional

from .._jobs import BaseDownload, BaseJob
from .._naming import short
from ..describe import _config_keys
from ..enums import State, Status
from ..errors import AigcError, OutcomeUnknownError
from .bars import Bars, make


class Output:
    """Where everything that the command says goes through."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool) -> None:
        self.as_json = as_json
        self._quiet = quiet
        self._verbose = verbose
        self._bars: Optional[Bars] = None
        self._states: Dict[int, str] = {}
        self._unheard = False
        self.is_broken = False

    # The two channels.

    def result(self, text: str, /, **values: Any) -> None:
        """A result: text for people and scripts, or with --json the values."""
        self._stdout(json.dumps(values, ensure_ascii=False) if self.as_json else text)

    def event(self, **values: Any) -> None:
        """Something that only --json tells on standard output."""
        if self.as_json:
            self._stdout(json.dumps(values, ensure_ascii=False))

    def note(self, text: str) -> None:
        """A line for people, unless --quiet."""
        if not self._quiet:
            self.alarm(text)

    def alarm(self, text: str) -> None:
        """A line for people, always."""
        if self._bars is not None:
            self._bars.line(text)
            return
        try:
            print(text, file=sys.stderr, flush=True)
        except (OSError, ValueError):
            pass  # Paid work does not end for want of somebody who listens.

    def _stdout(self, text: str) -> None:
        if self.is_broken:
            self.alarm(text)
        if self._unheard:
            return
        try:
            if self._bars is not None and sys.stdout.isatty():
                with self._bars.away():
                    print(text, flush=True)
            else:
                print(text, flush=True)
        except OSError as error:
            # Paid work is still finished; the interpreter's own flush at exit must not complain.
            self._unheard = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if not isinstance(error, BrokenPipeError):  # With that one nobody wants to read on.
                self.is_broken = True
                self.alarm(f"aigc: standard output cannot be written ({error.strerror}); the results follow here:")
                self.alarm(text)

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

    def job(self, job: BaseJob) -> None:
        """The state or the progress of a job may have changed."""
        state, percent, word = job.state, _percent(job.progress), job.provider_state
        shown = f"{state.name}{percent}"
        text = f"{label(job)}: {state.name.lower()}{percent}" + (f" ({word})" if word else "")
        if self._bars is not None:
            if state.ended:
                self._bars.finish(job.id)
            else:
                self._bars.update(job.id, text, job.progress)
        if self._states.get(job.id) == shown:
            return
        self._states[job.id] = shown
        self.event(type="state", **describe(job))
        if self._bars is None and not self.as_json:
            self.note(text)

    def download(self, download: BaseDownload, index: int) -> None:
        """Bytes of an image have come, or its download has ended."""
        if self._bars is None:
            return
        if download.done:
            self._bars.finish(download.id)
        else:
            self._bars.update(download.id, f"image {index}: {download.bytes.received // 1024} KiB", download.progress)

    # What happened.

    def warning(self, text: str) -> None:
        """All goes well, and there is something to know."""
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
        if job.token:
            self.note(f"accepted, token: {job.token}")
        else:
            self.note(f"accepted, no token (its id is too long for one); the provider's id: {job.remote_id}")

    def image(self, job: Optional[BaseJob], index: int, download: BaseDownload) -> None:
        """An image is there."""
        token = job.token if job else None
        values = {"path": download.path, "content_type": download.content_type, "bytes": download.bytes.received}
        self.result(download.path or "", type="image", token=token, index=index, **values)

    def error(self, error: AigcError) -> None:
        """One line: what went wrong and what to do."""
        self.event(type="error", **_error(error))
        loud = "!!! " if isinstance(error, OutcomeUnknownError) else ""
        line = f"aigc: {loud}{_one_line(str(error))}"
        if error.status != Status.INVALID_ARGUMENT and not loud:
            line += f" - {_advice(error)}" if _advice(error) else ""
        self.alarm(line)
        if error.token:
            self.alarm(f"aigc: the job's token: {error.token}")
        if self._verbose:
            for name, value in _error(error).items():
                if value is not None and name != "message":
                    self.alarm(f"  {name}: {value}")

    def goes_on(self, job: BaseJob) -> None:
        """We leave, and this job does not end by that."""
        token = job.token
        if token:
            quoted = shlex.quote(token)
            self.event(type="goes_on", resume=f"aigc fetch {quoted}", **describe(job))
            self.alarm(f"aigc: the job goes on at the provider; its token: {token}")
            self.alarm(f"aigc: to wait for it: aigc wait {quoted}")
            self.alarm(f"aigc: to get its images: aigc fetch {quoted}")
        else:
            names = f"--provider {job.provider} --operation {job.operation} --id {shlex.quote(job.remote_id or '')}"
            self.event(type="goes_on", resume=f"aigc fetch {names}", **describe(job))
            self.alarm(f"aigc: the job goes on at the provider; to get its images: aigc fetch {names}")


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
    secret = {row.key for row in _config_keys() if row.type == "secret"}
    for key in settings:
        if key in secret:
            output.alarm(f"aigc: warning: {key} on a command line can be seen by others (ps): use the environment")


def _percent(progress: Optional[float]) -> str:
    return "" if progress is None else f" {progress:.0%}"


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
