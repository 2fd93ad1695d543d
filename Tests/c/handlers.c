/* What a handler of aigc_client_dispatch() may do: cancel, free, wait, download, dispatch again, close the client. And
 * what several threads may do to one client at once: take its events, close it. */
#include "support.h"

#include <pthread.h>
#include <string.h>

enum { JOBS = 8, MOST_EVENTS = 5 }; /* so many kinds of events does a job have */

static aigc_client *client;
static aigc_job *jobs[JOBS];
static int done_events[JOBS], other_events, calls;

static void count(const aigc_event *event)
{
    for (int i = 0; i < JOBS; i++)
        if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE && jobs[i] && aigc_event_job_id(event) == aigc_job_id(jobs[i])) {
            __atomic_add_fetch(&done_events[i], 1, __ATOMIC_RELAXED);
            return;
        }
    __atomic_add_fetch(&other_events, 1, __ATOMIC_RELAXED);
}

static void begin(const char *words)
{
    client = test_client();
    aigc_client_event_fd(client);
    memset(done_events, 0, sizeof done_events);
    other_events = calls = 0;
    for (int i = 0; i < JOBS; i++) jobs[i] = test_submit(client, providers[i % 2], words);
}

static int ended_once(void)
{
    int good = 0;
    for (int i = 0; i < JOBS; i++) good += __atomic_load_n(&done_events[i], __ATOMIC_RELAXED) == 1;
    return good;
}

static void end(const char *what)
{
    ok(ended_once() == JOBS, "%s: %d of %d jobs ended with one event each", what, ended_once(), JOBS);
    for (int i = 0; i < JOBS; i++) aigc_job_free(jobs[i]);
    aigc_client_free(client);
}

static void dispatch_all(aigc_event_handler handler, const char *what)
{
    aigc_error *error = NULL;
    aigc_status status = AIGC_OK;
    for (int64_t limit = now_ms() + 60000; ended_once() < JOBS && now_ms() < limit && status == AIGC_OK;)
        status = aigc_client_dispatch(client, 100, handler, NULL, NULL, &error);
    ok_status(status, AIGC_OK, &error, "%s: dispatch", what);
}

/* The first job that is accepted takes all with it, itself included, twice. */
static void cancel_all(const aigc_event *event, void *user_data)
{
    (void)user_data;
    count(event);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < JOBS; i++) aigc_job_cancel(jobs[i]);
    aigc_job_cancel(aigc_event_job(event));
}

/* The event's job is the event's: no handle of the host is needed for it. */
static void free_handles(const aigc_event *event, void *user_data)
{
    (void)user_data;
    count(event);
    for (int i = 0; i < JOBS; i++) {
        aigc_job *again = aigc_job_ref(jobs[i]);
        aigc_job_free(jobs[i]);
        jobs[i] = again;
    }
    if (!aigc_event_job(event) || aigc_job_id(aigc_event_job(event)) != aigc_event_job_id(event))
        ok(0, "an event without its job");
}

static void close_client(const aigc_event *event, void *user_data)
{
    (void)user_data;
    count(event);
    if (calls++ == 0) aigc_client_close(client, 2000);
}

static void work(const aigc_event *event, void *user_data)
{
    aigc_error *error = NULL;
    (void)user_data;
    count(event);
    calls++;
    if (aigc_event_type(event) != AIGC_EVENT_JOB_DONE || aigc_event_state(event) != AIGC_STATE_SUCCEEDED) return;
    aigc_job *job = aigc_event_job(event), *download = NULL;
    if (!aigc_job_asset_count(job)) return; /* a download */
    ok_status(aigc_job_wait(job, 0, &error), AIGC_OK, &error, "in a handler: wait");
    ok_status(aigc_job_download(job, 0, NULL, &download, &error), AIGC_OK, &error, "in a handler: download");
    ok_status(aigc_job_wait(download, 30000, &error), AIGC_OK, &error, "in a handler: it comes");
    aigc_job_free(download);
    aigc_client_wake(client);
}

static void dispatch_again(const aigc_event *event, void *user_data)
{
    aigc_event *next = NULL;
    count(event);
    if (*(int *)user_data >= 5) return;
    ++*(int *)user_data;
    aigc_client_dispatch(client, 10, dispatch_again, user_data, NULL, NULL);
    if (aigc_client_next_event(client, 0, &next, NULL) == AIGC_OK && next) {
        count(next);
        aigc_event_free(next);
    }
    --*(int *)user_data;
}

static void dispatch_deeply(const aigc_event *event, void *user_data)
{
    int depth = 0;
    (void)user_data;
    dispatch_again(event, &depth);
}

/* A host that keeps so many jobs going submits the next one where the last one ends. dispatch() hands out what is queued
 * now: it must come back although there is always something new. */
static int replaced;
static void replace(const aigc_event *event, void *user_data)
{
    (void)user_data;
    if (aigc_event_type(event) != AIGC_EVENT_JOB_DONE || replaced >= 100) return;
    replaced++;
    aigc_job *job = test_submit(client, AIGC_TENCENT, "[never]");
    aigc_job_cancel(job);
    aigc_job_wait(job, 10000, NULL); /* its events are there when this handler returns */
    aigc_job_free(job);
}

static void comes_back(void)
{
    aigc_error *error = NULL;
    size_t handled = 0;
    begin(NULL);
    for (int i = 0; i < JOBS; i++) aigc_job_wait(jobs[i], 60000, NULL);
    ok_status(aigc_client_dispatch(client, 0, replace, NULL, &handled, &error), AIGC_OK, &error, "busy: dispatch");
    ok(handled >= JOBS && handled <= JOBS * MOST_EVENTS, "busy: dispatch hands out what was queued, and returns (%zu)",
       handled);
    for (int i = 0; i < JOBS; i++) aigc_job_free(jobs[i]);
    aigc_client_free(client);
}

static void *take_events(void *argument)
{
    (void)argument;
    for (int64_t limit = now_ms() + 60000; ended_once() < JOBS && now_ms() < limit;) {
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 20, &event, NULL) == AIGC_OK && event) count(event);
        aigc_event_free(event);
    }
    return NULL;
}

struct closing {
    int64_t grace, took;
};

static void *close_it(void *argument)
{
    struct closing *closing = argument;
    int64_t start = now_ms();
    aigc_client_close(client, closing->grace);
    closing->took = now_ms() - start;
    return NULL;
}

/* A close in a hurry does not wait for the patience of another one. */
static void closed_by_two(const char *what, int64_t first, int64_t second)
{
    struct closing closings[2] = {{first, 0}, {second, 0}};
    pthread_t threads[2];
    client = test_client();
    aigc_job *job = test_submit(client, AIGC_TENCENT, "[slow]");
    wait_state(job, AIGC_STATE_SUBMITTING, 10000);
    sleep_ms(200); /* it is on the wire: the runner has the sandbox answer late */
    pthread_create(&threads[0], NULL, close_it, &closings[0]);
    sleep_ms(100);
    pthread_create(&threads[1], NULL, close_it, &closings[1]);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    int64_t least = first < second ? first : second;
    ok(closings[1].took <= least + 2000, "%s: the second close returns in its time (%lld ms)", what,
       (long long)closings[1].took);
    ok(closings[0].took <= first + 2000, "%s: so does the first (%lld ms)", what, (long long)closings[0].took);
    ok(aigc_job_state(job) == AIGC_STATE_CANCELLED, "%s: the job has ended", what);
    ok(aigc_job_outcome(job) == AIGC_OUTCOME_UNKNOWN, "%s: what came of it is not known", what);
    aigc_job_free(job);
    aigc_client_free(client);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "closes") == 0) {
        closed_by_two("patient, then in a hurry", 12000, 100);
        closed_by_two("in a hurry, then patient", 100, 12000);
        return finish();
    }
    begin("[never]");
    dispatch_all(cancel_all, "cancel in a handler");
    end("cancel in a handler");
    begin(NULL);
    dispatch_all(free_handles, "frees in a handler");
    end("frees in a handler");
    begin(NULL);
    dispatch_all(close_client, "close in a handler");
    ok(calls > 1, "close in a handler: events that were queued still come (%d)", calls);
    end("close in a handler");
    begin(NULL);
    dispatch_all(work, "work in a handler");
    end("work in a handler");
    begin(NULL);
    dispatch_all(dispatch_deeply, "dispatch in a handler");
    end("dispatch in a handler");
    comes_back();
    begin(NULL);
    pthread_t threads[JOBS];
    for (int i = 0; i < JOBS; i++) pthread_create(&threads[i], NULL, take_events, NULL);
    for (int i = 0; i < JOBS; i++) pthread_join(threads[i], NULL);
    end("events taken by 8 threads");
    return finish();
}
