/* fault: http DescribeAigcImageTask */
#include "block.c"
#include "guide.h"

int main(void)
{
    aigc_client *client = new_client(NULL);
    aigc_request *request = NULL;
    aigc_error *error = NULL;
    aigc_status status = 0;
    aigc_job *job = NULL;
    size_t i;

    /* A name that does not exist is for the program, now and later. */
    NEED(aigc_request_new(AIGC_TENCENT, "aigc_imagine", &request, &error) == AIGC_E_INVALID_ARGUMENT);
    NEED(pause_before_retry(error, 0) == -1);
    NEED(strcmp(who_must_act(aigc_error_status(error)), "the program: fix it") == 0);
    aigc_error_free(error);

    /* A read that met a 503 may be tried again, ever more slowly, ten times. */
    WORKS(aigc_client_attach_id(client, AIGC_TENCENT, AIGC_TENCENT_IMAGE, "1-AigcImage-0", 0, &job, NULL));
    NEED(aigc_job_refresh(job, 30000, &error) != AIGC_OK && aigc_error_retryable(error));
    NEED(pause_before_retry(error, 0) == 1000 && pause_before_retry(error, 3) == 8000);
    NEED(pause_before_retry(error, 9) == 64000 && pause_before_retry(error, 10) == -1);
    aigc_error_free(error);
    aigc_job_free(job);
    aigc_client_free(client);

    for (i = 0; aigc_status_at(i, &status) == AIGC_OK; i++)
        NEED((strcmp(who_must_act(status), "nobody") == 0) == (status == AIGC_OK));
    NEED(strncmp(who_must_act(AIGC_E_OUTCOME_UNKNOWN), "a person", 8) == 0);
    NEED(strcmp(who_must_act(499), who_must_act(AIGC_E_NO_CREDENTIALS)) == 0); /* one of a later version */
    END();
}
