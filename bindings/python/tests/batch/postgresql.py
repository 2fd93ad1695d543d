"""A PostgreSQL server of Debian, on a socket in a folder of its own."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import tempfile
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
