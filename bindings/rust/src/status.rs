use std::fmt;

use crate::sys;

/// What went wrong, in few words that each tell what to do: aigc.h has a sentence on every one. New ones may be added: treat
/// one that you do not know like the first of its hundred.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(pub i32);

/// Where a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct State(pub i32);

/// What surely happened to a submission.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Outcome(pub i32);

/// What an event tells of. New ones may be added: ignore what you do not know.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EventType(pub i32);

/// How much a log record matters. The configuration's log.level names the last that is told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct LogLevel(pub i32);

macro_rules! constants {
    ($type:ident: $($name:ident = $raw:ident, $text:literal;)*) => {
        impl $type {
            $(#[doc = $text] pub const $name: $type = $type(sys::$raw);)*
        }
    };
}

constants! { Status:
    OK = AIGC_OK, "It worked.";
    INVALID_ARGUMENT = AIGC_E_INVALID_ARGUMENT, "A name that does not exist, a wrong type or value: the message says which.";
    WRONG_STATE = AIGC_E_WRONG_STATE, "Right call, wrong time.";
    FORKED = AIGC_E_FORKED, "The handle comes from the parent process.";
    CLOSED = AIGC_E_CLOSED, "The client has been closed.";
    TIMEOUT = AIGC_E_TIMEOUT, "A wait of yours ended before the job did; the job goes on.";
    CANCELLED = AIGC_E_CANCELLED, "A cancel or a close ended it here; the provider is not told.";
    DEADLINE = AIGC_E_DEADLINE, "The job's own deadline passed; it may still finish at the provider.";
    NETWORK = AIGC_E_NETWORK, "Resolve, connect, send or receive failed.";
    TLS = AIGC_E_TLS, "Handshake or certificate.";
    ADDRESS_REFUSED = AIGC_E_ADDRESS_REFUSED, "An image URL leads to a private address.";
    BAD_RESPONSE = AIGC_E_BAD_RESPONSE, "The answer was not what this provider sends.";
    NO_CREDENTIALS = AIGC_E_NO_CREDENTIALS, "None was found: the message lists each source tried.";
    AUTH = AIGC_E_AUTH, "The provider refused the key, the signature or the security token.";
    PERMISSION = AIGC_E_PERMISSION, "The key is known and may not do this.";
    BILLING = AIGC_E_BILLING, "Arrears, quota or a service that is not activated.";
    THROTTLED = AIGC_E_THROTTLED, "Too many requests and the retries are used up.";
    CLOCK = AIGC_E_CLOCK, "This machine's clock is too far from the provider's.";
    REQUEST_REFUSED = AIGC_E_REQUEST_REFUSED, "A parameter is not accepted.";
    CONTENT_REFUSED = AIGC_E_CONTENT_REFUSED, "Prompt or image was refused by moderation.";
    NOT_FOUND = AIGC_E_NOT_FOUND, "The provider does not know this job or image (any more).";
    JOB_FAILED = AIGC_E_JOB_FAILED, "Accepted, ran, failed.";
    PROVIDER = AIGC_E_PROVIDER, "The provider reports a fault of its own.";
    OUTCOME_UNKNOWN = AIGC_E_OUTCOME_UNKNOWN, "It may run and be billed, and nothing resends it: look before you do.";
    EXPIRED = AIGC_E_EXPIRED, "The image's URL or its time at the provider has run out.";
    NOT_AN_IMAGE = AIGC_E_NOT_AN_IMAGE, "What came is no image.";
    CORRUPT = AIGC_E_CORRUPT, "Length, end marker or checksum is wrong, again after retries.";
    TOO_LARGE = AIGC_E_TOO_LARGE, "Larger than is allowed.";
    FILE = AIGC_E_FILE, "The file system refused: the message names path and reason.";
    FILE_EXISTS = AIGC_E_FILE_EXISTS, "There is a file of that name.";
    NO_SPACE = AIGC_E_NO_SPACE, "Disk or quota full.";
    NO_RESOURCES = AIGC_E_NO_RESOURCES, "Memory, threads or descriptors are exhausted.";
    INTERNAL = AIGC_E_INTERNAL, "A fault in the library: please report it.";
}

constants! { State:
    NONE = AIGC_STATE_NONE, "No job.";
    QUEUED = AIGC_STATE_QUEUED, "Not sent yet.";
    SUBMITTING = AIGC_STATE_SUBMITTING, "On the wire.";
    PENDING = AIGC_STATE_PENDING, "Accepted, not started.";
    RUNNING = AIGC_STATE_RUNNING, "Started; also every provider state that the library does not know.";
    SUCCEEDED = AIGC_STATE_SUCCEEDED, "Ended: images can be fetched.";
    FAILED = AIGC_STATE_FAILED, "Ended: `Job::error` says why.";
    CANCELLED = AIGC_STATE_CANCELLED, "Ended here; it may go on at the provider.";
    UNKNOWN = AIGC_STATE_UNKNOWN, "Ended: whether the provider accepted the submission is not known.";
}

constants! { Outcome:
    NONE = AIGC_OUTCOME_NONE, "No submission was involved, or it has not been tried yet.";
    NOT_SENT = AIGC_OUTCOME_NOT_SENT, "Nothing runs: it is safe to submit anew.";
    UNKNOWN = AIGC_OUTCOME_UNKNOWN, "It left and no readable answer came: it may run and be billed.";
    ACCEPTED = AIGC_OUTCOME_ACCEPTED, "The provider gave a job id.";
}

constants! { EventType:
    NONE = AIGC_EVENT_NONE, "No event.";
    JOB_STATE = AIGC_EVENT_JOB_STATE, "The state changed.";
    JOB_ACCEPTED = AIGC_EVENT_JOB_ACCEPTED, "The provider's id is known: store the token now.";
    JOB_REFRESHED = AIGC_EVENT_JOB_REFRESHED, "The call of a refresh has ended.";
    JOB_PROGRESS = AIGC_EVENT_JOB_PROGRESS, "Progress changed.";
    JOB_DONE = AIGC_EVENT_JOB_DONE, "The job has ended, once.";
    CREDENTIALS_NEEDED = AIGC_EVENT_CREDENTIALS_NEEDED, "Credentials that were given end soon or have been refused.";
    WARNING = AIGC_EVENT_WARNING, "All went well, and there is something to know: `Event::message`.";
    LOG = AIGC_EVENT_LOG, "What the library does, with the configuration's log.level: `Event::level`, `Event::fields`.";
}

constants! { LogLevel:
    NONE = AIGC_LOG_NONE, "No log record.";
    ERROR = AIGC_LOG_ERROR, "A job or a download has failed.";
    WARNING = AIGC_LOG_WARNING, "A call has failed, and may be repeated; credentials or clock are wrong.";
    INFO = AIGC_LOG_INFO, "Jobs accepted, changed, ended; credentials found.";
    DEBUG = AIGC_LOG_DEBUG, "Every call, and the body of submissions with its prompt.";
}

impl Status {
    /// The name in aigc.h, such as "AIGC_E_TIMEOUT".
    pub fn name(self) -> &'static str {
        // SAFETY: the string lives for ever.
        unsafe { crate::text(sys::aigc_status_name(self.0)) }.unwrap_or("AIGC_E_?")
    }

    /// One sentence: what it means and what to do.
    pub fn text(self) -> &'static str {
        // SAFETY: the string lives for ever.
        unsafe { crate::text(sys::aigc_status_text(self.0)) }.unwrap_or("")
    }

    /// Every status that the library knows.
    pub fn all() -> impl Iterator<Item = Status> {
        (0..).map_while(|index| {
            let mut status = 0;
            // SAFETY: the place is ours.
            (unsafe { sys::aigc_status_at(index, &mut status) } == sys::AIGC_OK).then_some(Status(status))
        })
    }
}

impl State {
    /// Whether nothing can follow it.
    pub fn ended(self) -> bool {
        self.0 >= State::SUCCEEDED.0
    }

    /// The name in aigc.h, such as "AIGC_STATE_PENDING".
    pub fn name(self) -> &'static str {
        // SAFETY: the string lives for ever.
        unsafe { crate::text(sys::aigc_state_name(self.0)) }.unwrap_or("AIGC_STATE_?")
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
