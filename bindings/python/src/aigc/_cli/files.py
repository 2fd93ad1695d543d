"""Where images go: --out, --name-template, --overwrite."""

from __future__ import annotations

import filecmp
import os
import re
from typing import Optional, Set

from .._jobs import BaseJob
from .._naming import DEFAULT_TEMPLATE, check_template, numbered, stem, unused
from ..enums import Status
from ..errors import FileError


class Files:
    """Gives each image its path. Never a path that a file has, unless overwriting is on."""

    def __init__(self, out: Optional[str], template: Optional[str], overwrite: bool) -> None:
        self._template = template or DEFAULT_TEMPLATE
        check_template(self._template)
        self._overwrite = overwrite
        self._taken: Set[str] = set()
        self._base: Optional[str] = None
        self._folder = "."
        self._suffix = ".*"
        if out is None:
            return
        base, suffix = os.path.splitext(out)
        if suffix and not os.path.isdir(out) and not out.endswith(os.sep):
            self._base, self._suffix = base, suffix
            self._folder = os.path.dirname(out) or "."
        else:
            self._folder = out

    def prepare(self) -> None:
        """Makes the folder: before anything is submitted, so that no image is paid for that has no place."""
        try:
            os.makedirs(self._folder, exist_ok=True)
        except OSError as error:
            raise FileError(
                f"the folder {self._folder} cannot be made: {error.strerror}", status=Status.FILE
            ) from error
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise FileError(f"the folder {self._folder} cannot be written to", status=Status.FILE)

    def path(self, job: BaseJob, index: int, several: bool) -> str:
        """The path for an image, as a download takes it."""
        if self._base is None:
            base = os.path.join(self._folder, stem(job, index, self._template))
        else:
            base = f"{self._base}-{index}" if several else self._base
        return self.claim(base)

    def single(self, name: str) -> str:
        """The path for an image that belongs to no job."""
        return self.claim(self._base or os.path.join(self._folder, name))

    def claim(self, base: str) -> str:
        """base with its suffix, and a number if a file has that name or this run has given it away."""
        path = base + self._suffix
        if not self._overwrite or path in self._taken:
            path = unused(base, self._suffix, self._taken) if not self._overwrite else self._next(base)
        self._taken.add(path)
        return path

    def keep_one(self, path: str) -> Optional[str]:
        """The file of the name without a number, or with a smaller one, that holds the same bytes as path; path is removed
        then. None if there is none."""
        base = re.sub(r"-\d+$", "", os.path.splitext(path)[0])
        for candidate in numbered(base):
            earlier = candidate + os.path.splitext(path)[1]
            if earlier == path or not os.path.lexists(earlier):
                return None
            if os.path.isfile(earlier) and filecmp.cmp(earlier, path, shallow=False):
                os.unlink(path)
                return earlier
        return None

    def _next(self, base: str) -> str:
        return next(name + self._suffix for name in numbered(base) if name + self._suffix not in self._taken)
