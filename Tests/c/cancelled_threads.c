/* A host ends one of its threads by pthread_cancel() while the thread is inside a call: the call is finished first, and
 * nothing of the library stays held. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum call { WAIT, NEXT_EVENT, DISPATCH, SUBMIT, CLOSE, CALLS };

static const char *const names[CALLS] = {"aigc_job_wait", "aigc_client_next_event", "aigc_client_dispatch",
                                         "aigc_client_submit with a journal", "aigc_client_close"};

static aigc_client *client;
static aigc_job *job;
static enum call tried;
static volatile int is_inside;

static void on_event(const aigc_event *event, void *context)
{
    (void)event;
    (void)context;
}

static void *body(void *context)
{
    (void)context;
    is_inside = 1;
    for (;;) {
        aigc_event *event = NULL;
        aigc_job *made = NULL;
        switch (tried) {
        case WAIT: aigc_job_wait(job, AIGC_FOREVER, NULL); break;
        case NEXT_EVENT: aigc_client_next_event(client, 200, &event, NULL); break;
        case DISPATCH: aigc_client_dispatch(client, 200, on_event, NULL, NULL, NULL); break;
        case SUBMIT: {
            aigc_request *request = test_request("tencent", NULL);
            aigc_client_submit(client, request, &made, NULL);
            aigc_request_free(request);
            break;
        }
        default: aigc_client_close(client, 500); break;
        }
        aigc_event_free(event);
        aigc_job_free(made);
        pthread_testcancel();
    }
    return NULL;
}

static void try_call(enum call call, int pause_ms)
{
    char *folder = scratch("journal-%d-%d", (int)call, pause_ms);
    pthread_t thread;
    void *result = NULL;
    tried = call;
    is_inside = 0;
    client = call == SUBMIT ? test_client_with("journal.path", folder) : test_client();
    job = test_submit(client, "tencent", NULL);
    if (pthread_create(&thread, NULL, body, NULL) != 0) die("no thread");
    while (!is_inside) sleep_ms(1);
    sleep_ms(pause_ms);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    ok(result == PTHREAD_CANCELED, "%s: the thread is cancelled behind its call", names[call]);
    if (call != CLOSE) {
        aigc_error *error = NULL;
        aigc_event *event = NULL;
        aigc_status status = aigc_job_wait(job, 60000, &error);
        ok_status(status, AIGC_OK, &error, "%s: another thread waits for the job", names[call]);
        status = aigc_client_next_event(client, 0, &event, &error);
        ok(status == AIGC_OK || status == AIGC_E_TIMEOUT, "%s: and takes events", names[call]);
        aigc_error_free(error);
        aigc_event_free(event);
    }
    pid_t child = fork();
    if (child == 0) _exit(0);
    ok(child > 0 && waitpid(child, NULL, 0) == child, "%s: fork() returns", names[call]);
    aigc_client_close(client, 10000);
    aigc_client_free(client);
    ok(1, "%s: and close", names[call]);
    aigc_job_free(job);
    free(folder);
}

int main(void)
{
    alarm(240); /* what is held for good ends this program */
    for (int call = 0; call < CALLS; call++)
        for (int pause = 0; pause < 3; pause++) try_call(call, pause * 37);
    return finish();
}
