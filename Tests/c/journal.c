/* Promise 10: with a journal a key is never submitted twice, across clients, processes and kills; what was on the wire when
 * a process died is UNKNOWN; a held job waits for its host. usage: journal [FORKS]
 * As another process: journal ROLE KEY... */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char secret[] = "a secret lighthouse that no file may hold";
static char *folder;
static const char *self;

static aigc_client *client_with_journal(void)
{
    return test_client_with("journal.path", folder);
}

/* The same request for the same key, in every process of a run. */
static aigc_request *request_of(const char *provider, const char *key, const char *words)
{
    char prompt[512];
    aigc_request *request = test_request(provider, NULL);
    snprintf(prompt, sizeof prompt, "%s <special-token>, %s %s [%s]", secret, folder, key, words);
    if (aigc_request_set_string(request, "prompt", prompt, NULL) || aigc_request_set_option(request, "key", key, NULL))
        die("request of key %s", key);
    return request;
}

static aigc_job *submit(aigc_client *client, const char *provider, const char *key, const char *words)
{
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    aigc_request *request = request_of(provider, key, words);
    if (aigc_client_submit(client, request, &job, &error)) die("submit %s: %s", key, aigc_error_message(error));
    aigc_request_free(request);
    return job;
}

/* Another process, which says "." once it is where it was to be. */
static pid_t start(const char *role, const char *key, const char *more, int *said)
{
    int pipes[2];
    pid_t pid;
    if (pipe(pipes)) die("pipe");
    pid = fork();
    if (pid == 0) {
        dup2(pipes[1], 3);
        if (pipes[0] != 3) close(pipes[0]);
        execl(self, self, role, key, more, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    *said = pipes[0];
    return pid;
}

static void await(int said)
{
    char byte;
    if (read(said, &byte, 1) != 1) ok(0, "the other process came to its point");
}

static int end_of(pid_t pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* As a host does that copies its folder, or counts its bytes. */
static void read_files(const char *place)
{
    char path[4096], byte;
    DIR *files = opendir(place);
    for (struct dirent *entry; files && (entry = readdir(files));) {
        snprintf(path, sizeof path, "%s/%s", place, entry->d_name);
        int file = open(path, O_RDONLY);
        if (file < 0 || (read(file, &byte, 1) < 0 && errno != EISDIR) || close(file)) die("cannot read %s", path);
    }
    if (!files || closedir(files)) die("cannot list %s", place);
}

static void read_files_of_owners(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/owners", folder);
    read_files(path);
}

/* Reads every file, which SQLite's locks do not outlive, lets another process open and close the journal, and submits. */
static int loses_its_log(aigc_client *client)
{
    aigc_error *error = NULL;
    char *go = scratch("go");
    read_files(folder);
    if (write(3, ".", 1) != 1) die("write");
    for (int i = 0; i < 2000 && !file_exists(go); i++) sleep_ms(10);
    aigc_job *job = NULL;
    aigc_request *request = request_of(AIGC_TENCENT, "without a log", "");
    aigc_status status = aigc_client_submit(client, request, &job, &error);
    int32_t outcome = status == AIGC_OK ? AIGC_OUTCOME_NONE : aigc_error_outcome(error);
    if (status == AIGC_OK) {
        status = aigc_job_wait(job, 30000, &error);
        outcome = aigc_job_outcome(job);
    }
    fprintf(stderr, "# %s: %s\n", aigc_status_name(status), error ? aigc_error_message(error) : "");
    return status == AIGC_E_JOURNAL && outcome == AIGC_OUTCOME_NOT_SENT ? 0 : 1;
}

static int role(int argc, char **argv)
{
    aigc_client *client = client_with_journal();
    /* The sandbox lets Alibaba's submissions wait for three seconds. */
    const char *words = argc > 3 ? argv[3] : "";
    aigc_job *job = submit(client, strcmp(words, "wire") == 0 ? AIGC_ALIBABA : AIGC_TENCENT, argv[2], words);
    if (strcmp(argv[1], "accepted") == 0) {
        if (wait_state(job, AIGC_STATE_PENDING, 20000) != AIGC_STATE_PENDING) die("not accepted");
    } else if (strcmp(argv[1], "sending") == 0) {
        if (wait_state(job, AIGC_STATE_SUBMITTING, 20000) != AIGC_STATE_SUBMITTING) die("not sent");
    } else if (strcmp(argv[1], "done") == 0) {
        aigc_job_wait(job, 30000, NULL);
    } else if (strcmp(argv[1], "log") == 0) {
        aigc_job_wait(job, 30000, NULL);
        return loses_its_log(client);
    } else if (strcmp(argv[1], "copied") == 0) {
        if (wait_state(job, AIGC_STATE_SUBMITTING, 20000) != AIGC_STATE_SUBMITTING) die("not sent");
        read_files_of_owners();
    } else if (strcmp(argv[1], "forked") == 0) {
        if (wait_state(job, AIGC_STATE_PENDING, 20000) != AIGC_STATE_PENDING) die("not accepted");
        pid_t pid = fork();
        if (pid == 0) {
            alarm(60);
            if (write(3, &(pid_t){getpid()}, sizeof pid) != sizeof pid) die("write");
            close(3);
            pause();
        }
        pause();
    }
    if (write(3, ".", 1) != 1) die("write");
    pause();
    return 0;
}

/* A key is one job, in one client, in two, and after its end. */
static void one_job(const char *provider)
{
    char key[64];
    aigc_error *error = NULL;
    aigc_client *client = client_with_journal(), *other = client_with_journal();
    aigc_job *first, *again, *elsewhere, *known = NULL;
    snprintf(key, sizeof key, "one/%s", provider);
    first = submit(client, provider, key, "");
    again = submit(client, provider, key, "");
    elsewhere = submit(other, provider, key, "");
    ok(aigc_job_id(first) == aigc_job_id(again), "%s: one key is one job in a client", provider);
    ok(strcmp(aigc_job_key(first), key) == 0, "%s: a job knows its key", provider);
    ok_status(aigc_job_wait(first, 30000, &error), AIGC_OK, &error, "%s: the job ends well", provider);
    ok_status(aigc_job_wait(elsewhere, 30000, &error), AIGC_OK, &error, "%s: so it does in another client", provider);
    ok(aigc_job_remote_id(first) && strcmp(aigc_job_remote_id(first), aigc_job_remote_id(elsewhere)) == 0,
       "%s: both are one job of the provider", provider);
    ok_status(aigc_client_attach_key(client, key, 1, &known, &error), AIGC_OK, &error, "%s: its key attaches it", provider);
    ok_status(aigc_job_wait(known, 30000, &error), AIGC_OK, &error, "%s: after its end too", provider);
    ok(aigc_job_asset_count(known) == aigc_job_asset_count(first) && aigc_job_asset_count(first) > 0,
       "%s: with its images", provider);
    aigc_job_free(known);
    known = submit(other, provider, key, "");
    ok_status(aigc_job_wait(known, 30000, &error), AIGC_OK, &error, "%s: and a submission finds it", provider);
    aigc_job_free(first);
    aigc_job_free(again);
    aigc_job_free(elsewhere);
    aigc_job_free(known);
    aigc_client_free(client);
    aigc_client_free(other);
}

static void refusals(void)
{
    aigc_error *error = NULL;
    aigc_job *job = NULL;
    char long_key[300];
    aigc_client *plain = test_client(), *client = client_with_journal();
    aigc_request *request = request_of(AIGC_TENCENT, "conflict", "");
    ok_status(aigc_client_submit(plain, request, &job, &error), AIGC_E_WRONG_STATE, &error, "a key needs a journal");
    ok_status(aigc_client_resume(plain, 1, NULL, &error), AIGC_E_WRONG_STATE, &error, "so does resuming");
    ok_status(aigc_client_attach_key(plain, "x", 1, &job, &error), AIGC_E_WRONG_STATE, &error, "and attaching by key");
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "a key with a journal");
    aigc_job_free(job);
    ok_status(aigc_request_set_string(request, "prompt", "another <special-token>", &error), AIGC_OK, &error, "another prompt");
    aigc_status status = aigc_client_submit(client, request, &job, &error);
    ok(aigc_error_outcome(error) == AIGC_OUTCOME_NOT_SENT && strcmp(aigc_error_field(error), "key") == 0 && !job,
       "a conflict says that nothing was sent");
    ok_status(status, AIGC_E_KEY_CONFLICT, &error, "another request under a known key");
    memset(long_key, 'k', sizeof long_key);
    long_key[256] = '\0';
    ok_status(aigc_request_set_option(request, "key", long_key, &error), AIGC_E_INVALID_ARGUMENT, &error, "a key of 256 bytes");
    long_key[255] = '\0';
    ok_status(aigc_request_set_option(request, "key", long_key, &error), AIGC_OK, &error, "a key of 255 bytes");
    ok_status(aigc_request_set_option(request, "hold", "yes", &error), AIGC_E_INVALID_ARGUMENT, &error, "hold is true or false");
    ok_status(aigc_client_attach_key(client, "unheard of", 1, &job, &error), AIGC_E_NOT_FOUND, &error, "an unknown key");
    aigc_request_free(request);
    aigc_client_free(plain);
    aigc_client_free(client);
}

/* Without a key a client makes one up; a job by token has none. */
static void made_up(void)
{
    aigc_client *client = client_with_journal(), *plain = test_client();
    aigc_job *job = test_submit(client, AIGC_TENCENT, NULL), *other = NULL;
    ok(aigc_job_key(job) && strlen(aigc_job_key(job)) > 20, "a key is made up");
    aigc_job_wait(job, 30000, NULL);
    aigc_client_attach(client, aigc_job_token(job), 0, &other, NULL);
    ok(aigc_job_key(other) == NULL, "a job that is attached by its token has no key");
    aigc_job_free(job);
    aigc_job_free(other);
    other = test_submit(plain, AIGC_TENCENT, NULL);
    ok(aigc_job_key(other) == NULL, "nor has one without a journal");
    aigc_job_free(other);
    aigc_client_free(client);
    aigc_client_free(plain);
}

static void killed(void)
{
    int said;
    size_t count = 0;
    aigc_error *error = NULL;
    aigc_event *event = NULL;
    aigc_job *job = NULL, *resumed = NULL;
    aigc_client *client = client_with_journal();

    /* What the clients before have left. */
    ok_status(aigc_client_resume(client, 0, NULL, &error), AIGC_OK, &error, "resuming what was left");

    /* What was accepted is followed by who watches, without a word. */
    pid_t pid = start("accepted", "watched", "slow", &said);
    await(said);
    job = submit(client, AIGC_TENCENT, "watched", "slow");
    ok(wait_state(job, AIGC_STATE_PENDING, 5000) == AIGC_STATE_PENDING, "a job of another process is seen");
    kill(pid, SIGSTOP);
    ok_status(aigc_client_resume(client, 1, &count, &error), AIGC_OK, &error, "resuming beside a stopped process");
    ok(count == 0, "takes nothing of it");
    kill(pid, SIGKILL);
    end_of(pid);
    close(said);
    ok_status(aigc_job_wait(job, 30000, &error), AIGC_OK, &error, "a killed process's job ends well here");
    aigc_job_free(job);

    /* And by who resumes. */
    pid = start("accepted", "resumed", "slow", &said);
    await(said);
    kill(pid, SIGKILL);
    end_of(pid);
    close(said);
    while (aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event) aigc_event_free(event);
    ok_status(aigc_client_resume(client, 1, &count, &error), AIGC_OK, &error, "resuming");
    ok(count == 1, "one job is resumed (%zu)", count);
    while (aigc_client_next_event(client, 20000, &event, NULL) == AIGC_OK && event) {
        int done = aigc_event_type(event) == AIGC_EVENT_JOB_DONE;
        if (!resumed) {
            ok(aigc_event_type(event) == AIGC_EVENT_JOB_ACCEPTED, "it comes as accepted");
            resumed = aigc_job_ref(aigc_event_job(event));
        }
        aigc_event_free(event);
        if (done) break;
    }
    ok(resumed && aigc_job_key(resumed) && strcmp(aigc_job_key(resumed), "resumed") == 0, "with its key");
    ok_status(aigc_job_wait(resumed, 0, &error), AIGC_OK, &error, "and ends well");
    aigc_job_free(resumed);

    /* What was on the wire is in doubt, and is not sent again. */
    pid = start("sending", "wire", "wire", &said);
    await(said);
    sleep_ms(100);
    kill(pid, SIGKILL);
    end_of(pid);
    close(said);
    job = submit(client, AIGC_ALIBABA, "wire", "wire");
    ok_status(aigc_job_wait(job, 5000, &error), AIGC_E_OUTCOME_UNKNOWN, &error, "what was on the wire is in doubt");
    ok(aigc_job_state(job) == AIGC_STATE_UNKNOWN && aigc_job_outcome(job) == AIGC_OUTCOME_UNKNOWN, "and says so");
    aigc_job_free(job);
    ok_status(aigc_journal_resolve(folder, "wire", AIGC_OUTCOME_ACCEPTED, NULL, &error), AIGC_E_INVALID_ARGUMENT, &error,
              "accepted needs an id");
    ok_status(aigc_journal_resolve(folder, "wire", AIGC_OUTCOME_UNKNOWN, NULL, &error), AIGC_OK, &error, "given up by hand");
    job = submit(client, AIGC_ALIBABA, "wire", "wire");
    ok_status(aigc_job_wait(job, 5000, &error), AIGC_E_OUTCOME_UNKNOWN, &error, "it is still not sent again");
    aigc_job_free(job);

    /* A process that ended well leaves its jobs too. */
    pid = start("done", "ended", "", &said);
    await(said);
    kill(pid, SIGKILL);
    end_of(pid);
    close(said);
    job = submit(client, AIGC_TENCENT, "ended", "");
    ok_status(aigc_job_wait(job, 20000, &error), AIGC_OK, &error, "what ended in a killed process has its images");
    aigc_job_free(job);
    aigc_client_free(client);
}

/* A process lives, whatever else it does with the files of its journal. */
static void copied(void)
{
    int said;
    aigc_error *error = NULL;
    aigc_buffer *rows = NULL;
    aigc_client *client = client_with_journal();
    pid_t pid = start("copied", "copied", "wire", &said);
    await(said);
    ok_status(aigc_journal_resolve(folder, "copied", AIGC_OUTCOME_NOT_SENT, NULL, &error), AIGC_E_WRONG_STATE, &error,
              "a submission on the wire is not resolved by hand after its process has read the journal's files");
    ok_status(aigc_journal_list(folder, "{\"prefix\": \"copied\"}", NULL, &rows, &error), AIGC_OK, &error, "listing");
    ok(rows && memmem(aigc_buffer_data(rows), aigc_buffer_size(rows), "\"owner_alive\":true", 18), "its owner is alive");
    aigc_buffer_free(rows);
    aigc_job *job = submit(client, AIGC_ALIBABA, "copied", "wire");
    ok_status(aigc_job_wait(job, 60000, &error), AIGC_OK, &error, "and its job is waited for here, and ends well");
    aigc_job_free(job);
    aigc_client_free(client);
    kill(pid, SIGKILL);
    end_of(pid);
    close(said);
}

/* What would be written into a log that another process has removed is not sent: nobody else would know its key. */
static void without_a_log(void)
{
    int said;
    char *go = scratch("go"), *log = scratch("journal/jobs.db-wal");
    pid_t pid = start("log", "log", "", &said);
    await(said);
    aigc_client_free(client_with_journal());
    int is_gone = !file_exists(log);
    FILE *file = fopen(go, "w");
    if (!file || fclose(file)) die("cannot write %s", go);
    int end = end_of(pid);
    if (is_gone) ok(end == 0, "a log that another process has removed: nothing is sent (%d)", end);
    else skip("this SQLite does not remove the log");
    unlink(go);
    free(go);
    free(log);
    close(said);
}

/* A child that lives on holds nothing of its parent. */
static void orphaned(void)
{
    int said;
    size_t count = 0;
    pid_t child = 0;
    aigc_error *error = NULL;
    aigc_client *client = client_with_journal();
    ok_status(aigc_client_resume(client, 0, NULL, &error), AIGC_OK, &error, "resuming what was left");
    pid_t pid = start("forked", "forked", "slow", &said);
    if (read(said, &child, sizeof child) != sizeof child) die("no child");
    ok_status(aigc_client_resume(client, 1, &count, &error), AIGC_OK, &error, "resuming beside a parent and its child");
    ok(count == 0, "takes nothing of the parent");
    kill(pid, SIGKILL);
    end_of(pid);
    ok_status(aigc_client_resume(client, 1, &count, &error), AIGC_OK, &error, "resuming beside a child without its parent");
    ok(count == 1, "takes the parent's job (%zu)", count);
    kill(child, SIGKILL);
    close(said);
    aigc_client_free(client);
}

static void held(int with_journal)
{
    aigc_error *error = NULL;
    aigc_event *event = NULL;
    aigc_job *job = NULL;
    aigc_client *client = with_journal ? client_with_journal() : test_client();
    aigc_request *request = test_request(AIGC_TENCENT, NULL);
    int ready = 0;
    ok_status(aigc_request_set_option(request, "hold", "true", &error), AIGC_OK, &error, "hold");
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "a held job");
    while (!ready && aigc_client_next_event(client, 5000, &event, NULL) == AIGC_OK && event) {
        ready = aigc_event_type(event) == AIGC_EVENT_JOB_READY && aigc_event_job_id(event) == aigc_job_id(job);
        aigc_event_free(event);
    }
    ok(ready, "it tells that it is ready");
    sleep_ms(300);
    ok(aigc_job_state(job) == AIGC_STATE_QUEUED, "and waits");
    ok_status(aigc_job_release(job, &error), AIGC_OK, &error, "released");
    ok_status(aigc_job_wait(job, 30000, &error), AIGC_OK, &error, "it ends well");
    ok_status(aigc_job_release(job, &error), AIGC_E_WRONG_STATE, &error, "too late to release");
    aigc_job_free(job);
    aigc_request_set_string(request, "prompt", with_journal ? "another held one" : "another held one, without a journal", NULL);
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "another held job");
    ok_status(aigc_job_release(job, &error), AIGC_OK, &error, "may be released at once");
    ok_status(aigc_job_wait(job, 30000, &error), AIGC_OK, &error, "and is sent");
    aigc_job_free(job);
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "a third");
    sleep_ms(200);
    aigc_job_cancel(job);
    ok_status(aigc_job_wait(job, 5000, &error), AIGC_E_CANCELLED, &error, "can be cancelled");
    ok(aigc_job_outcome(job) == AIGC_OUTCOME_NOT_SENT, "and was not sent");
    aigc_job_free(job);
    job = test_submit(client, AIGC_TENCENT, NULL);
    ok_status(aigc_job_release(job, &error), AIGC_E_WRONG_STATE, &error, "what is not held cannot be released");
    aigc_job_free(job);
    aigc_request_free(request);
    aigc_client_free(client);
}

static void tools(void)
{
    aigc_error *error = NULL;
    aigc_buffer *buffer = NULL;
    size_t removed = 0;
    char *nowhere = scratch("nowhere");
    ok_status(aigc_journal_list(folder, "{\"states\": [\"abandoned\"]}", NULL, &buffer, &error), AIGC_OK, &error, "listing");
    ok(aigc_buffer_size(buffer) > 0 && memcmp(aigc_buffer_data(buffer), "{\"key\":\"wire\"", 13) == 0, "a key by its state");
    aigc_buffer_free(buffer);
    ok_status(aigc_journal_list(folder, NULL, "\xf4\x8f\xbf\xbf", &buffer, &error), AIGC_OK, &error, "behind the last key");
    ok(aigc_buffer_size(buffer) == 0, "there is nothing");
    aigc_buffer_free(buffer);
    ok_status(aigc_journal_list(folder, "{\"state\": 1}", NULL, &buffer, &error), AIGC_E_INVALID_ARGUMENT, &error,
              "a bad filter");
    ok_status(aigc_journal_list(nowhere, NULL, NULL, &buffer, &error), AIGC_E_JOURNAL, &error, "no journal there");
    ok(!file_exists(nowhere), "and none is made");
    ok_status(aigc_journal_check(folder, &buffer, &error), AIGC_OK, &error, "checking");
    ok(strstr((const char *)aigc_buffer_data(buffer), "\"ok\":true") != NULL, "all is well");
    aigc_buffer_free(buffer);
    ok_status(aigc_journal_prune(folder, 3600000, &removed, &error), AIGC_OK, &error, "pruning what is an hour old");
    ok(removed == 0, "takes nothing");
    ok_status(aigc_journal_prune(folder, -1, &removed, &error), AIGC_E_INVALID_ARGUMENT, &error, "a negative age");
    free(nowhere);
}

/* Neither the database nor the lock of the journal is open or mapped here. An open database in a child would drop the parent's
 * locks with its first close, and have no locks of its own. */
static int journal_is_closed(void)
{
    char link[64], path[1024], line[1024], database[1024], lock[1024];
    int closed = 1;
    snprintf(database, sizeof database, "%s/jobs.db", folder);
    snprintf(lock, sizeof lock, "%s/lock", folder);
    for (int i = 0; i < 1024; i++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", i);
        ssize_t size = readlink(link, path, sizeof path - 1);
        if (size <= 0) continue;
        path[size] = '\0';
        if (strncmp(path, database, strlen(database)) == 0 || strcmp(path, lock) == 0) {
            closed = 0;
            fprintf(stderr, "# open in the child: %s\n", path);
        }
    }
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) closed &= strstr(line, "jobs.db") == NULL;
    if (maps) fclose(maps);
    return closed;
}

/* fork() while steps are written: the child has a journal of its own client, and the parent's loses nothing. */
static void forks(int count)
{
    aigc_error *error = NULL;
    aigc_client *client = client_with_journal();
    int good = 0, ended = 0;
    char key[64];
    for (int i = 0; i < count; i++) {
        int status = 0;
        aigc_job *jobs[4];
        pid_t pid;
        for (int j = 0; j < 4; j++) {
            snprintf(key, sizeof key, "fork/%d.%d", i, j);
            jobs[j] = submit(client, AIGC_TENCENT, key, "");
        }
        pid = fork();
        if (pid == 0) {
            aigc_buffer *buffer = NULL;
            alarm(60);
            child_begins();
            ok(journal_is_closed(), "the parent's database is not open in the child");
            client = client_with_journal();
            snprintf(key, sizeof key, "fork/child/%d", i);
            jobs[0] = submit(client, AIGC_TENCENT, key, "");
            ok_status(aigc_job_wait(jobs[0], 40000, &error), AIGC_OK, &error, "a job of the child");
            aigc_client_free(client);
            ok_status(aigc_journal_check(folder, &buffer, &error), AIGC_OK, &error, "check");
            ok(buffer && strstr((const char *)aigc_buffer_data(buffer), "\"ok\":true") != NULL, "the file is whole");
            _exit(child_failures() ? 1 : 0);
        }
        for (int j = 0; j < 4; j++) {
            ended += aigc_job_wait(jobs[j], 60000, NULL) == AIGC_OK;
            aigc_job_free(jobs[j]);
        }
        if (waitpid(pid, &status, 0) != pid) die("waitpid");
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    aigc_client_free(client);
    ok(good == count, "%d of %d children had a journal of their own", good, count);
    ok(ended == count * 4, "%d of %d jobs of the parent ended well", ended, count * 4);
    client = client_with_journal();
    int known = 0;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < 5; j++) {
            aigc_job *job = NULL;
            if (j < 4) snprintf(key, sizeof key, "fork/%d.%d", i, j);
            else snprintf(key, sizeof key, "fork/child/%d", i);
            known += aigc_client_attach_key(client, key, 0, &job, NULL) == AIGC_OK && aigc_job_remote_id(job) != NULL;
            aigc_job_free(job);
        }
    ok(known == count * 5, "the journal has %d of %d jobs", known, count * 5);
    aigc_client_free(client);
}

static int maps_hold(const char *word)
{
    char line[1024];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) found |= strstr(line, word) != NULL;
    if (maps) fclose(maps);
    return found;
}

static int file_holds(const char *name, const char *word)
{
    char path[1024];
    long long size;
    char *bytes;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb"); /* of another process's journal: this one has closed it */
    if (!file) return 0;
    size = file_size(path);
    bytes = malloc((size_t)size + 1);
    size_t got = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    int found = memmem(bytes, got, word, strlen(word)) != NULL;
    free(bytes);
    return found;
}

/* Nothing of a prompt, a secret or an image's URL is in the folder; the name of a key is, so that this is a search. */
static void nothing_is_told(void)
{
    static const char *const files[] = {"jobs.db", "jobs.db-wal", "jobs.db-shm", "lock", "ballast"};
    aigc_config *config = test_config();
    const char *words[] = {"a secret lighthouse", "reference.png", aigc_config_get(config, "tencent.secret_id"),
                           aigc_config_get(config, "alibaba.access_key_id")};
    int found = 0;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        for (size_t j = 0; j < COUNT_OF(files); j++)
            ok(!file_holds(files[j], words[i]), "%s does not hold \"%s\"", files[j], words[i]);
    for (size_t j = 0; j < COUNT_OF(files); j++) found |= file_holds(files[j], "one/tencent");
    ok(found, "but the keys are there");
    aigc_config_free(config);
}

int main(int argc, char **argv)
{
    self = "/proc/self/exe";
    if (argc > 2) {
        folder = getenv("AIGC_TEST_JOURNAL");
        return role(argc, argv);
    }
    folder = scratch("journal");
    setenv("AIGC_TEST_JOURNAL", folder, 1);
    aigc_job *job;
    aigc_client *client = test_client();
    job = test_succeeded(client, AIGC_TENCENT);
    aigc_job_free(job);
    aigc_client_free(client);
    ok(!maps_hold("sqlite"), "without a journal SQLite is not even opened");
    ok(!file_exists(folder), "and no file is made");
    one_job(AIGC_TENCENT);
    one_job(AIGC_ALIBABA);
    ok(maps_hold("libsqlite3"), "with one it is");
    refusals();
    made_up();
    held(0);
    held(1);
    killed();
    copied();
    without_a_log();
    orphaned();
    tools();
    nothing_is_told();
    forks(argc > 1 ? atoi(argv[1]) : 10);
    free(folder);
    return finish();
}
