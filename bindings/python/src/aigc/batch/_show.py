"""Shows progress: a line on a terminal or in a notebook, whole lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any, Optional

from ._progress import Pace, Tally, Ticks, line

MODES = ("auto", "tty", "plain", "quiet")
_EVERY = 0.2


class Show:
    """Writes to standard error. mode: of MODES."""

    def __init__(self, mode: str = "auto") -> None:
        if mode not in MODES:
            raise ValueError(f"progress is {mode!r}: it is one of {', '.join(MODES)}")
        self._notebook: Any = None
        if mode == "auto":
            self._notebook = _display()
            is_terminal = sys.stderr is not None and sys.stderr.isatty()
            mode = "notebook" if self._notebook is not None else "tty" if is_terminal else "plain"
        self._mode = mode
        self._ticks = Ticks(time.monotonic())
        self._last = 0.0
        self._is_shown = False
        self._text = ""

    def update(self, tally: Tally, pace: Pace) -> Optional[str]:
        """Shows where things are, if it is time. Returns the line that was shown."""
        now = time.monotonic()
        if self._mode == "quiet" or (self._mode != "plain" and now - self._last < _EVERY):
            return None
        if self._mode == "plain" and not self._ticks.due(now, tally):
            return None
        self._last = now
        width = shutil.get_terminal_size().columns - 1 if self._mode == "tty" else 200
        text = line(tally, pace.rate(now), pace.left(now, tally), width, bar=self._mode != "plain")
        if self._notebook is not None:
            self._notebook.update(_Text(text))
        elif self._mode == "tty":
            _write(f"\r\x1b[K{text}")
            self._is_shown = True
        else:
            _write(text + "\n")
        return text

    def end(self) -> None:
        """Leaves the terminal as it was. Can be called twice."""
        if self._is_shown:
            _write("\r\x1b[K")
            self._is_shown = False


class _Text:
    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _display() -> Any:
    """The display handle of a notebook; None elsewhere."""
    shell = sys.modules.get("IPython")
    if shell is None:
        return None
    try:
        if type(shell.get_ipython()).__name__ != "ZMQInteractiveShell":
            return None
        from importlib import import_module

        return import_module("IPython.display").display(_Text(""), display_id=True)
    except Exception:
        return None


def _write(text: str) -> None:
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except (OSError, ValueError):  # Paid work does not end because nobody looks.
        pass
