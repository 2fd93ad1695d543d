/* What the programs of the benchmark share: clocks, the line of figures that each prints, and the signature of a status
 * call as a careful C programmer would make it. Each program measures itself from its first call to its last; bench.py
 * reads the line. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Stamps the start of what is measured. */
void bench_start(void);
/* Prints {"calls":..,"seconds":..,"cpu":..,"rss_kb":..} of what has been since; CPU of all threads. */
void bench_print(long calls);
/* One figure of /proc/self/status in its own unit ("VmRSS", "VmHWM"); -1 if there is none. */
long bench_status(const char *name);
/* Open descriptors, threads, and voluntary switches of all threads of this process. */
long bench_descriptors(void);
long bench_threads(void);
long bench_switches(void);
double bench_seconds(void);
double bench_cpu(void);
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define BENCH_ID "AKIDbenchbenchbenchbenchbenchbench12"
#define BENCH_KEY "benchkeybenchkeybenchkeybenchkey"

/* TC3-HMAC-SHA256 of a POST. Writes the value of Authorization; the derived key of a day is kept, and the digest is
 * fetched once. Returns its length. One thread. */
size_t bench_sign(const char *host, const char *body, size_t count, int64_t unix_seconds, char *out, size_t room);

#endif
