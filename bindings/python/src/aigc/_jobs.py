"""The common part of both clients' jobs and downloads: everything that does not wait."""

from __future__ import annotations

import json
import threading
from ctypes import byref, c_int64, c_ubyte, string_at
from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional, TypeVar

from . import _images, _native
from ._call import Handle, call, decode, error_from, milliseconds, optional
from ._library import lib
from .enums import Outcome, State
from .errors import AigcError, ProviderError, class_of

if TYPE_CHECKING:
    import os
    from datetime import datetime
    from typing import Union

    import PIL.Image


TaskT = TypeVar("TaskT", bound="BaseTask")


class Bytes(NamedTuple):
    """The received part of a download."""

    received: int
    total: Optional[int]
    """None if unknown."""


class Asset:
    """One image of a succeeded job. Its repr does not show the URL, which can hold a signature."""

    __slots__ = ("index", "id", "url", "expires_at")

    def __init__(self, index: int, id: Optional[str], url: Optional[str], expires_at: Optional["datetime"]) -> None:
        self.index = index
        """The number of the image in the job, from 0, for download()."""
        self.id = id
        """The provider's id of the image (Alibaba), or its URL (Tencent): treat the id like the URL."""
        self.url = url
        """The URL of an image of Tencent; None for Alibaba. Treat the URL as a secret."""
        self.expires_at = expires_at
        """When the URL ends (UTC), as far as is known; None if unknown."""

    def __repr__(self) -> str:
        shown = self.id if self.id and "/" not in self.id else None
        return f"<aigc.Asset {self.index} id={shown!r} expires_at={self.expires_at}>"


_ASKING = threading.Lock()


class Notes:
    """What the program has been told of a job. The client keeps the notes and the handle of a job that it has submitted, also
    when the program has dropped the job."""

    __slots__ = ("known", "unknown", "seen", "_asking")

    def __init__(self) -> None:
        self._asking = 0
        self.known = False
        """Somebody has been told the token."""
        self.unknown = False
        """Somebody has been told that the outcome is unknown."""
        self.seen = False
        """Somebody has seen the end, or has cancelled the accepted job."""

    def ask(self) -> None:
        """One more submit() got this job: calls with one key share one."""
        with _ASKING:
            self._asking += 1

    def leave(self) -> bool:
        """One of those needs the job no more. Returns whether nobody else does: only then may it be cancelled."""
        with _ASKING:
            self._asking = max(0, self._asking - 1)
            return self._asking == 0

    def owes(self, handle: Handle) -> bool:
        """Whether the job is or may be paid, and the program does not know enough of it."""
        if self.known:
            return False
        library = lib()
        state = State(library.aigc_job_state(handle))
        outcome = Outcome(library.aigc_job_outcome(handle))
        if not state.ended:
            return True
        if outcome is Outcome.UNKNOWN:
            return not self.unknown and not (self.seen and state is State.UNKNOWN)
        if outcome is not Outcome.ACCEPTED or self.seen:
            return False
        return not issubclass(class_of(library.aigc_job_error(handle, None)), ProviderError)


class BaseTask:
    """A job or a download. Any thread may use it.

    It keeps its client alive. Dropping the object does not end the job.
    """

    def __init__(self, client: object, handle: Handle) -> None:
        self._client = client  # Keeps the client alive. The classes of each client declare its type.
        self._handle = handle
        self._id = int(lib().aigc_job_id(handle))
        self._notes = Notes()
        self._span: Any = None  # Of aigc.otel, until the end is seen.
        self._span_end: Any = None

    @property
    def id(self) -> int:
        """A number that is unique among the jobs and downloads of this process."""
        return self._id

    @property
    def state(self) -> State:
        """The state of the job or download."""
        state = State(lib().aigc_job_state(self._handle))
        if state is State.SUCCEEDED or state is State.UNKNOWN:
            self._notes.seen = True
        return state

    @property
    def done(self) -> bool:
        """Whether the job or download has ended, with success or not."""
        return self.state.ended

    def _is_over(self) -> bool:
        """The same for the client itself: the program has not looked."""
        return State(lib().aigc_job_state(self._handle)).ended

    @property
    def outcome(self) -> Outcome:
        """The known outcome of the submission. After a cancel() it can still change from UNKNOWN to ACCEPTED or
        NOT_SENT."""
        return Outcome(lib().aigc_job_outcome(self._handle))

    @property
    def progress(self) -> Optional[float]:
        """From 0.0 to 1.0: the provider's own figure, or bytes for a download; None if unknown."""
        value = float(lib().aigc_job_progress(self._handle))
        return value if value >= 0 else None

    @property
    def bytes(self) -> Bytes:
        """For a download: bytes received, and bytes in all."""
        received, total = c_int64(), c_int64(-1)
        lib().aigc_job_bytes(self._handle, byref(received), byref(total))
        return Bytes(received.value, total.value if total.value >= 0 else None)

    @property
    def provider(self) -> str:
        """ "alibaba" or "tencent"."""
        return decode(lib().aigc_job_provider(self._handle)) or ""

    @property
    def operation(self) -> str:
        """The operation, as aigc.operations() lists them."""
        return decode(lib().aigc_job_operation(self._handle)) or ""

    @property
    def request_id(self) -> Optional[str]:
        """The request id of the provider's last answer. The provider's support asks for it."""
        return decode(lib().aigc_job_request_id(self._handle))

    @property
    def error(self) -> Optional[AigcError]:
        """The error of a failed job; None for success and before the end. A new object each time."""
        error = self._error()
        if error is not None and error.token is not None:
            self._known = True
        return error

    def _error(self) -> Optional[AigcError]:
        pointer = _native.error_p()
        status = lib().aigc_job_error(self._handle, byref(pointer))
        if not status:
            return None
        error = error_from(pointer, status)
        error.token = self._job_token()
        return error

    def cancel(self) -> None:
        """Ends the job in this process, at once. Neither provider can be told to stop: an accepted job keeps running
        and is billed.

        If the submission is on the wire, the library still waits for its answer, and the token appears when the answer
        comes. Can be called any number of times.
        """
        if lib().aigc_job_remote_id(self._handle):
            self._notes.seen = True  # The program lets it go. An id that comes after the cancel is news.
        lib().aigc_job_cancel(self._handle)

    def set_deadline(self, seconds: Optional[float]) -> None:
        """Sets the deadline of the job to so many seconds from now; None: no deadline."""
        call(lib().aigc_job_set_deadline_ms, self._handle, milliseconds(seconds))

    def set_trace(self, traceparent: Optional[str], tracestate: Optional[str] = None) -> None:
        """Adds a trace (W3C Trace Context): from now on every API call about the job carries these two headers. Image
        hosts do not get the headers. None removes the trace. A Request takes the same two options from the first call on."""
        names = optional(traceparent, "traceparent"), optional(tracestate, "tracestate")
        call(lib().aigc_job_set_trace, self._handle, *names)

    def _token(self) -> Optional[str]:
        return decode(lib().aigc_job_token(self._handle))

    def _job_token(self) -> Optional[str]:
        """The token of the job."""
        return self._token()

    @property
    def _known(self) -> bool:
        return self._notes.known

    @_known.setter
    def _known(self, is_known: bool) -> None:
        self._notes.known = is_known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BaseTask) and other._id == self._id

    def __hash__(self) -> int:
        return hash(self._id)

    def __copy__(self: "TaskT") -> "TaskT":
        return self

    def __reduce__(self) -> Any:
        kind = type(self).__name__.lower()
        which = "job.token" if isinstance(self, BaseJob) else "the token of its job"
        raise TypeError(
            f"a {kind} belongs to its client and cannot be copied or pickled: pass {which}; client.attach(token) finds the "
            "job again, in any process"
        )

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<aigc.{kind} {self._id} {self.provider} {self.operation} {self.state.name}>"


class BaseJob(BaseTask):
    """A submitted or attached job."""

    @property
    def remote_id(self) -> Optional[str]:
        """The provider's id (Alibaba inferenceJobId, Tencent TaskId); None until it is known."""
        return decode(lib().aigc_job_remote_id(self._handle))

    @property
    def token(self) -> Optional[str]:
        """A text that attaches this job in another process: store it. None until the provider has accepted the job."""
        token = self._token()
        self._known = self._known or token is not None
        return token

    @property
    def key(self) -> Optional[str]:
        """The job's key in the journal: yours, or a key that the client chose. None without a journal."""
        return decode(lib().aigc_job_key(self._handle))

    def release(self) -> None:
        """Releases a job that was submitted with hold=True: its first byte may leave. Call it when your own note of the
        job is safe. Raises WrongStateError for a job that was never held, and for a job that has ended."""
        call(lib().aigc_job_release, self._handle)

    @property
    def provider_state(self) -> Optional[str]:
        """The provider's own word for the state; None until the provider has sent one."""
        return decode(lib().aigc_job_provider_state(self._handle))

    @property
    def provider_response(self) -> Any:
        """The provider's last answer about this job, parsed, or as text if it is no JSON; None until an answer came."""
        text = decode(lib().aigc_job_provider_response(self._handle))
        try:
            return None if text is None else json.loads(text)
        except (ValueError, RecursionError):
            return text

    @property
    def result_id(self) -> Optional[str]:
        """The id of a result that is no image: the model of Alibaba's "model_train". None until the job has succeeded,
        and for every other operation."""
        return decode(lib().aigc_job_result_id(self._handle))

    def follow(self, on: bool = True) -> None:
        """Turns polling by the library on or off, at any time."""
        call(lib().aigc_job_set_follow, self._handle, int(on))

    @property
    def assets(self) -> List[Asset]:
        """The images of a succeeded job; empty before its end."""
        count = int(lib().aigc_job_asset_count(self._handle))
        return [self._asset(index) for index in range(count)]

    def _asset(self, index: int) -> Asset:
        library = lib()
        return Asset(
            index,
            decode(library.aigc_job_asset_id(self._handle, index)),
            decode(library.aigc_job_asset_url(self._handle, index)),
            _instant(library.aigc_job_asset_expires_at_ms(self._handle, index)),
        )


class BaseDownload(BaseTask):
    """An image on its way to a file or to memory."""

    def __init__(self, client: object, handle: Handle) -> None:
        super().__init__(client, handle)
        self._job: Optional[BaseJob] = None
        self._data: Optional[bytes] = None
        self._taking = threading.Lock()

    @property
    def job(self) -> Optional[BaseJob]:
        """The job of the image; None for an image that was fetched by id or URL."""
        return self._job

    def _job_token(self) -> Optional[str]:
        return self._token() or (None if self._job is None else self._job._token())

    @property
    def path(self) -> Optional[str]:
        """The path of the finished file, with ".*" resolved; None before the end, and for a download to memory."""
        return decode(lib().aigc_job_path(self._handle))

    @property
    def content_type(self) -> Optional[str]:
        """ "image/png" and so on, from the bytes themselves; None before the end."""
        return decode(lib().aigc_job_content_type(self._handle))

    @property
    def data(self) -> "bytes_":
        """The image of a succeeded download to memory. The download keeps the bytes."""
        with self._taking:
            if self._data is None:
                self._data = self._take_buffer()
            return self._data

    def take(self) -> "bytes_":
        """Gives the image once: the download keeps no copy. A second call raises WrongStateError."""
        with self._taking:
            if self._data is None:
                return self._take_buffer()
            data, self._data = self._data, None
            return data

    def take_view(self) -> memoryview:
        """As take(), without a copy: a read-only view of the library's own memory, which is freed with the last view.
        For large images, or where a file, a socket or an array takes any bytes-like object."""
        with self._taking:
            if self._data is not None:
                data, self._data = self._data, None
                return memoryview(data)
            buffer = self._buffer()
        place, size = lib().aigc_buffer_data(buffer), lib().aigc_buffer_size(buffer)
        if not place:
            return memoryview(b"")
        block = (c_ubyte * size).from_address(place)  # a type for each size, which the garbage collector takes back
        block._buffer = buffer  # every view keeps the block, and the block the memory
        return memoryview(block).cast("B").toreadonly()

    def image(self) -> "PIL.Image.Image":
        """The image of a succeeded download, to memory or to a file, loaded by Pillow. Needs Pillow."""
        image: PIL.Image.Image = _images.picture(self)
        return image

    def save(self, path: "Union[str, os.PathLike[str]]", overwrite: bool = False) -> str:
        """Writes the received bytes to a file and returns its path; ".*" at its end becomes the suffix of the format.
        The file of a download to a file is copied."""
        return _images.save(self, path, overwrite)

    def _repr_png_(self) -> "Optional[bytes_]":
        return _images.png(self)

    def _take_buffer(self) -> "bytes_":
        buffer = self._buffer()
        place, size = lib().aigc_buffer_data(buffer), lib().aigc_buffer_size(buffer)
        if size > 2**31 - 1:  # more than string_at() can count
            return bytes((c_ubyte * size).from_address(place))
        return string_at(place, size)

    def _buffer(self) -> Handle:
        pointer = _native.buffer_p()
        call(lib().aigc_job_take_buffer, self._handle, byref(pointer))
        return Handle(pointer, lib().aigc_buffer_free)


bytes_ = bytes  # Inside the classes above, "bytes" is the property.


def _instant(milliseconds_since_1970: int) -> Optional["datetime"]:
    if milliseconds_since_1970 <= 0:
        return None
    from datetime import datetime, timedelta, timezone

    try:
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds_since_1970)
    except OverflowError:
        return None
