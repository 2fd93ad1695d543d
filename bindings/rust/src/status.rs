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
    WRONG_STATE = AIGC_E_WRONG_STATE, "The call is right but comes at the wrong time: for example, a \
        download of a job that has not succeeded.";
    FORKED = AIGC_E_FORKED, "The handle comes from the parent process: the child process may only free it.";
    CLOSED = AIGC_E_CLOSED, "The client has been closed.";
    KEY_CONFLICT = AIGC_E_KEY_CONFLICT, "The journal has this key for another request (since 1.2).";
    TIMEOUT = AIGC_E_TIMEOUT, "Your wait ended before the job ended: the job keeps running, so you can wait \
        again.";
    CANCELLED = AIGC_E_CANCELLED, "aigc_job_cancel() or aigc_client_close() ended the job in this process; \
        the library does not tell the provider.";
    DEADLINE = AIGC_E_DEADLINE, "The job's own deadline passed; the job may still finish at the provider.";
    NETWORK = AIGC_E_NETWORK, "The library could not resolve the host name, connect, send or receive.";
    TLS = AIGC_E_TLS, "The TLS handshake or the certificate check failed: look at the CA bundle, the clock, \
        and each proxy between this machine and the provider.";
    ADDRESS_REFUSED = AIGC_E_ADDRESS_REFUSED, "An image URL leads to a private, loopback or link-local \
        address.";
    BAD_RESPONSE = AIGC_E_BAD_RESPONSE, "The answer does not have the form of this provider's answers: a \
        proxy sent the answer, or the answer is incomplete or garbage.";
    NO_CREDENTIALS = AIGC_E_NO_CREDENTIALS, "No source gave credentials, or a configured source cannot be \
        used: the message names each source that was tried and why it gave nothing.";
    AUTH = AIGC_E_AUTH, "The provider refused the access key, the signature or the security token.";
    PERMISSION = AIGC_E_PERMISSION, "The provider knows the access key, but this access key has no right to \
        do this.";
    BILLING = AIGC_E_BILLING, "An unpaid bill, a used-up quota, or a service that is not activated.";
    THROTTLED = AIGC_E_THROTTLED, "Too many requests, and the retries are used up: see \
        aigc_error_retry_after_ms().";
    CLOCK = AIGC_E_CLOCK, "This machine's clock is too far from the provider's, and the library could not \
        correct the difference.";
    REQUEST_REFUSED = AIGC_E_REQUEST_REFUSED, "The provider does not accept a parameter: see the provider's \
        code and message, fix the parameter, and submit a new job.";
    CONTENT_REFUSED = AIGC_E_CONTENT_REFUSED, "The provider's moderation refused the prompt or an image.";
    NOT_FOUND = AIGC_E_NOT_FOUND, "The provider does not know this job or image, or no longer has it.";
    JOB_FAILED = AIGC_E_JOB_FAILED, "The provider accepted and ran the job, and the job failed: you may \
        submit a new job.";
    PROVIDER = AIGC_E_PROVIDER, "The provider reports an internal error; a download gives this code only \
        after retries.";
    OUTCOME_UNKNOWN = AIGC_E_OUTCOME_UNKNOWN, "The submission was sent, or may have been sent, and no clear \
        answer came: the job may run and be billed. The library never sends the submission again. Look at the \
        provider's console before you submit a new job.";
    EXPIRED = AIGC_E_EXPIRED, "The image's URL has expired, and the provider gives no new URL.";
    NOT_AN_IMAGE = AIGC_E_NOT_AN_IMAGE, "The received bytes are not a PNG, JPEG, WebP, GIF or BMP image.";
    CORRUPT = AIGC_E_CORRUPT, "The length, the end marker or the checksum of the image is wrong, and retries \
        did not help.";
    TOO_LARGE = AIGC_E_TOO_LARGE, "The image is larger than download.max_bytes, or an answer is larger than \
        http.max_reply_bytes.";
    FILE = AIGC_E_FILE, "The file system refused an operation: the message names the path and the reason.";
    FILE_EXISTS = AIGC_E_FILE_EXISTS, "A file with this name exists, and download.overwrite is off.";
    NO_SPACE = AIGC_E_NO_SPACE, "The disk or the quota is full; if possible, the library keeps the received \
        bytes in a .part file, and the next download continues this file.";
    NO_RESOURCES = AIGC_E_NO_RESOURCES, "Memory, threads or descriptors are exhausted.";
    JOURNAL = AIGC_E_JOURNAL, "The journal cannot be opened, read or written: this call sent nothing (since \
        1.2).";
    INTERNAL = AIGC_E_INTERNAL, "A fault in this library: please report it.";
}

constants! { State:
    NONE = AIGC_STATE_NONE, "No job (a NULL handle).";
    QUEUED = AIGC_STATE_QUEUED, "Not on the wire: the job waits to be sent, for the first time or again: for \
        example for the rate limit, credentials, a release or a retry. If the provider asked to try later, \
        aigc_job_provider_response() says why.";
    SUBMITTING = AIGC_STATE_SUBMITTING, "The submission is on the wire, or its connection is being made.";
    PENDING = AIGC_STATE_PENDING, "The provider has accepted the job and not started it.";
    RUNNING = AIGC_STATE_RUNNING, "The provider has started the job; also every provider state that this \
        version does not know.";
    SUCCEEDED = AIGC_STATE_SUCCEEDED, "Ended: you can fetch the images.";
    FAILED = AIGC_STATE_FAILED, "Ended: aigc_job_error() says why. After AIGC_E_DEADLINE, the job may keep \
        running at the provider.";
    CANCELLED = AIGC_STATE_CANCELLED, "Ended in this process; the job may keep running at the provider.";
    UNKNOWN = AIGC_STATE_UNKNOWN, "Ended: nobody knows whether the provider accepted the submission.";
}

constants! { Outcome:
    NONE = AIGC_OUTCOME_NONE, "No submission was involved, or the submission has not been tried yet.";
    NOT_SENT = AIGC_OUTCOME_NOT_SENT, "No job runs: the submission was never sent, or it was sent and the \
        provider refused it. You can safely submit again.";
    UNKNOWN = AIGC_OUTCOME_UNKNOWN, "The submission was sent, or may have been sent, and no clear answer \
        came: the job may run and be billed.";
    ACCEPTED = AIGC_OUTCOME_ACCEPTED, "The provider gave a job id; for aigc_client_call(): the provider \
        answered.";
}

constants! { EventType:
    NONE = AIGC_EVENT_NONE, "No event (a NULL handle).";
    JOB_STATE = AIGC_EVENT_JOB_STATE, "The state changed: see aigc_event_state().";
    JOB_ACCEPTED = AIGC_EVENT_JOB_ACCEPTED, "The provider's id is known: store aigc_job_token() now. If the \
        answer arrives after a cancel, a deadline or a close, this event can come after JOB_DONE.";
    JOB_REFRESHED = AIGC_EVENT_JOB_REFRESHED, "The status call of an aigc_job_refresh() has ended: see \
        aigc_event_status().";
    JOB_PROGRESS = AIGC_EVENT_JOB_PROGRESS, "Progress changed (only with the configuration's \
        events.progress).";
    JOB_DONE = AIGC_EVENT_JOB_DONE, "The job has ended; this event comes once: see aigc_event_status() and \
        aigc_event_state().";
    CREDENTIALS_NEEDED = AIGC_EVENT_CREDENTIALS_NEEDED, "The credentials of aigc_client_set_credentials() \
        end soon, or the provider refused them: see aigc_event_provider(). This event comes five minutes before the \
        credentials end, even if no call is made. If the credentials are valid for less than ten minutes, this event \
        comes when half of their life is over.";
    WARNING = AIGC_EVENT_WARNING, "A warning; the jobs keep running. Examples: everybody can read a \
        credential file; calls fail on this machine and are tried again; the disk refuses the id of a job in the \
        journal; the provider asked for a long pause; the provider names a state of a job that this library does not \
        know; an id came after the end of its job. If a warning names the id of a job, aigc_event_job() is the job, \
        and aigc_event_fields() has the id. See aigc_event_message() and aigc_event_provider(). Each warning comes \
        once, not for each job and call. At most 64 warnings are queued.";
    LOG = AIGC_EVENT_LOG, "A log record (only with the configuration's log.level, since 1.1): see \
        aigc_event_level(), aigc_event_message(), aigc_event_fields() and aigc_event_job_id(). At most log.capacity \
        records are queued.";
    JOB_READY = AIGC_EVENT_JOB_READY, "A job with the option \"hold\" is ready to be sent, and waits for \
        aigc_job_release() (since 1.2).";
}

constants! { LogLevel:
    NONE = AIGC_LOG_NONE, "No log record.";
    ERROR = AIGC_LOG_ERROR, "A job or a download has failed.";
    WARNING = AIGC_LOG_WARNING, "A call has failed and may be repeated; credentials or clock are wrong.";
    INFO = AIGC_LOG_INFO, "Jobs accepted, changed, ended; credentials found.";
    DEBUG = AIGC_LOG_DEBUG, "Every call, and the bodies of submissions with their prompts, without \
        secrets.";
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
