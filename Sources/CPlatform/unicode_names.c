// Swift's standard library holds the English name of every Unicode character, 500 KB of tables behind one function that
// nothing here calls. The library is linked with --wrap, so that this function stands in its place and the linker drops
// the tables: a character has no name.
#include <stdint.h>

intptr_t __wrap__swift_stdlib_getScalarName(uint32_t scalar, uint8_t *buffer, intptr_t capacity);

intptr_t __wrap__swift_stdlib_getScalarName(uint32_t scalar, uint8_t *buffer, intptr_t capacity)
{
    (void)scalar;
    (void)buffer;
    (void)capacity;
    return 0;
}
