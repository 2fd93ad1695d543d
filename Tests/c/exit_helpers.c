/* exit() at moments that are hard: while a helper is inside TLS for a token of STS, with more clients than a table would
 * hold, and with a handler of the host's that begins a job when the threads of the library sleep already. Each try is a
 * process of its own. usage: exit_helpers TRIES */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 300 };

static aigc_client *late;

/* Clients with a role: each asks STS for a token, in a thread of its own. */
static void token(int number)
{
    for (int i = 0; i < 6; i++) {
        aigc_config *config = test_config();
        aigc_client *client = NULL;
        const char *endpoint = aigc_config_get(config, "tencent.endpoint");
        test_set(config, "credentials.sts_endpoint", endpoint);
        test_set(config, "credentials.role_arn", "qcs::cam::uin/1234:roleName/painter");
        if (aigc_client_new(config, &client, NULL)) die("client");
        aigc_config_free(config);
        aigc_job_free(test_submit(client, AIGC_TENCENT, NULL));
    }
    usleep((useconds_t)(number * 1337 % 60000));
}

static void many(int number)
{
    for (int i = 0; i < MANY; i++) {
        aigc_client *client = test_client();
        aigc_job_free(test_submit(client, providers[i % 2], NULL));
    }
    usleep((useconds_t)(number * 1337 % 60000));
}

static void begin_late(void)
{
    aigc_job *job = NULL;
    aigc_request *request = test_request(AIGC_TENCENT, NULL);
    aigc_status status = aigc_client_submit(late, request, &job, NULL);
    if (status != AIGC_E_CLOSED) _exit(3);
    aigc_client_free(late);
    aigc_request_free(request);
}

/* The client has no thread yet: none begins in exit(). */
static void job_in_exit(int number)
{
    atexit(begin_late); /* before the library's own: runs after it */
    late = test_client();
    aigc_job_free(test_submit(test_client(), AIGC_TENCENT, NULL));
    usleep((useconds_t)(number * 1337 % 60000));
}

static void tries(const char *what, void (*live)(int), int count)
{
    int good = 0;
    int64_t start = now_ms(), longest = 0;
    for (int i = 0; i < count; i++) {
        int status = -1;
        int64_t began = now_ms();
        fflush(stdout); /* or the child prints it too */
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            live(i);
            exit(0);
        }
        if (child > 0 && waitpid(child, &status, 0) == child && status == 0) good++;
        else printf("# %s, try %d: status %d\n", what, i, status);
        if (now_ms() - began > longest) longest = now_ms() - began;
    }
    ok(good == count, "%s: %d of %d exits were clean", what, good, count);
    printf("# %s: %lld ms for each, the longest %lld\n", what, (long long)(now_ms() - start) / count, (long long)longest);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 40;
    tries("a token is fetched", token, count);
    tries("a job begins in exit()", job_in_exit, count / 4 + 1);
    tries("300 clients", many, count / 10 + 1);
    return finish();
}
