/* 10,000 jobs are submitted in one go and the client is freed at once: soon, every job ended, nothing left behind. Half of
 * the handles are freed before the client, half after. usage: flood JOBS */
#include "support.h"

#include <malloc.h>
#include <stdlib.h>

/* Bytes that are allocated now, without what the allocator keeps for the next time. */
static size_t in_use(void)
{
    struct mallinfo2 memory = mallinfo2();
    return memory.uordblks + memory.hblkhd;
}

static void flood(aigc_job **jobs, int count, int takes_events, int pause_ms)
{
    int ended = 0, unknown = 0, not_sent = 0, done_events = 0, other = 0;
    aigc_event *event = NULL;
    aigc_client *client = test_client_with("close.grace_ms", "300");
    if (takes_events) aigc_client_event_fd(client);
    int64_t start = now_ms();
    aigc_request *request = test_request(AIGC_TENCENT, "[never]");
    for (int i = 0; i < count; i++)
        if (aigc_client_submit(client, request, &jobs[i], NULL)) die("submit");
    aigc_request_free(request);
    int64_t submitted = now_ms() - start;
    sleep_ms(pause_ms);
    for (int i = 0; i < count; i += 2) {
        aigc_job_free(jobs[i]);
        jobs[i] = NULL;
    }
    start = now_ms();
    if (takes_events) {
        aigc_client_close(client, 300);
        while (aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event) {
            done_events += aigc_event_type(event) == AIGC_EVENT_JOB_DONE;
            aigc_event_free(event);
        }
        ok(done_events == count, "%d ends are told for %d jobs", done_events, count);
    }
    aigc_client_free(client);
    int64_t took = now_ms() - start;
    for (int i = 1; i < count; i += 2) {
        ended += aigc_job_wait(jobs[i], 0, NULL) == AIGC_E_CANCELLED;
        int32_t outcome = aigc_job_outcome(jobs[i]);
        unknown += outcome == AIGC_OUTCOME_UNKNOWN;
        not_sent += outcome == AIGC_OUTCOME_NOT_SENT;
        if (outcome == AIGC_OUTCOME_ACCEPTED && !aigc_job_token(jobs[i])) other++;
        if (outcome == AIGC_OUTCOME_NONE) other++;
        aigc_job_free(jobs[i]);
    }
    ok(took < 5000, "%d jobs (submitted within %lld ms): the client is gone after %lld ms", count,
       (long long)submitted, (long long)took);
    ok(ended == count / 2, "%d of %d have ended as cancelled", ended, count / 2);
    ok(other == 0, "all know what came of them: %d never sent, %d unknown, the rest accepted with a token (%d not)",
       not_sent, unknown, other);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000;
    aigc_job **jobs = calloc((size_t)count, sizeof *jobs);
    if (!jobs) die("no memory");
    size_t memory = 0, descriptors = 0, threads = 0;
    for (int round = 0; round < 4; round++) {
        flood(jobs, count, 0, 0);
        flood(jobs, count, 1, 0);
        flood(jobs, count, 0, 300);
        if (round) continue;
        memory = in_use();
        descriptors = open_descriptors();
        threads = thread_count();
    }
    ok(in_use() < memory + (256 << 10), "memory does not grow with each flood (%zu bytes, then %zu)", memory, in_use());
    ok(open_descriptors() == descriptors && thread_count() == threads, "nor descriptors, nor threads");
    free(jobs);
    return finish();
}
