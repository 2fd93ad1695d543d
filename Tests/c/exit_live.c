/* exit() with jobs running, at a moment that the runner chooses; it runs this many times.
 * usage: exit_live MICROSECONDS [return|exit|quick] */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long microseconds = argc > 1 ? atol(argv[1]) : 0;
    const char *how = argc > 2 ? argv[2] : "exit";
    struct timespec pause = {microseconds / 1000000, (microseconds % 1000000) * 1000};
    aigc_client *client = test_client();
    for (int i = 0; i < 10; i++) {
        aigc_job *job = test_submit(client, providers[i % 2], NULL);
        if (i % 3) aigc_job_free(job);
    }
    alarm(20);
    nanosleep(&pause, NULL);
    if (strcmp(how, "quick") == 0) _exit(0);
    if (strcmp(how, "exit") == 0) exit(0);
    return 0;
}
