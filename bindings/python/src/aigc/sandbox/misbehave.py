"""Carrying out a fault on a live connection: delays, cuts, resets, garbage, slow answers."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Awaitable, Callable, List, Optional, Tuple

from aiohttp import web

from .faults import INSIDE, Fault
from .wire import Reply, http_date

SERVER_NAME = "aigc-sandbox"
Handle = Callable[[], Awaitable[Reply]]
Refuse = Callable[[Fault], Reply]
_LONGEST_SILENCE = 3600.0


def response(reply: Reply, now: float) -> web.Response:
    """The reply as aiohttp sends it."""
    answer = web.Response(status=reply.status, body=reply.body)
    headers = answer.headers
    headers["Date"] = http_date(now)
    headers["Server"] = SERVER_NAME
    headers["Content-Type"] = reply.content_type
    for name, value in reply.headers:
        headers.add(name, value)
    return answer


def _head(reply: Reply, now: float, extra: List[Tuple[str, str]]) -> bytes:
    reason = web.Response(status=reply.status).reason
    lines = ["HTTP/1.1 %d %s" % (reply.status, reason)]
    headers = [("Date", http_date(now)), ("Server", SERVER_NAME), ("Content-Type", reply.content_type)]
    for name, value in headers + reply.headers + extra:
        lines.append(name + ": " + value)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def reset(transport: Optional[asyncio.WriteTransport]) -> None:
    """Answer with a TCP reset instead of an orderly end."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # the other side was faster
    transport.abort()


async def _drain(transport: asyncio.Transport) -> None:
    """Wait until the kernel has taken what was written, or the other side is gone."""
    for _ in range(3000):
        if transport.is_closing() or transport.get_write_buffer_size() == 0:
            return
        await asyncio.sleep(0.01)


async def _write_and_end(transport: Optional[asyncio.Transport], data: bytes, with_reset: bool = False) -> web.Response:
    if transport is not None and not transport.is_closing():
        transport.write(data)
        if with_reset:
            await _drain(transport)
            await asyncio.sleep(0.05)  # let the bytes be read before the reset throws them away
            reset(transport)
        else:
            transport.close()
    return web.Response()


async def _drip(transport: Optional[asyncio.Transport], head: bytes, body: bytes, fault: Fault) -> web.Response:
    if transport is None:
        return web.Response()
    pause, step = fault.values["interval_ms"] / 1000.0, fault.values["size"]
    slow = head + body if fault.values["head"] else body
    if not fault.values["head"]:
        transport.write(head)
    for start in range(0, len(slow), step):
        await asyncio.sleep(pause)
        if transport.is_closing():
            return web.Response()
        transport.write(slow[start : start + step])
    transport.close()
    return web.Response()


async def _silence(transport: Optional[asyncio.Transport], fault: Fault) -> web.Response:
    wanted = fault.values["ms"]
    left = _LONGEST_SILENCE if wanted is None else wanted / 1000.0
    while left > 0 and transport is not None and not transport.is_closing():
        await asyncio.sleep(min(0.1, left))
        left -= 0.1
    if transport is not None:
        transport.close()
    return web.Response()


def _made_up(fault: Fault, refuse: Refuse) -> Optional[Reply]:
    """The answer of the kinds that only replace it."""
    values = fault.values
    if fault.kind in ("error", "success_false"):
        return refuse(fault)
    if fault.kind == "http":
        extra = sorted((values["headers"] or {}).items())
        body = values["body"].encode("utf-8", "surrogateescape")  # U+DC80 to U+DCFF are bytes that are no text
        return Reply(values["status"], body, values["content_type"], extra, "fault")
    if fault.kind == "html":
        return Reply(values["status"], values["body"].encode(), "text/html; charset=utf-8", [], "fault")
    if fault.kind == "redirect":
        return Reply(values["status"], b"", "text/plain", [("Location", values["location"])], "fault")
    if fault.kind == "garbage_body":
        return Reply(200, os.urandom(values["size"]), values["content_type"], [], "fault")
    return None


async def perform(
    request: web.BaseRequest, fault: Fault, handle: Handle, refuse: Refuse, now: Callable[[], float]
) -> web.Response:
    """Answer one request the way the fault says."""
    transport = request.transport
    kind, values = fault.kind, fault.values
    if kind in INSIDE:
        return response(await handle(), now())
    if kind == "delay":
        await asyncio.sleep(values["ms"] / 1000.0)
        return response(await handle(), now())
    if kind == "reset_before":
        reset(transport)
        return web.Response()
    if kind == "close_before":
        return await _write_and_end(transport, b"")
    reply: Optional[Reply] = None
    if values.get("handled", True):
        reply = await handle()
    else:
        await request.content.read()  # taken off the wire, but nothing happens
    instead = _made_up(fault, refuse)
    if instead is not None:
        return response(instead, now())
    if kind == "delay_after":
        await asyncio.sleep(values["ms"] / 1000.0)
        assert reply is not None
        return response(reply, now())
    if kind == "silence":
        return await _silence(transport, fault)
    if kind == "reset_after":
        reset(transport)
        return web.Response()
    if kind == "close_after":
        return await _write_and_end(transport, b"")
    if kind == "garbage":
        return await _write_and_end(transport, os.urandom(values["size"]))
    assert reply is not None
    body = b"" if request.method == "HEAD" else reply.body
    if kind == "chunked_cut":
        head = _head(reply, now(), [("Transfer-Encoding", "chunked")])
        chunk = b"%x\r\n" % len(body) + body
        return await _write_and_end(transport, head + chunk[: fault.share(len(chunk))], values["reset"])
    length = len(reply.body) + (values["delta"] if kind == "wrong_length" else 0)
    head = _head(reply, now(), [("Content-Length", str(max(0, length))), ("Connection", "close")])
    if kind == "drip":
        return await _drip(transport, head, body, fault)
    if kind == "cut":
        whole = head + body
        if values["of"] == "body":
            whole = head + body[: fault.share(len(body))]
        else:
            whole = whole[: fault.share(len(whole))]
        return await _write_and_end(transport, whole, values["reset"])
    return await _write_and_end(transport, head + body)
