/* 16 threads share one client with many jobs in flight at once, each thread waiting for its own.
 * usage: threads16 PROVIDER JOBS (the runner has the sandbox take long enough for all to be in flight together) */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 16, MOST = 4096 };

static aigc_client *client;
static const char *provider;
static aigc_job *jobs[MOST];
static int job_count, succeeded, with_images;
static pthread_barrier_t all_submitted, counted;

static void *work(void *argument)
{
    int first = (int)(intptr_t)argument;
    for (int i = first; i < job_count; i += THREADS) jobs[i] = test_submit(client, provider, NULL);
    for (int i = first; i < job_count; i += THREADS) wait_state(jobs[i], AIGC_STATE_PENDING, 60000);
    pthread_barrier_wait(&all_submitted);
    pthread_barrier_wait(&counted);
    for (int i = first; i < job_count; i += THREADS) {
        aigc_error *error = NULL;
        if (aigc_job_wait(jobs[i], 120000, &error) == AIGC_OK) __atomic_add_fetch(&succeeded, 1, __ATOMIC_RELAXED);
        else ok(0, "%s: job %d: %s", provider, i, aigc_error_message(error) ? aigc_error_message(error) : "?");
        if (aigc_job_asset_count(jobs[i]) >= 1) __atomic_add_fetch(&with_images, 1, __ATOMIC_RELAXED);
        aigc_error_free(error);
        aigc_job_free(jobs[i]);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int in_flight = 0;
    provider = argc > 1 ? argv[1] : AIGC_TENCENT;
    job_count = argc > 2 ? atoi(argv[2]) : 100;
    if (job_count > MOST) die("at most %d jobs", MOST);
    pthread_barrier_init(&all_submitted, NULL, THREADS + 1);
    pthread_barrier_init(&counted, NULL, THREADS + 1);
    client = test_client();
    int64_t start = now_ms();
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
    pthread_barrier_wait(&all_submitted);
    for (int i = 0; i < job_count; i++) {
        int32_t state = aigc_job_state(jobs[i]);
        in_flight += state == AIGC_STATE_PENDING || state == AIGC_STATE_RUNNING;
    }
    ok(in_flight == job_count, "%s: %d of %d jobs in flight together after %lld ms", provider, in_flight, job_count,
       (long long)(now_ms() - start));
    ok(thread_count() <= THREADS + 1 + 8, "%s: %zu threads, 17 of them this program's", provider, thread_count());
    pthread_barrier_wait(&counted);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    ok(succeeded == job_count, "%s: %d of %d jobs succeeded", provider, succeeded, job_count);
    ok(with_images == job_count, "%s: %d of %d have images", provider, with_images, job_count);
    aigc_client_free(client);
    ok(thread_count() == 1, "%s: no thread is left", provider);
    return finish();
}
