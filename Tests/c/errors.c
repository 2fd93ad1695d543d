/* Wrong names, types, values and credentials: each is an error that says what would be right, and none costs anything.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int contains(const char *text, const char *part)
{
    return text && strstr(text, part) != NULL;
}

/* The error of a call, whose message names what it is about. The error is passed by its place, because the call that
 * sets it may be evaluated after it. */
static void refused(aigc_status status, aigc_error **error, const char *field, const char *word, const char *what)
{
    const char *message = aigc_error_message(*error), *at = aigc_error_field(*error);
    ok(status == AIGC_E_INVALID_ARGUMENT && aigc_error_status(*error) == status, "%s: invalid argument (%s)", what,
       aigc_status_name(status));
    ok(contains(message, word), "%s: the message says \"%s\": %s", what, word, message ? message : "(none)");
    ok(message && message[strcspn(message, "\n\r\t\x01\x7f")] == 0 && strlen(message) < 4096,
       "%s: the message is one line", what);
    if (field) ok(at && strcmp(at, field) == 0, "%s: the field is %s (%s)", what, field, at ? at : "(none)");
    aigc_error_free(*error);
    *error = NULL;
}

static void status_names(void)
{
    size_t index = 0;
    aigc_status status = -1;
    int good = 1, has_timeout = 0;
    for (; aigc_status_at(index, &status) == AIGC_OK && index < 1000; index++) {
        good = good && strncmp(aigc_status_name(status), "AIGC_", 5) == 0 && strlen(aigc_status_text(status)) > 5;
        has_timeout |= status == AIGC_E_TIMEOUT;
    }
    ok(index > 30 && index < 1000 && good, "%zu status codes, each with a name and a text", index);
    ok(has_timeout, "AIGC_E_TIMEOUT is one of them");
    ok(strcmp(aigc_status_name(AIGC_E_TIMEOUT), "AIGC_E_TIMEOUT") == 0, "name of a code");
    ok(strcmp(aigc_status_name(12345), "AIGC_E_?") == 0, "name of a code that does not exist");
    ok(aigc_status_text(12345) != NULL, "text of a code that does not exist");
    ok(strcmp(aigc_state_name(AIGC_STATE_PENDING), "AIGC_STATE_PENDING") == 0, "name of a state");
    ok(strcmp(aigc_state_name(99), "AIGC_STATE_?") == 0, "name of a state that does not exist");
    ok(aigc_status_at((size_t)-1, &status) == AIGC_E_INVALID_ARGUMENT, "past the last code");
    ok(aigc_version_number() == AIGC_VERSION_NUMBER, "the version of the header");
}

static void config(void)
{
    aigc_error *error = NULL;
    aigc_config *config = NULL;
    const char *key, *type, *value, *text;
    size_t index = 0;
    int good = 1;
    aigc_config_new(&config, NULL);
    for (; aigc_config_describe(index, &key, &type, &value, &text) == AIGC_OK && index < 1000; index++) {
        int secret = strcmp(type, "secret") == 0;
        const char *now = aigc_config_get(config, key);
        good = good && *text && (secret ? now == NULL : now != NULL && value && strcmp(now, value) == 0);
        if (!good) {
            fprintf(stderr, "#   %s: %s\n", key, now ? now : "(null)");
            break;
        }
    }
    ok(index > 10 && index < 1000 && good, "%zu keys, each described and at its default", index);
    ok(aigc_config_describe((size_t)-1, &key, NULL, NULL, NULL) == AIGC_E_INVALID_ARGUMENT, "past the last key");

    refused(aigc_config_set(config, "tencent.regoin", "x", &error), &error, "tencent.regoin", "tencent.region",
            "misspelt key");
    refused(aigc_config_set(config, "", "x", &error), &error, NULL, "", "empty key");
    refused(aigc_config_set(config, "poll.initial_ms", "soon", &error), &error, "poll.initial_ms", "poll.initial_ms",
            "duration that is a word");
    refused(aigc_config_set(config, "poll.initial_ms", "-5", &error), &error, "poll.initial_ms", "poll.initial_ms",
            "negative duration");
    refused(aigc_config_set(config, "poll.initial_ms", "99999999999999999999999", &error), &error, "poll.initial_ms",
            "poll.initial_ms", "duration beyond 64 bits");
    refused(aigc_config_set(config, "job.follow", "perhaps", &error), &error, "job.follow", "true",
            "bool that is a word");
    refused(aigc_config_set(config, "tencent.site", "moon", &error), &error, "tencent.site", "mainland",
            "unknown choice");
    refused(aigc_config_set(config, "tencent.site", "mainland\nintl\x01", &error), &error, "tencent.site", "mainland intl",
            "choice of two lines");
    refused(aigc_config_set(config, "no\nkey", "x", &error), &error, "no key", "no key", "key of two lines");
    refused(aigc_config_set(config, "rate.tencent.create_per_s", "nan", &error), &error, "rate.tencent.create_per_s",
            "", "rate that is no number");
    refused(aigc_config_set(config, "alibaba.endpoint", "\xff\xfe", &error), &error, "alibaba.endpoint", "UTF-8",
            "invalid UTF-8");
    ok(aigc_config_get(config, "no.such.key") == NULL, "no value for an unknown key");

    ok(aigc_config_set(config, "tencent.secret_key", "hush", NULL) == AIGC_OK, "set a secret");
    ok(aigc_config_get(config, "tencent.secret_key") == NULL, "a secret is not given out");
    ok(aigc_config_set(config, "poll.max_ms", "12345", NULL) == AIGC_OK, "set a duration");
    ok(aigc_config_get(config, "poll.max_ms") && strcmp(aigc_config_get(config, "poll.max_ms"), "12345") == 0,
       "get it");
    ok(aigc_config_set(config, "poll.max_ms", NULL, NULL) == AIGC_OK, "back to the default");
    ok(aigc_config_get(config, "poll.max_ms") && strcmp(aigc_config_get(config, "poll.max_ms"), "12345") != 0, "it is");
    aigc_config_free(config);
}

static void requests(void)
{
    aigc_error *error = NULL;
    aigc_request *request = NULL;
    aigc_job *job = NULL;
    aigc_client *client = test_client();
    const char *provider, *operation, *kind, *wire, *name, *type, *text;
    const char *options[] = {"follow", "deadline_ms", "hold", "check"};
    int32_t required = 0;
    size_t count = 0, fields;

    for (; aigc_operation_at(count, &provider, &operation, &kind, &wire) == AIGC_OK && count < 100; count++) {
        for (fields = 0; fields < 100; fields++)
            if (aigc_request_describe(provider, operation, fields, &name, &type, &required, &wire, &text)) break;
        ok(fields > 0 && fields < 100, "%s %s (%s) has %zu fields", provider, operation, kind, fields);
    }
    ok(count >= 6 && count < 100, "%zu operations", count);

    refused(aigc_request_new("aliababa", "inference", &request, &error), &error, NULL, "alibaba", "unknown provider");
    refused(aigc_request_new("tencent", "inference", &request, &error), &error, NULL, "aigc_image",
            "unknown operation");
    ok(request == NULL, "no request on failure");

    if (aigc_request_new(AIGC_ALIBABA, AIGC_ALIBABA_PRE_MODEL_INFERENCE, &request, &error)) die("no request");
    refused(aigc_request_set_string(request, "promt", "x", &error), &error, "promt", "prompt", "misspelt field");
    refused(aigc_request_set_string(request, "aspect_ratio", "1:1", &error), &error, "aspect_ratio", "aspect_ratio",
            "field of another operation");
    refused(aigc_request_set_int(request, "prompt", 5, &error), &error, "prompt", "string", "int for a string");
    refused(aigc_request_set_string(request, "count", "5", &error), &error, "count", "int", "string for an int");
    refused(aigc_request_set_string(request, "prompt", "caf\xe9", &error), &error, "prompt", "UTF-8", "invalid UTF-8");
    refused(aigc_request_set_json(request, "body.x", "{", &error), &error, "body.x", "JSON", "cut JSON");
    refused(aigc_request_set_json(request, "body.x", "{\"a\": 1, \"a\": 2}", &error), &error, "body.x", "twice", "a name twice");
    refused(aigc_request_set_json(request, "prompt", "5", &error), &error, "prompt", "string", "JSON of another type");
    refused(aigc_request_set_option(request, "folow", "true", &error), &error, "folow", "follow", "misspelt option");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char says[64];
        snprintf(says, sizeof says, "Setting option \"%s\": ", options[i]);
        refused(aigc_request_set_option(request, options[i], "maybe", &error), &error, options[i], says, "bad option");
    }
    ok(aigc_request_set_int(request, "strength", 1, &error) == AIGC_OK, "an int where a double is meant");
    refused(aigc_client_submit(client, request, &job, &error), &error, "image_urls", "image",
            "submit without an image URL");
    ok(job == NULL, "no job on failure");
    aigc_request_add_image_url(request, "https://example.com/x.png", NULL, NULL);
    refused(aigc_client_submit(client, request, &job, &error), &error, "prompt", "prompt", "submit without a prompt");
    aigc_request_free(request);

    refused(aigc_client_attach(client, "not a token", 1, &job, &error), &error, NULL, "token", "attach nonsense");
    refused(aigc_client_attach_id(client, "tencent", "aigc_image", "", 0, &job, &error), &error, NULL, "",
            "attach no id");

    if (aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE_ASSET, &request, &error)) die("no request");
    refused(aigc_client_submit(client, request, &job, &error), &error, NULL, "fetched", "submit a fetch operation");
    aigc_request_free(request);
    aigc_client_free(client);
}

static void wrong_state(void)
{
    aigc_error *error = NULL;
    aigc_buffer *buffer = NULL;
    aigc_client *client = test_client();
    aigc_job *never = test_submit(client, AIGC_TENCENT, "[never]"), *download = NULL, *job;
    ok_status(aigc_job_download(never, 0, NULL, &download, &error), AIGC_E_WRONG_STATE, &error,
              "download of a running job");
    ok_status(aigc_job_wait(never, 0, &error), AIGC_E_TIMEOUT, &error, "a wait without time");
    ok_status(aigc_job_take_buffer(never, &buffer, &error), AIGC_E_WRONG_STATE, &error, "bytes of a job");
    ok(aigc_job_error(never, &error) == AIGC_OK && error == NULL, "a running job has no error");
    ok(aigc_job_asset_count(never) == 0 && aigc_job_path(never) == NULL, "nor images nor a path");
    aigc_job_cancel(never);
    aigc_job_free(never);

    job = test_succeeded(client, AIGC_TENCENT);
    ok_status(aigc_job_refresh(job, 1000, &error), AIGC_E_WRONG_STATE, &error, "refresh of a job that has ended");
    ok_status(aigc_job_download(job, 99, NULL, &download, &error), AIGC_E_INVALID_ARGUMENT, &error,
              "download of image 99");
    ok(aigc_job_asset_id(job, 99) == NULL && aigc_job_asset_url(job, 99) == NULL, "no name for image 99");
    ok_status(aigc_job_download(job, 0, NULL, &download, &error), AIGC_OK, &error, "download to memory");
    ok_status(aigc_job_wait(download, 30000, &error), AIGC_OK, &error, "it comes");
    ok(aigc_job_token(download) && strcmp(aigc_job_token(download), aigc_job_token(job)) == 0,
       "it has the token of its job");
    ok(aigc_job_remote_id(download) == NULL && aigc_job_path(download) == NULL, "it has neither id nor path");
    ok_status(aigc_job_refresh(download, 0, &error), AIGC_E_WRONG_STATE, &error, "refresh of a download");
    ok_status(aigc_job_take_buffer(download, &buffer, &error), AIGC_OK, &error, "its bytes");
    ok(aigc_buffer_size(buffer) > 100 && aigc_buffer_data(buffer), "%zu bytes", aigc_buffer_size(buffer));
    aigc_buffer_free(buffer);
    ok_status(aigc_job_take_buffer(download, &buffer, &error), AIGC_E_WRONG_STATE, &error, "its bytes again");
    ok(buffer == NULL, "no buffer on failure");
    aigc_job_free(download);
    aigc_job_free(job);

    aigc_client_close(client, 100);
    aigc_request *request = test_request(AIGC_TENCENT, NULL);
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_E_CLOSED, &error, "submit to a closed client");
    aigc_request_free(request);
    aigc_client_free(client);
}

/* Submits with a client and looks at how the job ends. */
static void ends_with(aigc_client *client, const char *provider, const char *words, aigc_status expected,
                      int32_t outcome, const char *what)
{
    aigc_error *error = NULL;
    aigc_job *job = test_submit(client, provider, words);
    aigc_status status = aigc_job_wait(job, 30000, &error);
    ok(status == expected, "%s, %s: %s (%s: %s)", provider, what, aigc_status_name(expected), aigc_status_name(status),
       aigc_error_message(error) ? aigc_error_message(error) : "");
    ok(aigc_job_outcome(job) == outcome, "%s, %s: outcome %d (%d)", provider, what, outcome, aigc_job_outcome(job));
    ok(!contains(aigc_error_message(error), "marker-secret"), "%s, %s: no secret in the message", provider, what);
    ok(aigc_job_error(job, NULL) == status, "%s, %s: the job says the same", provider, what);
    aigc_client_free(client);
    ok(aigc_error_message(error) != NULL && *aigc_error_message(error), "%s, %s: the error outlives the client",
       provider, what);
    aigc_job_free(job);
    aigc_error_free(error);
}

static aigc_client *client_with(const char *provider, const char *key, const char *value)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", provider, key);
    return test_client_with(name, value);
}

static void failures(void)
{
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        const char *p = providers[i], *secret = i ? "secret_key" : "access_key_secret",
                   *id = i ? "secret_id" : "access_key_id";
        ends_with(test_client(), p, "[fail]", AIGC_E_JOB_FAILED, AIGC_OUTCOME_ACCEPTED, "a job that fails");
        ends_with(client_with(p, secret, "marker-secret"), p, NULL, AIGC_E_AUTH, AIGC_OUTCOME_NOT_SENT, "wrong secret");
        ends_with(client_with(p, id, "nobody"), p, NULL, AIGC_E_AUTH, AIGC_OUTCOME_NOT_SENT, "wrong id");
        aigc_config *config = test_config();
        aigc_client *client = NULL;
        char name[64];
        snprintf(name, sizeof name, "%s.endpoint", p);
        test_set(config, name, "http://127.0.0.1:1"); /* nobody listens there */
        test_set(config, "retry.max_attempts", "1");
        if (aigc_client_new(config, &client, NULL)) die("no client");
        aigc_config_free(config);
        ends_with(client, p, NULL, AIGC_E_NETWORK, AIGC_OUTCOME_NOT_SENT, "connection refused");
    }
    ends_with(test_client(), AIGC_TENCENT, "[blocked]", AIGC_E_CONTENT_REFUSED, AIGC_OUTCOME_NOT_SENT,
              "a refused prompt");
    ends_with(test_client(), AIGC_TENCENT, "[moderated]", AIGC_E_CONTENT_REFUSED, AIGC_OUTCOME_ACCEPTED,
              "a moderated prompt");
}

int main(void)
{
    status_names();
    config();
    requests();
    wrong_state();
    failures();
    return finish();
}
