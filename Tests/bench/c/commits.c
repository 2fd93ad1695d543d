/* commits.c - what SQLite and the disk alone take for the commits that a journal needs: one row is put in and synced, and is
 * changed and synced, by groups of so many rows. The smallest program that keeps the same promise for one process: one
 * thread, statements that stay prepared, no lock, no check, no second reader.
 *
 * usage: commits FOLDER GROUP ROWS */
#define _GNU_SOURCE
#include "bench.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef void (*destructor)(void *);
enum { OPEN = 0x8006, DONE = 101, NAME = 64 };
#define COPIED ((destructor)(intptr_t)-1)

static int (*open_v2)(const char *, sqlite3 **, int, const char *);
static int (*exec)(sqlite3 *, const char *, void *, void *, void *);
static int (*prepare_v2)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
static int (*step)(sqlite3_stmt *);
static int (*reset)(sqlite3_stmt *);
static int (*bind_int64)(sqlite3_stmt *, int, int64_t);
static int (*bind_text)(sqlite3_stmt *, int, const char *, int, destructor);
static sqlite3 *database;

static void find(void *library, const char *name, void *place)
{
    void *found = dlsym(library, name);
    if (!found) bench_die("no %s", name);
    memcpy(place, &found, sizeof found);
}

static sqlite3_stmt *prepared(const char *sql)
{
    sqlite3_stmt *statement;
    if (prepare_v2(database, sql, -1, &statement, NULL)) bench_die("not prepared: %s", sql);
    return statement;
}

static void run(sqlite3_stmt *statement)
{
    if (step(statement) != DONE) bench_die("a statement failed");
    reset(statement);
}

int main(int argc, char **argv)
{
    if (argc != 4) bench_die("usage: commits FOLDER GROUP ROWS");
    int group = atoi(argv[2]), rows = atoi(argv[3]);
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW);
    if (!library || group < 1) bench_die("no libsqlite3.so.0, or no group");
    find(library, "sqlite3_open_v2", &open_v2);
    find(library, "sqlite3_exec", &exec);
    find(library, "sqlite3_prepare_v2", &prepare_v2);
    find(library, "sqlite3_step", &step);
    find(library, "sqlite3_reset", &reset);
    find(library, "sqlite3_bind_int64", &bind_int64);
    find(library, "sqlite3_bind_text", &bind_text);
    char path[4096];
    snprintf(path, sizeof path, "%s/commits.db", argv[1]);
    if (open_v2(path, &database, OPEN, NULL)
        || exec(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                          "CREATE TABLE job(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, provider TEXT, operation TEXT,"
                          "region TEXT, endpoint TEXT, digest TEXT, state INTEGER, remote_id TEXT, request_id TEXT,"
                          "owner INTEGER, sent_at_ms INTEGER, accepted_at_ms INTEGER, ended_at_ms INTEGER DEFAULT 0);"
                          "CREATE INDEX open_job ON job(owner) WHERE ended_at_ms=0", NULL, NULL, NULL))
        bench_die("%s cannot be made", path);
    sqlite3_stmt *begin = prepared("BEGIN IMMEDIATE"), *commit = prepared("COMMIT");
    sqlite3_stmt *sending = prepared(
        "INSERT INTO job(key, provider, operation, region, endpoint, digest, state, owner, sent_at_ms) VALUES(?1, 'tencent', "
        "'aigc_image', 'ap-guangzhou', 'https://localhost:12345', '0123456789abcdef0123456789abcdef', 2, 7, ?2)");
    sqlite3_stmt *accepted = prepared("UPDATE job SET state=3, remote_id=?2, request_id=?3, accepted_at_ms=?4 WHERE key=?1");
    char key[NAME], id[NAME];
    bench_start();
    for (int first = 0; first < rows; first += group)
        for (int half = 0; half < 2; half++) {
            run(begin);
            for (int row = first; row < first + group; row++) {
                snprintf(key, sizeof key, "auto-%048d", row);
                snprintf(id, sizeof id, "4-AigcImage-%032d", row);
                sqlite3_stmt *statement = half ? accepted : sending;
                bind_text(statement, 1, key, -1, COPIED);
                if (half) bind_text(statement, 2, id, -1, COPIED);
                if (half) bind_text(statement, 3, id + 12, -1, COPIED);
                bind_int64(statement, half ? 4 : 2, 1790000000000 + row);
                run(statement);
            }
            run(commit);
        }
    bench_print(rows);
    return 0;
}
