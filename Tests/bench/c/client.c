#define _GNU_SOURCE
#include "client.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(aigc_config *config, const char *key, const char *value)
{
    aigc_error *error = NULL;
    if (aigc_config_set(config, key, value, &error)) bench_die("%s: %s", key, aigc_error_message(error));
}

aigc_client *bench_client(const char *host, const char *ca_file, const char *in_flight, char **more)
{
    aigc_error *error = NULL;
    aigc_config *config = NULL;
    aigc_client *client = NULL;
    char url[256];
    if (aigc_config_new(&config, &error)) bench_die("config");
    snprintf(url, sizeof url, "%s%s", strstr(host, "://") ? "" : "https://", host);
    set(config, "tencent.endpoint", url);
    set(config, "tencent.secret_id", BENCH_ID);
    set(config, "tencent.secret_key", BENCH_KEY);
    set(config, "alibaba.endpoint", url);
    set(config, "alibaba.access_key_id", BENCH_ID);
    set(config, "alibaba.access_key_secret", BENCH_KEY);
    set(config, "rate.tencent.create_per_s", "0");
    set(config, "rate.tencent.describe_per_s", "0");
    set(config, "job.follow", "false");
    set(config, "poll.initial_ms", "10");
    set(config, "poll.max_ms", "10");
    set(config, "http.proxy", "none");
    set(config, "download.allow_private_addresses", "true");
    set(config, "download.overwrite", "true");
    if (ca_file && *ca_file) set(config, "tls.ca_file", ca_file);
    if (in_flight) set(config, "http.max_in_flight", in_flight);
    for (; more && *more; more++) {
        char *copy = strdup(*more), *equals = copy ? strchr(copy, '=') : NULL;
        if (!equals) bench_die("not KEY=VALUE: %s", *more);
        *equals = '\0';
        set(config, copy, equals + 1);
        free(copy);
    }
    if (aigc_client_new(config, &client, &error)) bench_die("client: %s", aigc_error_message(error));
    aigc_config_free(config);
    return client;
}

aigc_job *bench_attach(aigc_client *client, long number, int follow)
{
    aigc_error *error = NULL;
    aigc_job *job = NULL;
    char id[64];
    snprintf(id, sizeof id, "4-AigcImage-%032lx", number);
    if (aigc_client_attach_id(client, AIGC_TENCENT, AIGC_TENCENT_IMAGE, id, follow, &job, &error))
        bench_die("attach: %s", aigc_error_message(error));
    return job;
}
