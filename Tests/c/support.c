#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const providers[2] = {AIGC_ALIBABA, AIGC_TENCENT};

int ok_status(aigc_status status, aigc_status expected, aigc_error **error, const char *format, ...)
{
    va_list arguments;
    int good = status == expected && aigc_error_status(*error) == status;
    va_start(arguments, format);
    ok_list(good, format, arguments);
    va_end(arguments);
    if (!good) {
        const char *message = aigc_error_message(*error);
        fprintf(stderr, "#   status is %s, not %s; message: %s\n", aigc_status_name(status), aigc_status_name(expected),
                message ? message : "(no error object)");
    }
    aigc_error_free(*error);
    *error = NULL;
    return good;
}

void test_set(aigc_config *config, const char *key, const char *value)
{
    aigc_error *error = NULL;
    if (aigc_config_set(config, key, value, &error)) die("set %s: %s", key, aigc_error_message(error));
}

aigc_config *test_config(void)
{
    aigc_config *config = NULL;
    const char *given = getenv("AIGC_TEST_CONFIG");
    char *lines = strdup(given ? given : ""), *line, *rest = lines;
    if (aigc_config_new(&config, NULL)) die("aigc_config_new failed");
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *equals = strchr(line, '=');
        if (!equals) continue;
        *equals = '\0';
        test_set(config, line, equals + 1);
    }
    free(lines);
    return config;
}

aigc_client *test_client_with(const char *key, const char *value)
{
    aigc_client *client = NULL;
    aigc_error *error = NULL;
    aigc_config *config = test_config();
    if (key) test_set(config, key, value);
    if (aigc_client_new(config, &client, &error)) die("aigc_client_new: %s", aigc_error_message(error));
    aigc_config_free(config);
    return client;
}

aigc_client *test_client(void)
{
    return test_client_with(NULL, NULL);
}

aigc_request *test_request(const char *provider, const char *words)
{
    static int used;
    char prompt[512];
    aigc_request *request = NULL;
    aigc_error *error = NULL;
    int alibaba = strcmp(provider, AIGC_ALIBABA) == 0;
    snprintf(prompt, sizeof prompt, "a %s at night, %ld.%d %s", alibaba ? "<special-token>" : "lighthouse", (long)getpid(),
             __atomic_add_fetch(&used, 1, __ATOMIC_RELAXED), words ? words : "");
    if (aigc_request_new(provider, alibaba ? AIGC_ALIBABA_PRE_MODEL_INFERENCE : AIGC_TENCENT_IMAGE, &request, &error) ||
        aigc_request_set_string(request, "prompt", prompt, &error) ||
        (alibaba && aigc_request_add_image_url(request, "https://example.com/reference.png", NULL, &error)))
        die("request for %s: %s", provider, aigc_error_message(error));
    return request;
}

aigc_job *test_submit(aigc_client *client, const char *provider, const char *words)
{
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    aigc_request *request = test_request(provider, words);
    if (aigc_client_submit(client, request, &job, &error)) die("submit to %s: %s", provider, aigc_error_message(error));
    aigc_request_free(request);
    return job;
}

aigc_job *test_succeeded(aigc_client *client, const char *provider)
{
    aigc_error *error = NULL;
    aigc_job *job = test_submit(client, provider, NULL);
    if (aigc_job_wait(job, 60000, &error)) die("job on %s: %s", provider, aigc_error_message(error));
    return job;
}

int32_t wait_state(aigc_job *job, int32_t state, int64_t timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    while (aigc_job_state(job) < state && now_ms() < end) sleep_ms(2);
    return aigc_job_state(job);
}
