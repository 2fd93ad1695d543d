#!/usr/bin/env python3
"""Holds the bindings against include/aigc.h: no name, number or prototype that they copy may differ, none may be forgotten.

Go and C++ include the header, so their values are the compiler's business; what is looked at there is that nothing is
left out. The Rust crate copies the header by hand, so each of its declarations is compared.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Set

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "tools"))

import header  # noqa: E402

# What a binding does without, and why.
LEFT_OUT = {
    "aigc_client_dispatch": "events are taken one by one",
    "aigc_job_set_user_data": "a language with closures needs no pointer of its own",
    "aigc_job_user_data": "the same",
    "aigc_error_status": "every call gives its status beside the error",
    "aigc_config_report": "aigc_client_report() has the same, and \"aigc config show\" shows it",
}
GO_LEFT_OUT = {
    "aigc_job_wait": "contexts end waits: a goroutine takes the events",
    "aigc_client_event_fd": "the goroutine waits in aigc_client_next_event()",
    "aigc_buffer_content_type": "Job.ContentType",
}
CPP_LEFT_OUT = {
    name: "of the C header, which C++ calls as well"
    for name in (
        "aigc_client_dispatch", "aigc_job_set_user_data", "aigc_job_user_data",
        "aigc_version_number", "aigc_version_string", "aigc_build_info", "aigc_status_text", "aigc_status_at",
        "aigc_state_name", "aigc_config_describe", "aigc_config_report", "aigc_operation_at", "aigc_request_describe",
    )
}
# What the bindings with generated declarations do without: there, all that counts is what is called.
CALLED_LEFT_OUT = {
    **LEFT_OUT,
    **dict.fromkeys(("aigc_status_at", "aigc_operation_at", "aigc_request_describe"), "the tables are generated"),
    **dict.fromkeys(("aigc_config_get", "aigc_config_describe"), "a map goes in"),
    "aigc_build_info": "aigc_version_string() is enough there",
    "aigc_buffer_content_type": "the download's content type",
}
NAMED = {"aigc_status_name": "the names are generated"}
OWN_LEFT_OUT = {
    "Ruby": NAMED,
    "PHP": {**NAMED, "aigc_client_wake": "PHP has no threads"},
    "Node.js": {**NAMED, "aigc_client_wake": "the loop waits", "aigc_job_wait": "promises wait"},
    "Java": {**NAMED, "aigc_client_event_fd": "a thread takes the events"},
    "C#": {"aigc_client_event_fd": "a thread takes the events", "aigc_state_name": "an enumeration has its names"},
}
RUST_WORDS = {
    "int32_t": "i32", "int64_t": "i64", "uint64_t": "u64", "size_t": "usize", "double": "f64", "char": "c_char",
    "void": "c_void",
}


def source(folder: str, pattern: str) -> str:
    """The text of a binding without its tests and examples, and without comments."""
    text = "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / folder).glob(pattern)) if "_test" not in p.name)
    return re.sub(r"//[^\n]*", "", text)


def constants() -> Dict[str, str]:
    """Every constant of the header with its value as written."""
    text = header.strip_comments(header.HEADER.read_text(encoding="utf-8"))
    found = dict(re.findall(r"^\s+(AIGC_\w+) = (\d+)", text, re.M))
    found.update(re.findall(r'^#define (AIGC_\w+) ("[^"]*"|\d+)$', text, re.M))
    if len(found) < 50:
        raise SystemExit("bindings.py: only %d constants were understood" % len(found))
    return found


def mentions(text: str, names: Set[str], left_out: Dict[str, str]) -> Iterator[str]:
    """Names that a binding does not have."""
    for name in sorted(names):
        there = re.search(r"\b%s\b" % name, text) is not None
        if not there and name not in left_out:
            yield "%s is missing: use it there, or give the reason in a LEFT_OUT of Tests/packaging/bindings.py" % name
        if there and name in left_out:
            yield "%s is said to be left out (%s), and is there" % (name, left_out[name])


def rust_type(c: str) -> str:
    """How sys.rs writes a type of the header."""
    shape = re.fullmatch(r"(const )?(\w+) ?(\**)", c.strip())
    if shape is None:
        raise SystemExit("bindings.py: do not understand the type %r" % c)
    constant, base, stars = shape.groups()
    written = RUST_WORDS.get(base, base)
    for level in range(len(stars)):
        written = ("*const " if constant and level == 0 else "*mut ") + written
    return written


def rust_declarations() -> Iterator[str]:
    """Where sys.rs declares something other than the header."""
    text = source("bindings/rust/src", "sys.rs")
    found = {}
    for name, arguments, result in re.findall(r"pub fn (\w+)\(([^)]*)\)(?: -> ([^;]+))?;", text):
        pairs = [a.split(":", 1) for a in arguments.split(",") if a.strip()]
        found[name] = ([(n.strip(), t.strip()) for n, t in pairs], result.strip())
    for f in header.functions():
        if f.name not in found:
            yield "sys.rs lacks %s" % f.name
            continue
        arguments, result = found.pop(f.name)
        wanted = [(p.name, rust_type(p.type)) for p in f.parameters]
        if [t for _, t in arguments] != [t for _, t in wanted]:
            yield "%s takes %s, sys.rs says %s" % (f.name, wanted, arguments)
        if result != ("" if f.result == "void" else rust_type(f.result)):
            yield "%s gives %s, sys.rs says %s" % (f.name, f.result, result or "nothing")
    for name in found:
        yield "sys.rs has %s, which the header does not declare" % name


def rust_constants(wanted: Dict[str, str]) -> Iterator[str]:
    """Where sys.rs has another value."""
    text = source("bindings/rust/src", "sys.rs")
    found = dict(re.findall(r'pub const (AIGC_\w+): (?:i32|i64|&str) = ("[^"]*"|-?\d+);', text))
    if found.pop("AIGC_FOREVER", None) != "-1":
        yield "AIGC_FOREVER is not -1"
    unneeded = {"AIGC_VERSION_PATCH"}
    for name in sorted(set(wanted) | set(found)):
        if found.get(name) != wanted.get(name) and not (name in unneeded and name not in found):
            yield "%s is %s in the header, %s in sys.rs" % (name, wanted.get(name), found.get(name))
    if not re.search(r"pub type aigc_status = i32;", text):
        yield "aigc_status is not i32"


def called() -> Dict[str, str]:
    """The hand-written text of each binding with generated declarations."""
    bindings = ROOT / "bindings"
    declared = r"^.*generated: (?:declarations|constants).*?end of generated.*?$"

    def text(folder: str, *patterns: str, without: str = "") -> str:
        paths = [p for pattern in patterns for p in sorted((bindings / folder).glob(pattern)) if p.name != without]
        return re.sub(declared, "", "".join(p.read_text(encoding="utf-8") for p in paths), flags=re.S | re.M)

    java = "java/src/main/java/aigc"
    loader = (bindings / java / "Native.java").read_text(encoding="utf-8").partition("static native")[0]
    return {
        "Ruby": text("ruby", "aigc.rb"), "PHP": text("php", "aigc.php"), "Node.js": text("node", "index.js", "aigc.c"),
        "Java": loader + text(java, "*.java", without="Native.java"), "C#": text("csharp/src", "*.cs", without="Native.cs"),
    }


def rule(name: str, complaints: List[str]) -> bool:
    """One fact."""
    print("not ok - bindings: %s: %s" % (name, complaints[0]) if complaints else "ok - bindings: %s" % name)
    for complaint in complaints[1:40]:
        print("#   " + complaint)
    return not complaints


def main() -> int:
    """Compare."""
    functions = {f.name for f in header.functions()}
    values = constants()
    plain = {n for n in values if not n.startswith("AIGC_VERSION")}
    go = source("bindings/go", "*.go") + source("bindings/go", "link_*.go")
    go = re.sub(r"\bC\.(?=\w)", "", go)
    safe = "".join(
        p.read_text(encoding="utf-8") for p in sorted((ROOT / "bindings/rust/src").glob("*.rs")) if p.name != "sys.rs"
    )
    cpp = source("bindings/cpp", "aigc.hpp")
    needless = {"aigc_config_get": "a map goes in"} if "aigc_config_get" not in go else {}
    facts = [
        rule("Go has every function", list(mentions(go, functions, {**LEFT_OUT, **GO_LEFT_OUT, **needless}))),
        rule("Go has every constant (%d)" % len(plain), list(mentions(go, plain, {}))),
        rule("Rust declares what the header declares (%d)" % len(functions), list(rust_declarations())),
        rule("Rust has the header's values (%d)" % len(values), list(rust_constants(values))),
        rule("Rust wraps every function", list(mentions(safe, functions, LEFT_OUT))),
        rule("Rust wraps every constant", list(mentions(safe, plain, {}))),
        rule("C++ wraps every function", list(mentions(cpp, functions, CPP_LEFT_OUT))),
    ]
    for name, text in called().items():
        known = {n: why for n, why in {**CALLED_LEFT_OUT, **OWN_LEFT_OUT[name]}.items() if not re.search(r"\b%s\b" % n, text)}
        facts.append(rule("%s calls every function" % name, list(mentions(text, functions, known))))
    return 0 if all(facts) else 1


if __name__ == "__main__":
    sys.exit(main())
