#include "CCrypto.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* A multiple of 3 (encoding) and far below INT_MAX. */
#define PIECE ((size_t)3 << 20)

int64_t aigcc_base64_encode(const void *data, size_t count, uint8_t *out) {
    const uint8_t *in = data;
    int64_t written = 0;
    while (count > 0) {
        size_t piece = count < PIECE ? count : PIECE;
        /* EVP_EncodeBlock ends its output with a NUL, for which there may be no room: the last four come apart. */
        uint8_t last[5];
        size_t tail = piece % 3 == 0 ? 3 : piece % 3;
        size_t head = piece - tail;
        if (head > 0) {
            /* The NUL lands where the last four go. */
            if (EVP_EncodeBlock(out + written, in, (int)head) < 0) return -1;
            written += (int64_t)(head / 3 * 4);
        }
        if (EVP_EncodeBlock(last, in + head, (int)tail) != 4) return -1;
        memcpy(out + written, last, 4);
        written += 4;
        in += piece;
        count -= piece;
    }
    return written;
}

struct aigcc_base64 {
    EVP_ENCODE_CTX *context;
    int failed;
};

aigcc_base64 *aigcc_base64_new(void) {
    aigcc_base64 *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) return NULL;
    decoder->context = EVP_ENCODE_CTX_new();
    if (decoder->context == NULL) {
        free(decoder);
        return NULL;
    }
    EVP_DecodeInit(decoder->context);
    return decoder;
}

int64_t aigcc_base64_update(aigcc_base64 *decoder, const void *data, size_t count, uint8_t *out) {
    const uint8_t *in = data;
    int64_t written = 0;
    /* OpenSSL takes '-' for the end of a PEM block and drops what follows. */
    if (decoder->failed || (count > 0 && memchr(in, '-', count) != NULL)) {
        decoder->failed = 1;
        return -1;
    }
    while (count > 0) {
        size_t piece = count < PIECE ? count : PIECE;
        int produced = 0;
        if (EVP_DecodeUpdate(decoder->context, out + written, &produced, in, (int)piece) < 0) {
            decoder->failed = 1;
            return -1;
        }
        written += produced;
        in += piece;
        count -= piece;
    }
    return written;
}

int64_t aigcc_base64_final(aigcc_base64 *decoder, uint8_t *out) {
    int produced = 0;
    if (decoder->failed || EVP_DecodeFinal(decoder->context, out, &produced) < 0) {
        decoder->failed = 1;
        return -1;
    }
    return produced;
}

void aigcc_base64_free(aigcc_base64 *decoder) {
    if (decoder == NULL) return;
    EVP_ENCODE_CTX_free(decoder->context);
    free(decoder);
}
