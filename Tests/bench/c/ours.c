/* ours.c - the same calls through libaigc.
 *
 * usage: ours HOST:PORT CA_FILE status|submit|poll IN_FLIGHT CALLS [KEY=VALUE]...
 * status: IN_FLIGHT attached jobs that are not followed; each refresh that has ended starts the next of its job.
 * submit: IN_FLIGHT submissions at a time; an accepted job waits on, and the next is submitted, after BENCH_PAUSE_US
 *   microseconds of the environment.
 * poll: many followed jobs, more than IN_FLIGHT calls can serve, for CALLS milliseconds; nothing is done per call here.
 *   The server knows how many there were. */
#define _GNU_SOURCE
#include "bench.h"
#include "client.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static long issued, ended, total;

static void refresh(aigc_job *job)
{
    aigc_error *error = NULL;
    if (aigc_job_refresh(job, 0, &error)) bench_die("refresh: %s", aigc_error_message(error));
    issued++;
}

static void submit(aigc_client *client)
{
    char prompt[64];
    aigc_error *error = NULL;
    aigc_request *request = NULL;
    aigc_job *job = NULL;
    snprintf(prompt, sizeof prompt, "a cat in the snow %ld", issued);
    if (aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, &error) ||
        aigc_request_set_string(request, "model", "Hunyuan", &error) ||
        aigc_request_set_string(request, "prompt", prompt, &error) || aigc_client_submit(client, request, &job, &error))
        bench_die("submit: %s", aigc_error_message(error));
    aigc_request_free(request);
    aigc_job_free(job);
    issued++;
}

/* So many jobs, each due again after 10 ms, that there is always a call to make. */
static void poll(aigc_client *client, long milliseconds)
{
    for (long i = 0; i < 1000; i++) aigc_job_free(bench_attach(client, i, 1));
    usleep((useconds_t)milliseconds * 1000);
}

int main(int argc, char **argv)
{
    aigc_error *error = NULL;
    if (argc < 6) bench_die("usage: ours HOST:PORT CA_FILE status|submit|poll IN_FLIGHT CALLS [KEY=VALUE]...");
    int submits = strcmp(argv[3], "submit") == 0;
    const char *pause = getenv("BENCH_PAUSE_US");
    useconds_t pause_us = pause ? (useconds_t)atol(pause) : 0;
    long width = atol(argv[4]);
    total = atol(argv[5]);
    aigc_client *client = bench_client(argv[1], argv[2], argv[4], argv + 6);
    aigc_job **jobs = calloc((size_t)width, sizeof *jobs);
    if (strcmp(argv[3], "poll") == 0) {
        bench_start();
        poll(client, total);
        bench_print(0);
        _exit(0);
    }
    aigc_client_event_fd(client); /* events are wanted from the first one on */
    bench_start();
    for (long i = 0; i < width && issued < total; i++) {
        if (submits) {
            submit(client);
            continue;
        }
        jobs[i] = bench_attach(client, i, 0);
        refresh(jobs[i]);
    }
    while (ended < total) {
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 30000, &event, &error) || !event) bench_die("no event came");
        int type = aigc_event_type(event);
        if (type == AIGC_EVENT_JOB_REFRESHED || type == AIGC_EVENT_JOB_ACCEPTED) {
            ended++;
            if (aigc_event_status(event)) bench_die("it ended with %s", aigc_status_name(aigc_event_status(event)));
            if (pause_us) usleep(pause_us);
            if (issued < total) submits ? submit(client) : refresh(aigc_event_job(event));
        } else if (type == AIGC_EVENT_JOB_DONE && aigc_event_status(event) != AIGC_E_CANCELLED) {
            bench_die("a job ended with %s", aigc_status_name(aigc_event_status(event)));
        }
        aigc_event_free(event);
    }
    bench_print(ended);
    if (submits) _exit(0); /* to end the jobs here is no part of submitting them */
    for (long i = 0; i < width; i++) aigc_job_free(jobs[i]);
    free(jobs);
    aigc_client_free(client);
    return 0;
}
