/* sign.c - signatures of status calls by OpenSSL, one after another. usage: sign COUNT */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 100000;
    char bodies[64][64], line[384];
    unsigned sum = 0;
    for (int i = 0; i < 64; i++) snprintf(bodies[i], sizeof bodies[i], "{\"TaskId\":\"4-AigcImage-%032x\"}", (unsigned)i);
    bench_start();
    for (long i = 0; i < count; i++) {
        const char *body = bodies[i & 63];
        size_t end = bench_sign("mps.tencentcloudapi.com", body, strlen(body), 1700000000 + i / 1000, line, sizeof line);
        sum += (unsigned char)line[end - 1];
    }
    bench_print(count);
    return sum == 0;
}
