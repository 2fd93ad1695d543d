#include "CJSON.h"

json_t *aigcj_parse(const void *bytes, size_t count, aigcj_error *error) {
    json_error_t reason;
    json_t *value = json_loadb((const char *)bytes, count, JSON_DECODE_ANY | JSON_ALLOW_NUL, &reason);
    if (value == NULL) {
        error->code = (int)json_error_code(&reason);
        error->line = reason.line;
        error->column = reason.column;
        error->position = reason.position;
    }
    return value;
}

void aigcj_free(json_t *value) { json_decref(value); }
