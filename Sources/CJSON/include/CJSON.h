/* jansson for Swift: what is a macro or a variadic function there is a plain function here. Prefix aigcj_.
 * Imported by Codec alone. No state of its own; a document belongs to the thread that parsed it. */
#ifndef CJSON_H
#define CJSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Why a text is no JSON. Never holds a piece of the text. */
typedef struct {
    int code; /* enum json_error_code */
    int line;
    int column;
    int position; /* bytes read when the error was seen */
} aigcj_error;

/* Parses one JSON value of any type, which has to be all of the text. Integers beyond int64 and reals beyond double are
 * json_error_numeric_overflow. NUL is fine inside string values, not inside names. The last of two equal names wins.
 * NULL and *error on failure. Recurses once a level: bound the nesting first. Free it with aigcj_free. */
json_t *aigcj_parse(const void *bytes, size_t count, aigcj_error *error);

void aigcj_free(json_t *value);

static inline int aigcj_type(const json_t *value) { return (int)value->type; }
static inline size_t aigcj_key_length(const char *key) { return strlen(key); }

#endif
