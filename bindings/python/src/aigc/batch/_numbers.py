"""Numbers of a JSON file as they were written: one that is read and written again may lose digits."""

from __future__ import annotations

import json
import math
from typing import Any, Dict, Mapping, Optional, TypeVar

from ..request import JSONText


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
    """A value that json.loads() has made with these, as JSON; None if json.dumps() gives the same numbers.
    Raises ValueError."""
    try:
        if not _has_written(value):
            return None
        found = Exact(_dump(value))
        found.former = former if _is_finite(value) else None
        return found
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def former_fields(fields: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Fields of a row as an older version sent them; None if that is the same."""
    changed = {
        name: value.former for name, value in fields.items() if isinstance(value, Exact) and value.former is not None
    }
    return {**fields, **changed} if changed else None


def _has_written(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_written, value.values()))
    if isinstance(value, list):
        return any(map(_has_written, value))
    return isinstance(value, _Written)


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _dump(value: Any) -> str:
    if isinstance(value, _Written):
        return value.text
    if isinstance(value, dict):
        return "{%s}" % ", ".join(f"{_dump(name)}: {_dump(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(_dump, value))
    return json.dumps(value, ensure_ascii=False, default=str)
