#include "block.c"
#include "guide.h"

static int thrice(void *context)
{
    return ++*(int *)context < 3;
}

static int always(void *context)
{
    ++*(int *)context;
    return 1;
}

int main(void)
{
    aigc_client *client = new_client(NULL);
    aigc_job *job = new_job(client, "[slow] a cat");
    aigc_error *error = NULL;
    int slices = 0;

    NEED(wait_in_slices(job, thrice, &slices, &error) == AIGC_E_TIMEOUT && slices == 3 && error);
    aigc_error_free(error);
    slices = 0;
    WORKS(wait_in_slices(job, always, &slices, &error));
    NEED(!error && slices > 3);
    aigc_job_free(job);
    aigc_client_free(client);
    END();
}
