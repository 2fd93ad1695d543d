/* A program of the time of libaigc 1.0. It is compiled with the header of then, linked against a library that has nothing
 * but the functions of then, and run with the library of today. Do not change it: that is what it is for. */
#include <aigc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static int ok(int good, const char *what, aigc_error *error)
{
    const char *message = error ? aigc_error_message(error) : NULL;
    printf("%s - abi: a program of 1.0: %s%s%s\n", good ? "ok" : "not ok", what, good ? "" : ": ",
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
    free(lines);
    ok(good, "configuration keys", error);
    return config;
}

static void whole_job(aigc_client *client, const char *provider, const char *operation)
{
    aigc_request *request = NULL;
    aigc_job *job = NULL, *again = NULL, *download = NULL, *same;
    aigc_buffer *buffer = NULL;
    aigc_error *error = NULL;
    int64_t received = 0, total = 0;

    int good = !aigc_request_new(provider, operation, &request, &error) &&
               !aigc_request_set_string(request, "prompt", "a <special-token> of 1.0", &error) &&
               !aigc_request_set_option(request, "deadline_ms", "60000", &error) &&
               (strcmp(provider, AIGC_ALIBABA) != 0 ||
                (!aigc_request_set_int(request, "count", 1, &error) &&
                 !aigc_request_add_image_url(request, "https://example.com/reference.png", NULL, &error)));
    if (!ok(good, "a request", error)) return;
    error = NULL;
    if (!ok(!aigc_client_submit(client, request, &job, &error), "submit", error)) return;
    error = NULL;
    if (!ok(!aigc_job_wait(job, 60000, &error), "wait", error)) return;
    error = NULL;
    ok(aigc_job_state(job) == AIGC_STATE_SUCCEEDED && aigc_job_outcome(job) == AIGC_OUTCOME_ACCEPTED &&
           aigc_job_token(job) && strlen(aigc_job_token(job)) <= 256 && aigc_job_remote_id(job) &&
           aigc_job_asset_count(job) > 0 && strcmp(aigc_job_provider(job), provider) == 0,
       "what is known of a job", NULL);
    ok(!aigc_client_attach(client, aigc_job_token(job), 0, &again, &error) && !aigc_job_refresh(again, 30000, &error),
       "attach and refresh", error);
    error = NULL;
    ok(!aigc_job_download(job, 0, NULL, &download, &error) && !aigc_job_wait(download, 60000, &error) &&
           !aigc_job_take_buffer(download, &buffer, &error),
       "a download to memory", error);
    error = NULL;
    aigc_job_bytes(download, &received, &total);
    ok(aigc_buffer_size(buffer) > 100 && aigc_buffer_data(buffer) && (size_t)received == aigc_buffer_size(buffer) &&
           received == total && strncmp(aigc_buffer_content_type(buffer), "image/", 6) == 0,
       "its bytes", NULL);
    same = aigc_job_ref(job);
    aigc_job_set_user_data(job, &failures);
    ok(same == job && aigc_job_user_data(same) == &failures, "another handle on the same job", NULL);
    aigc_job_free(same);
    aigc_buffer_free(buffer);
    aigc_job_free(download);
    aigc_job_free(again);
    aigc_job_free(job);
    aigc_request_free(request);
}

static void count(const aigc_event *event, void *user_data)
{
    if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE && aigc_event_job_id(event) == aigc_job_id(aigc_event_job(event)) &&
        aigc_event_status(event) == AIGC_E_JOB_FAILED && aigc_event_state(event) == AIGC_STATE_FAILED)
        (*(int *)user_data)++;
}

static void events(aigc_client *client)
{
    aigc_request *request = NULL;
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    struct pollfd readable = {0};
    int ended = 0, turns = 0;
    readable.fd = aigc_client_event_fd(client);
    readable.events = POLLIN;
    aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, NULL);
    aigc_request_set_string(request, "prompt", "[fail] a cat of 1.0", NULL);
    if (!ok(!aigc_client_submit(client, request, &job, &error), "submit", error)) return;
    while (!ended && turns++ < 200 && poll(&readable, 1, 10000) > 0)
        aigc_client_dispatch(client, 0, count, &ended, NULL, NULL);
    ok(ended == 1, "its end comes once, through the descriptor", NULL);
    ok(aigc_job_error(job, &error) == AIGC_E_JOB_FAILED && aigc_error_status(error) == AIGC_E_JOB_FAILED &&
           aigc_error_outcome(error) == AIGC_OUTCOME_ACCEPTED && aigc_error_request_id(error) &&
           strcmp(aigc_status_name(AIGC_E_JOB_FAILED), "AIGC_E_JOB_FAILED") == 0,
       "why a job has failed", NULL);
    aigc_error_free(error);
    error = NULL;
    ok(aigc_request_set_string(request, "prompts", "x", &error) == AIGC_E_INVALID_ARGUMENT && aigc_error_field(error) &&
           strcmp(aigc_error_field(error), "prompts") == 0,
       "what a wrong field is told", NULL);
    aigc_error_free(error);
    aigc_job_free(job);
    aigc_request_free(request);
}

int main(void)
{
    aigc_config *config = sandbox();
    aigc_client *client = NULL;
    aigc_error *error = NULL;
    ok(aigc_version_number() >= AIGC_VERSION_NUMBER && aigc_version_number() / 1000000 == AIGC_VERSION_MAJOR,
       "the library is not older than the header", NULL);
    if (ok(!aigc_client_new(config, &client, &error), "a client", error)) {
        whole_job(client, AIGC_TENCENT, AIGC_TENCENT_IMAGE);
        whole_job(client, AIGC_ALIBABA, AIGC_ALIBABA_PRE_MODEL_INFERENCE);
        events(client);
    }
    aigc_client_close(client, 1000);
    aigc_client_free(client);
    aigc_config_free(config);
    return failures ? 1 : 0;
}
