/* operations.c - training jobs and calls by name, seen from C: what is told, in which order, and what is never told. */
#include "support.h"

#include <stdio.h>
#include <string.h>

static void must(aigc_status status, aigc_error *error, const char *what)
{
    if (status != AIGC_OK) die("%s: %s", what, aigc_error_message(error));
}

/* The status first: it sets the error that the message is taken from. */
#define MUST(call, what) \
    do { \
        aigc_status status_ = (call); \
        must(status_, error, what); \
    } while (0)

static const char list_action[] = "Personalizedtxt2imgQueryModelTrainJobList";

static aigc_job *call(aigc_client *client, const char *provider, const char *action, const char *json, int32_t reads)
{
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    MUST(aigc_client_call(client, provider, action, json, reads, &job, &error), "aigc_client_call");
    return job;
}

static int answer_has(aigc_job *job, const char *text)
{
    const char *answer = aigc_job_provider_response(job);
    return answer && strstr(answer, text) != NULL;
}

/* A request that is refused: its status, and the field at fault. */
static int refused(aigc_client *client, const char *provider, const char *action, const char *json, int32_t reads,
                   const char *field)
{
    aigc_job *job = (aigc_job *)client; /* must become NULL */
    aigc_error *error = NULL;
    aigc_status status = aigc_client_call(client, provider, action, json, reads, &job, &error);
    int good = status == AIGC_E_INVALID_ARGUMENT && !job && error && aigc_error_field(error) &&
               strcmp(aigc_error_field(error), field) == 0 &&
               aigc_error_outcome(error) == (reads ? AIGC_OUTCOME_NONE : AIGC_OUTCOME_NOT_SENT);
    if (!good && error) printf("# %s\n", aigc_error_message(error));
    aigc_error_free(error);
    return good;
}

static void training(aigc_client *client)
{
    aigc_request *request = NULL;
    aigc_job *job = NULL, *again = NULL, *download = NULL;
    aigc_error *error = NULL;
    char token[300], model[300];

    MUST(aigc_request_new(AIGC_ALIBABA, AIGC_ALIBABA_MODEL_TRAIN, &request, &error), "aigc_request_new");
    MUST(aigc_request_set_string(request, "name", "Ada", &error), "name");
    MUST(aigc_request_set_string(request, "object_type", "girl", &error), "object_type");
    MUST(aigc_request_set_int(request, "train_steps", 800, &error), "train_steps");
    ok(aigc_client_submit(client, request, &job, &error) == AIGC_E_INVALID_ARGUMENT, "no training without pictures");
    aigc_error_free(error);
    MUST(aigc_request_add_image_url(request, "https://example.com/1.png", NULL, &error), "picture");
    MUST(aigc_client_submit(client, request, &job, &error), "aigc_client_submit");
    ok(aigc_job_result_id(job) == NULL, "no model before the end");
    MUST(aigc_job_wait(job, 60000, &error), "the training");
    ok(aigc_job_state(job) == AIGC_STATE_SUCCEEDED, "a training succeeds");
    ok(aigc_job_result_id(job) && strncmp(aigc_job_result_id(job), "girl_", 5) == 0, "it has made a model");
    ok(aigc_job_asset_count(job) == 0, "and no image");
    ok(aigc_job_download(job, 0, NULL, &download, &error) == AIGC_E_INVALID_ARGUMENT && !download, "that could be fetched");
    aigc_error_free(error);
    ok(aigc_job_progress(job) == 1.0, "its progress is 1");
    snprintf(token, sizeof token, "%s", aigc_job_token(job));
    snprintf(model, sizeof model, "%s", aigc_job_result_id(job));
    aigc_job_free(job);

    MUST(aigc_client_attach(client, token, 0, &again, &error), "aigc_client_attach");
    MUST(aigc_job_refresh(again, 30000, &error), "aigc_job_refresh");
    ok(aigc_job_result_id(again) && strcmp(aigc_job_result_id(again), model) == 0, "its token finds the model again");
    aigc_job_free(again);
    aigc_request_free(request);

    job = call(client, AIGC_ALIBABA, list_action, NULL, 1);
    MUST(aigc_job_wait(job, 30000, &error), "the list");
    ok(answer_has(job, model), "the list of trainings can be read by name");
    ok(aigc_job_result_id(job) == NULL, "a call has no result id");
    aigc_job_free(job);
}

static void answers(aigc_client *client)
{
    aigc_error *error = NULL;
    aigc_job *job = call(client, AIGC_TENCENT, "SandboxEchoThing", "{\"Name\": \"x y\"}", 0);
    MUST(aigc_job_wait(job, 30000, &error), "a write");
    ok(answer_has(job, "\"Name\": \"x y\"") || answer_has(job, "\"Name\":\"x y\""), "a write has its answer");
    ok(aigc_job_outcome(job) == AIGC_OUTCOME_ACCEPTED, "and was accepted");
    ok(!aigc_job_token(job) && !aigc_job_remote_id(job), "it has neither token nor id");
    ok(strcmp(aigc_job_operation(job), "SandboxEchoThing") == 0, "its operation is the action");
    ok(aigc_job_request_id(job) != NULL, "and it has a request id");
    ok(aigc_job_refresh(job, 1000, &error) == AIGC_E_WRONG_STATE, "it cannot be refreshed");
    aigc_error_free(error);
    aigc_job_free(job);

    job = call(client, AIGC_ALIBABA, "SandboxEchoThing GET /api/v1/thing", "{\"a\": \"1 2\", \"b\": [1]}", 1);
    MUST(aigc_job_wait(job, 30000, &error), "a read");
    ok(answer_has(job, "/api/v1/thing") && answer_has(job, "1 2"), "a read has its answer");
    ok(aigc_job_outcome(job) == AIGC_OUTCOME_NONE, "and no outcome");
    aigc_job_free(job);

    job = call(client, AIGC_TENCENT, "NobodyKnowsThis", NULL, 0);
    ok(aigc_job_wait(job, 30000, &error) == AIGC_E_REQUEST_REFUSED, "an action that does not exist is refused");
    ok(error && aigc_error_provider_code(error) && strcmp(aigc_error_provider_code(error), "InvalidAction") == 0,
       "with the provider's code");
    ok(error && aigc_error_outcome(error) == AIGC_OUTCOME_NOT_SENT, "and nothing runs");
    aigc_error_free(error);
    aigc_job_free(job);

    ok(refused(client, "openai", "X", NULL, 0, "provider"), "a provider that does not exist");
    ok(refused(client, AIGC_TENCENT, "a b", NULL, 0, "action"), "an invalid name");
    ok(refused(client, AIGC_TENCENT, "X", "[]", 0, "json"), "JSON that is no object");
    ok(refused(client, AIGC_TENCENT, "X", "{", 1, "json"), "what is no JSON");
    ok(refused(client, AIGC_TENCENT, "X", "{\"A\": 1, \"A\": 2}", 0, "json"), "a name that is there twice");
    ok(refused(client, AIGC_ALIBABA, "X POST /a?b=c", NULL, 0, "action"), "a path with a query");
    ok(refused(client, AIGC_TENCENT, "CreateAigcImageTask", "{}", 1, "reads"), "a submission is no read");
}

/* Each call ends once, and none is announced as accepted. */
static void events(aigc_client *client)
{
    aigc_job *jobs[8];
    int done[8] = {0}, accepted = 0, ended = 0, good = 0;
    size_t i;
    for (i = 0; i < 8; i++)
        jobs[i] = call(client, i % 2 ? AIGC_TENCENT : AIGC_ALIBABA, i % 2 ? "SandboxEchoThing" : list_action, NULL, i % 4 != 1);
    while (ended < 8) {
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 20000, &event, NULL) != AIGC_OK || !event) break;
        accepted += aigc_event_type(event) == AIGC_EVENT_JOB_ACCEPTED;
        for (i = 0; i < 8; i++)
            if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE && aigc_event_job_id(event) == aigc_job_id(jobs[i]))
                done[i]++, ended++;
        aigc_event_free(event);
    }
    for (i = 0; i < 8; i++) {
        good += done[i] == 1 && aigc_job_error(jobs[i], NULL) == AIGC_OK;
        aigc_job_free(jobs[i]);
    }
    ok(good == 8, "8 calls, 8 ends, all well");
    ok(accepted == 0, "and none of them was announced as accepted");
}

int main(void)
{
    aigc_client *client = test_client();
    answers(client);
    events(client);
    aigc_client_free(client);
    client = test_client(); /* one that is never asked for events */
    training(client);
    aigc_client_free(client);
    return finish();
}
