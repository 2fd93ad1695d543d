"""Progress on a terminal: bars with rich where it is installed, and nothing otherwise."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, Optional


class Bars:
    """One line for each job and download, at the bottom of the terminal."""

    def __init__(self, progress: Any) -> None:
        self._progress = progress
        self._rows: Dict[int, Any] = {}
        progress.start()

    def update(self, key: int, text: str, fraction: Optional[float]) -> None:
        """Shows a row; fraction None means that it is not known how far it is."""
        with suppress(OSError):
            if key not in self._rows:
                self._rows[key] = self._progress.add_task(text, total=None)
            total = None if fraction is None else 1.0
            self._progress.update(self._rows[key], description=text, total=total, completed=fraction or 0.0)

    def finish(self, key: int) -> None:
        """Takes a row away."""
        if key in self._rows:
            with suppress(OSError):
                self._progress.remove_task(self._rows.pop(key))

    def line(self, text: str) -> None:
        """Prints a line above the rows."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Takes the rows off the terminal for as long as something else is printed there."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def stop(self) -> None:
        """Takes everything away. Can be called twice."""
        with suppress(OSError):  # The terminal has gone.
            self._progress.stop()


def make() -> Optional[Bars]:
    """Bars, if standard error is a terminal and rich is there."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    except ImportError:
        return None
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
    )
    # Without redirection: rich would send what is meant for a pipe at standard output to the terminal.
    console = Console(stderr=True)
    return Bars(Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False))
