#include "CJSON.h"

#include <jansson.h>
#include <string.h>

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

void aigcj_look(const aigcj_value *value, aigcj_view *view) {
    const json_t *json = (const json_t *)value;
    switch (json_typeof(json)) {
    case JSON_STRING:
        view->type = AIGCJ_STRING;
        view->text = json_string_value(json);
        view->count = json_string_length(json);
        break;
    case JSON_INTEGER:
        view->type = AIGCJ_INTEGER;
        view->integer = json_integer_value(json);
        break;
    case JSON_REAL:
        view->type = AIGCJ_REAL;
        view->real = json_real_value(json);
        break;
    case JSON_ARRAY:
        view->type = AIGCJ_ARRAY;
        view->count = json_array_size(json);
        break;
    case JSON_OBJECT:
        view->type = AIGCJ_OBJECT;
        view->count = json_object_size(json);
        break;
    case JSON_TRUE: view->type = AIGCJ_TRUE; break;
    case JSON_FALSE: view->type = AIGCJ_FALSE; break;
    default: view->type = AIGCJ_NULL; break;
    }
}

const aigcj_value *aigcj_element(const aigcj_value *array, size_t index) {
    return (const aigcj_value *)json_array_get((const json_t *)array, index);
}

const aigcj_value *aigcj_member(const aigcj_value *object, void **cursor, const char **name, size_t *name_count) {
    json_t *json = (json_t *)object; /* iterating changes nothing; jansson only lacks the const */
    *cursor = *cursor == NULL ? json_object_iter(json) : json_object_iter_next(json, *cursor);
    if (*cursor == NULL) return NULL;
    *name = json_object_iter_key(*cursor);
    *name_count = strlen(*name);
    return (const aigcj_value *)json_object_iter_value(*cursor);
}

const char *aigcj_version(void) { return jansson_version_str(); }
