/* A machine on which the journal cannot be kept, as AIGC_TEST_ODD says: "nfs": the folder's file system is one; "missing": there
 * is no SQLite; "old": SQLite is 3.34. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

static int is(const char *word)
{
    const char *odd = getenv("AIGC_TEST_ODD");
    return odd && strcmp(odd, word) == 0;
}

int fstatfs(int descriptor, struct statfs *about)
{
    static int (*real)(int, struct statfs *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fstatfs");
    int result = real(descriptor, about);
    if (result == 0 && is("nfs")) about->f_type = 0x6969;
    return result;
}

static int old_version(void) { return 3034001; }

void *dlsym(void *library, const char *name)
{
    static void *(*real)(void *, const char *);
    if (!real) *(void **)&real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!real) *(void **)&real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    if (is("old") && strcmp(name, "sqlite3_libversion_number") == 0) return (void *)old_version;
    return real(library, name);
}

void *dlopen(const char *name, int flags)
{
    static void *(*real)(const char *, int);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    if (name && is("missing") && strstr(name, "sqlite3")) return real("/nowhere/libsqlite3.so.0", flags);
    return real(name, flags);
}
