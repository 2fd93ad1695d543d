/* Promise 7: fork() under traffic. The child may free what it inherited and make clients of its own; everything else
 * says AIGC_E_FORKED; the parent does not notice. usage: fork [FORKS] */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 8 };

static void child(aigc_client *client, aigc_job **jobs, int with_a_job)
{
    aigc_error *error = NULL;
    aigc_event *event = NULL;
    aigc_job *job = NULL;
    aigc_request *request = test_request(AIGC_TENCENT, NULL);
    alarm(30); /* a child that hangs is ended and seen */
    child_begins();
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_E_FORKED, &error, "submit");
    ok_status(aigc_job_wait(jobs[0], 1000, &error), AIGC_E_FORKED, &error, "wait");
    ok_status(aigc_job_refresh(jobs[0], 1000, &error), AIGC_E_FORKED, &error, "refresh");
    ok_status(aigc_client_next_event(client, 1000, &event, &error), AIGC_E_FORKED, &error, "next event");
    aigc_job_cancel(jobs[0]);
    aigc_client_wake(client);
    aigc_client_close(client, 1000);
    aigc_request_free(request);
    aigc_client_free(client);
    for (int i = 0; i < JOBS; i++) aigc_job_free(jobs[i]);

    client = test_client();
    if (with_a_job) {
        job = test_submit(client, AIGC_TENCENT, "from a child");
        ok_status(aigc_job_wait(job, 25000, &error), AIGC_OK, &error, "a job of the child's own");
        aigc_job_free(job);
    }
    aigc_client_free(client);
    if (with_a_job) exit(child_failures() ? 1 : 0); /* the library's part of exit() runs in the child too */
    _exit(child_failures() ? 1 : 0);
}

int main(int argc, char **argv)
{
    int forks = argc > 1 ? atoi(argv[1]) : 25, good = 0, restarted = 0, ended_well = 0;
    aigc_job *jobs[JOBS];
    aigc_client *client = test_client();
    for (size_t i = 0; i < COUNT_OF(providers) && argc < 3; i++) {
        aigc_job *first = test_succeeded(client, providers[i]), *download = NULL;
        aigc_job_download(first, 0, NULL, &download, NULL);
        aigc_job_wait(download, 30000, NULL);
        aigc_job_free(download);
        aigc_job_free(first);
    }
    for (int i = 0; i < JOBS; i++) jobs[i] = test_submit(client, providers[i % 2], NULL);
    for (int i = 0; i < forks; i++) {
        int status = 0;
        sleep_ms(i % 7);
        pid_t pid = fork();
        if (pid == 0) child(client, jobs, i % 5 == 0);
        if (pid < 0 || waitpid(pid, &status, 0) != pid) die("fork");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) good++;
        else
            ok(0, "child %d: %s %d", i, WIFSIGNALED(status) ? "ended by signal" : "exit status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        for (int j = 0; j < JOBS; j++) /* keeps the traffic up */
            if (aigc_job_state(jobs[j]) >= AIGC_STATE_SUCCEEDED) {
                ended_well += aigc_job_error(jobs[j], NULL) == AIGC_OK;
                aigc_job_free(jobs[j]);
                jobs[j] = test_submit(client, providers[j % 2], NULL);
                restarted++;
            }
    }
    ok(good == forks, "%d of %d children were told, freed and made their own", good, forks);
    ok(ended_well == restarted, "%d of %d jobs of the parent ended well meanwhile", ended_well, restarted);
    for (int i = 0; i < JOBS; i++) {
        aigc_error *error = NULL;
        ok_status(aigc_job_wait(jobs[i], 60000, &error), AIGC_OK, &error, "the parent's job %d ends well", i);
        aigc_job_free(jobs[i]);
    }
    aigc_client_free(client);
    return finish();
}
