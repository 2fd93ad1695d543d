/* Every function fits a stack of 64 KiB: a whole life of a client on such a thread. */
#include "support.h"

#include <pthread.h>
#include <string.h>

static void *life(void *argument)
{
    const char *provider = argument;
    aigc_error *error = NULL;
    aigc_event *event = NULL;
    aigc_buffer *buffer = NULL;
    aigc_job *job, *again = NULL, *download = NULL;
    aigc_request *request = NULL;
    aigc_client *client = test_client();
    const char *text;
    aigc_config *config = test_config();
    for (size_t i = 0; aigc_config_describe(i, &text, NULL, NULL, NULL) == AIGC_OK; i++) aigc_config_get(config, text);
    ok_status(aigc_config_set(config, "tencent.regoin", "x", &error), AIGC_E_INVALID_ARGUMENT, &error, "%s: error",
              provider);
    aigc_config_free(config);
    aigc_client_event_fd(client);
    request = test_request(provider, NULL);
    ok_status(
        aigc_request_set_json(request, "body.Nested.Field", "{\"a\": [1, 2, {\"b\": [[[[[[[[[1]]]]]]]]]}]}", &error),
        AIGC_OK, &error, "%s: JSON", provider);
    ok_status(aigc_request_set_string(request, "no_such_field", "x", &error), AIGC_E_INVALID_ARGUMENT, &error,
              "%s: wrong field", provider);
    aigc_request_free(request);
    job = test_succeeded(client, provider);
    ok(aigc_job_provider_response(job) != NULL, "%s: the answer is readable", provider);
    ok_status(aigc_client_attach(client, aigc_job_token(job), 1, &again, &error), AIGC_OK, &error, "%s: attach",
              provider);
    ok_status(aigc_job_wait(again, 30000, &error), AIGC_OK, &error, "%s: wait", provider);
    ok_status(aigc_job_download(job, 0, NULL, &download, &error), AIGC_OK, &error, "%s: download", provider);
    ok_status(aigc_job_wait(download, 30000, &error), AIGC_OK, &error, "%s: it comes", provider);
    ok_status(aigc_job_take_buffer(download, &buffer, &error), AIGC_OK, &error, "%s: bytes", provider);
    while (aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event) aigc_event_free(event);
    aigc_buffer_free(buffer);
    aigc_job_free(download);
    aigc_job_free(again);
    aigc_job_free(job);
    job = test_submit(client, provider, "[never]");
    aigc_job_cancel(job);
    aigc_job_free(job);
    aigc_client_free(client);
    ok(1, "%s: a life on a stack of 64 KiB", provider);
    return NULL;
}

int main(void)
{
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        pthread_t thread;
        pthread_attr_t attributes;
        char *argument = (char *)(intptr_t)providers[i];
        pthread_attr_init(&attributes);
        if (pthread_attr_setstacksize(&attributes, 64 * 1024)) die("no stack of 64 KiB");
        if (pthread_create(&thread, &attributes, life, argument)) die("no thread");
        pthread_join(thread, NULL);
        pthread_attr_destroy(&attributes);
    }
    return finish();
}
