"""The line of progress: pure, with the clock passed in."""

from __future__ import annotations

from collections import deque
from typing import Deque, Dict, NamedTuple, Optional, Tuple

_WINDOW = 60.0  # Seconds over which the rate is measured.
_BAR = 20


class Tally(NamedTuple):
    """How many rows stand where."""

    rows: int
    done: int = 0
    failed: int = 0
    """Refused, failed, expired, or left by hand."""
    doubt: int = 0
    flight: int = 0
    """Accepted or on their way, and not here yet."""
    waiting: int = 0
    """To be sent or fetched by this run."""

    @property
    def ended(self) -> int:
        """Rows that this run has nothing to do for any more."""
        return self.done + self.failed + self.doubt


class Pace:
    """How fast rows end, and how long the rest takes. Rows that were done before do not count."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._ends: Deque[float] = deque(maxlen=2000)
        self._durations: Deque[float] = deque(maxlen=200)

    def ended(self, now: float, duration: Optional[float]) -> None:
        """A row has ended; duration: seconds since it was sent."""
        self._ends.append(now)
        if duration is not None:
            self._durations.append(duration)

    def rate(self, now: float) -> float:
        """Rows a second, over the last minute."""
        while self._ends and now - self._ends[0] > _WINDOW:
            self._ends.popleft()
        if not self._ends:
            return 0.0
        return len(self._ends) / max(min(_WINDOW, now - self._start), 0.5)

    def left(self, now: float, tally: Tally) -> Optional[float]:
        """Seconds until the end; None while nothing is known."""
        rate = self.rate(now)
        if not self._durations or (tally.waiting and not rate):
            return None
        middle = sorted(self._durations)[len(self._durations) // 2]
        return max((tally.waiting + tally.flight) / rate if rate else 0.0, middle if tally.flight or tally.waiting else 0.0)


def line(tally: Tally, rate: float, left: Optional[float], width: int = 80, bar: bool = True) -> str:
    """One line, at most so wide."""
    share = tally.ended / tally.rows if tally.rows else 1.0
    filled = int(share * _BAR)
    parts = [f"{tally.ended:>{len(str(tally.rows))}}/{tally.rows}"]
    if bar:
        parts.append("━" * filled + "─" * (_BAR - filled))
    parts.append(f"{int(share * 100):>3} %  {rate:.1f}/s  in flight {tally.flight}")
    parts.append(f" failed {tally.failed}  in doubt {tally.doubt}")
    if left is not None:
        parts.append(f" {clock(left)} left")
    text = " ".join(parts)
    if len(text) > width and bar:
        return line(tally, rate, left, width, bar=False)
    if len(text) > width:  # What costs money or fails stands first.
        text = f"{parts[0]} failed {tally.failed} doubt {tally.doubt} flight {tally.flight} {rate:.1f}/s"
        text += "" if left is None else f" {clock(left)}"
    return text[:width]


def clock(seconds: float) -> str:
    """1:31, or 2:05:00."""
    whole = int(seconds + 0.5)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class Ticks:
    """When a whole line is due where there is no terminal: every 30 seconds and at each tenth."""

    def __init__(self, start: float, every: float = 30.0) -> None:
        self._last = start
        self._every = every
        self._tenth = -1

    def due(self, now: float, tally: Tally) -> bool:
        """Whether to print now."""
        tenth = 10 * tally.ended // tally.rows if tally.rows else 10
        if self._tenth < 0:
            self._tenth = tenth  # Where the run began is no progress.
            return False
        if tenth > self._tenth or now - self._last >= self._every:
            self._tenth, self._last = tenth, now
            return True
        return False


class Throttle(NamedTuple):
    """What decides whether one more job may be accepted."""

    backlog: int
    """Images that are accepted and not here."""
    picture_bytes: int
    bandwidth: float
    """Bytes a second; 0 while unknown."""
    free_bytes: int
    """Of the disk; -1 while unknown."""


HOURS = 6.0
"""Images live for 12 hours: no more is accepted than can be fetched in half of that."""


def may_send(state: Throttle) -> Tuple[bool, str]:
    """Whether one more job may be sent, and why not."""
    ahead = (state.backlog + 1) * state.picture_bytes
    if 0 <= state.free_bytes < ahead + (1 << 20):
        return False, "the disk has no room for what is accepted already"
    if state.bandwidth > 0 and ahead / state.bandwidth > HOURS * 3600:
        return False, f"fetching what is accepted already takes more than {HOURS:g} hours"
    return True, ""


def exit_code(first_failure: int, doubt: int, interrupted: bool, stopped: int) -> int:
    """130 after Ctrl-C; 6 if anything is in doubt; otherwise that of the first failure, or of what stopped the sending."""
    if interrupted:
        return 130
    if doubt:
        return 6
    return first_failure or stopped


def summary_counts(counts: Dict[str, int]) -> Tuple[int, int, int, int]:
    """Done, failed, in doubt and the rest, from where the rows stand."""
    done, doubt = counts.get("done", 0), counts.get("in doubt", 0)
    failed = sum(counts.get(name, 0) for name in ("failed", "refused", "expired", "left", "conflict"))
    return done, failed, doubt, sum(counts.values()) - done - failed - doubt
