/* OpenSSL 3 EVP for Swift: digests, HMAC, random bytes, wiping, Base64. Prefix aigcc_. Functions return 0, or -1 when
 * libcrypto refuses (out of memory, a provider configuration without the algorithm). Any thread; a stream is used by
 * one thread at a time. Lengths beyond what OpenSSL counts in an int are cut into pieces here. */
#ifndef CCRYPTO_H
#define CCRYPTO_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    AIGCC_SHA256 = 0, /* 32 bytes */
    AIGCC_SHA1 = 1,   /* 20 bytes */
    AIGCC_MD5 = 2     /* 16 bytes; checksums of downloads only */
} aigcc_algorithm;

#define AIGCC_MAX_DIGEST 32

/* Whether libcrypto has the algorithm. An available algorithm fails only when memory is missing. */
int aigcc_knows(aigcc_algorithm algorithm);

/* One-shot. out holds the size of the algorithm. data may be NULL when count is 0. */
int aigcc_digest(aigcc_algorithm algorithm, const void *data, size_t count, uint8_t *out);
int aigcc_hmac(aigcc_algorithm algorithm, const void *key, size_t key_count, const void *data, size_t count,
               uint8_t *out);

/* A digest over pieces. new returns NULL on failure. final may be called once; free takes NULL. */
typedef struct aigcc_stream aigcc_stream;
aigcc_stream *aigcc_stream_new(aigcc_algorithm algorithm);
int aigcc_stream_update(aigcc_stream *stream, const void *data, size_t count);
int aigcc_stream_final(aigcc_stream *stream, uint8_t *out);
void aigcc_stream_free(aigcc_stream *stream);

/* Lower-case hexadecimal digits of data, two for each byte. */
void aigcc_hex(const void *data, size_t count, uint8_t *out);

/* Random bytes that are fit for keys. */
int aigcc_random(void *out, size_t count);

/* Overwrites memory in a way that no optimiser drops. */
void aigcc_cleanse(void *data, size_t count);

/* "OpenSSL 3.0.22 ..." of the library that is loaded. */
const char *aigcc_version(void);

/* The file that the environment names as its configuration; NULL: none. */
const char *aigcc_configuration(void);

/* Base64 with padding, no line breaks. out holds aigcc_base64_encoded_size(count) bytes, no NUL is written. Returns the
 * bytes written, or -1. */
static inline size_t aigcc_base64_encoded_size(size_t count) { return (count / 3 + (count % 3 != 0)) * 4; }
int64_t aigcc_base64_encode(const void *data, size_t count, uint8_t *out);

/* Decodes Base64 that comes in pieces. Blanks and line breaks are skipped; any other foreign byte, data after the
 * padding and a length that is no multiple of four are errors, and an error stays. out of update holds
 * aigcc_base64_decoded_bound(count) bytes. Both return the bytes written, or -1. */
typedef struct aigcc_base64 aigcc_base64;
static inline size_t aigcc_base64_decoded_bound(size_t count) { return (count / 4 + 17) * 3 + 3; }
aigcc_base64 *aigcc_base64_new(void);
int64_t aigcc_base64_update(aigcc_base64 *decoder, const void *data, size_t count, uint8_t *out);
/* out holds 66 bytes. */
int64_t aigcc_base64_final(aigcc_base64 *decoder, uint8_t *out);
void aigcc_base64_free(aigcc_base64 *decoder);

#endif
