"""What happened: counts per operation, created jobs, recorded requests."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from typing import Any, Deque, Dict, List, Set

from .rates import Peak


class Operation:
    """Counts of one operation."""

    def __init__(self) -> None:
        self.requests = 0
        self.accepted = 0
        self.refused: "Counter[str]" = Counter()
        self.faults: "Counter[str]" = Counter()
        self.peak = Peak()

    def as_json(self) -> Dict[str, Any]:
        """For the control interface."""
        return {
            "requests": self.requests,
            "accepted": self.accepted,
            "refused": dict(self.refused),
            "faults": dict(self.faults),
            "max_per_second": self.peak.most,
        }


class Ledger:
    """The sandbox's memory of its callers."""

    def __init__(self) -> None:
        self.connections: "Counter[str]" = Counter()
        self._sequence = itertools.count(1)
        self.last = 0
        """The number of the newest recorded request."""
        self.epoch = 0
        """How often this ledger was cleared."""
        self.clear()

    def clear(self) -> None:
        """Start afresh."""
        self.epoch += 1
        self._operations: Dict[str, Dict[str, Operation]] = {}
        self._markers: Set[str] = set()
        self.duplicates = 0
        self.created: Deque[Dict[str, Any]] = deque(maxlen=200_000)
        self.created_total: "Counter[str]" = Counter()
        self.requests: Deque[Dict[str, Any]] = deque(maxlen=20_000)
        self.asset_requests: Deque[Dict[str, Any]] = deque(maxlen=20_000)
        self.bucket_requests: Deque[Dict[str, Any]] = deque(maxlen=20_000)
        self.proxy_requests: Deque[Dict[str, Any]] = deque(maxlen=20_000)
        self.connections.clear()

    def operation(self, provider: str, name: str) -> Operation:
        """The counts of one operation."""
        found = self._operations.setdefault(provider, {}).get(name)
        if found is None:
            found = self._operations[provider][name] = Operation()
        return found

    def names(self) -> Dict[str, List[str]]:
        """The operations that were called, by provider."""
        return {provider: list(operations) for provider, operations in self._operations.items()}

    def job_created(self, provider: str, operation: str, job_id: str, prompt: str, when: float) -> None:
        """Note a new job; a prompt seen before in the same cloud is a duplicate."""
        marker = provider + "\n" + prompt
        if marker in self._markers:
            self.duplicates += 1
        self._markers.add(marker)
        self.created_total[provider] += 1
        self.created.append(
            {"provider": provider, "operation": operation, "id": job_id, "prompt": prompt, "time": when}
        )

    def record(self, log: Deque[Dict[str, Any]], entry: Dict[str, Any]) -> Dict[str, Any]:
        """Keep one request head, numbered."""
        entry["number"] = self.last = next(self._sequence)
        log.append(entry)
        return entry

    def as_json(self) -> Dict[str, Any]:
        """For GET /stats."""
        return {
            "operations": {
                provider: {name: op.as_json() for name, op in sorted(ops.items())}
                for provider, ops in sorted(self._operations.items())
            },
            "jobs_created": dict(self.created_total),
            "duplicates": self.duplicates,
            "jobs": list(self.created),
            "connections": dict(self.connections),
        }


def since(log: Deque[Dict[str, Any]], number: int, operation: str) -> List[Dict[str, Any]]:
    """Recorded requests after a number, of one operation when it is given."""
    return [e for e in log if e["number"] > number and (not operation or e.get("operation") == operation)]
