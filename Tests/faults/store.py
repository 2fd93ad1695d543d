"""A small object store with large pictures: ranges, ETags and checks of If-Range, like the clouds' own, or without."""

from __future__ import annotations

import hashlib
import random
import re
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Dict, List, Optional, Tuple, Type

DATE = "Tue, 21 Oct 2025 07:28:00 GMT"


def noisy_png(width: int, height: int, seed: int) -> bytes:
    """A picture that does not compress: about three bytes a pixel."""
    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(width * 3) for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


class Store:
    """Objects by path, with the query or without, on a port of its own."""

    def __init__(self) -> None:
        self.objects: Dict[str, bytes] = {}
        # Where a path leads instead, as the bytes of a Location line.
        self.moved: Dict[str, bytes] = {}
        # All objects were written in one second, and nothing else tells them apart.
        self.only_dates = False
        # A request without a User-Agent is refused.
        self.needs_agent = False
        # Seconds before an answer.
        self.delay = 0.0
        self.seen: List[Tuple[str, Dict[str, str]]] = []
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                store._get(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return "http://127.0.0.1:%d" % self._server.server_address[1]

    def _get(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        if self.needs_agent and not request.headers.get("User-Agent"):
            request.send_error(403)
            return
        time.sleep(self.delay)
        moved = self.moved.get(request.path)
        if moved is not None:
            request.wfile.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + moved + b"\r\n\r\n")
            return
        data = self.objects.get(request.path, self.objects.get(request.path.partition("?")[0]))
        if data is None:
            request.send_response(404)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        etag = DATE if self.only_dates else '"%s"' % hashlib.md5(data).hexdigest()
        span = self._span(request, etag, len(data))
        request.send_response(206 if span else 200)
        first, last = span or (0, len(data) - 1)
        if span:
            request.send_header("Content-Range", "bytes %d-%d/%d" % (first, last, len(data)))
        request.send_header("Last-Modified" if self.only_dates else "ETag", etag)
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Type", "image/png")
        request.send_header("Content-Length", str(last - first + 1))
        request.end_headers()
        request.wfile.write(data[first : last + 1])

    @staticmethod
    def _span(request: BaseHTTPRequestHandler, etag: str, size: int) -> Optional[Tuple[int, int]]:
        match = re.match(r"bytes=(\d+)-(\d*)\Z", request.headers.get("Range") or "")
        condition = request.headers.get("If-Range")
        if match is None or (condition is not None and condition != etag) or int(match.group(1)) >= size:
            return None
        return int(match.group(1)), min(int(match.group(2) or size - 1), size - 1)

    def __enter__(self) -> "Store":
        self._thread.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
