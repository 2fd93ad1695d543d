/* resume.c - takes over what dead clients have left in a journal, and prints how long that took.
 *
 * usage: resume HOST:PORT CA_FILE JOBS journal.path=FOLDER [KEY=VALUE]... */
#define _GNU_SOURCE
#include "bench.h"
#include "client.h"

#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    aigc_error *error = NULL;
    size_t count = 0;
    if (argc < 5) bench_die("usage: resume HOST:PORT CA_FILE JOBS journal.path=FOLDER [KEY=VALUE]...");
    aigc_client *client = bench_client(argv[1], argv[2], NULL, argv + 4);
    bench_start();
    if (aigc_client_resume(client, 0, &count, &error)) bench_die("resume: %s", aigc_error_message(error));
    bench_print((long)count);
    if ((long)count != atol(argv[3])) bench_die("%zu jobs instead of %s", count, argv[3]);
    _exit(0);
}
