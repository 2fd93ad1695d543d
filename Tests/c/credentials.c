/* Credentials that the host gives, the event that asks for new ones, warnings, and the report. */
#include "support.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* What AIGC_TEST_CONFIG says of a key; yours to free. */
static char *given(const char *key)
{
    const char *text = getenv("AIGC_TEST_CONFIG");
    size_t length = strlen(key);
    while (text && *text) {
        if (strncmp(text, key, length) == 0 && text[length] == '=') {
            const char *value = text + length + 1;
            return strndup(value, strcspn(value, "\n"));
        }
        text = strchr(text, '\n');
        if (text) text++;
    }
    die("no %s in AIGC_TEST_CONFIG", key);
}

/* A client that has no key in its configuration. */
static aigc_client *client_without_keys(void)
{
    const char *keys[] = {"alibaba.access_key_id", "alibaba.access_key_secret", "tencent.secret_id", "tencent.secret_key"};
    aigc_config *config = test_config();
    aigc_client *client = NULL;
    size_t i;
    for (i = 0; i < COUNT_OF(keys); i++) test_set(config, keys[i], NULL);
    test_set(config, "credentials.use_metadata", "false");
    if (aigc_client_new(config, &client, NULL)) die("aigc_client_new failed");
    aigc_config_free(config);
    return client;
}

/* The next event of a type, waited for on the descriptor; NULL when none came in time. */
static aigc_event *event_of_type(aigc_client *client, int32_t type, int64_t timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    struct pollfd waiting = {0};
    waiting.fd = aigc_client_event_fd(client);
    waiting.events = POLLIN;
    for (;;) {
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 0, &event, NULL)) die("aigc_client_next_event failed");
        if (event && aigc_event_type(event) == type) return event;
        aigc_event_free(event);
        if (event) continue;
        if (now_ms() >= end) return NULL;
        poll(&waiting, 1, (int)(end - now_ms()));
    }
}

/* Whether the report of a client holds a text. */
static int report_says(aigc_client *client, const char *text)
{
    aigc_buffer *report = NULL;
    char *copy;
    int found;
    if (aigc_client_report(client, &report, NULL)) return 0;
    copy = strndup(aigc_buffer_data(report), aigc_buffer_size(report));
    found = strstr(copy, text) != NULL;
    free(copy);
    aigc_buffer_free(report);
    return found;
}

static void asked_before_the_end(const char *provider, const char *id_key, const char *secret_key)
{
    char *id = given(id_key), *secret = given(secret_key);
    aigc_client *client = client_without_keys();
    aigc_error *error = NULL;
    aigc_event *event;
    aigc_job *job;
    int64_t start = now_ms();
    ok_status(aigc_client_set_credentials(client, provider, id, secret, NULL, (int64_t)time(NULL) * 1000 + 4000, &error),
              AIGC_OK, &error, "%s: credentials with an end are taken", provider);
    event = event_of_type(client, AIGC_EVENT_CREDENTIALS_NEEDED, 6000);
    ok(event && now_ms() - start < 3500, "%s: the host is asked before they end, without any call", provider);
    ok(event && strcmp(aigc_event_provider(event), provider) == 0, "%s: and told for whom", provider);
    ok(event && !aigc_event_job(event) && !aigc_event_message(event), "%s: it is about no job", provider);
    aigc_event_free(event);
    ok_status(aigc_client_set_credentials(client, provider, id, secret, NULL, 0, &error), AIGC_OK, &error,
              "%s: others are taken", provider);
    job = test_submit(client, provider, NULL);
    ok_status(aigc_job_wait(job, 30000, &error), AIGC_OK, &error, "%s: and used", provider);
    ok(!event_of_type(client, AIGC_EVENT_CREDENTIALS_NEEDED, 1500), "%s: these do not end", provider);
    ok(report_says(client, "aigc_client_set_credentials()"), "%s: the report says where they are from", provider);
    ok(!report_says(client, secret), "%s: and not what they are", provider);
    aigc_job_free(job);
    aigc_client_free(client);
    free(id);
    free(secret);
}

static void warned(void)
{
    char *id = given("tencent.secret_id"), *secret = given("tencent.secret_key");
    char *home = scratch("."), *folder = scratch(".tencentcloud"), *path = scratch(".tencentcloud/credentials");
    aigc_error *error = NULL;
    aigc_client *client;
    aigc_event *event;
    aigc_job *job;
    FILE *file;
    mkdir(folder, 0700);
    file = fopen(path, "w");
    if (!file) die("cannot write %s", path);
    fprintf(file, "[default]\nsecret_id=%s\nsecret_key=%s\n", id, secret);
    fclose(file);
    chmod(path, 0644);
    setenv("HOME", home, 1);
    client = client_without_keys();
    ok(report_says(client, "\"credentials\":null") || report_says(client, "\"credentials\": null"),
       "before the first call no credentials are known");
    job = test_submit(client, AIGC_TENCENT, NULL);
    ok_status(aigc_job_wait(job, 30000, &error), AIGC_OK, &error, "credentials from a file");
    event = event_of_type(client, AIGC_EVENT_WARNING, 1000);
    ok(event && aigc_event_message(event) && strstr(aigc_event_message(event), "chmod 600"),
       "a file that everybody can read is warned of");
    ok(event && !strstr(aigc_event_message(event), secret), "without what is in it");
    ok(event && strcmp(aigc_event_provider(event), AIGC_TENCENT) == 0 && !aigc_event_job(event) &&
           aigc_event_status(event) == AIGC_OK,
       "the event is the provider's");
    aigc_event_free(event);
    ok(!event_of_type(client, AIGC_EVENT_WARNING, 300), "once");
    ok(report_says(client, "credentials file") && report_says(client, "offset_ms"), "the report knows source and clock");
    aigc_client_close(client, 0);
    ok(report_says(client, "credentials file"), "also of a closed client");
    aigc_job_free(job);
    aigc_client_free(client);
    free(id);
    free(secret);
    free(home);
    free(folder);
    free(path);
}

int main(void)
{
    asked_before_the_end(AIGC_TENCENT, "tencent.secret_id", "tencent.secret_key");
    asked_before_the_end(AIGC_ALIBABA, "alibaba.access_key_id", "alibaba.access_key_secret");
    warned();
    return finish();
}
