/* LD_PRELOAD: stands at each step of this process that changes a file of the journal, and counts them.
 *
 *   AIGC_STOP_FOLDER   the journal's folder
 *   AIGC_STOP_AT       HOW:N, HOW one of
 *                        before, after   SIGKILL before or after step N
 *                        full, broken    step N fails with ENOSPC or EIO, and so do those after it
 *                        full1, broken1  only step N
 *   AIGC_STOP_LOG      gets a line for each step: "N CALL FILE", and "outside FILE" where a step of the database's files
 *                      is made while no descriptor of this process holds the journal's lock; "send" where bytes leave for a
 *                      server, and "told" where the host writes to its standard output */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST = 4096 };

static struct {
    char folder[PATH_MAX];
    size_t length;
    char how[16];
    long at;
    int log;
} plan = {.log = -1};
static long steps;
static char is_lock[MOST]; /* descriptors that hold the lock */

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("AIGC_STOP_FOLDER"), *at = getenv("AIGC_STOP_AT"), *log = getenv("AIGC_STOP_LOG");
    if (!folder) return;
    snprintf(plan.folder, sizeof plan.folder, "%s/", folder);
    plan.length = strlen(plan.folder);
    if (at) sscanf(at, "%15[a-z1]:%ld", plan.how, &plan.at);
    if (log) plan.log = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* What a path is called in the folder; NULL: it is not there. */
static const char *inside(const char *path)
{
    return plan.length && strncmp(path, plan.folder, plan.length) == 0 ? path + plan.length : NULL;
}

static const char *file_of(int descriptor, char *space)
{
    char link[64];
    if (!plan.length) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, space, PATH_MAX - 1);
    if (size <= 0) return NULL;
    space[size] = '\0';
    return inside(space);
}

/* A name relative to a descriptor of the folder. */
static const char *file_at(int folder, const char *name, char *space)
{
    char path[PATH_MAX];
    if (!plan.length) return NULL;
    if (name[0] == '/') return inside(name);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t size = folder == AT_FDCWD ? -1 : readlink(link, path, sizeof path - 1);
    if (size <= 0) return NULL;
    path[size] = '\0';
    if ((size_t)snprintf(space, PATH_MAX, "%s/%s", path, name) >= PATH_MAX) return NULL;
    return inside(space);
}

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    char line[PATH_MAX + 64];
    va_list arguments;
    if (plan.log < 0) return;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    syscall(SYS_write, plan.log, line, (size_t)size);
}

static int holds_lock(void)
{
    for (int i = 0; i < MOST; i++)
        if (__atomic_load_n(&is_lock[i], __ATOMIC_SEQ_CST)) return 1;
    return 0;
}

static int is(const char *how) { return strcmp(plan.how, how) == 0; }

/* Its number; 0: it is none of the journal's. *error: it fails with that. */
static long step(const char *call, const char *file, int *error)
{
    int before = errno;
    *error = 0;
    if (!file) return 0;
    long number = __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
    note("%ld %s %s\n", number, call, file);
    if (strncmp(file, "jobs.db", 7) == 0 && !holds_lock()) note("outside %s %s\n", call, file);
    if (is("before") && number == plan.at) kill(getpid(), SIGKILL);
    if ((is("full") && number >= plan.at) || (is("full1") && number == plan.at)) *error = ENOSPC;
    if ((is("broken") && number >= plan.at) || (is("broken1") && number == plan.at)) *error = EIO;
    errno = *error ? *error : before;
    return number;
}

static void stepped(long number)
{
    if (number && is("after") && number == plan.at) kill(getpid(), SIGKILL);
}

#define REAL(name) static __typeof__(name) *real; if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

/* One call on a descriptor. `failed` is what it returns when it fails. */
#define ON_DESCRIPTOR(type, name, parameters, arguments, failed)    \
    type name parameters                                            \
    {                                                               \
        char space[PATH_MAX];                                       \
        int error;                                                  \
        REAL(name);                                                 \
        long number = step(#name, file_of(descriptor, space), &error); \
        if (error) return failed;                                   \
        type result = real arguments;                               \
        stepped(number);                                            \
        return result;                                              \
    }

ssize_t write(int descriptor, const void *bytes, size_t count)
{
    char space[PATH_MAX];
    int error;
    REAL(write);
    long number = step("write", file_of(descriptor, space), &error);
    if (error) return -1;
    if (descriptor == 1) note("told %.*s", (int)count, (const char *)bytes);
    ssize_t result = real(descriptor, bytes, count);
    stepped(number);
    return result;
}

ssize_t send(int socket, const void *bytes, size_t count, int flags)
{
    REAL(send);
    note("send %.4s\n", count >= 4 ? (const char *)bytes : "");
    return real(socket, bytes, count, flags);
}

ON_DESCRIPTOR(ssize_t, pwrite, (int descriptor, const void *bytes, size_t count, off_t at), (descriptor, bytes, count, at), -1)
ON_DESCRIPTOR(ssize_t, pwrite64, (int descriptor, const void *bytes, size_t count, off64_t at), (descriptor, bytes, count, at),
              -1)
ON_DESCRIPTOR(int, fsync, (int descriptor), (descriptor), -1)
ON_DESCRIPTOR(int, fdatasync, (int descriptor), (descriptor), -1)
ON_DESCRIPTOR(int, ftruncate, (int descriptor, off_t size), (descriptor, size), -1)
ON_DESCRIPTOR(int, ftruncate64, (int descriptor, off64_t size), (descriptor, size), -1)
ON_DESCRIPTOR(int, posix_fallocate, (int descriptor, off_t from, off_t count), (descriptor, from, count), error)
ON_DESCRIPTOR(int, posix_fallocate64, (int descriptor, off64_t from, off64_t count), (descriptor, from, count), error)

int unlink(const char *path)
{
    int error;
    REAL(unlink);
    long number = step("unlink", inside(path), &error);
    if (error) return -1;
    int result = real(path);
    stepped(number);
    return result;
}

int unlinkat(int folder, const char *name, int flags)
{
    char space[PATH_MAX];
    int error;
    REAL(unlinkat);
    long number = step("unlinkat", file_at(folder, name, space), &error);
    if (error) return -1;
    int result = real(folder, name, flags);
    stepped(number);
    return result;
}

int mkdirat(int folder, const char *name, mode_t mode)
{
    char space[PATH_MAX];
    int error;
    REAL(mkdirat);
    long number = step("mkdirat", file_at(folder, name, space), &error);
    if (error) return -1;
    int result = real(folder, name, mode);
    stepped(number);
    return result;
}

int rename(const char *from, const char *to)
{
    int error;
    REAL(rename);
    long number = step("rename", inside(to), &error);
    if (error) return -1;
    int result = real(from, to);
    stepped(number);
    return result;
}

/* Files that are made. */
#define OPENS_AT(name)                                                                  \
    int name(int folder, const char *path, int flags, ...)                              \
    {                                                                                   \
        char space[PATH_MAX];                                                           \
        int error = 0;                                                                  \
        long number = 0;                                                                \
        va_list more;                                                                   \
        va_start(more, flags);                                                          \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;                       \
        va_end(more);                                                                   \
        REAL(name);                                                                     \
        if (flags & O_CREAT) number = step(#name, file_at(folder, path, space), &error); \
        if (error) return -1;                                                           \
        int result = real(folder, path, flags, mode);                                   \
        stepped(number);                                                                \
        return result;                                                                  \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

#define OPENS(name)                                                         \
    int name(const char *path, int flags, ...)                              \
    {                                                                       \
        int error = 0;                                                      \
        long number = 0;                                                    \
        va_list more;                                                       \
        va_start(more, flags);                                              \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;           \
        va_end(more);                                                       \
        REAL(name);                                                         \
        if (flags & O_CREAT) number = step(#name, inside(path), &error);    \
        if (error) return -1;                                               \
        int result = real(path, flags, mode);                               \
        stepped(number);                                                    \
        return result;                                                      \
    }
OPENS(open)
OPENS(open64)

int flock(int descriptor, int operation)
{
    char space[PATH_MAX];
    REAL(flock);
    const char *file = file_of(descriptor, space);
    int is_ours = file && strcmp(file, "lock") == 0 && descriptor < MOST;
    if (is_ours && operation & LOCK_UN) __atomic_store_n(&is_lock[descriptor], 0, __ATOMIC_SEQ_CST);
    int result = real(descriptor, operation);
    if (is_ours && result == 0 && operation & LOCK_EX) __atomic_store_n(&is_lock[descriptor], 1, __ATOMIC_SEQ_CST);
    return result;
}

int close(int descriptor)
{
    REAL(close);
    if (descriptor >= 0 && descriptor < MOST) __atomic_store_n(&is_lock[descriptor], 0, __ATOMIC_SEQ_CST);
    return real(descriptor);
}
