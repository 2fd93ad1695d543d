"""Ctrl-C, SIGTERM, SIGHUP and the other signals that ask a program to leave. Each raises Interrupted on the main thread,
except where a job could be lost by that."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Dict, Iterator, Optional, Type

from ..client import Client

# What a terminal, a shell, a service manager or a batch system sends, and what ends a program that does not handle it.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU")
SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))

_GRACE = 10.0
"""Seconds."""
_ONE_WISH = 0.1  # Seconds: what comes closer together is one wish that was passed on twice.


class Interrupted(KeyboardInterrupt):
    """The user, or the system, wants us to leave."""


def grace(client: Client) -> float:
    """Seconds that an answer on its way gets when the command leaves: a second signal ends the wait, so this is longer than
    the library's own close.grace_ms, unless somebody has set that."""
    values = client.report()["configuration"]["values"]
    is_set = any(row["key"] == "close.grace_ms" for row in values)
    return client.close_grace if is_set else _GRACE


def waiting(seconds: float, interrupted: bool) -> str:
    """What is said at once about that wait."""
    more = "again" if interrupted else "Ctrl-C"
    return f"aigc: on the wire: waiting up to {seconds:g} s for the answer; {more}: end at once"


class Interrupts:
    """A with statement within which these signals are handled here. Only the first is raised: what is said about jobs
    that keep running must not be cut short by a second one. A closed terminal, for instance, sends SIGHUP twice."""

    def __init__(self) -> None:
        self._held = False
        self._pending = False
        self._patient = True
        self._first: Optional[float] = None  # When the first came.
        self._before: Dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        for number in SIGNALS:
            before = signal.getsignal(number)
            if before != signal.SIG_IGN:  # "nohup", or a shell's "&": whoever started us wants it ignored.
                self._before[number] = before
                signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for number, before in self._before.items():
            # After a signal the process ends, with its own exit code: a second one must not take that away.
            signal.signal(number, before if self._first is None else signal.SIG_IGN)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Signals that come within are raised at its end: for the moment between a C call and keeping its result."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            if self._pending:
                self._pending = False
                raise Interrupted

    @contextmanager
    def again(self) -> Iterator[None]:
        """A further signal that comes within is raised too: the user has no more patience."""
        self._patient = False
        try:
            yield
        finally:
            self._patient = True

    def _handle(self, number: int, frame: Optional[FrameType]) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = now
            if self._held:
                self._pending = True
            else:
                raise Interrupted
        elif not self._patient and number != signal.SIGHUP and now - self._first >= _ONE_WISH:
            self._patient = True
            raise Interrupted
