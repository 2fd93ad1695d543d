/* Promise 7: fork() waits until no thread of the library, and no call of the host, is where a child would find a lock held:
 * in a call long after the first ones, and in OpenSSL's tidying up when a thread of the library has done its work. The
 * program stands in the way of two functions, and sees whether a fork waits for them. */
#include "support.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 600, HELD_MS = 300, PATIENCE_MS = 60000 };
enum { FREE, AWAITED, ENTERED, LEFT };

static const char *awaited; /* the name of a thread, or of a function; written before `place` becomes AWAITED */
static atomic_int place = FREE;

static void stand_still(const char *name)
{
    int expected = AWAITED;
    if (atomic_load(&place) != AWAITED || strcmp(awaited, name)) return;
    if (!atomic_compare_exchange_strong(&place, &expected, ENTERED)) return;
    sleep_ms(HELD_MS);
    atomic_store(&place, LEFT);
}

/* The library's own calls of these two come here. */
int eventfd(unsigned int count, int flags)
{
    stand_still("eventfd");
    return (int)syscall(SYS_eventfd2, count, flags);
}

void OPENSSL_thread_stop(void)
{
    char name[16] = "";
    void (*real)(void) = (void (*)(void))(intptr_t)dlsym(RTLD_NEXT, "OPENSSL_thread_stop");
    pthread_getname_np(pthread_self(), name, sizeof name);
    stand_still(name);
    if (real) real();
}

static void *make_client(void *unused)
{
    (void)unused;
    aigc_client_free(test_client());
    return NULL;
}

static void *run_job(void *unused)
{
    (void)unused;
    aigc_client *client = test_client();
    aigc_job *job = test_succeeded(client, AIGC_TENCENT), *download = NULL;
    if (!aigc_job_download(job, 0, scratch("picture"), &download, NULL)) aigc_job_wait(download, PATIENCE_MS, NULL);
    aigc_job_free(download);
    aigc_job_free(job);
    aigc_client_free(client);
    return NULL;
}

static void *assume_role(void *unused)
{
    aigc_config *config = test_config();
    aigc_client *client = NULL;
    (void)unused;
    test_set(config, "credentials.sts_endpoint", aigc_config_get(config, "tencent.endpoint"));
    test_set(config, "credentials.role_arn", "qcs::cam::uin/1234:roleName/painter");
    if (aigc_client_new(config, &client, NULL)) die("client");
    aigc_config_free(config);
    aigc_job *job = test_submit(client, AIGC_TENCENT, NULL);
    wait_state(job, AIGC_STATE_RUNNING, PATIENCE_MS);
    aigc_job_free(job);
    aigc_client_free(client);
    return NULL;
}

static void fork_meanwhile(const char *name, void *(*body)(void *), const char *what)
{
    pthread_t thread;
    int status = 1;
    awaited = name;
    atomic_store(&place, AWAITED);
    if (pthread_create(&thread, NULL, body, NULL)) die("thread");
    for (int64_t until = now_ms() + PATIENCE_MS; atomic_load(&place) == AWAITED && now_ms() < until;) sleep_ms(1);
    if (!ok(atomic_load(&place) != AWAITED, "%s comes by", what)) {
        pthread_join(thread, NULL);
        return;
    }
    pid_t child = fork();
    if (child == 0) _exit(atomic_load(&place) == LEFT ? 0 : 1);
    waitpid(child, &status, 0);
    ok(status == 0, "a fork waits for %s", what);
    pthread_join(thread, NULL);
    atomic_store(&place, FREE);
}

int main(void)
{
    aigc_client *client = test_client();
    for (int i = 0; i < CALLS; i++) {
        aigc_buffer *statistics = NULL;
        if (aigc_client_stats(client, &statistics, NULL)) die("statistics");
        aigc_buffer_free(statistics);
    }
    fork_meanwhile("eventfd", make_client, "a call after hundreds of others");
    fork_meanwhile("aigc-engine", run_job, "an engine that ends");
    fork_meanwhile("aigc-file", run_job, "a thread that has written a file");
    fork_meanwhile("aigc-cred", assume_role, "a thread that has asked for credentials");
    aigc_client_free(client);
    return finish();
}
