/* uv.c - many jobs in a libuv loop.
 *
 *     cc uv.c $(pkg-config --cflags --libs aigc libuv) -o uv
 *     ./uv 100 "a cat in the snow" cat
 *
 * The client's event descriptor is one more thing that the loop watches. After Ctrl-C, SIGTERM or SIGHUP what the
 * provider has accepted keeps running there, and its token has been printed.
 * Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 a job may be paid, 130 ended by a signal. */
#include <aigc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct work {
    aigc_client *client;
    const char *output;
    size_t waiting, failures, doubts; /* jobs and downloads that have not ended; what went wrong; what may be paid */
    int interrupted;
    uv_poll_t events;
    uv_signal_t interrupts[3];
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

/* One event, on the thread of the loop. It is freed by whoever called. */
static void handle(const aigc_event *event, void *user_data)
{
    struct work *work = user_data;
    aigc_job *job = aigc_event_job(event), *download;
    aigc_error *error; char path[4096];
    const char *name = aigc_job_token(job) ? aigc_job_token(job) : aigc_job_key(job);
    if (aigc_event_type(event) == AIGC_EVENT_JOB_ACCEPTED) /* the moment to store the token */
        fprintf(stderr, "accepted %s\n", aigc_job_token(job) ? name : aigc_job_remote_id(job));
    if (aigc_event_type(event) != AIGC_EVENT_JOB_DONE) return;
    work->waiting--;
    if (aigc_job_error(job, &error)) failed(work, name ? name : "job", error);
    else if (aigc_job_path(job)) puts(aigc_job_path(job)); /* a download */
    for (size_t i = 0; i < aigc_job_asset_count(job); i++) { /* none for a failed job and for a download */
        snprintf(path, sizeof path, "%s-%s-%zu.*", work->output, aigc_job_remote_id(job), i + 1);
        if (aigc_job_download(job, i, path, &download, &error)) failed(work, path, error);
        else work->waiting++;
        aigc_job_free(download); /* it keeps running without this handle */
    }
}

static void stop(struct work *work)
{
    uv_close((uv_handle_t *)&work->events, NULL); /* before the client goes, and its descriptor with it */
    for (int i = 0; i < 3; i++) uv_close((uv_handle_t *)&work->interrupts[i], NULL);
}

static void on_events(uv_poll_t *poll, int status, int events)
{
    struct work *work = poll->data;
    aigc_error *error = NULL;
    (void)events;
    if (status < 0 || aigc_client_dispatch(work->client, 0, handle, work, NULL, &error)) {
        failed(work, "events", error);
        stop(work);
    } else if (work->waiting == 0) {
        stop(work); /* nothing is left to watch, so uv_run() returns */
    }
}

static void on_interrupt(uv_signal_t *signal, int number)
{
    struct work *work = signal->data;
    work->interrupted = number; /* ends all jobs here; on_events() gets their ends; an answer has ten seconds */
    aigc_client_close(work->client, 10000);
}

int main(int argc, char **argv)
{
    struct work work = {0};
    aigc_config *config = NULL; aigc_request *request = NULL; aigc_error *error = NULL;
    int first = 1;

    aigc_config_new(&config, NULL), work.failures = fcntl(1, F_GETFD) < 0; /* closed: the next socket would take its place */
    for (; first + 1 < argc && strcmp(argv[first], "-c") == 0; first += 2) {
        char *equals = strchr(argv[first + 1], '=');
        if (equals) *equals = '\0';
        if (aigc_config_set(config, argv[first + 1], equals ? equals + 1 : NULL, &error)) failed(&work, "-c", error);
    }
    if (argc - first != 3 || work.failures) return fputs("usage: uv [-c KEY=VALUE]... JOBS PROMPT OUTPUT\n", stderr), 2;
    work.output = argv[first + 2];
    if (aigc_client_new(config, &work.client, &error) ||
        aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, &error) ||
        aigc_request_set_string(request, "prompt", argv[first + 1], &error)) return failed(&work, "request", error), 1;

    work.events.data = &work;
    uv_poll_init(uv_default_loop(), &work.events, aigc_client_event_fd(work.client));
    uv_poll_start(&work.events, UV_READABLE, on_events); /* before the first job, so that no event is missed */
    for (int i = 0; i < 3; i++) {
        uv_signal_init(uv_default_loop(), &work.interrupts[i]);
        work.interrupts[i].data = &work;
        uv_signal_start(&work.interrupts[i], on_interrupt, (int[]){SIGINT, SIGTERM, SIGHUP}[i]);
    }
    for (int i = atoi(argv[first]); i > 0; i--) {
        aigc_job *job = NULL;
        if (aigc_client_submit(work.client, request, &job, &error)) failed(&work, "submit", error);
        else work.waiting++;
        aigc_job_free(job); /* every event brings the job along */
    }
    if (work.waiting == 0) stop(&work);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    aigc_client_free(work.client), aigc_request_free(request), aigc_config_free(config);
    return work.doubts ? 3 : work.interrupted ? 130 : fflush(stdout) || work.failures ? 1 : 0;
}
