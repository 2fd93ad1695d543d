/* A host that is killed: submits keys into a journal, tells what it hears, and ends when every job has ended.
 *
 * usage: driver FOLDER [resume] [hold] <LINES     a line: PROVIDER KEY
 *   resume  takes over what dead clients have left before it submits
 *   hold    lets each job leave by itself
 * AIGC_TEST_CONFIG holds configuration keys, one KEY=VALUE a line. Each line of output is one write():
 *   S                          the client is about to be made
 *   A KEY ID                   the provider's id of a key is known
 *   E KEY STATUS OUTCOME       the submission of a key was refused at once
 *   D KEY STATE STATUS OUTCOME ID|-   the job of a key has ended
 *   W TEXT                     a warning
 *   . | ! TEXT                 the end | the client cannot be made */
#include <aigc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (size < 0) _exit(98);
    if ((size_t)size > sizeof line - 2) size = sizeof line - 2;
    line[size++] = '\n';
    if (write(1, line, (size_t)size) != size) _exit(98);
}

static aigc_client *make_client(const char *folder)
{
    aigc_config *config = NULL;
    aigc_client *client = NULL;
    aigc_error *error = NULL;
    char *lines = strdup(getenv("AIGC_TEST_CONFIG")), *line, *rest = lines;
    aigc_status status = aigc_config_new(&config, &error);
    while (!status && (line = strsep(&rest, "\n")) != NULL) {
        char *equals = strchr(line, '=');
        if (!equals) continue;
        *equals = '\0';
        status = aigc_config_set(config, line, equals + 1, &error);
    }
    if (!status) status = aigc_config_set(config, "journal.path", folder, &error);
    if (!status) status = aigc_client_new(config, &client, &error);
    if (status) say("! %s %s", aigc_status_name(status), aigc_error_message(error));
    aigc_error_free(error);
    aigc_config_free(config);
    free(lines);
    return client;
}

/* False: it was refused at once. */
static int submit(aigc_client *client, const char *provider, const char *key, int held)
{
    char prompt[512];
    int alibaba = strcmp(provider, AIGC_ALIBABA) == 0;
    aigc_request *request = NULL;
    aigc_error *error = NULL;
    aigc_job *job = NULL;
    snprintf(prompt, sizeof prompt, "a %s of %s", alibaba ? "<special-token>" : "lighthouse", key);
    if (aigc_request_new(provider, alibaba ? AIGC_ALIBABA_PRE_MODEL_INFERENCE : AIGC_TENCENT_IMAGE, &request, &error) ||
        aigc_request_set_string(request, "prompt", prompt, &error) ||
        (alibaba && aigc_request_add_image_url(request, "https://example.com/reference.png", NULL, &error)) ||
        aigc_request_set_option(request, "key", key, &error) ||
        aigc_request_set_option(request, "hold", held ? "true" : "false", &error)) {
        say("! request: %s", aigc_error_message(error));
        _exit(97);
    }
    aigc_status status = aigc_client_submit(client, request, &job, &error);
    if (status) say("E %s %s %d", key, aigc_status_name(status), (int)aigc_error_outcome(error));
    aigc_error_free(error);
    aigc_request_free(request);
    aigc_job_free(job);
    return status == AIGC_OK;
}

int main(int argc, char **argv)
{
    int resumes = 0, held = 0, open = 0, count = 0;
    static char keys[4096][128], providers[4096][16];
    for (int i = 2; i < argc; i++) {
        resumes |= strcmp(argv[i], "resume") == 0;
        held |= strcmp(argv[i], "hold") == 0;
    }
    while (count < 4096 && scanf("%15s %127s", providers[count], keys[count]) == 2) count++;
    say("S");
    aigc_client *client = make_client(argv[1]);
    if (!client) return 3;
    /* Events of a job that nobody holds are kept for who has asked for events before. */
    aigc_event *first = NULL;
    aigc_client_next_event(client, 0, &first, NULL);
    aigc_event_free(first);
    if (resumes) {
        aigc_error *error = NULL;
        size_t taken = 0;
        if (aigc_client_resume(client, 1, &taken, &error)) say("W resume: %s", aigc_error_message(error));
        open += (int)taken;
        aigc_error_free(error);
    }
    /* A resumed job and its submission are one job, and end once: what is counted are ends of keys. */
    static int has_ended[4096], was_refused[4096];
    for (int i = 0; i < count; i++) was_refused[i] = !submit(client, providers[i], keys[i], held);
    for (;;) {
        int left = 0;
        for (int i = 0; i < count; i++) left += !has_ended[i] && !was_refused[i];
        if (left == 0) break;
        aigc_event *event = NULL;
        if (aigc_client_next_event(client, 60000, &event, NULL) != AIGC_OK || !event) {
            say("W no event for a minute, %d left", left);
            return 4;
        }
        aigc_job *job = aigc_event_job(event);
        const char *key = job ? aigc_job_key(job) : NULL;
        switch (aigc_event_type(event)) {
        case AIGC_EVENT_JOB_READY: aigc_job_release(job, NULL); break;
        case AIGC_EVENT_JOB_ACCEPTED:
            if (key) say("A %s %s", key, aigc_job_remote_id(job));
            break;
        case AIGC_EVENT_JOB_DONE: {
            const char *id = aigc_job_remote_id(job);
            if (!key) break;
            say("D %s %d %s %d %s", key, (int)aigc_event_state(event), aigc_status_name(aigc_event_status(event)),
                (int)aigc_job_outcome(job), id ? id : "-");
            for (int i = 0; i < count; i++) has_ended[i] |= strcmp(keys[i], key) == 0;
            break;
        }
        case AIGC_EVENT_WARNING: say("W %s", aigc_event_message(event)); break;
        default: break;
        }
        aigc_event_free(event);
    }
    aigc_client_free(client);
    say(".");
    return 0;
}
