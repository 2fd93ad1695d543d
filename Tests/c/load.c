/* Promise 1 and the note on dlclose: what loading the library does to a process, which is nothing. Not linked with it:
 * AIGC_TEST_LIBRARY names the file. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

extern char **environ;

struct seen {
    size_t threads, descriptors;
    struct sigaction actions[65];
    sigset_t blocked;
    char environment[65536];
};

static void look(struct seen *seen)
{
    size_t used = 0;
    memset(seen, 0, sizeof *seen);
    seen->threads = thread_count();
    seen->descriptors = open_descriptors();
    for (int number = 1; number <= 64; number++) sigaction(number, NULL, &seen->actions[number]);
    sigprocmask(SIG_SETMASK, NULL, &seen->blocked);
    for (char **entry = environ; *entry && used + strlen(*entry) + 2 < sizeof seen->environment; entry++)
        used += (size_t)sprintf(seen->environment + used, "%s\n", *entry);
}

/* Without SA_RESTORER, which the C library adds to an action that is set back to what it was. */
static int flags_of(const struct sigaction *action)
{
    return action->sa_flags & ~0x04000000;
}

static void compare(const struct seen *before, const char *when)
{
    static struct seen after;
    int changed = 0;
    look(&after);
    for (int number = 1; number <= 64; number++)
        if (before->actions[number].sa_handler != after.actions[number].sa_handler ||
            flags_of(&before->actions[number]) != flags_of(&after.actions[number])) {
            fprintf(stderr, "#   signal %d is handled in another way\n", number);
            changed++;
        }
    ok(after.threads == before->threads, "%s: no thread was started (%zu, then %zu)", when, before->threads,
       after.threads);
    ok(after.descriptors == before->descriptors, "%s: no descriptor was opened (%zu, then %zu)", when,
       before->descriptors, after.descriptors);
    ok(changed == 0, "%s: no signal handler was changed", when);
    ok(memcmp(&before->blocked, &after.blocked, sizeof after.blocked) == 0, "%s: the signal mask is the same", when);
    ok(strcmp(before->environment, after.environment) == 0, "%s: the environment is the same", when);
}

/* Stands before the C library's own for every library that is loaded here: counts the files that are opened. */
static int watching, opened;

static int watched_open(const char *path, int flags, mode_t mode)
{
    if (watching && strncmp(path, "/proc/self/", 11) != 0) { /* the Swift runtime looks for argv there */
        opened++;
        fprintf(stderr, "#   opened %s\n", path);
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return watched_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return watched_open(path, flags, mode);
}

static FILE *watched_fopen(const char *path, const char *mode)
{
    int file = watched_open(path, strchr(mode, 'r') ? O_RDONLY : O_WRONLY | O_CREAT, 0600);
    return file < 0 ? NULL : fdopen(file, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    return watched_fopen(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return watched_fopen(path, mode);
}

/* What the libraries below it read when they are loaded is theirs, so they are there first. In a child, to leave no
 * trace. */
static void reads_no_file(const char *file)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        dlopen("libcurl.so.4", RTLD_NOW | RTLD_GLOBAL);
        dlopen("libcrypto.so.3", RTLD_NOW | RTLD_GLOBAL);
        dlopen("libjansson.so.4", RTLD_NOW | RTLD_GLOBAL);
        dlopen("libstdc++.so.6", RTLD_NOW | RTLD_GLOBAL);
        watching = 1;
        _exit(dlopen(file, RTLD_NOW) == NULL ? 98 : opened > 50 ? 50 : opened);
    }
    waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "loading opens no file (%d)",
       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* Nothing is written, whatever the environment asks of Swift's runtime. */
static void says_nothing(const char *file)
{
    int ends[2], status = 0;
    char text[256];
    ssize_t count;
    if (pipe(ends) != 0) die("pipe");
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        _exit(dlopen(file, RTLD_NOW) == NULL);
    }
    close(ends[1]);
    count = read(ends[0], text, sizeof text - 1);
    text[count > 0 ? count : 0] = 0;
    close(ends[0]);
    waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && count == 0, "loading writes nothing: \"%s\"", text);
}

int main(void)
{
    static struct seen before;
    const char *file = getenv("AIGC_TEST_LIBRARY");
    void *library;
    int32_t (*number)(void);
    const char *(*info)(void);
    aigc_status (*client_new)(const aigc_config *, aigc_client **, aigc_error **);
    void (*client_free)(aigc_client *);
    aigc_client *client = NULL;

    if (!file) die("AIGC_TEST_LIBRARY is not set");
    reads_no_file(file);
    says_nothing(file);
    look(&before);
    for (int round = 1; round <= 2; round++) {
        library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        if (!ok(library != NULL, "load %d", round)) die("%s", dlerror());
        compare(&before, round == 1 ? "loaded" : "loaded again");
        *(void **)&number = dlsym(library, "aigc_version_number");
        *(void **)&info = dlsym(library, "aigc_build_info");
        ok(number && number() == AIGC_VERSION_NUMBER, "the version is the header's");
        ok(info && info() && info()[0] == '{', "build info: %s", info ? info() : "");
        *(void **)&client_new = dlsym(library, "aigc_client_new");
        *(void **)&client_free = dlsym(library, "aigc_client_free");
        if (!client_new || !client_free) die("a function is missing");
        ok(client_new(NULL, &client, NULL) == AIGC_OK && thread_count() == before.threads,
           "a client without jobs starts no thread");
        client_free(client);
        compare(&before, round == 1 ? "client freed" : "client freed again");
        ok(dlclose(library) == 0, "dlclose %d", round);
        ok(number() == AIGC_VERSION_NUMBER, "the code is still there after dlclose");
        library = dlopen(file, RTLD_NOW | RTLD_NOLOAD);
        ok(library != NULL, "nothing was unloaded");
        if (library) dlclose(library);
        compare(&before, round == 1 ? "closed" : "closed again");
    }
    return finish();
}
