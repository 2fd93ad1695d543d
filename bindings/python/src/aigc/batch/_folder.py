"""The folder of a batch: its lock, its ledger, its results and its files. Whatever is written is written whole, or cut off at
the next start."""

from __future__ import annotations

import fcntl
import filecmp
import json
import os
import shutil
import socket
import time
import uuid
from contextlib import suppress
from typing import IO, Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from .._naming import NO_STREAM, STANDARD_OUTPUT
from ..enums import Status
from ..errors import AigcError, FileError, InvalidArgumentError, NoSpaceError, WrongStateError

OURS = ".aigc"
RESULTS = "results.jsonl"
METADATA = "metadata.jsonl"
REPORT = "report.html"
_LEDGER = "rows.jsonl"
_LOCK = "run.lock"
_ERRORS = "errors.txt"


NO_FILE = -1
"""The size of a folder, a pipe, a socket, a device or a link to nothing."""


class Folder:
    """One folder. At most one process runs a batch in it."""

    def __init__(self, path: str) -> None:
        if path == STANDARD_OUTPUT:
            raise InvalidArgumentError(f"out is {NO_STREAM}", status=Status.INVALID_ARGUMENT, field="out")
        self.path = path
        self.ours = os.path.join(path, OURS)
        self._lock: Optional[IO[str]] = None
        self._node: Optional[Tuple[int, int]] = None
        self._results = -1
        self._ledger = -1

    @property
    def errors(self) -> str:
        """The file with everything that is wrong with the rows."""
        return os.path.join(self.ours, _ERRORS)

    @property
    def aside(self) -> str:
        """A folder for pictures that are compared with a file that is here."""
        path = os.path.join(self.ours, "compare")
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def is_same(self, path: str, fetched: str) -> bool:
        """Whether a file of the folder holds the same bytes as one that was fetched, which is removed."""
        try:
            return filecmp.cmp(os.path.join(self.path, path), fetched, shallow=False)
        finally:
            os.unlink(fetched)

    def prepare(self) -> None:
        """Makes the folder, takes its lock and finds out whether it can be written. Raises FileError, NoSpaceError, or
        WrongStateError if another process holds it."""
        try:
            os.makedirs(self.path, exist_ok=True)
            os.makedirs(self.ours, mode=0o700, exist_ok=True)
        except OSError as error:
            if os.path.exists(self.path) and not os.path.isdir(self.path):
                raise FileError(f"{self.path} is a file: the pictures need a folder", status=Status.FILE) from error
            raise file_error(f"the folder {self.path} cannot be made", error) from error
        self._take_lock()
        for name in os.listdir(self.ours):  # What a killed run has left.
            if name.startswith((METADATA, REPORT)):
                os.unlink(os.path.join(self.ours, name))
        shutil.rmtree(os.path.join(self.ours, "compare"), ignore_errors=True)
        probe = os.path.join(self.path, f".aigc-{uuid.uuid4().hex}")
        try:
            with open(probe, "xb") as file:
                file.write(bytes(4096))
            os.unlink(probe)
        except OSError as error:
            with suppress(OSError):
                os.unlink(probe)
            raise file_error(f"no file can be made in {self.path}", error) from error

    def exists(self) -> bool:
        """Whether a batch has run here. Raises FileError where a file has the name."""
        place = os.path.abspath(self.path)
        while not os.path.lexists(place):
            place = os.path.dirname(place)
        if not os.path.isdir(place):
            raise FileError(f"{place} is a file: the pictures need a folder", status=Status.FILE)
        return os.path.isdir(self.ours)

    def _take_lock(self) -> None:
        path = os.path.join(self.ours, _LOCK)
        try:
            file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="utf-8")
        except OSError as error:
            raise file_error(f"the lock {path} cannot be opened", error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = file.read(1000)
            file.close()
            raise WrongStateError(
                f"another run has the folder {self.path}: {_holder(holder)}. Wait until it ends, or take another --out",
                status=Status.WRONG_STATE,
            ) from None
        try:
            file.truncate(0)
            json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}, file)
            file.flush()
        except OSError as error:
            with suppress(OSError):  # What it still holds cannot be written here either.
                file.close()
            raise file_error(f"the lock {path} cannot be written", error) from error
        self._lock = file

    def close(self) -> None:
        """Gives the lock back. Can be called twice."""
        for number in (self._results, self._ledger):
            if number >= 0:
                os.close(number)
        self._results = self._ledger = -1
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def free_bytes(self) -> int:
        """What is free on its disk for this user; -1 where that is not known."""
        path = os.path.abspath(self.path)
        while not os.path.isdir(path) and path != os.path.dirname(path):
            path = os.path.dirname(path)
        try:
            found = os.statvfs(path)
        except OSError:
            return -1
        return found.f_bavail * found.f_frsize

    def files(self, stems: Iterable[str] = (), rooms: Iterable[str] = ()) -> Iterator[Tuple[str, int]]:
        """The files of the folder and of these numbered folders, as paths from it, with their sizes; NO_FILE for anything else of
        that name. stems: the names that the rows need, for a folder that is too large to be listed."""
        yield from self._files("")
        for room in sorted(filter(None, rooms)):
            # Another folder of this name is not ours, and a batch of its own has its own pictures.
            if not os.path.lexists(os.path.join(self.path, room, OURS)):
                yield from self._files(room)

    def _files(self, below: str) -> Iterator[Tuple[str, int]]:
        try:
            with os.scandir(os.path.join(self.path, below)) as entries:
                for entry in entries:
                    try:
                        path = os.path.join(below, os.fsencode(entry.name).decode("utf-8"))
                    except UnicodeDecodeError:
                        continue  # No row has such a name.
                    if entry.is_file(follow_symlinks=True):
                        yield path, entry.stat().st_size
                    else:
                        yield path, NO_FILE
        except (FileNotFoundError, NotADirectoryError):
            return

    def wrong_rooms(self, names: Iterable[str]) -> List[str]:
        """What is wrong with the numbered folders that the rows need: something else has the name of one."""
        paths = [os.path.join(self.path, name) for name in sorted(filter(None, names))]
        found = [path for path in paths if os.path.lexists(path) and not os.path.isdir(path)]
        return [f"{path} is no folder, and pictures need one of that name: move it away" for path in found]

    # What lasts.

    def ledger(self) -> Iterator[Dict[str, Any]]:
        """What earlier runs have sent under which key."""
        return _entries(os.path.join(self.ours, _LEDGER))

    def results(self) -> Iterator[Dict[str, Any]]:
        """The lines of results.jsonl, without a torn one."""
        return (entry for entry in _entries(os.path.join(self.path, RESULTS)) if isinstance(entry.get("key"), str))

    def listed(self) -> Iterator[Dict[str, Any]]:
        """The lines that say whose a file is: those of metadata.jsonl, and then those of results.jsonl."""
        yield from _entries(os.path.join(self.path, METADATA))
        yield from self.results()

    def open(self) -> None:
        """Opens what is appended to; what a killed process left half-written at an end is cut off."""
        self._ledger = _appendable(os.path.join(self.ours, _LEDGER), 0o600)
        self._results = _appendable(os.path.join(self.path, RESULTS), 0o644)
        self._node = _node(os.fstat(self._ledger))

    def is_gone(self) -> bool:
        """Whether the ledger that this run writes is no longer in its place: the folder was moved, deleted or replaced."""
        if self._node is None:
            return False
        try:
            return _node(os.stat(os.path.join(self.ours, _LEDGER))) != self._node
        except OSError:
            return True

    def note(self, *entries: Mapping[str, Any], durable: bool = False) -> None:
        """Lines of the ledger, all or none. durable: they are on the disk when this returns."""
        _append(self._ledger, entries, "the ledger of the batch")
        if durable:
            os.fsync(self._ledger)

    def tell(self, entry: Mapping[str, Any]) -> None:
        """A line of results.jsonl."""
        _append(self._results, [entry], RESULTS)

    def replace(self, name: str, parts: Iterable[str]) -> str:
        """Writes a file anew, whole or not at all, and returns its path."""
        path = os.path.join(self.path, name)
        part = os.path.join(self.ours, f"{name}.{os.getpid()}")
        try:
            with open(part, "w", encoding="utf-8", errors="backslashreplace") as file:
                for text in parts:
                    file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError as error:
            if os.path.lexists(part):
                os.unlink(part)
            raise file_error(f"{path} cannot be written", error) from error
        return path


def file_error(what: str, error: OSError) -> AigcError:
    """An OSError as one of ours."""
    import errno

    message = f"{what}: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(message, status=Status.NO_SPACE)
    return FileError(message, status=Status.FILE)


def _node(about: os.stat_result) -> Tuple[int, int]:
    return about.st_dev, about.st_ino


def _holder(text: str) -> str:
    try:
        found = json.loads(text)
        return f"process {found['pid']} on {found['host']}, since {found['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has just begun"


def _entries(path: str) -> Iterator[Dict[str, Any]]:
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            if not line.endswith(b"\n"):
                return  # Torn: open() cuts it off.
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # Half a line that a full disk left, and that was ended since.
            if isinstance(entry, dict):
                yield entry


def _appendable(path: str, mode: int) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
        size = os.fstat(file).st_size
        keep = size
        while keep > 0:
            start = max(0, keep - 65536)
            cut = os.pread(file, keep - start, start).rfind(b"\n")
            if cut >= 0:
                keep = start + cut + 1
                break
            keep = start
        if keep != size:
            os.ftruncate(file, keep)
    except OSError as error:
        raise file_error(f"{path} cannot be opened for writing", error) from error
    return file


def _append(file: int, entries: Iterable[Mapping[str, Any]], what: str) -> None:
    text = "".join(json.dumps(entry, ensure_ascii=False, default=str) + "\n" for entry in entries)
    data = text.encode("utf-8", "backslashreplace")
    size = os.fstat(file).st_size
    try:
        written = os.write(file, data)
        if written != len(data):
            raise OSError(28, os.strerror(28))
    except OSError as error:
        os.ftruncate(file, size)  # One process has the folder: what is behind is ours.
        raise file_error(f"{what} cannot be written", error) from error
