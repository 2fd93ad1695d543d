/* A token attaches a job in another process: this program starts itself anew and hands over nothing but the token. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The other process: follows the job to its end and fetches its image. */
static int other_process(const char *token, const char *path)
{
    aigc_client *client = test_client();
    aigc_job *job = NULL, *download = NULL;
    int good = aigc_client_attach(client, token, 1, &job, NULL) == AIGC_OK &&
               aigc_job_wait(job, 60000, NULL) == AIGC_OK && aigc_job_token(job) &&
               strcmp(aigc_job_token(job), token) == 0 && aigc_job_download(job, 0, path, &download, NULL) == AIGC_OK &&
               aigc_job_wait(download, 30000, NULL) == AIGC_OK && file_size(aigc_job_path(download)) > 100;
    aigc_job_free(job);
    aigc_job_free(download);
    aigc_client_free(client);
    return good ? 0 : 1;
}

static int run_other_process(const char *program, const char *token, const char *path)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, token, path, (char *)NULL);
        _exit(98);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void hand_over(const char *provider, const char *program)
{
    aigc_client *client = test_client();
    aigc_job *job = test_submit(client, provider, NULL);
    char *path = scratch("attached-%s.png", provider), token[257] = "";
    wait_state(job, AIGC_STATE_PENDING, 20000);
    if (!ok(aigc_job_token(job) != NULL, "%s: an accepted job has a token", provider)) return;
    ok(strlen(aigc_job_token(job)) <= 256, "%s: of at most 256 bytes", provider);
    ok(!strstr(aigc_job_token(job), "secret"), "%s: without a secret", provider);
    strncpy(token, aigc_job_token(job), 256);
    aigc_client_close(client, 0);
    aigc_job_free(job);
    aigc_client_free(client);
    ok(run_other_process(program, token, path) == 0, "%s: another process attaches it and fetches its image", provider);
    ok(file_exists(path), "%s: the file is there", provider);
    free(path);
}

static void by_hand(const char *provider)
{
    aigc_error *error = NULL;
    aigc_client *client = test_client();
    aigc_job *job = NULL, *again = NULL;
    aigc_request *request = test_request(provider, NULL);
    aigc_status status = AIGC_OK;
    int calls = 0;
    ok_status(aigc_request_set_option(request, "follow", "false", &error), AIGC_OK, &error, "%s: not followed",
              provider);
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "%s: submit", provider);
    aigc_request_free(request);
    for (int64_t end = now_ms() + 20000; !aigc_job_remote_id(job) && now_ms() < end;) sleep_ms(5);
    sleep_ms(1000);
    ok(aigc_job_state(job) < AIGC_STATE_SUCCEEDED, "%s: nothing polls it", provider);
    while (aigc_job_state(job) < AIGC_STATE_SUCCEEDED && calls++ < 200 && status == AIGC_OK) {
        status = aigc_job_refresh(job, 10000, &error);
        if (status == AIGC_OK) sleep_ms(50);
    }
    ok_status(status, AIGC_OK, &error, "%s: refresh until it ends", provider);
    ok(aigc_job_state(job) == AIGC_STATE_SUCCEEDED, "%s: after %d status calls", provider, calls);
    ok(aigc_job_provider_state(job) && aigc_job_provider_response(job) && aigc_job_request_id(job),
       "%s: the answer is readable", provider);

    error = NULL;
    ok_status(
        aigc_client_attach_id(client, provider, aigc_job_operation(job), aigc_job_remote_id(job), 0, &again, &error),
        AIGC_OK, &error, "%s: attach by the provider's id", provider);
    error = NULL;
    ok_status(aigc_job_refresh(again, 10000, &error), AIGC_OK, &error, "%s: one status call", provider);
    ok(aigc_job_state(again) == AIGC_STATE_SUCCEEDED && aigc_job_asset_count(again) == aigc_job_asset_count(job),
       "%s: it is the same job", provider);
    aigc_job_free(again);
    error = NULL;
    ok_status(aigc_client_attach_id(client, provider, aigc_job_operation(job), "no-such-job-1", 0, &again, &error),
              AIGC_OK, &error, "%s: attach an id that nobody knows", provider);
    status = aigc_job_refresh(again, 10000, &error); /* a followed job is given time to become known first */
    ok_status(status, AIGC_E_NOT_FOUND, &error, "%s: it is not found", provider);
    aigc_job_free(again);
    aigc_job_free(job);
    aigc_client_free(client);
}

int main(int argc, char **argv)
{
    if (argc == 3) return other_process(argv[1], argv[2]);
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        hand_over(providers[i], argv[0]);
        by_hand(providers[i]);
    }
    return finish();
}
