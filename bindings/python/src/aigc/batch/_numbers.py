"""Numbers as they were written, in a JSON file or as decimals: one that is read and written again may lose digits."""

from __future__ import annotations

import json
import math
from datetime import date
from datetime import time as clock_time
from decimal import Decimal
from typing import Any, Dict, Mapping, Optional, TypeVar
from uuid import UUID

from ..request import JSONText

_PLAIN = (str, int, float, UUID, date, clock_time)
"""What json.dumps() writes well: the last three as text."""


class _Written:
    """A number whose text is another than Python's."""

    text: str


class WrittenFloat(_Written, float):
    """1.10, 1E2."""


class WrittenInt(_Written, int):
    """-0."""


_Number = TypeVar("_Number", bound=_Written)


class Exact(JSONText):
    """JSON with numbers as they were written."""

    former: Any = None
    """What an older version sent instead; None if there was no such thing, as for 1e400."""


def parse_float(text: str) -> float:
    """For json.loads()."""
    value = float(text)
    return value if repr(value) == text else _with_text(WrittenFloat(value), text)


def parse_int(text: str) -> int:
    """For json.loads()."""
    value = int(text)
    return value if str(value) == text else _with_text(WrittenInt(value), text)


def _with_text(written: _Number, text: str) -> _Number:
    written.text = text
    return written


def exact(value: Any, former: Any) -> Optional[Exact]:
    """A value that json.loads() has made with these, or a program, as JSON; None if json.dumps() gives the same. A number of
    any kind is a number there, digit for digit. Raises ValueError."""
    try:
        if not _has_written(value):
            return None
        found = Exact(_dump(value))
        found.former = former if _is_finite(value) and _is_known(former) else None
        return found
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


def former_fields(fields: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Fields of a row as an older version sent them; None if that is the same."""
    changed = {
        name: value.former for name, value in fields.items() if isinstance(value, Exact) and value.former is not None
    }
    return {**fields, **changed} if changed else None


def _is_known(former: Any) -> bool:
    """Whether an older version could send it: its row had a hash."""
    try:
        json.dumps(former, sort_keys=True, default=str)
    except TypeError:
        return False
    return True


def _has_written(value: Any) -> bool:
    if isinstance(value, dict):
        return any(not isinstance(name, str) or _has_written(entry) for name, entry in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(_has_written, value))
    return isinstance(value, _Written) or not (value is None or isinstance(value, _PLAIN))


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _dump(value: Any) -> str:
    if isinstance(value, _Written):
        return value.text
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no number of JSON")
        return str(value)
    if isinstance(value, dict):
        return "{%s}" % ", ".join(f"{_name(name)}: {_dump(entry)}" for name, entry in value.items())
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(map(_dump, value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise ValueError(f"it holds {type(value).__name__}: decode them to text")
    for convert in ("as_py", "tolist"):  # Arrow; NumPy and what is built on it.
        if hasattr(value, convert):
            return _dump(getattr(value, convert)())
    return json.dumps(value, ensure_ascii=False, default=str)


def _name(name: Any) -> str:
    """The name of a member, as json.dumps() has it."""
    whole = json.dumps({name: 0}, ensure_ascii=False)
    return whole[1 : whole.rindex(":")]
