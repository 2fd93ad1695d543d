/* The system's SQLite for Swift, opened at run time: a host that sets no journal.path needs none. Prefix aigcs_. And the
 * file calls of the journal that Swift's Glibc module does not offer. Declares what is used, in words of its own. */
#ifndef CSQLITE_H
#define CSQLITE_H

#include <stddef.h>
#include <stdint.h>

/* Opens the library by its file name, "libsqlite3.so.0", the first time; later calls return the first result. RTLD_LOCAL: its
 * names are nobody else's. NULL on success; otherwise one line that says what is missing or too old; never freed. */
const char *aigcs_load(const char *name);
/* "3.40.1" of the library that is loaded; NULL before. */
const char *aigcs_version(void);

/* Result codes that the journal tells apart: the lower eight bits of what the functions below return. */
enum {
    AIGCS_OK = 0,
    AIGCS_PERM = 3,
    AIGCS_BUSY = 5,
    AIGCS_LOCKED = 6,
    AIGCS_NOMEM = 7,
    AIGCS_READONLY = 8,
    AIGCS_IOERR = 10,
    AIGCS_CORRUPT = 11,
    AIGCS_FULL = 13,
    AIGCS_CANTOPEN = 14,
    AIGCS_PROTOCOL = 15,
    AIGCS_CONSTRAINT = 19,
    AIGCS_NOTADB = 26,
    AIGCS_ROW = 100,
    AIGCS_DONE = 101
};

typedef struct aigcs_database aigcs_database;
typedef struct aigcs_statement aigcs_statement;

/* The file has to exist. `writes` 0: for reading only. *database is set also on failure, for the message, unless memory is
 * exhausted; close it in any case. One thread at a time. */
int aigcs_open(const char *path, int writes, aigcs_database **database);
/* `checkpoints` 0: leaves the log as it is. Every statement has been freed before. */
int aigcs_close(aigcs_database *database, int checkpoints);
int aigcs_run(aigcs_database *database, const char *sql);
int aigcs_busy_timeout(aigcs_database *database, int milliseconds);
/* While a statement runs, `ends` is called again and again; other than 0: the statement fails. NULL: no more. */
void aigcs_watch(aigcs_database *database, int (*ends)(void *), void *context);
/* The newest error in words, and the errno behind it (0: none). */
const char *aigcs_message(aigcs_database *database);
int aigcs_system_error(aigcs_database *database);
/* Rows that the newest statement has changed. */
int aigcs_changes(aigcs_database *database);

int aigcs_prepare(aigcs_database *database, const char *sql, aigcs_statement **statement);
void aigcs_free(aigcs_statement *statement);
/* Ready for another run, with nothing bound. */
void aigcs_reset(aigcs_statement *statement);
int aigcs_step(aigcs_statement *statement);
/* Values are bound from 1. Texts and blobs are read where they are, until the reset. */
int aigcs_bind_int(aigcs_statement *statement, int index, int64_t value);
int aigcs_bind_text(aigcs_statement *statement, int index, const uint8_t *bytes, size_t count);
int aigcs_bind_blob(aigcs_statement *statement, int index, const void *bytes, size_t count);
/* Columns are counted from 0; bytes live until the next step or reset. */
int aigcs_is_null(aigcs_statement *statement, int column);
int64_t aigcs_int(aigcs_statement *statement, int column);
const void *aigcs_bytes(aigcs_statement *statement, int column, size_t *count);

/* What kind of file system a descriptor is on. */
enum {
    AIGCS_LOCAL = 0,
    AIGCS_NETWORK = 1, /* NFS, SMB, FUSE, 9p and their kind: locks there do not exclude other machines */
    AIGCS_VOLATILE = 2 /* tmpfs, ramfs, overlay: gone after a restart */
};
/* One of the above, with the name of the file system where it is known; -1 and errno in *error on failure. */
int aigcs_file_system(int descriptor, const char **name, int *error);

/* The lock that every write step holds, on an open file: 0 taken, 1 another has it, -1 and *error. */
int aigcs_try_lock(int descriptor, int *error);
void aigcs_unlock(int descriptor);
/* The words of an errno, with a NUL. 0 or errno. */
int aigcs_error_text(int error, uint8_t *text, size_t count);

#endif
