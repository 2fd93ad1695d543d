/* Many jobs on one thread through the event descriptor, every image fetched, some to memory. Writes "ID INDEX PATH"
 * lines to AIGC_TEST_DIR/manifest, from which the runner compares each file with what the sandbox drew. usage: jobs200
 * PROVIDER JOBS */
#include "support.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a job or a download is to this program: travels as its user data. */
struct task {
    char remote_id[128];
    size_t index;
    int download;
};

static FILE *manifest;
static size_t waiting, succeeded, fetched;

static void failed(const char *what, aigc_error *error)
{
    ok(0, "%s: %s", what, aigc_error_message(error) ? aigc_error_message(error) : "?");
    aigc_error_free(error);
}

static void start_downloads(aigc_job *job)
{
    for (size_t i = 0; i < aigc_job_asset_count(job); i++) {
        aigc_error *error = NULL;
        aigc_job *download = NULL;
        struct task *task = calloc(1, sizeof *task);
        char *path = scratch("%s-%zu.*", aigc_job_remote_id(job), i);
        snprintf(task->remote_id, sizeof task->remote_id, "%s", aigc_job_remote_id(job));
        task->index = i;
        task->download = 1;
        if (aigc_job_download(job, i, succeeded % 4 == 0 ? NULL : path, &download, &error)) {
            failed("download", error);
            free(task);
        } else {
            aigc_job_set_user_data(download, task);
            waiting++;
        }
        aigc_job_free(download);
        free(path);
    }
}

/* Writes the bytes of a download to memory, so that the runner can compare them too. */
static char *save_buffer(aigc_job *job, const struct task *task)
{
    aigc_buffer *buffer = NULL;
    char *path = scratch("%s-%zu.memory", task->remote_id, task->index);
    FILE *file = fopen(path, "wb");
    if (aigc_job_take_buffer(job, &buffer, NULL) || !file ||
        fwrite(aigc_buffer_data(buffer), 1, aigc_buffer_size(buffer), file) != aigc_buffer_size(buffer))
        ok(0, "could not save %s", path);
    if (file) fclose(file);
    aigc_buffer_free(buffer);
    return path;
}

static void done(const aigc_event *event)
{
    aigc_error *error = NULL;
    aigc_job *job = aigc_event_job(event);
    struct task *task = aigc_job_user_data(job);
    waiting--;
    if (aigc_job_error(job, &error)) {
        failed(task->download ? "download" : "job", error);
    } else if (task->download) {
        char *saved = aigc_job_path(job) ? NULL : save_buffer(job, task);
        fprintf(manifest, "%s %zu %s\n", task->remote_id, task->index, saved ? saved : aigc_job_path(job));
        free(saved);
        fetched++;
    } else {
        succeeded++;
        start_downloads(job);
    }
    free(task);
}

int main(int argc, char **argv)
{
    const char *provider = argc > 1 ? argv[1] : AIGC_TENCENT;
    int jobs = argc > 2 ? atoi(argv[2]) : 20;
    char *path = scratch("manifest");
    aigc_client *client = test_client();
    struct pollfd wanted = {aigc_client_event_fd(client), POLLIN, 0};
    int64_t end = now_ms() + 240000, start = now_ms();
    manifest = fopen(path, "w");
    if (!manifest) die("no manifest");
    for (int i = 0; i < jobs; i++) {
        aigc_job *job = test_submit(client, provider, i % 10 == 0 ? "[webp]" : NULL);
        aigc_job_set_user_data(job, calloc(1, sizeof(struct task)));
        aigc_job_free(job);
        waiting++;
    }
    while (waiting > 0 && now_ms() < end) {
        aigc_event *event = NULL;
        poll(&wanted, 1, 1000);
        while (aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event) {
            if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE) done(event);
            aigc_event_free(event);
        }
    }
    ok(succeeded == (size_t)jobs, "%s: %zu of %d jobs succeeded in %lld ms", provider, succeeded, jobs,
       (long long)(now_ms() - start));
    ok(fetched >= (size_t)jobs && waiting == 0, "%s: %zu images were fetched, %zu wait", provider, fetched, waiting);
    fclose(manifest);
    free(path);
    aigc_client_free(client);
    return finish();
}
