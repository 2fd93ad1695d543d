// generate.cpp - one job, its images to files: the C++ way.
//
//     c++ -std=c++17 generate.cpp $(pkg-config --cflags --libs aigc) -o generate
//     ./generate tencent "a cat in the snow" cat [key=value ...]
#include "aigc.hpp"

#include <cstdio>
#include <string>

static int failed(const aigc::Error &error) {
    std::fprintf(stderr, "%s: %s\n", error.name().c_str(), error.message().c_str());
    // Nobody knows whether it runs: a script must not simply try again.
    return error.outcome() == AIGC_OUTCOME_UNKNOWN ? 3 : 1;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: %s PROVIDER PROMPT OUTPUT [KEY=VALUE ...] [model=NAME]\n", argv[0]);
        return 2;
    }
    const std::string provider = argv[1];
    auto config = aigc::Config::make();
    if (!config) return failed(config.error());
    aigc::Config settings = std::move(config).value();
    const char *operation = provider == AIGC_ALIBABA ? AIGC_ALIBABA_INFERENCE : AIGC_TENCENT_IMAGE;
    auto made = aigc::Request::make(provider.c_str(), operation);
    if (!made) return failed(made.error());
    aigc::Request request = std::move(made).value();
    if (auto set = request.set("prompt", argv[2]); !set) return failed(set.error());
    for (int i = 4; i < argc; i++) {
        const std::string pair = argv[i];
        const std::string key = pair.substr(0, pair.find('='));
        const std::string value = pair.size() > key.size() ? pair.substr(key.size() + 1) : "";
        auto set = key == "model" ? request.set("model", value) : settings.set(key.c_str(), value);
        if (!set) return failed(set.error());
    }

    auto opened = aigc::Client::open(&settings);
    if (!opened) return failed(opened.error());
    aigc::Client client = std::move(opened).value();
    auto submitted = client.submit(request);
    if (!submitted) return failed(submitted.error());
    const aigc::Job job = std::move(submitted).value();
    if (auto ended = job.wait(); !ended) return failed(ended.error());
    for (std::size_t i = 0; i < job.asset_count(); i++) {
        auto download = job.download(i, std::string(argv[3]) + "-" + std::to_string(i + 1) + ".*");
        if (!download) return failed(download.error());
        if (auto ended = download.value().wait(); !ended) return failed(ended.error());
        std::puts(download.value().path()->c_str());
    }
    return 0;
}
