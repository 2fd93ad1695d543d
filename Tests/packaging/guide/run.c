#include "block.c"
#include "guide.h"
#include <pthread.h>

static void *wakes(void *client)
{
    usleep(200000);
    aigc_client_wake(client);
    return NULL;
}

/* It continues after a wake, and ends when both jobs have. */
int main(void)
{
    aigc_client *client = new_client(NULL);
    struct tally tally = {2, 0};
    size_t handled = 1;
    pthread_t thread;

    NEED(aigc_client_event_fd(client) >= 0);
    NEED(pthread_create(&thread, NULL, wakes, client) == 0);
    WORKS(aigc_client_dispatch(client, AIGC_FOREVER, count_ends, &tally, &handled, NULL));
    NEED(handled == 0 && pthread_join(thread, NULL) == 0); /* the wake alone made it return, with AIGC_OK */
    aigc_job_free(new_job(client, "one"));
    aigc_job_free(new_job(client, "[fail] two"));
    WORKS(run(client, &tally));
    NEED(tally.ended == 2);
    aigc_client_free(client);
    END();
}
