#!/usr/bin/env python3
"""Who may import whom: the arrows of the design, one way."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from typing import Dict, List, Set, Tuple

from tap import ROOT, Report, swift_code, tracked, where

# A module that only some targets may import.
ONLY: Dict[str, Set[str]] = {
    "CCurl": {"CurlTransport"},
    "CCrypto": {"Signing", "Assets"},
    "CAssets": {"Assets"},
    "CJSON": {"Codec"},
    "CAigc": {"AigcABI"},
    "CSQLite": {"Journal"},
}
# What comes with the compiler and the system; nothing else comes from outside.
SYSTEM = {"Swift", "Synchronization", "Glibc"}
OWN = {
    "CCurl", "CCrypto", "CAssets", "CJSON", "CPlatform", "CAigc", "Core", "Codec", "Signing", "Assets", "Credentials",
    "Providers", "Engine", "CurlTransport", "AigcABI", "CSQLite", "Journal",
}
# What a target must not know, whatever else it imports.
NEVER: Dict[str, Set[str]] = {
    "Core": OWN | {"Glibc"},
    "Codec": OWN - {"Core", "CJSON"},
    "Signing": OWN - {"Core", "Codec", "CCrypto"},
    "Assets": OWN - {"Core", "Codec", "CCrypto", "CAssets", "CPlatform"},
    "Credentials": OWN - {"Core", "Codec", "Signing", "CPlatform"},
    "Providers": OWN - {"Core", "Codec", "Signing"},
    "Engine": OWN - {"Core", "CPlatform"},
    "CurlTransport": OWN - {"Core", "CCurl", "CPlatform"},
    "Journal": OWN - {"Core", "CSQLite", "CPlatform"},
}
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\(\w+\))?[ \t]+)*(?:(?:public|package|internal|private|fileprivate)[ \t]+)?import[ \t]+"
    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)[ \t]+)?(\w+)",
    re.M,
)


def main() -> int:
    """Read every import line."""
    report = Report()
    imports: List[Tuple[str, str, str]] = []
    count: Dict[str, int] = defaultdict(int)
    for path in tracked("Sources/*.swift", "Sources/**/*.swift"):
        target = path.relative_to(ROOT / "Sources").parts[0]
        code = swift_code(path.read_text(encoding="utf-8"))
        for match in IMPORT.finditer(code):
            imports.append((target, match.group(1), where(path, code.count("\n", 0, match.start(1)) + 1)))
        count[target] += 1
    for module, allowed in ONLY.items():
        wrong = ["%s: %s imports it" % (place, t) for t, m, place in imports if m == module and t not in allowed]
        report.rule("%s is imported by %s only" % (module, " and ".join(sorted(allowed))), wrong)
    for target, never in NEVER.items():
        wrong = ["%s: it imports %s" % (place, m) for t, m, place in imports if t == target and m in never]
        report.rule("%s knows only what it may (%d files)" % (target, count[target]), wrong)
    foreign = ["%s: %s" % (place, m) for t, m, place in imports if m not in SYSTEM | OWN]
    report.rule("nobody imports Foundation or anything else from outside", foreign)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
