/* A client for the benchmark's servers. */
#ifndef CLIENT_H
#define CLIENT_H

#include <aigc.h>

/* Tencent at HOST:PORT and Alibaba at the same, without rates of ours, IN_FLIGHT calls at a time (NULL: the default), and
 * what KEY=VALUE arguments say (up to a NULL). Dies of an error. */
aigc_client *bench_client(const char *host, const char *ca_file, const char *in_flight, char **more);
/* A job that the server has always had. */
aigc_job *bench_attach(aigc_client *client, long number, int follow);

#endif
