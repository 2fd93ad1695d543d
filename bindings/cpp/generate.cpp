// generate.cpp - one job, its images to files: the C++ way.
//
//     c++ -std=c++17 generate.cpp $(pkg-config --cflags --libs aigc) -o generate
//     ./generate tencent "a cat in the snow" cat [key=value ...]
//
// Ctrl-C, SIGTERM and SIGHUP leave in good order: what has not been sent is not sent any more, an answer on its way gets ten
// seconds, and the token of a job that keeps running is printed.
// Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether it was submitted, 130 ended
// by a signal.
#include "aigc.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

// A signal ends no wait: its handler only takes a note, and wait() looks at that.
static volatile std::sig_atomic_t interrupted;
static void interrupt(int number) { interrupted = number; }

static void handle(int number) {
    if (std::signal(number, interrupt) == SIG_IGN) std::signal(number, SIG_IGN);
}

// The folder of the journal, for the command that shows a key in doubt.
static std::string journal;

// Says what is known about the submission of a job.
static void tell(const aigc::Job &job) {
    if (job.token()) {
        std::fprintf(stderr, "accepted; fetch it with: aigc fetch %s\n", job.token()->c_str());
    } else if (job.remote_id()) {
        std::fprintf(stderr, "accepted; the provider's id is %s\n", job.remote_id()->c_str());
    } else if (job.outcome() != AIGC_OUTCOME_UNKNOWN) {
        std::fputs("provably not submitted, or refused: nothing is paid\n", stderr);
    } else {
        std::fputs("it may run and be paid: nobody knows whether it was submitted. "
                   "Look at the provider's console before you repeat it\n", stderr);
        if (job.request_id()) std::fprintf(stderr, "the provider's request id: %s\n", job.request_id()->c_str());
        if (job.key())
            std::fprintf(stderr, "its key in the journal: aigc jobs show --journal %s -- %s\n", journal.c_str(),
                         job.key()->c_str());
    }
}

static int failed(const aigc::Error &error, const aigc::Job *job = nullptr) {
    std::fprintf(stderr, "%s: %s\n", error.name().c_str(), error.message().c_str());
    if (job != nullptr) tell(*job);
    // Nobody knows whether it runs: a script must not simply try again.
    if ((job != nullptr ? job->outcome() : error.outcome()) == AIGC_OUTCOME_UNKNOWN) return 3;
    return interrupted ? 130 : 1;
}

// Waits for the end of a job or a download. After a signal everything ends here; only an answer on its way, which brings the
// id, has ten seconds. Tells the token as soon as there is one.
static aigc::Result<aigc::Done> wait(aigc::Client &client, const aigc::Job &task) {
    for (bool told = false;;) {
        auto ended = task.wait(100);
        if (!told && task.remote_id() && task.token()) {
            std::fprintf(stderr, "accepted, token: %s\n", task.token()->c_str());
            told = true;
        }
        if (ended || ended.error().status() != AIGC_E_TIMEOUT) return ended;
        if (interrupted) client.close(10000);
    }
}

// Whether the images can be written: what they need is found out before they are paid. Tries a file with a name of the longest
// kind, which is removed again, and looks for images that are there already: a download replaces none.
static bool is_usable(const std::string &output) {
    if (::fcntl(STDOUT_FILENO, F_GETFD) < 0) { // or the next file that is opened takes the lines
        std::fputs("standard output is closed\n", stderr);
        return false;
    }
    const std::string probe = output + "-new.part";
    std::error_code ignored;
    if (!std::ofstream(probe, std::ios::app)) {
        std::fprintf(stderr, "%s: no image can be written there\n", output.c_str());
        return false;
    }
    std::filesystem::remove(probe, ignored);
    for (int number = 1; number <= 100; number++)
        for (const char *format : {"png", "jpg", "webp", "gif", "bmp"}) {
            const std::string path = output + "-" + std::to_string(number) + "." + format;
            if (!std::filesystem::exists(path, ignored)) continue;
            std::fprintf(stderr, "%s: the file exists\n", path.c_str());
            return false;
        }
    return true;
}

int main(int argc, char **argv) {
    auto config = aigc::Config::make();
    if (!config) return failed(config.error());
    aigc::Config settings = std::move(config).value();
    std::vector<std::string> images;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        const std::string name = argv[at], value = argv[at + 1];
        const auto equals = value.find('=');
        if (name == "--image") {
            images.push_back(value);
        } else if (name == "-c" && equals != std::string::npos) {
            if (auto set = settings.set(value.substr(0, equals).c_str(), value.substr(equals + 1)); !set)
                return failed(set.error());
        } else {
            break;
        }
    }
    if (argc - at != 3) {
        std::fputs("usage: generate [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT OUTPUT\n", stderr);
        return 2;
    }
    const std::string provider = argv[at], output = argv[at + 2];
    const char *operation = provider == AIGC_ALIBABA ? AIGC_ALIBABA_PRE_MODEL_INFERENCE : AIGC_TENCENT_IMAGE;
    if (!is_usable(output)) return 1;
    journal = settings.get("journal.path").value_or("");
    auto made = aigc::Request::make(provider.c_str(), operation);
    if (!made) return failed(made.error());
    aigc::Request request = std::move(made).value();
    if (auto set = request.set("prompt", argv[at + 1]); !set) return failed(set.error());
    for (const auto &image : images)
        if (auto added = request.add_image(image); !added) return failed(added.error());

    auto opened = aigc::Client::open(&settings);
    if (!opened) return failed(opened.error());
    aigc::Client client = std::move(opened).value();
    for (int number : {SIGINT, SIGTERM, SIGHUP}) handle(number);
    std::signal(SIGPIPE, SIG_IGN); // a reader who has gone ends no download
    auto submitted = client.submit(request);
    if (!submitted) return failed(submitted.error());
    const aigc::Job job = std::move(submitted).value();
    if (auto ended = wait(client, job); !ended) return failed(ended.error(), &job);
    bool written = true;
    for (std::size_t i = 0; i < job.asset_count(); i++) {
        auto download = job.download(i, output + "-" + std::to_string(i + 1) + ".*");
        if (!download) return failed(download.error(), &job);
        if (auto ended = wait(client, download.value()); !ended) return failed(ended.error(), &job);
        if (std::puts(download.value().path()->c_str()) == EOF || std::fflush(stdout) == EOF) {
            std::fprintf(stderr, "standard output cannot be written; the image is in %s\n",
                         download.value().path()->c_str());
            tell(job);
            written = false;
        }
    }
    return written ? 0 : 1;
}
