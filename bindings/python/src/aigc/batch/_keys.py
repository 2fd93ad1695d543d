"""Keys of rows. Never the number of a row or the name of a file: a row keeps its key wherever it stands."""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import date
from datetime import time as clock_time
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Callable, Mapping, Optional
from uuid import UUID

from ..request import wrong_edge
from ._numbers import EXACT, NarrowFloat

_NUMBER = re.compile(r"(0|-?[1-9][0-9]*)(~copy[0-9]+)?")
_WRITTEN = re.compile(r"(0|-?[1-9][0-9]*)\.0(~copy[0-9]+)?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(~copy[0-9]+)?")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00(~copy[0-9]+)?")
KEY_BYTES = 200
"""The journal takes 255; the rest is for copies and repetitions."""


def wrong_key(key: str) -> Optional[str]:
    """Why a key cannot be one; None if it can."""
    if not key.strip():
        return "the key is empty: each row needs its own, or none in the whole file has one"
    edge = wrong_edge(key)
    if edge is not None:
        return edge
    try:
        size = len(key.encode("utf-8"))
    except UnicodeEncodeError:
        return "the key is no text: it holds half a character"
    if size > KEY_BYTES:
        return f"the key has {size} bytes, and {KEY_BYTES} are possible"
    if any(ord(character) < 32 or ord(character) == 127 for character in key):
        return "the key holds a control character, such as the end of a line"
    return None


def is_gap(entry: Any) -> bool:
    """Whether a cell holds nothing: None, or what pandas and NumPy put into gaps."""
    if entry is None or type(entry).__name__ == "NAType":
        return True
    try:
        return bool(entry != entry)
    except (TypeError, ValueError):  # An array, for instance.
        return False


def key_text(entry: Any) -> str:
    """A cell as a key; empty for a gap. A whole number is the same key however its reader gives it: as 1, 1.0, "1" or "1.0".
    Tools make floats of whole numbers as soon as one row has none. So is a day: as a date, its midnight, or the text of either.
    Raises ValueError for a number that is not exact."""
    entry = entry.as_py() if hasattr(entry, "as_py") else entry  # A scalar of Arrow.
    if is_gap(entry):
        return ""
    if isinstance(entry, str):
        found = _WRITTEN.fullmatch(entry) or _MIDNIGHT.fullmatch(entry)
        return entry if found is None or found.group(2) else found.group(1)
    if isinstance(entry, bool):
        return json.dumps(entry)
    if isinstance(entry, Integral):
        return str(int(entry))
    if isinstance(entry, (Real, Decimal)):
        exact_below = entry.exact_below if isinstance(entry, NarrowFloat) else EXACT
        entry = entry if isinstance(entry, Decimal) else float(entry)
        if not math.isfinite(entry):
            raise ValueError(f"the key is {entry}: it is a text or a number")
        if not isinstance(entry, Decimal) and abs(entry) >= exact_below:
            raise ValueError(
                f"the key {entry} is a number that its reader may have rounded: two keys may become one. Read the column as text"
            )
        return str(int(entry)) if entry == int(entry) else str(entry)
    if isinstance(entry, date):  # Also with a time.
        return key_text(str(entry))
    if isinstance(entry, (UUID, clock_time)):
        return str(entry)
    return json.dumps(_no_bytes(entry), ensure_ascii=False, sort_keys=True, default=str)


def cell_text(entry: Any) -> str:
    """Any other cell as text, for a prompt or the name of a file. Raises ValueError for bytes."""
    if entry is None:
        return ""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, (UUID, date, clock_time, Decimal)):
        return str(entry)
    if hasattr(entry, "item") and getattr(entry, "shape", None) == ():  # A number of NumPy.
        entry = entry.item()
    return json.dumps(_no_bytes(entry), ensure_ascii=False, sort_keys=True, default=str)


def _no_bytes(entry: Any) -> Any:
    if isinstance(entry, (bytes, bytearray, memoryview)):
        raise ValueError(f"the cell holds {type(entry).__name__}: decode them to text")
    return entry


def stored_key(key: str) -> str:
    """The key of a row that an older version noted as "1.0" or as a midnight, as key_text() has it now."""
    found = _WRITTEN.fullmatch(key) or _MIDNIGHT.fullmatch(key)
    return key if found is None else found.group(1) + (found.group(2) or "")


def former_key(key: str) -> Optional[str]:
    """As an older version noted the key of a row whose reader made a float of a whole number, or a midnight of a day; None if it
    had no other."""
    number, day = _NUMBER.fullmatch(key), _DAY.fullmatch(key)
    if number is not None:
        return f"{number.group(1)}.0{number.group(2) or ''}"
    return None if day is None else f"{day.group(1)} 00:00:00{day.group(2) or ''}"


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
