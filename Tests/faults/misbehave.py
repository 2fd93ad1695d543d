"""Carrying a fault out on a live connection."""

from __future__ import annotations

import asyncio
import email.utils
import json
import random
import ssl
import uuid
from typing import TYPE_CHECKING, Dict, Optional

from faults import FAULTS, Cloud, Fault
from stream import Stream, ended
from wire import Message, whole_length

if TYPE_CHECKING:
    from proxy import Hit, Proxy

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\r\n"
_OTHER_DIGITS = bytes.maketrans(b"0123456789", b"9876543210")
_BAD_CERTIFICATES = ("tls_wrong_name", "tls_wrong_authority", "tls_expired")


def garbage(size: int = 256) -> bytes:
    """Always the same noise; no line of it looks like HTTP."""
    return bytes(random.Random(7).randrange(128, 256) for _ in range(size))


def _answer(start: str, kind: str, body: bytes) -> Message:
    date = email.utils.formatdate(usegmt=True)
    return Message(start, [("Date", date), ("Content-Type", kind), ("Content-Length", str(len(body)))], body)


def throttled(provider: str) -> Message:
    """Too many requests, in the words of who says it, with a request id of its own and the time of day, as a cloud's."""
    request_id = str(uuid.uuid4())
    if provider == "tencent":
        error = {"Code": "RequestLimitExceeded", "Message": "Please reduce the frequency of calls."}
        text = json.dumps({"Response": {"Error": error, "RequestId": request_id}})
        return _answer("HTTP/1.1 200 OK", "application/json", text.encode())
    if provider == "alibaba":
        value = {
            "RequestId": request_id.upper(),
            "HostId": "127.0.0.1",
            "Code": "Throttling.User",
            "Message": "Request was denied due to user flow control.",
        }
        return _answer("HTTP/1.1 400 Bad Request", "application/json;charset=utf-8", json.dumps(value).encode())
    text = (
        "<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>SlowDown</Code><Message>Reduce your"
        " rate</Message></Error>"
    )
    return _answer("HTTP/1.1 503 Service Unavailable", "application/xml", text.encode())


# Before a request


async def spoil_connection(stream: Stream, fault: Fault, contexts: Optional[Dict[str, ssl.SSLContext]]) -> None:
    """A connection that comes to nothing."""
    if fault.name == "accept_close":
        stream.close()
    elif fault.name == "tls_garbage":
        await stream.receive_raw(1 << 16)
        await stream.send_raw(garbage())
        await stream.finish()
    elif fault.name == "tls_silence":
        await stream.gone()
    elif fault.name in _BAD_CERTIFICATES and contexts is not None:
        try:
            await stream.handshake(contexts[fault.name])
            await stream.gone()  # TLS 1.3: the client's refusal comes after the handshake's end
        except (ssl.SSLError, ConnectionError):
            pass
    else:
        raise RuntimeError("nobody knows how to do " + fault.name)


# Inside a request


async def spoil_request(stream: Stream, fault: Fault, is_tls: bool) -> None:
    """A request that has begun to arrive is not read to its end."""
    if fault.name == "reset_1":
        await stream.receive_raw(1)
    elif fault.name == "reset_half":
        whole = stream.pending_record() if is_tls else await _whole(stream)
        left = max(1, whole // 2)
        while left > 0:
            left -= len(await stream.receive_raw(left)) or left
    elif fault.name == "close_0":
        stream.close()  # unread bytes are there: the kernel makes a reset of it
        return
    stream.reset()


async def _whole(stream: Stream) -> int:
    for _ in range(1000):
        length = whole_length(stream.peek())
        if length is not None:
            return length
        await asyncio.sleep(0.001)
    return 2


# Instead of an answer


async def spoil_reply(proxy: "Proxy", stream: Stream, hit: "Hit", request: Message, variant: int) -> bool:
    """The request has been read; False when the connection has ended."""
    notify = variant % 2 == 0
    fault = FAULTS[hit.fault]
    name = fault.name
    reply: Optional[Message] = await proxy.forward(request) if fault.cloud is Cloud.EXECUTED else None
    if name in ("cached", "replayed"):
        old = proxy.newest(request) or await proxy.forward(request)
        await stream.send((old.with_header("Age", "31") if name == "cached" else old).to_bytes())
        return True
    if name == "old_refusal":
        await stream.send((proxy.refusal or throttled(proxy.provider)).to_bytes())
        return True
    if fault.harmless and reply is not None:
        return await _send_more(stream, name, reply, proxy.stranger(request, reply), variant)
    if name == "throttled":
        proxy.refusal = throttled(proxy.provider)
        await stream.send(proxy.refusal.to_bytes())
        return True
    if name in ("reset_all", "reset_answered"):
        stream.reset()
        return False
    if name in ("silence", "silence_answered"):
        await stream.gone()
        return False
    if name.startswith("garbage"):
        await stream.send(garbage())
        await stream.finish(notify)
        return False
    if name.startswith("html_502"):
        await stream.send(_answer("HTTP/1.1 502 Bad Gateway", "text/html", HTML).to_bytes())
        return True
    if name.startswith("empty_503"):
        await stream.send(_answer("HTTP/1.1 503 Service Unavailable", "text/plain", b"").to_bytes())
        return True
    if reply is None:  # close_all
        await stream.finish(notify)
        return False
    if name == "hold":
        await _hold(stream, reply, hit, variant << 10)
        return False
    if name == "smuggle":
        await stream.send(reply.to_bytes() + forged(reply).to_bytes())
        return True
    return await _spoil_whole_reply(stream, fault, reply, notify)


def forged(reply: Message) -> Message:
    """The same with other digits: the answer to nobody."""
    return reply.with_body(reply.body.translate(_OTHER_DIGITS))


async def _send_more(stream: Stream, name: str, reply: Message, stray: Message, variant: int) -> bool:
    """The answer, in chunks or with a length, and what nobody has asked for."""
    data, more = reply.to_bytes(), stray.to_bytes()
    if variant % 2 == 1:
        chunked = reply.with_header("Content-Length", None).with_header("Transfer-Encoding", "chunked")
        body = b"%x\r\n" % len(reply.body) + reply.body + b"\r\n" if reply.body else b""
        data = chunked.head_bytes() + body + b"0\r\n\r\n"
    if name == "second_at_once":
        await stream.send(data + more)
    elif name == "second_in_halves":
        await stream.send(data + more[: len(more) // 2])
        await stream.until_readable()
        if not stream.peek():
            return False
        await stream.send(more[len(more) // 2 :])
    else:
        await stream.send(data)
        await asyncio.sleep(0.02)
        if name == "second_later":
            await stream.send(more)
        else:
            await stream.send(_answer("HTTP/1.1 408 Request Time-out", "text/plain", b"").to_bytes())
    if name == "idle_408_close":
        await stream.finish()
        return False
    return True


async def _spoil_whole_reply(stream: Stream, fault: Fault, reply: Message, notify: bool) -> bool:
    name, data = fault.name, reply.to_bytes()
    if name == "cut_cipher":
        sealed = stream.sealed(data)
        await stream.send_raw(sealed[: len(sealed) * fault.eighths // 8])
        stream.close()
        return False
    if name == "length_short":
        short = reply.with_header("Content-Length", str(max(1, len(reply.body) - 10)))
        await stream.send(short.to_bytes())
        return True
    if name == "length_long":
        await stream.send(reply.with_header("Content-Length", str(len(reply.body) + 10)).to_bytes())
        await stream.finish(notify)
        return False
    if name == "chunked_cut":
        chunked = reply.with_header("Content-Length", None).with_header("Transfer-Encoding", "chunked")
        await stream.send(chunked.head_bytes() + b"%x\r\n" % len(reply.body) + reply.body[: len(reply.body) // 2])
        await stream.finish(notify)
        return False
    if name == "drip":
        await _drip(stream, data)
        return False
    await stream.send(data[: len(data) * fault.eighths // 8])
    if name == "stall":
        await stream.gone()
    elif name == "cut_reset":
        await asyncio.sleep(0.03)  # what was sent is to be read before the reset throws it away
        stream.reset()
    else:
        await stream.finish(notify)
    return False


async def _drip(stream: Stream, data: bytes) -> None:
    """A byte a second, until the client has had enough."""
    gone = asyncio.ensure_future(stream.gone())
    for at in range(len(data)):
        try:
            await stream.send(data[at : at + 1])
        except OSError:
            break
        done, _ = await asyncio.wait({gone}, timeout=1.0)
        if done:
            break
    await ended(gone)


async def _hold(stream: Stream, reply: Message, hit: "Hit", most: int) -> None:
    span = reply.get("content-range") or "bytes 0-"
    hit.offset = int(span.split(" ", 1)[1].split("-", 1)[0])
    await stream.send(reply.head_bytes() + reply.body[:most])
    hit.sent = min(most, len(reply.body))
    await stream.gone()
