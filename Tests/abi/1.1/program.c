/* A program of the time of libaigc 1.1, which uses what came with it. It is compiled with the header of then, linked against a
 * library that has nothing but the functions of then, and run with the library of today. Do not change it: that is what it
 * is for. */
#include <aigc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static int ok(int good, const char *what, aigc_error *error)
{
    const char *message = error ? aigc_error_message(error) : NULL;
    printf("%s - abi: a program of 1.1: %s%s%s\n", good ? "ok" : "not ok", what, good ? "" : ": ",
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
        good = !aigc_config_set(config, "log.level", "info", &error) && !aigc_config_set(config, "log.capacity", "64", &error);
    free(lines);
    ok(good, "configuration keys", error);
    return config;
}

int main(void)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    aigc_config *config = sandbox();
    aigc_client *client = NULL;
    aigc_request *request = NULL;
    aigc_job *job = NULL;
    aigc_buffer *stats = NULL;
    aigc_event *event = NULL;
    aigc_error *error = NULL;
    int logs = 0;

    if (!ok(!aigc_client_new(config, &client, &error), "a client", error)) return 1;
    error = NULL;
    ok(!aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, &error) &&
           !aigc_request_set_string(request, "prompt", "a cat of 1.1", &error) &&
           !aigc_request_set_option(request, "traceparent", trace, &error) &&
           !aigc_request_set_option(request, "tracestate", "a=1", &error),
       "a request with a trace", error);
    error = NULL;
    if (!ok(!aigc_client_submit(client, request, &job, &error) && !aigc_job_wait(job, 60000, &error), "a job", error)) return 1;
    error = NULL;
    ok(!aigc_job_set_trace(job, trace, NULL, &error) && !aigc_job_set_trace(job, NULL, NULL, &error), "a trace", error);
    error = NULL;
    ok(!aigc_client_stats(client, &stats, &error) && aigc_buffer_size(stats) > 100, "statistics", error);
    while (!aigc_client_next_event(client, 0, &event, NULL) && event) {
        if (aigc_event_type(event) == AIGC_EVENT_LOG && aigc_event_level(event) >= AIGC_LOG_ERROR &&
            aigc_event_level(event) <= AIGC_LOG_INFO && aigc_event_fields(event) && aigc_event_message(event))
            logs++;
        aigc_event_free(event);
        event = NULL;
    }
    ok(logs > 2, "log events", NULL);
    aigc_buffer_free(stats);
    aigc_job_free(job);
    aigc_request_free(request);
    aigc_client_free(client);
    aigc_config_free(config);
    return failures != 0;
}
