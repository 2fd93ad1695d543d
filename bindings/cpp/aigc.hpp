// aigc.hpp - a thin C++17 layer over aigc.h: handles that free themselves, strings, and results instead of out parameters.
//
//     aigc::Client client = aigc::Client::open().value();
//     aigc::Request request = aigc::Request::make(AIGC_TENCENT, AIGC_TENCENT_IMAGE).value();
//     request.set("prompt", "a cat in the snow").value();
//     aigc::Job job = client.submit(request).value();
//
// Every call that can fail gives an aigc::Result. Only Result::value() on a failure throws, std::runtime_error with the
// message; under -fno-exceptions it ends the program: look at ok() first. No exception ever crosses the C border, as the
// library never calls you. Handles are movable, a Job and an Error also copyable. Threads: as aigc.h says of each handle.
//
// A client that is closed or destroyed warns of each submitted job that may be paid, and of which the program has read no
// token and seen no end: on std::cerr, or through the function that aigc::set_warning_hook() got.
#ifndef AIGC_HPP
#define AIGC_HPP

#include <aigc.h>

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aigc {

// What is called with each warning of this layer, one line for people, on the thread that closes or destroys the client.
// What it throws ends there.
using WarningHook = void (*)(const std::string &message);

namespace detail {

inline std::atomic<WarningHook> warning_hook{nullptr};

}  // namespace detail

// Sets the function that gets the warnings from now on. nullptr: std::cerr, as at the start. Any thread.
inline void set_warning_hook(WarningHook hook) noexcept { detail::warning_hook.store(hook); }

namespace detail {

// For destructors: an exception, of a full memory or of a hook, ends here.
template <class Work>
void quietly(Work work) noexcept {
#if defined(__cpp_exceptions)
    try {
        work();
    } catch (...) {
        return;
    }
#else
    work();
#endif
}

inline void warn(const std::string &message) {
    if (const WarningHook hook = warning_hook.load()) hook(message);
    else std::cerr << "aigc: " + message + "\n" << std::flush;
}

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T *handle) const noexcept { Free(handle); }
};

template <class T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

inline std::optional<std::string> text(const char *value) {
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

}  // namespace detail

// What went wrong: aigc_error with a value's manners.
class Error {
public:
    explicit Error(aigc_error *taken) : handle_(taken, aigc_error_free) {}
    // Of this layer: a string that C would cut at its NUL.
    static Error nul(const std::string &field) {
        Error error(nullptr);
        error.field_ = std::make_shared<const std::string>(field);
        return error;
    }

    aigc_status status() const noexcept { return field_ ? AIGC_E_INVALID_ARGUMENT : aigc_error_status(handle_.get()); }
    std::string name() const { return aigc_status_name(status()); }
    std::string message() const {
        if (field_) return *field_ + " contains a NUL character, where C would end it";
        return detail::text(aigc_error_message(handle_.get())).value_or("");
    }
    std::optional<std::string> provider_code() const { return detail::text(aigc_error_provider_code(handle_.get())); }
    std::optional<std::string> provider_message() const {
        return detail::text(aigc_error_provider_message(handle_.get()));
    }
    std::optional<std::string> request_id() const { return detail::text(aigc_error_request_id(handle_.get())); }
    std::optional<std::string> field() const {
        if (field_) return *field_;
        return detail::text(aigc_error_field(handle_.get()));
    }
    int http_status() const noexcept { return aigc_error_http_status(handle_.get()); }
    bool retryable() const noexcept { return aigc_error_retryable(handle_.get()) != 0; }
    std::int64_t retry_after_ms() const noexcept { return aigc_error_retry_after_ms(handle_.get()); }
    // One of AIGC_OUTCOME_*. AIGC_OUTCOME_UNKNOWN: it may run and be billed; do not submit it again by yourself.
    std::int32_t outcome() const noexcept { return aigc_error_outcome(handle_.get()); }

private:
    std::shared_ptr<aigc_error> handle_;  // immutable, so that copies may share it
    std::shared_ptr<const std::string> field_;
};

// A value or an error.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : value_(std::move(value)) {}
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return ok(); }
    // Only when !ok().
    const Error &error() const & { return *error_; }
    // The value, moved out. On a failure it throws std::runtime_error with the message.
    T value() && {
        if (!value_) fail();
        return std::move(*value_);
    }
    const T &value() const & {
        if (!value_) fail();
        return *value_;
    }

private:
    [[noreturn]] void fail() const {
#if defined(__cpp_exceptions)
        throw std::runtime_error(error_->message());
#else
        std::abort();
#endif
    }

    std::optional<T> value_;
    std::optional<Error> error_;
};

// Nothing, or an error.
struct Done {};

namespace detail {

// Calls `call(error*)` and makes its status a Result.
template <class Call>
Result<Done> done(Call call) {
    aigc_error *error = nullptr;
    if (call(&error) == AIGC_OK) return Done{};
    return Error(error);
}

// The error for the first of these strings that has a NUL in it.
inline std::optional<Error> cut(std::initializer_list<std::pair<const char *, const std::string &>> texts) {
    for (const auto &[name, text] : texts)
        if (text.find('\0') != std::string::npos) return Error::nul(name);
    return std::nullopt;
}

// Calls `call(out*, error*)` and wraps what it gives out.
// A number of fewer bits than a double, as it was written: a cast would give it digits that nobody wrote.
template <class T>
double shortest(T value) {
    const double wide = static_cast<double>(value);
    if constexpr (sizeof(T) < sizeof(double)) {
        for (int digits = 1; digits <= 9; digits++) {
            char text[32];
            std::snprintf(text, sizeof text, "%.*g", digits, wide);
            const double found = std::strtod(text, nullptr);
            if (static_cast<T>(found) == value) return found;
        }
    }
    return wide;
}

template <class T, class Raw, class Call>
Result<T> made(Call call) {
    aigc_error *error = nullptr;
    Raw *raw = nullptr;
    if (call(&raw, &error) == AIGC_OK) return T(raw);
    return Error(error);
}

}  // namespace detail

class Config {
public:
    static Result<Config> make() {
        return detail::made<Config, aigc_config>([](auto out, auto error) { return aigc_config_new(out, error); });
    }

    explicit Config(aigc_config *taken) noexcept : handle_(taken) {}

    Result<Done> set(const char *key, const std::string &value) {
        if (auto error = detail::cut({{key, value}})) return *error;
        return detail::done([&](auto error) { return aigc_config_set(handle_.get(), key, value.c_str(), error); });
    }
    std::optional<std::string> get(const char *key) { return detail::text(aigc_config_get(handle_.get(), key)); }
    aigc_config *raw() const noexcept { return handle_.get(); }

private:
    detail::Handle<aigc_config, aigc_config_free> handle_;
};

class Request {
public:
    static Result<Request> make(const char *provider, const char *operation) {
        return detail::made<Request, aigc_request>(
            [&](auto out, auto error) { return aigc_request_new(provider, operation, out, error); });
    }

    explicit Request(aigc_request *taken) noexcept : handle_(taken) {}

    Result<Done> set(const char *name, const std::string &value) {
        if (auto error = detail::cut({{name, value}})) return *error;
        return detail::done(
            [&](auto error) { return aigc_request_set_string(handle_.get(), name, value.c_str(), error); });
    }
    Result<Done> set(const char *name, const char *value) {
        return detail::done([&](auto error) { return aigc_request_set_string(handle_.get(), name, value, error); });
    }
    // bool, whole and floating numbers choose the setter that fits. A float is sent as the shortest decimal that gives the
    // same float: 0.8f as 0.8.
    template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
    Result<Done> set(const char *name, T value) {
        static_assert(std::is_floating_point_v<T> || sizeof(T) <= sizeof(std::int64_t),
                      "no field has so many bits: use set_json()");
        return detail::done([&](auto error) {
            if constexpr (std::is_same_v<T, bool>) return aigc_request_set_bool(handle_.get(), name, value ? 1 : 0, error);
            else if constexpr (std::is_floating_point_v<T>)
                return aigc_request_set_double(handle_.get(), name, detail::shortest(value), error);
            else if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t)) {
                // Beyond the setter's type: as JSON the number stays what it is, and the library refuses what the field
                // has no place for.
                if (value > static_cast<T>(INT64_MAX))
                    return aigc_request_set_json(handle_.get(), name, std::to_string(value).c_str(), error);
                return aigc_request_set_int(handle_.get(), name, static_cast<std::int64_t>(value), error);
            } else return aigc_request_set_int(handle_.get(), name, static_cast<std::int64_t>(value), error);
        });
    }
    Result<Done> set_json(const char *name, const std::string &json) {
        if (auto error = detail::cut({{name, json}})) return *error;
        return detail::done([&](auto error) { return aigc_request_set_json(handle_.get(), name, json.c_str(), error); });
    }
    Result<Done> add_image(const std::string &url, const char *reference_type = nullptr) {
        if (auto error = detail::cut({{"image_urls", url}})) return *error;
        return detail::done(
            [&](auto error) { return aigc_request_add_image_url(handle_.get(), url.c_str(), reference_type, error); });
    }
    Result<Done> set_option(const char *name, const std::string &value) {
        if (auto error = detail::cut({{name, value}})) return *error;
        return detail::done(
            [&](auto error) { return aigc_request_set_option(handle_.get(), name, value.c_str(), error); });
    }
    aigc_request *raw() const noexcept { return handle_.get(); }

private:
    detail::Handle<aigc_request, aigc_request_free> handle_;
};

// Image bytes in memory.
class Buffer {
public:
    explicit Buffer(aigc_buffer *taken) noexcept : handle_(taken) {}

    const unsigned char *data() const noexcept { return static_cast<const unsigned char *>(aigc_buffer_data(handle_.get())); }
    std::size_t size() const noexcept { return aigc_buffer_size(handle_.get()); }
    std::string content_type() const { return detail::text(aigc_buffer_content_type(handle_.get())).value_or(""); }

private:
    detail::Handle<aigc_buffer, aigc_buffer_free> handle_;
};

namespace detail {

// What is known of a submission, for people.
namespace says {
// generated: outcome (Tests/tools/generate.py)
inline constexpr const char *ACCEPTED = "accepted; fetch it with: aigc fetch ";
inline constexpr const char *ACCEPTED_ID = "accepted; the provider's id is ";
inline constexpr const char *ANSWERED = "the provider has answered this call, which may be paid; request id ";
inline constexpr const char *NOTHING_PAID = "provably not submitted, or refused: nothing is paid";
inline constexpr const char *IN_DOUBT = "it may run and be paid: nobody knows whether it was submitted. Look at the "
    "provider's console before you repeat it";
inline constexpr const char *NO_KEY = "no journal has a key of it";
inline constexpr const char *SHOW_KEY = "aigc jobs show --journal FOLDER -- ";
// end of generated
}  // namespace says

}  // namespace detail

namespace detail {

// The submitted jobs of a client of which nobody has the token, and nobody has seen the end: a handle of each beside the
// program's own.
class Untold {
public:
    using Jobs = std::unordered_map<std::uint64_t, Handle<aigc_job, aigc_job_free>>;

    // Keeps a job until somebody has been told of it. Now and then those are dropped that have ended since.
    void remember(aigc_job *job) noexcept {
        quietly([&] {
            const std::lock_guard<std::mutex> lock(mutex_);
            jobs_[aigc_job_id(job)].reset(aigc_job_ref(job));
            if (jobs_.size() < look_at_) return;
            for (auto one = jobs_.begin(); one != jobs_.end();) {
                const bool over = aigc_job_state(one->second.get()) >= AIGC_STATE_SUCCEEDED;
                one = over ? jobs_.erase(one) : std::next(one);
            }
            look_at_ = jobs_.size() < 500 ? 1000 : 2 * jobs_.size();
        });
    }
    void told(std::uint64_t id) noexcept {
        quietly([&] {
            const std::lock_guard<std::mutex> lock(mutex_);
            jobs_.erase(id);
        });
    }
    Jobs taken() noexcept {
        Jobs left;
        quietly([&] {
            const std::lock_guard<std::mutex> lock(mutex_);
            left.swap(jobs_);
        });
        return left;
    }
    // A child of fork() only frees.
    bool is_of_this_process() const noexcept { return process_ == getpid(); }

private:
    const pid_t process_ = getpid();
    std::mutex mutex_;
    Jobs jobs_;
    std::size_t look_at_ = 1000;
};

}  // namespace detail

// A job or a download. Copies refer to the same job.
class Job {
public:
    explicit Job(aigc_job *taken, std::shared_ptr<detail::Untold> untold = nullptr) noexcept
        : handle_(taken), untold_(std::move(untold)) {}
    Job(const Job &other) noexcept : handle_(aigc_job_ref(other.handle_.get())), untold_(other.untold_) {}
    Job(Job &&) noexcept = default;
    Job &operator=(Job other) noexcept {
        handle_ = std::move(other.handle_);
        untold_ = std::move(other.untold_);
        return *this;
    }

    std::uint64_t id() const noexcept { return aigc_job_id(handle_.get()); }
    std::int32_t state() const noexcept {
        const std::int32_t state = aigc_job_state(handle_.get());
        if (state >= AIGC_STATE_SUCCEEDED) told();
        return state;
    }
    std::int32_t outcome() const noexcept { return aigc_job_outcome(handle_.get()); }
    // The same for people, for a program that leaves: the command that fetches the job, or that nothing is paid, or that the
    // job may be paid and where to look. Close the client first: its grace may bring the answer.
    std::string outcome_text() const {
        namespace says = detail::says;
        if (auto found = token()) return says::ACCEPTED + *found;
        if (auto found = remote_id()) return says::ACCEPTED_ID + *found;
        const std::int32_t known = outcome();
        const std::string request = request_id().value_or("unknown");
        if (known == AIGC_OUTCOME_ACCEPTED) return says::ANSWERED + request;
        if (known != AIGC_OUTCOME_UNKNOWN) return says::NOTHING_PAID;
        const std::optional<std::string> name = key();
        return says::IN_DOUBT + (" (request id " + request + "; ") + (name ? says::SHOW_KEY + *name : says::NO_KEY) + ")";
    }
    double progress() const noexcept { return aigc_job_progress(handle_.get()); }
    std::optional<std::string> remote_id() const { return detail::text(aigc_job_remote_id(handle_.get())); }
    std::optional<std::string> token() const {
        auto token = detail::text(aigc_job_token(handle_.get()));
        if (token) told();
        return token;
    }
    std::optional<std::string> provider_state() const { return detail::text(aigc_job_provider_state(handle_.get())); }
    std::optional<std::string> provider_response() const {
        return detail::text(aigc_job_provider_response(handle_.get()));
    }
    std::optional<std::string> request_id() const { return detail::text(aigc_job_request_id(handle_.get())); }
    std::optional<std::string> provider() const { return detail::text(aigc_job_provider(handle_.get())); }
    std::optional<std::string> operation() const { return detail::text(aigc_job_operation(handle_.get())); }
    // What the job has made where that is no image: the id of a model.
    std::optional<std::string> result_id() const { return detail::text(aigc_job_result_id(handle_.get())); }
    // Of a download: bytes received, and bytes in all or -1.
    std::pair<std::int64_t, std::int64_t> bytes() const noexcept {
        std::int64_t received = 0, total = -1;
        aigc_job_bytes(handle_.get(), &received, &total);
        return {received, total};
    }

    // As aigc_job_wait(): Done when it succeeded.
    Result<Done> wait(std::int64_t timeout_ms = AIGC_FOREVER) const {
        auto ended = detail::done([&](auto error) { return aigc_job_wait(handle_.get(), timeout_ms, error); });
        // An error has no token: of a job that the provider keeps running, the end here is not enough.
        if (ended || ended.error().status() / 100 == 5 || ended.error().status() / 100 == 6) told();
        return ended;
    }
    Result<Done> refresh(std::int64_t timeout_ms = AIGC_FOREVER) const {
        return detail::done([&](auto error) { return aigc_job_refresh(handle_.get(), timeout_ms, error); });
    }
    // The key in the journal: yours (the option "key" of the request), or one that the client made up.
    std::optional<std::string> key() const { return detail::text(aigc_job_key(handle_.get())); }
    // Lets the first byte of a job leave that was submitted with the option "hold".
    Result<Done> release() const {
        return detail::done([&](auto error) { return aigc_job_release(handle_.get(), error); });
    }
    Result<Done> set_follow(bool follow) const {
        return detail::done([&](auto error) { return aigc_job_set_follow(handle_.get(), follow ? 1 : 0, error); });
    }
    Result<Done> set_deadline_ms(std::int64_t deadline_ms) const {
        return detail::done([&](auto error) { return aigc_job_set_deadline_ms(handle_.get(), deadline_ms, error); });
    }
    // W3C Trace Context for the calls about this job; nullptr ends it.
    Result<Done> set_trace(const char *traceparent, const char *tracestate = nullptr) const {
        return detail::done(
            [&](auto error) { return aigc_job_set_trace(handle_.get(), traceparent, tracestate, error); });
    }
    void cancel() const noexcept { aigc_job_cancel(handle_.get()); }
    // How it ended; nullopt for success and for a job that has not ended.
    std::optional<Error> error() const {
        aigc_error *error = nullptr;
        if (aigc_job_error(handle_.get(), &error) == AIGC_OK) return std::nullopt;
        return Error(error);
    }

    std::size_t asset_count() const noexcept { return aigc_job_asset_count(handle_.get()); }
    std::optional<std::string> asset_id(std::size_t index) const {
        return detail::text(aigc_job_asset_id(handle_.get(), index));
    }
    // It can hold a signature: treat it as a secret.
    std::optional<std::string> asset_url(std::size_t index) const {
        return detail::text(aigc_job_asset_url(handle_.get(), index));
    }
    std::int64_t asset_expires_at_ms(std::size_t index) const noexcept {
        return aigc_job_asset_expires_at_ms(handle_.get(), index);
    }
    // To a file; a path that ends in ".*" gets the format's extension.
    Result<Job> download(std::size_t index, const std::string &path) const {
        if (auto error = detail::cut({{"path", path}})) return *error;
        return detail::made<Job, aigc_job>([&](auto out, auto error) {
            return aigc_job_download(handle_.get(), index, path.c_str(), out, error);
        });
    }
    // To memory: wait(), then take_buffer().
    Result<Job> download(std::size_t index) const {
        return detail::made<Job, aigc_job>([&](auto out, auto error) {
            return aigc_job_download(handle_.get(), index, nullptr, out, error);
        });
    }
    std::optional<std::string> path() const { return detail::text(aigc_job_path(handle_.get())); }
    std::optional<std::string> content_type() const { return detail::text(aigc_job_content_type(handle_.get())); }
    Result<Buffer> take_buffer() const {
        return detail::made<Buffer, aigc_buffer>(
            [&](auto out, auto error) { return aigc_job_take_buffer(handle_.get(), out, error); });
    }
    aigc_job *raw() const noexcept { return handle_.get(); }

private:
    // Somebody has the token, or has seen the end.
    void told() const noexcept {
        if (untold_) untold_->told(id());
    }

    detail::Handle<aigc_job, aigc_job_free> handle_;
    std::shared_ptr<detail::Untold> untold_;
};

class Event {
public:
    explicit Event(aigc_event *taken, std::shared_ptr<detail::Untold> untold = nullptr) noexcept
        : handle_(taken), untold_(std::move(untold)) {
        if (untold_ && type() == AIGC_EVENT_JOB_DONE) untold_->told(job_id());
    }

    std::int32_t type() const noexcept { return aigc_event_type(handle_.get()); }
    aigc_status status() const noexcept { return aigc_event_status(handle_.get()); }
    std::int32_t state() const noexcept { return aigc_event_state(handle_.get()); }
    std::uint64_t job_id() const noexcept { return aigc_event_job_id(handle_.get()); }
    std::optional<std::string> provider() const { return detail::text(aigc_event_provider(handle_.get())); }
    // One line for people, of the types that have one (AIGC_EVENT_WARNING, AIGC_EVENT_LOG).
    std::optional<std::string> message() const { return detail::text(aigc_event_message(handle_.get())); }
    // Of an AIGC_EVENT_LOG: one of AIGC_LOG_*, and what belongs to it as a JSON object.
    std::int32_t level() const noexcept { return aigc_event_level(handle_.get()); }
    std::optional<std::string> fields() const { return detail::text(aigc_event_fields(handle_.get())); }
    std::optional<Job> job() const {
        aigc_job *job = aigc_event_job(handle_.get());
        if (job == nullptr) return std::nullopt;
        return Job(aigc_job_ref(job), untold_);
    }

private:
    detail::Handle<aigc_event, aigc_event_free> handle_;
    std::shared_ptr<detail::Untold> untold_;
};

namespace detail {

// The text of a buffer that a call gives.
template <class Call>
Result<std::string> document(Call call) {
    auto made = detail::made<Buffer, aigc_buffer>(call);
    if (!made) return made.error();
    const Buffer buffer = std::move(made).value();
    return std::string(reinterpret_cast<const char *>(buffer.data()), buffer.size());
}

}  // namespace detail

class Client {
public:
    static Result<Client> open(const Config *config = nullptr) {
        return detail::made<Client, aigc_client>([&](auto out, auto error) {
            return aigc_client_new(config == nullptr ? nullptr : config->raw(), out, error);
        });
    }

    explicit Client(aigc_client *taken) : handle_(taken), untold_(std::make_shared<detail::Untold>()) {}
    Client(Client &&) noexcept = default;
    Client &operator=(Client other) noexcept {
        handle_.swap(other.handle_);
        untold_.swap(other.untold_);
        return *this;
    }
    // Closes with the configuration's grace, and warns as close() does.
    ~Client() {
        end([&] { handle_.reset(); });
    }

    Result<Job> submit(const Request &request) {
        return begun(
            [&](auto out, auto error) { return aigc_client_submit(handle_.get(), request.raw(), out, error); });
    }
    Result<Job> attach(const std::string &token, bool follow = true) {
        if (auto error = detail::cut({{"token", token}})) return *error;
        return job([&](auto out, auto error) {
            return aigc_client_attach(handle_.get(), token.c_str(), follow ? 1 : 0, out, error);
        });
    }
    // The job of a key that the client's journal knows, without a request.
    Result<Job> attach_key(const std::string &key, bool follow = true) {
        if (auto error = detail::cut({{"key", key}})) return *error;
        return job([&](auto out, auto error) {
            return aigc_client_attach_key(handle_.get(), key.c_str(), follow ? 1 : 0, out, error);
        });
    }
    // Takes over every job of the journal whose client is gone; each comes as an event. Sends no submission.
    Result<std::size_t> resume(bool follow = true) {
        std::size_t count = 0;
        aigc_error *error = nullptr;
        if (aigc_client_resume(handle_.get(), follow ? 1 : 0, &count, &error) != AIGC_OK) return Error(error);
        return count;
    }
    // From the provider's own job id.
    Result<Job> attach_id(const std::string &provider, const std::string &operation, const std::string &remote_id,
                          bool follow = true) {
        if (auto error = detail::cut({{"provider", provider}, {"operation", operation}, {"remote_id", remote_id}}))
            return *error;
        return job([&](auto out, auto error) {
            return aigc_client_attach_id(handle_.get(), provider.c_str(), operation.c_str(), remote_id.c_str(),
                                         follow ? 1 : 0, out, error);
        });
    }
    // One image that is known by id or URL, to a file or to memory.
    Result<Job> fetch(const Request &request, const std::string &path) {
        if (auto error = detail::cut({{"path", path}})) return *error;
        return job([&](auto out, auto error) {
            return aigc_client_fetch(handle_.get(), request.raw(), path.c_str(), out, error);
        });
    }
    Result<Job> fetch(const Request &request) {
        return job([&](auto out, auto error) {
            return aigc_client_fetch(handle_.get(), request.raw(), nullptr, out, error);
        });
    }
    // Any operation by the provider's own name, as aigc_client_call() says; the whole answer is Job::provider_response().
    Result<Job> call(const std::string &provider, const std::string &action, const std::string &json, bool reads) {
        if (auto error = detail::cut({{"provider", provider}, {"action", action}, {"json", json}})) return *error;
        return begun([&](auto out, auto error) {
            return aigc_client_call(handle_.get(), provider.c_str(), action.c_str(), json.c_str(), reads ? 1 : 0, out,
                                    error);
        });
    }
    // What this client stands on, as JSON, for diagnosis and support. No secret is in it.
    Result<std::string> report() {
        return detail::document([&](auto out, auto error) { return aigc_client_report(handle_.get(), out, error); });
    }
    // What this client has done so far, as JSON: calls, retries, bytes, how long things took. No secret is in it.
    Result<std::string> stats() {
        return detail::document([&](auto out, auto error) { return aigc_client_stats(handle_.get(), out, error); });
    }
    Result<Done> set_credentials(const char *provider, const std::string &id, const std::string &secret,
                                 const char *token = nullptr, std::int64_t expires_at_ms = 0) {
        if (auto error = detail::cut({{"id", id}, {"secret", secret}})) return *error;
        return detail::done([&](auto error) {
            return aigc_client_set_credentials(handle_.get(), provider, id.c_str(), secret.c_str(), token, expires_at_ms,
                                               error);
        });
    }
    int event_fd() noexcept { return aigc_client_event_fd(handle_.get()); }
    // nullopt inside the result: none came in time.
    Result<std::optional<Event>> next_event(std::int64_t timeout_ms = 0) {
        aigc_error *error = nullptr;
        aigc_event *event = nullptr;
        if (aigc_client_next_event(handle_.get(), timeout_ms, &event, &error) != AIGC_OK) return Error(error);
        if (event == nullptr) return std::optional<Event>();
        return std::optional<Event>(Event(event, untold_));
    }
    void wake() noexcept { aigc_client_wake(handle_.get()); }
    // Warns of each submitted job that may be paid, and of which nobody had read the token or seen the end.
    void close(std::int64_t grace_ms) noexcept {
        end([&] { aigc_client_close(handle_.get(), grace_ms); });
    }
    aigc_client *raw() const noexcept { return handle_.get(); }

private:
    template <class Call>
    Result<Job> job(Call call) {
        aigc_error *error = nullptr;
        aigc_job *raw = nullptr;
        if (call(&raw, &error) == AIGC_OK) return Job(raw, untold_);
        return Error(error);
    }
    template <class Call>
    Result<Job> begun(Call call) {
        auto made = job(call);
        if (made) untold_->remember(made.value().raw());
        return made;
    }
    // Whoever waits now is told the end by an error that nobody may look at: what is untold before the end is told.
    template <class Close>
    void end(Close close) noexcept {
        detail::Untold::Jobs left;
        if (untold_) left = untold_->taken();
        close();
        if (left.empty() || !untold_->is_of_this_process()) return;
        for (auto &one : left) {
            detail::quietly([&] {
                const Job job(one.second.release());
                if (job.outcome() <= AIGC_OUTCOME_NOT_SENT) return;
                detail::warn("the client was closed, and nobody had read the token of a job: " + job.outcome_text());
            });
        }
    }

    detail::Handle<aigc_client, aigc_client_free> handle_;
    std::shared_ptr<detail::Untold> untold_;
};

// The journal without a client, for tools: aigc.h says what a journal is.
namespace journal {

// A page of keys, a JSON object a line; empty after the last. after: the last key of the page before, or nullptr.
inline Result<std::string> list(const std::string &path, const char *filter_json = nullptr,
                                const char *after = nullptr) {
    if (auto error = detail::cut({{"path", path}})) return *error;
    return detail::document(
        [&](auto out, auto error) { return aigc_journal_list(path.c_str(), filter_json, after, out, error); });
}

// What you have found out about a key that is in doubt; remote_id with AIGC_OUTCOME_ACCEPTED only.
inline Result<Done> resolve(const std::string &path, const std::string &key, std::int32_t outcome,
                            const char *remote_id = nullptr) {
    if (auto error = detail::cut({{"path", path}, {"key", key}})) return *error;
    return detail::done(
        [&](auto error) { return aigc_journal_resolve(path.c_str(), key.c_str(), outcome, remote_id, error); });
}

// Forgets ended keys; they can be submitted, and paid, again. Gives how many.
inline Result<std::size_t> prune(const std::string &path, std::int64_t older_than_ms) {
    if (auto error = detail::cut({{"path", path}})) return *error;
    std::size_t removed = 0;
    aigc_error *error = nullptr;
    if (aigc_journal_prune(path.c_str(), older_than_ms, &removed, &error) != AIGC_OK) return Error(error);
    return removed;
}

// What is wrong with the whole journal, as JSON. Nothing is repaired or deleted.
inline Result<std::string> check(const std::string &path) {
    if (auto error = detail::cut({{"path", path}})) return *error;
    return detail::document([&](auto out, auto error) { return aigc_journal_check(path.c_str(), out, error); });
}

}  // namespace journal

}  // namespace aigc

#endif  // AIGC_HPP
