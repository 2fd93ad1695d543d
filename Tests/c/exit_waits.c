/* exit_waits.c - exit() while threads begin jobs and wait for them: a handler of the host's that joins those threads is
 * not kept waiting, at whatever moment exit() comes. Each try is a process of its own. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 60, THREADS = 6 };

static aigc_client *client;
static pthread_t threads[THREADS];

/* Jobs that nobody follows, so that nothing but the cancel ends them. */
static void *work(void *unused)
{
    (void)unused;
    for (;;) {
        aigc_job *job = NULL;
        if (aigc_client_attach_id(client, AIGC_TENCENT, AIGC_TENCENT_IMAGE, "task-1", 0, &job, NULL)) break;
        aigc_job_cancel(job);
        aigc_status status = aigc_job_wait(job, AIGC_FOREVER, NULL);
        aigc_job_free(job);
        if (status == AIGC_E_CLOSED) break;
    }
    return NULL;
}

static void join(void)
{
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static void live(int microseconds)
{
    alarm(10);
    atexit(join); /* before the library's own: runs after it */
    client = test_client();
    aigc_job *first = NULL; /* with it the library registers its own */
    if (aigc_client_attach_id(client, AIGC_TENCENT, AIGC_TENCENT_IMAGE, "task-1", 0, &first, NULL)) die("attach");
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, NULL);
    usleep((useconds_t)microseconds);
    exit(0);
}

int main(void)
{
    int good = 0;
    int64_t start = now_ms();
    for (int i = 0; i < TRIES; i++) {
        int status = -1;
        fflush(stdout); /* or the child prints it too */
        pid_t child = fork();
        if (child == 0) live(2000 + i * 331);
        if (child > 0 && waitpid(child, &status, 0) == child && status == 0) good++;
        else printf("# try %d: status %d\n", i, status);
    }
    ok(good == TRIES, "%d of %d exits released the waiting threads", good, TRIES);
    /* A thread that is not released checks by itself whether its engine still runs: once a second. */
    ok(now_ms() - start < TRIES * 500, "at once (%d exits took %lld ms)", TRIES, (long long)(now_ms() - start));
    return finish();
}
