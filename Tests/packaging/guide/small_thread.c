#include "block.c"
#include "guide.h"

int main(void)
{
    aigc_client *client = new_client(NULL);
    aigc_job *job = new_job(client, "a cat"), *kept = aigc_job_ref(job);
    pthread_t thread;

    NEED(wait_in_a_small_thread(job, &thread) == 0);
    aigc_job_free(job); /* the caller may free its own at any time */
    NEED(pthread_join(thread, NULL) == 0);
    NEED(aigc_job_state(kept) == AIGC_STATE_SUCCEEDED);
    aigc_job_free(kept);
    aigc_client_free(client);
    END();
}
