//! Makes images with one job and waits for them.
//!
//!     cargo run --example generate -- [-c KEY=VALUE]... [--image URL] tencent "a cat in the snow" cat
//!
//! Ctrl-C, SIGTERM and SIGHUP leave in good order: what has not been sent is not sent any more, an answer on its way gets
//! ten seconds, and the token of a job that keeps running is printed.
//! Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether it was submitted,
//! 130 ended by a signal.

use std::io::Write;
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aigc::{Client, Config, Error, Job, Outcome, Request, Status};

/// A signal ends no wait: its handler only takes a note, and the waits below look at that.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn interrupt(_: i32) {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

extern "C" {
    fn signal(number: i32, handler: usize) -> usize;
}

fn handle_signals() {
    for number in [1, 2, 15] {
        // SAFETY: the handler does nothing but set a flag. 1 is SIG_IGN: whoever started us wants it ignored.
        unsafe {
            if signal(number, interrupt as *const () as usize) == 1 {
                signal(number, 1);
            }
        }
    }
}

/// Waits for the end of a job or a download. After a signal everything ends here, and only an answer on its way has ten
/// seconds, so that no id is lost. Tells the token as soon as there is one.
fn wait(client: &Client, task: &Job) -> Result<(), Error> {
    let mut told = task.remote_id().is_some();
    loop {
        let slice = task.wait(Some(Duration::from_millis(100)));
        if let (false, Some(token)) = (told, task.token()) {
            eprintln!("accepted, token: {}", token);
            told = true;
        }
        match slice {
            Err(error) if error.status() == Status::TIMEOUT => {}
            ended => return ended,
        }
        if INTERRUPTED.load(Ordering::SeqCst) {
            client.close(Duration::from_secs(10));
        }
    }
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut keys, mut images) = (Vec::new(), Vec::new());
    while arguments.len() > 1 && arguments[0].starts_with('-') {
        let value = arguments.remove(1);
        match (arguments.remove(0).as_str(), value.split_once('=')) {
            ("-c", Some((key, value))) => keys.push((key.to_owned(), value.to_owned())),
            ("--image", _) => images.push(value),
            _ => usage(),
        }
    }
    let [provider, prompt, output]: [String; 3] = arguments.try_into().unwrap_or_else(|_| usage());
    // A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
    let probe = format!("{}-{}", output, "x".repeat(64));
    if let Err(error) = std::fs::write(&probe, "").and_then(|()| std::fs::remove_file(&probe)) {
        eprintln!("{}: no image can be written: {}", output, error);
        exit(1);
    }
    let mut job = None;
    let error = match generate(&keys, &images, &provider, &prompt, &output, &mut job) {
        Ok(written) => exit(i32::from(!written)),
        Err(error) => error,
    };
    eprintln!("{}", error);
    if let Some(job) = &job {
        eprintln!("{}", known(job, &keys));
    }
    // Nobody knows whether it runs: a script must not simply try again.
    let unknown = job.map_or(error.outcome(), |job| job.outcome()) == Outcome::UNKNOWN;
    exit(if unknown { 3 } else { 1 + 129 * i32::from(INTERRUPTED.load(Ordering::SeqCst)) });
}

/// What is known about the submission of a job, once the client is closed.
fn known(job: &Job, keys: &[(String, String)]) -> String {
    if let Some(token) = job.token() {
        return format!("accepted; fetch it with: aigc fetch {}", token);
    }
    if let Some(id) = job.remote_id() {
        return format!("accepted; the provider's id is {}", id);
    }
    if job.outcome() != Outcome::UNKNOWN {
        return "provably not submitted, or refused: nothing is paid".to_owned();
    }
    let mut text = "it may run and be paid: nobody knows whether it was submitted. \
                    Look at the provider's console before you repeat it"
        .to_owned();
    if let Some(id) = job.request_id() {
        text += &format!("\nthe provider's request id: {}", id);
    }
    if let Some(key) = job.key() {
        let journal = keys.iter().rev().find(|(name, _)| name == "journal.path").map_or("FOLDER", |(_, path)| path);
        text += &format!("\nits key in the journal: aigc jobs show --journal {} -- {}", journal, key);
    }
    text
}

fn usage() -> ! {
    eprintln!("usage: generate [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT OUTPUT");
    exit(2)
}

fn generate(
    keys: &[(String, String)],
    images: &[String],
    provider: &str,
    prompt: &str,
    output: &str,
    submitted: &mut Option<Job>,
) -> Result<bool, Error> {
    let mut written = true;
    let mut config = Config::new()?;
    for (key, value) in keys {
        config.set(key, value)?;
    }
    let operation = if provider == aigc::ALIBABA { aigc::ALIBABA_PRE_MODEL_INFERENCE } else { aigc::TENCENT_IMAGE };
    let mut request = Request::new(provider, operation)?;
    request.set("prompt", prompt)?;
    for url in images {
        request.add_image(url, None)?;
    }
    let client = Client::new(&config)?;
    handle_signals();
    let job = submitted.insert(client.submit(&request)?);
    wait(&client, job)?;
    for asset in job.assets() {
        let path = format!("{}-{}-{}.*", output, job.remote_id().unwrap_or("?"), asset.index + 1);
        let download = job.download(asset.index, path)?;
        wait(&client, &download)?;
        let file = download.path().unwrap_or("?");
        // A full disk or a closed pipe: println!() would panic. The image is there, and the others are fetched all the same.
        if let Err(error) = writeln!(std::io::stdout(), "{}", file) {
            eprintln!("standard output cannot be written ({}); the image is in {}", error, file);
            eprintln!("token: {}", job.token().unwrap_or("?"));
            written = false;
        }
    }
    Ok(written)
}
