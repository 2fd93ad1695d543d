"""The report of a row: a line of results.jsonl, and the object for a program."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional

from ._decide import Is
from ._index import Row


_SENT = frozenset(state.value for state in (Is.DONE, Is.OPEN, Is.FAILED, Is.EXPIRED))


class RowResult(NamedTuple):
    """How a row ended. Nothing is raised: state and error say it."""

    key: str
    row: int
    """Its number in the file, from 1."""
    state: str
    """ "done", "failed" (after acceptance), "refused" (nothing ran), "expired", "in doubt", "left", "to fetch" (accepted, and
    the next run fetches it for free), "not sent" or "conflict"."""
    files: List[str]
    """The paths of its images."""
    provider: str
    operation: str
    prompt: str
    remote_id: Optional[str]
    token: Optional[str]
    """Text that attaches its job on any machine: client.attach(token)."""
    status: Optional[str]
    """The name of the status that it ended with; None for success."""
    error: Optional[str]
    seconds: Optional[float]
    """From the acceptance to the end."""
    kept: Dict[str, Any]
    """The columns of `keep`."""
    is_new: bool
    """Whether this run brought it here; False: an earlier one did."""

    @property
    def ok(self) -> bool:
        """Whether every image is here."""
        return self.state == "done"


def result_of(row: Row, out: str, is_new: bool) -> RowResult:
    """A row of the index for a program."""
    return RowResult(
        row.key, row.row, row.stands or "not sent", [os.path.join(out, path) for path in row.paths()], row.provider,
        row.operation, row.prompt, row.remote_id, row.token, row.status if row.code or row.stands != "done" else None,
        row.message, row.seconds, json.loads(row.kept), is_new,
    )


def entry_of(row: Row, prompts: bool) -> Dict[str, Any]:
    """A row of the index as a line of results.jsonl."""
    entry: Dict[str, Any] = {"key": row.key, "state": row.stands, "row": row.row}
    if row.line:
        entry["line"] = row.line
    entry.update(provider=row.provider, operation=row.operation)
    if prompts and row.prompt:
        entry["prompt"] = row.prompt
    entry["files"] = row.paths()
    if row.remote_id:
        entry["remote_id"] = row.remote_id
    if row.token:
        entry["token"] = row.token
    if row.jkey != row.key:
        entry["journal_key"] = row.jkey
    if prompts and row.stands in _SENT:
        entry["print"] = row.print  # Says what the row asked for, should the rest of what the folder knows be lost.
    for name, value in (("sent", row.sent_ms), ("accepted", row.accepted_ms), ("ended", row.ended_ms)):
        if value:
            entry[name] = moment(value)
    if row.seconds is not None:
        entry["seconds"] = round(row.seconds, 3)
    if row.stands != "done" and (row.message or row.status):
        entry["error"] = {"status": row.status, "message": row.message}
    entry.update((name, value) for name, value in json.loads(row.kept).items() if name not in entry)
    return entry


def metadata_lines(rows: Iterable[Row], prompts: bool) -> Iterator[str]:
    """metadata.jsonl: a line an image, in the order of the file, as ImageFolder of Hugging Face reads it."""
    for row in rows:
        for index, path in enumerate(path for path in row.paths() if not os.path.isabs(path)):
            entry: Dict[str, Any] = {"file_name": path}
            if prompts and row.prompt:
                entry["text"] = row.prompt
            entry.update(key=row.key, index=index)
            entry.update((name, value) for name, value in json.loads(row.kept).items() if name not in entry)
            yield json.dumps(entry, ensure_ascii=False, default=str) + "\n"


def moment(milliseconds: int) -> str:
    """A time of the journal as text, in UTC."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{rest:03}Z"


def local(milliseconds: Optional[int]) -> str:
    """A time for a person at this machine."""
    return "-" if not milliseconds else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))
