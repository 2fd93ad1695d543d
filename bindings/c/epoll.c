/* epoll.c - many jobs on one thread: the event descriptor of a client in an epoll loop.
 *
 *     cc epoll.c $(pkg-config --cflags --libs aigc) -o epoll
 *     ./epoll tencent 100 "a cat in the snow" cat
 *
 * Only epoll_wait() blocks, where a program puts its own descriptors too. Each job and each download ends with exactly one
 * AIGC_EVENT_JOB_DONE: count them. After Ctrl-C, SIGTERM or SIGHUP an accepted job keeps running; its token was printed.
 * Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 a job may be paid, 130 ended by a signal. */
#include <aigc.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct work {
    const char *output;
    size_t waiting, failures, doubts; /* jobs and downloads that have not ended; what went wrong; what may be paid */
    int interrupted;
};

static void failed(struct work *work, const char *what, aigc_error *error)
{
    int32_t outcome = aigc_error_outcome(error);
    fprintf(stderr, "%s: %s: %s%s\n", what, aigc_status_name(aigc_error_status(error)), aigc_error_message(error),
            outcome == AIGC_OUTCOME_UNKNOWN ? "\n  it may run and be paid: look at the provider's console first" :
            outcome == AIGC_OUTCOME_NOT_SENT ? "\n  provably not submitted, or refused: nothing is paid" : "");
    work->doubts += outcome == AIGC_OUTCOME_UNKNOWN;
    aigc_error_free(error);
    work->failures++;
}

/* A job has its images: starts the download of each. The handles can go, the downloads keep running. */
static void start_downloads(struct work *work, aigc_job *job)
{
    for (size_t i = 0; i < aigc_job_asset_count(job); i++) {
        char path[4096]; aigc_job *download = NULL; aigc_error *error = NULL;
        snprintf(path, sizeof path, "%s-%s-%zu.*", work->output, aigc_job_remote_id(job), i + 1);
        if (aigc_job_download(job, i, path, &download, &error)) failed(work, path, error);
        else work->waiting++;
        aigc_job_free(download);
    }
}

static void handle(struct work *work, const aigc_event *event)
{
    aigc_job *job = aigc_event_job(event); aigc_error *error = NULL;
    if (aigc_event_type(event) == AIGC_EVENT_JOB_ACCEPTED) { /* store the token: it finds the job again, anywhere */
        fprintf(stderr, "accepted %s\n", aigc_job_token(job) ? aigc_job_token(job) : aigc_job_remote_id(job));
    } else if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE) {
        work->waiting--;
        const char *name = aigc_job_token(job) ? aigc_job_token(job) : aigc_job_key(job);
        if (aigc_job_error(job, &error)) failed(work, name ? name : "job", error);
        else if (!aigc_job_path(job)) start_downloads(work, job);
        else if (puts(aigc_job_path(job)) == EOF || fflush(stdout)) /* a download */
            work->failures++, fprintf(stderr, "standard output cannot be written: %s\n", aigc_job_path(job));
    } /* other types are of no interest here */
}

static void run(struct work *work, aigc_client *client, int loop, int signals)
{
    struct epoll_event ready = {0};
    while (work->waiting > 0) {
        aigc_event *event = NULL;
        if (epoll_wait(loop, &ready, 1, -1) < 0 && errno != EINTR) break;
        if (ready.data.fd == signals && !work->interrupted++)
            aigc_client_close(client, 10000); /* what is on the wire gets ten seconds to bring its id */
        while (aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event) {
            handle(work, event);
            aigc_event_free(event);
        }
    }
}

int main(int argc, char **argv)
{
    struct work work = {0};
    aigc_config *config = NULL; aigc_client *client = NULL; aigc_request *request = NULL; aigc_error *error = NULL;
    sigset_t set; int first = 1, loop = epoll_create1(EPOLL_CLOEXEC), signals;

    aigc_config_new(&config, NULL);
    for (; first + 1 < argc && strcmp(argv[first], "-c") == 0; first += 2) {
        char *equals = strchr(argv[first + 1], '=');
        if (equals) *equals = '\0';
        if (aigc_config_set(config, argv[first + 1], equals ? equals + 1 : NULL, &error)) failed(&work, "-c", error);
    }
    if (argc - first < 4 || work.failures || fcntl(1, F_GETFD) < 0)
        return aigc_config_free(config),
               fputs("usage: epoll [-c KEY=VALUE]... PROVIDER JOBS PROMPT OUTPUT [IMAGE_URL]... >FILES\n", stderr), 2;
    work.output = argv[first + 3];
    const char *operation = strcmp(argv[first], AIGC_ALIBABA) ? AIGC_TENCENT_IMAGE : AIGC_ALIBABA_PRE_MODEL_INFERENCE;
    if (aigc_client_new(config, &client, &error) || aigc_request_new(argv[first], operation, &request, &error) ||
        aigc_request_set_string(request, "prompt", argv[first + 2], &error)) failed(&work, "request", error);
    for (int i = first + 4; i < argc && !work.failures; i++)
        if (aigc_request_add_image_url(request, argv[i], NULL, &error)) failed(&work, argv[i], error);

    sigemptyset(&set), sigaddset(&set, SIGINT), sigaddset(&set, SIGTERM), sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN); /* a reader who has gone ends no job */
    sigprocmask(SIG_BLOCK, &set, NULL); /* signals are one more descriptor of the loop */
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    int watched[] = {aigc_client_event_fd(client), signals}; /* before the first job: no event is dropped as unwanted */
    for (int i = 0; i < 2 && !work.failures; i++) {
        struct epoll_event readable = {.events = EPOLLIN, .data.fd = watched[i]};
        if (epoll_ctl(loop, EPOLL_CTL_ADD, watched[i], &readable) != 0) work.failures++;
    }
    for (int i = atoi(argv[first + 1]); i > 0 && !work.failures; i--) {
        aigc_job *job = NULL;
        if (aigc_client_submit(client, request, &job, &error)) failed(&work, "submit", error);
        else work.waiting++;
        aigc_job_free(job); /* every event brings the job along */
    }
    run(&work, client, loop, signals);
    close(loop), close(signals), aigc_client_free(client), aigc_request_free(request), aigc_config_free(config);
    return work.doubts ? 3 : work.interrupted ? 130 : fflush(stdout) || work.failures || work.waiting ? 1 : 0;
}
