"""An HTTP proxy (CONNECT and plain) with optional Basic authentication.

It leads the clouds' real host names to this sandbox, lets loopback through and refuses the rest:
a program with fixed endpoints can be tested, and nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
from contextlib import suppress
from typing import Any, Dict, List, Optional, Set, Tuple
from urllib.parse import urlsplit

from .faults import Fault
from .misbehave import reset
from .wire import Head
from .world import World

_MAX_HEAD = 64 * 1024
Address = Tuple[str, int]


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


class Proxy:
    """One listener; every connection carries one request."""

    def __init__(self, world: World, info: Dict[str, Any]) -> None:
        self._world = world
        self._info = info
        self._server: Optional[asyncio.AbstractServer] = None
        self._tasks: "Set[asyncio.Task[None]]" = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._accepted, host, port, limit=_MAX_HEAD, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the listener and every tunnel."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def route(self, host: str, port: int) -> Optional[Address]:
        """Where a target really is, or None when it may not be reached."""
        name = host.lower().strip("[]")
        secure = "https" if port == 443 else "http"
        if name in ("100.100.100.200", "metadata.tencentyun.com"):
            return _address(self._info["metadata"])
        if name.endswith(".myqcloud.com") or (".cos." in name and name.endswith(".sandbox.test")):
            return _address(self._info["bucket_" + secure]) if port in (80, 443) else ("127.0.0.1", port)
        if name.endswith((".aliyuncs.com", ".tencentcloudapi.com")):
            return _address(self._info[secure])
        if name == "localhost" or name.endswith("sandbox.test"):
            return ("127.0.0.1", port) if port not in (80, 443) else _address(self._info[secure])
        with suppress(ValueError):
            if ipaddress.ip_address(name).is_loopback:
                return name, port
        return None

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._world.ledger.connections["proxy"] += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = await reader.readuntil(b"\r\n\r\n")
        lines = raw.decode("utf-8", "surrogateescape").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3:
            return await _say(writer, 400, "Bad Request")
        pairs = [(n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:] if line)]
        head = Head(parts[0], parts[1], pairs)
        operation = "CONNECT" if head.method == "CONNECT" else "plain"
        world = self._world
        counts = world.ledger.operation("proxy", operation)
        counts.requests += 1
        counts.peak.count()
        entry = world.ledger.record(
            world.ledger.proxy_requests,
            {
                "provider": "proxy", "operation": operation, "time": world.clock.now(), "method": head.method,
                "target": head.target, "headers": pairs, "peer": writer.get_extra_info("peername")[0],
            },
        )
        fault = world.faults.take("proxy", "proxy", head.target)
        if fault is not None:
            counts.faults[fault.kind] += 1
            entry["fault"] = fault.kind
            if await _misbehave(fault, writer):
                return
        target = self._target(head)
        if not self._authorised(head):
            counts.refused["407"] += 1
            entry["status"] = 407
            return await _say(
                writer, 407, "Proxy Authentication Required", [("Proxy-Authenticate", 'Basic realm="aigc-sandbox"')]
            )
        where = self.route(*target) if target is not None else None
        if where is None:
            counts.refused["403"] += 1
            entry["status"] = 403
            return await _say(writer, 403, "Forbidden")
        try:
            far_reader, far_writer = await asyncio.open_connection(*where)
        except OSError:
            counts.refused["502"] += 1
            entry["status"] = 502
            return await _say(writer, 502, "Bad Gateway")
        counts.accepted += 1
        entry["status"] = 200
        try:
            if head.method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
            else:
                far_writer.write(_origin_form(head))
            await _both_ways(reader, writer, far_reader, far_writer)
        finally:
            far_writer.close()

    @staticmethod
    def _target(head: Head) -> Optional[Address]:
        if head.method == "CONNECT":
            host, _, port = head.target.rpartition(":")
            return (host, int(port)) if port.isascii() and port.isdigit() else None
        try:
            parts = urlsplit(head.target)
            port_number = parts.port or 80
        except ValueError:
            return None
        return (parts.hostname, port_number) if parts.scheme == "http" and parts.hostname else None

    def _authorised(self, head: Head) -> bool:
        settings = self._world.settings
        if not settings.proxy_user:
            return True
        expected = base64.b64encode((settings.proxy_user + ":" + settings.proxy_password).encode()).decode()
        kind, _, given = (head.get("proxy-authorization") or "").partition(" ")
        return kind.lower() == "basic" and given.strip() == expected


def _origin_form(head: Head) -> bytes:
    parts = urlsplit(head.target)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    lines: List[str] = ["%s %s HTTP/1.1" % (head.method, target)]
    for name, value in head.headers:
        if not name.lower().startswith("proxy-") and name.lower() != "connection":
            lines.append("%s: %s" % (name, value))
    lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


async def _say(writer: asyncio.StreamWriter, status: int, reason: str, headers: "list[Tuple[str, str]] | None" = None) -> None:
    lines = ["HTTP/1.1 %d %s" % (status, reason), "Content-Length: 0", "Connection: close"]
    lines += ["%s: %s" % pair for pair in headers or []]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()


async def _misbehave(fault: Fault, writer: asyncio.StreamWriter) -> bool:
    """Carry out a fault of the proxy; True when the request ends here."""
    kind, values = fault.kind, fault.values
    if kind == "delay":
        await asyncio.sleep(values["ms"] / 1000.0)
        return False
    if kind == "http":
        await _say(writer, values["status"], "Fault", sorted((values["headers"] or {}).items()))
    elif kind == "silence":
        await asyncio.sleep(3600.0 if values["ms"] is None else values["ms"] / 1000.0)
    elif kind in ("reset_before", "reset_after"):
        reset(writer.transport)
    return True  # every other kind: an orderly end without an answer


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while True:
            data = await reader.read(65536)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Carry bytes until the far side is done; a caller that leaves ends it too."""
    out = asyncio.ensure_future(_pump(reader, far_writer))
    back = asyncio.ensure_future(_pump(far_reader, writer))
    try:
        await back
    finally:
        for task in (out, back):
            task.cancel()
        await asyncio.gather(out, back, return_exceptions=True)
