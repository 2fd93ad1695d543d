#include "CJSON.h"

#include <dlfcn.h>
#include <jansson.h>
#include <pthread.h>

/* jansson's own functions, whatever else the process has under these names: a program with a json_delete() of its own (a
 * usual one) would export it, as this library refers to it, and the program's would be called here. */
static json_t *(*load)(const char *, size_t, size_t, json_error_t *);
static void (*delete)(json_t *);
static pthread_once_t found = PTHREAD_ONCE_INIT;

static void find(void) {
    /* It is loaded: this library needs it for jansson_version_str(). */
    void *library = dlopen("libjansson.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) return;
    *(void **)&load = dlsym(library, "json_loadb");
    *(void **)&delete = dlsym(library, "json_delete");
}

static aigcj_reason reason_of(enum json_error_code code) {
    switch (code) {
    case json_error_out_of_memory: return AIGCJ_NO_MEMORY;
    case json_error_invalid_utf8: return AIGCJ_BAD_UTF8;
    case json_error_premature_end_of_input: return AIGCJ_CUT;
    case json_error_end_of_input_expected: return AIGCJ_TRAILING;
    case json_error_null_byte_in_key:
    case json_error_null_character: return AIGCJ_NUL_IN_NAME;
    case json_error_numeric_overflow: return AIGCJ_TOO_LARGE;
    default: return AIGCJ_BAD_SYNTAX;
    }
}

aigcj_value *aigcj_parse(const void *bytes, size_t count, aigcj_error *error) {
    json_error_t why;
    pthread_once(&found, find);
    if (load == NULL || delete == NULL) {
        *error = (aigcj_error){AIGCJ_NO_MEMORY, 0, 0};
        return NULL;
    }
    json_t *value = load(count == 0 ? "" : bytes, count, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (value == NULL) {
        error->reason = reason_of(json_error_code(&why));
        error->line = why.line;
        error->position = why.position;
    }
    return (aigcj_value *)value;
}

void aigcj_free(aigcj_value *document) {
    json_t *value = (json_t *)document;
    /* json_decref() would call the function by its name. True, false and null are not counted. */
    if (value != NULL && value->refcount != (size_t)-1 && --value->refcount == 0) delete(value);
}

const char *aigcj_version(void) { return jansson_version_str(); }
