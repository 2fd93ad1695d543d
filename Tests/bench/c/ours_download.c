/* ours_download.c - the same files through libaigc: checked, flushed and renamed.
 *
 * usage: ours_download URL CA_FILE FOLDER AT_ONCE COUNT [KEY=VALUE]...
 * A %d in the URL is replaced by the number of the download modulo 16. FOLDER "-": to memory. A URL "alibaba HOST:PORT"
 * fetches an image of Alibaba by its id instead, raw or as Base64 as alibaba.asset_encoding says. */
#define _GNU_SOURCE
#include "bench.h"
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *url, *folder;
static long issued, ended, total, size;

static void start(aigc_client *client, long slot)
{
    aigc_error *error = NULL;
    aigc_request *request = NULL;
    aigc_job *download = NULL;
    char text[512], path[512];
    int is_call = strncmp(url, "alibaba ", 8) == 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, url, (int)(issued % 16));
#pragma GCC diagnostic pop
    snprintf(path, sizeof path, "%s/%ld.ours", folder, slot);
    if (aigc_request_new(is_call ? AIGC_ALIBABA : AIGC_TENCENT,
                         is_call ? AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET : AIGC_TENCENT_IMAGE_ASSET, &request, &error) ||
        aigc_request_set_string(request, is_call ? "image_id" : "url", is_call ? "image.png" : text, &error) ||
        aigc_client_fetch(client, request, *folder == '-' ? NULL : path, &download, &error))
        bench_die("fetch: %s", aigc_error_message(error));
    aigc_job_set_user_data(download, (void *)(intptr_t)slot);
    aigc_request_free(request);
    aigc_job_free(download);
    issued++;
}

static void take(aigc_job *download)
{
    aigc_buffer *buffer = NULL;
    if (*folder == '-' && aigc_job_take_buffer(download, &buffer, NULL)) bench_die("no buffer");
    size = (long)aigc_buffer_size(buffer);
    aigc_buffer_free(buffer);
}

int main(int argc, char **argv)
{
    if (argc < 6) bench_die("usage: ours_download URL CA_FILE FOLDER AT_ONCE COUNT [KEY=VALUE]...");
    url = argv[1];
    folder = argv[3];
    long width = atol(argv[4]);
    total = atol(argv[5]);
    int is_call = strncmp(url, "alibaba ", 8) == 0;
    aigc_client *client = bench_client(is_call ? url + 8 : "127.0.0.1:1", argv[2], NULL, argv + 6);
    aigc_client_event_fd(client);
    bench_start();
    for (long i = 0; i < width && issued < total; i++) start(client, i);
    while (ended < total) {
        aigc_event *event = NULL;
        aigc_error *error = NULL;
        if (aigc_client_next_event(client, 60000, &event, &error) || !event) bench_die("no event came");
        if (aigc_event_type(event) == AIGC_EVENT_JOB_DONE) {
            aigc_job *download = aigc_event_job(event);
            if (aigc_job_error(download, &error)) bench_die("download: %s", aigc_error_message(error));
            long slot = (long)(intptr_t)aigc_job_user_data(download);
            take(download);
            ended++;
            if (issued < total) start(client, slot);
        }
        aigc_event_free(event);
    }
    bench_print(ended);
    aigc_client_free(client);
    return 0;
}
