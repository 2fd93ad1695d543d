#include "block.c"
#include "guide.h"

int main(void)
{
    aigc_client *first = new_client(NULL), *second;
    aigc_job *job = new_job(first, "a cat for later"), *again = NULL;
    aigc_error *error = NULL;
    char token[257];

    until_accepted(job);
    snprintf(token, sizeof token, "%s", aigc_job_token(job));
    aigc_job_free(job);
    aigc_client_free(first); /* the job keeps running */

    second = new_client(NULL);
    WORKS(wait_for_token(second, token, &again, &error));
    NEED(!error && aigc_job_asset_count(again) == 1);
    aigc_job_free(again);
    NEED(wait_for_token(second, "no token", &again, &error) == AIGC_E_INVALID_ARGUMENT && error && !again);
    aigc_error_free(error);
    aigc_client_free(second);
    END();
}
