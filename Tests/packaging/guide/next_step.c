/* fault: reset_after CreateAigcImageTask */
#include "block.c"
#include "guide.h"

static enum next_step after(aigc_job *job)
{
    enum next_step step;
    aigc_job_wait(job, 60000, NULL);
    step = next_step(job);
    aigc_job_free(job);
    return step;
}

int main(void)
{
    const char *const slowly[] = {"rate.tencent.create_per_s", "0.01", NULL};
    aigc_client *client = new_client(NULL), *slow;
    aigc_job *job;

    NEED(after(new_job(client, "its answer is lost")) == ASK_A_PERSON);
    NEED(after(new_job(client, "one that works")) == NOTHING);
    NEED(after(new_job(client, "[fail]")) == FIX_FIRST);
    NEED(after(new_job(client, "[blocked]")) == FIX_FIRST);

    job = new_job(client, "[never] one that is accepted");
    until_accepted(job);
    WORKS(aigc_job_set_deadline_ms(job, 0, NULL));
    NEED(after(job) == ATTACH_TOKEN);

    slow = new_client(slowly); /* the second waits a hundred seconds for its turn */
    job = new_job(slow, "the first");
    until_accepted(job);
    aigc_job_free(job);
    job = new_job(slow, "one that is still here");
    NEED(aigc_job_state(job) == AIGC_STATE_QUEUED);
    aigc_job_cancel(job);
    NEED(after(job) == SUBMIT_ANEW);
    aigc_client_free(slow);
    aigc_client_free(client);
    END();
}
