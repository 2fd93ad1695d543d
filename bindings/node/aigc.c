/*
 * The addon of the Node.js binding: every function of aigc.h as a function of JavaScript, events through uv_poll in the loop
 * of the environment, and handles that the garbage collector frees. index.js is what people use.
 *
 * One instance an environment (the main thread, each worker): nothing is shared between them but the loaded library. Every
 * function here runs on the thread of its environment; functions of "async" run in libuv's pool and give a promise.
 */
#include <aigc.h>
#include <dlfcn.h>
#include <node_api.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define MOST_PARAMETERS 9
#define MOST_EVENTS 256 /* of one turn of the loop; the descriptor is level-triggered */

union value {
    const char *s;
    int32_t i;
    int64_t l;
    size_t z;
    double d;
    void *p;
};

/* A function of the header. parameters: a letter each, '&' before what comes out (see Tests/tools/emit_node.py). */
struct function {
    const char *name;
    void (*call)(union value *values, union value *result);
    const char *parameters;
    char result;
};

#include "functions.h"

/* What belongs to one environment. */
struct instance {
    napi_ref make_error; /* of index.js: (status, message, code, ...) to an exception */
};

/* A handle in JavaScript. Freed once: by `release`, by the collector, or at the end of the environment; never while a call
 * in the pool uses it. */
struct box {
    char kind;
    void *pointer;
    int users;
    int released;
    struct pump *pump; /* of a client */
};

/* Events of a client, in the loop of its environment. */
struct pump {
    napi_env env;
    uv_poll_t poll;
    struct box *box;
    napi_ref callback;
    napi_async_context context;
    napi_async_cleanup_hook_handle hook;
    int active;
};

static napi_value undefined(napi_env env)
{
    napi_value value;
    napi_get_undefined(env, &value);
    return value;
}

static napi_value text_of(napi_env env, const char *text)
{
    napi_value value;
    if (!text || napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) != napi_ok) napi_get_null(env, &value);
    return value;
}

static napi_value number_of(napi_env env, double number)
{
    napi_value value;
    napi_create_double(env, number, &value);
    return value;
}

/* Handles */

static void free_pointer(char kind, void *pointer)
{
    switch (kind) {
    case 'C': api.aigc_config_free(pointer); break;
    case 'R': api.aigc_request_free(pointer); break;
    case 'c': api.aigc_client_free(pointer); break;
    case 'j': api.aigc_job_free(pointer); break;
    case 'v': api.aigc_event_free(pointer); break;
    default: break;
    }
}

static void stop_pump(struct box *box);

/* Frees the handle as soon as nobody in the pool uses it. */
static void release_box(struct box *box)
{
    void *pointer = box->pointer;
    box->released = 1;
    if (box->users || !pointer) return;
    stop_pump(box);
    box->pointer = NULL;
    free_pointer(box->kind, pointer);
}

static void *free_client(void *client)
{
    api.aigc_client_free(client);
    return NULL;
}

/* The collector's: it only frees. A client whose submission is on the wire waits a moment for the answer; the loop must not
 * wait with it, so a thread of its own does. The addon is linked with nodelete: the code of that thread stays. */
static void collected(napi_env env, void *data, void *hint)
{
    struct box *box = data;
    pthread_t thread;
    (void)env;
    (void)hint;
    stop_pump(box);
    if (box->pointer && box->kind == 'c' && pthread_create(&thread, NULL, free_client, box->pointer) == 0) {
        pthread_detach(thread);
    } else if (box->pointer) {
        free_pointer(box->kind, box->pointer);
    }
    free(box);
}

/* An object for a handle, which it owns from now on. NULL becomes null. */
static napi_value handle_of(napi_env env, char kind, void *pointer)
{
    napi_value value;
    struct box *box;
    napi_get_null(env, &value);
    if (!pointer) return value;
    box = calloc(1, sizeof *box);
    if (box) *box = (struct box){.kind = kind, .pointer = pointer};
    if (!box || napi_create_external(env, box, collected, NULL, &value) != napi_ok) {
        free(box);
        free_pointer(kind, pointer);
        napi_throw_error(env, NULL, "there is no memory for a handle of libaigc");
    }
    return value;
}

static struct box *box_of(napi_env env, napi_value value)
{
    napi_valuetype type;
    void *data = NULL;
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return NULL;
    if (napi_get_value_external(env, value, &data) != napi_ok) return NULL;
    return data;
}

/* The bytes of a buffer as a Buffer of Node's; the buffer is freed. */
static napi_value bytes_of(napi_env env, aigc_buffer *buffer)
{
    napi_value value;
    napi_get_null(env, &value);
    if (!buffer) return value;
    if (napi_create_buffer_copy(env, api.aigc_buffer_size(buffer), api.aigc_buffer_data(buffer), NULL, &value) != napi_ok)
        napi_throw_error(env, NULL, "there is no memory for the bytes");
    api.aigc_buffer_free(buffer);
    return value;
}

/* Errors */

/* An exception for a status and its error object, which is freed. */
static napi_value exception_of(napi_env env, aigc_status status, aigc_error *error)
{
    struct instance *instance = NULL;
    napi_value make, receiver = undefined(env), value = NULL;
    napi_value fields[] = {
        number_of(env, status),
        text_of(env, error ? api.aigc_error_message(error) : api.aigc_status_text(status)),
        text_of(env, api.aigc_error_provider_code(error)),
        text_of(env, api.aigc_error_provider_message(error)),
        text_of(env, api.aigc_error_request_id(error)),
        number_of(env, api.aigc_error_http_status(error)),
        number_of(env, api.aigc_error_retryable(error)),
        number_of(env, (double)api.aigc_error_retry_after_ms(error)),
        number_of(env, api.aigc_error_outcome(error)),
        text_of(env, api.aigc_error_field(error)),
    };
    api.aigc_error_free(error);
    if (napi_get_instance_data(env, (void **)&instance) != napi_ok || !instance ||
        napi_get_reference_value(env, instance->make_error, &make) != napi_ok ||
        napi_call_function(env, receiver, make, sizeof fields / sizeof *fields, fields, &value) != napi_ok)
        napi_create_error(env, NULL, fields[1], &value);
    return value;
}

/* Calls */

/* One call with its values; strings that it owns and handles that it uses. */
struct call {
    const struct function *function;
    union value values[MOST_PARAMETERS];
    union value result;
    char *texts[MOST_PARAMETERS];
    struct box *boxes[MOST_PARAMETERS];
    napi_async_work work;
    napi_deferred deferred;
    napi_ref kept; /* the arguments, so that the collector leaves them alone */
};

/* Reads the next letter of a function's parameters; sets *out for what comes out. */
static char next_letter(const char **letters, int *out)
{
    *out = **letters == '&' || **letters == 'E';
    if (**letters == '&') (*letters)++;
    return *(*letters)++;
}

static void finish_call(struct call *call)
{
    for (int i = 0; i < MOST_PARAMETERS; i++) {
        free(call->texts[i]);
        call->texts[i] = NULL;
        if (call->boxes[i] && --call->boxes[i]->users == 0 && call->boxes[i]->released) release_box(call->boxes[i]);
        call->boxes[i] = NULL;
    }
}

static int take_text(napi_env env, napi_value given, struct call *call, int slot)
{
    size_t size;
    napi_valuetype type;
    if (napi_typeof(env, given, &type) != napi_ok) return 0;
    if (type == napi_null || type == napi_undefined) return 1;
    if (napi_get_value_string_utf8(env, given, NULL, 0, &size) != napi_ok) return 0;
    call->texts[slot] = malloc(size + 1);
    if (!call->texts[slot]) return 0;
    call->values[slot].s = call->texts[slot];
    return napi_get_value_string_utf8(env, given, call->texts[slot], size + 1, &size) == napi_ok;
}

static int take_long(napi_env env, napi_value given, int64_t *value)
{
    bool lossless = false;
    napi_valuetype type;
    if (napi_typeof(env, given, &type) != napi_ok) return 0;
    if (type == napi_bigint) return napi_get_value_bigint_int64(env, given, value, &lossless) == napi_ok && lossless;
    return napi_get_value_int64(env, given, value) == napi_ok;
}

static int take(napi_env env, char letter, napi_value given, struct call *call, int slot)
{
    struct box *box;
    int64_t number;
    switch (letter) {
    case 's': return take_text(env, given, call, slot);
    case 'i': return napi_get_value_int32(env, given, &call->values[slot].i) == napi_ok;
    case 'l': return take_long(env, given, &call->values[slot].l);
    case 'd': return napi_get_value_double(env, given, &call->values[slot].d) == napi_ok;
    case 'z':
        if (!take_long(env, given, &number)) return 0;
        call->values[slot].z = number < 0 ? SIZE_MAX : (size_t)number;
        return 1;
    default:
        box = box_of(env, given);
        if (!box || box->kind != letter) return 0;
        if (box->released || !box->pointer) {
            napi_throw(env, exception_of(env, AIGC_E_CLOSED, NULL));
            return 0;
        }
        box->users++;
        call->boxes[slot] = box;
        call->values[slot].p = box->pointer;
        return 1;
    }
}

/* Fills a call from arguments; false with an exception pending where one does not fit. */
static int prepare(napi_env env, struct call *call, size_t count, napi_value *arguments)
{
    const char *letters = call->function->parameters;
    size_t used = 0;
    for (int slot = 0; *letters; slot++) {
        int out;
        char letter = next_letter(&letters, &out);
        bool pending = false;
        if (out) continue;
        if (used < count && take(env, letter, arguments[used++], call, slot)) continue;
        napi_is_exception_pending(env, &pending);
        if (!pending) {
            char text[160];
            snprintf(text, sizeof text, "%s: argument %zu does not fit", call->function->name, used);
            napi_throw_type_error(env, NULL, text);
        }
        finish_call(call);
        return 0;
    }
    return 1;
}

static napi_value value_of(napi_env env, char letter, union value *value)
{
    switch (letter) {
    case 's': return text_of(env, value->s);
    case 'i': return number_of(env, value->i);
    case 'l': return number_of(env, (double)value->l);
    case 'z': return number_of(env, (double)value->z);
    case 'd': return number_of(env, value->d);
    case 'b': return bytes_of(env, value->p);
    default: return handle_of(env, letter, value->p);
    }
}

/* What a call gave: its result, or what came out (one value, or an array). *thrown for a status that is no success. */
static napi_value outcome(napi_env env, struct call *call, int *thrown)
{
    const char *letters = call->function->parameters;
    napi_value value = undefined(env), list = NULL;
    uint32_t outs = 0;
    int fails = 0;
    *thrown = 0;
    if (!strchr("t-", call->function->result)) return value_of(env, call->function->result, &call->result);
    for (int slot = 0; *letters; slot++) {
        int out;
        char letter = next_letter(&letters, &out);
        if (letter == 'E') fails = 1;
        if (letter == 'E' && call->result.i != AIGC_OK) {
            *thrown = 1;
            return exception_of(env, call->result.i, call->values[slot].p);
        }
        if (!out || letter == 'E' || call->result.i != AIGC_OK) continue;
        if (outs == 1) {
            napi_create_array(env, &list);
            napi_set_element(env, list, 0, value);
        }
        value = value_of(env, letter, &call->values[slot]);
        if (outs++ > 0) napi_set_element(env, list, outs - 1, value);
    }
    if (!fails && call->result.i != AIGC_OK) napi_get_null(env, &value);
    return outs > 1 ? list : value;
}

static napi_value call_now(napi_env env, napi_callback_info info)
{
    size_t count = MOST_PARAMETERS;
    napi_value arguments[MOST_PARAMETERS], value;
    struct call call = {0};
    int thrown;
    napi_get_cb_info(env, info, &count, arguments, NULL, (void **)&call.function);
    if (!prepare(env, &call, count, arguments)) return NULL;
    call.function->call(call.values, &call.result);
    value = outcome(env, &call, &thrown);
    finish_call(&call);
    if (thrown) napi_throw(env, value);
    return thrown ? NULL : value;
}

static void work(napi_env env, void *data)
{
    struct call *call = data;
    (void)env;
    call->function->call(call->values, &call->result);
}

static void worked(napi_env env, napi_status status, void *data)
{
    struct call *call = data;
    napi_value value;
    int thrown;
    (void)status;
    value = outcome(env, call, &thrown);
    finish_call(call);
    if (thrown) napi_reject_deferred(env, call->deferred, value);
    else napi_resolve_deferred(env, call->deferred, value);
    napi_delete_reference(env, call->kept);
    napi_delete_async_work(env, call->work);
    free(call);
}

static napi_value call_later(napi_env env, napi_callback_info info)
{
    size_t count = MOST_PARAMETERS;
    napi_value arguments[MOST_PARAMETERS], promise = NULL, name, kept;
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        napi_throw_error(env, NULL, "there is no memory for a call");
        return NULL;
    }
    napi_get_cb_info(env, info, &count, arguments, NULL, (void **)&call->function);
    if (!prepare(env, call, count, arguments)) {
        free(call);
        return NULL;
    }
    napi_create_array(env, &kept);
    for (size_t i = 0; i < count; i++) napi_set_element(env, kept, (uint32_t)i, arguments[i]);
    napi_create_string_utf8(env, call->function->name, NAPI_AUTO_LENGTH, &name);
    if (napi_create_reference(env, kept, 1, &call->kept) != napi_ok ||
        napi_create_promise(env, &call->deferred, &promise) != napi_ok ||
        napi_create_async_work(env, NULL, name, work, worked, call, &call->work) != napi_ok ||
        napi_queue_async_work(env, call->work) != napi_ok) {
        finish_call(call);
        free(call);
        napi_throw_error(env, NULL, "Node.js takes no more work");
        return NULL;
    }
    return promise;
}

/* Events */

static napi_value event_of(napi_env env, aigc_event *event)
{
    napi_value list;
    aigc_job *job = api.aigc_event_job(event);
    napi_value fields[] = {
        number_of(env, api.aigc_event_type(event)),
        handle_of(env, 'j', job ? api.aigc_job_ref(job) : NULL),
        number_of(env, (double)api.aigc_event_job_id(event)),
        number_of(env, api.aigc_event_state(event)),
        number_of(env, api.aigc_event_status(event)),
        text_of(env, api.aigc_event_provider(event)),
        text_of(env, api.aigc_event_message(event)),
        number_of(env, api.aigc_event_level(event)),
        text_of(env, api.aigc_event_fields(event)),
    };
    api.aigc_event_free(event);
    napi_create_array(env, &list);
    for (uint32_t i = 0; i < sizeof fields / sizeof *fields; i++) napi_set_element(env, list, i, fields[i]);
    return list;
}

/* An array of the events that are queued, at most MOST_EVENTS; NULL for none. */
static napi_value events_of(napi_env env, aigc_client *client)
{
    napi_value list = NULL;
    aigc_event *event = NULL;
    for (uint32_t i = 0; i < MOST_EVENTS && api.aigc_client_next_event(client, 0, &event, NULL) == AIGC_OK && event; i++) {
        if (!list) napi_create_array(env, &list);
        napi_set_element(env, list, i, event_of(env, event));
    }
    return list;
}

static void readable(uv_poll_t *poll, int status, int events)
{
    struct pump *pump = poll->data;
    napi_env env = pump->env;
    napi_handle_scope scope;
    napi_value callback, receiver, list, ignored;
    (void)status;
    (void)events;
    if (!pump->active || !pump->box) return;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    list = events_of(env, pump->box->pointer);
    if (list && napi_get_reference_value(env, pump->callback, &callback) == napi_ok) {
        bool pending = false;
        napi_get_global(env, &receiver);
        napi_make_callback(env, pump->context, receiver, callback, 1, &list, &ignored);
        napi_is_exception_pending(env, &pending);
        if (pending) {
            napi_get_and_clear_last_exception(env, &ignored);
            napi_fatal_exception(env, ignored); /* as if the loop had called it: 'uncaughtException' */
        }
    }
    napi_close_handle_scope(env, scope);
}

static void pump_closed(uv_handle_t *handle)
{
    struct pump *pump = handle->data;
    if (pump->hook) napi_remove_async_cleanup_hook(pump->hook);
    free(pump);
}

static void stop_pump(struct box *box)
{
    struct pump *pump = box->pump;
    if (!pump || !pump->active) return;
    pump->active = 0;
    pump->box = NULL;
    box->pump = NULL;
    napi_delete_reference(pump->env, pump->callback);
    napi_async_destroy(pump->env, pump->context);
    uv_poll_stop(&pump->poll);
    uv_close((uv_handle_t *)&pump->poll, pump_closed);
}

/* At the end of the environment: Node.js waits until the hook is removed, which pump_closed does. */
static void end_pump(napi_async_cleanup_hook_handle hook, void *data)
{
    struct pump *pump = data;
    (void)hook;
    if (pump->active && pump->box) stop_pump(pump->box);
}

/* watch(client, callback): hands events to the callback from now on, in arrays, without keeping the loop alive. */
static napi_value watch(napi_env env, napi_callback_info info)
{
    size_t count = 2;
    napi_value arguments[2], name;
    uv_loop_t *loop = NULL;
    struct box *box;
    struct pump *pump;
    int descriptor;
    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    box = count == 2 ? box_of(env, arguments[0]) : NULL;
    if (!box || box->kind != 'c' || !box->pointer || box->pump) {
        napi_throw_type_error(env, NULL, "watch: this is no client that can be watched");
        return NULL;
    }
    descriptor = api.aigc_client_event_fd(box->pointer);
    pump = calloc(1, sizeof *pump);
    if (descriptor < 0 || !pump || napi_get_uv_event_loop(env, &loop) != napi_ok ||
        uv_poll_init(loop, &pump->poll, descriptor) != 0) {
        free(pump);
        napi_throw(env, exception_of(env, AIGC_E_NO_RESOURCES, NULL));
        return NULL;
    }
    pump->env = env;
    pump->poll.data = pump;
    pump->box = box;
    pump->active = 1;
    box->pump = pump;
    napi_create_string_utf8(env, "aigc", NAPI_AUTO_LENGTH, &name);
    napi_create_reference(env, arguments[1], 1, &pump->callback);
    napi_async_init(env, NULL, name, &pump->context);
    napi_add_async_cleanup_hook(env, end_pump, pump, &pump->hook);
    uv_poll_start(&pump->poll, UV_READABLE, readable);
    uv_unref((uv_handle_t *)&pump->poll);
    return undefined(env);
}

/* keep(client, yes): whether the loop stays alive for this client's events. */
static napi_value keep(napi_env env, napi_callback_info info)
{
    size_t count = 2;
    napi_value arguments[2];
    bool yes = false;
    struct box *box;
    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    box = count == 2 ? box_of(env, arguments[0]) : NULL;
    if (!box || !box->pump || napi_get_value_bool(env, arguments[1], &yes) != napi_ok) return undefined(env);
    if (yes) uv_ref((uv_handle_t *)&box->pump->poll);
    else uv_unref((uv_handle_t *)&box->pump->poll);
    return undefined(env);
}

/* take(client): the queued events as the callback of watch() gets them, or null. */
static napi_value take_events(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value argument, value = NULL;
    struct box *box;
    napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
    box = count == 1 ? box_of(env, argument) : NULL;
    if (box && box->kind == 'c' && box->pointer) value = events_of(env, box->pointer);
    if (!value) napi_get_null(env, &value);
    return value;
}

/* release(handle): frees it now. */
static napi_value release(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value argument;
    struct box *box;
    napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
    box = count == 1 ? box_of(env, argument) : NULL;
    if (box) release_box(box);
    return undefined(env);
}

/* start(makeError): the function that makes exceptions. */
static napi_value start(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value argument;
    struct instance *instance = NULL;
    napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
    napi_get_instance_data(env, (void **)&instance);
    if (instance && !instance->make_error) napi_create_reference(env, argument, 1, &instance->make_error);
    return undefined(env);
}

/* The library */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char trouble[600];

static void load(void)
{
    const char *name = getenv("AIGC_LIBRARY");
    void *library = dlopen(name && *name ? name : "libaigc.so.1", RTLD_NOW | RTLD_LOCAL);
    int32_t number;
    if (!library) {
        snprintf(trouble, sizeof trouble,
                 "libaigc.so.1 cannot be loaded (%s): install libaigc, or set AIGC_LIBRARY to its path", dlerror());
        return;
    }
#define FIND(name)                                                                                                           \
    *(void **)&api.name = dlsym(library, #name);                                                                             \
    if (!api.name && !*trouble)                                                                                              \
        snprintf(trouble, sizeof trouble, "%s is missing in libaigc: this addon needs version %d.%d", #name,                 \
                 AIGC_VERSION_MAJOR, AIGC_VERSION_MINOR);
    AIGC_FUNCTIONS(FIND)
#undef FIND
    if (*trouble) return;
    number = api.aigc_version_number();
    if (number / 1000000 != AIGC_VERSION_MAJOR || number / 1000 % 1000 < AIGC_VERSION_MINOR)
        snprintf(trouble, sizeof trouble, "libaigc is %s, and %d.%d or a newer %d.x is needed", api.aigc_version_string(),
                 AIGC_VERSION_MAJOR, AIGC_VERSION_MINOR, AIGC_VERSION_MAJOR);
}

static void add(napi_env env, napi_value object, const char *name, napi_callback callback, const void *data)
{
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, (void *)data, &function) == napi_ok)
        napi_set_named_property(env, object, name, function);
}

static void end(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    free(data);
}

NAPI_MODULE_INIT()
{
    napi_value later;
    struct instance *instance;
    pthread_once(&once, load);
    if (*trouble) {
        napi_throw_error(env, "ERR_DLOPEN_FAILED", trouble);
        return NULL;
    }
    instance = calloc(1, sizeof *instance);
    if (!instance || napi_set_instance_data(env, instance, end, NULL) != napi_ok) {
        free(instance);
        napi_throw_error(env, NULL, "there is no memory for libaigc");
        return NULL;
    }
    napi_create_object(env, &later);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        add(env, exports, functions[i].name, call_now, &functions[i]);
        if (strchr("t-", functions[i].result)) add(env, later, functions[i].name, call_later, &functions[i]);
    }
    napi_set_named_property(env, exports, "later", later);
    add(env, exports, "start", start, NULL);
    add(env, exports, "watch", watch, NULL);
    add(env, exports, "keep", keep, NULL);
    add(env, exports, "take", take_events, NULL);
    add(env, exports, "release", release, NULL);
    return exports;
}
