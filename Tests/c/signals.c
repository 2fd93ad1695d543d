/* A host that has the default for SIGPIPE, ignores it or handles it: none is reached by one, and none is changed, while
 * the other side drops connections (the runner tells the sandbox to, with TLS, whose writes can raise SIGPIPE). */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 24 };

static volatile sig_atomic_t calls;

static void count(int number)
{
    (void)number;
    calls++;
}

/* In a child process of its own, since a SIGPIPE would end it. */
static int under(void (*disposition)(int))
{
    static char prompt[60001];
    struct sigaction before, after;
    sigset_t mask_before, mask_after;
    int changed, ended = 0;
    aigc_job *jobs[JOBS];
    alarm(90);
    signal(SIGPIPE, disposition);
    sigaction(SIGPIPE, NULL, &before);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    aigc_client *client = test_client();
    memset(prompt, 'x', sizeof prompt - 1);
    memcpy(prompt, "<special-token> ", 16);
    for (int i = 0; i < JOBS; i++) {
        aigc_request *request = test_request(providers[i % 2], NULL);
        if (i % 3 == 0) aigc_request_set_string(request, "prompt", prompt, NULL); /* many writes for one request */
        aigc_request_set_option(request, "deadline_ms", "4000", NULL);
        if (aigc_client_submit(client, request, &jobs[i], NULL)) die("submit");
        aigc_request_free(request);
    }
    for (int i = 0; i < JOBS; i++) {
        ended += aigc_job_wait(jobs[i], 20000, NULL) != AIGC_E_TIMEOUT;
        aigc_job_free(jobs[i]);
    }
    aigc_client_free(client);
    sigaction(SIGPIPE, NULL, &after);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    const int restorer = 0x04000000; /* the C library adds it to an action that is set back to what it was */
    changed = before.sa_handler != after.sa_handler || (before.sa_flags | restorer) != (after.sa_flags | restorer) ||
              memcmp(&mask_before, &mask_after, sizeof mask_after) != 0;
    return (calls ? 1 : 0) | (changed ? 2 : 0) | (ended != JOBS ? 4 : 0);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*disposition)(int);
    } hosts[] = {{"default", SIG_DFL}, {"ignored", SIG_IGN}, {"handled", count}};
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) _exit(under(hosts[i].disposition));
        while (waitpid(child, &status, 0) != child && errno == EINTR) continue;
        ok(!WIFSIGNALED(status), "SIGPIPE %s: the process lives (signal %d)", hosts[i].name,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        status = WIFEXITED(status) ? WEXITSTATUS(status) : 7;
        ok(!(status & 1), "SIGPIPE %s: no handler was called", hosts[i].name);
        ok(!(status & 2), "SIGPIPE %s: disposition and mask are as before", hosts[i].name);
        ok(!(status & 4), "SIGPIPE %s: every job ended", hosts[i].name);
    }
    return finish();
}
