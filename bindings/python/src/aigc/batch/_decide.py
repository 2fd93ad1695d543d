"""What is done with a row: a table over what the journal, the folder and the last results say."""

from __future__ import annotations

from enum import Enum
from typing import FrozenSet, NamedTuple, Optional

# A refusal for one of these does not change when the same is sent again. Every other refusal may.
FINAL = frozenset(
    ("AIGC_E_CONTENT_REFUSED", "AIGC_E_REQUEST_REFUSED", "AIGC_E_INVALID_ARGUMENT", "AIGC_E_NOT_FOUND", "AIGC_E_TOO_LARGE")
)


class Do(Enum):
    """What the next run does with a row."""

    SEND = "send"
    """A new job, which costs money."""
    AGAIN = "again"
    """The same with a key of its own in the journal: the one before was accepted."""
    FETCH = "fetch"
    """Accepted before: followed and fetched, free of charge."""
    SETTLE = "settle"
    """It was on the wire when its process died: it is in doubt, and the journal is to say so."""
    CHECK = "check"
    """Its pictures are here, and the folder does not know what they were asked for: the journal says whether it is the same."""
    NOTHING = "nothing"


class Is(Enum):
    """Where a row is, for people. The values are those of results.jsonl."""

    NEW = "not sent"
    OPEN = "to fetch"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"
    DOUBT = "in doubt"
    LEFT = "left"
    CONFLICT = "conflict"


class Seen(NamedTuple):
    """What is known of a row before the run."""

    state: Optional[str] = None
    """The journal's; None: it has no such key."""
    alive: bool = False
    """Whether a client that lives drives the job."""
    status: Optional[str] = None
    """The name of the status with which it ended."""
    whole: bool = False
    """Every image is in the folder."""
    changed: bool = False
    """The row asks for other things than what was sent under this key."""
    expired: bool = False
    """An earlier run found its images expired."""
    lacking: bool = False
    """An earlier run found that it had ended without an image. The journal keeps its id: it may be looked at again."""


class Decision(NamedTuple):
    """Where a row is, and what is done."""

    stands: Is
    do: Do


def decide(seen: Seen, retry: FrozenSet[str] = frozenset(), again: bool = False) -> Decision:
    """The table. retry: of "refused", "failed", "expired"; again: this key is paid once more on purpose."""
    state = seen.state
    if state is None or state == "claimed":
        return Decision(Is.NEW, Do.SEND)
    if state == "refused":
        if seen.changed or again or "refused" in retry or seen.status not in FINAL:
            return Decision(Is.NEW, Do.SEND)
        return Decision(Is.REFUSED, Do.NOTHING)
    # From here on a submission left under this key.
    if state == "unknown" or (state == "sending" and not seen.alive):
        return Decision(Is.DOUBT, Do.SETTLE if state == "sending" else Do.NOTHING)
    if state == "accepted" and seen.lacking:
        state = "failed"
    if again and state in ("succeeded", "failed", "abandoned"):
        return Decision(Is.NEW, Do.AGAIN)
    if seen.changed:
        return Decision(Is.CONFLICT, Do.NOTHING)
    if state == "abandoned":
        return Decision(Is.LEFT, Do.NOTHING)
    if state == "failed":
        return Decision(Is.NEW, Do.AGAIN) if "failed" in retry else Decision(Is.FAILED, Do.NOTHING)
    if state == "succeeded" and seen.whole:
        return Decision(Is.DONE, Do.NOTHING)
    if state == "succeeded" and seen.expired:
        return Decision(Is.NEW, Do.AGAIN) if "expired" in retry else Decision(Is.EXPIRED, Do.NOTHING)
    return Decision(Is.OPEN, Do.FETCH)
