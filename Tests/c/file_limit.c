/* A limit of the size of files (ulimit -f) raises SIGXFSZ in the thread that writes, and ends a host that does nothing about
 * the signal. Every call that writes on the host's own thread, under limits from nothing to less than a journal: the
 * process lives, its handler is not called, nothing of its signals is changed, and the error names the limit. */
#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t calls;
static char *folder, *rates;
/* What a child has seen; the limit holds for its standard output as well. */
static struct seen {
    aigc_status status;
    int is_changed, is_called, is_pending;
    char message[600];
} *seen;

static void count(int number)
{
    (void)number;
    calls++;
}

static void note(aigc_status status, aigc_error *error)
{
    seen->status = status;
    snprintf(seen->message, sizeof seen->message, "%s", error ? aigc_error_message(error) : "");
}

static void set_limit(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void new_client(const char *key, const char *path)
{
    aigc_error *error = NULL;
    aigc_client *client = NULL;
    aigc_config *config = test_config();
    test_set(config, key, path);
    aigc_status status = aigc_client_new(config, &client, &error);
    note(status, error);
    aigc_client_free(client);
}

static void open_journal(rlim_t limit)
{
    set_limit(limit);
    new_client("journal.path", folder);
}

static void open_rates(rlim_t limit)
{
    set_limit(limit);
    new_client("rate.path", rates);
}

static void check(rlim_t limit)
{
    aigc_error *error = NULL;
    aigc_buffer *report = NULL;
    set_limit(limit);
    aigc_status status = aigc_journal_check(folder, &report, &error);
    note(status, error);
}

static void list(rlim_t limit)
{
    aigc_error *error = NULL;
    aigc_buffer *rows = NULL;
    set_limit(limit);
    aigc_status status = aigc_journal_list(folder, NULL, NULL, &rows, &error);
    note(status, error);
}

static void resolve(rlim_t limit)
{
    aigc_error *error = NULL;
    set_limit(limit);
    aigc_status status = aigc_journal_resolve(folder, "first", AIGC_OUTCOME_NOT_SENT, NULL, &error);
    note(status, error);
}

static void prune(rlim_t limit)
{
    aigc_error *error = NULL;
    size_t removed;
    set_limit(limit);
    aigc_status status = aigc_journal_prune(folder, 0, &removed, &error);
    note(status, error);
}

/* The limit comes while a client is there. */
static void client_of_before(rlim_t limit)
{
    aigc_error *error = NULL;
    aigc_job *job = NULL, *known = NULL;
    size_t taken;
    aigc_client *client = test_client_with("journal.path", folder);
    aigc_request *request = test_request(AIGC_TENCENT, NULL);
    if (aigc_request_set_option(request, "key", "under a limit", NULL)) die("key");
    set_limit(limit);
    aigc_client_attach_key(client, "first", 1, &known, NULL);
    aigc_client_resume(client, 1, &taken, NULL);
    aigc_status status = aigc_client_submit(client, request, &job, &error);
    if (status == AIGC_OK) status = aigc_job_wait(job, 30000, &error);
    note(status, error);
    if (status != AIGC_OK && job && aigc_job_outcome(job) != AIGC_OUTCOME_NOT_SENT) note(AIGC_E_INTERNAL, NULL);
    pid_t child = fork(); /* closes the file before, and the child opens it */
    if (child == 0) {
        aigc_client *other = NULL;
        aigc_config *config = test_config();
        test_set(config, "journal.path", folder);
        aigc_client_new(config, &other, NULL);
        _exit(0);
    }
    int ended = 0;
    if (waitpid(child, &ended, 0) != child || !WIFEXITED(ended)) note(AIGC_E_INTERNAL, NULL);
    aigc_job_free(known);
    aigc_job_free(job);
    aigc_client_free(client);
}

static const struct what {
    const char *name;
    void (*run)(rlim_t limit);
    aigc_status expected; /* or AIGC_OK, where the limit is large enough */
    int is_fresh;         /* there is no file yet */
    rlim_t enough;        /* under this limit it succeeds; 0: perhaps earlier */
} whats[] = {
    {"a new journal", open_journal, AIGC_E_JOURNAL, 1, 256 << 10},
    {"a journal", open_journal, AIGC_E_JOURNAL, 0, 0},
    {"a new file of rates", open_rates, AIGC_E_FILE, 1, 64 << 10},
    {"checking", check, AIGC_E_JOURNAL, 0, 0},
    {"listing", list, AIGC_E_JOURNAL, 0, 0},
    {"resolving", resolve, AIGC_E_JOURNAL, 0, 0},
    {"pruning", prune, AIGC_E_JOURNAL, 0, 0},
    {"a client of before", client_of_before, AIGC_E_JOURNAL, 0, 0},
};

/* How the host treats SIGXFSZ. */
enum host { DEFAULT, IGNORED, HANDLED, BLOCKED, HOSTS };
static const char *const names[HOSTS] = {"default", "ignored", "handled", "blocked, with one of its own pending"};

static void under(const struct what *what, enum host host, rlim_t limit)
{
    struct sigaction before, after;
    sigset_t mask, mask_before, mask_after, pending;
    memset(&mask_before, 0, sizeof mask_before);
    memset(&mask_after, 0, sizeof mask_after);
    alarm(90);
    signal(SIGXFSZ, host == IGNORED ? SIG_IGN : host == HANDLED ? count : SIG_DFL);
    sigemptyset(&mask);
    if (host == BLOCKED) {
        sigaddset(&mask, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &mask, NULL);
        raise(SIGXFSZ);
    }
    sigaction(SIGXFSZ, NULL, &before);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    what->run(limit);
    sigaction(SIGXFSZ, NULL, &after);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    sigpending(&pending);
    seen->is_changed = before.sa_handler != after.sa_handler || memcmp(&mask_before, &mask_after, sizeof mask_after) != 0;
    seen->is_called = calls > 0;
    seen->is_pending = sigismember(&pending, SIGXFSZ) == 1;
    _exit(0);
}

static void remove_files(void)
{
    static const char *const files[] = {"jobs.db", "jobs.db-wal", "jobs.db-shm", "lock", "ballast"};
    char path[4096];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    unlink(rates);
}

/* A server that never answers. */
static void silent_server(char *address, size_t count)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&here, length) || listen(server, 8) ||
        getsockname(server, (struct sockaddr *)&here, &length))
        die("no server");
    snprintf(address, count, "http://127.0.0.1:%d", ntohs(here.sin_port));
}

/* A journal with a key in doubt, made without a limit: its process ends while the submission is on the wire. Its log stays,
 * and is for the next one to read. */
static void make_journal(void)
{
    pid_t child = fork();
    if (child == 0) {
        char address[64];
        aigc_client *client = NULL;
        aigc_job *job = NULL;
        aigc_config *config = test_config();
        aigc_request *request = test_request(AIGC_TENCENT, NULL);
        silent_server(address, sizeof address);
        test_set(config, "journal.path", folder);
        test_set(config, "tencent.endpoint", address);
        if (aigc_client_new(config, &client, NULL)) die("client");
        if (aigc_request_set_option(request, "key", "first", NULL)) die("key");
        if (aigc_client_submit(client, request, &job, NULL)) die("submit");
        if (wait_state(job, AIGC_STATE_SUBMITTING, 20000) != AIGC_STATE_SUBMITTING) die("not sent");
        _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) die("the journal was not made");
}

static void one(const struct what *what, enum host host, rlim_t limit)
{
    int status = 0;
    const char *name = names[host];
    remove_files();
    if (!what->is_fresh) make_journal();
    memset(seen, 0, sizeof *seen);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) under(what, host, limit);
    while (waitpid(child, &status, 0) != child && errno == EINTR) continue;
    ok(WIFEXITED(status), "%s, %ld bytes, %s: the process lives (signal %d)", what->name, (long)limit, name,
       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    if (!WIFEXITED(status)) return;
    ok(seen->status == what->expected || (limit >= what->enough && seen->status == AIGC_OK),
       "%s, %ld bytes, %s: a clear end (%s: %s)", what->name, (long)limit, name, aigc_status_name(seen->status),
       seen->message);
    ok(seen->status == AIGC_OK || strstr(seen->message, "ulimit -f") != NULL,
       "%s, %ld bytes, %s: the error names the limit: %s", what->name, (long)limit, name, seen->message);
    ok(!seen->is_called && !seen->is_changed, "%s, %ld bytes, %s: no handler was called, none was changed", what->name,
       (long)limit, name);
    ok(seen->is_pending == (host == BLOCKED), "%s, %ld bytes, %s: of signals that wait only the host's own is there",
       what->name, (long)limit, name);
}

int main(void)
{
    static const rlim_t limits[] = {0, 4096, 40000, 100 << 10};
    folder = scratch("journal");
    rates = scratch("rates");
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < COUNT_OF(whats); i++) {
        for (size_t n = 0; n < COUNT_OF(limits); n++) one(&whats[i], DEFAULT, limits[n]);
        for (enum host host = IGNORED; host < HOSTS; host++) one(&whats[i], host, 0);
    }
    free(folder);
    free(rates);
    return finish();
}
