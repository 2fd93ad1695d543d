/* observe.c - log events, statistics and trace context, seen from C. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/* Takes every event that is queued and counts those whose message or fields hold a text. */
static size_t logs_with(aigc_client *client, const char *text, size_t levels[5])
{
    size_t found = 0;
    aigc_event *event = NULL;
    while (aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event) {
        const char *fields = aigc_event_fields(event);
        int32_t level = aigc_event_level(event);
        if (aigc_event_type(event) == AIGC_EVENT_LOG) {
            if (level < AIGC_LOG_ERROR || level > AIGC_LOG_DEBUG || !fields || fields[0] != '{' || !aigc_event_message(event) ||
                aigc_event_job(event) || !strstr(fields, "\"at_ms\":"))
                ok(0, "a log event is whole: level %d, fields %s", (int)level, fields ? fields : "(none)");
            else
                levels[level]++;
            if (strstr(aigc_event_message(event), text) || (fields && strstr(fields, text))) found++;
        } else if (level != AIGC_LOG_NONE || fields) {
            ok(0, "an event of type %d has no level and no fields", (int)aigc_event_type(event));
        }
        aigc_event_free(event);
        event = NULL;
    }
    return found;
}

static void run(aigc_client *client, const char *provider)
{
    aigc_request *request = test_request(provider, "walrus");
    aigc_job *job = NULL, *download = NULL;
    aigc_error *error = NULL;
    ok_status(aigc_request_set_option(request, "traceparent", trace, &error), AIGC_OK, &error, "a trace is taken");
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "%s: submitted", provider);
    ok_status(aigc_job_wait(job, 60000, &error), AIGC_OK, &error, "%s: drawn", provider);
    ok_status(aigc_job_download(job, 0, NULL, &download, &error), AIGC_OK, &error, "%s: download", provider);
    ok_status(aigc_job_wait(download, 60000, &error), AIGC_OK, &error, "%s: fetched", provider);
    aigc_job_free(download);
    aigc_job_free(job);
    aigc_request_free(request);
}

static void logs(const char *level, int has_lines, int has_prompt)
{
    size_t levels[5] = {0, 0, 0, 0, 0}, with_prompt, p;
    aigc_client *client = test_client_with("log.level", level);
    for (p = 0; p < COUNT_OF(providers); p++) run(client, providers[p]);
    with_prompt = logs_with(client, "walrus", levels);
    ok((levels[AIGC_LOG_INFO] > 0) == has_lines, "%s: %zu lines of level info", level, levels[AIGC_LOG_INFO]);
    ok((levels[AIGC_LOG_DEBUG] > 0) == has_prompt, "%s: %zu lines of level debug", level, levels[AIGC_LOG_DEBUG]);
    ok((with_prompt > 0) == has_prompt, "%s: the prompt is in %zu lines", level, with_prompt);
    ok(levels[AIGC_LOG_ERROR] == 0, "%s: no line of level error", level);
    aigc_client_free(client);
}

/* A member of the statistics, wherever it stands: found, or not. */
static int has(const aigc_buffer *stats, const char *text)
{
    size_t size = aigc_buffer_size(stats), length = strlen(text), at;
    const char *data = aigc_buffer_data(stats);
    for (at = 0; at + length <= size; at++)
        if (memcmp(data + at, text, length) == 0) return 1;
    return 0;
}

static void stats(void)
{
    static const char *const expected[] = {
        "\"action\":\"CreateAigcImageTask\",\"kind\":\"submit\",\"started\":1,\"repeated\":0,\"answered\":1,\"failed\":{}",
        "\"action\":\"DescribeAigcImageTask\",\"kind\":\"status\"",
        "\"action\":\"PersonalizedTextToImageQueryImageAsset\",\"kind\":\"image\",\"started\":1",
        "\"action\":\"GET\",\"kind\":\"image\",\"started\":1",
        "\"operation\":\"aigc_image\",\"kind\":\"job\",\"started\":1,\"accepted\":1,\"succeeded\":1,\"failed\":0",
        "\"operation\":\"aigc_image\",\"kind\":\"download\",\"started\":1",
        "\"calls_waiting\":0",
        "\"credentials\":[{\"provider\":",
        "\"logs_lost\":0",
    };
    aigc_client *client = test_client();
    aigc_buffer *buffer = NULL;
    aigc_error *error = NULL;
    size_t i, p;
    ok_status(aigc_client_stats(client, &buffer, &error), AIGC_OK, &error, "statistics before anything was done");
    ok(has(buffer, "\"calls\":[]") && has(buffer, "\"jobs\":[]"), "there is nothing");
    aigc_buffer_free(buffer);
    for (p = 0; p < COUNT_OF(providers); p++) run(client, providers[p]);
    ok_status(aigc_client_stats(client, &buffer, &error), AIGC_OK, &error, "statistics");
    ok(strcmp(aigc_buffer_content_type(buffer), "application/json") == 0, "they are JSON");
    for (i = 0; i < COUNT_OF(expected); i++) ok(has(buffer, expected[i]), "they have %s", expected[i]);
    aigc_buffer_free(buffer);
    aigc_client_close(client, 0);
    ok_status(aigc_client_stats(client, &buffer, &error), AIGC_OK, &error, "a closed client still says what it has done");
    ok(has(buffer, "\"in_flight\":0"), "nothing is in flight");
    aigc_buffer_free(buffer);
    aigc_client_free(client);
}

static void traces(void)
{
    static const char *const wrong[] = {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Evil: 1",
                                        "00-00000000000000000000000000000000-00f067aa0ba902b7-01"};
    aigc_client *client = test_client();
    aigc_job *job = test_submit(client, AIGC_TENCENT, "");
    aigc_request *request = test_request(AIGC_TENCENT, "walrus");
    aigc_job *none = NULL;
    aigc_error *error = NULL;
    size_t i;
    for (i = 0; i < COUNT_OF(wrong); i++)
        ok_status(aigc_job_set_trace(job, wrong[i], NULL, &error), AIGC_E_INVALID_ARGUMENT, &error, "no trace: %zu", i);
    ok_status(aigc_job_set_trace(job, NULL, "a=1", &error), AIGC_E_INVALID_ARGUMENT, &error, "no state without a parent");
    ok_status(aigc_job_set_trace(job, trace, "a=1", &error), AIGC_OK, &error, "a trace");
    ok_status(aigc_job_set_trace(job, NULL, NULL, &error), AIGC_OK, &error, "its end");
    ok_status(aigc_request_set_option(request, "tracestate", "a=1", &error), AIGC_OK, &error, "a state as an option");
    ok_status(aigc_client_submit(client, request, &none, &error), AIGC_E_INVALID_ARGUMENT, &error,
              "it is not submitted without its parent");
    ok(none == NULL, "there is no job");
    ok_status(aigc_request_set_option(request, "traceparent", "x\ny", &error), AIGC_E_INVALID_ARGUMENT, &error,
              "a line break does not become an option");
    aigc_request_free(request);
    aigc_job_free(job);
    aigc_client_free(client);
}

int main(void)
{
    logs("info", 1, 0);
    logs("off", 0, 0);
    logs("debug", 1, 1);
    stats();
    traces();
    return finish();
}
