/* A host's own functions may have the names of functions in a library that this one uses: ccan/json, which many programs
 * copy, has a json_delete(). Nothing of this library calls them. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

static int calls;

void json_delete(void *value);
void json_delete(void *value)
{
    (void)value;
    calls++;
}

void *json_loadb(const char *bytes, size_t count, size_t flags, void *error);
void *json_loadb(const char *bytes, size_t count, size_t flags, void *error)
{
    (void)bytes;
    (void)count;
    (void)flags;
    (void)error;
    calls++;
    return NULL;
}

int main(void)
{
    /* What the reader for plain JSON leaves to the other one. */
    static const struct {
        const char *text;
        aigc_status status;
    } texts[] = {
        {"{\"a\":1.50}", AIGC_OK},
        {"{\"a\":\"\\u00e9\"}", AIGC_OK},
        {"[[[1]],{\"c\":\"\\ud83d\\ude00\"}]", AIGC_OK},
        {"{bad", AIGC_E_INVALID_ARGUMENT},
    };
    aigc_client *client = test_client();
    for (size_t index = 0; index < COUNT_OF(texts); index++) {
        aigc_request *request = test_request("tencent", NULL);
        aigc_error *error = NULL;
        aigc_status status = aigc_request_set_json(request, "body.ExtInfo", texts[index].text, &error);
        ok_status(status, texts[index].status, &error, "%s", texts[index].text);
        aigc_request_free(request);
    }
    aigc_job *job = test_succeeded(client, "tencent");
    ok(calls == 0, "no function of the host was called (%d)", calls);
    aigc_job_free(job);
    aigc_client_free(client);
    return finish();
}
