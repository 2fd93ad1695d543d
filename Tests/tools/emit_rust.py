"""The Rust crate's copy of the header: the declarations (sys.rs), the constants of its types (status.rs), and
the names of clouds and operations (lib.rs)."""

from __future__ import annotations

import re
import textwrap
from typing import List

import header

WORDS = {
    "int32_t": "i32",
    "int64_t": "i64",
    "uint64_t": "u64",
    "size_t": "usize",
    "double": "f64",
    "char": "c_char",
    "void": "c_void",
}
TYPES = {
    "Status": "AIGC_E_",
    "State": "AIGC_STATE_",
    "Outcome": "AIGC_OUTCOME_",
    "EventType": "AIGC_EVENT_",
    "LogLevel": "AIGC_LOG_",
}
HEAD = """//! The C interface, as aigc.h declares it: raw, and unsafe to call. Tests/tools/generate.py writes this file from the
//! header; `Tests/packaging/bindings.py` holds every line against it. The header is the manual.
#![allow(non_camel_case_types, missing_docs)]

use std::os::raw::{c_char, c_void};

pub type aigc_status = i32;
pub type aigc_event_handler = Option<unsafe extern "C" fn(event: *const aigc_event, user_data: *mut c_void)>;

"""


def rust_type(c: str) -> str:
    """A type of the header in Rust."""
    shape = re.fullmatch(r"(const )?(\w+) ?(\**)", c.strip())
    if shape is None:
        raise SystemExit("emit_rust.py: do not understand the type %r" % c)
    constant, base, stars = shape.groups()
    written = WORDS.get(base, base)
    for level in range(len(stars)):
        written = ("*const " if constant and level == 0 else "*mut ") + written
    return written


def function(f: header.Function) -> str:
    """One declaration, as rustfmt with lines of 120 characters writes it."""
    arguments = ["%s: %s" % ("type_" if p.name == "type" else p.name, rust_type(p.type)) for p in f.parameters]
    result = "" if f.result == "void" else " -> " + rust_type(f.result)
    line = "    pub fn %s(%s)%s;\n" % (f.name, ", ".join(arguments), result)
    # rustfmt breaks the arguments of a function that are longer than 0.6 of a line together with its name.
    if len(line) <= 121:
        return line
    inside = "".join("        %s,\n" % a for a in arguments)
    return "    pub fn %s(\n%s    )%s;\n" % (f.name, inside, result)


def names() -> str:
    """lib.rs: the clouds and the operations, without the prefix of C."""
    found = sorted(c.name for c in header.defines() if isinstance(c.value, str))
    return "".join("pub use sys::%s as %s;\n" % (name, name.replace("AIGC_", "", 1)) for name in found)


def sys() -> str:
    """sys.rs."""
    parts: List[str] = [HEAD]
    texts = False
    for c in header.defines():
        if isinstance(c.value, str):
            parts.append("" if texts else "\n")
            texts = True
            parts.append('pub const %s: &str = "%s";\n' % (c.name, c.value))
        else:
            parts.append("pub const %s: %s = %d;\n" % (c.name, "i64" if c.name == "AIGC_FOREVER" else "i32", c.value))
    for enumeration in header.enumerations():
        parts.append("\n" + "".join("pub const %s: i32 = %d;\n" % (c.name, c.value) for c in enumeration.constants))
    parts.append("\n" + "".join("#[repr(C)]\npub struct %s {\n    _opaque: [u8; 0],\n}\n" % h for h in header.handles()))
    parts.append('\nextern "C" {\n' + "".join(function(f) for f in header.functions()) + "}\n")
    return "".join(parts)


def constants() -> str:
    """The constants of the types in status.rs."""
    parts = []
    for name, prefix in TYPES.items():
        found = next(e.constants for e in header.enumerations() if e.prefix == prefix)
        lines = []
        for c in found:
            short = c.name[len(prefix) :] if c.name.startswith(prefix) else c.name[len("AIGC_") :]
            text = header.sentence(c.comment).replace("\\", "\\\\").replace('"', '\\"')
            text = '%s = %s, "%s";' % (short, c.name, text)
            lines.append(" \\\n        ".join(textwrap.wrap(text, 108, initial_indent="    ")) + "\n")
        parts.append("constants! { %s:\n%s}\n" % (name, "".join(lines)))
    return "\n" + "\n".join(parts) + "\n"
