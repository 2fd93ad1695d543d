#define _GNU_SOURCE
#include "bench.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static EVP_MD *md;
static EVP_MD_CTX *context;

static void digest(const void *data, size_t count, uint8_t out[32])
{
    if (!EVP_DigestInit_ex2(context, md, NULL) || !EVP_DigestUpdate(context, data, count) ||
        !EVP_DigestFinal_ex(context, out, NULL))
        bench_die("digest");
}

static void hmac(const void *key, size_t key_count, const void *data, size_t count, uint8_t out[32])
{
    uint8_t block[64] = {0}, inner[32];
    memcpy(block, key, key_count);
    for (int i = 0; i < 64; i++) block[i] ^= 0x36;
    if (!EVP_DigestInit_ex2(context, md, NULL) || !EVP_DigestUpdate(context, block, 64) ||
        !EVP_DigestUpdate(context, data, count) || !EVP_DigestFinal_ex(context, inner, NULL))
        bench_die("hmac");
    for (int i = 0; i < 64; i++) block[i] ^= 0x36 ^ 0x5c;
    if (!EVP_DigestInit_ex2(context, md, NULL) || !EVP_DigestUpdate(context, block, 64) ||
        !EVP_DigestUpdate(context, inner, 32) || !EVP_DigestFinal_ex(context, out, NULL))
        bench_die("hmac");
}

static void hex(const uint8_t in[32], char out[65])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[64] = '\0';
}

size_t bench_sign(const char *host, const char *body, size_t count, int64_t unix_seconds, char *out, size_t room)
{
    static int64_t day = -1;
    static uint8_t key[32];
    static char date[16];
    uint8_t sum[32];
    char hash[65], text[512];
    int length;

    if (!context) {
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
        context = EVP_MD_CTX_new();
        if (!md || !context) bench_die("OpenSSL");
    }
    if (unix_seconds / 86400 != day) {
        time_t now = (time_t)unix_seconds;
        struct tm parts;
        day = unix_seconds / 86400;
        gmtime_r(&now, &parts);
        strftime(date, sizeof date, "%Y-%m-%d", &parts);
        hmac("TC3" BENCH_KEY, 3 + strlen(BENCH_KEY), date, strlen(date), key);
        hmac(key, 32, "mps", 3, key);
        hmac(key, 32, "tc3_request", 11, key);
    }
    digest(body, count, sum);
    hex(sum, hash);
    length = snprintf(text, sizeof text, "POST\n/\n\ncontent-type:application/json\nhost:%s\n\ncontent-type;host\n%s", host,
                      hash);
    digest(text, (size_t)length, sum);
    hex(sum, hash);
    length = snprintf(text, sizeof text, "TC3-HMAC-SHA256\n%lld\n%s/mps/tc3_request\n%s", (long long)unix_seconds, date,
                      hash);
    hmac(key, 32, text, (size_t)length, sum);
    hex(sum, hash);
    return (size_t)snprintf(out, room,
                            "TC3-HMAC-SHA256 Credential=" BENCH_ID "/%s/mps/tc3_request, "
                            "SignedHeaders=content-type;host, Signature=%s",
                            date, hash);
}
