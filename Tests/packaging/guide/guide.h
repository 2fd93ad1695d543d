/* What the contexts of the guide's C blocks share. A block is included first: it must bring what it needs itself. */
#include <aigc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The line that a context ends with; the runner looks for it. */
#define END() return puts("as the text says") < 0
#define NEED(fact) need((fact) != 0, #fact, __LINE__)
#define WORKS(call) works((call), #call, __LINE__)

static inline void need(int fact, const char *text, int line)
{
    if (fact) return;
    fprintf(stderr, "line %d: not so: %s\n", line, text);
    exit(1);
}

static inline void works(aigc_status status, const char *text, int line)
{
    if (!status) return;
    fprintf(stderr, "line %d: %s: %s\n", line, text, aigc_status_name(status));
    exit(1);
}

/* A client of the sandbox: the environment leads there. Keys and values in pairs, the last NULL. */
static inline aigc_client *new_client(const char *const *keys)
{
    aigc_config *config = NULL;
    aigc_client *client = NULL;
    WORKS(aigc_config_new(&config, NULL));
    WORKS(aigc_config_set(config, "poll.initial_ms", "100", NULL));
    for (; keys && *keys; keys += 2) WORKS(aigc_config_set(config, keys[0], keys[1], NULL));
    WORKS(aigc_client_new(config, &client, NULL));
    aigc_config_free(config);
    return client;
}

/* A job of Tencent with that prompt. */
static inline aigc_job *new_job(aigc_client *client, const char *prompt)
{
    aigc_request *request = NULL;
    aigc_job *job = NULL;
    WORKS(aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, NULL));
    WORKS(aigc_request_set_string(request, "prompt", prompt, NULL));
    WORKS(aigc_client_submit(client, request, &job, NULL));
    aigc_request_free(request);
    return job;
}

/* Until the provider has accepted it; half a minute at most. */
static inline void until_accepted(aigc_job *job)
{
    int tries;
    for (tries = 0; !aigc_job_token(job) && tries < 3000; tries++) usleep(10000);
    NEED(aigc_job_token(job));
}
