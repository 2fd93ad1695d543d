#include "block.c"
#include "guide.h"
#include <sys/wait.h>

int main(void)
{
    aigc_client *client = new_client(NULL);
    aigc_job *job = new_job(client, "[slow] a cat for two");
    int status = -1;
    pid_t child;

    NEED(hand_over(client, job) == -1 || aigc_job_token(job)); /* there is nothing to hand over before it is accepted */
    until_accepted(job);
    child = hand_over(client, job);
    NEED(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    WORKS(aigc_job_wait(job, 60000, NULL)); /* the parent follows it too */
    aigc_job_free(job);
    aigc_client_free(client);
    END();
}
