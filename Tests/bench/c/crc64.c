/* crc64.c - CRC-64/XZ of a file, bit by bit: what the server announces, independent of the library. usage: crc64 FILE */
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static uint64_t table[256];
    uint64_t sum = ~UINT64_C(0);
    unsigned char block[65536];
    size_t count;
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file) return 1;
    for (unsigned i = 0; i < 256; i++) {
        uint64_t value = i;
        for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ (value & 1 ? UINT64_C(0xC96C5795D7870F42) : 0);
        table[i] = value;
    }
    while ((count = fread(block, 1, sizeof block, file)))
        for (size_t i = 0; i < count; i++) sum = (sum >> 8) ^ table[(sum ^ block[i]) & 255];
    fclose(file);
    printf("%llu\n", (unsigned long long)~sum);
    return 0;
}
