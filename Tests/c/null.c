/* Promise 8: every function with NULL for every pointer, and with NULL for one pointer at a time. The calls are made
 * from the header (Tests/tools/header.py null-table), so that a new function is covered the day it is declared. */
#include "support.h"

#include <stdio.h>
#include <string.h>

struct fixture {
    const char *text;
    const char *text_out;
    aigc_error *error, *an_error;
    aigc_config *config, *config_out;
    aigc_request *request, *request_out;
    aigc_client *client, *client_out;
    aigc_job *job, *job_out;
    aigc_event *event, *event_out;
    aigc_buffer *buffer, *buffer_out;
    aigc_status status_out;
    int32_t int_out;
    int64_t long_out;
    size_t size_out;
};

static void fixture_handler(const aigc_event *event, void *user_data)
{
    (void)event;
    (void)user_data;
}

/* Frees what a call has given. */
static void fixture_clear(struct fixture *fixture)
{
    aigc_error_free(fixture->error);
    aigc_config_free(fixture->config_out);
    aigc_request_free(fixture->request_out);
    aigc_client_free(fixture->client_out);
    aigc_job_cancel(fixture->job_out);
    aigc_job_free(fixture->job_out);
    aigc_event_free(fixture->event_out);
    aigc_buffer_free(fixture->buffer_out);
    fixture->error = NULL;
    fixture->config_out = NULL;
    fixture->request_out = NULL;
    fixture->client_out = NULL;
    fixture->job_out = NULL;
    fixture->event_out = NULL;
    fixture->buffer_out = NULL;
}

#define NO_CRASH(call) ((void)(call), ok(1, "%s", #call))
#define IS_NULL(call) ok((call) == NULL, "NULL from %s", #call)
#define NUMBER_IS(expected, call) ok((call) == (expected), "%s from %s", #expected, #call)
#define STATUS_IS(expected, call) ok((call) == (expected), "%s from %s", #expected, #call)

static void every_call(struct fixture *fixture)
{
#include "null_table.inc"
}

int main(void)
{
    struct fixture fixture;
    aigc_job *download = NULL;
    memset(&fixture, 0, sizeof fixture);
    fixture.text = "tencent";
    fixture.config = test_config();
    fixture.client = test_client();
    fixture.request = test_request(AIGC_TENCENT, "[never]");
    aigc_client_event_fd(fixture.client);
    aigc_config_set(NULL, NULL, NULL, &fixture.an_error);
    ok(fixture.an_error != NULL, "an error object from a call with NULL");
    ok(aigc_error_message(fixture.an_error) != NULL, "it has a message");
    fixture.job = test_succeeded(fixture.client, AIGC_TENCENT);
    if (aigc_client_next_event(fixture.client, 5000, &fixture.event, NULL) || !fixture.event) die("no event came");
    if (aigc_job_download(fixture.job, 0, NULL, &download, NULL) || aigc_job_wait(download, 30000, NULL) ||
        aigc_job_take_buffer(download, &fixture.buffer, NULL))
        die("no buffer came");
    aigc_job_free(download);

    every_call(&fixture);

    aigc_event_free(fixture.event);
    aigc_buffer_free(fixture.buffer);
    aigc_job_free(fixture.job);
    aigc_error_free(fixture.an_error);
    aigc_request_free(fixture.request);
    aigc_client_free(fixture.client);
    aigc_config_free(fixture.config);
    return finish();
}
