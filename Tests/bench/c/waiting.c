/* waiting.c - what jobs cost that wait for their next status call, in memory and in wake-ups.
 *
 * usage: waiting HOST:PORT CA_FILE JOBS IDLE_SECONDS
 * Attaches JOBS followed jobs whose first status call says RUN and whose second is due in a day; keeps every handle. */
#define _GNU_SOURCE
#include "bench.h"
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 5) bench_die("usage: waiting HOST:PORT CA_FILE JOBS IDLE_SECONDS");
    long jobs = atol(argv[3]), seen = 0;
    char *keys[] = {"poll.initial_ms=86400000", "poll.max_ms=86400000", "job.deadline_ms=-1", NULL};
    aigc_client *client = bench_client(argv[1], argv[2], "64", keys);
    aigc_job **handles = malloc((size_t)jobs * sizeof *handles);
    aigc_client_event_fd(client);
    for (long i = 0; i < 64; i++) handles[i] = bench_attach(client, i, 1); /* connections, TLS and pools are there */
    while (seen < 64) {
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 60000, &event, NULL) || !event) bench_die("no event came");
        seen += aigc_event_state(event) == AIGC_STATE_RUNNING;
        aigc_event_free(event);
    }
    long before = bench_status("VmRSS");
    for (long i = 64; i < jobs; i++) handles[i] = bench_attach(client, i, 1);
    while (seen < jobs) {
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 60000, &event, NULL) || !event) bench_die("no event came");
        seen += aigc_event_state(event) == AIGC_STATE_RUNNING;
        aigc_event_free(event);
    }
    sleep(1);
    long switches = bench_switches(), threads = bench_threads(), rss = bench_status("VmRSS");
    double cpu = bench_cpu(), start = bench_seconds();
    sleep((unsigned)atoi(argv[4]));
    double rest = bench_seconds() - start;
    /* This thread's own sleep is one of the switches, and reading them costs none. */
    printf("{\"jobs\":%ld,\"rss_kb\":%ld,\"bytes_per_job\":%.1f,\"threads\":%ld,\"wakes\":%ld,\"cpu_share\":%.6f,"
           "\"seconds\":%.1f}\n",
           jobs, rss, (double)(rss - before) * 1024 / (double)(jobs - 64), threads, bench_switches() - switches - 1,
           (bench_cpu() - cpu) / rest, rest);
    fflush(stdout);
    _exit(0);
}
