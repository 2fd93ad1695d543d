/* A host whose timer signals a thousand times a second, without SA_RESTART: no call of the library is cut short by it,
 * no handler runs on a thread of the library, and a whole life of jobs and downloads is as ever. */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 4 };

static volatile int signals, strangers;
static __thread int is_ours;

static void interrupt(int number)
{
    (void)number;
    int before = errno;
    __atomic_add_fetch(&signals, 1, __ATOMIC_RELAXED);
    if (!is_ours) __atomic_add_fetch(&strangers, 1, __ATOMIC_RELAXED);
    errno = before;
}

static aigc_client *client;
static int succeeded, fetched, waits_cut;
static pid_t thread_ids[THREADS];
static int over;

/* From here on this thread takes signals: it is started with all of them blocked. */
static void open_up(void)
{
    sigset_t none;
    is_ours = 1;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void *life(void *argument)
{
    intptr_t number = (intptr_t)argument;
    open_up();
    __atomic_store_n(&thread_ids[number], (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
    for (int round = 0; round < ROUNDS; round++) {
        aigc_error *error = NULL;
        char *path = scratch("%d-%d.*", (int)number, round);
        aigc_job *download = NULL, *never = test_submit(client, providers[round % 2], "[never]");
        int64_t start = now_ms();
        if (aigc_job_wait(never, 300, NULL) != AIGC_E_TIMEOUT || now_ms() - start < 300)
            __atomic_add_fetch(&waits_cut, 1, __ATOMIC_RELAXED);
        aigc_job_cancel(never);
        aigc_job_free(never);
        aigc_job *job = test_submit(client, providers[round % 2], NULL);
        if (aigc_job_wait(job, 60000, &error) == AIGC_OK) __atomic_add_fetch(&succeeded, 1, __ATOMIC_RELAXED);
        else
            ok(0, "%s: %s", providers[round % 2], aigc_error_message(error));
        aigc_error_free(error);
        error = NULL;
        if (aigc_job_download(job, 0, round % 2 ? path : NULL, &download, &error) == AIGC_OK &&
            aigc_job_wait(download, 60000, &error) == AIGC_OK)
            __atomic_add_fetch(&fetched, 1, __ATOMIC_RELAXED);
        else
            ok(0, "%s: download: %s", providers[round % 2], aigc_error_message(error));
        aigc_error_free(error);
        aigc_job_free(download);
        aigc_job_free(job);
        free(path);
    }
    return NULL;
}

/* setitimer() reaches one thread at a time, mostly the first one: this reaches those that wait. */
static void *bombard(void *argument)
{
    (void)argument;
    open_up();
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        for (int i = 0; i < THREADS; i++) {
            pid_t id = __atomic_load_n(&thread_ids[i], __ATOMIC_ACQUIRE);
            if (id) syscall(SYS_tgkill, getpid(), id, SIGUSR1);
        }
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

int main(void)
{
    struct sigaction action;
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    pthread_t threads[THREADS], bomber;
    aigc_event *event = NULL;
    aigc_error *error = NULL;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt; /* and no SA_RESTART */
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    client = test_client();
    for (intptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, life, (void *)i);
    pthread_create(&bomber, NULL, bombard, NULL);
    open_up();
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    __atomic_store_n(&over, 1, __ATOMIC_RELEASE);
    pthread_join(bomber, NULL);
    while (aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event) aigc_event_free(event);
    int64_t start = now_ms();
    ok_status(aigc_client_next_event(client, 300, &event, &error), AIGC_OK, &error, "the first thread waits for an event");
    ok(event == NULL && now_ms() - start >= 300, "as long as it said: %lld ms", (long long)(now_ms() - start));
    aigc_client_free(client);
    setitimer(ITIMER_REAL, &none, NULL);
    ok(signals > 1000, "%d signals were handled meanwhile", signals);
    ok(strangers == 0, "none of them on a thread of the library (%d)", strangers);
    ok(waits_cut == 0, "no wait was cut short (%d)", waits_cut);
    ok(succeeded == THREADS * ROUNDS, "%d of %d jobs succeeded", succeeded, THREADS * ROUNDS);
    ok(fetched == THREADS * ROUNDS, "%d of %d images came", fetched, THREADS * ROUNDS);
    return finish();
}
