#!/usr/bin/env python3
"""A new operation, configuration key or status has all of its places, as .github/CONTRIBUTING.md lists them.

Reads sources only. Each complaint names the place that is missing and the file to write.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

from tap import ROOT, Report, swift_code, tracked

import header
import operations
import statuses

PYTHON = ROOT / "bindings" / "python" / "src" / "aigc"
SANDBOX = PYTHON / "sandbox"
FIELDS = ROOT / "Tests" / "fixtures" / "providers" / "fields.txt"
KEYS = ROOT / "Sources" / "AigcABI" / "ConfigTable.swift"
SETTINGS = ROOT / "Sources" / "Engine" / "Host" / "EngineSettings.swift"
WRITE_JSON = (
    "swift build --product aigc; python3 Tests/tools/operations.py .build/debug/libaigc.so; "
    "python3 Tests/tools/generate.py"
)


class Table(NamedTuple):
    """What Sources/Providers/<Cloud>/<Cloud>Operations.swift holds."""

    cloud: str
    file: str
    rows: List[Tuple[str, str]]  # name and kind
    calls: List[Tuple[str, str, str]]  # method, action and the end of the path


def tables() -> Iterator[Table]:
    """One for each cloud."""
    for path in tracked("Sources/Providers/*/*Operations.swift"):
        text = path.read_text(encoding="utf-8")
        rows = re.findall(r'OperationRow\(\s*"(\w+)",\s*\.(\w+)', text)
        calls = re.findall(r'\b(get|post)\(\s*"(\w+)"(?:,\s*"(\w+)")?', text)
        yield Table(path.parent.name.lower(), str(path.relative_to(ROOT)), rows, calls)


def other_names(found: List[Table]) -> Iterator[str]:
    """Operations that operations.json or fields.txt does not have, or has too much, or has in another order."""
    known = [(o.provider, o.name) for o in operations.operations()]
    rows = [tuple(line.split()[:2]) for line in FIELDS.read_text(encoding="utf-8").splitlines() if line[:1].isalpha()]
    for table in found:
        if not table.rows:
            yield "%s: no row was understood" % table.file
        wanted = [name for name, _ in table.rows]
        for place, names, act in (
            ("Tests/tools/operations.json", known, WRITE_JSON),
            ("Tests/fixtures/providers/fields.txt", rows, "write the row by hand"),
        ):
            given = [name for cloud, name in names if cloud == table.cloud]
            for name in wanted:
                if name not in given:
                    yield "%s has no %s %s: %s" % (place, table.cloud, name, act)
            for name in given:
                if name not in wanted:
                    yield "%s has %s %s, which %s does not have: %s" % (place, table.cloud, name, table.file, act)
            if sorted(given) == sorted(wanted) and given != wanted:
                yield "%s has the operations of %s in another order than %s: %s" % (place, table.cloud, table.file, act)


def unnamed(found: List[Table]) -> Iterator[str]:
    """Operations without a constant of the header, and constants that no comment explains."""
    text = header.HEADER.read_text(encoding="utf-8")
    comments = " ".join(re.findall(r"/\*.*?\*/", text, re.S))
    for table in found:
        prefix = "AIGC_%s_" % table.cloud.upper()
        names = {value: name for name, value in re.findall(r'^#define (%s\w+) "(\w+)"' % prefix, text, re.M)}
        for operation, _ in table.rows:
            if operation not in names:
                yield 'include/aigc.h has no #define %s... "%s"' % (prefix, operation)
            elif not re.search(r"\b%s\b" % names[operation], comments):
                yield "include/aigc.h: no comment says what %s is" % names[operation]


def dictionary(path: Path, name: str) -> Dict[str, ast.expr]:
    """The literal that a module or one of its methods assigns to a name or to self.name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        for target in targets:
            if name in (getattr(target, "id", ""), getattr(target, "attr", "")) and isinstance(node.value, ast.Dict):
                pairs = zip(node.value.keys, node.value.values)
                return {ast.unparse(key).strip("'\""): value for key, value in pairs if key is not None}
    return {}


def texts(path: Path) -> Set[str]:
    """All text literals of a module."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def not_in_sandbox(found: List[Table]) -> Iterator[str]:
    """Calls and fields of the library that the sandbox does not answer."""
    page = SANDBOX / "page" / "page.js"
    switches = page.read_text(encoding="utf-8")
    for table in found:
        path = SANDBOX / (table.cloud + ".py")
        name = str(path.relative_to(ROOT))
        handlers, routes = dictionary(path, "_handlers"), dictionary(path, "ROUTES")
        if not handlers:
            yield "%s: _handlers was not understood" % name
        for method, action, end in table.calls:
            if not end and action not in handlers:
                yield '%s: _handlers has no "%s" of %s' % (name, action, table.file)
            if end:
                if end not in handlers:
                    yield '%s: _handlers has no "%s" of %s' % (name, end, table.file)
                row = ast.unparse(routes[end]) if end in routes else "missing"
                if row != repr((method.upper(), action)):
                    yield '%s: ROUTES["%s"] is %s, %s calls ("%s", "%s")' % (
                        name, end, row, table.file, method.upper(), action)
        known = set().union(*(texts(p) for p in SANDBOX.glob(table.cloud + "*.py")))
        for one in operations.operations():
            if one.provider != table.cloud or one.wire_name not in [action for _, action, _ in table.calls]:
                continue
            for field in one.fields:
                for part in field.wire_name.split("."):
                    if part not in known:
                        yield '%s: nothing reads the field "%s" of %s' % (name, part, one.name)
            if one.kind == "submit" and '"%s"' % one.wire_name not in switches:
                yield '%s: CREATE has no "%s": the switches of the page would miss it' % (
                    page.relative_to(ROOT), one.wire_name)


def code_of(*patterns: str, without: Tuple[Path, ...]) -> str:
    """The Swift code of some files."""
    found = [p for p in tracked(*patterns) if p not in without]
    return "\n".join(swift_code(p.read_text(encoding="utf-8")) for p in found)


def keys_without_use() -> Iterator[str]:
    """Configuration keys that no code reads, and settings of the engine that the engine does not read."""
    code = code_of("Sources/AigcABI/*.swift", without=(KEYS,))
    names = re.findall(r"static let (\w+) = \w+Key\(", KEYS.read_text(encoding="utf-8"))
    if len(names) < 30:
        yield "only %d keys of ConfigTable.swift were understood" % len(names)
    for name in names:
        if not re.search(r"\.%s\b" % name, code):
            yield "%s: no code uses it: hand values[.%s] on, in Sources/AigcABI/Composition.swift" % (name, name)
    engine = code_of("Sources/Engine/*.swift", "Sources/Engine/**/*.swift", without=(SETTINGS,))
    for name in re.findall(r"public var (\w+)", SETTINGS.read_text(encoding="utf-8")):
        if not re.search(r"\bsettings\.%s\b" % name, engine):
            yield "EngineSettings.%s: nothing in Sources/Engine reads it" % name


def statuses_without_use() -> Iterator[str]:
    """Statuses that no Swift code gives."""
    given = (ROOT / "Sources/Core/Status.swift", ROOT / "Sources/AigcABI/StatusABI.swift")
    code = code_of("Sources/*.swift", "Sources/**/*.swift", without=given)
    for status in statuses.statuses():
        if not re.search(r"\.%s\b" % statuses.camel(status.name), code):
            yield "%s: no code in Sources gives it (Failure(.%s, ...))" % (status.name, statuses.camel(status.name))


def exceptions() -> Iterator[str]:
    """Statuses without an exception class, and classes that the package does not show."""
    rows = dictionary(PYTHON / "errors.py", "_BY_STATUS")
    classes = {ast.unparse(value) for value in rows.values()}
    for status in statuses.statuses():
        name = status.name.replace("AIGC_E_", "Status.")
        if status.name != "AIGC_OK" and name not in rows:
            yield "errors.py: _BY_STATUS has no row for %s: write a class below that of its hundred, and the row" % name
    home = dictionary(PYTHON / "__init__.py", "_HOME")
    text = (PYTHON / "__init__.py").read_text(encoding="utf-8")
    for name in sorted(classes):
        if name not in home:
            yield '__init__.py: _HOME lacks "%s": "errors"' % name
        if not re.search(r"^    from \.errors import %s as %s$" % (name, name), text, re.M):
            yield "__init__.py: below TYPE_CHECKING: from .errors import %s as %s" % (name, name)


def main() -> int:
    """Look."""
    report = Report()
    found = list(tables())
    report.rule("the tables of both clouds are read", [] if len(found) > 1 else ["found %d" % len(found)])
    report.rule("operations.json and fields.txt have the operations of the tables", other_names(found))
    report.rule("the header names every operation", unnamed(found))
    report.rule("the sandbox answers every call, and reads every field", not_in_sandbox(found))
    report.rule("every configuration key has a use", keys_without_use())
    report.rule("every status has a use", statuses_without_use())
    report.rule("every status has an exception class that the package shows", exceptions())
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
