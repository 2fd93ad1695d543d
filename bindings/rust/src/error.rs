use std::ffi::CString;
use std::fmt;
use std::time::Duration;

use crate::{sys, Outcome, Status};

/// What went wrong, in detail. No secret is ever in it.
#[derive(Clone)]
pub struct Error(Box<Details>);

#[derive(Clone)]
struct Details {
    status: Status,
    message: String,
    provider_code: Option<String>,
    provider_message: Option<String>,
    request_id: Option<String>,
    field: Option<String>,
    http_status: i32,
    retryable: bool,
    retry_after: Option<Duration>,
    outcome: Outcome,
}

/// What every call that can fail gives.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Takes what a call said. Frees the error object.
    ///
    /// # Safety
    /// `raw` is NULL or an error object that nobody else frees.
    pub(crate) unsafe fn taken(status: i32, raw: *mut sys::aigc_error) -> Error {
        // SAFETY: the caller vouches for raw, and every string is copied before it is freed. Getters bear NULL.
        unsafe {
            let owned = |value| crate::text(value).map(str::to_owned);
            let after = sys::aigc_error_retry_after_ms(raw);
            let details = Details {
                status: Status(status),
                message: owned(sys::aigc_error_message(raw)).unwrap_or_else(|| Status(status).text().to_owned()),
                provider_code: owned(sys::aigc_error_provider_code(raw)),
                provider_message: owned(sys::aigc_error_provider_message(raw)),
                request_id: owned(sys::aigc_error_request_id(raw)),
                field: owned(sys::aigc_error_field(raw)),
                http_status: sys::aigc_error_http_status(raw),
                retryable: sys::aigc_error_retryable(raw) != 0,
                retry_after: u64::try_from(after).ok().filter(|ms| *ms > 0).map(Duration::from_millis),
                outcome: Outcome(sys::aigc_error_outcome(raw)),
            };
            sys::aigc_error_free(raw);
            Error(Box::new(details))
        }
    }

    pub(crate) fn here(status: Status, message: String, field: Option<&str>) -> Error {
        Error(Box::new(Details {
            status,
            message,
            provider_code: None,
            provider_message: None,
            request_id: None,
            field: field.map(str::to_owned),
            http_status: 0,
            retryable: false,
            retry_after: None,
            outcome: Outcome::NONE,
        }))
    }

    pub(crate) fn wrong_version(found: &str) -> Error {
        let wanted = format!("{}.{}", sys::AIGC_VERSION_MAJOR, sys::AIGC_VERSION_MINOR);
        let message = format!("libaigc {} is loaded; this program is written for {}", found, wanted);
        Error::here(Status::INTERNAL, message, None)
    }

    /// The status: what to do about it.
    pub fn status(&self) -> Status {
        self.0.status
    }
    /// One line: what was being done, what went wrong, what would be right.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// The provider's own code: an open set.
    pub fn provider_code(&self) -> Option<&str> {
        self.0.provider_code.as_deref()
    }
    /// The provider's own message.
    pub fn provider_message(&self) -> Option<&str> {
        self.0.provider_message.as_deref()
    }
    /// The provider's request id, which its support asks for.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
    /// The request field or configuration key that is at fault.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }
    /// The HTTP status of the answer; 0 if none came.
    pub fn http_status(&self) -> i32 {
        self.0.http_status
    }
    /// Whether the same call may succeed later without any change and cannot cost twice.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }
    /// How long the provider asked to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
    /// What provably happened to a submission. `Outcome::UNKNOWN`: do not just try again.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.status.name(), self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.0.status)
            .field("message", &self.0.message)
            .field("provider_code", &self.0.provider_code)
            .field("request_id", &self.0.request_id)
            .field("outcome", &self.0.outcome)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

/// A string for the library. A NUL byte would cut it short without a word, so it is refused.
pub(crate) fn c_string(what: &str, value: &str) -> Result<CString> {
    CString::new(value)
        .map_err(|_| Error::here(Status::INVALID_ARGUMENT, format!("the {} has a NUL byte in it", what), Some(what)))
}

/// Runs a call that takes `aigc_error **` last.
pub(crate) fn done(call: impl FnOnce(*mut *mut sys::aigc_error) -> sys::aigc_status) -> Result<()> {
    let mut error = std::ptr::null_mut();
    match call(&mut error) {
        sys::AIGC_OK => Ok(()),
        // SAFETY: the call has just made this error object for us.
        status => Err(unsafe { Error::taken(status, error) }),
    }
}

/// Runs a call that also gives out a handle.
pub(crate) fn made<T>(
    call: impl FnOnce(*mut *mut T, *mut *mut sys::aigc_error) -> sys::aigc_status,
) -> Result<std::ptr::NonNull<T>> {
    let mut handle = std::ptr::null_mut();
    done(|error| call(&mut handle, error))?;
    std::ptr::NonNull::new(handle)
        .ok_or_else(|| Error::here(Status::INTERNAL, "a call succeeded and gave nothing".to_owned(), None))
}
