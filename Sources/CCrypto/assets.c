#define _GNU_SOURCE
#include "CAssets.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CRC64_POLYNOMIAL UINT64_C(0xC96C5795D7870F42)
#define CRC32_POLYNOMIAL UINT32_C(0xEDB88320)
#define HAS_CLMUL 1
#define HAS_AVX2 2
#define HAS_WIDE_CLMUL 4

static uint64_t table64[8][256];
static uint32_t table32[8][256];
/* Six bits of a character; 0xFF is no Base64. */
static uint8_t table_base64[256];
static atomic_int features;
static int detected;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    for (unsigned i = 0; i < 256; i++) {
        uint64_t a = i;
        uint32_t b = i;
        for (int bit = 0; bit < 8; bit++) {
            a = (a >> 1) ^ (CRC64_POLYNOMIAL & (0 - (a & 1)));
            b = (b >> 1) ^ (CRC32_POLYNOMIAL & (0 - (b & 1)));
        }
        table64[0][i] = a;
        table32[0][i] = b;
    }
    for (unsigned i = 0; i < 256; i++) {
        for (int k = 1; k < 8; k++) {
            table64[k][i] = (table64[k - 1][i] >> 8) ^ table64[0][table64[k - 1][i] & 0xFF];
            table32[k][i] = (table32[k - 1][i] >> 8) ^ table32[0][table32[k - 1][i] & 0xFF];
        }
    }
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    memset(table_base64, 0xFF, sizeof table_base64);
    for (unsigned i = 0; i < 64; i++) table_base64[(unsigned char)alphabet[i]] = (uint8_t)i;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse2")) detected |= HAS_CLMUL;
    if (__builtin_cpu_supports("avx2")) detected |= HAS_AVX2;
    if ((detected & HAS_CLMUL) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq"))
        detected |= HAS_WIDE_CLMUL;
#endif
    atomic_store_explicit(&features, detected, memory_order_relaxed);
}

static inline int available(void) {
    pthread_once(&once, prepare);
    return atomic_load_explicit(&features, memory_order_relaxed);
}

int aigca_portable_only(int portable) {
    (void)available();
    int used = portable == 0 ? detected : portable == 2 ? detected & ~HAS_WIDE_CLMUL : 0;
    atomic_store_explicit(&features, used, memory_order_relaxed);
    return atomic_load_explicit(&features, memory_order_relaxed);
}

/* The register of the checksum moved over bytes, eight at a time, without the complements at the ends. Bytes are put
 * together by shifts, so that the order of the machine does not matter. */
static inline uint64_t load64(const uint8_t *p) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
#else
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) v = v << 8 | p[i];
    return v;
#endif
}

static uint64_t step64(uint64_t r, const uint8_t *p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        r ^= load64(p);
        r = table64[7][r & 0xFF] ^ table64[6][r >> 8 & 0xFF] ^ table64[5][r >> 16 & 0xFF] ^ table64[4][r >> 24 & 0xFF] ^
            table64[3][r >> 32 & 0xFF] ^ table64[2][r >> 40 & 0xFF] ^ table64[1][r >> 48 & 0xFF] ^ table64[0][r >> 56];
    }
    for (; n > 0; n--, p++) r = (r >> 8) ^ table64[0][(r ^ *p) & 0xFF];
    return r;
}

static uint32_t step32(uint32_t r, const uint8_t *p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v = load64(p) ^ r;
        r = table32[7][v & 0xFF] ^ table32[6][v >> 8 & 0xFF] ^ table32[5][v >> 16 & 0xFF] ^ table32[4][v >> 24 & 0xFF] ^
            table32[3][v >> 32 & 0xFF] ^ table32[2][v >> 40 & 0xFF] ^ table32[1][v >> 48 & 0xFF] ^ table32[0][v >> 56];
    }
    for (; n > 0; n--, p++) r = (r >> 8) ^ table32[0][(r ^ *p) & 0xFF];
    return r;
}

#if defined(__x86_64__)
/* Folds n bytes (64 or more; what is beyond the last whole 16 is left) into 16 bytes with the same remainder, by
 * carry-less multiplication with powers of x: k holds x^575, x^511 (four registers ahead), x^191, x^127 (one ahead),
 * modulo the polynomial and reflected; x^2111, x^2047 (sixteen ahead) are for the wide form. The 16 bytes then go through
 * the table: no other reduction is needed. */
__attribute__((target("pclmul,sse2"))) static size_t fold(const uint8_t *p, size_t n, uint64_t initial,
                                                          const uint64_t k[6], uint8_t out[16]) {
    const uint8_t *start = p;
    __m128i far = _mm_set_epi64x((long long)k[1], (long long)k[0]);
    __m128i near = _mm_set_epi64x((long long)k[3], (long long)k[2]);
    __m128i x0 = _mm_loadu_si128((const __m128i *)p);
    __m128i x1 = _mm_loadu_si128((const __m128i *)(p + 16));
    __m128i x2 = _mm_loadu_si128((const __m128i *)(p + 32));
    __m128i x3 = _mm_loadu_si128((const __m128i *)(p + 48));
    x0 = _mm_xor_si128(x0, _mm_set_epi64x(0, (long long)initial));
#define FOLD(x, by, next) \
    _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11)), next)
    for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
        x0 = FOLD(x0, far, _mm_loadu_si128((const __m128i *)p));
        x1 = FOLD(x1, far, _mm_loadu_si128((const __m128i *)(p + 16)));
        x2 = FOLD(x2, far, _mm_loadu_si128((const __m128i *)(p + 32)));
        x3 = FOLD(x3, far, _mm_loadu_si128((const __m128i *)(p + 48)));
    }
    x0 = FOLD(x0, near, x1);
    x0 = FOLD(x0, near, x2);
    x0 = FOLD(x0, near, x3);
    for (; n >= 16; p += 16, n -= 16) x0 = FOLD(x0, near, _mm_loadu_si128((const __m128i *)p));
    _mm_storeu_si128((__m128i *)out, x0);
    return (size_t)(p - start);
}

/* The same, 256 bytes a turn, for 512 and more. */
__attribute__((target("avx512f,vpclmulqdq,pclmul,sse2"))) static size_t fold_wide(const uint8_t *p, size_t n,
                                                                                  uint64_t initial, const uint64_t k[6],
                                                                                  uint8_t out[16]) {
    const uint8_t *start = p;
    __m128i near = _mm_set_epi64x((long long)k[3], (long long)k[2]);
    __m512i far = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)k[1], (long long)k[0]));
    __m512i farther = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)k[5], (long long)k[4]));
    __m512i z0 = _mm512_loadu_si512(p);
    __m512i z1 = _mm512_loadu_si512(p + 64);
    __m512i z2 = _mm512_loadu_si512(p + 128);
    __m512i z3 = _mm512_loadu_si512(p + 192);
    z0 = _mm512_xor_si512(z0, _mm512_zextsi128_si512(_mm_set_epi64x(0, (long long)initial)));
#define WIDE_FOLD(z, by, next)                                                                                          \
    _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(z, by, 0x00), _mm512_clmulepi64_epi128(z, by, 0x11), next, 0x96)
    for (p += 256, n -= 256; n >= 256; p += 256, n -= 256) {
        z0 = WIDE_FOLD(z0, farther, _mm512_loadu_si512(p));
        z1 = WIDE_FOLD(z1, farther, _mm512_loadu_si512(p + 64));
        z2 = WIDE_FOLD(z2, farther, _mm512_loadu_si512(p + 128));
        z3 = WIDE_FOLD(z3, farther, _mm512_loadu_si512(p + 192));
    }
    z0 = WIDE_FOLD(z0, far, z1);
    z0 = WIDE_FOLD(z0, far, z2);
    z0 = WIDE_FOLD(z0, far, z3);
    for (; n >= 64; p += 64, n -= 64) z0 = WIDE_FOLD(z0, far, _mm512_loadu_si512(p));
#undef WIDE_FOLD
    __m128i x0 = _mm512_castsi512_si128(z0);
    x0 = FOLD(x0, near, _mm512_extracti32x4_epi32(z0, 1));
    x0 = FOLD(x0, near, _mm512_extracti32x4_epi32(z0, 2));
    x0 = FOLD(x0, near, _mm512_extracti32x4_epi32(z0, 3));
    for (; n >= 16; p += 16, n -= 16) x0 = FOLD(x0, near, _mm_loadu_si128((const __m128i *)p));
#undef FOLD
    _mm_storeu_si128((__m128i *)out, x0);
    return (size_t)(p - start);
}

/* 32 characters to 24 bytes a turn. The two halves of each character select a bit set; the sets share a bit exactly for
 * characters outside the alphabet. A third table holds the distance from a character to its value. */
__attribute__((target("avx2"))) static size_t base64_wide(const uint8_t *in, size_t count, uint8_t *out) {
    const __m256i low_sets = _mm256_setr_epi8(
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A,
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
    const __m256i high_sets = _mm256_setr_epi8(
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    const __m256i distances = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0,
                                               0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i gather = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
                                            2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
    const __m256i slash = _mm256_set1_epi8(0x2F);
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    size_t done = 0;
    /* 32 bytes are stored, 24 of them valid: 12 more characters guarantee the room. */
    for (; count - done >= 44; done += 32, out += 24) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(in + done));
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
        __m256i low = _mm256_and_si256(text, nibble);
        __m256i bad = _mm256_and_si256(_mm256_shuffle_epi8(low_sets, low), _mm256_shuffle_epi8(high_sets, high));
        if (!_mm256_testz_si256(bad, bad)) break;
        __m256i row = _mm256_add_epi8(_mm256_cmpeq_epi8(text, slash), high);
        __m256i value = _mm256_add_epi8(text, _mm256_shuffle_epi8(distances, row));
        __m256i pairs = _mm256_maddubs_epi16(value, _mm256_set1_epi32(0x01400140));
        __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
        __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(quads, gather), join);
        _mm256_storeu_si256((__m256i *)out, bytes);
    }
    return done;
}
#endif

/* Folds as many bytes as this processor can fold, and returns their number: `rest` stands for them. */
static size_t folded(const uint8_t *p, size_t count, uint64_t initial, const uint64_t powers[6], uint8_t rest[16]) {
    int has = available();
#if defined(__x86_64__)
    if (count >= 64 && has & HAS_CLMUL)
        return (count >= 512 && has & HAS_WIDE_CLMUL ? fold_wide : fold)(p, count, initial, powers, rest);
#endif
    (void)has, (void)p, (void)count, (void)initial, (void)powers, (void)rest;
    return 0;
}

uint64_t aigca_crc64(uint64_t state, const void *data, size_t count) {
    static const uint64_t powers[6] = {UINT64_C(0x6ae3efbb9dd441f3), UINT64_C(0x081f6054a7842df4),
                                       UINT64_C(0xe05dd497ca393ae4), UINT64_C(0xdabe95afc7875f40),
                                       UINT64_C(0x8260adf2381ad81c), UINT64_C(0xf31fd9271e228b79)};
    uint8_t rest[16];
    uint64_t r = ~state;
    size_t done = folded(data, count, r, powers, rest);
    if (done) r = step64(0, rest, sizeof rest);
    return ~step64(r, (const uint8_t *)data + done, count - done);
}

uint32_t aigca_crc32(uint32_t state, const void *data, size_t count) {
    static const uint64_t powers[6] = {UINT64_C(0x653d982200000000), UINT64_C(0xcad38e8f00000000),
                                       UINT64_C(0x65673b4600000000), UINT64_C(0x9ba54c6f00000000),
                                       UINT64_C(0x7cc8e1e700000000), UINT64_C(0x03f9f86300000000)};
    uint8_t rest[16];
    uint32_t r = ~state;
    size_t done = folded(data, count, r, powers, rest);
    if (done) r = step32(0, rest, sizeof rest);
    return ~step32(r, (const uint8_t *)data + done, count - done);
}

size_t aigca_base64_run(const uint8_t *in, size_t count, uint8_t *out) {
    size_t done = 0;
    int has = available();
#if defined(__x86_64__)
    if (count >= 44 && has & HAS_AVX2) {
        done = base64_wide(in, count, out);
        out += done / 4 * 3;
    }
#else
    (void)has;
#endif
    for (; count - done >= 4; done += 4, out += 3) {
        uint32_t a = table_base64[in[done]], b = table_base64[in[done + 1]];
        uint32_t c = table_base64[in[done + 2]], d = table_base64[in[done + 3]];
        if ((a | b | c | d) & 0xC0) break;
        uint32_t group = a << 18 | b << 12 | c << 6 | d;
        out[0] = (uint8_t)(group >> 16);
        out[1] = (uint8_t)(group >> 8);
        out[2] = (uint8_t)group;
    }
    return done;
}

int aigca_rename_exclusive(int folder, const char *from, const char *to) {
    return renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

int aigca_has_memory(size_t bytes) {
    void *volatile block = malloc(bytes); /* volatile: a compiler may drop what is only allocated and freed */
    free(block);
    return block != NULL;
}

void aigca_populate(void *memory, unsigned long bytes) {
    enum { POPULATE_WRITE = 23 }; /* MADV_POPULATE_WRITE, which older headers lack; older kernels say EINVAL */
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)memory & ~(page - 1);
    int before = errno;
    madvise((void *)from, (uintptr_t)memory + bytes - from, POPULATE_WRITE);
    errno = before;
}

int aigca_reserve(int descriptor, int64_t count) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, (off_t)count) == 0 ? 0 : errno;
}
