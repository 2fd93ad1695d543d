"""What goes over the wire: a request head as received, and a reply before it is sent.

No sockets here. Header text is kept with ``surrogateescape`` so that the bytes that were signed can be rebuilt.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple
from urllib.parse import quote, unquote_to_bytes

UNRESERVED = "-_.~"


class Refusal(Exception):
    """A request that a cloud turns down: its own code, HTTP status and message."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 200,
        *,
        service: bool = False,
        headers: Sequence[Tuple[str, str]] = (),
    ) -> None:
        super().__init__(code + ": " + message)
        self.code = code
        self.message = message
        self.status = status
        self.service = service  # Alibaba: said by the service behind the gateway
        self.headers = list(headers)


class Head:
    """Request line and headers, untouched."""

    __slots__ = ("method", "target", "path", "query", "headers", "_by_name")

    def __init__(self, method: str, target: str, headers: Sequence[Tuple[str, str]]) -> None:
        self.method = method
        self.target = target
        path, _, query = target.partition("?")
        self.path = path
        self.query = query.partition("#")[0]
        self.headers = list(headers)
        by_name: Dict[str, List[str]] = {}
        for name, value in headers:
            by_name.setdefault(name.lower(), []).append(value)
        self._by_name = by_name

    def get(self, name: str) -> Optional[str]:
        """The first value of a header, or None."""
        values = self._by_name.get(name)
        return values[0] if values else None

    def all(self, name: str) -> List[str]:
        """Every value of a header, in the order received."""
        return self._by_name.get(name, [])

    def names(self) -> List[str]:
        """The lower-case names of all headers present."""
        return list(self._by_name)

    def arguments(self) -> Dict[str, str]:
        """The decoded query (the last of several equal names wins)."""
        return {
            k.decode("utf-8", "surrogateescape"): v.decode("utf-8", "surrogateescape")
            for k, v in query_pairs(self.query)
        }


@dataclass
class Reply:
    """An answer before it is sent; ``code`` is empty when the request was accepted."""

    status: int
    body: bytes
    content_type: str
    headers: List[Tuple[str, str]] = field(default_factory=list)
    code: str = ""


def query_pairs(raw: str) -> List[Tuple[bytes, bytes]]:
    """Split a raw query and decode it (form encoding: a plus sign is a blank)."""
    pairs: List[Tuple[bytes, bytes]] = []
    for part in raw.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        pairs.append((unquote_to_bytes(name.replace("+", " ")), unquote_to_bytes(value.replace("+", " "))))
    return pairs


def percent(value: bytes) -> str:
    """RFC 3986 encoding, upper-case hex, nothing but unreserved characters left alone."""
    return quote(value, safe=UNRESERVED)


def dump_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; falls back to escapes where the text holds lone surrogates."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def json_reply(value: Any, status: int = 200, code: str = "", headers: Sequence[Tuple[str, str]] = ()) -> Reply:
    """A JSON answer."""
    return Reply(status, dump_json(value), "application/json; charset=utf-8", list(headers), code)


def new_request_id() -> str:
    """A request id in the form both clouds use."""
    return str(uuid.uuid4())


def http_date(seconds: float) -> str:
    """An HTTP date (RFC 9110)."""
    from email.utils import formatdate

    return formatdate(seconds, usegmt=True)
