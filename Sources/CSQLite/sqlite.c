#define _GNU_SOURCE
#include "CSQLite.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

/* Flags of the calls below, as SQLite documents them. */
enum {
    OPEN_READONLY = 0x00000001,
    OPEN_READWRITE = 0x00000002,
    OPEN_NOMUTEX = 0x00008000,
    CONFIG_NO_CHECKPOINT_ON_CLOSE = 1006,
    TYPE_NULL = 5,
    LEAST_VERSION = 3035000
};
typedef void (*destructor)(void *);
#define IN_PLACE ((destructor)0)

static struct {
    const char *(*libversion)(void);
    int (*libversion_number)(void);
    int (*threadsafe)(void);
    int (*open_v2)(const char *, aigcs_database **, int, const char *);
    int (*close)(aigcs_database *);
    int (*db_config)(aigcs_database *, int, ...);
    int (*extended_result_codes)(aigcs_database *, int);
    int (*exec)(aigcs_database *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    int (*busy_timeout)(aigcs_database *, int);
    void (*progress_handler)(aigcs_database *, int, int (*)(void *), void *);
    const char *(*errmsg)(aigcs_database *);
    int (*system_errno)(aigcs_database *);
    int (*changes)(aigcs_database *);
    int (*prepare_v2)(aigcs_database *, const char *, int, aigcs_statement **, const char **);
    int (*finalize)(aigcs_statement *);
    int (*reset)(aigcs_statement *);
    int (*clear_bindings)(aigcs_statement *);
    int (*step)(aigcs_statement *);
    int (*bind_int64)(aigcs_statement *, int, int64_t);
    int (*bind_text)(aigcs_statement *, int, const char *, int, destructor);
    int (*bind_blob)(aigcs_statement *, int, const void *, int, destructor);
    int (*column_type)(aigcs_statement *, int);
    int64_t (*column_int64)(aigcs_statement *, int);
    const void *(*column_blob)(aigcs_statement *, int);
    int (*column_bytes)(aigcs_statement *, int);
} api;

/* Where each of them goes. */
static const struct {
    const char *name;
    void *place;
} wanted[] = {
#define WANTED(name) {"sqlite3_" #name, &api.name}
    WANTED(libversion),
    WANTED(libversion_number),
    WANTED(threadsafe),
    WANTED(open_v2),
    WANTED(close),
    WANTED(db_config),
    WANTED(extended_result_codes),
    WANTED(exec),
    WANTED(busy_timeout),
    WANTED(progress_handler),
    WANTED(errmsg),
    WANTED(system_errno),
    WANTED(changes),
    WANTED(prepare_v2),
    WANTED(finalize),
    WANTED(reset),
    WANTED(clear_bindings),
    WANTED(step),
    WANTED(bind_int64),
    WANTED(bind_text),
    WANTED(bind_blob),
    WANTED(column_type),
    WANTED(column_int64),
    WANTED(column_blob),
    WANTED(column_bytes),
#undef WANTED
};

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static const char *load_name;
static char load_problem[320];
static int is_loaded;

static void load(void) {
    void *library = dlopen(load_name, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        snprintf(load_problem, sizeof load_problem, "SQLite is not there (%s); install the package libsqlite3-0",
                 reason ? reason : load_name);
        return;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *found = dlsym(library, wanted[i].name);
        if (!found) {
            snprintf(load_problem, sizeof load_problem, "%s has no function %s: it is too old or no SQLite; 3.35 is needed",
                     load_name, wanted[i].name);
            return;
        }
        __builtin_memcpy(wanted[i].place, &found, sizeof found);
    }
    if (api.libversion_number() < LEAST_VERSION) {
        snprintf(load_problem, sizeof load_problem, "SQLite %s is too old; 3.35 is needed", api.libversion());
        return;
    }
    if (!api.threadsafe()) {
        snprintf(load_problem, sizeof load_problem, "SQLite %s was built without threads; another build is needed",
                 api.libversion());
        return;
    }
    is_loaded = 1;
}

static pthread_mutex_t name_mutex = PTHREAD_MUTEX_INITIALIZER;

const char *aigcs_load(const char *name) {
    pthread_mutex_lock(&name_mutex);
    if (!load_name) load_name = name;
    pthread_mutex_unlock(&name_mutex);
    pthread_once(&load_once, load);
    return is_loaded ? NULL : load_problem;
}

const char *aigcs_version(void) { return is_loaded ? api.libversion() : NULL; }

int aigcs_open(const char *path, int writes, aigcs_database **database) {
    *database = NULL;
    int flags = (writes ? OPEN_READWRITE : OPEN_READONLY) | OPEN_NOMUTEX;
    int result = api.open_v2(path, database, flags, NULL);
    if (result == AIGCS_OK) api.extended_result_codes(*database, 1);
    return result;
}

int aigcs_close(aigcs_database *database, int checkpoints) {
    if (!database) return AIGCS_OK;
    if (!checkpoints) api.db_config(database, CONFIG_NO_CHECKPOINT_ON_CLOSE, 1, NULL);
    return api.close(database);
}

int aigcs_run(aigcs_database *database, const char *sql) { return api.exec(database, sql, NULL, NULL, NULL); }
int aigcs_busy_timeout(aigcs_database *database, int milliseconds) { return api.busy_timeout(database, milliseconds); }

void aigcs_watch(aigcs_database *database, int (*ends)(void *), void *context) {
    enum { STEPS = 10000 }; /* some tenths of a millisecond */
    api.progress_handler(database, ends ? STEPS : 0, ends, context);
}

const char *aigcs_message(aigcs_database *database) { return database ? api.errmsg(database) : "out of memory"; }
int aigcs_system_error(aigcs_database *database) { return database ? api.system_errno(database) : 0; }
int aigcs_changes(aigcs_database *database) { return api.changes(database); }

int aigcs_prepare(aigcs_database *database, const char *sql, aigcs_statement **statement) {
    *statement = NULL;
    return api.prepare_v2(database, sql, -1, statement, NULL);
}

void aigcs_free(aigcs_statement *statement) {
    if (statement) api.finalize(statement);
}

void aigcs_reset(aigcs_statement *statement) {
    api.reset(statement);
    api.clear_bindings(statement);
}

int aigcs_step(aigcs_statement *statement) { return api.step(statement); }

int aigcs_bind_int(aigcs_statement *statement, int index, int64_t value) {
    return api.bind_int64(statement, index, value);
}

/* SQLite counts bytes in an int, and refuses what is larger than a row may be. */
static int counted(size_t count) { return count > INT32_MAX ? INT32_MAX : (int)count; }

int aigcs_bind_text(aigcs_statement *statement, int index, const uint8_t *bytes, size_t count) {
    return api.bind_text(statement, index, (const char *)bytes, counted(count), IN_PLACE);
}

int aigcs_bind_blob(aigcs_statement *statement, int index, const void *bytes, size_t count) {
    return api.bind_blob(statement, index, bytes, counted(count), IN_PLACE);
}

int aigcs_is_null(aigcs_statement *statement, int column) { return api.column_type(statement, column) == TYPE_NULL; }
int64_t aigcs_int(aigcs_statement *statement, int column) { return api.column_int64(statement, column); }

const void *aigcs_bytes(aigcs_statement *statement, int column, size_t *count) {
    const void *bytes = api.column_blob(statement, column);
    int size = api.column_bytes(statement, column);
    *count = bytes && size > 0 ? (size_t)size : 0;
    return bytes;
}
