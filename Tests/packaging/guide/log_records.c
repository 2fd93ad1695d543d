#include "block.c"
#include "guide.h"

static int ended;

static void count(const aigc_event *event)
{
    NEED(aigc_event_type(event) != AIGC_EVENT_LOG);
    ended += aigc_event_type(event) == AIGC_EVENT_JOB_DONE;
}

/* Records go to standard error with their level, other events elsewhere; debug tells the prompt, info does not. */
int main(void)
{
    static const char *const levels[] = {"info", "debug"};
    char text[65536];
    int i, err = dup(2);

    for (i = 0; i < 2; i++) {
        const char *const keys[] = {"log.level", levels[i], NULL};
        aigc_client *client = new_client(keys);
        aigc_job *job;
        FILE *said;

        NEED(aigc_client_event_fd(client) >= 0 && freopen("err", "w", stderr));
        job = new_job(client, "a cat of one level");
        WORKS(aigc_job_wait(job, 60000, NULL));
        take_events(client, count);
        fflush(stderr);
        dup2(err, 2);
        said = fopen("err", "r");
        NEED(said);
        text[fread(text, 1, sizeof text - 1, said)] = 0;
        fclose(said);
        NEED(ended == i + 1 && strstr(text, "info: ") && strstr(text, " {\""));
        NEED(!strstr(text, "debug: ") == (i == 0) && !strstr(text, "a cat of one level") == (i == 0));
        NEED(!strstr(text, getenv("TENCENTCLOUD_SECRET_KEY")));
        aigc_job_free(job);
        aigc_client_free(client);
    }
    END();
}
