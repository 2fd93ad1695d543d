"""One HTTP/1.1 message at a time, kept byte for byte. No sockets here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Awaitable, Callable, List, Optional, Tuple

HEAD_LIMIT = 1 << 20
Receive = Callable[[], Awaitable[bytes]]


class Ended(Exception):
    """The other side ended before a message was whole."""


@dataclass
class Message:
    """A request or a reply. ``raw`` is what came."""

    start: str
    headers: List[Tuple[str, str]]
    body: bytes
    raw: bytes = field(repr=False, default=b"")

    def get(self, name: str) -> Optional[str]:
        """The first value of a header; name in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def with_header(self, name: str, value: Optional[str]) -> "Message":
        """The same with one header replaced, or taken away."""
        kept = [(key, old) for key, old in self.headers if key.lower() != name.lower()]
        return Message(self.start, kept + ([] if value is None else [(name, value)]), self.body)

    def with_body(self, body: bytes) -> "Message":
        """The same with another body and its length."""
        return Message(self.start, self.headers, body).with_header("Content-Length", str(len(body)))

    def head_bytes(self) -> bytes:
        """Start line, headers and the empty line."""
        lines = [self.start, *("%s: %s" % pair for pair in self.headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def to_bytes(self) -> bytes:
        """The whole message."""
        return self.head_bytes() + self.body


def parse_head(data: bytes) -> Optional[Tuple[Message, int]]:
    """The head at the beginning of data, and where its body begins; None while it is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = data[:end].decode("latin-1").split("\r\n")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return Message(lines[0], headers, b""), end + 4


def whole_length(data: bytes) -> Optional[int]:
    """How long the request is whose beginning is data; None while its head is not whole."""
    parsed = parse_head(data)
    if parsed is None:
        return None
    message, body_at = parsed
    return body_at + int(message.get("content-length") or 0)


async def read_message(receive: Receive, is_reply: bool = False) -> Message:
    """The next message of a stream. Bytes after it are dropped: nobody sends two requests at once here.

    A reply without a length ends with its connection. Raises Ended when the stream ends too early.
    """
    data = b""
    parsed = None
    while parsed is None:
        part = await receive()
        if not part or len(data) > HEAD_LIMIT:
            raise Ended("after %d bytes of a head" % len(data))
        data += part
        parsed = parse_head(data)
    message, body_at = parsed
    length = message.get("content-length")
    if length is None and is_reply and message.get("transfer-encoding") is None:
        while True:
            part = await receive()
            if not part:
                break
            data += part
        whole = len(data)
    elif message.get("transfer-encoding") is not None:
        raise Ended("a chunked message, which nobody here is expected to send")
    else:
        whole = body_at + int(length or 0)
        parts, have = [data], len(data)
        while have < whole:
            part = await receive()
            if not part:
                raise Ended("after %d of %d bytes" % (have, whole))
            parts.append(part)
            have += len(part)
        data = b"".join(parts)
    message.raw = data[:whole]
    message.body = message.raw[body_at:]
    return message
