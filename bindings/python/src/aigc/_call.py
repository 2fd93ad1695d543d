"""The small change between Python and C: text, handles, status codes."""

from __future__ import annotations

import os
import re
import time
from ctypes import byref
from typing import Any, Callable, Iterable, List, Mapping, Optional, Union

from . import _native
from ._library import lib
from .enums import Outcome, Status
from .errors import AigcError, InvalidArgumentError, class_of

PathLike = Union[str, "os.PathLike[str]"]

INT64_MAX = 2**63 - 1
LONGEST = INT64_MAX // 2000
"""Seconds. A longer time is without limit."""


def decode(text: Optional[bytes]) -> Optional[str]:
    """Text of the library as str. What it gives is UTF-8 by its contract: anything else raises UnicodeDecodeError."""
    return None if text is None else text.decode("utf-8", "strict")


def encode(text: str, what: str) -> bytes:
    """str as the library takes it. A NUL inside would silently cut it, so that is refused, as is half a surrogate."""
    if not isinstance(text, str):
        raise InvalidArgumentError(
            f"{what} is a {type(text).__name__}, and must be a str", status=Status.INVALID_ARGUMENT, field=what
        )
    if "\0" in text:
        raise InvalidArgumentError(f"{what} contains a NUL character", status=Status.INVALID_ARGUMENT, field=what)
    try:
        return text.encode("utf-8", "strict")
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            f"{what} cannot be written as UTF-8: {error.reason}", status=Status.INVALID_ARGUMENT, field=what
        ) from None


def file_name(path: Optional[PathLike]) -> Optional[bytes]:
    """A path as the library takes it; NULL means memory."""
    return None if path is None else encode(os.fspath(path), "path")


def optional(text: Optional[str], what: str) -> Optional[bytes]:
    """encode(), where None is NULL."""
    return None if text is None else encode(text, what)


def milliseconds(seconds: Optional[float]) -> int:
    """Seconds as the library's milliseconds, rounded up so that a wait is never shorter; None means without limit."""
    if seconds is None:
        return int(_native.CONSTANTS["AIGC_FOREVER"])
    if seconds != seconds or seconds < 0:
        raise InvalidArgumentError(
            f"a time of {seconds} seconds makes no sense: give 0 or more, or None for no limit",
            status=Status.INVALID_ARGUMENT,
        )
    if seconds > LONGEST:
        return int(_native.CONSTANTS["AIGC_FOREVER"])
    whole = int(seconds * 1000)
    return whole if whole >= seconds * 1000 else whole + 1


def limit(seconds: Optional[float]) -> Optional[float]:
    """Seconds for Python's own waits, found good by milliseconds(); None means without limit, as infinity does."""
    milliseconds(seconds)
    return None if seconds is None or seconds > LONGEST else float(seconds)


def end_of(timeout: Optional[float]) -> Optional[float]:
    """When a wait that begins now ends, on the monotonic clock; None: never."""
    seconds = limit(timeout)
    return None if seconds is None else time.monotonic() + seconds


def left(end: Optional[float]) -> Optional[float]:
    """How many seconds are left until end_of(); None: without limit."""
    return None if end is None else max(0.0, end - time.monotonic())


def listed(given: Iterable[Any], what: str, of: str, ordered: bool = True) -> List[Any]:
    """The elements of a list. Refuses what Python would take apart into something else, such as a text into its letters.

    ordered: whether the order counts, which a set does not have.
    """
    is_wrong = isinstance(given, (str, bytes, bytearray, memoryview, Mapping)) or not hasattr(given, "__iter__")
    if is_wrong or hasattr(given, "columns") or (ordered and isinstance(given, (set, frozenset))):
        raise InvalidArgumentError(
            f"{what} is a {type(given).__name__}, and must be a list of {of}: pass a list, also for a single one",
            status=Status.INVALID_ARGUMENT,
            field=what,
        )
    return list(given)


# What messages of the library name, as it is called here.
_HERE = {
    "aigc_client_free": "client.close()",
    "aigc_client_set_credentials": "client.set_credentials()",
    "aigc_client_submit": "client.submit()",
    "aigc_client_attach": "client.attach()",
    "aigc_client_attach_id": "client.attach_id()",
    "aigc_client_close": "client.close()",
    "aigc_client_fetch": "client.fetch()",
    "aigc_client_call": "client.call()",
    "aigc_client_new": "aigc.Client()",
    "aigc_client_next_event": "client.events()",
    "aigc_client_report": "client.report()",
    "aigc_client_stats": "client.stats()",
    "aigc_config_describe": "aigc.config_keys()",
    "aigc_config_set": "aigc.Client()",
    "aigc_error_outcome": "error.outcome",
    "aigc_error_retry_after_ms": "error.retry_after",
    "aigc_job_cancel": "job.cancel()",
    "aigc_job_download": "job.download()",
    "aigc_job_error": "job.error",
    "aigc_job_outcome": "job.outcome",
    "aigc_job_refresh": "job.refresh()",
    "aigc_job_remote_id": "job.remote_id",
    "aigc_job_result_id": "job.result_id",
    "aigc_job_set_deadline_ms": "job.set_deadline()",
    "aigc_job_set_follow": "job.follow()",
    "aigc_job_set_trace": "job.set_trace()",
    "aigc_job_take_buffer": "download.data",
    "aigc_job_token": "job.token",
    "aigc_job_wait": "job.wait()",
    "aigc_operation_at": "aigc.operations()",
    "aigc_request_describe": "aigc.fields()",
    "aigc_request_add_image_url": "image_urls=",
    "aigc_request_new": "aigc.Request()",
    "aigc_version_number": "aigc.version()",
    "aigc_version_string": "aigc.version()",
    "aigc_build_info": "aigc.build_info()",
}
_NAMED = re.compile(r"\baigc_[a-z_]+\b(?:\(\))?")


def said(text: Optional[bytes]) -> Optional[str]:
    """A sentence of the library, which names functions of C, with those of Python instead."""
    decoded = decode(text)
    if decoded is None or "aigc_" not in decoded:
        return decoded
    return _NAMED.sub(lambda match: _HERE.get(match.group().rstrip("()"), match.group()), decoded)


def error_from(pointer: Any, status: int) -> AigcError:
    """The exception for an aigc_error, which is freed; pointer may be NULL, and then the status says what is known."""
    library = lib()
    if not pointer:
        text = said(library.aigc_status_text(status)) or f"status {int(status)}"
        return class_of(status)(text, status=status)
    try:
        retry_after_ms = library.aigc_error_retry_after_ms(pointer)
        return class_of(status)(
            said(library.aigc_error_message(pointer)) or said(library.aigc_status_text(status)) or "",
            status=status,
            provider_code=decode(library.aigc_error_provider_code(pointer)),
            provider_message=decode(library.aigc_error_provider_message(pointer)),
            request_id=decode(library.aigc_error_request_id(pointer)),
            http_status=library.aigc_error_http_status(pointer) or None,
            retryable=bool(library.aigc_error_retryable(pointer)),
            retry_after=retry_after_ms / 1000 if retry_after_ms > 0 else None,
            outcome=Outcome(library.aigc_error_outcome(pointer)),
            field=decode(library.aigc_error_field(pointer)),
        )
    finally:
        library.aigc_error_free(pointer)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function that takes aigc_error **error last, and raises what it reports."""
    error = _native.error_p()
    status = function(*arguments, byref(error))
    if status:
        raise error_from(error, status)


class Handle:
    """Owns one C handle and frees it once, when nobody uses it any more.

    There is no free() on purpose: the C API wants a free to be the last use of its handle, and Python's reference count
    knows best when that is, because a call that is under way in another thread holds a reference to its arguments.
    """

    __slots__ = ("_as_parameter_", "_free", "__weakref__")

    def __init__(self, pointer: Any, free: Callable[[Any], None]) -> None:
        self._as_parameter_ = pointer
        self._free = free

    def __del__(self) -> None:
        # Runs at interpreter exit too: it uses nothing but its own two attributes.
        self._free(self._as_parameter_)

    def __reduce__(self) -> Any:
        raise TypeError("what the library holds cannot be copied or pickled")
