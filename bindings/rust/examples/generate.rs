//! Makes images with one job and waits for them.
//!
//!     cargo run --example generate -- [-c KEY=VALUE]... [--image URL] tencent "a cat in the snow" cat
//!
//! Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether it was submitted.

use std::process::exit;

use aigc::{Client, Config, Error, Job, Outcome, Request};

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
    let mut job = None;
    if let Err(error) = generate(&keys, &images, &provider, &prompt, &output, &mut job) {
        eprintln!("{}", error);
        if let Some(token) = job.as_ref().and_then(Job::token) {
            eprintln!("token: {}", token);
        }
        // Nobody knows whether it runs: a script must not simply try again.
        let unknown = job.map_or(error.outcome(), |job| job.outcome()) == Outcome::UNKNOWN;
        exit(if unknown { 3 } else { 1 });
    }
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
) -> Result<(), Error> {
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
    let job = submitted.insert(client.submit(&request)?);
    job.wait(None)?;
    for asset in job.assets() {
        let path = format!("{}-{}-{}.*", output, job.remote_id().unwrap_or("?"), asset.index + 1);
        let download = job.download(asset.index, path)?;
        download.wait(None)?;
        println!("{}", download.path().unwrap_or("?"));
    }
    Ok(())
}
