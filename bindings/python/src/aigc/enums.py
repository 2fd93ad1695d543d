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

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(int(self) if spec[-1:] in tuple("bcdoxXneEfFgG%") else str(self), spec)


class Status(_OpenEnum):
    """What went wrong, in a hundred by what to do about it. AIGC_E_TIMEOUT of the header is Status.TIMEOUT here."""

    # generated: Status (Tests/tools/generate.py)
    OK = 0
    """The call succeeded."""
    INVALID_ARGUMENT = 100
    """A NULL, an unknown name, a wrong type or a wrong value: the message says which."""
    WRONG_STATE = 101
    """The call is right but comes at the wrong time: for example, a download of a job that has not succeeded."""
    FORKED = 102
    """The handle comes from the parent process: the child process may only free it."""
    CLOSED = 103
    """The client has been closed."""
    KEY_CONFLICT = 104
    """The journal has this key for another request (since 1.2)."""
    TIMEOUT = 200
    """Your wait ended before the job ended: the job keeps running, so you can wait again."""
    CANCELLED = 201
    """aigc_job_cancel() or aigc_client_close() ended the job in this process; the library does not tell the
    provider."""
    DEADLINE = 202
    """The job's own deadline passed; the job may still finish at the provider."""
    NETWORK = 300
    """The library could not resolve the host name, connect, send or receive."""
    TLS = 301
    """The TLS handshake or the certificate check failed: look at the CA bundle, the clock, and each proxy between
    this machine and the provider."""
    ADDRESS_REFUSED = 302
    """An image URL leads to a private, loopback or link-local address."""
    BAD_RESPONSE = 303
    """The answer does not have the form of this provider's answers: a proxy sent the answer, or the answer is
    incomplete or garbage."""
    NO_CREDENTIALS = 400
    """No source gave credentials, or a configured source cannot be used: the message names each source that was tried
    and why it gave nothing."""
    AUTH = 401
    """The provider refused the access key, the signature or the security token."""
    PERMISSION = 402
    """The provider knows the access key, but this access key has no right to do this."""
    BILLING = 403
    """An unpaid bill, a used-up quota, or a service that is not activated."""
    THROTTLED = 404
    """Too many requests, and the retries are used up: see aigc_error_retry_after_ms()."""
    CLOCK = 405
    """This machine's clock is too far from the provider's, and the library could not correct the difference."""
    REQUEST_REFUSED = 500
    """The provider does not accept a parameter: see the provider's code and message, fix the parameter, and submit a
    new job."""
    CONTENT_REFUSED = 501
    """The provider's moderation refused the prompt or an image."""
    NOT_FOUND = 502
    """The provider does not know this job or image, or no longer has it."""
    JOB_FAILED = 503
    """The provider accepted and ran the job, and the job failed: you may submit a new job."""
    PROVIDER = 504
    """The provider reports an internal error; a download gives this code only after retries."""
    OUTCOME_UNKNOWN = 600
    """The submission was sent, or may have been sent, and no clear answer came: the job may run and be billed. The
    library never sends the submission again. Look at the provider's console before you submit a new job."""
    EXPIRED = 700
    """The image's URL has expired, and the provider gives no new URL."""
    NOT_AN_IMAGE = 701
    """The received bytes are not a PNG, JPEG, WebP, GIF or BMP image."""
    CORRUPT = 702
    """The length, the end marker or the checksum of the image is wrong, and retries did not help."""
    TOO_LARGE = 703
    """The image is larger than download.max_bytes, or an answer is larger than http.max_reply_bytes."""
    FILE = 800
    """The file system refused an operation: the message names the path and the reason."""
    FILE_EXISTS = 801
    """A file with this name exists, and download.overwrite is off."""
    NO_SPACE = 802
    """The disk or the quota is full; if possible, the library keeps the received bytes in a .part file, and the next
    download continues this file."""
    NO_RESOURCES = 803
    """Memory, threads or descriptors are exhausted."""
    JOURNAL = 804
    """The journal cannot be opened, read or written: this call sent nothing (since 1.2)."""
    INTERNAL = 900
    """A fault in this library: please report it."""
    # end of generated


class Outcome(_OpenEnum):
    """What provably happened to a submission."""

    # generated: Outcome (Tests/tools/generate.py)
    NONE = 0
    """No submission was involved, or the submission has not been tried yet."""
    NOT_SENT = 1
    """No job runs: the submission was never sent, or it was sent and the provider refused it. You can safely submit
    again."""
    UNKNOWN = 2
    """The submission was sent, or may have been sent, and no clear answer came: the job may run and be billed."""
    ACCEPTED = 3
    """The provider gave a job id; for aigc_client_call(): the provider answered."""
    # end of generated


class State(_OpenEnum):
    """Where a job is."""

    # generated: State (Tests/tools/generate.py)
    NONE = 0
    """No job (a NULL handle)."""
    QUEUED = 1
    """Not on the wire: the job waits to be sent, for the first time or again: for example for the rate limit,
    credentials, a release or a retry. If the provider asked to try later, aigc_job_provider_response() says why."""
    SUBMITTING = 2
    """The submission is on the wire, or its connection is being made."""
    PENDING = 3
    """The provider has accepted the job and not started it."""
    RUNNING = 4
    """The provider has started the job; also every provider state that this version does not know."""
    SUCCEEDED = 5
    """Ended: you can fetch the images."""
    FAILED = 6
    """Ended: aigc_job_error() says why. After AIGC_E_DEADLINE, the job may keep running at the provider."""
    CANCELLED = 7
    """Ended in this process; the job may keep running at the provider."""
    UNKNOWN = 8
    """Ended: nobody knows whether the provider accepted the submission."""
    # end of generated

    @property
    def ended(self) -> bool:
        """Whether a job in this state changes no more."""
        return self in _ENDED


_ENDED = frozenset((State.SUCCEEDED, State.FAILED, State.CANCELLED, State.UNKNOWN))


class EventType(_OpenEnum):
    """What an event tells. Ignore types that you do not know."""

    # generated: EventType (Tests/tools/generate.py)
    NONE = 0
    """No event (a NULL handle)."""
    JOB_STATE = 1
    """The state changed: see aigc_event_state()."""
    JOB_ACCEPTED = 2
    """The provider's id is known: store aigc_job_token() now. If the answer arrives after a cancel, a deadline or a
    close, this event can come after JOB_DONE."""
    JOB_REFRESHED = 3
    """The status call of an aigc_job_refresh() has ended: see aigc_event_status()."""
    JOB_PROGRESS = 4
    """Progress changed (only with the configuration's events.progress)."""
    JOB_DONE = 5
    """The job has ended; this event comes once: see aigc_event_status() and aigc_event_state()."""
    CREDENTIALS_NEEDED = 6
    """The credentials of aigc_client_set_credentials() end soon, or the provider refused them: see
    aigc_event_provider(). This event comes five minutes before the credentials end, even if no call is made. If the
    credentials are valid for less than ten minutes, this event comes when half of their life is over."""
    WARNING = 7
    """A warning; the jobs keep running. Examples: everybody can read a credential file; calls fail on this machine
    and are tried again; the disk refuses the id of a job in the journal; the provider asked for a long pause; the
    provider names a state of a job that this library does not know; an id came after the end of its job. If a warning
    names the id of a job, aigc_event_job() is the job, and aigc_event_fields() has the id. See aigc_event_message()
    and aigc_event_provider(). Each warning comes once, not for each job and call. At most 64 warnings are queued."""
    LOG = 8
    """A log record (only with the configuration's log.level, since 1.1): see aigc_event_level(),
    aigc_event_message(), aigc_event_fields() and aigc_event_job_id(). At most log.capacity records are queued."""
    JOB_READY = 9
    """A job with the option "hold" is ready to be sent, and waits for aigc_job_release() (since 1.2)."""
    # end of generated


class LogLevel(_OpenEnum):
    """How much a log record matters. The configuration's log.level names the last that is told."""

    # generated: LogLevel (Tests/tools/generate.py)
    NONE = 0
    """No log record."""
    ERROR = 1
    """A job or a download has failed."""
    WARNING = 2
    """A call has failed and may be repeated; credentials or clock are wrong."""
    INFO = 3
    """Jobs accepted, changed, ended; credentials found."""
    DEBUG = 4
    """Every call, and the bodies of submissions with their prompts, without secrets."""
    # end of generated
