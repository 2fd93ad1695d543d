/* plain.c - the limit to reach: signed calls over libcurl's multi interface, written for speed and for nothing else.
 * One thread, epoll, kept-alive connections, handles that are set up once, headers and body in memory that stays, TC3
 * signed with a derived key of the day, answers read with jansson.
 *
 * usage: plain HOST:PORT CA_FILE status|submit IN_FLIGHT CALLS
 * submit: as safe as it can be with libcurl: a request may leave once (PREREQFUNCTION), and no connection is used for one
 * that has rested for more than a few seconds. */
#define _GNU_SOURCE
#include "bench.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { LINES = 9 };

struct call {
    CURL *easy;
    struct curl_slist headers[LINES];
    char lines[LINES][384], body[256], reply[16384], why[CURL_ERROR_SIZE];
    size_t got, id;
    int left;
};

static const char *host;
static int submits, epoll = -1;
static long issued, ended, total, timeout = -1;

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct call *call = context;
    if (count * size > sizeof call->reply - call->got) return 0;
    memcpy(call->reply + call->got, data, count * size);
    call->got += count * size;
    return count * size;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

static int on_request(void *context, char *a, char *b, int c, int d)
{
    struct call *call = context;
    (void)a, (void)b, (void)c, (void)d;
    return call->left++ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void prepare(struct call *call, const char *ca)
{
    char url[256];
    CURL *easy = call->easy = curl_easy_init();
    if (!easy) bench_die("libcurl");
    snprintf(url, sizeof url, "https://%s/", host);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->why);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    if (submits) {
        curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
        curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 5L);
    }
    for (int i = 0; i < LINES; i++) {
        call->headers[i].data = call->lines[i];
        call->headers[i].next = i + 1 < LINES ? &call->headers[i + 1] : NULL;
    }
    strcpy(call->lines[0], "Content-Type: application/json");
    snprintf(call->lines[1], sizeof call->lines[1], "X-TC-Action: %s",
             submits ? "CreateAigcImageTask" : "DescribeAigcImageTask");
    strcpy(call->lines[2], "X-TC-Version: 2019-06-12");
    strcpy(call->lines[3], "X-TC-Language: en-US");
    strcpy(call->lines[4], "User-Agent: plain/1.0");
    strcpy(call->lines[5], "Accept:");
    strcpy(call->lines[6], "Expect:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
}

static void start(CURLM *multi, struct call *call)
{
    time_t now = time(NULL);
    int count;
    if (submits)
        count = snprintf(call->body, sizeof call->body,
                         "{\"ModelName\":\"Hunyuan\",\"Prompt\":\"a cat in the snow %ld\"}", issued);
    else
        count = snprintf(call->body, sizeof call->body, "{\"TaskId\":\"4-AigcImage-%032zx\"}", call->id);
    snprintf(call->lines[7], sizeof call->lines[7], "X-TC-Timestamp: %lld", (long long)now);
    memcpy(call->lines[8], "Authorization: ", 15);
    bench_sign(host, call->body, (size_t)count, now, call->lines[8] + 15, sizeof call->lines[8] - 15);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE, (long)count);
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->body);
    call->got = 0;
    call->left = 0;
    issued++;
    if (curl_multi_add_handle(multi, call->easy)) bench_die("add");
}

/* What a program needs to know: the state of the job, or the id of a new one. */
static void read_answer(struct call *call)
{
    json_error_t error;
    json_t *root = json_loadb(call->reply, call->got, 0, &error);
    json_t *answer = json_object_get(root, "Response");
    if (json_object_get(answer, "Error")) bench_die("refused: %.*s", (int)call->got, call->reply);
    const char *text = json_string_value(json_object_get(answer, submits ? "TaskId" : "Status"));
    if (!text || (!submits && strcmp(text, "RUN"))) bench_die("unreadable: %.*s", (int)call->got, call->reply);
    json_decref(root);
}

static void reap(CURLM *multi)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left))) {
        struct call *call;
        long status;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        if (result || status != 200) bench_die("failed: %d, HTTP %ld, %s", (int)result, status, call->why);
        curl_multi_remove_handle(multi, call->easy);
        read_answer(call);
        ended++;
        if (issued < total) start(multi, call);
    }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct epoll_event event = {0};
    (void)easy, (void)context, (void)known;
    event.data.fd = fd;
    if (what == CURL_POLL_REMOVE) return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event), 0;
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) && errno == ENOENT) epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *context)
{
    (void)multi, (void)context;
    timeout = milliseconds;
    return 0;
}

static void turn(CURLM *multi)
{
    struct epoll_event events[64];
    int running, count = timeout == 0 ? 0 : epoll_wait(epoll, events, 64, (int)timeout);
    if (count == 0) {
        timeout = -1;
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (int i = 0; i < count; i++)
        curl_multi_socket_action(multi, events[i].data.fd,
                                 (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
                                     (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0),
                                 &running);
    reap(multi);
}

int main(int argc, char **argv)
{
    if (argc != 6) bench_die("usage: plain HOST:PORT CA_FILE status|submit IN_FLIGHT CALLS");
    host = argv[1];
    submits = strcmp(argv[3], "submit") == 0;
    size_t width = (size_t)atol(argv[4]);
    total = atol(argv[5]);
    struct call *calls = calloc(width, sizeof *calls);
    if (!calls) bench_die("memory");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    bench_start();
    for (size_t i = 0; i < width && issued < total; i++) {
        calls[i].id = i;
        prepare(&calls[i], argv[2]);
        start(multi, &calls[i]);
    }
    while (ended < total) turn(multi);
    bench_print(ended);
    for (size_t i = 0; i < width; i++) curl_easy_cleanup(calls[i].easy);
    curl_multi_cleanup(multi);
    free(calls);
    return 0;
}
