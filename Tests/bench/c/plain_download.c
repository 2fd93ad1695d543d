/* plain_download.c - libcurl to files: what a download costs when nothing is checked, flushed or renamed.
 *
 * usage: plain_download URL CA_FILE FOLDER AT_ONCE COUNT
 * A %d in the URL is replaced by the number of the download modulo 16. */
#define _GNU_SOURCE
#include "bench.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct item {
    CURL *easy;
    int fd;
};

static const char *url, *folder;
static long issued, ended, total;

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct item *item = context;
    (void)size;
    return write(item->fd, data, count) == (ssize_t)count ? count : 0;
}

static void start(CURLM *multi, struct item *item, long slot)
{
    char text[512];
    snprintf(text, sizeof text, "%s/%ld.plain", folder, slot);
    item->fd = open(text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (item->fd < 0) bench_die("%s cannot be written", text);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, url, (int)(issued % 16));
#pragma GCC diagnostic pop
    curl_easy_setopt(item->easy, CURLOPT_URL, text);
    issued++;
    curl_multi_add_handle(multi, item->easy);
}

int main(int argc, char **argv)
{
    if (argc != 6) bench_die("usage: plain_download URL CA_FILE FOLDER AT_ONCE COUNT");
    url = argv[1];
    folder = argv[3];
    long width = atol(argv[4]);
    total = atol(argv[5]);
    struct item *items = calloc((size_t)width, sizeof *items);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    bench_start();
    for (long i = 0; i < width && issued < total; i++) {
        CURL *easy = items[i].easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_CAINFO, argv[2]);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 131072L);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &items[i]);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &items[i]);
        start(multi, &items[i], i);
    }
    while (ended < total) {
        CURLMsg *message;
        int running, left;
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left))) {
            struct item *item;
            long status;
            CURLcode result = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&item);
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
            if (result || status != 200) bench_die("failed: %d, HTTP %ld", (int)result, status);
            close(item->fd);
            curl_multi_remove_handle(multi, item->easy);
            ended++;
            if (issued < total) start(multi, item, item - items);
        }
        if (ended < total && running) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    bench_print(ended);
    return 0;
}
