/* generate.c - generate images with one job and wait for them: the blocking way to use libaigc.
 *
 *     cc generate.c $(pkg-config --cflags --libs aigc) -o generate
 *     ./generate tencent "a cat in the snow" cat
 *
 * The token of the job is printed as soon as there is one: it finds the job again from any process. Ctrl-C, SIGTERM and
 * SIGHUP leave in good order: what has not been sent is not sent any more, and an answer on its way gets ten seconds.
 * Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether it was submitted,
 * 130 ended by a signal. */
#define _POSIX_C_SOURCE 200809L
#include <aigc.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: generate [OPTION VALUE]... PROVIDER PROMPT OUTPUT\n"
    "  PROVIDER  alibaba or tencent     OUTPUT  files are named OUTPUT-1.png, OUTPUT-2.jpg, ...\n"
    "  -c KEY=VALUE   a configuration key, such as tencent.region=ap-guangzhou (any number of times)\n"
    "  --image URL    a reference picture (any number of times); Alibaba needs --image or --model\n"
    "  --model NAME   the model            --count N   how many images\n";

/* A signal ends no wait: its handler only takes a note, and the waits below look at that. */
static volatile sig_atomic_t interrupted;
static void interrupt(int number) { interrupted = number; }

static void handle(int number)
{
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    if (sigaction(number, &action, &before) == 0 && before.sa_handler == SIG_IGN) signal(number, SIG_IGN);
}

/* Waits until a job or a download has ended, or until a signal comes: then everything ends here, and only an answer on
 * its way gets ten seconds, so that no id is lost. Tells the token of the job as soon as it has one. */
static aigc_status wait_for(aigc_client *client, aigc_job *task, aigc_error **error)
{
    aigc_status status = AIGC_E_TIMEOUT;
    int told = 0;
    while (status == AIGC_E_TIMEOUT) {
        const char *token;
        status = aigc_job_wait(task, 100, NULL);
        token = told || !aigc_job_remote_id(task) ? NULL : aigc_job_token(task);
        if (token) told = fprintf(stderr, "token: %s\n", token);
        if (interrupted) aigc_client_close(client, 10000);
    }
    return aigc_job_wait(task, 0, error);
}

static const char *journal; /* the folder of the journal, for the command that shows a key in doubt */

/* Says what is known about the submission of a job. */
static void tell(aigc_job *job)
{
    if (aigc_job_token(job)) fprintf(stderr, "  accepted; fetch it with: aigc fetch %s\n", aigc_job_token(job));
    else if (aigc_job_remote_id(job)) fprintf(stderr, "  accepted; the provider's id is %s\n", aigc_job_remote_id(job));
    else if (aigc_job_outcome(job) != AIGC_OUTCOME_UNKNOWN)
        fputs("  provably not submitted, or refused: nothing is paid\n", stderr);
    else {
        fputs("  it may run and be paid: nobody knows whether it was submitted. "
              "Look at the provider's console before you repeat it\n", stderr);
        if (aigc_job_key(job))
            fprintf(stderr, "  its key in the journal: aigc jobs show --journal %s -- %s\n", journal, aigc_job_key(job));
    }
}

/* Prints all that is known about a failure, and frees it. Returns the exit status. */
static int failed(const char *what, aigc_error *error, aigc_job *job)
{
    int32_t outcome = job ? aigc_job_outcome(job) : aigc_error_outcome(error);
    fprintf(stderr, "%s: %s\n  %s: %s\n", what, aigc_error_message(error), aigc_status_name(aigc_error_status(error)),
            aigc_status_text(aigc_error_status(error)));
    if (aigc_error_provider_code(error)) fprintf(stderr, "  provider's code: %s\n", aigc_error_provider_code(error));
    if (aigc_error_provider_message(error)) fprintf(stderr, "  it says: %s\n", aigc_error_provider_message(error));
    if (aigc_error_request_id(error)) fprintf(stderr, "  request id: %s\n", aigc_error_request_id(error));
    if (job) tell(job);
    aigc_error_free(error);
    return outcome == AIGC_OUTCOME_UNKNOWN ? 3 : interrupted ? 130 : 1;
}

/* Whether the images can be written: what they need is found out before they are paid. Tries a file with a name of the
 * longest kind, which is removed again, and looks for images that are there already: a download replaces none. */
static int is_usable(const char *output)
{
    static const char *const formats[] = {"png", "jpg", "webp", "gif", "bmp"};
    char path[4096];
    int number, format, file = -1;
    if (fcntl(1, F_GETFD) < 0) { fputs("standard output is closed\n", stderr); return 0; } /* a file would take its place */
    if (strlen(output) > sizeof path - 32) errno = ENAMETOOLONG;
    else {
        snprintf(path, sizeof path, "%s-%08ld", output, (long)getpid());
        file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    }
    if (file < 0) { fprintf(stderr, "%s: no image can be written: %s\n", output, strerror(errno)); return 0; }
    close(file);
    unlink(path);
    for (number = 1; number <= 100; number++)
        for (format = 0; format < 5; format++) {
            snprintf(path, sizeof path, "%s-%d.%s", output, number, formats[format]);
            if (access(path, F_OK) == 0) { fprintf(stderr, "%s: the file exists\n", path); return 0; }
        }
    return 1;
}

/* A whole number; the whole text must be one. */
static int64_t number_of(const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno) { fprintf(stderr, "--count %s: give a whole number\n", text); exit(2); }
    return number;
}

/* Sets what an option says, on the configuration or on the request. */
static aigc_status set(aigc_config *config, aigc_request *request, const char *name, char *value, aigc_error **error)
{
    char *equals = strchr(value, '=');
    if (strcmp(name, "--image") == 0) return aigc_request_add_image_url(request, value, NULL, error);
    if (strcmp(name, "--model") == 0) return aigc_request_set_string(request, "model", value, error);
    if (strcmp(name, "--count") == 0) return aigc_request_set_int(request, "count", number_of(value), error);
    if (strcmp(name, "-c") != 0 || !equals) { fputs(usage, stderr); exit(2); }
    *equals = '\0'; /* cuts KEY=VALUE in two */
    return aigc_config_set(config, value, equals + 1, error);
}

int main(int argc, char **argv)
{
    aigc_config *config = NULL; aigc_request *request = NULL; aigc_client *client = NULL;
    aigc_job *job = NULL, *download = NULL; aigc_error *error = NULL;
    int at, first = 1, model = 0, status = 0, unwritten = 0; size_t i; char path[4096];

    for (; first + 1 < argc && argv[first][0] == '-'; first += 2) model |= strcmp(argv[first], "--model") == 0;
    if (argc - first != 3) { fputs(usage, stderr); return 2; }
    const char *provider = argv[first], *operation = AIGC_TENCENT_IMAGE;
    if (strcmp(provider, AIGC_ALIBABA) == 0)
        operation = model ? AIGC_ALIBABA_INFERENCE : AIGC_ALIBABA_PRE_MODEL_INFERENCE;

    if (!is_usable(argv[first + 2])) return 1;
    if (aigc_config_new(&config, &error) || aigc_request_new(provider, operation, &request, &error) ||
        aigc_request_set_string(request, "prompt", argv[first + 1], &error)) status = failed("request", error, NULL);
    for (at = 1; !status && at < first; at += 2)
        if (set(config, request, argv[at], argv[at + 1], &error)) status = failed(argv[at], error, NULL);
    journal = aigc_config_get(config, "journal.path");
    if (!status && aigc_client_new(config, &client, &error)) status = failed("client", error, NULL);
    handle(SIGINT); handle(SIGTERM); handle(SIGHUP);
    signal(SIGPIPE, SIG_IGN); /* a reader who has gone ends no download */
    if (!status && aigc_client_submit(client, request, &job, &error)) status = failed("submit", error, NULL);
    if (!status && wait_for(client, job, &error)) status = failed("job", error, job);
    for (i = 0; !status && i < aigc_job_asset_count(job); i++) {
        snprintf(path, sizeof path, "%s-%d.*", argv[first + 2], (int)i + 1); /* ".*" becomes the format's extension */
        if (aigc_job_download(job, i, path, &download, &error) || wait_for(client, download, &error))
            status = failed(path, error, job);
        else if (puts(aigc_job_path(download)) == EOF || fflush(stdout)) {
            fprintf(stderr, "standard output cannot be written; the image is in %s\n", aigc_job_path(download));
            tell(job);
            unwritten = 1;
        }
        aigc_job_free(download);
    }
    aigc_job_free(job); aigc_client_free(client); aigc_request_free(request); aigc_config_free(config);
    return status ? status : unwritten;
}
