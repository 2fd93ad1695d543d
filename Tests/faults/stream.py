"""A connection that can be treated badly: plain or TLS, with a hand on every byte and on how it ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import Optional

_PART = 1 << 16
_ALERT_RECORD = 24  # a close_notify of TLS 1.3 looks like data of this length at most


async def ended(task: "asyncio.Future[None]") -> None:
    """Cancel a task and see it end: only then may the socket that it waits for be closed."""
    task.cancel()
    await asyncio.wait({task})


class Stream:
    """One accepted socket. Everything runs on the loop that made it."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._tls: Optional[ssl.SSLObject] = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._closed = False

    # TLS

    async def handshake(self, context: ssl.SSLContext) -> None:
        """Be the server of a handshake. Raises ssl.SSLError or ConnectionError when the client does not like it."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._record())
            except ssl.SSLError:
                await self._flush()  # the alert
                raise
        await self._flush()
        self._tls = tls

    async def _record(self) -> bytes:
        """One TLS record and no byte more: what follows the handshake is to be left on the socket."""
        data = b""
        wanted = 5
        while len(data) < wanted:
            part = await self.receive_raw(wanted - len(data))
            if not part:
                raise ConnectionError("the client left during the handshake")
            data += part
            if len(data) == 5:
                wanted = 5 + int(struct.unpack(">H", data[3:5])[0])
        return data

    async def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            await self.send_raw(data)

    # Bytes

    async def receive_raw(self, most: int) -> bytes:
        """Bytes as they came; empty at the end."""
        return await self._loop.sock_recv(self._sock, most)

    async def send_raw(self, data: bytes) -> None:
        """Bytes as they are to leave."""
        await self._loop.sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        """The next decrypted bytes; empty at the end, however it came about."""
        try:
            if self._tls is None:
                return await self.receive_raw(_PART)
            while True:
                try:
                    return self._tls.read(_PART)
                except ssl.SSLWantReadError:
                    part = await self.receive_raw(_PART)
                    if not part:
                        return b""
                    self._incoming.write(part)
        except (ssl.SSLError, ConnectionError):
            return b""

    def sealed(self, data: bytes) -> bytes:
        """The bytes that stand for data on the wire."""
        if self._tls is None:
            return data
        self._tls.write(data)
        return self._outgoing.read()

    async def send(self, data: bytes) -> None:
        """Send, encrypted if this is TLS."""
        if data:
            await self.send_raw(self.sealed(data))

    # Waiting without taking

    async def until_readable(self) -> None:
        """Wait until something has arrived, and leave it where it is."""
        arrived = self._loop.create_future()

        def notice() -> None:
            if not arrived.done():
                arrived.set_result(None)

        self._loop.add_reader(self._sock.fileno(), notice)
        try:
            await arrived
        finally:
            self._loop.remove_reader(self._sock.fileno())

    def peek(self, most: int = 1 << 18) -> bytes:
        """What has arrived, left where it is; empty at the end."""
        try:
            return self._sock.recv(most, socket.MSG_PEEK)
        except BlockingIOError:
            return b""
        except ConnectionError:
            return b""

    async def next_begins(self) -> bool:
        """True when bytes of another request have arrived, False when the client has ended the connection."""
        while True:
            await self.until_readable()
            data = self.peek()
            if not data:
                return False
            if self._tls is None:
                return True
            if len(data) >= 5:
                length = struct.unpack(">H", data[3:5])[0]
                return data[0] == 23 and length > _ALERT_RECORD
            await asyncio.sleep(0.001)

    def pending_record(self) -> int:
        """The length of the TLS record that has arrived, its head included."""
        data = self.peek()
        return 5 + struct.unpack(">H", data[3:5])[0] if len(data) >= 5 else len(data)

    async def gone(self) -> None:
        """Wait until the client has left."""
        while await self.receive():
            pass

    # Ends

    def reset(self) -> None:
        """End with a TCP reset."""
        if not self._closed:
            self._closed = True
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._sock.close()

    def close(self) -> None:
        """End at once; bytes that nobody has read make this a reset."""
        if not self._closed:
            self._closed = True
            self._sock.close()

    async def finish(self, notify: bool = True) -> None:
        """End in order: what was sent arrives. notify: whether TLS says good-bye first."""
        try:
            if self._tls is not None and notify:
                try:
                    self._tls.unwrap()
                except ssl.SSLError:
                    pass  # the client has not said good-bye yet
                await self._flush()
            self._sock.shutdown(socket.SHUT_WR)
            draining = asyncio.ensure_future(self._drained())
            await asyncio.wait({draining}, timeout=2)
            await ended(draining)
        except OSError:
            pass
        self.close()

    async def _drained(self) -> None:
        try:
            while await self.receive_raw(_PART):
                pass
        except OSError:
            pass
