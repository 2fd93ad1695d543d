use std::fmt;

use crate::sys;

/// What went wrong, in few words that each tell what to do: aigc.h has a sentence on every one. New ones may be added: treat
/// one that you do not know like the first of its hundred.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(pub i32);

/// Where a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct State(pub i32);

/// What provably happened to a submission.
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
    OK = AIGC_OK, "The call succeeded.";
    INVALID_ARGUMENT = AIGC_E_INVALID_ARGUMENT, "A NULL, an unknown name, a wrong type or a wrong value: the \
        message says which.";
    WRONG_STATE = AIGC_E_WRONG_STATE, "Right call, wrong time: for instance a download of a job that has not \
        succeeded.";
    FORKED = AIGC_E_FORKED, "The handle comes from the parent process: the child can only free it.";
    CLOSED = AIGC_E_CLOSED, "The client has been closed.";
    KEY_CONFLICT = AIGC_E_KEY_CONFLICT, "The journal has another request under this key (since 1.2).";
    TIMEOUT = AIGC_E_TIMEOUT, "Your wait ended before the job did; the job keeps running: wait again.";
    CANCELLED = AIGC_E_CANCELLED, "aigc_job_cancel() or aigc_client_close() ended the job in this process; \
        the provider is not told.";
    DEADLINE = AIGC_E_DEADLINE, "The job's own deadline passed; the job may still finish at the provider.";
    NETWORK = AIGC_E_NETWORK, "Resolve, connect, send or receive failed.";
    TLS = AIGC_E_TLS, "Handshake or certificate failed: CA bundle, clock, or a machine in between.";
    ADDRESS_REFUSED = AIGC_E_ADDRESS_REFUSED, "An image URL leads to a private, loopback or link-local \
        address.";
    BAD_RESPONSE = AIGC_E_BAD_RESPONSE, "The provider does not send such an answer: a proxy's page, a cut \
        answer, or garbage.";
    NO_CREDENTIALS = AIGC_E_NO_CREDENTIALS, "No source gave credentials, or a configured source cannot be \
        used: the message names each source that was tried and why it gave nothing.";
    AUTH = AIGC_E_AUTH, "The provider refused the key, the signature or the security token.";
    PERMISSION = AIGC_E_PERMISSION, "The provider knows the key, and the key may not do this.";
    BILLING = AIGC_E_BILLING, "Arrears, quota or a service that is not activated.";
    THROTTLED = AIGC_E_THROTTLED, "Too many requests, and the retries are used up: \
        aigc_error_retry_after_ms().";
    CLOCK = AIGC_E_CLOCK, "This machine's clock is too far from the provider's, and the library could not \
        correct the difference.";
    REQUEST_REFUSED = AIGC_E_REQUEST_REFUSED, "The provider does not accept a parameter: see its code and \
        message, fix the parameter, submit anew.";
    CONTENT_REFUSED = AIGC_E_CONTENT_REFUSED, "Moderation refused the prompt or an image.";
    NOT_FOUND = AIGC_E_NOT_FOUND, "The provider does not know this job or image, or no longer knows it.";
    JOB_FAILED = AIGC_E_JOB_FAILED, "The job was accepted, ran and failed: submit anew if you like.";
    PROVIDER = AIGC_E_PROVIDER, "The provider reports a fault of its own; the library has repeated reads.";
    OUTCOME_UNKNOWN = AIGC_E_OUTCOME_UNKNOWN, "The submission left and no readable answer came: the job may \
        run and be billed. The library never sends it again; look at the provider's console before you do.";
    EXPIRED = AIGC_E_EXPIRED, "The image's URL, or its time at the provider, has run out.";
    NOT_AN_IMAGE = AIGC_E_NOT_AN_IMAGE, "The received bytes are no PNG, JPEG, WebP, GIF or BMP.";
    CORRUPT = AIGC_E_CORRUPT, "Length, end marker or checksum is wrong, also after retries.";
    TOO_LARGE = AIGC_E_TOO_LARGE, "The image is larger than download.max_bytes, or a reply than \
        http.max_reply_bytes.";
    FILE = AIGC_E_FILE, "The file system refused: the message names path and reason.";
    FILE_EXISTS = AIGC_E_FILE_EXISTS, "A file of that name exists and download.overwrite is off.";
    NO_SPACE = AIGC_E_NO_SPACE, "Disk or quota is full; where possible the received bytes are kept as .part, \
        so that another download can resume.";
    NO_RESOURCES = AIGC_E_NO_RESOURCES, "Memory, threads or descriptors are exhausted.";
    JOURNAL = AIGC_E_JOURNAL, "The journal cannot be opened, read or written: nothing was sent (since \
        1.2).";
    INTERNAL = AIGC_E_INTERNAL, "A fault in this library: please report it.";
}

constants! { State:
    NONE = AIGC_STATE_NONE, "No job (a NULL handle).";
    QUEUED = AIGC_STATE_QUEUED, "Not sent yet: the job waits for the rate limit, credentials or a retry. If \
        the provider asked to try later, aigc_job_provider_response() says why.";
    SUBMITTING = AIGC_STATE_SUBMITTING, "The submission is on the wire.";
    PENDING = AIGC_STATE_PENDING, "Accepted, not started.";
    RUNNING = AIGC_STATE_RUNNING, "Started; also every provider state that this version does not know.";
    SUCCEEDED = AIGC_STATE_SUCCEEDED, "Ended: images can be fetched.";
    FAILED = AIGC_STATE_FAILED, "Ended: aigc_job_error() says why.";
    CANCELLED = AIGC_STATE_CANCELLED, "Ended in this process; the job may keep running at the provider.";
    UNKNOWN = AIGC_STATE_UNKNOWN, "Ended: whether the provider accepted the submission is not known.";
}

constants! { Outcome:
    NONE = AIGC_OUTCOME_NONE, "No submission was involved, or it has not been tried yet.";
    NOT_SENT = AIGC_OUTCOME_NOT_SENT, "Nothing runs: the submission never left, or the provider refused it. \
        Safe to submit anew.";
    UNKNOWN = AIGC_OUTCOME_UNKNOWN, "The submission left and no readable answer came: the job may run and be \
        billed.";
    ACCEPTED = AIGC_OUTCOME_ACCEPTED, "The provider gave a job id.";
}

constants! { EventType:
    NONE = AIGC_EVENT_NONE, "No event (a NULL handle).";
    JOB_STATE = AIGC_EVENT_JOB_STATE, "The state changed: aigc_event_state().";
    JOB_ACCEPTED = AIGC_EVENT_JOB_ACCEPTED, "The provider's id is known: store aigc_job_token() now. If the \
        answer arrives after a cancel or a deadline, this event comes after JOB_DONE.";
    JOB_REFRESHED = AIGC_EVENT_JOB_REFRESHED, "The call of an aigc_job_refresh() has ended: \
        aigc_event_status().";
    JOB_PROGRESS = AIGC_EVENT_JOB_PROGRESS, "Progress changed (only with the configuration's \
        events.progress).";
    JOB_DONE = AIGC_EVENT_JOB_DONE, "The job has ended, once: aigc_event_status() and aigc_event_state().";
    CREDENTIALS_NEEDED = AIGC_EVENT_CREDENTIALS_NEEDED, "The credentials of aigc_client_set_credentials() \
        end soon, or the provider refused them: aigc_event_provider(). This event comes five minutes before their \
        end, or after half of their life if that is shorter, even if no call is made.";
    WARNING = AIGC_EVENT_WARNING, "A warning; the jobs keep running: a credential file that everybody can \
        read, calls that fail on this machine and are tried again, a long pause that the provider asked for, an id \
        that came after the end of its job (aigc_event_job() is then the job): aigc_event_message(), \
        aigc_event_provider(). Each warning comes once, not for each job and call. At most 64 warnings are queued.";
    LOG = AIGC_EVENT_LOG, "A log record (only with the configuration's log.level, since 1.1): \
        aigc_event_level(), aigc_event_message(), aigc_event_fields(), aigc_event_job_id(). At most log.capacity \
        records are queued.";
    JOB_READY = AIGC_EVENT_JOB_READY, "A job with the option \"hold\" is ready to be sent, and waits for \
        aigc_job_release() (since 1.2).";
}

constants! { LogLevel:
    NONE = AIGC_LOG_NONE, "No log record.";
    ERROR = AIGC_LOG_ERROR, "A job or a download has failed.";
    WARNING = AIGC_LOG_WARNING, "A call has failed and may be repeated; credentials or clock are wrong.";
    INFO = AIGC_LOG_INFO, "Jobs accepted, changed, ended; credentials found.";
    DEBUG = AIGC_LOG_DEBUG, "Every call, and the body of submissions with its prompt, without secrets.";
}

// end of generated

impl Status {
    /// The name in aigc.h, such as "AIGC_E_TIMEOUT".
    pub fn name(self) -> &'static str {
        // SAFETY: the string is never freed.
        unsafe { crate::text(sys::aigc_status_name(self.0)) }.unwrap_or("AIGC_E_?")
    }

    /// One sentence: what it means and what to do.
    pub fn text(self) -> &'static str {
        // SAFETY: the string is never freed.
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
        // SAFETY: the string is never freed.
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
