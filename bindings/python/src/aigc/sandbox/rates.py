"""Request rates: the limit that is enforced and the rate that was seen."""

from __future__ import annotations

import time
from collections import deque
from heapq import heappop, heappush
from typing import Any, Deque, Dict, List, Optional, Tuple


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

    def lowest(self, action: str) -> Optional[float]:
        """How many tokens are left now, in the account that has fewest; None where nothing limits this action."""
        now, burst = time.monotonic(), max(self.rate, 1.0)
        levels = [
            min(burst, level + (now - since) * self.rate)
            for (_, name), (level, since) in self._buckets.items()
            if name == action
        ]
        return min(levels) if levels and self.rate > 0 else None

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

    def present(self) -> int:
        """How many events the last second held."""
        edge = time.monotonic() - 1.0
        return sum(1 for moment in self._times if moment > edge)


class Places:
    """How many jobs of an account run at once, and the limit of that. A place is free again when its job ends."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._ends: Dict[str, List[float]] = {}
        self._most: Dict[str, int] = {}
        self._refused: Dict[str, int] = {}

    def running(self, account: str) -> int:
        """How many run now."""
        ends = self._ends.setdefault(account, [])
        now = time.monotonic()
        while ends and ends[0] <= now:
            heappop(ends)
        return len(ends)

    def refuse(self, account: str) -> bool:
        """True, and counted, where one more job would be too many."""
        if self.limit <= 0 or self.running(account) + 1 <= self.limit:
            return False
        self._refused[account] = self._refused.get(account, 0) + 1
        return True

    def take(self, account: str, end: float) -> None:
        """A job has begun; it ends at this monotonic time."""
        count = self.running(account) + 1
        heappush(self._ends[account], end)
        self._most[account] = max(count, self._most.get(account, 0))

    def clear(self) -> None:
        """Forget all jobs and counts."""
        self._ends.clear()
        self._most.clear()
        self._refused.clear()

    def as_json(self) -> Dict[str, Any]:
        """For GET /stats, by account."""
        return {
            account: {
                "running": self.running(account),
                "most": self._most.get(account, 0),
                "refused": self._refused.get(account, 0),
            }
            for account in sorted(self._ends)
        }
