#!/usr/bin/env python3
"""Swift's == on texts is canonical equivalence: K and the Kelvin sign are equal to it, so are the two forms of an accent.
What names a thing (an id, a key, a host, a header) is compared byte for byte: isSame(as:), ByteText, or bytes. A program
cannot see types here; it looks at the names that such texts have, and at dictionaries and sets of String."""

from __future__ import annotations

import re
import sys
from typing import List

from tap import Report, tracked, unexplained, where

NAMES = (
    "remoteID|requestID|providerState|providerCode|resultID|modelID|promptID|endpoint|validator|wireName|action|account|"
    "region|operation|provider|authority|origin|path|target|objectName|url|identity"
)
# One side is such a text, and the other is no literal, no enumeration case, no number and no constant of C.
OTHER = r"(?!nil\b|true\b|false\b|\"|\.[a-z]|-?\d|[A-Z][A-Z_0-9]+\b)[\w$(]"
LEFT = re.compile(r"\b(?:%s)\s*[!=]=\s*%s" % (NAMES, OTHER))
RIGHT = re.compile(r"(?<!nil)(?<=[\w$)\]])\s[!=]=\s(?:[\w$][\w$?!]*\.)*(?:%s)\b(?![\w(.\[?])" % NAMES)
KEYED = re.compile(r"(?:\[String:|Set<String>|Dictionary<String\b)")

# What is compared or kept by text and names nothing foreign, or is ASCII by the time it is compared: "file: piece of the
# line" and why.
REASONS = {
    "Sources/Engine/": "providers, endpoints and accounts: names that this library makes, or checked to be ASCII",
    "Sources/Credentials/": "variables, sections and names of this library's own; ids are checked to be ASCII",
    "Sources/AigcABI/Composition.swift": "names of this library's own",
    "Sources/AigcABI/ConfigTable.swift": "keys of the configuration, found in the table first",
    "Sources/CurlTransport/": "URLs and proxies in printable ASCII; variables of the environment",
    "Sources/Providers/XMLError.swift": "the five entities of XML",
    "Sources/Providers/URLExpiry.swift": "beginnings of x- parameters of one URL",
    "Sources/Core/Redaction.swift": "names of secrets in ASCII",
    "Sources/Core/RequestFields.swift": "fields of the request table",
    "Sources/Journal/": "keys are JournalKey, which is bytes; the rest comes from this library",
}


def main() -> int:
    """Look at every line of the library."""
    report = Report()
    complaints: List[str] = []
    files = tracked("Sources/*.swift", "Sources/**/*.swift")
    for path in files:
        name = where(path, 0).rpartition(":")[0]
        if any(name.startswith(start) for start in REASONS):
            continue
        for number, code, line in unexplained(path, "bytes"):
            # The process's environment is a dictionary whose names are ASCII.
            is_keyed = KEYED.search(code) is not None and "environment" not in code
            if LEFT.search(code) or RIGHT.search(code) or is_keyed:
                complaints.append("%s: %s" % (where(path, number), line))
    report.rule("what names a thing is compared byte for byte (%d files)" % len(files), complaints)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
