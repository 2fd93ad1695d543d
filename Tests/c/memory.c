/* No memory in a transfer: an error that says so or another try, no abort, and all is well when there is some again. Runs
 * with preload/short_of_memory.so before everything else.
 * usage: memory PROVIDER what
 *   large    what a stranger's answer makes large (72 KiB and more) cannot be had
 *   envelope the same of images that come as Base64 in JSON, which is held whole before it is read
 *   answers  the same while the sandbox's answers have megabytes (the runner tells it to)
 *   small    one in so many allocations of libcurl, OpenSSL and jansson fails, whatever their size
 *   each     one allocation of libcurl fails: the first in one life, the second in the next, to the last
 *   kept     the same with a connection that is kept, and a submission beside
 *   watches  the same of the descriptors that are given to epoll, and then of all of them */
#include "support.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static void (*short_of_memory)(size_t least, unsigned one_in, int libraries);
static void (*short_of_memory_once)(long nth);
static void (*short_of_watches_once)(long nth);
static void (*short_of_watches)(int on);
static long *failures;

static int expected(aigc_status status)
{
    /* AUTH: libcurl 7.88 leaves the query of a URL away when it gets no memory for it, and the signature is wrong then. */
    static const aigc_status known[] = {AIGC_OK,         AIGC_E_NO_RESOURCES, AIGC_E_NETWORK,         AIGC_E_TLS,
                                        AIGC_E_DEADLINE, AIGC_E_BAD_RESPONSE, AIGC_E_OUTCOME_UNKNOWN, AIGC_E_AUTH};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (status == known[i]) return 1;
    return 0;
}

static aigc_status fetch(aigc_job *job, const char *path, size_t *bytes, aigc_error **error)
{
    aigc_job *download = NULL;
    aigc_buffer *buffer = NULL;
    aigc_status status = aigc_job_download(job, 0, path, &download, error);
    if (status == AIGC_OK) status = aigc_job_wait(download, 60000, error);
    if (status == AIGC_OK && !path && aigc_job_take_buffer(download, &buffer, NULL) == AIGC_OK)
        *bytes = aigc_buffer_size(buffer);
    aigc_buffer_free(buffer);
    aigc_job_free(download);
    return status;
}

/* The picture is larger than what can be had. */
static void large(const char *provider, int is_held)
{
    aigc_error *error = NULL;
    size_t bytes = 0;
    char *path = scratch("%s.png", provider);
    aigc_client *client = test_client_with("download.deadline_ms", "3000");
    aigc_job *job = test_submit(client, provider, "[size:2400x2400]");
    ok_status(aigc_job_wait(job, 60000, &error), AIGC_OK, &error, "%s: the job", provider);
    ok_status(fetch(job, NULL, &bytes, &error), AIGC_OK, &error, "%s: with memory it comes", provider);
    ok(bytes > (72 << 10), "%s: it has %zu bytes", provider, bytes);
    short_of_memory(72 << 10, 1, 0);
    aigc_status status = fetch(job, NULL, &bytes, &error);
    int32_t retryable = aigc_error_retryable(error);
    short_of_memory(0, 0, 0);
    ok_status(status, AIGC_E_NO_RESOURCES, &error, "%s: without memory for it: says so", provider);
    ok(retryable, "%s: and that it may work later", provider);
    short_of_memory(72 << 10, 1, 0);
    status = fetch(job, path, &bytes, &error);
    short_of_memory(0, 0, 0);
    if (is_held) {
        ok_status(status, AIGC_E_NO_RESOURCES, &error, "%s: nor does it come to a file", provider);
        ok(!file_exists(path), "%s: of which nothing is there", provider);
    } else {
        ok_status(status, AIGC_OK, &error, "%s: to a file it comes without", provider);
        ok(file_size(path) == (long long)bytes, "%s: whole (%lld bytes)", provider, file_size(path));
    }
    ok_status(fetch(job, NULL, &bytes, &error), AIGC_OK, &error, "%s: memory again: it comes", provider);
    ok(*failures > 0, "%s: %ld allocations failed", provider, *failures);
    aigc_job_free(job);
    aigc_client_free(client);
    free(path);
}

static void answers(const char *provider)
{
    aigc_error *error = NULL;
    aigc_client *client = test_client_with("job.deadline_ms", "4000");
    short_of_memory(72 << 10, 1, 0);
    aigc_job *job = test_submit(client, provider, NULL);
    aigc_status status = aigc_job_wait(job, 60000, &error);
    short_of_memory(0, 0, 0);
    ok(status != AIGC_OK && expected(status), "%s: megabytes for an answer: %s: %s", provider,
       aigc_status_name(status), aigc_error_message(error) ? aigc_error_message(error) : "");
    ok(*failures > 0, "%s: %ld allocations failed", provider, *failures);
    aigc_error_free(error);
    aigc_job_free(job);
    aigc_client_free(client);
}

/* Pauses between tries can be longer than anybody wants to wait here, of a job as of a download. */
static aigc_client *short_lived(void)
{
    aigc_client *made = NULL;
    aigc_error *error = NULL;
    aigc_config *config = test_config();
    test_set(config, "job.deadline_ms", "1500");
    test_set(config, "download.deadline_ms", "1500");
    if (aigc_client_new(config, &made, &error)) die("aigc_client_new: %s", aigc_error_message(error));
    aigc_config_free(config);
    return made;
}

static aigc_status again(aigc_client *client, const char *provider, aigc_error **error)
{
    aigc_job *job = test_submit(client, provider, NULL);
    aigc_job_set_deadline_ms(job, 60000, NULL);
    aigc_status status = aigc_job_wait(job, 60000, error);
    aigc_job_free(job);
    return status;
}

static void small(const char *provider, int rounds)
{
    static const unsigned rates[] = {2000, 300, 100, 30, 10, 3, 1};
    int worked = 0, lost = 0, unknown = 0;
    aigc_client *client = test_client();
    aigc_job_free(test_succeeded(client, provider)); /* OpenSSL never gets over a first use without memory */
    aigc_client_free(client);
    for (int round = 0; round < rounds; round++) {
        aigc_error *error = NULL;
        size_t bytes = 0;
        client = short_lived();
        aigc_job *first = round % 2 ? test_succeeded(client, provider) : NULL; /* with a connection, and without */
        short_of_memory(1, rates[(size_t)round % COUNT_OF(rates)], 1);
        aigc_job *job = test_submit(client, provider, NULL);
        aigc_status status = aigc_job_wait(job, 60000, &error);
        int32_t outcome = aigc_job_outcome(job);
        if (outcome == AIGC_OUTCOME_ACCEPTED && !aigc_job_token(job)) lost++;
        if (status == AIGC_OK) {
            aigc_error_free(error);
            status = fetch(job, NULL, &bytes, &error);
        }
        short_of_memory(0, 0, 0);
        worked += status == AIGC_OK;
        if (!expected(status)) {
            const char *message = aigc_error_message(error);
            ok(0, "%s: one in %u: %s: %s", provider, rates[(size_t)round % COUNT_OF(rates)], aigc_status_name(status),
               message ? message : "");
        }
        aigc_error_free(error);
        error = NULL;
        aigc_job_free(job);
        aigc_job_free(first);
        /* The same client, with memory. libcurl keeps a connection whose first write got none: a submission on it ends
         * with an unknown outcome, which is the truth as far as anybody can tell, and the next one works. */
        status = again(client, provider, &error);
        if (status == AIGC_E_OUTCOME_UNKNOWN) {
            unknown++;
            aigc_error_free(error);
            error = NULL;
            status = again(client, provider, &error);
        }
        if (status != AIGC_OK)
            ok(0, "%s: one in %u, afterwards: %s", provider, rates[(size_t)round % COUNT_OF(rates)],
               aigc_error_message(error));
        aigc_error_free(error);
        aigc_client_free(client);
    }
    ok(unknown <= 2, "%s: %d of %d submissions afterwards had an unknown outcome", provider, unknown, rounds);
    ok(lost == 0, "%s: no id of an accepted job was lost (%d)", provider, lost);
    ok(*failures > 0 && worked > 0 && worked < rounds, "%s: of %d lives with %ld failed allocations %d worked all the same",
       provider, rounds, *failures, worked);
}

/* One call of a read that goes out once, with a client whose connection is its own. */
static aigc_status ask(aigc_client *client, const char *provider, aigc_error **error)
{
    const int is_alibaba = strcmp(provider, AIGC_ALIBABA) == 0;
    const char *action = is_alibaba ? "Personalizedtxt2imgQueryModelTrainJobList" : "DescribeAigcImageTask";
    aigc_job *call = NULL;
    const char *parameters = is_alibaba ? "{}" : "{\"TaskId\":\"none\"}";
    aigc_status status = aigc_client_call(client, provider, action, parameters, 1, &call, error);
    if (status == AIGC_OK) status = aigc_job_wait(call, 60000, error);
    aigc_job_free(call);
    return status;
}

/* Whether the cloud was heard: it knows no such task. */
static int was_heard(aigc_status status)
{
    return status == AIGC_OK || status == AIGC_E_NOT_FOUND;
}

/* A job whose status nobody asks for. */
static aigc_job *submit_only(aigc_client *client, const char *provider)
{
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    aigc_request *request = test_request(provider, NULL);
    aigc_request_set_option(request, "follow", "false", NULL);
    if (aigc_client_submit(client, request, &job, &error)) die("aigc_client_submit: %s", aigc_error_message(error));
    aigc_request_free(request);
    return job;
}

/* The outcome: the job has an id, or has ended. NONE: it hangs. */
static int32_t outcome_of(aigc_job *job)
{
    for (int64_t end = now_ms() + 20000; now_ms() < end; sleep_ms(1))
        if (aigc_job_remote_id(job) || aigc_job_state(job) >= AIGC_STATE_SUCCEEDED) return aigc_job_outcome(job);
    return AIGC_OUTCOME_NONE;
}

/* Lives in which one thing fails once, somewhere. */
static void each(const char *provider, const char *what, void (*fail)(long nth), int is_kept)
{
    aigc_error *error = NULL;
    int worked = 0, lives = 0, wrong = 0, accepted = 0;
    aigc_client *client = test_client();
    aigc_job_free(test_succeeded(client, provider)); /* what is made once in a process */
    aigc_client_free(client);
    for (long nth = 1, before = -1; before != *failures; nth++) {
        client = test_client_with("job.deadline_ms", "5000");
        if (is_kept && !was_heard(ask(client, provider, NULL))) die("the first call of a life");
        before = *failures;
        lives++;
        fail(nth);
        aigc_job *beside = is_kept ? submit_only(client, provider) : NULL;
        aigc_status status = ask(client, provider, &error);
        int32_t outcome = beside ? outcome_of(beside) : AIGC_OUTCOME_NOT_SENT;
        aigc_error_free(error);
        error = NULL;
        fail(0);
        accepted += outcome == AIGC_OUTCOME_ACCEPTED && aigc_job_token(beside);
        if (outcome == AIGC_OUTCOME_ACCEPTED && !aigc_job_token(beside)) {
            wrong++;
            ok(0, "%s: %s %ld fails: the id of the submission beside is lost", provider, what, nth);
        }
        if (outcome == AIGC_OUTCOME_NONE) {
            wrong++;
            ok(0, "%s: %s %ld fails: the submission beside hangs", provider, what, nth);
        }
        aigc_job_free(beside);
        if (!was_heard(status) && !expected(status)) {
            wrong++;
            ok(0, "%s: %s %ld fails: %s", provider, what, nth, aigc_status_name(status));
        }
        worked += was_heard(status);
        status = ask(client, provider, &error);
        if (!was_heard(status)) {
            wrong++;
            ok(0, "%s: after %s %ld failed: %s", provider, what, nth, aigc_error_message(error));
        }
        aigc_error_free(error);
        error = NULL;
        aigc_client_free(client);
    }
    ok(wrong == 0 && lives > 3, "%s: of %d lives with one %s that failed %d worked, and the client in all of them",
       provider, lives, what, worked);
    /* libcurl takes the memory for a request after it has asked whether it may send it: those are of unknown outcome. */
    if (is_kept) ok(accepted > lives / 4, "%s: %d submissions beside were accepted all the same", provider, accepted);
}

/* epoll takes nothing any more: everything continues, only later. */
static void unwatched(const char *provider)
{
    enum { JOBS = 4 };
    aigc_job *jobs[JOBS];
    aigc_error *error = NULL;
    int succeeded = 0, fetched = 0;
    aigc_client *client = test_client();
    aigc_job_free(test_succeeded(client, provider));
    long before = *failures;
    short_of_watches(1);
    for (int i = 0; i < JOBS; i++) jobs[i] = test_submit(client, provider, NULL);
    for (int i = 0; i < JOBS; i++) {
        size_t bytes = 0;
        if (aigc_job_wait(jobs[i], 60000, NULL) == AIGC_OK) succeeded++;
        if (fetch(jobs[i], NULL, &bytes, NULL) == AIGC_OK && bytes > 0) fetched++;
        aigc_job_free(jobs[i]);
    }
    short_of_watches(0);
    ok(succeeded == JOBS && fetched == JOBS, "%s: without epoll %d of %d jobs succeed and %d are fetched", provider, succeeded,
       JOBS, fetched);
    ok(*failures > before, "%s: epoll took %ld descriptors not", provider, *failures - before);
    ok_status(again(client, provider, &error), AIGC_OK, &error, "%s: and with it", provider);
    aigc_client_free(client);
}

int main(int argc, char **argv)
{
    const char *provider = argc > 1 ? argv[1] : AIGC_TENCENT, *what = argc > 2 ? argv[2] : "large";
    *(void **)&short_of_memory = dlsym(RTLD_DEFAULT, "short_of_memory");
    *(void **)&short_of_memory_once = dlsym(RTLD_DEFAULT, "short_of_memory_once");
    *(void **)&short_of_watches_once = dlsym(RTLD_DEFAULT, "short_of_watches_once");
    *(void **)&short_of_watches = dlsym(RTLD_DEFAULT, "short_of_watches");
    failures = dlsym(RTLD_DEFAULT, "short_of_memory_failures");
    if (!short_of_memory || !short_of_memory_once || !short_of_watches_once || !short_of_watches || !failures)
        die("short_of_memory.so is not loaded (LD_PRELOAD)");
    if (strcmp(what, "large") == 0 || strcmp(what, "envelope") == 0) large(provider, strcmp(what, "envelope") == 0);
    else if (strcmp(what, "answers") == 0)
        answers(provider);
    else if (strcmp(what, "each") == 0)
        each(provider, "allocation of libcurl", short_of_memory_once, 0);
    else if (strcmp(what, "kept") == 0)
        each(provider, "allocation of libcurl", short_of_memory_once, 1);
    else if (strcmp(what, "watches") == 0) {
        each(provider, "descriptor for epoll", short_of_watches_once, 0);
        unwatched(provider);
    }
    else
        small(provider, argc > 3 ? atoi(argv[3]) : 14);
    return finish();
}
