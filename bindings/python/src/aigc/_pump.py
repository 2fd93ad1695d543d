"""Takes the events of a synchronous client on a thread of its own, so that log records reach logging when nobody asks for
events. Only a client whose log.level is on has one. What it has taken waits here for events()."""

from __future__ import annotations

import select
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Optional, Tuple, Union
from weakref import ref

from . import logs
from ._call import Handle
from ._library import lib
from .enums import EventType

if TYPE_CHECKING:
    from ._base import BaseClient
from ._event import Event

_SLICE_MS = 250
_TIDY = 1000  # After so many events those are looked for that nobody can want any more.


class Pump:
    """The thread and what it has taken."""

    def __init__(self, client: "BaseClient[Any, Any]", capacity: int) -> None:
        self._client = ref(client)
        self._capacity = capacity
        """So many log records wait for a program that takes events: the configuration's log.capacity."""
        self._waiting: "Deque[Tuple[int, Union[Event, Handle]]]" = deque()
        self._news = threading.Condition()
        self._records = 0
        self._taken = 0
        self._is_woken = False
        self._is_over = False
        self._is_asked = False
        self._thread = threading.Thread(target=self._run, name="aigc-events", daemon=True)
        self._thread.start()

    def take(self, milliseconds: int) -> "Optional[Union[Event, Handle]]":
        """The next event, ready or as it came; None if none comes in time, or wake() was called."""
        end = time.monotonic() + milliseconds / 1000
        with self._news:
            self._is_asked = True
            self._drain()
            while not self._waiting and not self._is_woken and not self._is_over:
                left = end - time.monotonic()
                if left <= 0 or not self._news.wait(left):
                    break
            self._is_woken = False
            if not self._waiting:
                return None
            event = self._waiting.popleft()[1]
            self._records -= not isinstance(event, Handle)
            return event

    def wake(self) -> None:
        """Makes one take() return early."""
        with self._news:
            self._is_woken = True
            self._news.notify()

    def finish(self, seconds: float) -> None:
        """The client is closed: waits until what is left has been taken."""
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        ended = False
        while not ended:
            client = self._client()
            if client is None:
                break
            ended = client._ended  # Before the look: what comes between the two is taken in the next round.
            if not ended:
                _wait(int(lib().aigc_client_event_fd(client._handle)))
            with self._news:
                try:
                    self._drain()
                except Exception:
                    ended = True
            client = None
        with self._news:
            self._is_over = True
            self._news.notify_all()

    def _drain(self) -> None:
        """Takes what is queued. Always under the lock, so that the order stays."""
        client = self._client()
        while client is not None:
            handle = client._take_event(0)
            if handle is None:
                return
            job_id = int(lib().aigc_event_job_id(handle))
            if lib().aigc_event_type(handle) != EventType.LOG:
                self._waiting.append((job_id, handle))
            else:
                event = client._event(handle)
                try:
                    logs.emit(event)
                except Exception:  # A handler of the program's own: it must not stop the events behind it.
                    pass
                self._waiting.append((job_id, event))
                self._records += 1
            self._taken += 1
            if self._taken % _TIDY == 0:
                self._tidy(client)
            self._news.notify()

    def _tidy(self, client: "BaseClient[Any, Any]") -> None:
        """Bounds what waits, as the library does: the oldest log records go, and where nobody has ever asked for events those
        of a job go with its last handle."""
        held = set(client._tasks.keys())
        over = self._records - self._capacity
        kept: "Deque[Tuple[int, Union[Event, Handle]]]" = deque()
        for job_id, event in self._waiting:
            if not isinstance(event, Handle):
                over -= 1
                if over >= 0:
                    self._records -= 1
                    continue
            elif job_id and job_id not in held and not self._is_asked:
                continue
            kept.append((job_id, event))
        self._waiting = kept


def _wait(descriptor: int) -> None:
    """Until there are events, or a moment."""
    if descriptor < 0:
        time.sleep(0.05)
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll(_SLICE_MS)
