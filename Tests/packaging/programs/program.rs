//! See program.c.

use std::time::{Duration, Instant};

use aigc::{Client, Config, Error, Request};

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut config = Config::new()?;
    for line in std::env::var("AIGC_TEST_CONFIG").unwrap_or_default().lines() {
        if let Some((key, value)) = line.split_once('=') {
            config.set(key, value)?;
        }
    }
    let client = Client::new(&config)?;
    match words[0].as_str() {
        "submit" => {
            let alibaba = words[1] == "alibaba";
            let mut request = Request::new(&words[1], if alibaba { "pre_model_inference" } else { "aigc_image" })?;
            request.set("prompt", words[2].as_str())?;
            if alibaba {
                request.add_image("https://example.com/a.png", None)?;
            }
            let job = client.submit(&request)?;
            while job.token().is_none() && job.error().is_none() {
                std::thread::sleep(Duration::from_millis(20));
            }
            println!("{} {}", job.token().unwrap_or_default(), job.remote_id().unwrap_or_default());
        }
        "fetch" => {
            let jobs: Vec<_> = words[2..].iter().map(|token| client.attach(token, true)).collect::<Result<_, _>>()?;
            for (number, job) in jobs.iter().enumerate() {
                job.wait(MINUTE)?;
                job.download(0, format!("{}/{number}.*", words[1]))?.wait(MINUTE)?;
            }
        }
        "strings" => {
            let job = client.attach(&words[1], false)?;
            for _ in 0..3 {
                job.refresh(MINUTE)?;
                let said = [job.provider_state(), job.request_id(), job.provider_response()];
                println!("{}", said.map(Option::unwrap_or_default).join("\t"));
            }
        }
        _ => {
            let count: u32 = words[1].parse().unwrap_or(1000);
            let mut best = f64::MAX;
            for _ in 0..5 {
                let start = Instant::now();
                for _ in 0..count {
                    client.next_event(Some(Duration::ZERO))?;
                }
                best = best.min(start.elapsed().as_nanos() as f64 / f64::from(count));
            }
            println!("{best:.1}");
        }
    }
    Ok(())
}
