#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double started, started_cpu;

static double at(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_seconds(void) { return at(CLOCK_MONOTONIC); }
double bench_cpu(void) { return at(CLOCK_PROCESS_CPUTIME_ID); }

void bench_start(void)
{
    started = bench_seconds();
    started_cpu = bench_cpu();
}

void bench_print(long calls)
{
    printf("{\"calls\":%ld,\"seconds\":%.6f,\"cpu\":%.6f,\"peak_kb\":%ld}\n", calls, bench_seconds() - started,
           bench_cpu() - started_cpu, bench_status("VmHWM"));
    fflush(stdout);
}

static long line_of(const char *path, const char *name)
{
    char line[256];
    long value = -1;
    size_t length = strlen(name);
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':') value = atol(line + length + 1);
    fclose(file);
    return value;
}

long bench_status(const char *name) { return line_of("/proc/self/status", name); }

static long entries(const char *path, long (*each)(const char *))
{
    struct dirent *entry;
    long count = 0;
    DIR *folder = opendir(path);
    if (!folder) return -1;
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.') count += each ? each(entry->d_name) : 1;
    closedir(folder);
    return count;
}

static long switches_of(const char *thread)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    return line_of(path, "voluntary_ctxt_switches");
}

long bench_descriptors(void) { return entries("/proc/self/fd", NULL) - 1; }
long bench_threads(void) { return entries("/proc/self/task", NULL); }
long bench_switches(void) { return entries("/proc/self/task", switches_of); }

void bench_die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}
