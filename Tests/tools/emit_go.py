"""The Go package's constants. Their values are the C compiler's business: cgo reads the header."""

from __future__ import annotations

from typing import Iterable, List, Tuple

import header

HEAD = """// Tests/tools/generate.py writes this file from include/aigc.h.

package aigc

// #include <aigc.h>
import "C"

// Providers, and the operations of each.
"""
TAIL = """
// The version that this package is written for: another major version and an older minor version are refused.
const (
	versionMajor = C.AIGC_VERSION_MAJOR
	versionMinor = C.AIGC_VERSION_MINOR
)

// String gives the name in aigc.h, such as "AIGC_E_TIMEOUT".
func (s Status) String() string { return C.GoString(C.aigc_status_name(C.aigc_status(s))) }

// Error gives one sentence: what it means and what to do.
func (s Status) Error() string { return C.GoString(C.aigc_status_text(C.aigc_status(s))) }

// String gives the name in aigc.h, such as "AIGC_STATE_PENDING".
func (s State) String() string { return C.GoString(C.aigc_state_name(C.int32_t(s))) }

// Ended says whether nothing can follow this state.
func (s State) Ended() bool { return s >= StateSucceeded }
"""
# Prefix in the header, prefix here, the type, its words, the words of its constants.
KINDS = [
    (
        "AIGC_E_", "Err", "Status",
        "// Status says what went wrong. aigc.h has a sentence about each status. A Status is an error: compare it with\n"
        "// errors.Is(err, aigc.ErrThrottled). Later versions may add codes: treat an unknown code by the line of its group\n"
        "// in aigc.h, 207 like the line \"2xx\". Only ErrTimeout itself means that you can wait again.\n",
        "// Every status.\n",
    ),
    (
        "AIGC_OUTCOME_", "Outcome", "Outcome",
        "// Outcome is what provably happened to a submission.\n",
        "// Every outcome. OutcomeUnknown: the submission was sent, and no clear answer came: the job may run and be\n"
        "// billed. The library never sends the submission again.\n",
    ),
    ("AIGC_STATE_", "State", "State", "// State is the state of a job.\n", "// Every state.\n"),
    (
        "AIGC_EVENT_", "Event", "EventType",
        "// EventType is the type of an event. Later versions may add types: ignore an unknown type.\n",
        "// Every type of event.\n",
    ),
    (
        "AIGC_LOG_", "Log", "LogLevel",
        "// LogLevel tells how much a log record matters. The configuration's log.level names the last that is told.\n",
        "// Every level.\n",
    ),
]
INITIALS = {"TLS"}


def camel(words: str) -> str:
    """NOT_FOUND as Go writes it: NotFound."""
    return "".join(w if w in INITIALS else w.capitalize() for w in words.split("_"))


def block(rows: Iterable[Tuple[str, str, str]]) -> str:
    """A block of constants, aligned as gofmt does it."""
    rows = list(rows)
    width = max(len(name) for name, _, _ in rows)
    lines = ["\t%s %s= C.%s\n" % (name.ljust(width), kind + " " if kind else "", c) for name, kind, c in rows]
    return "const (\n" + "".join(lines) + ")\n"


def operations() -> List[Tuple[str, str, str]]:
    """Providers, each with its operations behind it."""
    names = [c.name for c in header.defines() if isinstance(c.value, str)]
    providers = [n for n in names if n.count("_") == 1]
    ordered = [n for p in providers for n in names if n == p or n.startswith(p + "_")]
    return [(camel(n[len("AIGC_") :]), "", n) for n in ordered]


def constants() -> str:
    """constants.go."""
    parts = [HEAD, block(operations())]
    for prefix, short, kind, words, about in KINDS:
        found = next(e.constants for e in header.enumerations() if e.prefix == prefix)
        rows = []
        for c in found:
            inside = c.name.startswith(prefix)
            rows.append((short + camel(c.name[len(prefix) :]) if inside else c.name[len("AIGC_") :], kind, c.name))
        parts.append("\n%stype %s int32\n\n%s%s" % (words, kind, about, block(rows)))
    parts.append(TAIL)
    return "".join(parts)
