"""Which requests go wrong, and how: the book of faults. What a fault does is in misbehave.py."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

NUMBER = (int, float)
# kind: (parameter: (accepted types, default)); "handled" says whether the request takes effect first
_SHARE: Dict[str, Tuple[Any, Any]] = {"bytes": (int, None), "fraction": (NUMBER, None)}
KINDS: Dict[str, Dict[str, Tuple[Any, Any]]] = {
    "delay": {"ms": (NUMBER, 1000)},
    "delay_after": {"ms": (NUMBER, 1000)},
    "error": {
        "code": (str, "InternalError"),
        "message": (str, "The sandbox was told to fail."),
        "status": (int, None),
        "retry_after": ((int, float, str), None),
        "x_acs_retry_after": ((int, float, str), None),
        "x_ratelimit_user": (str, None),
        "x_ratelimit_user_api": (str, None),
        "handled": (bool, False),
    },
    "http": {
        "status": (int, 503),
        "body": (str, ""),
        "content_type": (str, "text/html"),
        "headers": (dict, None),
        "handled": (bool, False),
    },
    "reset_before": {},
    "reset_after": {},
    "close_before": {},
    "close_after": {},
    "cut": {**_SHARE, "of": (str, "answer"), "reset": (bool, False)},
    "garbage": {"size": (int, 256), "handled": (bool, False)},
    "garbage_body": {
        "size": (int, 256),
        "content_type": (str, "application/json"),
        "handled": (bool, False),
    },
    "silence": {"handled": (bool, False), "ms": (NUMBER, None)},
    "wrong_length": {"delta": (int, 10)},
    "chunked_cut": {**_SHARE, "reset": (bool, False)},
    "drip": {"interval_ms": (NUMBER, 1000), "size": (int, 1), "head": (bool, False)},
    "redirect": {"status": (int, 302), "location": (str, "http://127.0.0.1:9/"), "handled": (bool, False)},
    "success_false": {
        "code": (str, "UNKNOWN_ERROR"),
        "message": (str, "未知错误"),
        "status": (int, 200),
        "handled": (bool, False),
    },
    "html": {"status": (int, 200), "body": (str, "<html><body>Please log in</body></html>"), "handled": (bool, False)},
    "unknown_state": {"state": (str, "REVIEWING_V2")},
    "change_object": {},
    "no_range": {},
    "truncate": {**_SHARE},
    "flip_byte": {"position": (int, None)},
}
# Kinds that the handler itself carries out; the rest act on the connection or around the handler.
INSIDE = frozenset({"unknown_state", "change_object", "no_range", "truncate", "flip_byte"})
_COMMON = ("operation", "provider", "kind", "times", "after", "probability", "match")
_identifiers = itertools.count(1)


@dataclass
class Fault:
    """One instruction to misbehave."""

    kind: str
    operation: str
    provider: str
    times: int
    after: int
    probability: float
    match: str
    values: Dict[str, Any]
    id: int = field(default_factory=lambda: next(_identifiers))
    fired: int = 0

    def share(self, whole: int) -> int:
        """How many of ``whole`` bytes to send, from ``bytes`` or ``fraction`` (default one half)."""
        if self.values.get("bytes") is not None:
            return max(0, min(whole, int(self.values["bytes"])))
        fraction = self.values.get("fraction")
        return max(0, min(whole, int(whole * (0.5 if fraction is None else fraction))))

    def as_json(self) -> Dict[str, Any]:
        """For the control interface."""
        shown: Dict[str, Any] = {
            "id": self.id, "kind": self.kind, "operation": self.operation, "times": self.times,
            "after": self.after, "probability": self.probability, "fired": self.fired,
        }
        if self.provider:
            shown["provider"] = self.provider
        if self.match:
            shown["match"] = self.match
        shown.update({k: v for k, v in self.values.items() if v is not None})
        return shown


def fault_from_json(value: Any) -> Fault:
    """Read one fault; ValueError says what is wrong and what would be right."""
    if not isinstance(value, dict):
        raise ValueError("a fault is a JSON object")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError("kind must be one of " + ", ".join(sorted(KINDS)))
    operation = value.get("operation", "*")
    if not isinstance(operation, str) or not operation:
        raise ValueError("operation must be an action name, asset, bucket, proxy, a metadata operation or *")
    provider = value.get("provider", "")
    if provider not in ("", "alibaba", "tencent"):
        raise ValueError("provider must be alibaba or tencent")
    times, after, probability = value.get("times", 1), value.get("after", 0), value.get("probability", 1.0)
    if isinstance(times, bool) or not isinstance(times, int) or (times < 1 and times != -1):
        raise ValueError("times must be a count of at least 1, or -1 for ever")
    if isinstance(after, bool) or not isinstance(after, int) or after < 0:
        raise ValueError("after must be a count of requests to leave alone")
    if isinstance(probability, bool) or not isinstance(probability, NUMBER) or not 0 < probability <= 1:
        raise ValueError("probability must be above 0 and at most 1")
    match = value.get("match", "")
    if not isinstance(match, str):
        raise ValueError("match must be a string that the request target contains")
    schema = KINDS[kind]
    for name, given in value.items():
        if name in _COMMON:
            continue
        if name not in schema:
            raise ValueError("%s does not take %r; it takes: %s" % (kind, name, ", ".join(sorted(schema)) or "nothing"))
        wanted = schema[name][0]
        wrong = isinstance(given, bool) and wanted is not bool
        if given is not None and (wrong or not isinstance(given, wanted)):
            raise ValueError("%s has the wrong type" % name)
        if isinstance(given, float) and not math.isfinite(given):
            raise ValueError("%s must be finite" % name)
        if name in ("ms", "interval_ms", "bytes", "fraction", "size") and given is not None and given < 0:
            raise ValueError("%s must not be negative" % name)
    values = {name: (default if value.get(name) is None else value[name]) for name, (_, default) in schema.items()}
    if kind == "drip":
        values["size"] = max(1, values["size"])
    if "status" in values and values["status"] is not None and not 100 <= values["status"] <= 599:
        raise ValueError("status must be an HTTP status")
    if values.get("of") not in (None, "answer", "body"):
        raise ValueError("of must be answer or body")
    headers = values.get("headers")
    if headers is not None:
        for name, text in headers.items():
            if not isinstance(text, str) or any(c in name + text for c in "\r\n"):
                raise ValueError("headers must map names to one-line strings")
    return Fault(kind, operation, provider, times, after, float(probability), match, values)


class Faults:
    """The faults in force, oldest first; each request meets one at most."""

    def __init__(self) -> None:
        self._faults: List[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put one in force."""
        self._faults.append(fault)

    def clear(self, identifier: Optional[int] = None) -> None:
        """Drop all, or one."""
        self._faults = [] if identifier is None else [f for f in self._faults if f.id != identifier]

    def every(self) -> List[Fault]:
        """Those in force."""
        return list(self._faults)

    def take(self, provider: str, operation: str, target: str) -> Optional[Fault]:
        """The fault that this request meets, if any. The proxy must be named: ``*`` does not mean it."""
        for fault in self._faults:
            everything = fault.operation == "*" and operation != "proxy"
            if not (everything or fault.operation == operation) or (fault.provider and fault.provider != provider):
                continue
            if fault.match and fault.match not in target:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.probability < 1 and random.random() >= fault.probability:
                continue
            fault.fired += 1
            if fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
            return fault
        return None
