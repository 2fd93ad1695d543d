"""Request rates: the limit that is enforced and the rate that was seen."""

from __future__ import annotations

import time
from collections import deque
from typing import Deque, Dict, Tuple


class TokenBuckets:
    """One token bucket per (account, action); the burst is as large as one second's worth."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._buckets: Dict[Tuple[str, str], Tuple[float, float]] = {}

    def take(self, account: str, action: str) -> float:
        """Take one token: 0 when there was one, else the seconds until there is one."""
        if self.rate <= 0:
            return 0.0
        burst = max(self.rate, 1.0)
        now = time.monotonic()
        level, since = self._buckets.get((account, action), (burst, now))
        level = min(burst, level + (now - since) * self.rate)
        if level >= 1.0:
            self._buckets[(account, action)] = (level - 1.0, now)
            return 0.0
        self._buckets[(account, action)] = (level, now)
        return (1.0 - level) / self.rate

    def clear(self) -> None:
        """Fill every bucket again."""
        self._buckets.clear()


class Peak:
    """The most events seen in any window of one second."""

    def __init__(self) -> None:
        self.most = 0
        self._times: Deque[float] = deque()

    def count(self) -> None:
        """One more event, now."""
        now = time.monotonic()
        times = self._times
        times.append(now)
        while times[0] <= now - 1.0:
            times.popleft()
        if len(times) > self.most:
            self.most = len(times)
