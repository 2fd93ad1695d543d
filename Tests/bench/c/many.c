/* many.c - many jobs through one client, one after another: nothing may grow.
 *
 * usage: many HOST:PORT CA_FILE JOBS LIVE
 * LIVE jobs at a time. With HOST:PORT "-" jobs are attached and cancelled, and nothing is sent; otherwise each job makes
 * one status call before it is cancelled. Prints memory and descriptors after a fifth of the jobs and at the end. */
#define _GNU_SOURCE
#include "bench.h"
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc != 5) bench_die("usage: many HOST:PORT CA_FILE JOBS LIVE");
    int calls = strcmp(argv[1], "-") != 0;
    long jobs = atol(argv[3]), live = atol(argv[4]), attached = 0, ended = 0, early = 0, early_fds = 0, most = 0;
    aigc_client *client = bench_client(calls ? argv[1] : "127.0.0.1:1", argv[2], "64", NULL);
    aigc_client_event_fd(client);
    bench_start();
    while (ended < jobs) {
        aigc_event *event = NULL;
        for (; attached < jobs && attached - ended < live; attached++) {
            aigc_job *job = bench_attach(client, attached, 0);
            if (calls) aigc_job_refresh(job, 0, NULL);
            else aigc_job_cancel(job);
            aigc_job_free(job);
        }
        if (aigc_client_next_event(client, 30000, &event, NULL) || !event) bench_die("no event came");
        if (aigc_event_type(event) == AIGC_EVENT_JOB_REFRESHED) aigc_job_cancel(aigc_event_job(event));
        if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE && ++ended == jobs / 5) {
            early = bench_status("VmRSS");
            early_fds = bench_descriptors();
        }
        aigc_event_free(event);
        if (ended % 10000 == 0 && bench_status("VmRSS") > most) most = bench_status("VmRSS");
    }
    printf("{\"jobs\":%ld,\"early_kb\":%ld,\"late_kb\":%ld,\"most_kb\":%ld,\"early_fds\":%ld,\"late_fds\":%ld,"
           "\"seconds\":%.2f,\"cpu\":%.2f}\n",
           jobs, early, bench_status("VmRSS"), most, early_fds, bench_descriptors(), bench_seconds(), bench_cpu());
    aigc_client_free(client);
    return 0;
}
