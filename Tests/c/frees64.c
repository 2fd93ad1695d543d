/* 64 threads on one client under traffic: each submits, refs, reads, cancels and frees whatever handles there are, in an
 * order of its own, while others take events; then the client goes while handles of all kinds are left, and these go in
 * any order, from any thread. usage: frees64 SEED */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, SHELF = 256, STEPS = 120 };

static aigc_client *client;
static pthread_mutex_t shelf_lock = PTHREAD_MUTEX_INITIALIZER;
static aigc_job *job_shelf[SHELF];
static aigc_event *event_shelf[SHELF];
static int submitted, done_events;
static unsigned seed;
static pthread_barrier_t all_began, client_gone;

/* Puts a job on the shelf in the place of another one, which is the caller's now. */
static aigc_job *swap_job(unsigned place, aigc_job *job)
{
    pthread_mutex_lock(&shelf_lock);
    aigc_job *before = job_shelf[place % SHELF];
    job_shelf[place % SHELF] = job;
    pthread_mutex_unlock(&shelf_lock);
    return before;
}

static aigc_event *swap_event(unsigned place, aigc_event *event)
{
    pthread_mutex_lock(&shelf_lock);
    aigc_event *before = event_shelf[place % SHELF];
    event_shelf[place % SHELF] = event;
    pthread_mutex_unlock(&shelf_lock);
    return before;
}

static void take_event(unsigned place)
{
    aigc_event *event = NULL;
    if (aigc_client_next_event(client, 0, &event, NULL) != AIGC_OK || !event) return;
    if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE) __atomic_add_fetch(&done_events, 1, __ATOMIC_RELAXED);
    aigc_event_free(swap_event(place, event));
}

static void read_job(aigc_job *job)
{
    const char *id = aigc_job_remote_id(job), *token = aigc_job_token(job);
    if ((id && !id[0]) || (token && strlen(token) > 256)) ok(0, "a handle says nonsense");
    aigc_job_state(job);
    aigc_job_provider_response(job);
    if (aigc_job_asset_count(job)) aigc_job_asset_id(job, 0);
}

static void step(unsigned *random)
{
    unsigned place = (unsigned)rand_r(random), what = (unsigned)rand_r(random) % 16;
    aigc_job *job = NULL, *other = NULL;
    if (what < 4) {
        aigc_request *request = test_request(providers[place % 2], what ? NULL : "[never]");
        if (aigc_client_submit(client, request, &job, NULL) == AIGC_OK) __atomic_add_fetch(&submitted, 1, __ATOMIC_RELAXED);
        aigc_request_free(request);
        aigc_job_free(swap_job(place, job));
        return;
    }
    if (what < 8) {
        take_event(place);
        return;
    }
    job = swap_job(place, NULL);
    read_job(job);
    if (what == 8) aigc_job_cancel(job);
    if (what == 9) aigc_job_wait(job, (int64_t)(place % 30), NULL);
    if (what == 10) {
        other = aigc_job_ref(job);
        aigc_job_free(swap_job((unsigned)rand_r(random), other));
    }
    if (what == 11 && aigc_job_download(job, 0, NULL, &other, NULL) == AIGC_OK) {
        __atomic_add_fetch(&submitted, 1, __ATOMIC_RELAXED);
        aigc_job_free(swap_job((unsigned)rand_r(random), other));
    }
    if (what == 12) aigc_job_refresh(job, 5, NULL);
    if (what == 13) aigc_job_set_user_data(job, &client);
    if (what < 14) aigc_job_free(swap_job(place, job));
    else
        aigc_job_free(job);
}

static void *life(void *argument)
{
    unsigned random = seed * 1000 + (unsigned)(intptr_t)argument;
    pthread_barrier_wait(&all_began);
    for (int i = 0; i < STEPS; i++) step(&random);
    pthread_barrier_wait(&client_gone); /* nobody uses the client any more */
    pthread_barrier_wait(&client_gone); /* it is gone */
    for (int i = 0; i < SHELF / 16; i++) {
        aigc_job *job = swap_job((unsigned)rand_r(&random), NULL);
        aigc_event *event = swap_event((unsigned)rand_r(&random), NULL);
        if (job) read_job(job);
        if (event && aigc_event_job(event)) read_job(aigc_event_job(event));
        if (i % 2) aigc_event_free(event);
        aigc_job_free(job);
        if (i % 2 == 0) aigc_event_free(event);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    size_t descriptors = open_descriptors(), own_threads = thread_count();
    client = test_client();
    aigc_client_event_fd(client);
    pthread_barrier_init(&all_began, NULL, THREADS);
    pthread_barrier_init(&client_gone, NULL, THREADS + 1);
    for (intptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, life, (void *)i)) die("no thread");
    pthread_barrier_wait(&client_gone);
    aigc_client_close(client, 5000);
    for (int before = -1; before != done_events;) { /* what is queued can be taken after a close */
        before = done_events;
        for (unsigned i = 0; i < 2 * SHELF; i++) take_event(i);
    }
    ok(done_events == submitted, "%d jobs and downloads of 64 threads, %d ends", submitted, done_events);
    ok(submitted > THREADS, "there were many");
    aigc_client_free(client);
    pthread_barrier_wait(&client_gone);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < SHELF; i++) {
        aigc_job_free(swap_job(i, NULL));
        aigc_event_free(swap_event(i, NULL));
    }
    ok(open_descriptors() == descriptors, "no descriptor is left (%zu, then %zu)", descriptors, open_descriptors());
    ok(thread_count() == own_threads, "no thread is left (%zu, then %zu)", own_threads, thread_count());
    return finish();
}
