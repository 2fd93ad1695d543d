"""The Python package's copy of the header: the ctypes table, and the members of its enumerations."""

from __future__ import annotations

import re
import textwrap
from typing import List

import header

ENUMERATIONS = {
    "Status": "AIGC_E_",
    "Outcome": "AIGC_OUTCOME_",
    "State": "AIGC_STATE_",
    "EventType": "AIGC_EVENT_",
    "LogLevel": "AIGC_LOG_",
}
PLAIN = {
    "void": "None",
    "int32_t": "c_int32",
    "aigc_status": "c_int32",
    "int64_t": "c_int64",
    "uint64_t": "c_uint64",
    "size_t": "c_size_t",
    "double": "c_double",
    "aigc_event_handler": "event_handler",
    "const char *": "c_char_p",
    "const char **": "char_pp",
    "const void *": "c_void_p",
    "void *": "c_void_p",
    "int32_t *": "int32_p",
    "aigc_status *": "int32_p",
    "int64_t *": "int64_p",
    "size_t *": "size_p",
}
HEAD = '''"""The declarations of include/aigc.h for ctypes, and nothing else.

Tests/tools/generate.py writes this file from the header; tests/test_native.py parses the header in its own way and fails
if a function, a parameter type or a constant differs from this file. Nothing is loaded here: see _library.py. The values
of statuses, outcomes, states and events are in enums.py.
"""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
)
from typing import Any, Dict, List, Tuple, Union

'''


def ctype(text: str) -> str:
    """The ctypes name of a type of the header."""
    if text in PLAIN:
        return PLAIN[text]
    shape = re.fullmatch(r"(?:const )?aigc_(\w+) (\*{1,2})", text)
    if shape is None:
        raise SystemExit("emit_python.py: no ctypes type is known for %r" % text)
    return "%s_%s" % (shape.group(1), "p" * len(shape.group(2)))


def function(f: header.Function) -> str:
    """A row of the table of functions."""
    types = [ctype(p.type) for p in f.parameters]
    row = '    "%s": (%s, [%s]),\n' % (f.name, ctype(f.result), ", ".join(types))
    if len(row) <= 120:
        return row
    return '    "%s": (\n        %s,\n        [%s],\n    ),\n' % (f.name, ctype(f.result), ", ".join(types))


def native() -> str:
    """_native.py."""
    major, minor = header.version().split(".")[:2]
    parts: List[str] = [HEAD]
    parts.append("# The version of the header that this file was written for.\n")
    parts.append("VERSION_MAJOR = %s\nVERSION_MINOR = %s\n\n\n" % (major, minor))
    parts.append(
        "# Opaque handles: never dereferenced, but each of its own type, so that a wrong one is an error and no crash.\n"
    )
    names = [h[len("aigc_") :] for h in header.handles()]
    parts.append("\n\n".join("class aigc_%s(Structure):\n    pass\n" % n for n in names) + "\n\n")
    for n in names:
        parts.append("%s_p, %s_pp = POINTER(aigc_%s), POINTER(POINTER(aigc_%s))\n" % (n, n, n, n))
    parts.append("char_pp = POINTER(c_char_p)\nint32_p = POINTER(c_int32)\nint64_p = POINTER(c_int64)\n")
    parts.append("size_p = POINTER(c_size_t)\nevent_handler = CFUNCTYPE(None, event_p, c_void_p)\n\n")
    parts.append("# Constants that belong to no enumeration of enums.py, by their name in the header.\n")
    parts.append("CONSTANTS: Dict[str, Union[int, str]] = {\n")
    for c in header.defines():
        value = '"%s"' % c.value if isinstance(c.value, str) else str(c.value)
        value = c.name[len("AIGC_") :] if c.name in ("AIGC_VERSION_MAJOR", "AIGC_VERSION_MINOR") else value
        parts.append('    "%s": %s,\n' % (c.name, value))
    parts.append("}\n\n# name: (result type, parameter types), in the order of the header.\n")
    parts.append("FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {\n")
    parts.extend(function(f) for f in header.functions())
    parts.append("}\n")
    return "".join(parts)


def members(name: str) -> str:
    """The members of one enumeration, each with the header's words."""
    prefix = ENUMERATIONS[name]
    constants = next(e.constants for e in header.enumerations() if e.prefix == prefix)
    lines = []
    for c in constants:
        member = c.name[len(prefix) :] if c.name.startswith(prefix) else c.name[len("AIGC_") :]
        quoted = textwrap.wrap('"""%s"""' % header.sentence(c.comment), 114)
        lines.append("    %s = %d\n" % (member, c.value))
        lines.extend("    %s\n" % line for line in quoted)
    return "".join(lines)
