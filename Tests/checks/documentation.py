#!/usr/bin/env python3
"""The documentation tests itself: everything public is described, and what is described exists.

usage: documentation.py [LIBRARY]
"""

from __future__ import annotations

import ctypes
import re
import sys
from typing import Dict, Iterator, List, Tuple

from tap import ROOT, Report, tracked

import header

TEXT = header.HEADER.read_text(encoding="utf-8")
README = ROOT / "README.md"


def enumerators() -> Dict[str, Tuple[int, str]]:
    """Every constant of an enum: its value and its comment (on its line, or right above it)."""
    found = {}
    for body in re.findall(r"^enum \{\n(.*?)^\};", TEXT, re.S | re.M):
        comment = ""
        for line in re.split(r"\n(?=    (?:/\*|AIGC_))", "\n" + body):
            match = re.match(r"\s*(AIGC_\w+) = (\d+),?\s*(?:/\*(.*?)\*/)?\s*$", line, re.S)
            if match:
                found[match.group(1)] = (int(match.group(2)), (match.group(3) or comment).strip())
                comment = ""
            elif line.strip().startswith("/*"):
                comment = line.strip().strip("/* ")
    return found


def undescribed_constants(constants: Dict[str, Tuple[int, str]]) -> Iterator[str]:
    """Constants without a comment, and enumerators that were not understood."""
    for name, (_, comment) in constants.items():
        if not comment:
            yield "%s has no comment" % name
    for name in re.findall(r"^    (AIGC_\w+) = \d+", TEXT, re.M):
        if name not in constants:
            yield "%s was not understood" % name


def undescribed_functions() -> Iterator[str]:
    """Functions without a comment, or whose comment does not say since when."""
    for function in header.functions():
        place = "include/aigc.h:%d: %s" % (function.line, function.name)
        if not function.comment:
            yield place + " has no comment"
        elif not re.search(r"Since \d+\.\d+\.", function.comment):
            yield place + " does not say since when"
        elif len(function.comment.split()) < 5:
            yield place + " is hardly described"


def undescribed_types() -> Iterator[str]:
    """Types and macros without a comment."""
    for match in re.finditer(r"^typedef .*?(\w+);$", TEXT, re.M):
        if not TEXT[: match.start()].rstrip().endswith("*/"):
            yield "type %s has no comment" % match.group(1)


def promises() -> Iterator[str]:
    """Each promise of the header has a row in the README, and each test that is named there exists."""
    numbers = re.findall(r"^ \* +(\d+)\. ", TEXT, re.M)
    readme = README.read_text(encoding="utf-8")
    chapter = re.search(r"^#+ Promises.*?(?=^#|\Z)", readme, re.M | re.S)
    if chapter is None:
        yield "README.md has no chapter of promises"
        return
    rows = {m.group(1): m.group(0) for m in re.finditer(r"^\|\s*(\d+)\.?\s*\|.*$", chapter.group(), re.M)}
    tests = "\n".join(
        p.read_text(encoding="utf-8", errors="replace")
        for p in tracked("Tests", "bindings/python/tests")
        if p.suffix in {".swift", ".py", ".c", ".sh"}
    )
    for number in numbers:
        row = rows.get(number)
        if row is None:
            yield "README.md has no row for promise %s" % number
            continue
        names = re.findall(r"`([^`]+)`", row.rstrip().rstrip("|").split("|")[-1])
        if not names:
            yield "promise %s names no test" % number
        for name in names:
            path = name.split("::")[0].split(" ")[0]
            symbol = re.split(r"::|[./]", name)[-1].strip("()")
            if "/" in path and not (ROOT / path).exists():
                yield "promise %s names %s, which does not exist" % (number, name)
            elif "/" not in path and not re.search(r"\b%s\b" % re.escape(symbol), tests):
                yield "promise %s names %s, which no test has" % (number, name)


def library_statuses(library: ctypes.CDLL, constants: Dict[str, Tuple[int, str]]) -> Iterator[str]:
    """The library's table of codes against the header's."""
    wanted = {value: name for name, (value, _) in constants.items() if name == "AIGC_OK" or name.startswith("AIGC_E_")}
    library.aigc_status_name.restype = library.aigc_status_text.restype = ctypes.c_char_p
    found = []
    status = ctypes.c_int32()
    index = 0
    while library.aigc_status_at(ctypes.c_size_t(index), ctypes.byref(status)) == 0:
        index += 1
        found.append(status.value)
        name = library.aigc_status_name(status).decode()
        if wanted.get(status.value) != name:
            yield "the library has %s = %d, the header %s" % (name, status.value, wanted.get(status.value))
        if len(library.aigc_status_text(status)) < 10:
            yield "the text of %s says nothing" % name
    for value in sorted(set(wanted) - set(found)):
        yield "the library does not list %s" % wanted[value]
    if len(found) != len(set(found)):
        yield "the library lists a code twice"
    library.aigc_state_name.restype = ctypes.c_char_p
    for name, (value, _) in constants.items():
        if name.startswith("AIGC_STATE_") and library.aigc_state_name(value).decode() != name:
            yield "the library calls %s %s" % (name, library.aigc_state_name(value).decode())


def library_keys(library: ctypes.CDLL) -> Tuple[List[str], List[str]]:
    """The configuration keys, and what is wrong with their descriptions."""
    keys: List[str] = []
    wrong: List[str] = []
    out = [ctypes.c_char_p() for _ in range(4)]
    library.aigc_config_describe.argtypes = [ctypes.c_size_t] + [ctypes.POINTER(ctypes.c_char_p)] * 4
    types = re.compile(r"string|secret|bool|int|double|duration_ms|bytes|choice: \S+(?:\|\S+)+")
    while library.aigc_config_describe(len(keys), *[ctypes.byref(o) for o in out]) == 0:
        key, kind, default, text = [(o.value or b"").decode() for o in out]
        keys.append(key)
        if key != "profile" and not re.fullmatch(r"[a-z0-9]+(\.[a-z0-9_]+)+", key):
            wrong.append("%r is no good name for a key" % key)
        if not types.fullmatch(kind):
            wrong.append("%s has the type %r, which the header does not list" % (key, kind))
        if len(text.split()) < 2:
            wrong.append("%s is described as %r: more is wanted" % (key, text))
        if kind == "secret" and default:
            wrong.append("%s is a secret with a default" % key)
    if len(keys) != len(set(keys)):
        wrong.append("a key is listed twice")
    return keys, wrong


def unknown_keys(keys: List[str]) -> Iterator[str]:
    """Keys that header or README speak of and that do not exist."""
    families = {key.split(".")[0] for key in keys}
    for path in [header.HEADER] + ([README] if README.exists() else []):
        for word in re.findall(r"(?<![\w./-])([a-z]+(?:\.[a-z0-9_]+)+)(?![\w/(-])", path.read_text(encoding="utf-8")):
            known = word in keys or any(key.startswith(word + ".") for key in keys)
            if word.split(".")[0] in families and "_" in word and not known:
                yield "%s speaks of %s" % (path.name, word)


def other_versions() -> Iterator[str]:
    """Places that name a version of their own, and another one than the header."""
    places = (
        ("Sources/Providers/CheckingProvider.swift", r'"libaigc/([0-9.]+)"'),
        ("bindings/rust/Cargo.toml", r'^version = "([0-9.]+)"'),
        ("bindings/python/pyproject.toml", r'^version = "([0-9.]+)"'),
        ("bindings/debian/changelog", r"^libaigc \(([0-9.]+)\)"),
    )
    for path, pattern in places:
        found = re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), re.M)
        if found is None or found.group(1) != header.version():
            yield "%s says %s, the header %s" % (path, found and found.group(1), header.version())


def main() -> int:
    """Look."""
    report = Report()
    constants = enumerators()
    report.rule("every constant is described (%d)" % len(constants), undescribed_constants(constants))
    report.rule("every function is described, and since when", undescribed_functions())
    report.rule("every type is described", undescribed_types())
    report.rule("every place that names the version names the header's", other_versions())
    if README.exists():
        report.rule("each promise has a test", promises())
    else:
        report.skip("each promise has a test", "there is no README.md yet")
    if len(sys.argv) > 1:
        library = ctypes.CDLL(sys.argv[1])
        report.rule("the library's codes are the header's", library_statuses(library, constants))
        keys, wrong = library_keys(library)
        report.rule("every configuration key is described (%d)" % len(keys), wrong if keys else ["there are none"])
        report.rule("what is said of a key is said of one that exists", unknown_keys(keys))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
