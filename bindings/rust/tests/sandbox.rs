//! Whole jobs. AIGC_TEST_CONFIG (one KEY=VALUE a line) leads to a sandbox; `Tests/packaging/run.sh --only rust` sets it.

use std::collections::{HashMap, HashSet};
use std::os::unix::io::AsRawFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aigc::{Client, Config, Error, EventType, Job, LogLevel, Outcome, Request, State, Status};

const LONG: Option<Duration> = Some(Duration::from_secs(60));

/// Leaves a test out where there is no sandbox, as in "cargo test" in a clone; Tests/packaging/rust.sh has one.
macro_rules! needs_sandbox {
    () => {
        if std::env::var_os("AIGC_TEST_CONFIG").is_none() {
            eprintln!("left out: Tests/packaging/run.sh --only rust runs this against a sandbox");
            return;
        }
    };
}

fn config() -> Config {
    let lines = std::env::var("AIGC_TEST_CONFIG").expect("AIGC_TEST_CONFIG says how to reach the sandbox");
    let mut config = Config::new().unwrap();
    for (key, value) in lines.lines().filter_map(|line| line.split_once('=')) {
        config.set(key, value).unwrap();
    }
    config
}

fn client() -> Client {
    Client::new(&config()).unwrap()
}

fn cat(words: &str) -> Request {
    let mut request = Request::new(aigc::TENCENT, aigc::TENCENT_IMAGE).unwrap();
    request.set("prompt", words).unwrap();
    request
}

fn succeeded(client: &Client, request: &Request) -> Job {
    let job = client.submit(request).unwrap();
    job.wait(LONG).unwrap();
    job
}

#[test]
fn typed_requests() {
    needs_sandbox!();
    use aigc::operations::{AlibabaPreModelInference, TencentAigcImage};
    let client = client();
    let cat = TencentAigcImage::new().unwrap().prompt("a typed cat in Rust").unwrap().count(2).unwrap();
    assert_eq!(succeeded(&client, &cat.request()).assets().len(), 2);
    let refused = AlibabaPreModelInference::new("a cat with a \0").err().unwrap();
    assert_eq!(refused.status(), Status::INVALID_ARGUMENT);
}

/// Under one key the same request is the same job, and any other is refused: so each number is compared with its text.
#[test]
fn numbers_are_sent_as_they_were_written() {
    needs_sandbox!();
    let folder = std::env::temp_dir().join(format!("aigc-rust-numbers-{}", std::process::id()));
    let mut config = config();
    config.set("journal.path", folder.to_str().unwrap()).unwrap();
    let client = Client::new(&config).unwrap();
    let numbers: [(&str, aigc::Value, &str); 11] = [
        ("strength", 0.8f32.into(), "0.8"),
        ("strength", 0.1f32.into(), "0.1"),
        ("strength", (-16777216f32).into(), "-16777216.0"),
        ("strength", 1e-45f32.into(), "1e-45"),
        ("strength", f32::MAX.into(), "3.4028235e+38"),
        ("strength", 0.8.into(), "0.8"),
        ("strength", (0.1 + 0.2).into(), "0.30000000000000004"),
        ("seed", 7.into(), "7"),
        ("seed", u32::MAX.into(), "4294967295"),
        ("seed", 9007199254740993i64.into(), "9007199254740993"),
        ("seed", i64::MIN.into(), "-9223372036854775808"),
    ];
    for (number, (field, value, json)) in numbers.iter().enumerate() {
        let request = || {
            let mut request = Request::new(aigc::ALIBABA, aigc::ALIBABA_PRE_MODEL_INFERENCE).unwrap();
            request.set("prompt", "a <special-token> of numbers").unwrap();
            request.add_image("https://example.com/a.png", None).unwrap();
            for (name, text) in [("key", number.to_string().as_str()), ("hold", "true"), ("check", "off")] {
                request.set_option(name, text).unwrap();
            }
            request
        };
        let (mut given, mut written) = (request(), request());
        given.set(field, value.clone()).unwrap();
        written.set_json(field, json).unwrap();
        for request in [given, written] {
            client.submit(&request).unwrap_or_else(|error| panic!("{:?} as {}: {}", value, json, error));
        }
    }
    let mut request = Request::new(aigc::ALIBABA, aigc::ALIBABA_PRE_MODEL_INFERENCE).unwrap();
    assert!(request.set("strength", f32::NAN).is_err());
    client.close(Duration::ZERO);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_key_is_paid_once() {
    needs_sandbox!();
    let folder = std::env::temp_dir().join(format!("aigc-rust-journal-{}", std::process::id()));
    let path = folder.to_str().unwrap();
    let mut config = config();
    config.set("journal.path", path).unwrap();
    let mut request = cat("a cat with a key in Rust");
    request.set_option("key", "k1").unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let client = Client::new(&config).unwrap();
        for _ in 0..2 {
            let job = succeeded(&client, &request);
            assert_eq!(job.key(), Some("k1"));
            ids.push(job.remote_id().unwrap().to_owned());
            assert_eq!(job.release().err().unwrap().status(), Status::WRONG_STATE);
        }
        let mut other = cat("another cat");
        other.set_option("key", "k1").unwrap();
        assert_eq!(client.submit(&other).err().unwrap().status(), Status::KEY_CONFLICT);
        assert_eq!(client.attach_key("k2", true).err().unwrap().status(), Status::NOT_FOUND);
        assert_eq!(client.attach_key("k1", true).unwrap().key(), Some("k1"));
        assert_eq!(client.resume(true).unwrap(), 0);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert!(aigc::journal::list(path, None, None).unwrap().contains(&ids[0]));
    assert!(aigc::journal::check(path).unwrap().contains("\"ok\""));
    let refused = aigc::journal::resolve(path, "k1", Outcome::NOT_SENT, None).err().unwrap();
    assert_eq!(refused.status(), Status::WRONG_STATE);
    assert_eq!(aigc::journal::prune(path, Duration::ZERO).unwrap(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn both_clouds_to_memory_and_to_a_file() {
    needs_sandbox!();
    let client = client();
    let mut other = Request::new(aigc::ALIBABA, aigc::ALIBABA_PRE_MODEL_INFERENCE).unwrap();
    other.set("prompt", "a <special-token> in Rust").unwrap().set("count", 2).unwrap();
    other.add_image("https://example.com/reference.png", None).unwrap();
    let folder = std::env::temp_dir().join(format!("aigc-rust-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for request in [cat("a cat in Rust"), other] {
        let job = succeeded(&client, &request);
        assert_eq!((job.state(), job.outcome()), (State::SUCCEEDED, Outcome::ACCEPTED));
        assert!(job.token().is_some() && job.remote_id().is_some() && job.error().is_none());
        assert!(!job.assets().is_empty());
        let memory = job.download_to_memory(0).unwrap();
        let file = job.download(0, folder.join(format!("{}.*", job.id()))).unwrap();
        drop(job); // the downloads keep running without it
        memory.wait(LONG).unwrap();
        file.wait(LONG).unwrap();
        let bytes = memory.take_bytes().unwrap();
        assert_eq!(&bytes[..], &std::fs::read(file.path().unwrap()).unwrap()[..]);
        assert_eq!(file.bytes(), (bytes.len() as i64, Some(bytes.len() as i64)));
        assert_eq!(bytes.content_type(), file.content_type());
        assert_eq!(memory.take_bytes().err().unwrap().status(), Status::WRONG_STATE);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn many_threads_and_one_end_for_each() {
    needs_sandbox!();
    const JOBS: usize = 80;
    let client = Arc::new(client());
    let _ = client.as_raw_fd(); // events are wanted
    let threads: Vec<_> = (0..8)
        .map(|thread_number| {
            let client = Arc::clone(&client);
            thread::spawn(move || {
                for number in 0..JOBS / 8 {
                    let job =
                        client.submit(&cat(&format!("cat {} of thread {} in Rust", number, thread_number))).unwrap();
                    let waiter = job.clone();
                    let id = thread::spawn(move || waiter.wait(LONG).map(|_| waiter.id())).join().unwrap().unwrap();
                    assert_eq!(id, job.id());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let mut ends: HashMap<u64, usize> = HashMap::new();
    while ends.len() < JOBS {
        let event = client.next_event(LONG).unwrap().expect("the events of all ends are there");
        if event.kind() == EventType::JOB_DONE {
            assert_eq!(event.status(), Status::OK);
            assert_eq!(event.job().unwrap().id(), event.job_id());
            *ends.entry(event.job_id()).or_default() += 1;
        }
    }
    for event in client.events() {
        if event.kind() == EventType::JOB_DONE {
            *ends.entry(event.job_id()).or_default() += 1;
        }
    }
    assert!(ends.len() == JOBS && ends.values().all(|count| *count == 1), "{:?}", ends);
}

#[test]
fn a_token_finds_the_job_again() {
    needs_sandbox!();
    let first = client();
    let job = first.submit(&cat("[never] a cat that Rust does not wait for")).unwrap();
    assert_eq!(job.wait(Some(Duration::from_millis(1))).unwrap_err().status(), Status::TIMEOUT);
    while job.token().is_none() {
        first.next_event(LONG).unwrap();
    }
    let token = job.token().unwrap().to_owned();
    let again = client().attach(&token, false).unwrap(); // its client is gone, and the job is readable all the same
    assert_eq!(again.remote_id(), job.remote_id());
    let second = client();
    let again = second.attach(&token, false).unwrap();
    again.refresh(LONG).unwrap();
    assert!(!again.state().ended(), "{:?}", again);
    first.close(Duration::ZERO);
    assert_eq!(job.wait(LONG).unwrap_err().status(), Status::CANCELLED);
    assert_eq!(job.token(), Some(token.as_str()));
    assert_eq!(first.submit(&cat("too late")).unwrap_err().status(), Status::CLOSED);
}

/// The library frees these strings when newer ones come: what Rust gave must outlive them, and the job too.
#[test]
fn old_answers_stay_what_they_were() {
    needs_sandbox!();
    const ANSWERS: usize = 40;
    let client = client();
    let mut request = cat("[never] a cat that Rust asks for often");
    request.set_option("follow", "false").unwrap();
    let job = client.submit(&request).unwrap();
    while job.token().is_none() {
        assert!(!job.state().ended(), "{:?}", job.error());
        thread::sleep(Duration::from_millis(5));
    }
    let mut kept = Vec::new();
    for _ in 0..ANSWERS {
        job.refresh(LONG).unwrap();
        kept.push((job.request_id().unwrap(), job.provider_response().unwrap(), job.provider_state().unwrap()));
    }
    drop(job);
    let ids: HashSet<_> = kept.iter().map(|(id, _, _)| id).collect();
    assert_eq!(ids.len(), ANSWERS, "{:?}", kept);
    assert!(kept.iter().all(|(id, answer, state)| answer.contains(id) && answer.contains(state)), "{:?}", kept);
}

#[test]
fn errors_say_what_happened() {
    needs_sandbox!();
    let client = client();
    let job = client.submit(&cat("[fail] a cat in Rust")).unwrap();
    let error = job.wait(LONG).unwrap_err();
    assert_eq!((error.status(), error.outcome()), (Status::JOB_FAILED, Outcome::ACCEPTED));
    assert!(error.request_id().is_some() && error.to_string().starts_with("AIGC_E_JOB_FAILED: "), "{:?}", error);
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(error); // as `?` in an application does
    assert!(boxed.downcast_ref::<Error>().is_some());

    let mut request = cat("a cat");
    let error = request.set("prompts", "a cat").err().unwrap();
    assert_eq!((error.status(), error.field()), (Status::INVALID_ARGUMENT, Some("prompts")));
    let error = request.set("prompt", "a\0b").err().unwrap();
    assert_eq!((error.status(), error.field()), (Status::INVALID_ARGUMENT, Some("prompt")));
    let error = Config::new().unwrap().set("tencent.regoin", "x").err().unwrap();
    assert!(error.message().contains("tencent.region"), "{}", error);
}

#[test]
fn a_waiter_can_be_woken() {
    needs_sandbox!();
    let client = client();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| client.next_event(None).map(|event| event.is_none()));
        client.wake();
        assert!(waiter.join().unwrap().unwrap());
    });
}

#[test]
fn calls_by_the_providers_own_name() {
    needs_sandbox!();
    let client = client();
    let job = succeeded(&client, &cat("a cat that is asked for by name"));
    let body = format!("{{\"TaskId\": \"{}\"}}", job.remote_id().unwrap());
    let once = client.call(aigc::TENCENT, "SandboxEchoThing", None, false).unwrap();
    once.wait(LONG).unwrap();
    let answered = "the provider has answered this call, which may be paid; request id ".to_owned();
    assert_eq!(once.outcome_text(), answered + &once.request_id().unwrap());
    let call = client.call(aigc::TENCENT, "DescribeAigcImageTask", Some(&body), true).unwrap();
    call.wait(LONG).unwrap();
    assert!(call.provider_response().unwrap().contains("DONE"), "{:?}", call.provider_response());
    assert!(client.report().unwrap().contains("providers"));
}

#[test]
fn what_it_does_is_told() {
    needs_sandbox!();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut keys = config();
    keys.set("log.level", "debug").unwrap();
    let client = Client::new(&keys).unwrap();
    let mut request = cat("a cat that is watched");
    request.set_option("traceparent", trace).unwrap();
    let job = client.submit(&request).unwrap();
    assert!(job.set_trace(Some("no trace"), None).is_err());
    job.wait(LONG).unwrap();
    job.set_trace(None, None).unwrap();
    assert!(client.stats().unwrap().contains("\"action\":\"CreateAigcImageTask\",\"kind\":\"submit\",\"started\":1"));
    let mut traced = 0;
    while let Some(event) = client.next_event(Some(Duration::ZERO)).unwrap() {
        let is_log = event.kind() == EventType::LOG;
        assert!(is_log == (event.level() != LogLevel::NONE) && is_log == event.fields().is_some());
        traced += usize::from(event.fields().is_some_and(|fields| fields.contains(&trace[3..35])));
    }
    assert!(traced >= 2, "{traced}");
}

/// What was on the wire when the client was closed or dropped, and nobody had looked at.
#[test]
fn a_client_that_ends_tells_of_each_job_that_nobody_knows() {
    needs_sandbox!();
    static SAID: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    aigc::set_warning_hook(|message| {
        SAID.lock().unwrap().push(message.to_owned());
        assert!(!message.contains("AigcImage-kept"), "a panic of the hook ends there");
    });
    for how in ["dropped", "closed", "kept", "waited", "known", "event"] {
        let mut keys = config();
        let server = slow_answers(how);
        keys.set("tencent.endpoint", &server.0).unwrap();
        keys.set("close.grace_ms", "60000").unwrap();
        let client = Arc::new(Client::new(&keys).unwrap());
        client.next_event(Some(Duration::ZERO)).unwrap(); // from now on events are kept
        let jobs: Vec<Job> = (0..3).map(|i| client.submit(&cat(&format!("dropped cat {i}"))).unwrap()).collect();
        while jobs.iter().any(|job| job.outcome() == Outcome::NONE || job.outcome() == Outcome::NOT_SENT) {
            thread::sleep(Duration::from_millis(5));
        }
        let keep = match how {
            "dropped" | "closed" => {
                drop(jobs);
                Vec::new()
            }
            _ => jobs,
        };
        let waiters: Vec<_> = match how {
            "waited" => keep.iter().cloned().map(|job| thread::spawn(move || job.wait(None))).collect(),
            _ => Vec::new(),
        };
        let opened = how == "known" || how == "event";
        if opened {
            server.1.send(()).unwrap();
        }
        let mut accepted = 0;
        while how == "event" && accepted < 3 {
            let event = client.next_event(LONG).unwrap().unwrap();
            if event.kind() == EventType::JOB_ACCEPTED {
                accepted += usize::from(event.job().unwrap().token().is_some());
            }
        }
        while how == "known" && keep.iter().any(|job| job.token().is_none()) {
            thread::sleep(Duration::from_millis(5));
        }
        let opener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            server.1.send(()).ok(); // while the client is closed
        });
        if how == "closed" || how == "waited" {
            client.close(Duration::from_secs(60));
        }
        drop(client);
        opener.join().unwrap();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap().unwrap_err().status(), Status::CANCELLED);
        }
        let said: Vec<String> =
            SAID.lock().unwrap().drain(..).filter(|line| line.contains(&format!("AigcImage-{how}"))).collect();
        let line =
            "the client was closed, and nobody had read the token of a job: accepted; fetch it with: aigc fetch aigc1:";
        assert_eq!(said.len(), if opened { 0 } else { 3 }, "{how}: {said:?}");
        assert!(said.iter().all(|text| text.starts_with(line)), "{said:?}");
        assert!(how != "kept" || keep.iter().all(|job| said.iter().any(|text| text.ends_with(job.token().unwrap()))));
    }
}

/// Answers submissions with ids that have a word in them, when a message comes; asks for a status get no answer.
fn slow_answers(word: &'static str) -> (String, std::sync::mpsc::Sender<()>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let open = Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
        let gate = Arc::clone(&open);
        thread::spawn(move || {
            let _ = receiver.recv();
            *gate.0.lock().unwrap() = true;
            gate.1.notify_all();
        });
        for (number, stream) in listener.incoming().enumerate() {
            let (mut stream, open) = (stream.unwrap(), Arc::clone(&open));
            thread::spawn(move || {
                let (mut text, mut buffer, mut round) = (String::new(), [0; 4096], 0);
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    text += &String::from_utf8_lossy(&buffer[..count]);
                    let Some(head) = text.find("\r\n\r\n") else { continue };
                    let lower = text[..head].to_lowercase();
                    let length = lower.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
                    if text.len() < head + 4 + length.parse::<usize>().unwrap() {
                        continue;
                    }
                    if !lower.contains("createaigcimagetask") {
                        thread::sleep(Duration::from_secs(100));
                    }
                    text.clear();
                    let gate = open.0.lock().unwrap();
                    drop(open.1.wait_while(gate, |open| !*open).unwrap());
                    round += 1;
                    let id = format!("251000-AigcImage-{word}{number}x{round}");
                    let body = format!("{{\"Response\":{{\"RequestId\":\"r{id}\",\"TaskId\":\"{id}\"}}}}");
                    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
                    write!(stream, "{}: {}\r\n\r\n{}", head, body.len(), body).unwrap();
                }
            });
        }
    });
    (endpoint, sender)
}

#[test]
fn tables_of_the_library() {
    assert!(aigc::operations().len() >= 7 && aigc::config_keys().len() >= 20);
    assert!(aigc::fields(aigc::TENCENT, aigc::TENCENT_IMAGE).iter().any(|field| field.name == "prompt"));
    assert!(aigc::fields("nobody", "nothing").is_empty());
    assert!(Status::all().count() > 30 && Status::all().all(|s| s.name().starts_with("AIGC_") && !s.text().is_empty()));
    assert_eq!(State::PENDING.name(), "AIGC_STATE_PENDING");
    assert!(aigc::build_info().starts_with('{') && aigc::version().starts_with("1."));
}
