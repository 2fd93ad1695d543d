"""A proxy before one origin that misbehaves on command, per connection or per request, and counts what came.

It is the server of the client's connection (TLS with the sandbox's certificate, so that it can cut inside a reply) and
makes one new connection to the origin for each request that it passes on: it never sends a request twice by itself.

usage: proxy.py --to HOST:PORT [--fault NAME [--after N] [--times N]] [--tls CERTIFICATE KEY]
  prints its address as a line of JSON, runs until it is ended, and then prints its counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import ssl
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from faults import FAULTS, At, Fault
from misbehave import forged, spoil_connection, spoil_reply, spoil_request
from stream import Stream, ended
from wire import Ended, Message, read_message


class Address(NamedTuple):
    """Where the origin listens."""

    host: str
    port: int


@dataclass
class Hit:
    """One time that a fault struck."""

    fault: str
    connection: int
    # Requests that the connection had carried before.
    before: int
    # Monotonic seconds: when the first byte arrived, and when the client had left (0: nobody waited for that).
    began: float
    gone: float = 0.0
    forwarded: bool = False
    # Bytes of a body that were sent before a hold, and where in the object they lie.
    sent: int = 0
    offset: int = 0


@dataclass
class Counts:
    """What came to a proxy."""

    connections: int = 0
    # Requests of which at least one byte arrived, and those that were passed on.
    begun: int = 0
    forwarded: int = 0
    hits: List[Hit] = field(default_factory=list)
    # Start lines of requests that could be read.
    targets: List[str] = field(default_factory=list)


@dataclass
class _Armed:
    fault: Fault
    left: int  # -1: for ever
    skip: int
    variant: int


class Proxy:
    """One listening port. Lives on one event loop; nothing here may be called from elsewhere."""

    def __init__(
        self,
        origin: Address,
        contexts: Optional[Dict[str, ssl.SSLContext]] = None,
        provider: str = "",
        rewrite: Sequence[Tuple[bytes, bytes]] = (),
        close_each: bool = False,
    ) -> None:
        self.origin = origin
        self.contexts = contexts
        # Whose words a throttling answer is in: alibaba, tencent, or a store's.
        self.provider = provider
        # Replaced in the bodies of replies: origins of image URLs.
        self.rewrite = list(rewrite)
        # Ends each connection after one good exchange, so that the next request comes on a fresh one.
        self.close_each = close_each
        # What TLS behind CONNECT is spoken with: the door is a forward proxy then.
        self.tunnel: Optional[ssl.SSLContext] = None
        # The newest good replies by the kind of their request, each with its request.
        self._replies: Dict[str, List[Tuple[bytes, Message]]] = {}
        # The newest refusal that this proxy gave.
        self.refusal: Optional[Message] = None
        self.counts = Counts()
        self.port = 0
        self._armed: Optional[_Armed] = None
        self._holder: Optional[socket.socket] = None
        self._listener: Optional[socket.socket] = None
        self._accepting: Optional["asyncio.Task[None]"] = None
        self._serving: Set["asyncio.Task[None]"] = set()
        self._idle: Set["asyncio.Task[None]"] = set()

    # The port

    async def start(self) -> int:
        """Listen on a port of the kernel's choice."""
        self._holder = socket.socket()  # keeps the port ours while nobody listens
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self.port = self._holder.getsockname()[1]
        self.listen()
        return self.port

    def listen(self) -> None:
        """Open the port."""
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.setblocking(False)
        listener.listen(512)
        self._listener = listener
        self._accepting = asyncio.ensure_future(self._accept(listener))

    async def refuse(self) -> None:
        """Close the port: connections are refused until listen()."""
        if self._accepting is not None:
            await ended(self._accepting)  # it must release the descriptor before another socket gets its number
            self._accepting = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def vanish(self) -> None:
        """The machine behind the port is gone, with every connection: whatever they are in the middle of."""
        await self.refuse()
        for task in list(self._serving):
            await ended(task)

    async def stop(self) -> None:
        """End everything at once."""
        await self.vanish()
        if self._holder is not None:
            self._holder.close()
            self._holder = None

    # Commands

    async def arm(self, name: str, times: int = 1, skip: int = 0, variant: int = 0) -> None:
        """From now on misbehave so many times (-1: for ever), after leaving skip requests alone."""
        if name == "refuse":
            await self.refuse()
        self._armed = _Armed(FAULTS[name], times, skip, variant)

    def disarm(self) -> None:
        """Behave."""
        self._armed = None
        self.listen()

    async def end_idle(self) -> None:
        """Connections that wait for another request end, as a server does that has waited long enough."""
        for _ in range(200):
            if self._idle == self._serving:
                break
            await asyncio.sleep(0.005)  # the client may have its answer a moment earlier
        for task in list(self._idle):
            await ended(task)

    def _take(self, *places: At) -> Optional[_Armed]:
        armed = self._armed
        if armed is None or armed.fault.at not in places or armed.left == 0:
            return None
        if armed.skip > 0:
            armed.skip -= 1
            return None
        if armed.left > 0:
            armed.left -= 1
        return armed

    # Connections

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(listener)
            self.counts.connections += 1
            task = asyncio.ensure_future(self._serve(Stream(sock), self.counts.connections))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, stream: Stream, number: int) -> None:
        try:
            armed = self._take(At.CONNECTION)
            if armed is not None:
                hit = Hit(armed.fault.name, number, 0, time.monotonic())
                self.counts.hits.append(hit)
                await spoil_connection(stream, armed.fault, self.contexts)
                hit.gone = time.monotonic()
                return
            if self.contexts is not None:
                await stream.handshake(self.contexts["good"])
            before = 0
            while await self._next_begins(stream):
                if not await self._one(stream, number, before):
                    return
                before += 1
        except (OSError, Ended, asyncio.TimeoutError, ssl.SSLError):
            pass  # the client ended it; the counts tell
        finally:
            stream.close()

    async def _next_begins(self, stream: Stream) -> bool:
        task = asyncio.current_task()
        assert task is not None
        self._idle.add(task)
        try:
            return await stream.next_begins()
        finally:
            self._idle.discard(task)

    async def _one(self, stream: Stream, number: int, before: int) -> bool:
        """Answer one request; False when the connection has ended."""
        self.counts.begun += 1
        if self.tunnel is not None and before == 0 and stream.peek(8) == b"CONNECT ":
            await self._read(stream)
            await stream.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await stream.handshake(self.tunnel)
            return True
        armed = self._take(At.REQUEST, At.REPLY)
        if armed is None:
            request = await self._read(stream)
            reply = await self.forward(request)
            if self.close_each:
                reply = reply.with_header("Connection", "close")
            await stream.send(reply.to_bytes())
            if self.close_each:
                await stream.finish()
            return not self.close_each
        hit = Hit(armed.fault.name, number, before, time.monotonic())
        self.counts.hits.append(hit)
        try:
            if armed.fault.at is At.REQUEST:
                await spoil_request(stream, armed.fault, self.contexts is not None)
                return False
            request = await self._read(stream)
            passed_on = self.counts.forwarded
            stays_open = await spoil_reply(self, stream, hit, request, armed.variant)
            hit.forwarded = self.counts.forwarded > passed_on
            return stays_open
        finally:
            hit.gone = time.monotonic()

    async def _read(self, stream: Stream) -> Message:
        request = await read_message(stream.receive)
        self.counts.targets.append(request.start)
        return request

    # The origin

    async def forward(self, request: Message) -> Message:
        """Pass a request on, once, and take the whole reply."""
        self.counts.forwarded += 1
        raw = request.raw
        if "://" in request.start:  # the form that a forward proxy gets
            verb, target, version = request.start.split(" ")
            path = "/" + (target.split("://", 1)[1].split("/", 1) + [""])[1]
            raw = raw.replace(request.start.encode("latin-1"), " ".join((verb, path, version)).encode("latin-1"), 1)
        reader, writer = await asyncio.open_connection(self.origin.host, self.origin.port)
        try:
            writer.write(raw)
            reply = await read_message(lambda: reader.read(1 << 16), is_reply=True)
        finally:
            writer.close()
        body = reply.body
        for old, new in self.rewrite:
            body = body.replace(old, new)
        reply = reply if body == reply.body else reply.with_body(body)
        if " 200 " in reply.start:
            self._replies[_kind(request)] = [*self._replies.get(_kind(request), [])[-7:], (request.raw, reply)]
        return reply

    def newest(self, request: Message) -> Optional[Message]:
        """The newest reply to such a request."""
        return next((reply for _, reply in reversed(self._replies.get(_kind(request), []))), None)

    def stranger(self, request: Message, reply: Message) -> Message:
        """A reply to another request of that kind; one that nobody ever got where there was none."""
        for raw, other in reversed(self._replies.get(_kind(request), [])):
            if raw != request.raw and other.body != reply.body:
                return other
        return forged(reply)


def _kind(request: Message) -> str:
    """What requests with replies of one form have in common."""
    action = request.get("x-acs-action") or request.get("x-tc-action")
    return action or "%s %s" % (request.start.split(" ")[0], request.start.split("?")[0].split(" ")[1].count("/"))


def contexts_from(files: Dict[str, Tuple[Path, Path]]) -> Dict[str, ssl.SSLContext]:
    """Server contexts by name, from certificate and key files; "good" must be there."""
    made = {}
    for name, (certificate, key) in files.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["http/1.1"])
        made[name] = context
    return made


async def _run(options: argparse.Namespace) -> None:
    host, _, port = options.to.rpartition(":")
    contexts = None
    if options.tls:
        contexts = contexts_from({"good": (Path(options.tls[0]), Path(options.tls[1]))})
    proxy = Proxy(Address(host, int(port)), contexts, options.provider, close_each=options.close_each)
    await proxy.start()
    if options.fault:
        await proxy.arm(options.fault, options.times, options.after, options.variant)
    print(json.dumps({"address": "127.0.0.1:%d" % proxy.port}), flush=True)
    finish = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, finish.set)
    await finish.wait()
    await proxy.stop()
    counts = {**proxy.counts.__dict__, "hits": [hit.__dict__ for hit in proxy.counts.hits]}
    print(json.dumps(counts), flush=True)


def main() -> int:
    """Run as a command."""
    p = argparse.ArgumentParser()
    p.add_argument("--to", required=True, metavar="HOST:PORT", help="the origin, plain HTTP")
    p.add_argument("--fault", choices=sorted(FAULTS))
    p.add_argument("--after", type=int, default=0, help="requests to leave alone first")
    p.add_argument("--times", type=int, default=1, help="-1: for ever")
    p.add_argument("--variant", type=int, default=0, help="even: TLS says good-bye before an end, odd: it does not")
    p.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    p.add_argument(
        "--provider", default="", choices=("", "alibaba", "tencent", "store"), help="in whose words to throttle"
    )
    p.add_argument("--close-each", action="store_true", help="end each connection after one exchange")
    asyncio.run(_run(p.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
