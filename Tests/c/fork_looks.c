/* Promise 7: fork() in the middle of the first call of a process, made by another thread: the child makes a client of its
 * own. A first call is cut in two only for microseconds, so each try is a process of its own that forks a little later.
 * usage: fork_looks [TRIES of each function] */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {"aigc_config_describe", "aigc_build_info",  "aigc_operation_at",
                                    "aigc_request_describe", "aigc_status_text", "aigc_version_string",
                                    "aigc_client_next_event", "aigc_job_wait", "aigc_job_token", "aigc_job_cancel",
                                    "aigc_client_dispatch"};
enum { FUNCTIONS = sizeof names / sizeof *names, FIRST_OF_A_JOB = 6 };
static atomic_int goes;
static aigc_client *client;
static aigc_job *job;

static void ignore(const aigc_event *event, void *unused)
{
    (void)event;
    (void)unused;
}

static void call(int which)
{
    const char *name;
    aigc_status status;
    switch (which) {
    case 0: for (size_t i = 0; !aigc_config_describe(i, &name, NULL, NULL, NULL); i++) {} break;
    case 1: aigc_build_info(); break;
    case 2: for (size_t i = 0; !aigc_operation_at(i, &name, NULL, NULL, NULL); i++) {} break;
    case 3:
        for (size_t i = 0; !aigc_request_describe(AIGC_TENCENT, AIGC_TENCENT_IMAGE, i, &name, NULL, NULL, NULL, NULL); i++) {}
        break;
    case 4:
        aigc_status_text(AIGC_E_TLS);
        aigc_status_name(AIGC_E_TLS);
        aigc_status_at(3, &status);
        aigc_state_name(AIGC_STATE_RUNNING);
        break;
    case 5: aigc_version_string(); break;
    case 6: {
        aigc_event *event = NULL;
        aigc_client_next_event(client, 5, &event, NULL);
        aigc_event_type(event);
        aigc_event_free(event);
        break;
    }
    case 7: aigc_job_wait(job, 5, NULL); break;
    case 8:
        aigc_job_token(job);
        aigc_job_provider_state(job);
        aigc_job_asset_url(job, 0);
        break;
    case 9: aigc_job_cancel(job); break;
    default: aigc_client_dispatch(client, 5, ignore, NULL, NULL, NULL);
    }
}

static void *look(void *which)
{
    while (!atomic_load(&goes)) {}
    call(*(int *)which);
    return NULL;
}

/* The first calls of this process are those of the thread. Ends with 0 if the child has made what it needs. */
static int one_try(int which, long microseconds)
{
    pthread_t thread;
    struct timespec began, now;
    if (which >= FIRST_OF_A_JOB) {
        client = test_client();
        job = test_submit(client, AIGC_TENCENT, NULL);
    }
    if (pthread_create(&thread, NULL, look, &which)) return 2;
    usleep(300);
    clock_gettime(CLOCK_MONOTONIC, &began);
    atomic_store(&goes, 1);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - began.tv_sec) * 1000000L + (now.tv_nsec - began.tv_nsec) / 1000 < microseconds);
    pid_t child = fork();
    if (child == 0) {
        aigc_config *config = NULL;
        aigc_client *mine = NULL;
        aigc_request *request = NULL;
        alarm(20); /* a child that hangs is ended and seen */
        int failed = aigc_config_new(&config, NULL) || aigc_config_set(config, "profile", "none", NULL) ||
                     aigc_client_new(config, &mine, NULL) ||
                     aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, NULL) ||
                     aigc_request_set_string(request, "prompt", "a cat", NULL);
        if (which >= FIRST_OF_A_JOB) {
            client = test_client();
            job = test_submit(client, AIGC_TENCENT, NULL);
            for (int each = FIRST_OF_A_JOB; each < FUNCTIONS; each++) call(each);
        }
        _exit(failed);
    }
    int status = 1;
    waitpid(child, &status, 0);
    pthread_join(thread, NULL);
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 4) return one_try(atoi(argv[2]), atol(argv[3]));
    int tries = argc > 1 ? atoi(argv[1]) : 60;
    for (int which = 0; which < FUNCTIONS; which++) {
        int hangs = 0;
        for (int i = 0; i < tries && !hangs; i++) {
            char function[16], delay[16];
            snprintf(function, sizeof function, "%d", which);
            /* Most first calls take some ten microseconds, a few a millisecond. */
            snprintf(delay, sizeof delay, "%d", i * 37 % (i % 3 == 0 ? 60 : i % 3 == 1 ? 400 : 1500));
            pid_t pid = fork();
            if (pid == 0) {
                execl("/proc/self/exe", argv[0], "try", function, delay, (char *)NULL);
                _exit(3);
            }
            int status = 1;
            waitpid(pid, &status, 0);
            hangs += status != 0;
        }
        ok(hangs == 0, "a fork in the middle of %s", names[which]);
    }
    return finish();
}
