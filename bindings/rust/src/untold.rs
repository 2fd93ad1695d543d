//! The jobs of a client of which the program has not been told enough, and what says so.

use std::collections::HashMap;
use std::io::Write;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::{sys, EventType, Job, Outcome};

type Hook = Box<dyn Fn(&str) + Send + Sync>;

static HOOK: RwLock<Option<Hook>> = RwLock::new(None);

/// Sets what is called with each warning of this crate, one line for people: a logger, for example. Without it a warning goes
/// to standard error. A client warns when it is closed or dropped: of each submitted job that may be paid, and whose token
/// nobody has read and whose end nobody has seen. The hook is called on the thread that closes or drops the client. It must
/// not call this function. A panic of the hook ends there.
///
/// ```
/// aigc::set_warning_hook(|message| println!("{}", message)); // or log::warn!("{}", message)
/// ```
pub fn set_warning_hook(hook: impl Fn(&str) + Send + Sync + 'static) {
    *HOOK.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
}

/// Writes a warning. Drop calls this: nothing here panics.
fn warn(message: &str) {
    match &*HOOK.read().unwrap_or_else(PoisonError::into_inner) {
        Some(hook) => drop(catch_unwind(AssertUnwindSafe(|| hook(message)))),
        None => drop(writeln!(std::io::stderr(), "aigc: {}", message)),
    }
}

/// A handle that the client keeps beside the program's own.
struct Kept(NonNull<sys::aigc_job>);

// SAFETY: promise 3, as for Job.
unsafe impl Send for Kept {}

impl Kept {
    fn over(&self) -> bool {
        // SAFETY: the handle lives.
        (unsafe { sys::aigc_job_state(self.0.as_ptr()) }) >= sys::AIGC_STATE_SUCCEEDED
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: the last use of this handle.
        unsafe { sys::aigc_job_free(self.0.as_ptr()) }
    }
}

struct Jobs {
    kept: HashMap<u64, Kept>,
    look_at: usize,
}

/// By id: the jobs whose token nobody has read, and whose end nobody has seen.
pub(crate) struct Untold {
    process: u32,
    jobs: Mutex<Jobs>,
}

impl Untold {
    pub(crate) fn new() -> Arc<Untold> {
        let jobs = Mutex::new(Jobs { kept: HashMap::new(), look_at: 1000 });
        Arc::new(Untold { process: std::process::id(), jobs })
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a job until somebody has been told of it. Now and then those are dropped that have ended since.
    pub(crate) fn remember(&self, job: &Job) {
        // SAFETY: the handle lives; the call gives another one on the same job, and NULL only for NULL.
        let kept = NonNull::new(unsafe { sys::aigc_job_ref(job.raw()) }).map(Kept);
        let mut jobs = self.lock();
        jobs.kept.extend(kept.map(|kept| (job.id(), kept)));
        if jobs.kept.len() >= jobs.look_at {
            jobs.kept.retain(|_, kept| !kept.over());
            jobs.look_at = usize::max(2 * jobs.kept.len(), 1000);
        }
    }

    /// Somebody has the token of a job, or has seen the end.
    pub(crate) fn told(&self, id: u64) {
        let kept = self.lock().kept.remove(&id);
        drop(kept); // without the lock
    }

    /// The same of an event that the program takes.
    pub(crate) fn taken(&self, kind: EventType, id: u64) {
        if kind == EventType::JOB_DONE {
            self.told(id);
        }
    }

    /// Closes the client, and warns of the jobs that nobody knew before. Who waits now is told the end by an error that
    /// nobody may look at.
    pub(crate) fn close(self: &Arc<Untold>, close: impl FnOnce()) {
        let left = std::mem::take(&mut self.lock().kept);
        close();
        if self.process != std::process::id() {
            return; // a child of fork() only frees
        }
        for kept in left.into_values() {
            let raw = std::mem::ManuallyDrop::new(kept).0;
            let job = Job::new(raw, self);
            if job.outcome() == Outcome::ACCEPTED || job.outcome() == Outcome::UNKNOWN {
                let text = job.outcome_text();
                warn(&format!("the client was closed, and nobody had read the token of a job: {}", text));
            }
        }
    }
}
