"""Does what a plan says, beside other machines that do the same: keys, rate and queue are those of a Shared journal."""

from __future__ import annotations

import heapq
import os
import time
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .._cli import exits
from ..client import Client, Job
from ..enums import EventType, Status
from ..errors import AigcError, KeyConflictError
from ..request import Request
from ._columns import shortened
from ._decide import Is
from ._index import Row
from ._keys import own_hash
from ._plan import Plan
from ._runner import Runner, _End, _Pending
from ._shared import End, Lost, Refused, Shared, alone_in, files_of, is_missing, local_key

_LOOK = 1.0  # Seconds between two looks at what others do.
_AWAY = 120.0  # So long a server that is away is waited for.
_PATIENCE = 20.0  # The same where all else is done.
_LEAVING = 2.0  # And where the program is asked to leave.
_ENDED = {
    "done": Is.DONE, "failed": Is.FAILED, "expired": Is.EXPIRED, "refused": Is.REFUSED, "unknown": Is.DOUBT,
    "abandoned": Is.LEFT,
}
_STATES = {Is.DONE: "done", Is.FAILED: "failed", Is.REFUSED: "refused", Is.DOUBT: "unknown", Is.EXPIRED: "expired"}
_ANOTHER = (
    "a machine with the same journal has sent other fields under this key: give the row another key, or pay once more with "
    "--again KEY"
)
_AT_A_TIME = 8
"""Rows are claimed in small numbers, so that every machine has work until the end."""


class SharedRunner(Runner):
    """One of any number of machines."""

    _mark = {"shared": True}
    _on_the_way = 16  # Fewer than alone: held jobs are rows that no other machine takes.
    _notes_leaving = False  # The server says it.

    def __init__(self, plan: Plan, client: Client, shared: Shared, per_second: Mapping[str, float]) -> None:
        super().__init__(plan, client)
        self._shared = shared
        self._per_second = per_second
        self._others: Dict[str, Row] = {}
        """Rows that another session has."""
        self._due: List[Tuple[float, int]] = []
        """Held jobs with their moments in the shared rate."""
        self._late: List[Callable[[], None]] = []
        """What the server has not been told, because it was away."""
        self._looked_at = 0.0
        self._away: Optional[float] = None
        self._tried = 0.0
        if plan._options.again or plan._options.retry - {"refused"}:
            try:
                shared.join(own_hash({"again": sorted(plan._options.again), "retry": sorted(plan._options.retry)}))
            except Lost as error:
                self._go_away(error)

    @property
    def is_over(self) -> bool:
        return super().is_over and (not self._others or self._is_stopped and self.interrupted)

    @property
    def is_away(self) -> bool:
        """Whether there is something that the server has not been told."""
        return self._away is not None or bool(self._late)

    def turn(self, wait: float = 0.1) -> List[Any]:
        if self._away is not None:
            self._come_back()
        self._release_due()
        self._look_at_others()
        if self._due:
            wait = max(0.0, min(wait, self._due[0][0] - time.monotonic()))
        elif not self._pending and self._others:
            time.sleep(min(wait, 0.1))
        return super().turn(wait)

    def settle(self, grace: float, tell: Optional[Callable[[], object]] = None) -> None:
        self._others.clear()
        super().settle(grace, tell)

    @property
    def has_left(self) -> bool:
        return super().has_left or self.is_away

    def abandon(self) -> None:
        super().abandon()
        self._insist(_LEAVING)

    def _insist(self, seconds: float) -> None:
        """At the end: what the server has not been told is told, or people are."""
        end = time.monotonic() + seconds
        while self.is_away and time.monotonic() < end:
            time.sleep(0.1)
            self._come_back()
        if self.is_away:
            self.stops.append(
                f"the journal in PostgreSQL has not been told the results of some rows: {self._folder.ours} alone has them, and "
                "the same line tells them, once the server takes them"
            )
            self._stop_code = self._stop_code or exits.MACHINE

    def finish(self) -> None:
        self._insist(_PATIENCE)
        runs = self._ended_runs()  # None: rows are left, and this machine stays a member that is cut short.
        super().finish()
        if runs:
            try:
                self._shared.part()
            except Lost as error:  # The next run with the same line takes part, and ends the repetition.
                self.warnings.append(f"the journal is away: {error}")

    # The queue.

    def _next_paid(self) -> Optional[Row]:
        if self._away is not None:
            return None
        while not self._paid_rows and self._send_left:
            rows = self._index.paid(min(_AT_A_TIME, self._send_left), self._stopped)
            if not rows:
                self._send_left = 0
                break
            self._send_left -= len(rows)
            self._claim(rows)
        return self._paid_rows.pop(0) if self._paid_rows else None

    def _claim(self, rows: List[Row]) -> None:
        prompts = self._options.prompts
        try:
            mine = self._shared.claim(
                (row.jkey, row.print, row.provider, row.operation, shortened(row.prompt) if prompts else "",
                 None if row.jkey == row.key else row.key)
                for row in rows
            )
        except Lost as error:
            self._go_away(error)
            mine = set()
        for row in rows:
            if row.jkey in mine:
                self._paid_rows.append(row)
            else:
                self._others[row.jkey] = row

    def _request(self, row: Row) -> Request:
        request = super()._request(row)
        request.key = local_key(row.jkey, self._shared.owner)
        return request

    def _attach(self, row: Row) -> None:
        self._others[row.jkey] = row
        self._looked_at = 0.0

    def _look_at_others(self) -> None:
        """Rows that another session had: they have ended, or are free because that session is gone."""
        now = time.monotonic()
        is_idle = not self._others and not self._unanswered
        if is_idle or self._away is not None or now - self._looked_at < _LOOK:
            return
        self._looked_at = now
        free: List[Row] = []
        try:
            if not self._others:
                self._shared.check()  # Others give up what is on the wire if this session stays broken.
            keys = list(self._others)
            for start in range(0, len(keys), 1000):
                found = self._shared.look(keys[start : start + 1000])
                for key in keys[start : start + 1000]:
                    self._look_at(self._others[key], found.get(key), free)
        except Lost as error:
            self._go_away(error)
        if free and not self._is_stopped:
            for row in free:
                self._others.pop(row.jkey, None)
            self._claim(free)
        elif self._is_stopped:
            for row in free:
                self._others.pop(row.jkey, None)

    def _look_at(self, row: Row, seen: Optional[Dict[str, Any]], free: List[Row]) -> None:
        if seen is None:
            free.append(row)
            return
        state, alive = str(seen["state"]), bool(seen["owner_alive"])
        if seen["print"] != row.print:
            self._look_at_another(row, state, alive and seen["owner"] != self._shared.owner, free)
        elif is_missing(seen, self._shared.place):
            if len(self._pending) < 1000:
                self._others.pop(row.jkey, None)
                self._begin(_Pending(row, self._attached(row, str(seen["remote_id"])), is_sent=False))
        elif state in _ENDED:
            self._others.pop(row.jkey, None)
            self._end_as_said(row, seen)
        elif alive and seen["owner"] != self._shared.owner:
            return
        elif state == "claimed":
            free.append(row)
        elif state == "sending" and not alive and self._shared.give_up(row.jkey):
            self._others.pop(row.jkey, None)
            self._index.end(row.n, sent_ms=seen["sent_at_ms"])
            gone = AigcError("the machine that sent it is gone, and no answer came", status=Status.OUTCOME_UNKNOWN)
            self._end_row(row, _End(Is.DOUBT, gone), [])
        elif state == "accepted" and len(self._pending) < 1000 and (alive or self._shared.take_over(row.jkey)):
            self._others.pop(row.jkey, None)
            self._begin(_Pending(row, self._attached(row, str(seen["remote_id"])), is_sent=False))

    def _end_as_said(self, row: Row, seen: Dict[str, Any]) -> None:
        """A row has ended on another machine."""
        stands = _ENDED[seen["state"]]
        said = seen["message"] or f"another machine says: {seen['state']} {seen['status'] or ''}".strip()
        error = None if stands is Is.DONE else AigcError(said, status=_status(seen["status"], stands))
        self._index.end(row.n, token=seen["token"])
        self._end_row(row, _End(stands, error), files_of(seen) or row.paths(), remote_id=seen["remote_id"])

    def look_again(self) -> None:
        """A machine that was thought gone can have had its answers meanwhile."""
        rows = {row.jkey: row for row in self._index.all(f"stands = '{Is.DOUBT.value}'")}
        keys = [] if self._away is not None else list(rows)
        try:
            for start in range(0, len(keys), 1000):
                for key, seen in self._shared.look(keys[start : start + 1000]).items():
                    if seen["print"] != rows[key].print:
                        continue
                    if seen["state"] == "accepted" or is_missing(seen, self._shared.place):
                        self._end_row(rows[key], _End(Is.OPEN), [], remote_id=seen["remote_id"])
                    elif _ENDED.get(seen["state"], Is.DOUBT) is not Is.DOUBT:
                        self._end_as_said(rows[key], seen)
        except Lost as error:
            self._go_away(error)

    def _look_at_another(self, row: Row, state: str, is_held: bool, free: List[Row]) -> None:
        """The key of a row stands for another request, which nobody takes as this row: not its end, and not its job."""
        if state == "refused" or state == "claimed" and not is_held:
            free.append(row)  # Nothing runs under this key.
        elif not is_held or state not in ("claimed", "sending"):
            self._others.pop(row.jkey, None)
            # What the plan has called in doubt stays so: a person has to look at the console.
            stands = Is.DOUBT if row.stands == Is.DOUBT.value else Is.CONFLICT
            self._end_row(row, _End(stands, KeyConflictError(_ANOTHER, status=Status.KEY_CONFLICT, field="key")), [])

    def _attached(self, row: Row, remote_id: str) -> Job:
        return self._client.attach_id(row.provider, row.operation, remote_id)

    # The rate, and the first byte.

    def _is_unwanted(self, pending: _Pending) -> bool:
        """While the server is away, nothing is sent: also no submission that the provider has put off."""
        return super()._is_unwanted(pending) or self._away is not None and pending.is_sent and not pending.accepted

    def _heard(self, kind: EventType, pending: _Pending) -> None:
        if kind is not EventType.JOB_READY:
            return
        if self._away is not None:
            pending.job.cancel()
            return
        try:
            rate = self._per_second.get(pending.row.provider, 0.0)
            wait = self._shared.slot(f"{pending.row.provider} create", rate) if rate else 0.0
        except Lost as error:
            self._go_away(error)
            pending.job.cancel()
            return
        heapq.heappush(self._due, (time.monotonic() + wait, pending.job.id))

    def _release_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            pending = self._pending.get(heapq.heappop(self._due)[1])
            if pending is None:
                continue
            try:
                mine = not self._is_stopped and self._away is None and self._shared.sending(pending.row.jkey)
            except Lost as error:
                self._go_away(error)
                mine = False
            if not mine:
                pending.job.cancel()
                continue
            try:
                pending.job.release()
            except AigcError:  # It has ended meanwhile; its end says how.
                pass

    # What the others are told.

    def _accept(self, pending: _Pending) -> None:
        super()._accept(pending)
        key, mark, remote_id, token = pending.row.jkey, pending.row.print, str(pending.job.remote_id), pending.job.token
        row = {
            "key": key, "print": mark, "provider": pending.row.provider, "operation": pending.row.operation,
            "remote_id": remote_id, "row_key": pending.row.key,
        }

        def tell() -> None:
            # A person may have freed the key, because no answer came.
            if not (self._shared.accepted(key, mark, remote_id, token) or self._shared.took_back(row)):
                self.warnings.append(alone_in(self._folder.ours, row, self._shared.words))

        self._say(tell)

    def _end(self, pending: _Pending, end: _End, paths: List[str]) -> None:
        row = pending.row
        super()._end(pending, end, paths)
        if end.stands is Is.NEW:
            self._say(lambda: self._shared.free(row.jkey))
            if not self._is_stopped and pending.is_sent and (end.error is None or end.error.name == "AIGC_E_CANCELLED"):
                self._others[row.jkey] = row  # Not sent, because the server was away: whoever is there first sends it.
        elif end.stands is Is.OPEN:
            self._say(lambda: self._shared.leave(row.jkey))
        elif end.stands in _STATES:
            files = [os.path.abspath(os.path.join(self._folder.path, path)) for path in paths]
            name, message = (None, None) if end.error is None else (end.error.name, " ".join(end.error.message.split()))
            told = End(_STATES[end.stands], name, message, pending.job.remote_id, pending.job.token, files)
            self._say(lambda: self._shared.ended(row.jkey, row.print, told))

    def _say(self, words: Callable[[], None]) -> None:
        if self._away is not None or self._late:
            self._late.append(words)
            return
        try:
            self._tell(words)
        except Lost as error:
            self._late.append(words)
            self._go_away(error)

    def _tell(self, words: Callable[[], object]) -> None:
        """Raises Lost. What the server does not take is in the journal of this machine, and is told again by the next run."""
        try:
            words()
        except Refused as error:
            self.warnings.append(
                f"the journal in PostgreSQL refuses the result of a row ({error}): {self._folder.ours} alone has it, and the "
                "next run with the same line tells it again"
            )

    # A server that goes away.

    def _go_away(self, error: Lost) -> None:
        """Nothing is sent from now on. Held jobs are taken back; what is accepted is followed, and told later."""
        if self._away is None:
            self._away = time.monotonic()
            self.warnings.append(f"the journal is away, and nothing is sent: {error}")
        for _, number in self._due:
            pending = self._pending.get(number)
            if pending is not None:
                pending.job.cancel()
        self._due.clear()
        rows, self._paid_rows = self._paid_rows, []
        self._others.update((row.jkey, row) for row in rows)

    def _come_back(self) -> None:
        now = time.monotonic()
        if now - self._tried < 0.5:
            return
        self._tried = now
        try:
            self._shared.connect()
            self._shared.keep([
                pending.row.jkey for pending in self._pending.values() if pending.is_sent and not pending.accepted
            ])
            for pending in self._pending.values():
                if pending.accepted and pending.job.remote_id is not None:
                    row, remote_id, token = pending.row, pending.job.remote_id, pending.job.token
                    self._tell(partial(self._shared.accepted, row.jkey, row.print, remote_id, token))
            while self._late:
                self._tell(self._late[0])
                self._late.pop(0)
            self._away = None
            self._looked_at = 0.0
        except Lost as error:
            if self._away is not None and now - self._away > _AWAY:
                self._others.clear()
                self.stop(f"the journal is away for {_AWAY:g} seconds, and nothing more is sent: {error}", exits.MACHINE)


def _status(name: Optional[str], stands: Is) -> Status:
    """The status that another machine has noted. A later library may know more of them."""
    found = Status.__members__.get((name or "").replace("AIGC_E_", "", 1))
    if found is not None:
        return found
    return {Is.DOUBT: Status.OUTCOME_UNKNOWN, Is.EXPIRED: Status.EXPIRED}.get(stands, Status.JOB_FAILED)
