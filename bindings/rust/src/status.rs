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

// generated: constants (Tests/tools/generate.py)

constants! { Status:
    OK = AIGC_OK, "It worked.";
    INVALID_ARGUMENT = AIGC_E_INVALID_ARGUMENT, "A NULL, a name that does not exist, a wrong type or value: \
        the message says which.";
    WRONG_STATE = AIGC_E_WRONG_STATE, "Right call, wrong time: for instance a download of a job that has not \
        succeeded.";
    FORKED = AIGC_E_FORKED, "The handle comes from the parent process: it can only be freed here.";
    CLOSED = AIGC_E_CLOSED, "The client has been closed.";
    KEY_CONFLICT = AIGC_E_KEY_CONFLICT, "The journal has another request under this key (since 1.2).";
    TIMEOUT = AIGC_E_TIMEOUT, "A wait of yours ended before the job did; the job goes on: wait again.";
    CANCELLED = AIGC_E_CANCELLED, "aigc_job_cancel() or aigc_client_close() ended it here; the provider is \
        not told.";
    DEADLINE = AIGC_E_DEADLINE, "The job's own deadline passed; it may still finish at the provider.";
    NETWORK = AIGC_E_NETWORK, "Resolve, connect, send or receive failed.";
    TLS = AIGC_E_TLS, "Handshake or certificate: CA bundle, clock, or somebody in between.";
    ADDRESS_REFUSED = AIGC_E_ADDRESS_REFUSED, "An image URL leads to a private, loopback or link-local \
        address.";
    BAD_RESPONSE = AIGC_E_BAD_RESPONSE, "The answer was not what this provider sends: a proxy's page, cut, \
        or garbage.";
    NO_CREDENTIALS = AIGC_E_NO_CREDENTIALS, "None was found, or a source that is set up cannot be used: the \
        message names each source that was tried and why it gave nothing.";
    AUTH = AIGC_E_AUTH, "The provider refused the key, the signature or the security token.";
    PERMISSION = AIGC_E_PERMISSION, "The key is known and may not do this.";
    BILLING = AIGC_E_BILLING, "Arrears, quota or a service that is not activated.";
    THROTTLED = AIGC_E_THROTTLED, "Too many requests and the retries are used up: \
        aigc_error_retry_after_ms().";
    CLOCK = AIGC_E_CLOCK, "This machine's clock is too far from the provider's and could not be bridged.";
    REQUEST_REFUSED = AIGC_E_REQUEST_REFUSED, "A parameter is not accepted: see the provider's code and \
        message; mend, submit anew.";
    CONTENT_REFUSED = AIGC_E_CONTENT_REFUSED, "Prompt or image was refused by moderation.";
    NOT_FOUND = AIGC_E_NOT_FOUND, "The provider does not know this job or image (any more).";
    JOB_FAILED = AIGC_E_JOB_FAILED, "Accepted, ran, failed: submit anew if you like.";
    PROVIDER = AIGC_E_PROVIDER, "The provider reports a fault of its own; reads were retried.";
    OUTCOME_UNKNOWN = AIGC_E_OUTCOME_UNKNOWN, "The submission left and no readable answer came: it may run \
        and be billed. Nothing resends it; look at the provider's console before you do.";
    EXPIRED = AIGC_E_EXPIRED, "Its URL or its time at the provider has run out.";
    NOT_AN_IMAGE = AIGC_E_NOT_AN_IMAGE, "What came is no PNG, JPEG, WebP, GIF or BMP.";
    CORRUPT = AIGC_E_CORRUPT, "Length, end marker or checksum is wrong, again after retries.";
    TOO_LARGE = AIGC_E_TOO_LARGE, "Larger than download.max_bytes (or a reply larger than \
        http.max_reply_bytes).";
    FILE = AIGC_E_FILE, "The file system refused: the message names path and reason.";
    FILE_EXISTS = AIGC_E_FILE_EXISTS, "There is a file of that name and download.overwrite is off.";
    NO_SPACE = AIGC_E_NO_SPACE, "Disk or quota full; what was received is kept as .part for a resume where \
        possible.";
    NO_RESOURCES = AIGC_E_NO_RESOURCES, "Memory, threads or descriptors are exhausted.";
    JOURNAL = AIGC_E_JOURNAL, "The journal cannot be opened, read or written: nothing was sent (since \
        1.2).";
    INTERNAL = AIGC_E_INTERNAL, "A fault in this library: please report it.";
}

constants! { State:
    NONE = AIGC_STATE_NONE, "No job (a NULL handle).";
    QUEUED = AIGC_STATE_QUEUED, "Not sent yet: it waits for the rate limit, credentials or a retry. If the \
        provider has refused it for now, aigc_job_provider_response() says why.";
    SUBMITTING = AIGC_STATE_SUBMITTING, "On the wire.";
    PENDING = AIGC_STATE_PENDING, "Accepted, not started.";
    RUNNING = AIGC_STATE_RUNNING, "Started; also every provider state that this version does not know.";
    SUCCEEDED = AIGC_STATE_SUCCEEDED, "Ended: images can be fetched.";
    FAILED = AIGC_STATE_FAILED, "Ended: aigc_job_error() says why.";
    CANCELLED = AIGC_STATE_CANCELLED, "Ended here; it may go on at the provider.";
    UNKNOWN = AIGC_STATE_UNKNOWN, "Ended: whether the provider accepted the submission is not known.";
}

constants! { Outcome:
    NONE = AIGC_OUTCOME_NONE, "No submission was involved, or it has not been tried yet.";
    NOT_SENT = AIGC_OUTCOME_NOT_SENT, "Nothing runs: it never left, or the provider refused it. Safe to \
        submit anew.";
    UNKNOWN = AIGC_OUTCOME_UNKNOWN, "It left and no readable answer came: it may run and be billed.";
    ACCEPTED = AIGC_OUTCOME_ACCEPTED, "The provider gave a job id.";
}

constants! { EventType:
    NONE = AIGC_EVENT_NONE, "No event (a NULL handle).";
    JOB_STATE = AIGC_EVENT_JOB_STATE, "The state changed: aigc_event_state().";
    JOB_ACCEPTED = AIGC_EVENT_JOB_ACCEPTED, "The provider's id is known: store aigc_job_token() now. It can \
        come after JOB_DONE, if an answer arrives after a cancel or a deadline.";
    JOB_REFRESHED = AIGC_EVENT_JOB_REFRESHED, "The call of an aigc_job_refresh() has ended: \
        aigc_event_status().";
    JOB_PROGRESS = AIGC_EVENT_JOB_PROGRESS, "Progress changed (only with the configuration's \
        events.progress).";
    JOB_DONE = AIGC_EVENT_JOB_DONE, "The job has ended, once: aigc_event_status() and aigc_event_state().";
    CREDENTIALS_NEEDED = AIGC_EVENT_CREDENTIALS_NEEDED, "Credentials given by aigc_client_set_credentials() \
        end soon or have been refused: aigc_event_provider(). It comes five minutes before their end, or at half of \
        their life if that is shorter, also when no call is made.";
    WARNING = AIGC_EVENT_WARNING, "Something to know, while the jobs keep running: a credential file that \
        everybody can read, calls that fail on this machine and are tried again, a long rest that the provider asked \
        for, an id that came after its job had ended here (then aigc_event_job() is the job): aigc_event_message(), \
        aigc_event_provider(). Told once, not for each job and call; of those that nobody takes 64 are kept.";
    LOG = AIGC_EVENT_LOG, "What the library does (only with the configuration's log.level, since 1.1): \
        aigc_event_level(), aigc_event_message(), aigc_event_fields(), aigc_event_job_id(). Of those that nobody \
        takes log.capacity are kept.";
    JOB_READY = AIGC_EVENT_JOB_READY, "A job that was submitted with \"hold\" has everything that it needs, \
        and waits for aigc_job_release(); meanwhile it keeps its place (since 1.2).";
}

constants! { LogLevel:
    NONE = AIGC_LOG_NONE, "No log record.";
    ERROR = AIGC_LOG_ERROR, "A job or a download has failed.";
    WARNING = AIGC_LOG_WARNING, "A call has failed, and may be repeated; credentials or clock are wrong.";
    INFO = AIGC_LOG_INFO, "Jobs accepted, changed, ended; credentials found.";
    DEBUG = AIGC_LOG_DEBUG, "Every call, and the body of submissions with its prompt, without secrets.";
}

// end of generated

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
