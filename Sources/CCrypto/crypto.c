#define _GNU_SOURCE
#include "CCrypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BLOCK 64 /* of all three algorithms */

static const char *const names[] = {"SHA256", "SHA1", "MD5"};
static const size_t sizes[] = {32, 20, 16};

/* Fetched once: OpenSSL 3 otherwise looks the algorithm up by name for each digest, which costs more than a short
 * digest itself. Kept until the process ends. */
static _Atomic(EVP_MD *) fetched[3];

static const EVP_MD *algorithm_md(aigcc_algorithm algorithm) {
    if ((unsigned)algorithm > AIGCC_MD5) return NULL;
    EVP_MD *md = atomic_load_explicit(&fetched[algorithm], memory_order_acquire);
    if (md != NULL) return md;
    md = EVP_MD_fetch(NULL, names[algorithm], NULL);
    if (md == NULL) return NULL;
    EVP_MD *other = NULL;
    if (!atomic_compare_exchange_strong(&fetched[algorithm], &other, md)) {
        EVP_MD_free(md);
        return other;
    }
    return md;
}

/* One SHA-256 context of the process rests between digests, ready to be fed: making one costs as much as two blocks.
 * Whoever takes it leaves none behind, so that it has one user at a time, on whatever thread or side of a fork. */
static _Atomic(EVP_MD_CTX *) resting;

/* A context that is ready to be fed, or NULL. */
static EVP_MD_CTX *take(aigcc_algorithm algorithm, const EVP_MD *md) {
    EVP_MD_CTX *context = NULL;
    if (md == NULL) return NULL;
    if (algorithm == AIGCC_SHA256) context = atomic_exchange_explicit(&resting, NULL, memory_order_acquire);
    if (context != NULL) return context;
    context = EVP_MD_CTX_new();
    if (context != NULL && !EVP_DigestInit_ex2(context, md, NULL)) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

/* It is made ready again at once, which also wipes what the digest of a key would leave in it. */
static void give_back(aigcc_algorithm algorithm, const EVP_MD *md, EVP_MD_CTX *context, int ok) {
    if (algorithm == AIGCC_SHA256 && ok && EVP_DigestInit_ex2(context, md, NULL))
        context = atomic_exchange_explicit(&resting, context, memory_order_acq_rel);
    EVP_MD_CTX_free(context);
}

int aigcc_knows(aigcc_algorithm algorithm) { return algorithm_md(algorithm) != NULL; }

int aigcc_digest(aigcc_algorithm algorithm, const void *data, size_t count, uint8_t *out) {
    const EVP_MD *md = algorithm_md(algorithm);
    EVP_MD_CTX *context = take(algorithm, md);
    if (context == NULL) return -1;
    int ok = (count == 0 || EVP_DigestUpdate(context, data, count)) && EVP_DigestFinal_ex(context, out, NULL);
    give_back(algorithm, md, context, ok);
    return ok ? 0 : -1;
}

/* RFC 2104 on the fetched digest with one context: EVP_MAC looks its digest up by name in each init. */
int aigcc_hmac(aigcc_algorithm algorithm, const void *key, size_t key_count, const void *data, size_t count,
               uint8_t *out) {
    const EVP_MD *md = algorithm_md(algorithm);
    EVP_MD_CTX *context = take(algorithm, md);
    if (context == NULL) return -1;
    uint8_t block[BLOCK] = {0};
    uint8_t inner[AIGCC_MAX_DIGEST];
    int ok = 1;
    if (key_count > BLOCK) {
        ok = EVP_DigestUpdate(context, key, key_count) && EVP_DigestFinal_ex(context, block, NULL) &&
             EVP_DigestInit_ex2(context, md, NULL);
    } else if (key_count > 0) {
        memcpy(block, key, key_count);
    }
    for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36;
    ok = ok && EVP_DigestUpdate(context, block, BLOCK) &&
         (count == 0 || EVP_DigestUpdate(context, data, count)) && EVP_DigestFinal_ex(context, inner, NULL);
    for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36 ^ 0x5c;
    ok = ok && EVP_DigestInit_ex2(context, md, NULL) && EVP_DigestUpdate(context, block, BLOCK) &&
         EVP_DigestUpdate(context, inner, sizes[algorithm]) && EVP_DigestFinal_ex(context, out, NULL);
    give_back(algorithm, md, context, ok);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(inner, sizeof inner);
    return ok ? 0 : -1;
}

struct aigcc_stream {
    EVP_MD_CTX *context;
};

aigcc_stream *aigcc_stream_new(aigcc_algorithm algorithm) {
    const EVP_MD *md = algorithm_md(algorithm);
    aigcc_stream *stream = md == NULL ? NULL : malloc(sizeof *stream);
    if (stream == NULL) return NULL;
    stream->context = EVP_MD_CTX_new();
    if (stream->context == NULL || !EVP_DigestInit_ex2(stream->context, md, NULL)) {
        aigcc_stream_free(stream);
        return NULL;
    }
    return stream;
}

int aigcc_stream_update(aigcc_stream *stream, const void *data, size_t count) {
    return count == 0 || EVP_DigestUpdate(stream->context, data, count) ? 0 : -1;
}

int aigcc_stream_final(aigcc_stream *stream, uint8_t *out) {
    return EVP_DigestFinal_ex(stream->context, out, NULL) ? 0 : -1;
}

void aigcc_stream_free(aigcc_stream *stream) {
    if (stream == NULL) return;
    EVP_MD_CTX_free(stream->context);
    free(stream);
}

#define ROW(h) h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9" h "a" h "b" h "c" h "d" h "e" h "f"

void aigcc_hex(const void *data, size_t count, uint8_t *out) {
    static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7") ROW("8")
        ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");
    const uint8_t *in = data;
    for (size_t i = 0; i < count; i++) memcpy(out + 2 * i, pairs + 2 * (size_t)in[i], 2);
}

/* The kernel first: it knows no state that a fork could double, and is quicker for few bytes than a DRBG. */
int aigcc_random(void *out, size_t count) {
    if (count > INT_MAX) return -1;
    if (count <= 256 && getrandom(out, count, 0) == (ssize_t)count) return 0;
    return RAND_bytes(out, (int)count) == 1 ? 0 : -1;
}

void aigcc_cleanse(void *data, size_t count) { OPENSSL_cleanse(data, count); }

const char *aigcc_configuration(void) { return secure_getenv("OPENSSL_CONF"); }

const char *aigcc_version(void) { return OpenSSL_version(OPENSSL_VERSION); }
