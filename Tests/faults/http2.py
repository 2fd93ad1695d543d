"""A door that speaks HTTP/2 and HTTP/1.1 over TLS, whichever the client asks for, and ends HTTP/2 badly on command."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from proxy import Address, Proxy
from wire import Ended, Message, read_message

# name: what has become of the request by then (the cloud has carried it out: True)
FAULTS: Dict[str, bool] = {
    "goaway_before": False,  # "no stream was processed", and the connection ends
    "goaway_after": True,  # "this stream was", and no answer
    "goaway_answered": True,  # a good answer, and no more requests on this connection
    "refused_stream": False,
    "internal_error": True,
    "half_a_body": True,  # then RST_STREAM
    "half_and_gone": True,  # then the connection ends
    "close": True,  # a FIN without a word
    "reset": True,
    "garbage": True,
}
_GONE = ("goaway_before", "goaway_after", "half_and_gone", "close", "reset", "garbage")


def _text(headers: Iterable[Any]) -> List[Tuple[str, str]]:
    return [(str(name), str(value)) for name, value in headers]


class Http2Door:
    """One listening port before one plain origin. Lives on one event loop."""

    def __init__(
        self, origin: str, files: Tuple[Path, Path], rewrite: Sequence[Tuple[bytes, bytes]] = (),
        mixed: Optional[str] = None,
    ) -> None:
        host, _, port = origin.split("//", 1)[1].rpartition(":")
        self._origin = Proxy(Address(host, int(port)), rewrite=rewrite)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        # As if there were machines behind the port that know no HTTP/2: every connection until a request with the words
        # `mixed` has come over HTTP/1.1, and every second one from then on.
        self._old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._old.load_cert_chain(*files)
        self._old.set_alpn_protocols(["http/1.1"])
        self._mixed = mixed
        self._handshakes = 0
        # What came, by version and start line without its query.
        self.seen: "Counter[Tuple[str, str]]" = Counter()
        self.connections: "Counter[str]" = Counter()
        self.hits = 0
        self.port = 0
        self._armed: Optional[str] = None
        self._left = 0
        self._server: Optional[asyncio.AbstractServer] = None
        self._writers: List[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        """Where it is reached."""
        return "https://127.0.0.1:%d" % self.port

    async def start(self) -> None:
        """Listen on a port of the kernel's choice."""
        if self._mixed is not None:
            self.context.sni_callback = self._choose
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]

    def _choose(self, tls: Any, _name: Any, _context: Any) -> None:
        self._handshakes += 1
        if self._handshakes % 2 == 1 or self.count("http/1.1", self._mixed or "") == 0:
            tls.context = self._old

    async def stop(self) -> None:
        """End it at once."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def arm(self, name: str, times: int) -> None:
        """Misbehave so many times (-1: for ever) on HTTP/2."""
        self._armed, self._left, self.hits = name, times, 0

    def count(self, version: str, words: str = "") -> int:
        """How many requests came in that version whose start line or action has these words."""
        return sum(number for (kind, line), number in self.seen.items() if kind == version and words in line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        version = writer.get_extra_info("ssl_object").selected_alpn_protocol() or "http/1.1"
        self.connections[version] += 1
        try:
            await (self._two(reader, writer) if version == "h2" else self._one(reader, writer))
        except (OSError, Ended, asyncio.IncompleteReadError, h2.exceptions.ProtocolError):
            pass  # the client ended it; the counts tell
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_message(lambda: reader.read(1 << 16))
            self._note("http/1.1", request)
            writer.write((await self._origin.forward(request)).to_bytes())
            await writer.drain()

    def _note(self, version: str, request: Message) -> None:
        action = request.get("x-tc-action") or request.get("x-acs-action") or ""
        self.seen[version, "%s %s" % (request.start.split("?", 1)[0], action)] += 1

    # HTTP/2

    async def _two(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        link.initiate_connection()
        writer.write(link.data_to_send())
        heads: Dict[int, List[Tuple[str, str]]] = {}
        bodies: Dict[int, bytes] = {}
        while True:
            data = await reader.read(1 << 16)
            if not data:
                return
            for event in link.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    heads[event.stream_id], bodies[event.stream_id] = _text(event.headers), b""
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    link.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    number = event.stream_id
                    if not await self._answer(link, writer, number, heads.pop(number), bodies.pop(number)):
                        return
            writer.write(link.data_to_send())
            await writer.drain()

    def _take(self) -> Optional[str]:
        if self._armed is None or self._left == 0:
            return None
        self._left -= self._left > 0
        self.hits += 1
        return self._armed

    async def _answer(
        self, link: h2.connection.H2Connection, writer: asyncio.StreamWriter, number: int,
        head: List[Tuple[str, str]], body: bytes,
    ) -> bool:
        """Answer one request; False when the connection has ended."""
        pseudo = {name: value for name, value in head if name.startswith(":")}
        headers = [("Host", pseudo[":authority"])] + [pair for pair in head if not pair[0].startswith(":")]
        if body and not any(name == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(body))))
        request = Message("%s %s HTTP/1.1" % (pseudo[":method"], pseudo[":path"]), headers, body)
        request.raw = request.to_bytes()
        self._note("h2", request)
        fault = self._take()
        reply = await self._origin.forward(request) if fault is None or FAULTS[fault] else None
        if fault in _GONE:
            await self._leave(link, writer, number, fault, reply)
            return False
        if fault in ("refused_stream", "internal_error"):
            code = h2.errors.ErrorCodes.REFUSED_STREAM if reply is None else h2.errors.ErrorCodes.INTERNAL_ERROR
            link.reset_stream(number, code)
        elif reply is not None:
            await self._send(link, writer, number, reply, half=fault == "half_a_body")
        if fault == "goaway_answered":
            link.close_connection(last_stream_id=number)
        writer.write(link.data_to_send())
        await writer.drain()
        return True

    async def _send(
        self, link: h2.connection.H2Connection, writer: asyncio.StreamWriter, number: int, reply: Message, half: bool
    ) -> None:
        skipped = ("connection", "transfer-encoding", "keep-alive")
        fields = [(name.lower(), value) for name, value in reply.headers if name.lower() not in skipped]
        link.send_headers(number, [(":status", reply.start.split(" ")[1]), *fields])
        body = reply.body[: len(reply.body) // 2] if half else reply.body
        while body:  # windows of clients are large; what does not fit is not worth a wait here
            size = min(len(body), link.local_flow_control_window(number), link.max_outbound_frame_size)
            if size == 0:
                raise Ended("no window")
            link.send_data(number, body[:size])
            body = body[size:]
        if half:
            writer.write(link.data_to_send())
            await writer.drain()
            link.reset_stream(number, h2.errors.ErrorCodes.INTERNAL_ERROR)
        else:
            link.end_stream(number)

    async def _leave(
        self, link: h2.connection.H2Connection, writer: asyncio.StreamWriter, number: int, fault: str,
        reply: Optional[Message],
    ) -> None:
        if fault.startswith("goaway"):
            link.close_connection(last_stream_id=0 if fault == "goaway_before" else number)
        elif fault == "half_and_gone" and reply is not None:
            link.send_headers(number, [(":status", "200"), ("content-length", str(len(reply.body)))])
            link.send_data(number, reply.body[: min(len(reply.body) // 2, 8000)])
        writer.write(link.data_to_send() if fault != "garbage" else bytes(range(128, 256)) * 3)
        await writer.drain()
        if fault == "reset":
            writer.transport.abort()
