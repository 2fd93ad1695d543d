use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{c_string, done, made};
use crate::untold::Untold;
use crate::{milliseconds, sys, text, Error, Outcome, Result, State, Status};

// What is known of a submission, for people.
// generated: outcome (Tests/tools/generate.py)
const ACCEPTED: &str = "accepted; fetch it with: aigc fetch ";
const ACCEPTED_ID: &str = "accepted; the provider's id is ";
const ANSWERED: &str = "the provider has answered this call, which may be paid; request id ";
const NOTHING_PAID: &str = "provably not submitted, or refused: nothing is paid";
const IN_DOUBT: &str = "it may run and be paid: nobody knows whether it was submitted. Look at the \
    provider's console before you repeat it";
const NO_KEY: &str = "no journal has a key of it";
const SHOW_KEY: &str = "aigc jobs show --journal FOLDER -- ";
// end of generated

/// A submitted or attached job, or a download. A clone is the same job. Dropping it does not end it.
pub struct Job {
    handle: NonNull<sys::aigc_job>,
    untold: Arc<Untold>,
}

// SAFETY: promise 3: every function on a job may be called from any thread at any time; only the free is the last use, and
// that is Drop, which the borrow checker puts behind every other one.
unsafe impl Send for Job {}
unsafe impl Sync for Job {}

/// One image of a job that has succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset<'job> {
    /// Its number, from 0.
    pub index: usize,
    /// The provider's id (Alibaba), or the URL (Tencent).
    pub id: Option<&'job str>,
    /// The URL where the provider gives one. It can hold a signature: treat it as a secret.
    pub url: Option<&'job str>,
    /// When the URL ends, in milliseconds since 1970-01-01 UTC; 0 if unknown.
    pub expires_at_ms: i64,
}

impl Job {
    pub(crate) fn new(handle: NonNull<sys::aigc_job>, untold: &Arc<Untold>) -> Job {
        Job { handle, untold: Arc::clone(untold) }
    }

    pub(crate) fn raw(&self) -> *mut sys::aigc_job {
        self.handle.as_ptr()
    }

    /// Takes note of an end that the program sees. An error has no token: of a job that the provider keeps running, the end
    /// here is not enough.
    fn seen<T>(&self, ended: Result<T>) -> Result<T> {
        match &ended {
            Err(error) if !matches!(error.status().0 / 100, 5 | 6) => {}
            _ => self.untold.told(self.id()),
        }
        ended
    }

    /// Waits until the job has ended, at most for `timeout` (`None`: without limit). `Ok`: it succeeded.
    /// `Status::TIMEOUT`: it has not ended and keeps running. Takes no events.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<()> {
        // SAFETY: the handle lives.
        self.seen(done(|error| unsafe { sys::aigc_job_wait(self.raw(), milliseconds(timeout), error) }))
    }

    /// Makes exactly one status call and waits for its answer, at most for `timeout`. An error is that of the call: the job
    /// has not ended because of it.
    pub fn refresh(&self, timeout: Option<Duration>) -> Result<()> {
        // SAFETY: the handle lives.
        done(|error| unsafe { sys::aigc_job_refresh(self.raw(), milliseconds(timeout), error) })
    }

    /// Ends the job here, at once. Neither provider can be told to stop: an accepted job keeps running and is billed.
    pub fn cancel(&self) {
        // SAFETY: the handle lives.
        unsafe { sys::aigc_job_cancel(self.raw()) }
    }

    /// The job's key in the journal: yours (the option "key" of the request), or one that the client made up.
    pub fn key(&self) -> Option<&str> {
        // SAFETY: the string lives as long as the handle, which outlives the borrow.
        unsafe { text(sys::aigc_job_key(self.raw())) }
    }

    /// Lets the first byte of a job leave that was submitted with the option "hold".
    pub fn release(&self) -> Result<()> {
        // SAFETY: the handle lives.
        done(|error| unsafe { sys::aigc_job_release(self.raw(), error) })
    }

    /// Turns the polling of the job on or off.
    pub fn set_follow(&self, follow: bool) -> Result<()> {
        // SAFETY: the handle lives.
        done(|error| unsafe { sys::aigc_job_set_follow(self.raw(), follow.into(), error) })
    }

    /// Sets the deadline of the job to now plus `deadline` (`None`: none).
    pub fn set_deadline(&self, deadline: Option<Duration>) -> Result<()> {
        // SAFETY: the handle lives.
        done(|error| unsafe { sys::aigc_job_set_deadline_ms(self.raw(), milliseconds(deadline), error) })
    }

    /// Passes a trace on (W3C Trace Context) with every API call about this job from now on; `None` ends it.
    pub fn set_trace(&self, traceparent: Option<&str>, tracestate: Option<&str>) -> Result<()> {
        let parent = traceparent.map(|text| c_string("traceparent", text)).transpose()?;
        let state = tracestate.map(|text| c_string("tracestate", text)).transpose()?;
        let raw = |text: &Option<std::ffi::CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        // SAFETY: the handle lives, and so do the strings.
        done(|error| unsafe { sys::aigc_job_set_trace(self.raw(), raw(&parent), raw(&state), error) })
    }

    /// How the job ended; `None` for success and for a job that has not ended.
    pub fn error(&self) -> Option<Error> {
        // SAFETY: the handle lives.
        done(|error| unsafe { sys::aigc_job_error(self.raw(), error) }).err()
    }

    /// Unique among the jobs of the process.
    pub fn id(&self) -> u64 {
        // SAFETY: the handle lives.
        unsafe { sys::aigc_job_id(self.raw()) }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        // SAFETY: the handle lives.
        let state = State(unsafe { sys::aigc_job_state(self.raw()) });
        if state.0 >= State::SUCCEEDED.0 {
            self.untold.told(self.id());
        }
        state
    }

    /// What is known about the submission.
    pub fn outcome(&self) -> Outcome {
        // SAFETY: the handle lives.
        Outcome(unsafe { sys::aigc_job_outcome(self.raw()) })
    }

    /// The same for people, for a program that leaves: the command that fetches the job, or that nothing is paid, or that the
    /// job may be paid and where to look. Close the client first: its grace may bring the answer.
    pub fn outcome_text(&self) -> String {
        if let Some(token) = self.token() {
            return ACCEPTED.to_owned() + token;
        }
        if let Some(id) = self.remote_id() {
            return ACCEPTED_ID.to_owned() + id;
        }
        let (outcome, request) = (self.outcome(), self.request_id().unwrap_or_else(|| "unknown".to_owned()));
        if outcome == Outcome::ACCEPTED {
            return ANSWERED.to_owned() + &request;
        }
        if outcome != Outcome::UNKNOWN {
            return NOTHING_PAID.to_owned();
        }
        let look = self.key().map_or_else(|| NO_KEY.to_owned(), |key| SHOW_KEY.to_owned() + key);
        format!("{} (request id {}; {})", IN_DOUBT, request, look)
    }

    /// Attaches this job in another process or language; holds no secret. `None` until it is accepted.
    pub fn token(&self) -> Option<&str> {
        // SAFETY: the string lives as long as the handle, which outlives the borrow.
        let token = unsafe { text(sys::aigc_job_token(self.raw())) };
        if token.is_some() {
            self.untold.told(self.id());
        }
        token
    }

    /// From 0 to 1; `None` if unknown.
    pub fn progress(&self) -> Option<f64> {
        // SAFETY: the handle lives.
        Some(unsafe { sys::aigc_job_progress(self.raw()) }).filter(|part| *part >= 0.0)
    }

    /// For a download: bytes received, and bytes in all if that is known.
    pub fn bytes(&self) -> (i64, Option<i64>) {
        let (mut received, mut total) = (0, -1);
        // SAFETY: the handle lives, and both places are ours.
        unsafe { sys::aigc_job_bytes(self.raw(), &mut received, &mut total) };
        (received, Some(total).filter(|total| *total >= 0))
    }

    /// The images of a job that has succeeded.
    pub fn assets(&self) -> Vec<Asset<'_>> {
        // SAFETY: the handle lives, and so do its strings as long as the borrow.
        let asset = |index| unsafe {
            Asset {
                index,
                id: text(sys::aigc_job_asset_id(self.raw(), index)),
                url: text(sys::aigc_job_asset_url(self.raw(), index)),
                expires_at_ms: sys::aigc_job_asset_expires_at_ms(self.raw(), index),
            }
        };
        // SAFETY: the handle lives.
        (0..unsafe { sys::aigc_job_asset_count(self.raw()) }).map(asset).collect()
    }

    /// Starts the download of an image to a file; ".*" at the end of the path becomes the format's extension. The file is
    /// never there in part.
    pub fn download(&self, index: usize, path: impl AsRef<Path>) -> Result<Job> {
        let path = c_path(path.as_ref())?;
        // SAFETY: the handle lives, and the path is copied by the call.
        made(|out, error| unsafe { sys::aigc_job_download(self.raw(), index, path.as_ptr(), out, error) })
            .map(|raw| Job::new(raw, &self.untold))
    }

    /// Starts the download of an image to memory: `take_bytes` when it has succeeded.
    pub fn download_to_memory(&self, index: usize) -> Result<Job> {
        // SAFETY: the handle lives; NULL means memory.
        made(|out, error| unsafe { sys::aigc_job_download(self.raw(), index, std::ptr::null(), out, error) })
            .map(|raw| Job::new(raw, &self.untold))
    }

    /// Takes the bytes of a download to memory that has succeeded. They can be taken once.
    pub fn take_bytes(&self) -> Result<Buffer> {
        // SAFETY: the handle lives.
        made(|out, error| unsafe { sys::aigc_job_take_buffer(self.raw(), out, error) }).map(Buffer)
    }
}

macro_rules! strings {
    ($($name:ident = $raw:ident, $doc:literal;)*) => {
        impl Job {
            $(#[doc = $doc]
            pub fn $name(&self) -> Option<&str> {
                // SAFETY: the string lives as long as the handle, which outlives the borrow.
                unsafe { text(sys::$raw(self.raw())) }
            })*
        }
    };
}

strings! {
    remote_id = aigc_job_remote_id, "The provider's id; `None` until it is known.";
    provider = aigc_job_provider, "The provider, as given to the request.";
    operation = aigc_job_operation, "The operation, as given to the request.";
    result_id = aigc_job_result_id, "The id of what the job has made where that is no image: a model.";
    path = aigc_job_path, "The file of a download that has succeeded, with \".*\" resolved.";
    content_type = aigc_job_content_type, "Of a download that has succeeded, from the bytes themselves: \"image/png\".";
}

/// The strings that change with each answer: a later call on the same thread can free one, so Rust gives copies.
macro_rules! changing_strings {
    ($($name:ident = $raw:ident, $doc:literal;)*) => {
        impl Job {
            $(#[doc = $doc]
            pub fn $name(&self) -> Option<String> {
                // SAFETY: the handle lives. Only another call of this function on this thread can free the string.
                unsafe { text(sys::$raw(self.raw())) }.map(str::to_owned)
            })*
        }
    };
}

changing_strings! {
    provider_state = aigc_job_provider_state, "The provider's own word for the state; `None` until one has been seen.";
    provider_response = aigc_job_provider_response, "The provider's last answer as JSON, with every field that it sent.";
    request_id = aigc_job_request_id, "The provider's request id of the last answer.";
}

impl Clone for Job {
    fn clone(&self) -> Job {
        // SAFETY: the handle lives; the call gives another one on the same job, and NULL only for NULL.
        let raw = unsafe { sys::aigc_job_ref(self.raw()) };
        let raw = NonNull::new(raw).unwrap_or_else(|| unreachable!("aigc_job_ref gives NULL for NULL alone"));
        Job::new(raw, &self.untold)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // SAFETY: the last use of this handle.
        unsafe { sys::aigc_job_free(self.raw()) }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Job");
        shown.field("id", &self.id()).field("state", &self.state()).field("remote_id", &self.remote_id()).finish()
    }
}

/// Image bytes in memory.
pub struct Buffer(pub(crate) NonNull<sys::aigc_buffer>);

// SAFETY: promise 3; the bytes never change, and the free is Drop.
unsafe impl Send for Buffer {}
unsafe impl Sync for Buffer {}

impl Buffer {
    /// From the bytes themselves: "image/png".
    pub fn content_type(&self) -> Option<&str> {
        // SAFETY: the string lives as long as the handle, which outlives the borrow.
        unsafe { text(sys::aigc_buffer_content_type(self.0.as_ptr())) }
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes live as long as the handle, which outlives the borrow, and there are so many of them.
        unsafe {
            let (data, size) = (sys::aigc_buffer_data(self.0.as_ptr()), sys::aigc_buffer_size(self.0.as_ptr()));
            if data.is_null() || size == 0 {
                return &[];
            }
            std::slice::from_raw_parts(data.cast(), size)
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the last use.
        unsafe { sys::aigc_buffer_free(self.0.as_ptr()) }
    }
}

/// Something that happened.
pub struct Event(NonNull<sys::aigc_event>, Arc<Untold>);

// SAFETY: promise 3; an event never changes, and the free is Drop.
unsafe impl Send for Event {}
unsafe impl Sync for Event {}

impl Event {
    pub(crate) fn new(handle: NonNull<sys::aigc_event>, untold: &Arc<Untold>) -> Event {
        let event = Event(handle, Arc::clone(untold));
        untold.taken(event.kind(), event.job_id());
        event
    }

    /// What it tells of.
    pub fn kind(&self) -> crate::EventType {
        // SAFETY: the handle lives.
        crate::EventType(unsafe { sys::aigc_event_type(self.0.as_ptr()) })
    }

    /// The job that it is about.
    pub fn job(&self) -> Option<Job> {
        // SAFETY: the handle lives; the event's job is its own, so another handle on it is made. NULL gives NULL.
        NonNull::new(unsafe { sys::aigc_job_ref(sys::aigc_event_job(self.0.as_ptr())) })
            .map(|raw| Job::new(raw, &self.1))
    }

    /// The number of that job; 0 if none.
    pub fn job_id(&self) -> u64 {
        // SAFETY: the handle lives.
        unsafe { sys::aigc_event_job_id(self.0.as_ptr()) }
    }

    /// The state that it tells of.
    pub fn state(&self) -> State {
        // SAFETY: the handle lives.
        State(unsafe { sys::aigc_event_state(self.0.as_ptr()) })
    }

    /// JOB_DONE: how the job ended. JOB_REFRESHED: how the call ended.
    pub fn status(&self) -> Status {
        // SAFETY: the handle lives.
        Status(unsafe { sys::aigc_event_status(self.0.as_ptr()) })
    }

    /// The provider that it is about.
    pub fn provider(&self) -> Option<&str> {
        // SAFETY: the string lives as long as the handle, which outlives the borrow.
        unsafe { text(sys::aigc_event_provider(self.0.as_ptr())) }
    }

    /// One line for people, of the types that have one (`EventType::WARNING`, `EventType::LOG`).
    pub fn message(&self) -> Option<&str> {
        // SAFETY: as above.
        unsafe { text(sys::aigc_event_message(self.0.as_ptr())) }
    }

    /// How much a log record matters; `LogLevel::NONE` for other events.
    pub fn level(&self) -> crate::LogLevel {
        // SAFETY: the handle lives.
        crate::LogLevel(unsafe { sys::aigc_event_level(self.0.as_ptr()) })
    }

    /// What belongs to a log record, as a JSON object.
    pub fn fields(&self) -> Option<&str> {
        // SAFETY: as above.
        unsafe { text(sys::aigc_event_fields(self.0.as_ptr())) }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the last use.
        unsafe { sys::aigc_event_free(self.0.as_ptr()) }
    }
}

/// A path for the library, which takes UTF-8.
pub(crate) fn c_path(path: &Path) -> Result<std::ffi::CString> {
    match std::str::from_utf8(path.as_os_str().as_bytes()) {
        Ok(path) => c_string("path", path),
        Err(_) => Err(Error::here(
            Status::INVALID_ARGUMENT,
            format!("the path {} is not UTF-8", path.display()),
            Some("path"),
        )),
    }
}
