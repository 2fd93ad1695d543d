/* One program a language, for what is measured and tried across languages (Tests/packaging/programs.sh):
 *   submit PROVIDER PROMPT   prints token and id as soon as the provider has accepted the job, and ends
 *   fetch FOLDER TOKEN...    attaches each job, waits for it, and writes its first image to FOLDER/NUMBER.EXTENSION
 *   strings TOKEN            attaches the job, makes three status calls, and prints after each the provider's word for the
 *                            state, the request id, and the whole answer as JSON, with TABs between them
 *   events COUNT             prints the nanoseconds that one look at an empty queue of events takes, best of five
 * AIGC_TEST_CONFIG holds the configuration, a KEY=VALUE a line. */
#include <aigc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(aigc_status status, aigc_error *error)
{
    if (status == AIGC_OK) return;
    fprintf(stderr, "%s: %s\n", aigc_status_name(status), error ? aigc_error_message(error) : aigc_status_text(status));
    exit(1);
}

static aigc_client *client_of_test(void)
{
    aigc_config *config = NULL;
    aigc_client *client = NULL;
    aigc_error *error = NULL;
    char *text = strdup(getenv("AIGC_TEST_CONFIG"));
    check(aigc_config_new(&config, &error), error);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *value = strchr(line, '=');
        *value++ = '\0';
        check(aigc_config_set(config, line, value, &error), error);
    }
    check(aigc_client_new(config, &client, &error), error);
    aigc_config_free(config);
    free(text);
    return client;
}

static int submit(aigc_client *client, const char *provider, const char *prompt)
{
    int alibaba = strcmp(provider, AIGC_ALIBABA) == 0;
    aigc_request *request = NULL;
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    check(aigc_request_new(provider, alibaba ? AIGC_ALIBABA_PRE_MODEL_INFERENCE : AIGC_TENCENT_IMAGE, &request, &error), error);
    check(aigc_request_set_string(request, "prompt", prompt, &error), error);
    if (alibaba) check(aigc_request_add_image_url(request, "https://example.com/a.png", NULL, &error), error);
    check(aigc_client_submit(client, request, &job, &error), error);
    while (!aigc_job_token(job))
        if (aigc_job_wait(job, 20, &error) != AIGC_E_TIMEOUT) check(aigc_job_error(job, &error), error);
        else aigc_error_free(error);
    printf("%s %s\n", aigc_job_token(job), aigc_job_remote_id(job));
    return 0;
}

static int fetch(aigc_client *client, const char *folder, int count, char **tokens)
{
    aigc_job *jobs[64] = {NULL};
    aigc_error *error = NULL;
    for (int i = 0; i < count && i < 64; i++) check(aigc_client_attach(client, tokens[i], 1, &jobs[i], &error), error);
    for (int i = 0; i < count && i < 64; i++) {
        aigc_job *download = NULL;
        char path[4096];
        check(aigc_job_wait(jobs[i], 60000, &error), error);
        snprintf(path, sizeof path, "%s/%d.*", folder, i);
        check(aigc_job_download(jobs[i], 0, path, &download, &error), error);
        check(aigc_job_wait(download, 60000, &error), error);
    }
    return 0;
}

static int strings(aigc_client *client, const char *token)
{
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    check(aigc_client_attach(client, token, 0, &job, &error), error);
    for (int i = 0; i < 3; i++) {
        check(aigc_job_refresh(job, 60000, &error), error);
        const char *state = aigc_job_provider_state(job), *id = aigc_job_request_id(job);
        printf("%s\t%s\t%s\n", state, id, aigc_job_provider_response(job));
    }
    return 0;
}

static int events(aigc_client *client, long count)
{
    double best = 1e18;
    for (int round = 0; round < 5; round++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (long i = 0; i < count; i++) {
            aigc_event *event = NULL;
            check(aigc_client_next_event(client, 0, &event, NULL), NULL);
            aigc_event_free(event);
        }
        clock_gettime(CLOCK_MONOTONIC, &b);
        double took = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)count;
        if (took < best) best = took;
    }
    printf("%.1f\n", best);
    return 0;
}

int main(int argc, char **argv)
{
    aigc_client *client = client_of_test();
    if (argc == 4 && strcmp(argv[1], "submit") == 0) return submit(client, argv[2], argv[3]);
    if (argc > 3 && strcmp(argv[1], "fetch") == 0) return fetch(client, argv[2], argc - 3, argv + 3);
    if (argc == 3 && strcmp(argv[1], "strings") == 0) return strings(client, argv[2]);
    return argc == 3 ? events(client, atol(argv[2])) : 2;
}
