/* LD_PRELOAD: what fails when it is told to.
 *
 * short_of_memory(least, one_in, libraries): allocations.
 *   least      only those of so many bytes and more
 *   one_in     about one of so many of them; 0 for none
 *   libraries  0: of any caller; 1: of libcurl, OpenSSL, jansson and the C library's resolver only, which say so when
 *              they get no memory. The Swift runtime ends the process where a small allocation fails.
 * short_of_memory_once(nth): of libcurl's allocations from now on, only the one with this number; 0 for none. Not those of
 *   strdup(), which the C library makes: without memory for the settings of a TLS session libcurl before 8.9 frees its name
 *   twice.
 * short_of_watches_once(nth): the same of the descriptors that are given to epoll.
 * short_of_watches(on): all of them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { MOST = 16 };

static struct {
    uintptr_t from, to;
    int is_curl;
} code[MOST];
static int ranges;
static size_t least_bytes = SIZE_MAX;
static unsigned one_in;
static int libraries_only;
static uint64_t state = 88172645463325252u;
static long memory_nth, watches_nth;
static int all_watches;
long short_of_memory_failures;

static int note(struct dl_phdr_info *library, size_t size, void *context)
{
    static const char *const names[] = {"libcurl.so", "libssl.so", "libcrypto.so", "libjansson.so"};
    (void)size;
    (void)context;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strstr(library->dlpi_name, names[i])) continue;
        for (int j = 0; j < library->dlpi_phnum && ranges < MOST; j++) {
            const ElfW(Phdr) *part = &library->dlpi_phdr[j];
            if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
            code[ranges].from = library->dlpi_addr + part->p_vaddr;
            code[ranges].to = code[ranges].from + part->p_memsz;
            code[ranges].is_curl = i == 0;
            ranges++;
        }
    }
    return 0;
}

void short_of_memory(size_t least, unsigned rate, int libraries)
{
    if (!ranges) dl_iterate_phdr(note, NULL);
    __atomic_store_n(&one_in, 0, __ATOMIC_SEQ_CST);
    least_bytes = least;
    libraries_only = libraries;
    __atomic_store_n(&one_in, rate, __ATOMIC_SEQ_CST);
}

void short_of_memory_once(long nth)
{
    if (!ranges) dl_iterate_phdr(note, NULL);
    __atomic_store_n(&memory_nth, nth, __ATOMIC_SEQ_CST);
}

void short_of_watches_once(long nth)
{
    __atomic_store_n(&watches_nth, nth, __ATOMIC_SEQ_CST);
}

void short_of_watches(int on)
{
    __atomic_store_n(&all_watches, on, __ATOMIC_SEQ_CST);
}

static int failed(void)
{
    __atomic_add_fetch(&short_of_memory_failures, 1, __ATOMIC_RELAXED);
    return 1;
}

/* Counts down to the one that fails. */
static int is_nth(long *nth)
{
    if (__atomic_load_n(nth, __ATOMIC_RELAXED) <= 0 || __atomic_sub_fetch(nth, 1, __ATOMIC_SEQ_CST) != 0) return 0;
    return failed();
}

static int is_of_libraries(void *caller, int curl_only)
{
    for (int i = 0; i < ranges; i++)
        if ((uintptr_t)caller >= code[i].from && (uintptr_t)caller < code[i].to) return code[i].is_curl || !curl_only;
    return 0;
}

static int fails(size_t size, void *caller)
{
    if (__atomic_load_n(&memory_nth, __ATOMIC_RELAXED) > 0 && is_of_libraries(caller, 1) && is_nth(&memory_nth)) {
        errno = ENOMEM;
        return 1;
    }
    unsigned rate = __atomic_load_n(&one_in, __ATOMIC_RELAXED);
    if (rate == 0 || size < least_bytes) return 0;
    if (libraries_only && !is_of_libraries(caller, 0)) return 0;
    uint64_t x = __atomic_load_n(&state, __ATOMIC_RELAXED); /* xorshift; a race makes it no less random */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    __atomic_store_n(&state, x, __ATOMIC_RELAXED);
    if (rate > 1 && (x >> 20) % rate != 0) return 0;
    errno = ENOMEM;
    return failed();
}

void *malloc(size_t size)
{
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(count * size, __builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(size, __builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (fails(size, __builtin_return_address(0))) return ENOMEM;
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    static int (*next)(int, int, int, struct epoll_event *);
    int all = __atomic_load_n(&all_watches, __ATOMIC_RELAXED);
    if (what != EPOLL_CTL_DEL && (all ? failed() : is_nth(&watches_nth))) {
        errno = ENOSPC;
        return -1;
    }
    if (!next) *(void **)&next = dlsym(RTLD_NEXT, "epoll_ctl");
    return next(epoll, what, fd, event);
}
