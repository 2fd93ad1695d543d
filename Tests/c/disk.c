/* Promise 8 on a file system that says no: a clear error that names the path, never half a file, nothing left behind.
 * AIGC_TEST_SMALL_DISK and AIGC_TEST_READONLY_DISK name file systems that the runner mounts if it may. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static aigc_client *client;
static aigc_job *job;

/* Downloads to a path and looks at how it ends: expected, or also expected. */
static aigc_status fetch(const char *path, aigc_status expected, aigc_status also, const char *what)
{
    aigc_error *error = NULL;
    aigc_job *download = NULL;
    aigc_status status = aigc_job_download(job, 0, path, &download, &error);
    if (status == AIGC_OK) status = aigc_job_wait(download, 30000, &error);
    ok(status == expected || status == also, "%s: %s (%s: %.200s)", what, aigc_status_name(expected),
       aigc_status_name(status), aigc_error_message(error) ? aigc_error_message(error) : "");
    if (status != AIGC_OK) ok(aigc_error_message(error) != NULL, "%s: there is a message", what);
    aigc_error_free(error);
    aigc_job_free(download);
    return status;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) die("cannot write %s", path);
}

static void names(void)
{
    char *folder = scratch("names"), *path = NULL, longest[300];
    size_t before;
    mkdir(folder, 0700);

    path = scratch("names/there.png");
    put(path, "mine");
    before = entries(folder);
    fetch(path, AIGC_E_FILE_EXISTS, AIGC_E_FILE_EXISTS, "a file of that name");
    ok(file_size(path) == 4, "it is untouched");
    ok(entries(folder) == before, "nothing was left beside it");
    free(path);

    path = scratch("names/no/such/folder/x.png");
    fetch(path, AIGC_E_FILE, AIGC_E_FILE, "a folder that does not exist");
    free(path);
    path = scratch("names/there.png/x.png");
    fetch(path, AIGC_E_FILE, AIGC_E_FILE, "a folder that is a file");
    free(path);
    fetch(folder, AIGC_E_FILE, AIGC_E_FILE_EXISTS, "a path that is a folder");
    fetch("", AIGC_E_INVALID_ARGUMENT, AIGC_E_FILE, "an empty path");
    fetch("bad\xff.png", AIGC_E_INVALID_ARGUMENT, AIGC_E_INVALID_ARGUMENT, "a path that is not UTF-8");

    memset(longest, 'a', sizeof longest);
    longest[299] = '\0';
    path = scratch("names/%s.png", longest);
    fetch(path, AIGC_E_FILE, AIGC_E_FILE, "a name of 303 bytes");
    free(path);
    longest[251] = '\0';
    path = scratch("names/%s.png", longest);
    if (fetch(path, AIGC_OK, AIGC_E_FILE, "a name of 255 bytes") == AIGC_OK) unlink(path);
    free(path);
    path = malloc(6000);
    memset(path, '/', 5999);
    memcpy(path, folder, strlen(folder));
    strcpy(path + 5000, "x.png");
    fetch(path, AIGC_E_FILE, AIGC_E_FILE, "a path of 5,005 bytes");
    free(path);
    ok(entries(folder) == before, "nothing was left behind (%zu entries, then %zu)", before, entries(folder));
    free(folder);
}

static void good_file(void)
{
    struct stat about;
    char *path = scratch("good.png"), *folder = scratch(".");
    memset(&about, 0, sizeof about);
    fetch(path, AIGC_OK, AIGC_OK, "a good path");
    ok(stat(path, &about) == 0 && about.st_size > 100, "the file is there");
    ok((about.st_mode & 0777) == 0600, "for its owner only (mode %o)", about.st_mode & 0777);
    unlink(path);
    free(path);
    free(folder);
}

/* Says nothing while the limit holds: it holds for the standard output as well. */
static void file_size_limit(void)
{
    struct rlimit limit, before;
    aigc_job *download = NULL;
    char *path = scratch("limited.png");
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 100;
    fflush(NULL);
    setrlimit(RLIMIT_FSIZE, &limit);
    aigc_status status = aigc_job_download(job, 0, path, &download, NULL);
    if (status == AIGC_OK) status = aigc_job_wait(download, 30000, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    ok(status == AIGC_E_NO_SPACE || status == AIGC_E_FILE,
       "a limit on the size of files: an error, and no SIGXFSZ (%s)", aigc_status_name(status));
    ok(!file_exists(path), "no file under its name");
    aigc_job_free(download);
    free(path);
}

static void small_disk(const char *folder)
{
    static char block[4096];
    char path[4096];
    if (!folder) {
        skip("a full disk: no file system could be mounted");
        return;
    }
    snprintf(path, sizeof path, "%s/filler", folder);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(file, block, sizeof block) > 0) continue;
    ok(errno == ENOSPC, "the disk is full");
    close(file);
    snprintf(path, sizeof path, "%s/image.png", folder);
    fetch(path, AIGC_E_NO_SPACE, AIGC_E_NO_SPACE, "a full disk");
    ok(!file_exists(path), "no file under its name");
    snprintf(path, sizeof path, "%s/filler", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/image.png", folder);
    fetch(path, AIGC_OK, AIGC_OK, "the same with room again");
    ok(file_size(path) > 100 && entries(folder) == 1, "the file is there, and nothing else (%zu entries)",
       entries(folder));
}

static void readonly_disk(const char *folder)
{
    char path[4096];
    if (!folder) {
        skip("a read-only disk: no file system could be mounted");
        return;
    }
    snprintf(path, sizeof path, "%s/image.png", folder);
    fetch(path, AIGC_E_FILE, AIGC_E_FILE, "a read-only folder");
    ok(entries(folder) == 0, "nothing was left behind");
}

static void overwrite(void)
{
    aigc_error *error = NULL;
    aigc_job *one = NULL, *two = NULL;
    char *path = scratch("replaced.png");
    aigc_client *other = test_client_with("download.overwrite", "true");
    aigc_job *other_job = test_succeeded(other, AIGC_TENCENT);
    put(path, "old");
    ok_status(aigc_job_download(other_job, 0, path, &one, &error), AIGC_OK, &error, "download.overwrite: download");
    ok_status(aigc_job_download(other_job, 0, path, &two, &error), AIGC_OK, &error, "and another to the same path");
    ok_status(aigc_job_wait(one, 30000, &error), AIGC_OK, &error, "download.overwrite: it comes");
    aigc_status status = aigc_job_wait(two, 30000, NULL);
    ok(status == AIGC_OK || status == AIGC_E_FILE, "the other one ends as well (%s)", aigc_status_name(status));
    ok(file_size(path) > 100, "the old file is replaced");
    aigc_job_free(one);
    aigc_job_free(two);
    aigc_job_free(other_job);
    aigc_client_free(other);
    unlink(path);
    free(path);
}

int main(void)
{
    char *folder = getenv("AIGC_TEST_DIR");
    client = test_client();
    job = test_succeeded(client, AIGC_TENCENT);
    good_file();
    names();
    small_disk(getenv("AIGC_TEST_SMALL_DISK"));
    readonly_disk(getenv("AIGC_TEST_READONLY_DISK"));
    overwrite();
    file_size_limit();
    aigc_job_free(job);
    aigc_client_free(client);
    ok(folder && entries(folder) <= 2, "at most one .part is left in all (%zu entries)", folder ? entries(folder) : 0);
    return finish();
}
