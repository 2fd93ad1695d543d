"""The sandbox's own clock: wall time plus a skew that tests can set."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """Server time. Only what a client can see uses it; jobs run on the monotonic clock."""

    def __init__(self, skew: float = 0.0) -> None:
        self.skew = skew

    def now(self) -> float:
        """Seconds since 1970 as this server believes."""
        return time.time() + self.skew

    def moment(self) -> datetime:
        """The same as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.now(), timezone.utc)
