"""The journal without a client, for tools: its keys, and the state of each.

A journal is a folder (configuration key journal.path, or the environment variable AIGC_JOURNAL) that any number of processes
and languages use at once. With it a key is never paid twice and an accepted job is never lost, also after a crash.
"""

from __future__ import annotations

import json
import os
from ctypes import byref, c_size_t, string_at
from typing import Any, Dict, Iterable, Iterator, Optional, Union

from . import _native
from ._call import LONGEST, Handle, call, encode, milliseconds, optional
from ._library import lib
from .enums import Outcome, Status
from .errors import AigcError, InvalidArgumentError

PathLike = Union[str, "os.PathLike[str]"]

STATES = ("claimed", "sending", "accepted", "succeeded", "failed", "refused", "unknown", "abandoned")
"""States of a key: "claimed" is taken and provably not sent, "sending" may be on the wire, "unknown" is in doubt."""


def rows(
    path: PathLike,
    *,
    states: Optional[Iterable[str]] = None,
    provider: Optional[str] = None,
    prefix: Optional[str] = None,
    after: Optional[str] = None,
    page: int = 1000,
) -> Iterator[Dict[str, Any]]:
    """The keys of a journal in ascending order, each a dict with "key", "state", "remote_id" and more (see
    aigc_journal_list() in aigc.h). Read in pages of so many rows: nothing is held open between two pages.

    Raises JournalError if there is no journal.
    """
    chosen: Dict[str, Any] = {"limit": page}
    if states is not None:
        chosen["states"] = [states] if isinstance(states, str) else list(states)
    if provider is not None:
        chosen["provider"] = provider
    if prefix is not None:
        chosen["prefix"] = prefix
    folder, asked = _folder(path), encode(json.dumps(chosen, ensure_ascii=False), "filter")
    while True:
        pointer = _native.buffer_p()
        call(lib().aigc_journal_list, folder, asked, optional(after, "after"), byref(pointer))
        lines = _text(pointer).splitlines()
        if not lines:
            return
        for line in lines:
            row: Dict[str, Any] = json.loads(line)
            after = row["key"]
            yield row


def is_made(path: PathLike) -> bool:
    """Whether there is a journal. A program that was killed, or that found the disk full, while it made the journal leaves a
    jobs.db without tables: the first job of a client makes the rest."""
    if not os.path.lexists(os.path.join(os.fsdecode(path), "jobs.db")):
        return False
    try:
        for _ in rows(path, page=1):
            break
    except AigcError as error:
        return "there is none yet" not in error.message
    return True


def row(path: PathLike, key: str) -> Optional[Dict[str, Any]]:
    """What the journal knows of one key; None if it has no such key."""
    return next((found for found in rows(path, prefix=key, page=1) if found["key"] == key), None)


def resolve(path: PathLike, key: str, outcome: Outcome, remote_id: Optional[str] = None) -> None:
    """Writes what you have found out about a key that is in doubt ("unknown"), at the provider's console for instance.

    Outcome.ACCEPTED with the remote_id of its job: the job is followed by whoever asks for the key. Outcome.NOT_SENT: the
    key is free for another submission, which costs a second time if you are wrong. Outcome.UNKNOWN: it is abandoned, never
    sent again. Raises NotFoundError, WrongStateError (nothing is in doubt), JournalError.
    """
    if isinstance(outcome, bool) or not isinstance(outcome, int):
        raise TypeError(f"outcome is {outcome!r}: it is Outcome.ACCEPTED, Outcome.NOT_SENT or Outcome.UNKNOWN")
    names = _folder(path), encode(key, "key")
    call(lib().aigc_journal_resolve, *names, int(outcome), optional(remote_id, "remote_id"))


def prune(path: PathLike, older_than: float) -> int:
    """Forgets ended keys that have not changed for so many seconds, and returns how many. A key that is forgotten can be
    submitted, and paid, again. 0 forgets every ended key; infinity and NaN are refused."""
    if isinstance(older_than, bool) or not isinstance(older_than, (int, float)):
        raise TypeError(f"older_than is {older_than!r}: it is a number of seconds, such as 86400 for a day")
    if not 0 <= older_than <= LONGEST:
        raise InvalidArgumentError(
            f"older_than is {older_than!r}: it is a number of seconds from 0, such as 86400 for a day",
            status=Status.INVALID_ARGUMENT, field="older_than",
        )
    count = c_size_t()
    call(lib().aigc_journal_prune, _folder(path), milliseconds(older_than), byref(count))
    return int(count.value)


def check(path: PathLike) -> Dict[str, Any]:
    """Reads the whole journal: "ok", "problems", "warning", "bytes", "free_bytes", "counts" (state to number of keys),
    "clients" (those that live, in all processes), "orphans" (open jobs whose clients are gone) and more. Repairs and deletes
    nothing. Raises JournalError."""
    pointer = _native.buffer_p()
    call(lib().aigc_journal_check, _folder(path), byref(pointer))
    report: Dict[str, Any] = json.loads(_text(pointer))
    return report


def _folder(path: PathLike) -> bytes:
    text = os.fsdecode(path)
    if "://" in text:  # As a path it would name a folder "postgresql:".
        raise InvalidArgumentError(
            "the journal is a folder here. A journal in PostgreSQL is read by aigc batch (--dry-run, --resolve) and by SQL, "
            "from its table aigc_key",
            status=Status.INVALID_ARGUMENT, field="path",
        )
    return encode(text, "path")


def _text(pointer: Any) -> str:
    buffer = Handle(pointer, lib().aigc_buffer_free)
    size = int(lib().aigc_buffer_size(buffer))
    return string_at(lib().aigc_buffer_data(buffer), size).decode("utf-8") if size else ""
