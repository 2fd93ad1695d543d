"""From a dict and keyword arguments to an aigc_config."""

from __future__ import annotations

import os
from ctypes import byref
from typing import Any, Mapping, Optional

from . import _native
from ._call import Handle, call, encode
from ._library import lib
from .describe import _config_keys
from .enums import Status
from .errors import InvalidArgumentError


_PATHS = ("path", "_file", ".client_cert", ".client_key")
"""Ends of the keys whose values are paths."""


def build(config: Optional[Mapping[str, Any]], keywords: Mapping[str, Any], profile: Optional[str] = None) -> Handle:
    """A new aigc_config with what both name; keywords win. Raises InvalidArgumentError for a key or a value.

    profile: the name of a profile, "" for none; None leaves the choice to the configuration, the environment and the file.
    """
    pointer = _native.config_p()
    call(lib().aigc_config_new, byref(pointer))
    handle = Handle(pointer, lib().aigc_config_free)
    for key, value in (config or {}).items():
        _set(handle, key, value)
    for keyword, value in keywords.items():
        _set(handle, key_of(keyword), value)
    if profile is not None:
        _set(handle, "profile", profile or "none")
    return handle


def key_of(keyword: str) -> str:
    """The configuration key of a Python keyword: "tencent_secret_id" is "tencent.secret_id"."""
    for row in _config_keys():
        if row.key.replace(".", "_") == keyword:
            return row.key
    # Not in the table: the library's own message names the nearest key.
    return keyword.replace("_", ".", 1)


def default(key: str) -> str:
    """The default of a key."""
    return next((row.default for row in _config_keys() if row.key == key), "")


def _set(handle: Handle, key: str, value: Any) -> None:
    text = None if value is None else encode(_text(key, value), key)
    call(lib().aigc_config_set, handle, encode(key, "configuration key"), text)


def _text(key: str, value: Any) -> str:
    if isinstance(value, (bool, int, float)) and key.endswith(_PATHS):
        raise InvalidArgumentError(  # Otherwise it would name a file or folder "7".
            f"the value of {key} is {value!r}, and must be a str or a path",
            status=Status.INVALID_ARGUMENT,
            field=key,
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    raise InvalidArgumentError(
        f"the value of {key} is a {type(value).__name__}, and must be a str, bool, int, float, path or None",
        status=Status.INVALID_ARGUMENT,
        field=key,
    )
