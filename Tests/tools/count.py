#!/usr/bin/env python3
"""Count what a test run did, from what it printed: "PASSED FAILED SKIPPED".

usage: count.py LOG EXIT_STATUS

Understands TAP lines, XCTest, Swift Testing and pytest, all in one log. A run that ended badly has at least one failure,
and so has one that ran nothing.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Tuple

SWIFT_TESTING = re.compile(r"^\S+ +Test (?!run with |case ).*? (passed|failed|skipped)(?: after [\d.]+ seconds.*|\.|: .*)$")
XCTEST = re.compile(r"^Test Case '.*' (passed|failed|skipped) \(")
TAP = re.compile(r"^(ok|not ok) (?:\d+ )?-(.*)$")
PYTEST = re.compile(r"^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s")
WORDS = {"passed": 0, "failed": 1, "error": 1, "errors": 1, "skipped": 2, "xfailed": 0, "xpassed": 1}


def count(text: str) -> Tuple[int, int, int]:
    """Passed, failed, skipped."""
    totals = [0, 0, 0]
    for line in text.splitlines():
        swift = SWIFT_TESTING.match(line) or XCTEST.match(line)
        tap = TAP.match(line)
        pytest = PYTEST.match(line)
        if swift:
            totals[WORDS[swift.groups()[-1]]] += 1
        elif tap:
            skipped = re.search(r"# SKIP\b", tap.group(2)) is not None
            totals[1 if tap.group(1) == "not ok" else 2 if skipped else 0] += 1
        elif pytest:
            for number, word in re.findall(r"(\d+) (\w+)", pytest.group(1)):
                if word in WORDS:
                    totals[WORDS[word]] += int(number)
    return totals[0], totals[1], totals[2]


def main() -> None:
    """Print the three numbers."""
    passed, failed, skipped = count(Path(sys.argv[1]).read_text(encoding="utf-8", errors="replace"))
    if failed == 0 and (sys.argv[2] != "0" or passed == 0):
        failed = 1
    print(passed, failed, skipped)


if __name__ == "__main__":
    main()
