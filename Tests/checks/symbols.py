#!/usr/bin/env python3
"""The same functions everywhere: header, version script, Swift bodies, Python declarations, and the built library.

usage: symbols.py [LIBRARY]
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from typing import Iterator, List, Set

from tap import ROOT, Report, swift_code, tracked

import generate
import header


def difference(found: Set[str], wanted: Set[str], place: str) -> Iterator[str]:
    """What one place has or lacks against the header."""
    for name in sorted(wanted - found):
        yield "%s lacks %s" % (place, name)
    for name in sorted(found - wanted):
        yield "%s has %s, which include/aigc.h does not declare" % (place, name)


def python_declarations() -> Set[str]:
    """The keys of FUNCTIONS in _native.py."""
    source = (ROOT / "bindings/python/src/aigc/_native.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(t, ast.Name) and t.id == "FUNCTIONS" for t in targets) and isinstance(node.value, ast.Dict):
            return {k.value for k in node.value.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)}
    return set()


def swift_bodies(complaints: List[str]) -> Set[str]:
    """The functions of AigcABI with a C name; each must be written so that the compiler holds it to the header."""
    found = set()
    for path in tracked("Sources/AigcABI/*.swift"):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r'@_cdecl\(\s*"(\w+)"\s*\)(.*?)\bfunc\s+(\w+)', text, re.S):
            name, between, function = match.groups()
            found.add(name)
            line = text.count("\n", 0, match.start()) + 1
            if between.split() != ["@implementation", "public"] or function != name:
                wanted = '@_cdecl("%s") @implementation public func %s' % (name, name)
                complaints.append("%s:%d: must be written %s" % (path.relative_to(ROOT), line, wanted))
        for match in re.finditer(r"@c\b", swift_code(text)):
            complaints.append("%s: uses @c; the others use @_cdecl" % path.relative_to(ROOT))
    return found


def stale() -> Iterator[str]:
    """Generated files that are to be written anew, or why none can be written."""
    try:
        written = generate.texts()
    except SystemExit as error:
        yield "generate.py cannot write them: %s" % error
        return
    for name, text in written.items():
        if not generate.is_current(name, text):
            yield "%s is stale: run python3 Tests/tools/generate.py" % name


def main() -> int:
    """Compare."""
    report = Report()
    wanted = {f.name for f in header.functions()}
    report.rule("the header declares functions", [] if wanted else ["include/aigc.h declares none"])
    report.rule("generated files are the header's (%d)" % len(generate.OUTPUTS), stale())
    report.rule("Python declares what the header declares", difference(python_declarations(), wanted, "_native.py"))
    style: List[str] = []
    bodies = swift_bodies(style)
    report.rule("every function has a Swift body", difference(bodies, wanted, "Sources/AigcABI"))
    report.rule("Swift bodies are held against the header", style)
    if len(sys.argv) > 1:
        said = subprocess.run(
            [sys.executable, str(ROOT / "Tests/tools/operations.py"), sys.argv[1], "--check"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )
        report.rule("operations.json is the library's", [] if said.returncode == 0 else [said.stdout.strip()])
        lines = subprocess.run(
            ["nm", "-D", "--defined-only", sys.argv[1]], check=True, stdout=subprocess.PIPE, encoding="utf-8"
        ).stdout.split("\n")
        node = "AIGC_" + header.version().split(".")[0]
        symbols = {line.split()[-1] for line in lines if line}
        names = {s.split("@")[0] for s in symbols} - {node}
        report.rule("the library exports what the header declares", difference(names, wanted, "the library"))
        bare = [s for s in symbols if s.split("@")[0] in wanted and not s.endswith("@" + node)]
        report.rule("every symbol has its version", ["%s is not in %s" % (s, node) for s in sorted(bare)])
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
