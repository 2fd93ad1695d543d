//! Submit, follow and fetch image-generation jobs on Alibaba Cloud and Tencent Cloud, through libaigc.
//!
//! ```no_run
//! use aigc::{Client, Config, Request};
//!
//! fn main() -> aigc::Result<()> {
//!     let client = Client::new(&Config::new()?)?; // credentials from the environment
//!     let mut request = Request::new(aigc::TENCENT, aigc::TENCENT_IMAGE)?;
//!     request.set("prompt", "a cat in the snow")?;
//!     let job = client.submit(&request)?;
//!     job.wait(None)?;
//!     let download = job.download(0, "cat.*")?; // ".*" becomes the format's extension
//!     download.wait(None)?;
//!     println!("{}", download.path().unwrap_or("?"));
//!     Ok(())
//! }
//! ```
//!
//! A job is never paid twice, an accepted job is never lost, a wrong file is never handed over: aigc.h says how, and
//! [`Error::outcome`] says it of each failure. Dropping a [`Job`] does not end it; its token finds it again. A [`Client`] that
//! is closed or dropped warns of each job that may be paid and that the program knows nothing of: on standard error, or
//! through [`set_warning_hook`].
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

mod client;
mod describe;
mod error;
mod job;
pub mod journal;
pub mod operations;
mod request;
mod status;
pub mod sys;
mod untold;

pub use client::Client;
pub use describe::{build_info, config_keys, fields, operations, version, Field, Key, Operation};
pub use error::{Error, Result};
pub use job::{Asset, Buffer, Event, Job};
pub use request::{Config, Request, Value};
pub use status::{EventType, LogLevel, Outcome, State, Status};
pub use untold::set_warning_hook;
// generated: names (Tests/tools/generate.py)
pub use sys::AIGC_ALIBABA as ALIBABA;
pub use sys::AIGC_ALIBABA_INFERENCE as ALIBABA_INFERENCE;
pub use sys::AIGC_ALIBABA_INFERENCE_ASSET as ALIBABA_INFERENCE_ASSET;
pub use sys::AIGC_ALIBABA_MODEL_TRAIN as ALIBABA_MODEL_TRAIN;
pub use sys::AIGC_ALIBABA_PRE_MODEL_INFERENCE as ALIBABA_PRE_MODEL_INFERENCE;
pub use sys::AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET as ALIBABA_PRE_MODEL_INFERENCE_ASSET;
pub use sys::AIGC_TENCENT as TENCENT;
pub use sys::AIGC_TENCENT_IMAGE as TENCENT_IMAGE;
pub use sys::AIGC_TENCENT_IMAGE_ASSET as TENCENT_IMAGE_ASSET;
// end of generated

use std::ffi::CStr;
use std::os::raw::c_char;
use std::time::Duration;

/// Does not compile unless it holds.
const _: () = {
    const fn send_and_sync<T: Send + Sync>() {}
    const fn send<T: Send>() {}
    send_and_sync::<Client>();
    send_and_sync::<Job>();
    send_and_sync::<Event>();
    send_and_sync::<Buffer>();
    send_and_sync::<Error>();
    send::<Config>(); // and not Sync: their documentation has the tests that must not compile
    send::<Request>();
};

/// A string of the library. `None` for NULL, and for what is not UTF-8, which the library never gives.
///
/// # Safety
/// The string lives as long as 'a.
pub(crate) unsafe fn text<'a>(value: *const c_char) -> Option<&'a str> {
    if value.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for it, and it ends with a NUL byte.
    unsafe { CStr::from_ptr(value) }.to_str().ok()
}

/// Whole milliseconds, rounded up, so that a wait is never shorter than what was asked for; -1 for no limit.
pub(crate) fn milliseconds(duration: Option<Duration>) -> i64 {
    duration.map_or(sys::AIGC_FOREVER, |d| i64::try_from((d.as_nanos() + 999_999) / 1_000_000).unwrap_or(i64::MAX))
}
