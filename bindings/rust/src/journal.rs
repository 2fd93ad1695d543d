//! The journal without a client, for tools. A journal is a folder (configuration key journal.path) that any number of
//! processes and languages use at once.

use std::time::Duration;

use crate::error::{c_string, done, made};
use crate::job::Buffer;
use crate::{sys, Outcome, Result};

/// A page of keys, a JSON object a line, in ascending order; empty after the last. `filter` is JSON, as aigc_journal_list
/// takes it; `after` is the last key of the page before.
pub fn list(path: &str, filter: Option<&str>, after: Option<&str>) -> Result<String> {
    let path = c_string("path", path)?;
    let filter = filter.map(|text| c_string("filter", text)).transpose()?;
    let after = after.map(|text| c_string("after", text)).transpose()?;
    let filter = filter.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    let after = after.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: the strings live until the call has returned.
    made(|out, error| unsafe { sys::aigc_journal_list(path.as_ptr(), filter, after, out, error) }).map(Buffer).map(text)
}

/// Writes what you have found out about a key that is in doubt: ACCEPTED with the provider's id, NOT_SENT (the key may be
/// paid again), or UNKNOWN (abandoned).
pub fn resolve(path: &str, key: &str, outcome: Outcome, remote_id: Option<&str>) -> Result<()> {
    let (path, key) = (c_string("path", path)?, c_string("key", key)?);
    let id = remote_id.map(|text| c_string("remote id", text)).transpose()?;
    let id = id.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: the strings live until the call has returned.
    done(|error| unsafe { sys::aigc_journal_resolve(path.as_ptr(), key.as_ptr(), outcome.0, id, error) })
}

/// Forgets ended keys that have not changed for so long, and says how many. A key that is forgotten can be paid again.
pub fn prune(path: &str, older_than: Duration) -> Result<usize> {
    let path = c_string("path", path)?;
    let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
    let mut removed = 0;
    // SAFETY: the string lives until the call has returned, and the place is ours.
    done(|error| unsafe { sys::aigc_journal_prune(path.as_ptr(), age, &mut removed, error) })?;
    Ok(removed)
}

/// Reads the whole journal and reports, as JSON, what is wrong with it. Nothing is repaired or deleted.
pub fn check(path: &str) -> Result<String> {
    let path = c_string("path", path)?;
    // SAFETY: the string lives until the call has returned.
    made(|out, error| unsafe { sys::aigc_journal_check(path.as_ptr(), out, error) }).map(Buffer).map(text)
}

fn text(buffer: Buffer) -> String {
    String::from_utf8_lossy(&buffer).into_owned()
}
