"""Images that a command still has to fetch, beside the journal: a job whose command was killed while its images were on their
way has ended for the journal, and only a note like this one says that nobody has the images."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from typing import Dict, Iterator, Optional

FOLDER = "owed"


class Owed:
    """One small file for each key in the folder "owed" of the journal. The command that fetches the images has its file locked
    for its life, and removes the file when the images are here. journal: None: nothing is noted."""

    def __init__(self, journal: Optional[str]) -> None:
        self._folder = None if journal is None else os.path.join(journal, FOLDER)
        self._held: Dict[str, int] = {}

    def begin(self, key: Optional[str]) -> None:
        """This command owes the images of a key. Raises OSError if this cannot be written."""
        if self._folder is None or not key or key in self._held:
            return
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        file = self._take(self._path(key), os.O_CREAT)
        if file is None:
            return  # Another command has the key, and owes its images.
        self._held[key] = file
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"key": key}).encode("ascii"), 0)

    def end(self, key: Optional[str]) -> None:
        """The images of a key are here, or can no longer be had."""
        file = self._held.pop(key or "", None)
        if file is not None and key:
            os.unlink(self._path(key))
            os.close(file)

    def left(self) -> Iterator[str]:
        """Keys whose commands are gone. They are this command's from now on."""
        for name in sorted(self._names()):
            file = self._take(os.path.join(self._folder or "", name), 0)
            if file is None:
                continue
            try:
                key = json.loads(os.pread(file, 1 << 16, 0))["key"]
            except (ValueError, KeyError, TypeError):
                key = None
            if isinstance(key, str) and os.path.basename(self._path(key)) == name and key not in self._held:
                self._held[key] = file
                yield key
            else:  # Cut short by a kill or a full disk: the job is open in the journal, or its token was told.
                os.unlink(os.path.join(self._folder or "", name))
                os.close(file)

    def _names(self) -> Iterator[str]:
        try:
            yield from os.listdir(self._folder) if self._folder is not None else ()
        except FileNotFoundError:
            return

    def _path(self, key: str) -> str:
        return os.path.join(self._folder or "", hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32])

    @staticmethod
    def _take(path: str, flags: int) -> Optional[int]:
        """The file, locked; None: another process has it, or it is gone."""
        while True:
            try:
                file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
            except FileNotFoundError:
                return None
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file).st_nlink:
                    return file
            except BlockingIOError:
                os.close(file)
                return None
            except BaseException:
                os.close(file)
                raise
            os.close(file)  # Its holder removed it meanwhile.
