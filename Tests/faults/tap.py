"""One TAP line for each fact."""

from __future__ import annotations

import threading
from typing import List


class Report:
    """Counts facts and prints them. Any thread."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix + ": " if prefix else ""
        self._lock = threading.Lock()
        self.facts = 0
        self.failed: List[str] = []

    def ok(self, good: bool, text: str, why: object = "") -> bool:
        """One fact; why: what was seen, shown when it is not as it should be."""
        with self._lock:
            self.facts += 1
            line = "%s - %s%s" % ("ok" if good else "not ok", self._prefix, text)
            if not good:
                self.failed.append(text)
                line += ": %s" % str(why).replace("\n", " ") if why != "" else ""
            print(line, flush=True)
        return good

    def skip(self, text: str, why: str) -> None:
        """A fact that cannot be had here."""
        with self._lock:
            self.facts += 1
            print("ok - %s%s # SKIP %s" % (self._prefix, text, why), flush=True)

    def note(self, text: str) -> None:
        """A figure for the reader."""
        with self._lock:
            print("# %s%s" % (self._prefix, text), flush=True)

    def finish(self) -> int:
        """The exit status."""
        return 1 if self.failed or not self.facts else 0
