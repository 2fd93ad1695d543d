"""What to generate: a plain Python object that can be kept, changed, pickled and submitted any number of times."""

from __future__ import annotations

import json
from ctypes import byref
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from . import _native
from ._call import INT64_MAX, Handle, call, encode, listed, milliseconds, optional
from ._library import lib
from .describe import _fields
from .enums import Status
from .errors import InvalidArgumentError

ImageURL = Union[str, Tuple[str, Optional[str]]]
"""A reference image: its URL, or (URL, reference type); the type is Tencent's ReferenceType."""


class JSONText(str):
    """JSON as text: goes out as it is, each number digit for digit."""


class Request:
    """A request for one operation of a provider. Each submission of it is a new job and a new bill.

    provider, operation: as aigc.operations() lists them.
    fields:      by neutral name, as aigc.fields(provider, operation) lists them. None means "not set". Dicts and lists
                 go out as JSON. A field of type "json" takes such a value, or a str that is JSON text already.
    image_urls:  reference images, each publicly reachable for the provider.
    body:        what a cloud added later: provider's own field names, with dots into objects, and any JSON value.
    follow:      whether the library polls the job until it ends; None takes the configuration's job.follow.
    deadline:    seconds until the library gives the job up; None takes the configuration's job.deadline_ms.
    check:       False sends values that the text of their field excludes, or that nobody means (a prompt of blanks, an
                 Alibaba prompt without <special-token>), instead of refusing them.
    traceparent, tracestate: the trace of your own tracing (W3C Trace Context), sent with every API call about the job.
    key:         with a journal (journal.path, AIGC_JOURNAL): the name of the job there. The same key is never paid twice,
                 also not by another process or after a crash; it gives the known job. Choose it, one for each picture that
                 you want: it is not made from the fields, because two equal prompts may be meant twice.
    hold:        True: the job waits before its first byte, after EventType.JOB_READY, until job.release(): to note it in a
                 database of your own first.

    Nothing is checked here: submit() does, before anything is sent.
    """

    def __init__(
        self,
        provider: str,
        operation: str,
        *,
        image_urls: Iterable[ImageURL] = (),
        body: Optional[Mapping[str, Any]] = None,
        follow: Optional[bool] = None,
        deadline: Optional[float] = None,
        traceparent: Optional[str] = None,
        tracestate: Optional[str] = None,
        key: Optional[str] = None,
        hold: bool = False,
        check: bool = True,
        **fields: Any,
    ) -> None:
        self.provider = provider
        self.operation = operation
        self.fields: Dict[str, Any] = fields
        self.image_urls: List[ImageURL] = _images(image_urls)
        self.body: Dict[str, Any] = dict(_members(body))
        self.follow = follow
        self.deadline = deadline
        self.traceparent = traceparent
        self.tracestate = tracestate
        self.key = key
        self.hold = hold
        self.check = check

    def __repr__(self) -> str:
        # No values: prompts and signed image URLs do not belong in a log.
        return f"<aigc.Request {self.provider} {self.operation} fields={sorted(self.fields)}>"

    def _build(self) -> Handle:
        """A new aigc_request. Raises InvalidArgumentError."""
        pointer = _native.request_p()
        names = encode(self.provider, "provider"), encode(self.operation, "operation")
        call(lib().aigc_request_new, *names, byref(pointer))
        handle = Handle(pointer, lib().aigc_request_free)
        types = {row.name: row.type for row in _fields(self.provider, self.operation)}
        for name, value in self.fields.items():
            if value is not None:
                _set_field(handle, name, value, types.get(name))
        for image in _images(self.image_urls):
            _add_image(handle, image)
        for name, value in _members(self.body).items():
            _set_json(handle, f"body.{name}", value)
        if self.follow is not None:
            _set_option(handle, "follow", "true" if self.follow else "false")
        if self.deadline is not None:
            _set_option(handle, "deadline_ms", str(milliseconds(self.deadline)))
        if self.traceparent is not None:
            _set_option(handle, "traceparent", self.traceparent)
        if self.tracestate is not None:
            _set_option(handle, "tracestate", self.tracestate)
        if self.key is not None:
            if not self.key:
                # For the library it means none, and a shell variable that is not set would pay each time.
                raise _invalid("key", "key is empty: give the job a name, or leave key out")
            _set_option(handle, "key", self.key)
        if self.hold:
            _set_option(handle, "hold", "true")
        if not self.check:
            _set_option(handle, "check", "off")
        return handle


def _images(given: Iterable[ImageURL]) -> List[ImageURL]:
    """Reference images; a single URL is one of them."""
    return [given] if isinstance(given, str) else listed(given, "image_urls", "URLs")


def _members(body: Optional[Mapping[str, Any]]) -> Mapping[str, Any]:
    if body is not None and not isinstance(body, Mapping):
        # dict() would make names and values of texts with two letters.
        raise _invalid("body", f"body is a {type(body).__name__}, and must be a dict of the provider's own names")
    return body or {}


_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
BLANKS = _INVISIBLE + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


def wrong_edge(key: str) -> Optional[str]:
    """Why a key that a person wrote is certainly a mistake: nobody sees a blank at its end. The library compares keys byte by
    byte, so that the same picture would be paid under each of the two."""
    for character, how in ((key[:1], "begins with"), (key[-1:], "ends in")):
        if character and character in BLANKS:
            what = "a blank" if character.isspace() else f"an invisible character (U+{ord(character):04X})"
            return f"the key {key!r} {how} {what}: {key.strip(BLANKS)!r} is another key, which is paid by itself. Remove it"
    return None


def load_json(text: str) -> Any:
    """JSON, where each name of an object is there once. Raises ValueError."""
    return json.loads(text, object_pairs_hook=once)


def once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """An object. Of two members of one name nobody can know which one is to be paid for."""
    found: Dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'"{name}" is there twice')
        found[name] = value
    return found


def _set_field(handle: Handle, name: str, value: Any, kind: Optional[str]) -> None:
    """kind is the type that the field has; None if the operation has no such field, and then the library says so."""
    library = lib()
    raw = encode(name, "field name")
    if kind == "image_url":
        for image in [value] if isinstance(value, tuple) else _images(value):
            _add_image(handle, image)
    elif kind == "json" and isinstance(value, str):
        call(library.aigc_request_set_json, handle, raw, encode(value, name))
    elif isinstance(value, str):
        call(library.aigc_request_set_string, handle, raw, encode(value, name))
    elif isinstance(value, (dict, list, tuple)) or kind == "json":
        _set_json(handle, name, value)
    elif isinstance(value, bool):
        call(library.aigc_request_set_bool, handle, raw, int(value))
    elif isinstance(value, int):
        if not -INT64_MAX - 1 <= value <= INT64_MAX:
            raise _invalid(name, f"{name} is {value}, which does not fit into 64 bits")
        call(library.aigc_request_set_int, handle, raw, value)
    elif isinstance(value, float):
        call(library.aigc_request_set_double, handle, raw, value)
    else:
        raise _invalid(name, f"{name} is a {type(value).__name__}, and must be a str, bool, int, float, dict or list")


def _set_json(handle: Handle, name: str, value: Any) -> None:
    try:
        text = value if isinstance(value, JSONText) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise _invalid(name, f"{name} cannot be written as JSON: {error}") from None
    call(lib().aigc_request_set_json, handle, encode(name, "field name"), encode(text, name))


def _add_image(handle: Handle, image: ImageURL) -> None:
    if isinstance(image, tuple):
        if len(image) != 2:
            raise _invalid("image_urls", "an image is a URL, or a pair of URL and reference type")
        url, reference = image
    else:
        url, reference = image, None
    raw = encode(url, "image_urls"), optional(reference, "image_urls")
    call(lib().aigc_request_add_image_url, handle, *raw)


def _set_option(handle: Handle, name: str, value: str) -> None:
    call(lib().aigc_request_set_option, handle, encode(name, "option"), encode(value, name))


def _invalid(field: str, message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT, field=field)
