/* Promise 5: one AIGC_EVENT_JOB_DONE for each job, whenever it is cancelled; and cancel is at once, and only here. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS = 40 };

static struct seen {
    uint64_t id;
    int done, accepted;
} seen[4 * JOBS];
static size_t known;

static struct seen *find(uint64_t id)
{
    for (size_t i = 0; i < known; i++)
        if (seen[i].id == id) return &seen[i];
    seen[known].id = id;
    return &seen[known++];
}

/* Takes the events that come within a time. */
static void take_events(aigc_client *client, int64_t for_ms)
{
    int64_t end = now_ms() + for_ms;
    while (now_ms() < end) {
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 50, &event, NULL) || !event) continue;
        if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE) find(aigc_event_job_id(event))->done++;
        if (aigc_event_type(event) == AIGC_EVENT_JOB_ACCEPTED) find(aigc_event_job_id(event))->accepted++;
        aigc_event_free(event);
    }
}

/* Jobs are cancelled at every moment of their lives, some of them twice. */
static void at_any_moment(const char *provider)
{
    aigc_job *jobs[JOBS];
    aigc_client *client = test_client();
    int64_t slowest = 0;
    int once = 0, known_ids = 0, accepted = 0, cancelled = 0;
    aigc_client_event_fd(client);
    for (int i = 0; i < JOBS; i++) jobs[i] = test_submit(client, provider, i % 2 ? "[never]" : NULL);
    for (int i = 0; i < JOBS; i++) {
        if (i % 4 == 3) take_events(client, 50);
        int64_t start = now_ms();
        aigc_job_cancel(jobs[i]);
        if (aigc_job_wait(jobs[i], 5000, NULL) == AIGC_E_CANCELLED) cancelled++;
        if (now_ms() - start > slowest) slowest = now_ms() - start;
        if (i % 2) aigc_job_cancel(jobs[i]);
    }
    ok(cancelled >= JOBS / 2, "%s: %d of %d jobs were cancelled before they ended", provider, cancelled, JOBS);
    ok(slowest < 1000, "%s: the slowest cancel took %lld ms", provider, (long long)slowest);
    take_events(client, 1500);
    for (int i = 0; i < JOBS; i++) {
        struct seen *job = find(aigc_job_id(jobs[i]));
        once += job->done == 1;
        known_ids += (aigc_job_token(jobs[i]) != NULL) == (aigc_job_outcome(jobs[i]) == AIGC_OUTCOME_ACCEPTED);
        accepted += job->accepted == (aigc_job_token(jobs[i]) != NULL);
        aigc_job_cancel(jobs[i]);
        aigc_job_free(jobs[i]);
    }
    ok(once == JOBS, "%s: exactly one DONE for %d of %d jobs", provider, once, JOBS);
    ok(known_ids == JOBS, "%s: accepted jobs have a token, others have none (%d of %d)", provider, known_ids, JOBS);
    ok(accepted == JOBS, "%s: one ACCEPTED event for each accepted job (%d of %d)", provider, accepted, JOBS);
    take_events(client, 200);
    aigc_client_free(client);
}

static void only_here(const char *provider)
{
    aigc_error *error = NULL;
    aigc_job *again = NULL;
    aigc_client *client = test_client();
    aigc_job *job = test_submit(client, provider, NULL);
    wait_state(job, AIGC_STATE_PENDING, 20000);
    aigc_job_cancel(job);
    ok(wait_state(job, AIGC_STATE_SUCCEEDED, 100) == AIGC_STATE_CANCELLED, "%s: it is CANCELLED within 100 ms",
       provider);
    ok_status(aigc_job_wait(job, 5000, &error), AIGC_E_CANCELLED, &error, "%s: cancelled after it was accepted",
              provider);
    ok(aigc_job_outcome(job) == AIGC_OUTCOME_ACCEPTED, "%s: the outcome is still ACCEPTED", provider);
    ok_status(aigc_client_attach(client, aigc_job_token(job), 1, &again, &error), AIGC_OK, &error, "%s: attach it",
              provider);
    ok_status(aigc_job_wait(again, 60000, &error), AIGC_OK, &error, "%s: it kept running at the provider", provider);
    aigc_job_cancel(again);
    ok(aigc_job_state(again) == AIGC_STATE_SUCCEEDED, "%s: cancel after the end changes nothing", provider);
    aigc_job_free(again);
    aigc_job_free(job);
    aigc_client_free(client);
}

static void downloads(const char *provider)
{
    aigc_client *client = test_client();
    aigc_job *job = test_succeeded(client, provider), *download = NULL;
    char *folder = getenv("AIGC_TEST_DIR"), *path = scratch("cancelled-%s.*", provider);
    size_t before = entries(folder);
    int cancelled = 0, complete = 0;
    for (int i = 0; i < 20; i++) {
        if (aigc_job_download(job, 0, path, &download, NULL)) die("no download");
        sleep_ms(i);
        aigc_job_cancel(download);
        aigc_status status = aigc_job_wait(download, 5000, NULL);
        if (status == AIGC_E_CANCELLED) {
            cancelled++;
        } else if (status == AIGC_OK && file_size(aigc_job_path(download)) > 100) {
            complete++;
            unlink(aigc_job_path(download));
        } else {
            aigc_error *error = NULL;
            aigc_job_error(download, &error);
            ok(0, "%s: download %d: %s", provider, i, aigc_error_message(error) ? aigc_error_message(error) : "?");
            aigc_error_free(error);
        }
        aigc_job_free(download);
    }
    ok(cancelled + complete == 20, "%s: of 20 downloads %d were cancelled and %d complete", provider, cancelled,
       complete);
    aigc_job_free(job);
    aigc_client_free(client);
    ok(entries(folder) == before, "%s: and leaves no file (%zu entries, then %zu)", provider, before, entries(folder));
    free(path);
}

int main(void)
{
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        at_any_moment(providers[i]);
        only_here(providers[i]);
        downloads(providers[i]);
    }
    return finish();
}
