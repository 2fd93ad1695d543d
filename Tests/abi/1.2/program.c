/* A program of the time of libaigc 1.2, which uses what came with it. It is compiled with the header of then, linked against a
 * library that has nothing but the functions of then, and run with the library of today. Do not change it: that is what it
 * is for. */
#include <aigc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
static char folder[64] = "/tmp/aigc-abi-XXXXXX";

static int ok(int good, const char *what, aigc_error *error)
{
    const char *message = error ? aigc_error_message(error) : NULL;
    printf("%s - abi: a program of 1.2: %s%s%s\n", good ? "ok" : "not ok", what, good ? "" : ": ",
           good ? "" : message ? message : "it is not so");
    if (!good) failures++;
    aigc_error_free(error);
    return good;
}

static aigc_config *sandbox(void)
{
    aigc_config *config = NULL;
    aigc_error *error = NULL;
    char *lines = strdup(getenv("AIGC_TEST_CONFIG")), *rest = lines, *line;
    int good = aigc_config_new(&config, &error) == AIGC_OK;
    while (good && (line = strsep(&rest, "\n")) != NULL) {
        char *equals = strchr(line, '=');
        if (!equals) continue;
        *equals = '\0';
        good = aigc_config_set(config, line, equals + 1, &error) == AIGC_OK;
    }
    if (good)
        good = !aigc_config_set(config, "journal.path", folder, &error) &&
               !aigc_config_set(config, "journal.requests", "false", &error) &&
               !aigc_config_set(config, "journal.sync", "normal", &error) &&
               !aigc_config_set(config, "journal.keep_ms", "-1", &error);
    free(lines);
    ok(good, "configuration keys", error);
    return config;
}

int main(void)
{
    aigc_config *config;
    aigc_client *client = NULL;
    aigc_request *request = NULL;
    aigc_job *job = NULL, *again = NULL;
    aigc_buffer *buffer = NULL;
    aigc_event *event = NULL;
    aigc_error *error = NULL;
    size_t count = 1;
    int ready = 0;
    char command[96];

    if (!mkdtemp(folder)) return 1;
    config = sandbox();
    if (!ok(!aigc_client_new(config, &client, &error), "a client", error)) return 1;
    error = NULL;
    ok(!aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, &error) &&
           !aigc_request_set_string(request, "prompt", "a cat of 1.2", &error) &&
           !aigc_request_set_option(request, "key", "one", &error) && !aigc_request_set_option(request, "hold", "true", &error),
       "a request with a key and a hold", error);
    error = NULL;
    if (!ok(!aigc_client_submit(client, request, &job, &error), "a job", error)) return 1;
    while (!ready && !aigc_client_next_event(client, 20000, &event, NULL) && event) {
        ready = aigc_event_type(event) == AIGC_EVENT_JOB_READY;
        aigc_event_free(event);
        event = NULL;
    }
    error = NULL;
    ok(ready && !aigc_job_release(job, &error) && !aigc_job_wait(job, 60000, &error), "a held job", error);
    ok(aigc_job_key(job) && strcmp(aigc_job_key(job), "one") == 0, "its key", NULL);
    aigc_request_set_string(request, "prompt", "another cat", NULL);
    ok(aigc_client_submit(client, request, &again, NULL) == AIGC_E_KEY_CONFLICT && !again, "a conflict", NULL);
    error = NULL;
    ok(!aigc_client_attach_key(client, "one", 1, &again, &error) && !aigc_job_wait(again, 60000, &error), "by its key", error);
    error = NULL;
    ok(!aigc_client_resume(client, 1, &count, &error) && count == 0, "resuming", error);
    aigc_job_free(again);
    aigc_job_free(job);
    aigc_request_free(request);
    aigc_client_free(client);
    aigc_config_free(config);
    error = NULL;
    ok(!aigc_journal_list(folder, "{\"limit\": 10}", NULL, &buffer, &error) && aigc_buffer_size(buffer) > 100, "a list", error);
    aigc_buffer_free(buffer);
    error = NULL;
    ok(!aigc_journal_check(folder, &buffer, &error) && aigc_buffer_size(buffer) > 100, "a check", error);
    aigc_buffer_free(buffer);
    ok(aigc_journal_resolve(folder, "one", AIGC_OUTCOME_NOT_SENT, NULL, NULL) == AIGC_E_WRONG_STATE, "nothing is in doubt", NULL);
    ok(aigc_journal_check("/nowhere/at/all", &buffer, NULL) == AIGC_E_JOURNAL, "no journal", NULL);
    error = NULL;
    ok(!aigc_journal_prune(folder, 0, &count, &error) && count == 1, "pruning", error);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) failures++;
    return failures != 0;
}
