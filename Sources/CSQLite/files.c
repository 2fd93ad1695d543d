#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#include "CSQLite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>

/* Magic numbers of file systems, as statfs(2) lists them. */
static const struct {
    uint32_t magic;
    int kind;
    const char *name;
} systems[] = {
    {0x6969, AIGCS_NETWORK, "NFS"},           {0xFF534D42, AIGCS_NETWORK, "SMB (CIFS)"},
    {0xFE534D42, AIGCS_NETWORK, "SMB"},       {0x517B, AIGCS_NETWORK, "SMB"},
    {0x65735546, AIGCS_NETWORK, "FUSE"},      {0x01021997, AIGCS_NETWORK, "9p"},
    {0x5346414F, AIGCS_NETWORK, "AFS"},       {0x73757245, AIGCS_NETWORK, "Coda"},
    {0x00C36400, AIGCS_NETWORK, "Ceph"},      {0x0BD00BD0, AIGCS_NETWORK, "Lustre"},
    {0x47504653, AIGCS_NETWORK, "GPFS"},      {0x01161970, AIGCS_NETWORK, "GFS2"},
    {0x7461636F, AIGCS_NETWORK, "OCFS2"},     {0x19830326, AIGCS_NETWORK, "BeeGFS"},
    {0x01021994, AIGCS_VOLATILE, "tmpfs"},    {0x858458F6, AIGCS_VOLATILE, "ramfs"},
    {0x794C7630, AIGCS_VOLATILE, "overlay"},
};

int aigcs_file_system(int descriptor, const char **name, int *error) {
    struct statfs about;
    *name = NULL;
    *error = 0;
    while (fstatfs(descriptor, &about) != 0) {
        if (errno == EINTR) continue;
        *error = errno;
        return -1;
    }
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        if (systems[i].magic == (uint32_t)about.f_type) {
            *name = systems[i].name;
            return systems[i].kind;
        }
    }
    return AIGCS_LOCAL;
}

int aigcs_try_lock(int descriptor, int *error) {
    *error = 0;
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno == EWOULDBLOCK) return 1;
        *error = errno;
        return -1;
    }
    return 0;
}

void aigcs_unlock(int descriptor) { flock(descriptor, LOCK_UN); }

int aigcs_error_text(int error, uint8_t *text, size_t count) { return strerror_r(error, (char *)text, count); }
