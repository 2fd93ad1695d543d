/* jansson for Swift, reduced to what a reader needs. Prefix aigcj_. Imported by Codec alone. jansson.h stays out of
 * this header: what it includes would become part of this module. No state of its own; a document belongs to the thread
 * that parsed it. */
#ifndef CJSON_H
#define CJSON_H

#include <stddef.h>
#include <stdint.h>

/* A value inside a document: lives as long as the document. */
typedef struct aigcj_value aigcj_value;

typedef enum {
    AIGCJ_BAD_SYNTAX = 0,
    AIGCJ_BAD_UTF8 = 1,
    AIGCJ_CUT = 2,      /* ends too early */
    AIGCJ_TRAILING = 3, /* something follows the value */
    AIGCJ_NUL_IN_NAME = 4,
    AIGCJ_TOO_LARGE = 5, /* a number */
    AIGCJ_NO_MEMORY = 6
} aigcj_reason;

/* Why a text is no JSON. Never holds a piece of the text. */
typedef struct {
    aigcj_reason reason;
    int line;
    int position; /* bytes read when the error was seen */
} aigcj_error;

/* Parses one JSON value of any type, which has to be all of the text. Integers beyond int64 and reals beyond double are
 * AIGCJ_TOO_LARGE. NUL is fine inside string values, not inside names. The last of two equal names wins. NULL and
 * *error on failure. Recurses once a level: bound the nesting first. Free it with aigcj_free. */
aigcj_value *aigcj_parse(const void *bytes, size_t count, aigcj_error *error);
void aigcj_free(aigcj_value *document);


/* "2.14" of the library that is loaded. */
const char *aigcj_version(void);

#endif
