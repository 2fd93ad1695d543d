#!/usr/bin/env python3
"""A Swift trap ends the host's process without a word. Whatever may trap says why it cannot: `// safe: why`, on the
same line or alone on the line above."""

from __future__ import annotations

import re
import sys
from typing import List

from tap import Report, tracked, unexplained, where

TRAPS = (
    ("try!", re.compile(r"\btry!")),
    ("as!", re.compile(r"\bas!")),
    ("fatalError", re.compile(r"\bfatalError\b")),
    ("precondition", re.compile(r"\bprecondition(?:Failure)?\b")),
    ("assert", re.compile(r"\bassert(?:ionFailure)?\s*\(")),
    ("unsafelyUnwrapped", re.compile(r"\bunsafelyUnwrapped\b")),
    ("force unwrap", re.compile(r"[\w)\]>}\"]!(?!=)")),
)
KEYWORDS = re.compile(r"\b(?:try|as)!")


def main() -> int:
    """Look at every line of the library."""
    report = Report()
    complaints: List[str] = []
    files = tracked("Sources/*.swift", "Sources/**/*.swift")
    for path in files:
        for number, code, line in unexplained(path, "safe"):
            for name, pattern in TRAPS:
                looked_at = KEYWORDS.sub("", code) if name == "force unwrap" else code
                if pattern.search(looked_at):
                    complaints.append("%s: %s: %s" % (where(path, number), name, line))
    report.rule("nothing traps without a reason (%d files)" % len(files), complaints)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
