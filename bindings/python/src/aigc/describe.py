"""The library's own tables: configuration keys, operations and their fields. These load the library."""

from __future__ import annotations

from ctypes import byref, c_char_p, c_int32, c_size_t
from functools import lru_cache
from typing import Any, List, NamedTuple, Tuple

from ._call import decode, encode
from ._library import lib


class ConfigKey(NamedTuple):
    """One configuration key."""

    key: str
    type: str
    """ "string", "secret", "bool", "int", "double", "duration_ms", "bytes" or "choice: a|b"."""
    default: str
    text: str
    """One sentence."""


class Operation(NamedTuple):
    """One operation of a provider."""

    provider: str
    operation: str
    kind: str
    """ "submit" (costs money) or "fetch"."""
    wire_name: str
    """The provider's own name of the call."""


class Field(NamedTuple):
    """One field of an operation."""

    name: str
    type: str
    """ "string", "int", "double", "bool", "json" or "image_url"."""
    required: bool
    wire_name: str
    """The provider's own name of the field."""
    text: str
    """One sentence."""


def _text(value: c_char_p) -> str:
    return decode(value.value) or ""


def _texts(count: int) -> Tuple[c_char_p, ...]:
    return tuple(c_char_p() for _ in range(count))


@lru_cache(maxsize=None)
def _config_keys() -> Tuple[ConfigKey, ...]:
    rows: List[ConfigKey] = []
    out = _texts(4)
    while lib().aigc_config_describe(c_size_t(len(rows)), *map(byref, out)) == 0:
        rows.append(ConfigKey(*map(_text, out)))
    return tuple(rows)


@lru_cache(maxsize=None)
def _operations() -> Tuple[Operation, ...]:
    rows: List[Operation] = []
    out = _texts(4)
    while lib().aigc_operation_at(c_size_t(len(rows)), *map(byref, out)) == 0:
        rows.append(Operation(*map(_text, out)))
    return tuple(rows)


@lru_cache(maxsize=64)
def _fields(provider: str, operation: str) -> Tuple[Field, ...]:
    rows: List[Field] = []
    name, kind, wire, text = _texts(4)
    required = c_int32()
    names: Tuple[Any, ...] = (encode(provider, "provider"), encode(operation, "operation"))
    out = (byref(name), byref(kind), byref(required), byref(wire), byref(text))
    while lib().aigc_request_describe(*names, c_size_t(len(rows)), *out) == 0:
        rows.append(Field(_text(name), _text(kind), bool(required.value), _text(wire), _text(text)))
    return tuple(rows)


def config_keys() -> List[ConfigKey]:
    """Every configuration key with its type, default and meaning."""
    return list(_config_keys())


def operations() -> List[Operation]:
    """Every operation of every provider."""
    return list(_operations())


def fields(provider: str, operation: str) -> List[Field]:
    """The fields of an operation; empty for one that does not exist."""
    return list(_fields(provider, operation))


def version() -> str:
    """The version of the loaded library, "1.0.0"."""
    return decode(lib().aigc_version_string()) or ""


def build_info() -> str:
    """One line of JSON: the versions of the library and of what it stands on."""
    return decode(lib().aigc_build_info()) or ""
