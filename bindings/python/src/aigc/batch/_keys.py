"""Keys of rows. Never the number of a row or the name of a file: a row keeps its key wherever it stands."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Callable, Mapping, Optional

KEY_BYTES = 200
"""The journal takes 255; the rest is for copies and repetitions."""


def wrong_key(key: str) -> Optional[str]:
    """Why a key cannot be one; None if it can."""
    if not key.strip():
        return "the key is empty: each row needs its own, or none in the whole file has one"
    try:
        size = len(key.encode("utf-8"))
    except UnicodeEncodeError:
        return "the key is no text: it holds half a character"
    if size > KEY_BYTES:
        return f"the key has {size} bytes, and {KEY_BYTES} are possible"
    if any(ord(character) < 32 or ord(character) == 127 for character in key):
        return "the key holds a control character, such as the end of a line"
    return None


def own_hash(fields: Mapping[str, Any]) -> str:
    """Of what the row says itself: equal for equal rows, whatever the order of the columns."""
    return _hash(dict(fields))[:20]


def fingerprint(provider: str, operation: str, fields: Mapping[str, Any]) -> str:
    """Of the whole request: differs where the cloud would be asked for something else."""
    return _hash([provider, operation, dict(fields)])[:16]


def key_of(key: Optional[str], own: str, occurrence: int, copy: int) -> str:
    """The key of a row: its own, with the number of the copy; or the hash of its fields, with how many equal rows stand
    before it."""
    if key is None:
        return own if occurrence == 1 else f"{own}.{occurrence}"
    return key if copy == 1 else f"{key}~copy{copy}"


def next_generation(key: str, is_taken: Callable[[str], bool]) -> str:
    """A journal key for a row that is paid once more on purpose."""
    number = 2
    while is_taken(f"{key}~{number}"):
        number += 1
    return f"{key}~{number}"


def _hash(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
