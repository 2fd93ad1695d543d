"""The enumerations of the C API as Python enumerations: statuses, outcomes, states and event types.

A newer library may know members that this file does not. Such a value becomes a member named "UNKNOWN_<value>" instead
of an error, as the header demands.
"""

from __future__ import annotations

from enum import IntEnum


class _OpenEnum(IntEnum):
    """An enumeration that accepts values which did not exist when it was written."""

    @classmethod
    def _missing_(cls, value: object) -> "_OpenEnum":
        if not isinstance(value, int):
            raise ValueError(f"{value!r} is not a number")
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member


class Status(_OpenEnum):
    """What went wrong, in a hundred by what to do about it. AIGC_E_TIMEOUT of the header is Status.TIMEOUT here."""

    OK = 0
    INVALID_ARGUMENT = 100
    WRONG_STATE = 101
    FORKED = 102
    CLOSED = 103
    TIMEOUT = 200
    CANCELLED = 201
    DEADLINE = 202
    NETWORK = 300
    TLS = 301
    ADDRESS_REFUSED = 302
    BAD_RESPONSE = 303
    NO_CREDENTIALS = 400
    AUTH = 401
    PERMISSION = 402
    BILLING = 403
    THROTTLED = 404
    CLOCK = 405
    REQUEST_REFUSED = 500
    CONTENT_REFUSED = 501
    NOT_FOUND = 502
    JOB_FAILED = 503
    PROVIDER = 504
    OUTCOME_UNKNOWN = 600
    EXPIRED = 700
    NOT_AN_IMAGE = 701
    CORRUPT = 702
    TOO_LARGE = 703
    FILE = 800
    FILE_EXISTS = 801
    NO_SPACE = 802
    NO_RESOURCES = 803
    INTERNAL = 900


class Outcome(_OpenEnum):
    """What surely happened to a submission."""

    NONE = 0
    """No submission was involved, or it has not been tried yet."""
    NOT_SENT = 1
    """Nothing runs: it never left, or the provider refused it. Safe to submit anew."""
    UNKNOWN = 2
    """It left and no readable answer came: it may run and be billed."""
    ACCEPTED = 3
    """The provider gave a job id."""


class State(_OpenEnum):
    """Where a job is."""

    NONE = 0
    QUEUED = 1
    """Not sent yet: it waits for the rate limit, credentials or a retry."""
    SUBMITTING = 2
    """On the wire."""
    PENDING = 3
    """Accepted, not started."""
    RUNNING = 4
    """Started; also every provider state that the library does not know."""
    SUCCEEDED = 5
    """Ended: images can be fetched."""
    FAILED = 6
    """Ended: the job's error says why."""
    CANCELLED = 7
    """Ended here; it may go on at the provider."""
    UNKNOWN = 8
    """Ended: whether the provider accepted the submission is not known."""

    @property
    def ended(self) -> bool:
        """Whether a job in this state changes no more."""
        return self in _ENDED


_ENDED = frozenset((State.SUCCEEDED, State.FAILED, State.CANCELLED, State.UNKNOWN))


class EventType(_OpenEnum):
    """What an event tells. Ignore types that you do not know."""

    NONE = 0
    JOB_STATE = 1
    JOB_ACCEPTED = 2
    """The provider's id is known: store the job's token now. It can come after JOB_DONE."""
    JOB_REFRESHED = 3
    JOB_PROGRESS = 4
    """Only with the configuration's events.progress."""
    JOB_DONE = 5
    """The job has ended, once."""
    CREDENTIALS_NEEDED = 6
    """Credentials that set_credentials() gave end soon, or have been refused: the event's provider says whose."""
    WARNING = 7
    """All went well, and there is something to know: the event's message says what."""
    LOG = 8
    """What the library does (only with the configuration's log.level): level, message and fields of the event."""


class LogLevel(_OpenEnum):
    """How much a log record matters. The configuration's log.level names the last that is told."""

    NONE = 0
    """No log record."""
    ERROR = 1
    """A job or a download has failed."""
    WARNING = 2
    """A call has failed, and may be repeated; credentials or clock are wrong."""
    INFO = 3
    """Jobs accepted, changed, ended; credentials found."""
    DEBUG = 4
    """Every call, and the body of submissions with its prompt."""
