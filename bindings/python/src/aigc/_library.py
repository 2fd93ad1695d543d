"""Finds and loads libaigc.so, at the first use and not before.

The order: the file that the environment variable AIGC_LIBRARY names (then nothing else is tried), the file that the
wheel brought (_lib/ beside this module), the soname libaigc.so.1 as the system's loader finds it.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, List, Optional, Tuple

from . import _native
from .errors import LibraryLoadError

SONAME = "libaigc.so.1"
VARIABLE = "AIGC_LIBRARY"
_PACKAGED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_lib")

_loaded: Optional[Any] = None


def lib() -> Any:
    """The loaded library, with argument and result types set on every function. Raises LibraryLoadError."""
    global _loaded
    if _loaded is None:
        # Two threads may both come here: both get the same library, and either result is right.
        _loaded = _load()
    return _loaded


def _candidates() -> List[Tuple[str, str]]:
    """Pairs of what to load and how to call that place in a message."""
    named = os.environ.get(VARIABLE)
    if named and not _is_privileged():
        return [(named, f"{VARIABLE}={named}")]
    packaged = [os.path.join(_PACKAGED, name) for name in (SONAME, "libaigc.so")]
    return [(path, path) for path in packaged] + [(SONAME, f"{SONAME} (the system's library path)")]


def _is_privileged() -> bool:
    """Whether this program has rights that whoever started it has not: then the environment is a stranger's."""
    try:
        ask = ctypes.CDLL(None).getauxval
    except (OSError, AttributeError):
        return False
    ask.restype, ask.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
    return bool(ask(23))  # AT_SECURE


def _load() -> Any:
    failures: List[str] = []
    for target, place in _candidates():
        if os.path.isabs(target) and not os.path.exists(target):
            failures.append(f"{place}: there is no such file")
            continue
        try:
            library = ctypes.CDLL(target)
        except OSError as error:
            failures.append(f"{place}: {error}")
            continue
        problem = _prepare(library)
        if problem is None:
            return library
        failures.append(f"{place}: {problem}")
    raise LibraryLoadError(_explain(failures))


def _prepare(library: Any) -> Optional[str]:
    """Checks the version and sets the types. Returns what is wrong, or None."""
    try:
        library.aigc_version_number.restype = ctypes.c_int32
        library.aigc_version_number.argtypes = []
    except AttributeError:
        return "this is not libaigc: it has no aigc_version_number"
    number = library.aigc_version_number()
    major, minor = number // 1_000_000, number // 1000 % 1000
    wanted = f"{_native.VERSION_MAJOR}.{_native.VERSION_MINOR}"
    if major != _native.VERSION_MAJOR:
        return f"it has version {major}.{minor}, and this package needs major version {_native.VERSION_MAJOR}"
    if minor < _native.VERSION_MINOR:
        return f"it has version {major}.{minor}, and this package needs {wanted} or a newer minor version"
    for name, (result, parameters) in _native.FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            return f"it lacks {name}, which version {wanted} has"
        function.restype = result
        function.argtypes = parameters
    return None


# What the library stands on, and the package that has it.
_NEEDS = {
    "libcurl.so.4": "Debian, Ubuntu: libcurl4 (libcurl4t64 on newer ones); Fedora: libcurl; Alpine: libcurl",
    "libcrypto.so.3": "Debian, Ubuntu: libssl3 (libssl3t64 on newer ones); Fedora: openssl-libs; Alpine: libcrypto3",
    "libjansson.so.4": "Debian, Ubuntu: libjansson4; Fedora: jansson; Alpine: jansson",
}


def _explain(failures: List[str]) -> str:
    lines = ["libaigc could not be loaded. Tried:", *(f"  {failure}" for failure in failures)]
    missing = [name for name in _NEEDS if any(f"{name}: cannot open" in failure for failure in failures)]
    if missing:
        lines += [f"Install what has {name}: {_NEEDS[name]}." for name in missing]
        return "\n".join(lines)
    if os.environ.get(VARIABLE):
        lines.append(f"Nothing else is tried while {VARIABLE} is set: fix it, or unset it.")
    else:
        lines.append(f"Install libaigc, or build it and set {VARIABLE} to the path of libaigc.so.")
    return "\n".join(lines)
