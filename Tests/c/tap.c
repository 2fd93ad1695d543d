#include "support.h"

#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int facts, failures, in_child;

static int record(int good, const char *note, const char *format, va_list arguments)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, arguments);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '#') *c = ' ';
    pthread_mutex_lock(&lock);
    facts++;
    if (!good) failures++;
    if (!in_child) printf("%s %d - %s%s\n", good ? "ok" : "not ok", facts, text, note);
    else if (!good) fprintf(stderr, "in child %ld: not ok - %s\n", (long)getpid(), text);
    fflush(stdout);
    pthread_mutex_unlock(&lock);
    return good;
}

int ok(int good, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(good, "", format, arguments);
    va_end(arguments);
    return good;
}

int ok_list(int good, const char *format, va_list arguments)
{
    return record(good, "", format, arguments);
}

void skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(1, " # SKIP", format, arguments);
    va_end(arguments);
}

int finish(void)
{
    printf("1..%d\n", facts);
    return failures ? 1 : 0;
}

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(0, "", format, arguments);
    va_end(arguments);
    fflush(NULL);
    _exit(99);
}

void child_begins(void)
{
    pthread_mutex_init(&lock, NULL); /* another thread of the parent may have held it */
    in_child = 1;
    failures = 0;
}

int child_failures(void)
{
    return failures;
}

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(int64_t ms)
{
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) continue;
}

char *scratch(const char *format, ...)
{
    const char *folder = getenv("AIGC_TEST_DIR");
    char *path = malloc(8192);
    size_t used;
    va_list arguments;
    if (!folder || !path) die("AIGC_TEST_DIR is not set");
    used = (size_t)snprintf(path, 8192, "%s/", folder);
    va_start(arguments, format);
    vsnprintf(path + used, 8192 - used, format, arguments);
    va_end(arguments);
    return path;
}

int file_exists(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}

long long file_size(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (long long)about.st_size : -1;
}

size_t entries(const char *folder)
{
    size_t count = 0;
    struct dirent *entry;
    DIR *opened = opendir(folder);
    if (!opened) die("cannot read the folder %s", folder);
    while ((entry = readdir(opened)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) count++;
    closedir(opened);
    return count;
}

size_t open_descriptors(void)
{
    return entries("/proc/self/fd") - 1; /* without the one that reads the folder */
}

size_t thread_count(void)
{
    return entries("/proc/self/task");
}
