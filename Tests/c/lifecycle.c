/* Promise 4: every handle has its own _free, in any order. Promise 2: events come on the caller's thread. */
#include "support.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static int readable(int descriptor)
{
    struct pollfd wanted = {descriptor, POLLIN, 0};
    return poll(&wanted, 1, 0) == 1;
}

static void client_first(const char *provider)
{
    aigc_error *error = NULL;
    aigc_event *event = NULL;
    aigc_client *client = test_client();
    aigc_client_event_fd(client);
    aigc_job *job = test_succeeded(client, provider), *running = test_submit(client, provider, "[never]");
    aigc_job *download = NULL, *again;
    aigc_buffer *buffer = NULL;
    ok_status(aigc_job_download(job, 0, NULL, &download, &error), AIGC_OK, &error, "%s: download", provider);
    ok_status(aigc_job_wait(download, 30000, &error), AIGC_OK, &error, "%s: it comes", provider);
    ok_status(aigc_job_take_buffer(download, &buffer, &error), AIGC_OK, &error, "%s: its bytes", provider);
    aigc_job_free(download);
    ok_status(aigc_client_next_event(client, 1000, &event, &error), AIGC_OK, &error, "%s: an event", provider);
    again = aigc_job_ref(job);
    ok(again == job && again, "%s: another handle", provider);

    aigc_client_free(client);

    ok(aigc_job_state(job) == AIGC_STATE_SUCCEEDED && aigc_job_asset_count(job) >= 1, "%s: the job is readable",
       provider);
    ok(aigc_job_token(job) != NULL && strlen(aigc_job_token(job)) <= 256, "%s: its token too", provider);
    ok(aigc_job_state(running) == AIGC_STATE_CANCELLED, "%s: the running job ended", provider);
    ok_status(aigc_job_wait(running, 0, &error), AIGC_E_CANCELLED, &error, "%s: as cancelled", provider);
    ok(aigc_event_type(event) != AIGC_EVENT_NONE && aigc_event_job(event), "%s: the event is readable", provider);
    ok_status(aigc_job_download(job, 0, NULL, &download, &error), AIGC_E_CLOSED, &error, "%s: no new download",
              provider);
    ok(download == NULL, "%s: no handle on failure", provider);
    aigc_job_cancel(running);
    aigc_job_free(job);
    ok(aigc_job_state(again) == AIGC_STATE_SUCCEEDED, "%s: the other handle lives on", provider);
    aigc_job_free(again);
    aigc_job_free(running);
    ok(aigc_event_job_id(event) != 0 && aigc_job_state(aigc_event_job(event)) != AIGC_STATE_NONE,
       "%s: so does the event's job", provider);
    aigc_event_free(event);
    ok(aigc_buffer_size(buffer) > 100 && strncmp(aigc_buffer_content_type(buffer), "image/", 6) == 0,
       "%s: the buffer is the last to go", provider);
    aigc_buffer_free(buffer);
}

/* Every handle is freed before its job has ended: the events still come. */
static void everything_at_once(const char *provider)
{
    aigc_config *config = test_config();
    aigc_client *client = NULL;
    aigc_error *error = NULL;
    aigc_job *job = NULL, *second = NULL;
    aigc_event *event = NULL;
    int done = 0;
    if (aigc_client_new(config, &client, &error)) die("no client");
    aigc_config_free(config);
    ok(aigc_client_event_fd(client) >= 0, "%s: an event descriptor", provider);
    aigc_request *request = test_request(provider, NULL);
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "%s: submit", provider);
    ok_status(aigc_client_submit(client, request, &second, &error), AIGC_OK, &error, "%s: the same request again",
              provider);
    aigc_request_free(request);
    ok(aigc_job_id(job) != aigc_job_id(second) && aigc_job_id(job), "%s: two jobs", provider);
    aigc_job_set_user_data(job, &done);
    aigc_job_free(job);
    aigc_job_free(second);
    for (int64_t end = now_ms() + 60000; done < 2 && now_ms() < end;) {
        ok_status(aigc_client_next_event(client, 1000, &event, &error), AIGC_OK, &error, "%s: next event", provider);
        if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE) {
            done++;
            if (aigc_job_user_data(aigc_event_job(event)) == &done) ok(1, "%s: the user data came along", provider);
            ok(aigc_event_status(event) == AIGC_OK && aigc_event_state(event) == AIGC_STATE_SUCCEEDED,
               "%s: it succeeded", provider);
            ok(strcmp(aigc_event_provider(event), provider) == 0, "%s: the event names the provider", provider);
        }
        aigc_event_free(event);
    }
    ok(done == 2, "%s: jobs without a handle end and tell", provider);
    aigc_client_free(client);
}

static void *wait_for_it(void *argument)
{
    return (void *)(intptr_t)aigc_job_wait(argument, 30000, NULL);
}

static void free_under_a_wait(void)
{
    pthread_t thread;
    void *status = NULL;
    aigc_client *client = test_client();
    aigc_job *job = test_submit(client, AIGC_TENCENT, "[never]");
    pthread_create(&thread, NULL, wait_for_it, job);
    wait_state(job, AIGC_STATE_PENDING, 10000);
    int64_t start = now_ms();
    aigc_client_free(client);
    pthread_join(thread, &status);
    ok((intptr_t)status == AIGC_E_CANCELLED, "a wait ends when the client is freed (%s)",
       aigc_status_name((aigc_status)(intptr_t)status));
    ok(now_ms() - start < 8000, "soon: after %lld ms", (long long)(now_ms() - start));
    aigc_job_free(job);
}

static size_t handled_events;
static pthread_t handler_thread;

static void handler(const aigc_event *event, void *user_data)
{
    handled_events++;
    handler_thread = pthread_self();
    if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE) *(int *)user_data = 1;
}

static void events(void)
{
    aigc_error *error = NULL;
    aigc_event *event = (aigc_event *)&error;
    aigc_client *client = test_client();
    size_t handled = 99, total = 0;
    int done = 0;
    int32_t descriptor = aigc_client_event_fd(client);
    ok(descriptor >= 0 && !readable(descriptor), "the descriptor is not readable at first");
    ok(aigc_client_event_fd(client) == descriptor, "it stays the same");
    ok_status(aigc_client_next_event(client, 0, &event, &error), AIGC_OK, &error, "no event without waiting");
    ok(event == NULL, "none came");
    aigc_client_wake(client);
    int64_t start = now_ms();
    ok_status(aigc_client_next_event(client, 20000, &event, &error), AIGC_OK, &error, "a wake before the wait ends it");
    ok(event == NULL && now_ms() - start < 5000, "at once");
    aigc_job *job = test_submit(client, AIGC_TENCENT, NULL);
    while (!done && now_ms() - start < 60000) {
        ok_status(aigc_client_dispatch(client, 1000, handler, &done, &handled, &error), AIGC_OK, &error, "dispatch");
        total += handled;
    }
    ok(done && total == handled_events, "dispatch handed over %zu events, the last one DONE", total);
    ok(pthread_equal(handler_thread, pthread_self()), "on the caller's thread");
    ok(!readable(descriptor), "the descriptor is quiet when all are taken");
    aigc_job *never = test_submit(client, AIGC_TENCENT, "[never]");
    aigc_job_cancel(never);
    aigc_client_close(client, 1000);
    ok(readable(descriptor), "queued events can be taken after close");
    ok_status(aigc_client_next_event(client, 0, &event, &error), AIGC_OK, &error, "take one");
    ok(event != NULL, "there it is");
    aigc_event_free(event);
    aigc_client_close(client, 1000);
    aigc_client_free(client);
    aigc_job_free(never);
    aigc_job_free(job);
}

static void *takes_events(void *argument)
{
    aigc_client *client = argument;
    aigc_event *event = NULL;
    aigc_status status;
    int64_t turns = 0;
    while ((status = aigc_client_next_event(client, AIGC_FOREVER, &event, NULL)) == AIGC_OK) {
        aigc_event_free(event);
        turns++;
    }
    return (void *)(intptr_t)(status == AIGC_E_CLOSED && turns < 100 ? 1 : 0);
}

/* A loop that waits for events ends with the client, instead of spinning; one that only looks is told that none is. */
static void events_after_the_end(int with_a_job)
{
    aigc_error *error = NULL;
    aigc_event *event = NULL;
    aigc_client *client = test_client();
    aigc_job *job = NULL;
    pthread_t thread;
    void *good = NULL;
    const char *what = with_a_job ? "closed with a job" : "closed before the first job";
    aigc_client_event_fd(client);
    if (with_a_job) job = test_submit(client, AIGC_TENCENT, "[never]");
    if (pthread_create(&thread, NULL, takes_events, client)) return;
    usleep(100000);
    aigc_client_close(client, 1000);
    pthread_join(thread, &good);
    ok(good != NULL, "%s: a thread that takes events ends with AIGC_E_CLOSED", what);
    ok_status(aigc_client_next_event(client, AIGC_FOREVER, &event, &error), AIGC_E_CLOSED, &error, "%s: next", what);
    ok_status(aigc_client_next_event(client, 20000, &event, &error), AIGC_E_CLOSED, &error, "%s: for a time", what);
    ok_status(aigc_client_next_event(client, 0, &event, &error), AIGC_OK, &error, "%s: without waiting", what);
    aigc_status status = aigc_client_dispatch(client, AIGC_FOREVER, handler, &good, NULL, &error);
    ok_status(status, AIGC_E_CLOSED, &error, "%s: dispatch", what);
    status = aigc_client_dispatch(client, 0, handler, &good, NULL, &error);
    ok_status(status, AIGC_OK, &error, "%s: dispatch without waiting", what);
    ok(event == NULL, "%s: no event", what);
    aigc_job_free(job);
    aigc_client_free(client);
}

static void no_leaks(void)
{
    aigc_client_free(test_client());
    size_t descriptors = open_descriptors(), threads = thread_count();
    for (int i = 0; i < 100; i++) aigc_client_free(test_client());
    ok(open_descriptors() == descriptors, "100 clients leave no descriptor (%zu, then %zu)", descriptors,
       open_descriptors());
    for (int i = 0; i < 10; i++) {
        aigc_client *client = test_client();
        aigc_job *job = test_succeeded(client, providers[i % 2]);
        aigc_client_free(client);
        aigc_job_free(job);
    }
    ok(open_descriptors() == descriptors, "10 clients with jobs leave no descriptor (%zu, then %zu)", descriptors,
       open_descriptors());
    ok(thread_count() == threads, "nor a thread (%zu, then %zu)", threads, thread_count());
}

int main(void)
{
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        client_first(providers[i]);
        everything_at_once(providers[i]);
    }
    free_under_a_wait();
    events();
    events_after_the_end(0);
    events_after_the_end(1);
    no_leaks();
    return finish();
}
