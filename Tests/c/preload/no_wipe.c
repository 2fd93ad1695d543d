/* Preloaded: advice on memory is taken without effect, whatever it is, as old qemu-user does. */
#include <stddef.h>

int madvise(void *start, size_t length, int advice)
{
    (void)start;
    (void)length;
    (void)advice;
    return 0;
}
