/* What the test programs share: TAP lines, and clients and jobs that talk to the sandbox.
 *
 * The runner (run.py) starts the sandbox and says in the environment how to reach it:
 *   AIGC_TEST_CONFIG   configuration keys, one KEY=VALUE a line
 *   AIGC_TEST_DIR      an empty folder for the files of this program
 * A program prints one "ok" or "not ok" line per fact and ends with "1..N". Helpers that cannot continue end the program.
 * tap.c holds what needs no library, support.c the rest. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <aigc.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Both providers, to loop over. */
extern const char *const providers[2];

/* One fact. Any thread. Returns good. */
int ok(int good, const char *format, ...) __attribute__((format(printf, 2, 3)));
int ok_list(int good, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
/* A fact that cannot be looked at here. */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A fact about a status; frees the error and shows its message if the status is another one. The error is passed by its
 * place, because the call that sets it may be evaluated after it. */
int ok_status(aigc_status status, aigc_status expected, aigc_error **error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Prints the plan. Returns the exit status. */
int finish(void);
/* Ends the program at once: the test itself cannot continue. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* For a forked child: its facts are counted from here and not printed; a failed one is told on standard error. */
void child_begins(void);
int child_failures(void);

int64_t now_ms(void);
void sleep_ms(int64_t ms);

/* A configuration for the sandbox, and the same with one more key. */
aigc_config *test_config(void);
void test_set(aigc_config *config, const char *key, const char *value);
/* A client for the sandbox. */
aigc_client *test_client(void);
aigc_client *test_client_with(const char *key, const char *value);
/* A request whose prompt nobody has used before. words may hold the sandbox's words, such as "[fail]". */
aigc_request *test_request(const char *provider, const char *words);
/* A submitted job. */
aigc_job *test_submit(aigc_client *client, const char *provider, const char *words);
/* A job that has succeeded. */
aigc_job *test_succeeded(aigc_client *client, const char *provider);

/* Waits until a job has reached a state (or has ended), at most timeout_ms. Returns the state. */
int32_t wait_state(aigc_job *job, int32_t state, int64_t timeout_ms);

/* A path in AIGC_TEST_DIR; yours to free. */
char *scratch(const char *format, ...) __attribute__((format(printf, 1, 2)));
int file_exists(const char *path);
long long file_size(const char *path);
/* How many entries a folder has. */
size_t entries(const char *folder);
/* Open descriptors and threads of this process. */
size_t open_descriptors(void);
size_t thread_count(void);

#endif
