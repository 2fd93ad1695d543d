#include "CJSON.h"

#include <jansson.h>

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
    json_t *value = json_loadb(count == 0 ? "" : bytes, count, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (value == NULL) {
        error->reason = reason_of(json_error_code(&why));
        error->line = why.line;
        error->position = why.position;
    }
    return (aigcj_value *)value;
}

void aigcj_free(aigcj_value *document) { json_decref((json_t *)document); }

const char *aigcj_version(void) { return jansson_version_str(); }
