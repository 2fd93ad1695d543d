"""Ctrl-C and SIGTERM. Both raise Interrupted on the main thread, except where a job could be lost by that."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Dict, Iterator, Optional, Type


class Interrupted(KeyboardInterrupt):
    """The user, or the system, wants us to leave."""


class Interrupts:
    """A with statement within which both signals are handled here."""

    def __init__(self) -> None:
        self._held = False
        self._pending = False
        self._before: Dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        for number in (signal.SIGINT, signal.SIGTERM):
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
            signal.signal(number, before)

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

    def _handle(self, number: int, frame: Optional[FrameType]) -> None:
        if self._held:
            self._pending = True
        else:
            raise Interrupted
