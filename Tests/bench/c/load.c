/* load.c - what a process pays for the library: time to open it and make a client, and memory.
 *
 * usage: load LIBRARY [with]
 * with: libcurl, libcrypto and jansson are there already, as in a process that uses them itself.
 * LIBRARY "-": those three alone, made ready, without ours. */
#define _GNU_SOURCE
#include "bench.h"

#include <dlfcn.h>
#include <stdio.h>

static void *need(const char *name)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) bench_die("%s", dlerror());
    return library;
}

static void others(void)
{
    int (*global)(long) = NULL;
    *(void **)&global = dlsym(need("libcurl.so.4"), "curl_global_init");
    global(3);
    need("libjansson.so.4");
}

int main(int argc, char **argv)
{
    if (argc < 2) bench_die("usage: load LIBRARY [with]");
    if (argc > 2) others();
    long before = bench_status("VmRSS");
    double start = bench_seconds(), cpu = bench_cpu();
    if (*argv[1] == '-') {
        others();
        printf("{\"all_ms\":%.3f,\"rss_kb\":%ld}\n", (bench_seconds() - start) * 1e3, bench_status("VmRSS") - before);
        return 0;
    }
    void *library = need(argv[1]);
    double opened = bench_seconds();
    int (*create)(const void *, void **, void **) = NULL;
    void *client = NULL;
    *(void **)&create = dlsym(library, "aigc_client_new");
    if (!create || create(NULL, &client, NULL)) bench_die("no client");
    double end = bench_seconds();
    printf("{\"open_ms\":%.3f,\"client_ms\":%.3f,\"all_ms\":%.3f,\"cpu_ms\":%.3f,\"rss_kb\":%ld}\n",
           (opened - start) * 1e3, (end - opened) * 1e3, (end - start) * 1e3, (bench_cpu() - cpu) * 1e3,
           bench_status("VmRSS") - before);
    return 0;
}
