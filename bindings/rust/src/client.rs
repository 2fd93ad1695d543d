use std::os::unix::io::{AsRawFd, RawFd};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{c_string, done, made};
use crate::job::{c_path, Buffer};
use crate::untold::Untold;
use crate::{milliseconds, sys, Config, Error, Event, Job, Request, Result};

/// One engine: connections, rates, credentials, jobs. One per process is enough for thousands of jobs. Dropping it closes
/// it, with the configuration's grace, and warns as [`Client::close`] does; its jobs stay readable.
pub struct Client {
    handle: NonNull<sys::aigc_client>,
    untold: Arc<Untold>,
}

// SAFETY: promise 3: every function on a client may be called from any thread at any time; only the free is the last use,
// and that is Drop, which the borrow checker puts behind every other one.
unsafe impl Send for Client {}
unsafe impl Sync for Client {}

impl Client {
    /// A client with these settings. Reads the environment here and not again; starts nothing before the first job.
    pub fn new(config: &Config) -> Result<Client> {
        // SAFETY: needs nothing.
        let version = unsafe { sys::aigc_version_number() };
        if version / 1_000_000 != sys::AIGC_VERSION_MAJOR || version / 1_000 % 1_000 < sys::AIGC_VERSION_MINOR {
            return Err(Error::wrong_version(crate::version()));
        }
        // SAFETY: the configuration is borrowed by this thread, and is copied by the call.
        made(|out, error| unsafe { sys::aigc_client_new(config.raw(), out, error) })
            .map(|handle| Client { handle, untold: Untold::new() })
    }

    fn raw(&self) -> *mut sys::aigc_client {
        self.handle.as_ptr()
    }

    fn job(&self, raw: NonNull<sys::aigc_job>) -> Job {
        Job::new(raw, &self.untold)
    }

    fn begun(&self, raw: NonNull<sys::aigc_job>) -> Job {
        let job = self.job(raw);
        self.untold.remember(&job);
        job
    }

    /// Queues a job; never blocks. What a check refuses costs nothing and makes no job.
    pub fn submit(&self, request: &Request) -> Result<Job> {
        // SAFETY: the handle lives; the request is not Sync, so no other thread uses it meanwhile.
        made(|out, error| unsafe { sys::aigc_client_submit(self.raw(), request.raw(), out, error) })
            .map(|raw| self.begun(raw))
    }

    /// Finds a job again from its token. `follow`: it is polled until it ends; otherwise only `Job::refresh` asks.
    pub fn attach(&self, token: &str, follow: bool) -> Result<Job> {
        let token = c_string("token", token)?;
        // SAFETY: the handle lives, and the string is copied by the call.
        made(|out, error| unsafe { sys::aigc_client_attach(self.raw(), token.as_ptr(), follow.into(), out, error) })
            .map(|raw| self.job(raw))
    }

    /// The job of a key that the client's journal knows, without a request.
    pub fn attach_key(&self, key: &str, follow: bool) -> Result<Job> {
        let key = c_string("key", key)?;
        // SAFETY: the handle lives, and the string is copied by the call.
        made(|out, error| unsafe { sys::aigc_client_attach_key(self.raw(), key.as_ptr(), follow.into(), out, error) })
            .map(|raw| self.job(raw))
    }

    /// Takes over every job of the journal whose client is gone, and says how many. Each comes as an event: accepted, or
    /// ended in doubt; `Event::job` is its handle. Sends no submission.
    pub fn resume(&self, follow: bool) -> Result<usize> {
        let mut count = 0;
        // SAFETY: the handle lives, and the place is ours.
        done(|error| unsafe { sys::aigc_client_resume(self.raw(), follow.into(), &mut count, error) })?;
        Ok(count)
    }

    /// The same from the provider's own job id.
    pub fn attach_id(&self, provider: &str, operation: &str, remote_id: &str, follow: bool) -> Result<Job> {
        let (provider, operation) = (c_string("provider", provider)?, c_string("operation", operation)?);
        let id = c_string("job id", remote_id)?;
        let (provider, operation, id) = (provider.as_ptr(), operation.as_ptr(), id.as_ptr());
        // SAFETY: as above.
        made(|out, error| unsafe {
            sys::aigc_client_attach_id(self.raw(), provider, operation, id, follow.into(), out, error)
        })
        .map(|raw| self.job(raw))
    }

    /// Fetches one image that is known by id or URL; to memory without a path.
    pub fn fetch(&self, request: &Request, path: Option<&Path>) -> Result<Job> {
        let path = path.map(c_path).transpose()?;
        let path = path.as_ref().map_or(std::ptr::null(), |path| path.as_ptr());
        // SAFETY: as above; NULL means memory.
        made(|out, error| unsafe { sys::aigc_client_fetch(self.raw(), request.raw(), path, out, error) })
            .map(|raw| self.job(raw))
    }

    /// Calls any operation of a provider's product by the provider's own name, as aigc_client_call in aigc.h says. `json` is
    /// an object with the provider's own names. `reads`: the operation only reads, and is repeated through everything
    /// transient; otherwise it is sent at most once, like a submission. The whole answer is `Job::provider_response`.
    pub fn call(&self, provider: &str, action: &str, json: Option<&str>, reads: bool) -> Result<Job> {
        let (provider, action) = (c_string("provider", provider)?, c_string("action", action)?);
        let json = json.map(|json| c_string("json", json)).transpose()?;
        let json = json.as_ref().map_or(std::ptr::null(), |json| json.as_ptr());
        let (provider, action) = (provider.as_ptr(), action.as_ptr());
        // SAFETY: as above; NULL means {}.
        made(|out, error| unsafe {
            sys::aigc_client_call(self.raw(), provider, action, json, reads.into(), out, error)
        })
        .map(|raw| self.begun(raw))
    }

    /// What this client stands on, as JSON, for diagnosis and support: trust, proxies, credentials, clocks. No secret is
    /// in it.
    pub fn report(&self) -> Result<String> {
        // SAFETY: the handle lives.
        let report = made(|out, error| unsafe { sys::aigc_client_report(self.raw(), out, error) }).map(Buffer)?;
        Ok(String::from_utf8_lossy(&report).into_owned())
    }

    /// What this client has done so far, as JSON: calls, retries, bytes, how long things took. No secret is in it.
    pub fn stats(&self) -> Result<String> {
        // SAFETY: the handle lives.
        let stats = made(|out, error| unsafe { sys::aigc_client_stats(self.raw(), out, error) }).map(Buffer)?;
        Ok(String::from_utf8_lossy(&stats).into_owned())
    }

    /// Gives a provider's credentials from now on, instead of all other sources. `token` is the STS security token.
    pub fn set_credentials(
        &self,
        provider: &str,
        id: &str,
        secret: &str,
        token: Option<&str>,
        expires: Option<SystemTime>,
    ) -> Result<()> {
        let (provider, id) = (c_string("provider", provider)?, c_string("id", id)?);
        let secret = c_string("secret", secret)?;
        let token = token.map(|token| c_string("token", token)).transpose()?;
        let token = token.as_ref().map_or(std::ptr::null(), |token| token.as_ptr());
        let since_1970 = expires.map(|at| at.duration_since(UNIX_EPOCH).unwrap_or(Duration::from_millis(1)));
        let at = since_1970.map_or(0, |after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        let (provider, id, secret) = (provider.as_ptr(), id.as_ptr(), secret.as_ptr());
        // SAFETY: as above.
        done(|error| unsafe { sys::aigc_client_set_credentials(self.raw(), provider, id, secret, token, at, error) })
    }

    /// Takes the next event, waiting at most for `timeout` (`None`: without limit). `Ok(None)`: none came in time, or
    /// `wake` was called.
    pub fn next_event(&self, timeout: Option<Duration>) -> Result<Option<Event>> {
        let mut event = std::ptr::null_mut();
        // SAFETY: the handle lives, and the place is ours.
        done(|error| unsafe { sys::aigc_client_next_event(self.raw(), milliseconds(timeout), &mut event, error) })?;
        Ok(NonNull::new(event).map(|raw| Event::new(raw, &self.untold)))
    }

    /// The events that are queued now.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        std::iter::from_fn(move || self.next_event(Some(Duration::ZERO)).ok().flatten())
    }

    /// Makes one waiting `next_event` return early, or the next one if none waits.
    pub fn wake(&self) {
        // SAFETY: the handle lives.
        unsafe { sys::aigc_client_wake(self.raw()) }
    }

    /// Ends all jobs here; they keep running at the provider. Submissions on the wire get up to `grace` for their answer. A
    /// warning tells of each job that may be paid, and whose token nobody had read and whose end nobody had seen: on standard
    /// error, or where [`crate::set_warning_hook`] sends it.
    pub fn close(&self, grace: Duration) {
        // SAFETY: the handle lives.
        self.untold.close(|| unsafe { sys::aigc_client_close(self.raw(), milliseconds(Some(grace))) })
    }
}

/// The descriptor that is readable while events are queued, for epoll, mio or tokio's AsyncFd: never read, write or close
/// it. -1 when descriptors are exhausted.
impl AsRawFd for Client {
    fn as_raw_fd(&self) -> RawFd {
        // SAFETY: the handle lives.
        unsafe { sys::aigc_client_event_fd(self.raw()) }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: the last use.
        self.untold.close(|| unsafe { sys::aigc_client_free(self.raw()) })
    }
}
