"""The picture of a job's life in the README: bindings/guide/job.svg. The states are those of include/aigc.h."""

from __future__ import annotations

from typing import Dict, List, Tuple

import header

WIDTH, HEIGHT = 960, 330
# Where each state stands, its colour, and what it means.
PLACES: Dict[str, Tuple[int, int, str, str]] = {
    "QUEUED": (20, 110, "#eef2f7", "waits for rate, credentials"),
    "SUBMITTING": (210, 110, "#eef2f7", "submission on the wire"),
    "PENDING": (400, 110, "#eef2f7", "accepted by the provider"),
    "RUNNING": (590, 110, "#eef2f7", "the provider draws"),
    "SUCCEEDED": (780, 110, "#dff3e3", "images can be fetched"),
    "CANCELLED": (20, 230, "#f6e8d8", "you ended it"),
    "UNKNOWN": (210, 230, "#fbe0e0", "no clear answer came"),
    "FAILED": (590, 230, "#fbe0e0", "the error says why"),
}
BOX = (160, 56)
ARROWS: List[Tuple[str, str]] = [
    ("QUEUED", "SUBMITTING"), ("SUBMITTING", "PENDING"), ("PENDING", "RUNNING"), ("RUNNING", "SUCCEEDED"),
    ("QUEUED", "CANCELLED"), ("SUBMITTING", "UNKNOWN"), ("RUNNING", "FAILED"),
]
# Promises, each above the step or the state that keeps it.
NOTES: List[Tuple[int, str, str]] = [
    (195, "journal: the submission", "is on disk before its first byte"),
    (385, "journal: the job's id is", "on disk before you get it"),
    (860, "a file gets its name", "only when it is whole"),
]


def text(x: float, y: float, words: str, size: int, more: str = "") -> str:
    """A line of text around a point."""
    shape = '<text x="%g" y="%g" font-size="%d" text-anchor="middle"%s>%s</text>'
    return shape % (x, y, size, more, words.replace("&", "&amp;"))


def arrow(before: str, after: str) -> str:
    """From one state to the next: to the right, or down."""
    x1, y1 = PLACES[before][:2]
    x2, y2 = PLACES[after][:2]
    width, height = BOX
    points = (x1 + width, y1 + height / 2, x2 - 4, y2 + height / 2)
    if x1 == x2:
        points = (x1 + width / 2, y1 + height, x2 + width / 2, y2 - 4)
    return '<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="#445" stroke-width="1.5" marker-end="url(#tip)"/>' % points


def job() -> str:
    """The picture. A state of the header without a place in it is an error."""
    states = [c.name[len("AIGC_STATE_"):] for e in header.enumerations() if e.prefix == "AIGC_STATE_" for c in e.constants]
    if set(states) - {"NONE"} != set(PLACES):
        raise SystemExit("emit_picture.py: its states are not those of the header: %s" % ", ".join(states))
    width, height = BOX
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"' % (WIDTH, HEIGHT, WIDTH, HEIGHT)
        + ' font-family="sans-serif" fill="#223" role="img">',
        "<title>The life of a job</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#445"/></marker></defs>',
        '<rect width="%d" height="%d" rx="8" fill="#ffffff"/>' % (WIDTH, HEIGHT),
    ]
    for x, first, second in NOTES:
        end = 106 if any(left < x < left + BOX[0] for left, *_ in PLACES.values()) else 132
        parts.append('<line x1="%d" y1="68" x2="%d" y2="%d" stroke="#2a6fb0" stroke-dasharray="3 3"/>' % (x, x, end))
        parts += [text(x, 42, first, 13, ' fill="#2a6fb0"'), text(x, 60, second, 13, ' fill="#2a6fb0"')]
    parts += [arrow(before, after) for before, after in ARROWS]
    for state, (x, y, colour, meaning) in PLACES.items():
        shape = '<rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="%s" stroke="#445"/>'
        parts.append(shape % (x, y, width, height, colour))
        parts.append(text(x + width / 2, y + 24, state, 14, ' font-weight="bold"'))
        parts.append(text(x + width / 2, y + 43, meaning, 11))
    end = "A cancel or a deadline ends a job in this process at any time; its token or its key attaches it again."
    parts.append(text(WIDTH / 2, HEIGHT - 16, end, 13))
    return "\n".join(parts + ["</svg>"]) + "\n"
