/* fork() in a signal handler, as crash reporters do: the thread that is interrupted may be anywhere in the library, with
 * its lock. No fork hangs, and the parent continues. usage: fork_handler FORKS */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3, JOBS = 6 };

static aigc_client *client;
static aigc_job *jobs[JOBS];
static volatile int over, forks, bad;
static int64_t longest;

static void report_crash(int number)
{
    int before = errno, status = 0;
    int64_t start = now_ms();
    pid_t child = fork();
    (void)number;
    if (child == 0) _exit(0);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (child < 0 || status) __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
    int64_t took = now_ms() - start;
    if (took > __atomic_load_n(&longest, __ATOMIC_RELAXED)) __atomic_store_n(&longest, took, __ATOMIC_RELAXED);
    __atomic_add_fetch(&forks, 1, __ATOMIC_RELAXED);
    errno = before;
}

/* Is inside the library, with its lock, nearly all of the time, and never in malloc: glibc's own fork() waits for ever for a
 * lock of malloc that the interrupted thread holds, whoever called it. */
static void *busy(void *argument)
{
    (void)argument;
    while (!over)
        for (int i = 0; i < JOBS; i++) {
            int64_t received, total;
            aigc_job_state(jobs[i]);
            aigc_job_outcome(jobs[i]);
            aigc_job_progress(jobs[i]);
            aigc_job_bytes(jobs[i], &received, &total);
        }
    return NULL;
}

/* Keeps the engine busy meanwhile; takes no signal. */
static void *refreshes(void *argument)
{
    sigset_t all;
    (void)argument;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    while (!over)
        for (int i = 0; i < JOBS; i++) {
            aigc_event *event = NULL;
            aigc_job_refresh(jobs[i], 0, NULL);
            aigc_client_next_event(client, 1, &event, NULL);
            aigc_event_free(event);
        }
    return NULL;
}

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? atoi(argv[1]) : 100;
    pthread_t threads[THREADS], refresher;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = report_crash;
    sigaction(SIGUSR1, &action, NULL);
    client = test_client();
    for (int i = 0; i < JOBS; i++) jobs[i] = test_submit(client, providers[i % 2], "[never]");
    for (int i = 0; i < JOBS; i++) wait_state(jobs[i], AIGC_STATE_PENDING, 20000);
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, busy, NULL);
    pthread_create(&refresher, NULL, refreshes, NULL);
    for (int i = 0; i < wanted; i++) {
        int seen = forks;
        pthread_kill(threads[i % THREADS], SIGUSR1);
        for (int64_t limit = now_ms() + 20000; forks == seen && now_ms() < limit;) sleep_ms(1);
        if (forks == seen) die("fork %d in a handler hangs", i);
    }
    over = 1;
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    pthread_join(refresher, NULL);
    ok(forks == wanted && bad == 0, "%d forks in a handler, %d bad, the longest took %lld ms", forks, bad,
       (long long)longest);
    for (int i = 0; i < JOBS; i++) aigc_job_free(jobs[i]);
    aigc_error *error = NULL;
    aigc_job *job = test_submit(client, AIGC_TENCENT, NULL);
    ok_status(aigc_job_wait(job, 60000, &error), AIGC_OK, &error, "the parent continues");
    aigc_job_free(job);
    aigc_client_free(client);
    return finish();
}
