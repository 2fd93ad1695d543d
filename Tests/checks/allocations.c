/* allocations.c - how often memory is asked for, all libraries together, for one status call of a followed job and for
 * one submission, on one kept connection to a server in this process. Prints "status N.NN" and "submission N.NN".
 *
 * Deterministic: one call is on the wire at a time, and the counter is read when the server has read a request, so that
 * exactly so many whole calls lie between two readings. */
#define _GNU_SOURCE
#include <aigc.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WARM = 256, COUNTED = 512, JOBS = 16 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long asked;

void *malloc(size_t size)
{
    atomic_fetch_add(&asked, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add(&asked, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    atomic_fetch_add(&asked, 1);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add(&asked, 1);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = aligned_alloc(alignment, size);
    return *memory ? 0 : 12;
}

static void die(const char *what)
{
    fprintf(stderr, "allocations: %s\n", what);
    _exit(1);
}

static int listener;
static atomic_long served, first, last;

/* One connection after another; counts from the WARM-th request to COUNTED later. Asks for no memory itself. */
static void *serve(void *answer)
{
    static char in[65536], out[2048];
    size_t length = (size_t)snprintf(out, sizeof out,
                                     "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 20 Nov 2023 12:00:00 GMT\r\n"
                                     "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: keep-alive\r\n"
                                     "\r\n%s", strlen(answer), (const char *)answer);
    /* An id that was there before would not be believed: each answer to a submission has its own. */
    char *task = strstr(out, "TaskId\":\"4-AigcImage-"), *id = strstr(out, "RequestId\":\"");
    if (!task || !id) die("answer");
    char *name = task;
    task += strlen("TaskId\":\"4-AigcImage-");
    id += strlen("RequestId\":\"");
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        size_t have = 0;
        while (fd >= 0) {
            ssize_t got = read(fd, in + have, sizeof in - 1 - have);
            if (got <= 0) break;
            in[have += (size_t)got] = '\0';
            char *end = strstr(in, "\r\n\r\n"), *body = strcasestr(in, "content-length:");
            if (!end || !body || have < (size_t)(end + 4 - in) + strtoul(body + 15, NULL, 10)) continue;
            long number = atomic_fetch_add(&served, 1) + 1;
            if (number == WARM) atomic_store(&first, atomic_load(&asked));
            if (number == WARM + COUNTED) atomic_store(&last, atomic_load(&asked));
            have = 0;
            char digits[9];
            snprintf(digits, sizeof digits, "%08lx", (unsigned long)number);
            memcpy(task, digits, 8);
            memcpy(id, digits, 8);
            /* A status that names another task would not be believed either. */
            memcpy(name, strstr(in, "DescribeAigcImageTask") ? "NoTask" : "TaskId", 6);
            if (write(fd, out, length) != (ssize_t)length) break;
        }
        if (fd >= 0) close(fd);
    }
    return NULL;
}

static void set(aigc_config *config, const char *key, const char *value)
{
    if (aigc_config_set(config, key, value, NULL)) die(key);
}

static aigc_client *client_of(const char *endpoint)
{
    aigc_config *config = NULL;
    aigc_client *client = NULL;
    if (aigc_config_new(&config, NULL)) die("config");
    set(config, "tencent.endpoint", endpoint);
    set(config, "tencent.secret_id", "AKIDallocations");
    set(config, "tencent.secret_key", "key");
    set(config, "rate.tencent.create_per_s", "0");
    set(config, "rate.tencent.describe_per_s", "0");
    set(config, "http.max_in_flight", "1");
    set(config, "http.proxy", "none");
    set(config, "poll.initial_ms", "10");
    set(config, "poll.max_ms", "10");
    if (aigc_client_new(config, &client, NULL)) die("client");
    aigc_config_free(config);
    return client;
}

static void follow(aigc_client *client)
{
    for (int i = 0; i < JOBS; i++) {
        char id[32];
        aigc_job *job = NULL;
        snprintf(id, sizeof id, "task-%d", i);
        if (aigc_client_attach_id(client, AIGC_TENCENT, AIGC_TENCENT_IMAGE, id, 1, &job, NULL)) die("attach");
        aigc_job_free(job);
    }
    while (!atomic_load(&last)) usleep(1000);
}

static void submit(aigc_client *client)
{
    aigc_request *request = NULL;
    if (aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, NULL) ||
        aigc_request_set_string(request, "prompt", "a cat in the snow", NULL) ||
        aigc_request_set_option(request, "follow", "false", NULL))
        die("request");
    while (!atomic_load(&last)) { /* the next one when this one has its answer */
        aigc_job *job = NULL;
        if (aigc_client_submit(client, request, &job, NULL)) die("submit");
        while (!aigc_job_remote_id(job)) usleep(200);
        aigc_job_cancel(job);
        aigc_job_free(job);
    }
    aigc_request_free(request);
}

static double measure(const char *endpoint, void (*work)(aigc_client *))
{
    aigc_client *client = client_of(endpoint);
    atomic_store(&served, 0);
    atomic_store(&last, 0);
    work(client);
    aigc_client_close(client, 0);
    aigc_client_free(client);
    return (double)(atomic_load(&last) - atomic_load(&first)) / COUNTED;
}

int main(void)
{
    /* One answer serves both calls: each reads what it needs. */
    static char answer[] = "{\"Response\":{\"TaskId\":\"4-AigcImage-00000000000000000000000000000001\",\"Status\":\"RUN\","
                           "\"ImageUrls\":[],\"Message\":\"\",\"RequestId\":\"8a1a1a04-1d6b-43dc-b9f3-0f3a9b5ae6a1\"}}";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char endpoint[64];
    pthread_t thread;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 8)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", ntohs(address.sin_port));
    if (pthread_create(&thread, NULL, serve, answer)) die("thread");
    printf("status %.2f\n", measure(endpoint, follow));
    printf("submission %.2f\n", measure(endpoint, submit));
    fflush(stdout);
    _exit(0);
}
