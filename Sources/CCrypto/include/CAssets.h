/* What image downloads need from C: checksums and Base64 at the speed of memory, and the Linux file calls that Swift's
 * Glibc module does not offer. Prefix aigca_. No state but tables made at first use; any thread. */
#ifndef CASSETS_H
#define CASSETS_H

#include <stddef.h>
#include <stdint.h>

/* CRC-64 of ECMA-182 as the object stores send it (reflected, complemented at both ends; "123456789" is
 * 995DC9BBDF1939FA). state is 0 at the start and what the last call returned afterwards. */
uint64_t aigca_crc64(uint64_t state, const void *data, size_t count);

/* CRC-32 as in PNG chunks, used in the same way. */
uint32_t aigca_crc32(uint32_t state, const void *data, size_t count);

/* Decodes whole groups of four characters of the standard Base64 alphabet and stops before the first group that holds
 * anything else. Returns the characters read, a multiple of 4; three bytes each group are written. out has room for
 * count / 4 * 3 bytes. */
size_t aigca_base64_run(const uint8_t *in, size_t count, uint8_t *out);

/* Turns the fast paths off (1), the widest one off (2) or all on again (0), for tests that compare them; returns what is in
 * use: bit 0 carry-less multiplication, bit 1 AVX2, bit 2 carry-less multiplication of 512 bits. */
int aigca_portable_only(int portable);

/* renameat2 with RENAME_NOREPLACE; fallocate with FALLOC_FL_KEEP_SIZE. 0 or errno. */
int aigca_rename_exclusive(int folder, const char *from, const char *to);
int aigca_reserve(int descriptor, int64_t count);

/* Whether so many bytes could be had in one piece now. */
int aigca_has_memory(size_t bytes);

/* Has the kernel give memory that is about to be written its pages at once, instead of one by one as each is met: 200 MiB
 * are written in 62 ms instead of 104. No more than a wish (Linux 5.14). */
void aigca_populate(void *memory, unsigned long bytes);

#endif
