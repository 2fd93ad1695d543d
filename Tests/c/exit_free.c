/* exit_free.c - a host frees its client while exit() is under way already: in a handler that it registered before the library
 * did, or in the destructor of a global. Everything returns.
 * usage: exit_free [closing]: exit() comes while another thread closes the client, with a submission on the wire */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static aigc_client *client;
static aigc_job *job;

static void clean_up(void)
{
    aigc_error *error = NULL;
    aigc_event *event = NULL;
    int64_t start = now_ms();
    ok_status(aigc_job_wait(job, AIGC_FOREVER, &error), AIGC_E_CLOSED, &error, "a wait for a job that nobody follows any more");
    while (aigc_client_next_event(client, AIGC_FOREVER, &event, NULL) == AIGC_OK && event) {
        aigc_event_free(event);
        event = NULL;
    }
    ok(1, "a wait for events ends");
    ok_status(aigc_job_refresh(job, AIGC_FOREVER, &error), AIGC_E_CLOSED, &error, "a refresh that nobody makes any more");
    aigc_client_close(client, 60000);
    aigc_client_free(client);
    aigc_job_free(job);
    ok(now_ms() - start < 15000, "client and job are freed");
    fflush(stdout);
    _exit(finish() ? 1 : (fflush(stdout), 0));
}

static pthread_t closer;

static void *close_it(void *unused)
{
    (void)unused;
    aigc_client_close(client, 3000);
    return NULL;
}

static void join_closer(void)
{
    int64_t start = now_ms();
    pthread_join(closer, NULL);
    ok(now_ms() - start < 15000, "a thread that closes the client returns");
    aigc_client_close(client, 60000);
    aigc_client_free(client);
    aigc_job_free(job);
    ok(1, "client and job are freed");
    fflush(stdout);
    _exit(finish() ? 1 : (fflush(stdout), 0));
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        atexit(join_closer);
        (void)argv;
        client = test_client();
        job = test_submit(client, AIGC_TENCENT, NULL);
        wait_state(job, AIGC_STATE_SUBMITTING, 20000);
        sleep_ms(200);
        if (pthread_create(&closer, NULL, close_it, NULL)) die("pthread_create");
        sleep_ms(300);
        return 0;
    }
    atexit(clean_up); /* before the library's own: runs after it */
    client = test_client();
    job = test_submit(client, AIGC_TENCENT, "[never]");
    wait_state(job, AIGC_STATE_PENDING, 20000);
    return 0;
}
