"""Numbers as they were written, in a JSON file or as decimals: one that is read and written again may lose digits."""

from __future__ import annotations

import json
import math
from datetime import date
from datetime import time as clock_time
from decimal import Decimal
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, TypeVar, Union
from uuid import UUID

from ..request import JSONText

EXACT = 2**53
"""From here on a float does not hold every whole number."""
_PLAIN = (str, int, float, UUID, date, clock_time)
"""What json.dumps() writes well: the last three as text."""


class _Written:
    """A number whose text is another than Python's."""

    text: str


class WrittenFloat(_Written, float):
    """1.10, 1E2."""


class WrittenInt(_Written, int):
    """-0."""


class NarrowFloat(WrittenFloat):
    """A number of 32 bits or less: the shortest decimal that gives this number. Its own value has digits that nobody wrote:
    the 0.8 of a float32 is 0.800000011920929."""

    wide: float
    """Its own value, which an older version sent."""
    exact_below: int
    """From here on the format does not hold every whole number."""


class _Format(NamedTuple):
    bits: int
    """Of the significand."""
    least: int
    """The exponent of the smallest number."""


_NARROW = {"float16": _Format(11, -24), "bfloat16": _Format(8, -133), "float32": _Format(24, -149)}

Shape = Union[None, str, List["Shape"], Tuple["Shape", ...], Dict[str, "Shape"]]
"""Where a column has narrow numbers: the name of their format; [of the entries], (of the parts), {of the members}."""

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


def narrow(value: float, kind: str) -> float:
    """A number of a narrow format as it was written, as far as that can be known."""
    form = _NARROW[kind]
    if not math.isfinite(value):
        return value
    shortest = next(
        (found for found in (float(f"{value:.{digits}g}") for digits in range(1, 10)) if _rounded(found, form) == value), value
    )
    made = _with_text(NarrowFloat(shortest), repr(shortest))
    made.wide, made.exact_below = value, 1 << form.bits
    return made


def _rounded(value: float, form: _Format) -> float:
    """To the nearest number of a format."""
    unit = max(math.frexp(value)[1] - form.bits, form.least)
    return math.ldexp(round(math.ldexp(value, -unit)), unit)


def shape_of(kind: Any) -> Shape:
    """Of a type of Arrow, NumPy, pandas or polars."""
    for inner in ("numpy_dtype", "pyarrow_dtype", "subtype", "storage_type"):  # What pandas wraps, and Arrow's extensions.
        if getattr(kind, inner, None) is not None:
            return shape_of(getattr(kind, inner))
    if getattr(kind, "categories", None) is not None and hasattr(kind.categories, "dtype"):
        return shape_of(kind.categories.dtype)
    name = {"halffloat": "float16", "float": "float32"}.get(str(kind), str(kind).lower())
    if name in _NARROW:
        return name
    if hasattr(kind, "item_type"):  # A map of Arrow: pairs.
        parts = shape_of(kind.key_type), shape_of(kind.item_type)
        return [parts] if any(parts) else None
    if hasattr(kind, "index_type"):  # A dictionary of Arrow: its entries are its values.
        return shape_of(kind.value_type)
    if hasattr(kind, "value_type"):
        entry = shape_of(kind.value_type)
        return [entry] if entry and not hasattr(kind, "run_end_type") else entry
    if name.startswith("struct<"):
        members = {field.name: shape_of(field.type) for field in (kind.field(n) for n in range(kind.num_fields))}
    elif name.startswith("struct("):
        members = {field.name: shape_of(field.dtype) for field in kind.fields}
    elif name.startswith(("list(", "array(")):
        entry = shape_of(kind.inner)
        return [entry] if entry else None
    else:
        return None
    return {member: shape for member, shape in members.items() if shape} or None


def narrowed(value: Any, shape: Shape) -> Any:
    """A value of a column with narrow numbers."""
    if not shape or value is None:
        return value
    if isinstance(shape, str):
        if isinstance(value, (list, tuple)):  # An array of any number of dimensions.
            return [narrowed(entry, shape) for entry in value]
        return narrow(float(value), shape)
    if isinstance(shape, tuple):
        return tuple(narrowed(entry, part) for entry, part in zip(value, shape))
    if isinstance(shape, dict):
        return {name: narrowed(entry, shape.get(name)) for name, entry in value.items()}
    return [narrowed(entry, shape[0]) for entry in value]


def as_written(value: Any) -> Any:
    """What a program passes, with its narrow numbers of NumPy, Arrow or a library of tensors as they were written."""
    try:
        return _as_written(value)
    except RecursionError:
        return value


def _as_written(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        return {name: _as_written(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_written(entry) for entry in value]
    kind = str(getattr(value, "dtype", "")).rpartition(".")[2]
    if kind in _NARROW and hasattr(value, "tolist"):
        return narrowed(value.tolist(), kind)
    if hasattr(value, "as_py"):
        shape = shape_of(value.type)
        return narrowed(value.as_py(), shape) if shape else value
    return value


def widened(value: Any) -> Any:
    """With the digits that an older version sent; the value itself if there is no narrow number in it."""
    try:
        return _widened(value)
    except RecursionError:  # Who sends it says so.
        return value


def _widened(value: Any) -> Any:
    if isinstance(value, NarrowFloat):
        return value.wide
    if isinstance(value, dict):
        members = {name: _widened(entry) for name, entry in value.items()}
        return members if any(members[name] is not value[name] for name in value) else value
    if isinstance(value, (list, tuple)):
        entries = [_widened(entry) for entry in value]
        return entries if any(new is not old for new, old in zip(entries, value)) else value
    return value


def whole_number(value: Any) -> Optional[int]:
    """The whole number that a float was made of; None if it is none. Raises ValueError if its reader may have rounded it."""
    if not isinstance(value, float) or not value.is_integer():
        return None
    if isinstance(value, WrittenFloat) and not isinstance(value, NarrowFloat):
        return int(Decimal(value.text))
    exact_below = value.exact_below if isinstance(value, NarrowFloat) else EXACT
    if abs(value) >= exact_below:
        raise ValueError(f"{value:.0f} is a number that its reader may have rounded: read the column as whole numbers or as text")
    return int(value)


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
