/* glib.c - many jobs in a GLib main loop: the same in a GTK program or under GStreamer.
 *
 *     cc glib.c $(pkg-config --cflags --libs aigc glib-2.0) -o glib
 *     ./glib 100 "a cat in the snow" cat
 *
 * g_unix_fd_add() watches the client's event descriptor; the callback runs on the thread of the main loop.
 * After Ctrl-C, SIGTERM or SIGHUP what the provider has accepted keeps running there, and its token has been printed.
 * Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 a job may be paid, 130 ended by a signal. */
#include <aigc.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    GMainLoop *loop;
    aigc_client *client;
    const char *output;
    guint waiting, failures, doubts; /* jobs and downloads that have not ended; what went wrong; what may be paid */
    gboolean interrupted;
} Work;

static void failed(Work *work, const char *what, aigc_error *error)
{
    int32_t outcome = aigc_error_outcome(error);
    g_printerr("%s: %s: %s%s\n", what, aigc_status_name(aigc_error_status(error)), aigc_error_message(error),
               outcome == AIGC_OUTCOME_UNKNOWN ? "\n  it may run and be paid: look at the provider's console first" :
               outcome == AIGC_OUTCOME_NOT_SENT ? "\n  provably not submitted, or refused: nothing is paid" : "");
    work->doubts += outcome == AIGC_OUTCOME_UNKNOWN;
    aigc_error_free(error);
    work->failures++;
}

static void job_done(Work *work, aigc_job *job)
{
    aigc_error *error = NULL;
    const char *name = aigc_job_token(job) ? aigc_job_token(job) : aigc_job_key(job);
    work->waiting--;
    if (aigc_job_error(job, &error) != AIGC_OK) failed(work, name ? name : "job", error);
    else if (aigc_job_path(job)) puts(aigc_job_path(job)); /* a download */
    for (gsize i = 0; i < aigc_job_asset_count(job); i++) { /* none for a failed job and for a download */
        aigc_job *download = NULL;
        char *path = g_strdup_printf("%s-%s-%" G_GSIZE_FORMAT ".*", work->output, aigc_job_remote_id(job), i + 1);
        if (aigc_job_download(job, i, path, &download, &error)) failed(work, path, error);
        else work->waiting++;
        aigc_job_free(download); /* it keeps running without this handle */
        g_free(path);
    }
}

static void handle(const aigc_event *event, void *user_data)
{
    aigc_job *job = aigc_event_job(event);
    switch (aigc_event_type(event)) {
    case AIGC_EVENT_JOB_ACCEPTED: /* the moment to store the token */
        g_printerr("accepted %s\n", aigc_job_token(job) ? aigc_job_token(job) : aigc_job_remote_id(job));
        break;
    case AIGC_EVENT_JOB_DONE: job_done(user_data, job); break;
    default: break; /* types that this program does not care about, or that a newer library has */
    }
}

static gboolean on_events(gint fd, GIOCondition condition, gpointer data)
{
    Work *work = data;
    aigc_error *error = NULL;
    (void)fd, (void)condition;
    if (aigc_client_dispatch(work->client, 0, handle, work, NULL, &error)) {
        failed(work, "events", error);
        work->waiting = 0;
    }
    if (work->waiting == 0) g_main_loop_quit(work->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer data)
{
    Work *work = data;
    work->interrupted = TRUE; /* ends all jobs here, which on_events() is told; an answer on its way has ten seconds */
    aigc_client_close(work->client, 10000);
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    Work work = {0};
    aigc_config *config = NULL; aigc_request *request = NULL; aigc_error *error = NULL;
    int first = 1;

    aigc_config_new(&config, NULL), work.failures = fcntl(1, F_GETFD) < 0; /* closed: the next socket would take its place */
    for (; first + 1 < argc && strcmp(argv[first], "-c") == 0; first += 2) {
        char **pair = g_strsplit(argv[first + 1], "=", 2);
        if (aigc_config_set(config, pair[0], pair[1], &error)) failed(&work, "-c", error);
        g_strfreev(pair);
    }
    if (argc - first != 3 || work.failures) return g_printerr("usage: glib [-c KEY=VALUE]... JOBS PROMPT OUTPUT\n"), 2;
    work.output = argv[first + 2];
    if (aigc_client_new(config, &work.client, &error) ||
        aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, &error) ||
        aigc_request_set_string(request, "prompt", argv[first + 1], &error)) return failed(&work, "request", error), 1;

    work.loop = g_main_loop_new(NULL, FALSE);
    guint events = g_unix_fd_add(aigc_client_event_fd(work.client), G_IO_IN, on_events, &work); /* before the jobs */
    for (const int *s = (int[]){SIGINT, SIGTERM, SIGHUP, 0}; *s; s++) g_unix_signal_add(*s, on_interrupt, &work);
    for (int i = atoi(argv[first]); i > 0; i--) {
        aigc_job *job = NULL;
        if (aigc_client_submit(work.client, request, &job, &error)) failed(&work, "submit", error);
        else work.waiting++;
        aigc_job_free(job); /* every event brings the job along */
    }
    if (work.waiting) g_main_loop_run(work.loop);
    g_source_remove(events); /* before the client goes, and its descriptor with it */
    g_main_loop_unref(work.loop);
    aigc_client_free(work.client), aigc_request_free(request), aigc_config_free(config);
    return work.doubts ? 3 : work.interrupted ? 130 : fflush(stdout) || work.failures ? 1 : 0;
}
