/* train.c - train a model on pictures, then generate images with it: two jobs, one after the other (Alibaba).
 *
 *     cc train.c $(pkg-config --cflags --libs aigc) -o train
 *     ./train ada girl "a <special-token> in the snow" out https://example.com/1.png https://example.com/2.png
 *
 * The training is paid for when it has been accepted. Its token is printed at once: --token TOKEN instead of pictures
 * continues from there, in this process or in another one, today or tomorrow.
 * Ctrl-C, SIGTERM and SIGHUP leave in good order, with the token of what keeps running at the provider.
 * Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether it was submitted,
 * 130 ended by a signal. */
#define _POSIX_C_SOURCE 200809L
#include <aigc.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: train [OPTION VALUE]... NAME OBJECT PROMPT OUTPUT [PICTURE-URL]...\n"
    "  NAME    of the model            OBJECT  what the pictures show, in one word: girl, man, dog ...\n"
    "  PROMPT  <special-token> stands for the subject    OUTPUT  files are named OUTPUT-1.png, ...\n"
    "  -c KEY=VALUE   a configuration key (any number of times)\n"
    "  --steps N      training steps        --token TOKEN  of a training that has been started\n";

/* A signal ends no wait: its handler only takes a note, and wait_for() looks at that. */
static volatile sig_atomic_t interrupted;
static void interrupt(int number) { interrupted = number; }

static void handle(int number)
{
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    if (sigaction(number, &action, &before) == 0 && before.sa_handler == SIG_IGN) signal(number, SIG_IGN);
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

/* Prints what is known about a failure, and frees it. Returns the exit status. */
static int failed(const char *what, aigc_error *error, aigc_job *job)
{
    int32_t outcome = job ? aigc_job_outcome(job) : aigc_error_outcome(error);
    fprintf(stderr, "%s: %s (%s)\n", what, aigc_error_message(error), aigc_status_name(aigc_error_status(error)));
    if (job) tell(job);
    aigc_error_free(error);
    return outcome == AIGC_OUTCOME_UNKNOWN ? 3 : interrupted ? 130 : 1;
}

/* Waits for the end of a job or a download, and tells its token as soon as it has one: from then on nothing that was
 * paid for can be lost. After a signal everything ends here; only an answer on its way has ten seconds. */
static aigc_status wait_for(aigc_client *client, const char *what, aigc_job *task, aigc_error **error)
{
    aigc_status status = AIGC_E_TIMEOUT;
    int told = 0;
    while (status == AIGC_E_TIMEOUT) {
        const char *token;
        status = aigc_job_wait(task, 100, NULL);
        token = told || !aigc_job_remote_id(task) ? NULL : aigc_job_token(task);
        if (token) told = fprintf(stderr, "%s: token %s\n", what, token);
        if (interrupted) aigc_client_close(client, 10000);
    }
    return aigc_job_wait(task, 0, error);
}

int main(int argc, char **argv)
{
    aigc_config *config = NULL; aigc_client *client = NULL; aigc_request *train = NULL, *draw = NULL;
    aigc_job *training = NULL, *job = NULL, *download = NULL; aigc_error *error = NULL;
    const char *token = NULL; char *equals, path[4096]; int first = 1, status = 0, unwritten = 0; size_t i;

    if (aigc_config_new(&config, &error) ||
        aigc_config_set(config, "job.deadline_ms", "86400000", &error) || /* training takes long: a day */
        aigc_request_new(AIGC_ALIBABA, AIGC_ALIBABA_MODEL_TRAIN, &train, &error) ||
        aigc_request_new(AIGC_ALIBABA, AIGC_ALIBABA_INFERENCE, &draw, &error)) status = failed("train", error, NULL);
    for (; !status && first + 1 < argc && argv[first][0] == '-'; first += 2) {
        char *value = argv[first + 1]; aigc_status set = AIGC_E_INVALID_ARGUMENT;
        if (strcmp(argv[first], "--token") == 0) { token = value; continue; }
        if (strcmp(argv[first], "--steps") == 0) set = aigc_request_set_int(train, "train_steps", atoi(value), &error);
        else if (strcmp(argv[first], "-c") == 0 && (equals = strchr(value, '=')) != NULL) {
            *equals = '\0'; /* cuts KEY=VALUE in two */
            set = aigc_config_set(config, value, equals + 1, &error);
        } else break;
        if (set) status = failed(argv[first], error, NULL);
    }
    if (!status && (argc - first < 4 || argv[first][0] == '-')) { fputs(usage, stderr); status = 2; }
    if (!status && (aigc_request_set_string(train, "name", argv[first], &error) ||
                    aigc_request_set_string(train, "object_type", argv[first + 1], &error) ||
                    aigc_request_set_string(draw, "prompt", argv[first + 2], &error))) status = failed("request", error, NULL);
    for (i = (size_t)first + 4; !status && i < (size_t)argc; i++)
        if (aigc_request_add_image_url(train, argv[i], NULL, &error)) status = failed(argv[i], error, NULL);
    if (fcntl(1, F_GETFD) < 0) status = 1, fputs("standard output is closed\n", stderr); /* a file would take its place */
    journal = aigc_config_get(config, "journal.path");
    if (!status && aigc_client_new(config, &client, &error)) status = failed("client", error, NULL);

    handle(SIGINT); handle(SIGTERM); handle(SIGHUP);
    signal(SIGPIPE, SIG_IGN); /* a reader who has gone ends no download */
    if (!status && (token ? aigc_client_attach(client, token, 1, &training, &error)
                          : aigc_client_submit(client, train, &training, &error))) status = failed("train", error, NULL);
    if (!status && wait_for(client, "training", training, &error)) status = failed("training", error, training);
    if (!status) {
        fprintf(stderr, "model: %s\n", aigc_job_result_id(training));
        if (aigc_request_set_string(draw, "model", aigc_job_result_id(training), &error) ||
            aigc_client_submit(client, draw, &job, &error)) status = failed("submit", error, NULL);
    }
    if (!status && wait_for(client, "job", job, &error)) status = failed("job", error, job);
    for (i = 0; !status && i < aigc_job_asset_count(job); i++) {
        snprintf(path, sizeof path, "%s-%d.*", argv[first + 3], (int)i + 1); /* ".*" becomes the format's extension */
        if (aigc_job_download(job, i, path, &download, &error) || wait_for(client, "image", download, &error))
            status = failed(path, error, job);
        else if (puts(aigc_job_path(download)) == EOF || fflush(stdout)) {
            fprintf(stderr, "standard output cannot be written; the image is in %s\n", aigc_job_path(download));
            tell(job);
            unwritten = 1;
        }
        aigc_job_free(download);
    }
    aigc_job_free(job); aigc_job_free(training); aigc_client_free(client);
    aigc_request_free(train); aigc_request_free(draw); aigc_config_free(config);
    return status ? status : unwritten;
}
