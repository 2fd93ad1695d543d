"""A PostgreSQL server of Debian, on a socket in a folder of its own."""

from __future__ import annotations

import glob
import os
import queue
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Iterator, List, Optional, Type

import pytest


FORGET = "DROP TABLE IF EXISTS aigc_key, aigc_rate, aigc_run, aigc_member"
"""Leaves no table of a journal."""


def programs() -> Optional[Path]:
    """The folder of initdb; None where there is no server."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return Path(found[-1]).parent if found else None


def running() -> "Iterator[Server]":
    """For a fixture: a server, or a test that is left out."""
    pytest.importorskip("psycopg", reason="pip install psycopg[binary]")
    bin = programs()
    if bin is None:
        pytest.skip("there is no PostgreSQL: apt-get install postgresql")
    with Server(bin) as found:
        yield found


class Server:
    """Runs for the length of a with statement. As root it is run by the user postgres: the server refuses root."""

    def __init__(self, bin: Path) -> None:
        self._bin = bin
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._become: List[str] = []
        if os.getuid() == 0:
            self._become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(self.folder, "postgres", "postgres")
        self.url = f"postgresql://postgres@/postgres?host={self.folder}"

    def __enter__(self) -> "Server":
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Waits until it answers."""
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=30"
        self._run("pg_ctl", "-D", "data", "-w", "-t", "60", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        """Cuts every connection."""
        self._run("pg_ctl", "-D", "data", "-w", "-t", "60", "-m", "fast", "stop", check=False)

    def query(self, text: str) -> List[Any]:
        """One statement, from outside."""
        import psycopg

        for _ in range(100):
            try:
                with psycopg.connect(self.url, autocommit=True) as session:
                    cursor = session.execute(text)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def _run(self, name: str, *words: str, check: bool = True) -> None:
        command = [*self._become, str(self._bin / name), *words]
        with open(os.devnull, "w", encoding="ascii") as nothing:
            subprocess.run(command, cwd=self.folder, check=check, stdout=nothing, stderr=nothing, timeout=120)


class Pooler:
    """Stands for PgBouncer with pool_mode=transaction: each transaction of a program gets whichever session is free, the one that
    was used last first."""

    def __init__(self, server: Server, sessions: int) -> None:
        self._server = server
        self._count = sessions
        self._free: "queue.LifoQueue[socket.socket]" = queue.LifoQueue()
        self._all: List[socket.socket] = []
        self._greeting = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"postgresql://postgres@{address}/postgres?sslmode=disable&gssencmode=disable"

    def __enter__(self) -> "Pooler":
        start = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0client_encoding\0utf8\0\0"
        for _ in range(self._count):
            session = socket.socket(socket.AF_UNIX)
            session.connect(str(self._server.folder / ".s.PGSQL.5432"))
            session.sendall(struct.pack("!i", len(start) + 4) + start)
            self._greeting = b"".join(_until_ready(session))
            self._all.append(session)
            self._free.put(session)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for session in self._all:
            session.close()

    def _accept(self) -> None:
        while True:
            try:
                program, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(program,), daemon=True).start()

    def _serve(self, program: socket.socket) -> None:
        session: Optional[socket.socket] = None
        with program:
            try:
                (size,) = struct.unpack("!i", _read(program, 4))
                _read(program, size - 4)
                program.sendall(self._greeting)
                while True:
                    message = sent = _message(program)
                    while message[:1] not in (b"Q", b"S", b"X"):
                        message = _message(program)
                        sent += message
                    if sent[:1] == b"X":
                        break
                    session = session or self._free.get(timeout=20)
                    session.sendall(sent)
                    answers = _until_ready(session)
                    program.sendall(b"".join(answers))
                    if answers[-1][-1:] == b"I":  # Outside of a transaction.
                        self._free.put(session)
                        session = None
            except (OSError, EOFError, queue.Empty):
                pass
        if session is None:
            return
        try:  # A transaction was left open.
            body = b"ROLLBACK\0"
            session.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
            _until_ready(session)
            self._free.put(session)
        except (OSError, EOFError):  # The pooler has ended.
            pass


def _read(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _message(stream: socket.socket) -> bytes:
    head = _read(stream, 5)
    return head + _read(stream, struct.unpack("!i", head[1:])[0] - 4)


def _until_ready(stream: socket.socket) -> List[bytes]:
    """The messages of a server up to "ready for query"."""
    found = [_message(stream)]
    while found[-1][:1] != b"Z":
        found.append(_message(stream))
    return found
