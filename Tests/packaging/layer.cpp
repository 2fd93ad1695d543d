// Tests bindings/cpp/aigc.hpp against the sandbox. With -DNO_EXCEPTIONS the part that throws is left out.
#include <aigc.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

static int failures = 0;
static const char *variant = "";

static void ok(bool good, const char *what, const std::string &why = "") {
    std::printf("%s - cpp: %s (%s)%s%s\n", good ? "ok" : "not ok", what, variant, good ? "" : ": ", good ? "" : why.c_str());
    if (!good) failures++;
}

// The value, or the end of the program with the message: a test cannot continue without it.
template <class T>
static T must(aigc::Result<T> result, const char *what) {
    if (!result) {
        ok(false, what, result.error().name() + " " + result.error().message());
        std::exit(1);
    }
    return std::move(result).value();
}

static aigc::Config settings() {
    aigc::Config config = must(aigc::Config::make(), "a configuration");
    std::istringstream lines(std::getenv("AIGC_TEST_CONFIG"));
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find('=');
        must(config.set(line.substr(0, equals).c_str(), line.substr(equals + 1)), "a key of the sandbox");
    }
    return config;
}

static aigc::Client client() {
    aigc::Config config = settings();
    return must(aigc::Client::open(&config), "a client");
}

static aigc::Request cat(const std::string &words) {
    aigc::Request request = must(aigc::Request::make(AIGC_TENCENT, AIGC_TENCENT_IMAGE), "a request");
    must(request.set("prompt", words), "a prompt");
    return request;
}

static void keys_in_a_journal(const std::string &folder) {
    const std::string path = folder + "/journal";
    aigc::Request request = cat("a cat with a key in C++");
    must(request.set_option("key", "k1"), "a key");
    std::string first;
    for (int i = 0; i < 2; i++) {
        aigc::Config config = settings();
        must(config.set("journal.path", path), "a journal");
        aigc::Client cloud = must(aigc::Client::open(&config), "a client with a journal");
        for (int j = 0; j < 2; j++) {
            aigc::Job job = must(cloud.submit(request), "a job with a key");
            must(job.wait(30000), "its end");
            if (first.empty()) first = job.remote_id().value_or("");
            ok(job.key() == "k1" && job.remote_id() == first, "the same key is the same job");
            ok(!job.release(), "a job that is not held cannot be released");
        }
        aigc::Request other = cat("another cat");
        must(other.set_option("key", "k1"), "a key");
        const auto refused = cloud.submit(other);
        ok(!refused && refused.error().status() == AIGC_E_KEY_CONFLICT, "another request under a known key is a conflict");
        ok(!cloud.attach_key("k2"), "an unknown key attaches nothing");
        ok(bool(cloud.attach_key("k1")), "a known key attaches");
        ok(must(cloud.resume(), "resume") == 0, "nothing is left to resume");
    }
    ok(must(aigc::journal::list(path), "a list").find(first) != std::string::npos, "the journal lists the job");
    ok(must(aigc::journal::check(path), "a check").find("\"ok\"") != std::string::npos, "the journal is checked");
    ok(!aigc::journal::resolve(path, "k1", AIGC_OUTCOME_NOT_SENT), "nothing is in doubt");
    ok(must(aigc::journal::prune(path, 0), "prune") == 1, "an ended key is forgotten");
}

// C would end a string at its NUL, and send what is before it.
static void no_string_is_cut() {
    const std::string cut("a cat\0 in the snow", 18);
    aigc::Client cloud = client();
    aigc::Config config = must(aigc::Config::make(), "a configuration");
    aigc::Request request = cat("a cat");
    auto refused = [](const char *what, const auto &result, const char *field) {
        const bool good = !result && result.error().status() == AIGC_E_INVALID_ARGUMENT &&
                          result.error().message().find("NUL") != std::string::npos && result.error().field() == field &&
                          result.error().name() == "AIGC_E_INVALID_ARGUMENT";
        ok(good, what, result ? "it was taken" : result.error().message());
    };
    refused("a NUL in the value of a key", config.set("tencent.region", cut), "tencent.region");
    refused("a NUL in a prompt", request.set("prompt", cut), "prompt");
    refused("a NUL in JSON", request.set_json("body.A", cut), "body.A");
    refused("a NUL in a URL", request.add_image(cut), "image_urls");
    refused("a NUL in an option", request.set_option("deadline_ms", cut), "deadline_ms");
    refused("a NUL in a token", cloud.attach(cut), "token");
    refused("a NUL in the key of a job", cloud.attach_key(cut), "key");
    refused("a NUL in the path of a journal", aigc::journal::check(cut), "path");
    refused("a NUL in a key to resolve", aigc::journal::resolve("x", cut, AIGC_OUTCOME_NOT_SENT), "key");
    refused("a NUL in a job id", cloud.attach_id(AIGC_TENCENT, AIGC_TENCENT_IMAGE, cut), "remote_id");
    refused("a NUL in a path", cloud.fetch(request, cut), "path");
    refused("a NUL in an action", cloud.call(AIGC_TENCENT, cut, "{}", true), "action");
    refused("a NUL in a body", cloud.call(AIGC_TENCENT, "DescribeAigcImageTask", cut, true), "json");
    refused("a NUL in a key", cloud.set_credentials(AIGC_TENCENT, "an-id", cut), "secret");
    // Cast to the type of the setter it would be -1: any seed.
    aigc::Request large = must(aigc::Request::make(AIGC_ALIBABA, AIGC_ALIBABA_PRE_MODEL_INFERENCE), "a request");
    must(large.set("prompt", "a <special-token> with a large seed"), "a text");
    must(large.add_image("https://example.com/reference.png"), "a picture");
    must(large.set("seed", 18446744073709551615ULL), "a number of 64 bits");
    const auto beyond = cloud.submit(large);
    ok(!beyond && beyond.error().field() == "seed", "a number that the field has no place for is refused");
    const aigc::Job job = must(cloud.submit(request), "a job");
    must(job.wait(60000), "its end");
    refused("a NUL in the path of a download", job.download(0, cut), "path");
}

// Under one key the same request is the same job, and any other is refused: so each number is compared with its text.
static int numbers = 0;
template <class T>
static void number(aigc::Client &cloud, const char *field, T value, const char *json) {
    const std::string key = "number-" + std::to_string(numbers++);
    std::optional<aigc::Request> requests[2];
    for (auto &request : requests) {
        request.emplace(must(aigc::Request::make(AIGC_ALIBABA, AIGC_ALIBABA_PRE_MODEL_INFERENCE), json));
        must(request->set("prompt", "a <special-token> of numbers"), json);
        must(request->add_image("https://example.com/reference.png"), json);
        must(request->set_option("key", key), "a key");
        must(request->set_option("hold", "true"), "to hold");
        must(request->set_option("check", "off"), "no check");
    }
    must(requests[0]->set(field, value), json);
    must(requests[1]->set_json(field, json), json);
    must(cloud.submit(*requests[0]), json);
    const auto same = cloud.submit(*requests[1]);
    ok(same.ok(), json, same ? "" : same.error().message());
}

static void numbers_are_sent_as_they_were_written(const std::string &folder) {
    aigc::Config config = settings();
    must(config.set("journal.path", folder + "/numbers-" + variant), "a journal");
    aigc::Client cloud = must(aigc::Client::open(&config), "a client with a journal");
    number(cloud, "strength", 0.8f, "0.8");
    number(cloud, "strength", 0.1f, "0.1");
    number(cloud, "strength", -16777216.0f, "-16777216.0");
    number(cloud, "strength", 1e-45f, "1e-45");
    number(cloud, "strength", 3.4028235e38f, "3.4028235e+38");
    number(cloud, "strength", 0.8, "0.8");
    number(cloud, "strength", 0.1 + 0.2, "0.30000000000000004");
    number(cloud, "strength", 0.8L, "0.8");
    number(cloud, "strength", 2, "2");
    number(cloud, "seed", std::int8_t{-5}, "-5");
    number(cloud, "seed", std::uint8_t{200}, "200");
    number(cloud, "seed", std::int16_t{-300}, "-300");
    number(cloud, "seed", 4294967295U, "4294967295");
    number(cloud, "seed", 9007199254740993LL, "9007199254740993");
    number(cloud, "seed", INT64_MIN, "-9223372036854775808");
    number(cloud, "seed", std::uint64_t{INT64_MAX}, "9223372036854775807");
    aigc::Request request = must(aigc::Request::make(AIGC_ALIBABA, AIGC_ALIBABA_PRE_MODEL_INFERENCE), "a request");
    for (const float value : {HUGE_VALF, -HUGE_VALF, std::nanf("")})
        ok(request.set("strength", value).error().status() == AIGC_E_INVALID_ARGUMENT, "JSON has no such number");
}

static void whole_jobs(const std::string &folder) {
    aigc::Client cloud = client();
    aigc::Request other = must(aigc::Request::make(AIGC_ALIBABA, AIGC_ALIBABA_PRE_MODEL_INFERENCE), "a request");
    must(other.set("prompt", "a <special-token> in C++"), "a text");
    must(other.set("count", 2), "a whole number");
    must(other.set_json("strength", "0.5"), "JSON");
    must(other.add_image("https://example.com/reference.png"), "a picture");
    must(other.set_option("deadline_ms", "60000"), "an option");
    aigc::Request first = cat("a cat in C++");
    for (const aigc::Request *request : {&first, &other}) {
        const aigc::Job job = must(cloud.submit(*request), "submit");
        must(job.wait(60000), "wait");
        ok(job.state() == AIGC_STATE_SUCCEEDED && job.outcome() == AIGC_OUTCOME_ACCEPTED && job.token() && job.remote_id() &&
               job.asset_count() > 0 && !job.error(),
           "a job succeeds");
        const aigc::Job memory = must(job.download(0), "to memory");
        const aigc::Job file = must(job.download(0, folder + "/" + *job.provider() + "-" + variant + ".*"), "to a file");
        must(memory.wait(60000), "wait");
        must(file.wait(60000), "wait");
        const aigc::Buffer bytes = must(memory.take_buffer(), "the bytes");
        std::ifstream in(*file.path(), std::ios::binary);
        const std::string disk{std::istreambuf_iterator<char>(in), {}};
        ok(disk.size() == bytes.size() && std::memcmp(disk.data(), bytes.data(), disk.size()) == 0 && !disk.empty() &&
               file.bytes().first == static_cast<std::int64_t>(disk.size()) && bytes.content_type() == *file.content_type(),
           "memory and file hold the same image");
        ok(memory.take_buffer().error().status() == AIGC_E_WRONG_STATE, "bytes are taken once");
    }
}

static void handles() {
    static_assert(std::is_move_constructible_v<aigc::Client> && !std::is_copy_constructible_v<aigc::Client>);
    static_assert(!std::is_copy_constructible_v<aigc::Request> && !std::is_copy_constructible_v<aigc::Event>);
    static_assert(std::is_copy_constructible_v<aigc::Job> && std::is_copy_constructible_v<aigc::Error>);
    static_assert(std::is_nothrow_move_constructible_v<aigc::Job> && std::is_nothrow_move_assignable_v<aigc::Client>);
    std::optional<aigc::Client> cloud(client());
    aigc::Job job = must(cloud->submit(cat("[never] a cat in C++")), "submit");
    aigc::Job copy = job;
    aigc::Job moved = std::move(job);
    job = copy;
    ok(copy.id() == moved.id() && job.id() == moved.id(), "copies are the same job");
    while (!moved.token())
        if (!cloud->next_event(10000)) break;
    const std::string token = moved.token().value_or("");
    cloud.reset();
    ok(copy.wait(0).error().status() == AIGC_E_CANCELLED && copy.token() == token, "a job outlives its client");
    aigc::Client second = client();
    const aigc::Job again = must(second.attach(token, false), "attach");
    must(again.refresh(30000), "refresh");
    ok(again.remote_id() == copy.remote_id() && again.state() != AIGC_STATE_FAILED, "a token finds the job again");
    must(again.set_follow(true), "follow");
    must(again.set_deadline_ms(1), "a deadline");
    ok(again.wait(30000).error().status() == AIGC_E_DEADLINE, "a deadline ends it here");
}

static void events() {
    aigc::Client cloud = client();
    ok(cloud.event_fd() >= 0, "there is a descriptor");
    std::map<std::uint64_t, int> ends;
    for (int i = 0; i < 20; i++) must(cloud.submit(cat("cat of events " + std::to_string(i))), "submit");
    while (ends.size() < 20) {
        auto event = must(cloud.next_event(30000), "an event");
        if (!event) break;
        if (event->type() == AIGC_EVENT_JOB_DONE && event->job() && event->job()->id() == event->job_id())
            ends[event->job_id()]++;
    }
    bool once = ends.size() == 20;
    for (const auto &end : ends) once = once && end.second == 1;
    ok(once, "each of 20 jobs ends once");
    std::thread waiter([&] { ok(!must(cloud.next_event(-1), "a wait"), "a wait can be woken"); });
    cloud.wake();
    waiter.join();
}

static void calls() {
    aigc::Client cloud = client();
    const aigc::Job job = must(cloud.submit(cat("a cat that is asked for by name")), "submit");
    must(job.wait(30000), "wait");
    const std::string body = "{\"TaskId\": \"" + *job.remote_id() + "\"}";
    const aigc::Job once = must(cloud.call(AIGC_TENCENT, "SandboxEchoThing", "{}", false), "a call that is sent once");
    must(once.wait(30000), "its answer");
    ok(once.outcome_text() == "the provider has answered this call, which may be paid; request id " + once.request_id().value(),
       "an answered call has an answer", once.outcome_text());
    const aigc::Job call = must(cloud.call(AIGC_TENCENT, "DescribeAigcImageTask", body, true), "call");
    must(call.wait(30000), "wait");
    ok(call.provider_response()->find("DONE") != std::string::npos, "a call by the provider's own name");
    ok(must(cloud.report(), "a report").find("providers") != std::string::npos, "a report");
    ok(must(cloud.stats(), "statistics").find("\"action\":\"CreateAigcImageTask\"") != std::string::npos, "statistics");
    ok(!job.set_trace("no trace").ok(), "no trace");
    ok(job.set_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").ok(), "a trace");
}

static void errors() {
    aigc::Client cloud = client();
    const aigc::Job job = must(cloud.submit(cat("[fail] a cat in C++")), "submit");
    const auto ended = job.wait(30000);
    ok(!ended && ended.error().status() == AIGC_E_JOB_FAILED && ended.error().name() == "AIGC_E_JOB_FAILED" &&
           ended.error().outcome() == AIGC_OUTCOME_ACCEPTED && ended.error().request_id(),
       "a failure says what happened");
    aigc::Request request = cat("a cat");
    ok(request.set("prompts", "x").error().field() == "prompts", "an error names the field");
#ifndef NO_EXCEPTIONS
    bool thrown = false;
    try {
        aigc::Request::make("nobody", "nothing").value();
    } catch (const std::runtime_error &error) {
        thrown = std::strlen(error.what()) > 10;
    }
    ok(thrown, "only value() throws, with the message");
#endif
}

// What the hook got. A hook may throw.
static std::vector<std::string> said;
static void hear(const std::string &message) {
    said.push_back(message);
#ifndef NO_EXCEPTIONS
    throw std::runtime_error("a hook that throws");
#endif
}

// What was on the wire when the client was closed or destroyed, and nobody had looked at.
static void a_client_that_ends_tells_of_each_job_that_nobody_knows() {
    const std::string line = "the client was closed, and nobody had read the token of a job: accepted; fetch it with: "
                             "aigc fetch aigc1:";
    aigc::set_warning_hook(hear);
    for (const std::string how : {"dropped", "closed", "moved", "waited", "known", "event", "ended"}) {
        said.clear();
        std::vector<aigc::Job> jobs;
        std::vector<std::thread> waiters;
        {
            aigc::Config config = settings();
            must(config.set("close.grace_ms", "60000"), "a grace");
            aigc::Client cloud = must(aigc::Client::open(&config), "a client");
            must(cloud.next_event(), "events");
            for (int i = 0; i < 3; i++) {
                aigc::Job job = must(cloud.submit(cat((how == "ended" ? "a cat " : "[never] a cat ") + how)), "submit");
                while (job.outcome() < AIGC_OUTCOME_UNKNOWN) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                if (how == "waited") waiters.emplace_back([job] { ok(!job.wait(), "close() ends a wait"); });
                if (how == "ended") must(job.wait(60000), "the end");
                if (how != "dropped" && how != "moved") jobs.push_back(job);
            }
            for (const aigc::Job &job : jobs)
                while (how == "known" && !job.token()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            for (int accepted = 0; how == "event" && accepted < 3;) {
                const auto event = must(cloud.next_event(60000), "an event");
                if (event && event->type() == AIGC_EVENT_JOB_ACCEPTED && event->job()->token()) accepted++;
            }
            if (how == "closed" || how == "waited") cloud.close(60000);
            if (how == "moved") {
                aigc::Client other = client();
                other = std::move(cloud);
            }
        }
        for (auto &waiter : waiters) waiter.join();
        const bool quiet = how == "known" || how == "event" || how == "ended";
        bool good = said.size() == (quiet ? 0 : 3);
        for (const auto &text : said) good = good && text.compare(0, line.size(), line) == 0;
        ok(good, ("a client that ends tells of jobs: " + how).c_str(), std::to_string(said.size()) + " warnings");
    }
    aigc::set_warning_hook(nullptr);
    std::ostringstream errors;
    std::streambuf *before = std::cerr.rdbuf(errors.rdbuf());
    {
        aigc::Client cloud = client();
        const aigc::Job job = must(cloud.submit(cat("[never] a cat on standard error")), "submit");
        while (job.outcome() < AIGC_OUTCOME_ACCEPTED) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::cerr.rdbuf(before);
    ok(errors.str().compare(0, 6 + line.size(), "aigc: " + line) == 0, "without a hook std::cerr is told", errors.str());
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    variant = argv[1];
    whole_jobs(argv[2]);
    keys_in_a_journal(argv[2]);
    handles();
    events();
    calls();
    errors();
    a_client_that_ends_tells_of_each_job_that_nobody_knows();
    no_string_is_cut();
    numbers_are_sent_as_they_were_written(argv[2]);
    return failures ? 1 : 0;
}
