/*
 * aigc.h - submit, follow and fetch image-generation jobs on Alibaba Cloud (AiContent personalized text-to-image) and
 * Tencent Cloud (MPS AIGC image tasks), through one API.
 *
 * This header is the manual. It is C99 and C++98; link with -laigc, or load libaigc.so.1 at run time.
 *
 * PROMISES (the README's table names the test of each)
 *
 *  1. Loading the library starts no thread, opens no descriptor, reads no file, changes no signal handler.
 *  2. The library never calls you from its own threads. Events are handed out inside aigc_client_next_event() and
 *     aigc_client_dispatch(), on your thread, with no lock held.
 *  3. Every function may be called from any thread at any time, except that one aigc_config or aigc_request is used by
 *     one thread at a time, and that a _free is the last use of its handle.
 *  4. Every handle has its own _free; NULL is fine; any order is fine. Strings you pass in are copied. A const char *
 *     that you get lives as long as the handle it came from; of the three that change with each answer about a job
 *     (aigc_job_provider_state, _provider_response, _request_id) the newest 16 do.
 *  5. Each job ends exactly once: one AIGC_EVENT_JOB_DONE, whatever happened.
 *  6. A submission is sent at most once unless it surely never reached the provider. If the outcome is unknown, the
 *     error says so (AIGC_E_OUTCOME_UNKNOWN), and nothing resends it by itself.
 *  7. After fork() the child may only free the handles it inherited (that forgets them, it shuts nothing down);
 *     anything else on them returns AIGC_E_FORKED. The parent is untouched. The child may create clients of its own.
 *  8. Bad data from the network, a full disk or a wrong argument never aborts the process: always an error, never half
 *     a file.
 *  9. A secret never appears in a message, a log, a token or a file, and never travels to any host but the one it
 *     signs for.
 * 10. With a journal (configuration key journal.path, since 1.2) the sixth promise holds for a key, across threads,
 *     clients, processes, crashes and languages on one machine: a submission is on the disk before its first byte
 *     leaves, and its id before AIGC_EVENT_JOB_ACCEPTED tells it. The same key is never submitted twice. Unknown
 *     (AIGC_STATE_UNKNOWN) after a crash is only what was on the wire. If the journal cannot be written, nothing is sent.
 *
 * THE SIMPLE PATH (bindings/c/generate.c is this, complete)
 *
 *     aigc_client *client = NULL; aigc_request *request = NULL; aigc_job *job = NULL, *download = NULL;
 *     aigc_client_new(NULL, &client, &error);                       // credentials from the environment
 *     aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, &error);
 *     aigc_request_set_string(request, "prompt", "a cat in the snow", &error);
 *     aigc_client_submit(client, request, &job, &error);            // never blocks
 *     aigc_job_wait(job, AIGC_FOREVER, &error);                     // blocks until the job has ended
 *     aigc_job_download(job, 0, "cat.*", &download, &error);        // ".*" becomes the format's extension
 *     aigc_job_wait(download, AIGC_FOREVER, &error);
 *     puts(aigc_job_path(download));
 *
 * Two commands of a shell give credentials: TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or
 * ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; or set them as configuration keys.
 *
 * CONVENTIONS
 *
 *  - Functions that can fail return aigc_status and take aigc_error **error last. error may be NULL. When it is not,
 *    *error is set to NULL on AIGC_OK and to a new object, yours to free, otherwise; what it held before is overwritten,
 *    not freed.
 *  - A handle that is given out through an out parameter is yours to free; on failure it is set to NULL. A NULL out
 *    parameter where a handle is given out is AIGC_E_INVALID_ARGUMENT, unless the text says otherwise.
 *  - Getters cannot fail: on NULL they return NULL, 0 or what the text says.
 *  - Strings are UTF-8 and end with a NUL byte. Invalid UTF-8 is AIGC_E_INVALID_ARGUMENT, never repaired.
 *  - Times named _at_ms are milliseconds since 1970-01-01 UTC; 0 means unknown or never. Durations are milliseconds on
 *    the monotonic clock. AIGC_FOREVER (-1) waits without limit.
 *  - "since" is the library version that brought a declaration; nothing is ever removed within major version 1.
 *
 * THREADS, FORK, EXIT
 *
 *  A client starts one thread when its first job starts (and short-lived helpers for slow file and credential work);
 *  they block all signals, and aigc_client_close() joins them. SIGPIPE never reaches you because of this library. Stack
 *  needs of every function fit a 64 KiB stack. exit() with jobs running is fine: what was accepted can be attached
 *  again from its token. The library is linked -z nodelete: dlclose() is harmless and unloads nothing.
 *
 * SIGNALS
 *
 *  A signal ends no wait: your handler runs, and aigc_job_wait(), aigc_client_next_event() and the others go on. None of
 *  the functions is for a signal handler. A process that Ctrl-C just kills takes the only knowledge of the job with it that
 *  it was submitting. So wait in slices, let the handler set a flag, and close the client with a grace:
 *
 *     static volatile sig_atomic_t interrupted;
 *     static void interrupt(int number) { interrupted = number; }     // signal(SIGINT, interrupt); SIGTERM and SIGHUP too
 *
 *     while (aigc_job_wait(job, 100, NULL) == AIGC_E_TIMEOUT)
 *         if (interrupted) aigc_client_close(client, 10000);          // ends it here; an answer on its way has ten seconds
 *     if (aigc_job_token(job)) fprintf(stderr, "token: %s\n", aigc_job_token(job));
 */
#ifndef AIGC_H
#define AIGC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Version                                                                                                          */
/* ---------------------------------------------------------------------------------------------------------------- */

/* Version of this header. Bindings refuse another major and an older minor than they were written for. Since 1.0. */
#define AIGC_VERSION_MAJOR 1
#define AIGC_VERSION_MINOR 2
#define AIGC_VERSION_PATCH 0
#define AIGC_VERSION_NUMBER (AIGC_VERSION_MAJOR * 1000000 + AIGC_VERSION_MINOR * 1000 + AIGC_VERSION_PATCH)

/* Waits without limit. Since 1.0. */
#define AIGC_FOREVER ((int64_t)-1)

/* Version of the library at run time, in the form of AIGC_VERSION_NUMBER. Any thread. Since 1.0. */
int32_t aigc_version_number(void);

/* The same as text, "1.2.0". Lives for ever. Any thread. Since 1.0. */
const char *aigc_version_string(void);

/* One line of JSON: versions of this library, libcurl, its TLS library, OpenSSL and jansson. Lives for ever. Since 1.0. */
const char *aigc_build_info(void);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Status codes: few, each telling what to do. The provider's own code stays a string: aigc_error_provider_code().   */
/* ---------------------------------------------------------------------------------------------------------------- */

/* A status code. New codes may be added: treat one that you do not know like the first of its hundred. Since 1.0. */
typedef int32_t aigc_status;

enum {
    /* It worked. */
    AIGC_OK = 0,

    /* 1xx: the call was wrong. Mend the program. */
    AIGC_E_INVALID_ARGUMENT = 100, /* a NULL, a name that does not exist, a wrong type or value: the message says which */
    AIGC_E_WRONG_STATE = 101,      /* right call, wrong time: for instance a download of a job that has not succeeded */
    AIGC_E_FORKED = 102,           /* the handle comes from the parent process: it can only be freed here */
    AIGC_E_CLOSED = 103,           /* the client has been closed */
    AIGC_E_KEY_CONFLICT = 104,     /* the journal has another request under this key (since 1.2) */

    /* 2xx: time ran out, or you ended it. Nothing is lost: the token attaches the job again. */
    AIGC_E_TIMEOUT = 200,   /* a wait of yours ended before the job did; the job goes on: wait again */
    AIGC_E_CANCELLED = 201, /* aigc_job_cancel() or aigc_client_close() ended it here; the provider is not told */
    AIGC_E_DEADLINE = 202,  /* the job's own deadline passed; it may still finish at the provider */

    /* 3xx: between here and the provider. Try later, or mend the network. */
    AIGC_E_NETWORK = 300,         /* resolve, connect, send or receive failed */
    AIGC_E_TLS = 301,             /* handshake or certificate: CA bundle, clock, or somebody in between */
    AIGC_E_ADDRESS_REFUSED = 302, /* an image URL leads to a private, loopback or link-local address */
    AIGC_E_BAD_RESPONSE = 303,    /* the answer was not what this provider sends: a proxy's page, cut, or garbage */

    /* 4xx: the account. Mend credentials, rights, bill or rate. */
    AIGC_E_NO_CREDENTIALS = 400, /* none was found, or a source that is set up cannot be used: the message names each
                                    source that was tried and why it gave nothing */
    AIGC_E_AUTH = 401,           /* the provider refused the key, the signature or the security token */
    AIGC_E_PERMISSION = 402,     /* the key is known and may not do this */
    AIGC_E_BILLING = 403,        /* arrears, quota or a service that is not activated */
    AIGC_E_THROTTLED = 404,      /* too many requests and the retries are used up: aigc_error_retry_after_ms() */
    AIGC_E_CLOCK = 405,          /* this machine's clock is too far from the provider's and could not be bridged */

    /* 5xx: the provider's answer about this job. */
    AIGC_E_REQUEST_REFUSED = 500, /* a parameter is not accepted: see the provider's code and message; mend, submit anew */
    AIGC_E_CONTENT_REFUSED = 501, /* prompt or image was refused by moderation */
    AIGC_E_NOT_FOUND = 502,       /* the provider does not know this job or image (any more) */
    AIGC_E_JOB_FAILED = 503,      /* accepted, ran, failed: submit anew if you like */
    AIGC_E_PROVIDER = 504,        /* the provider reports a fault of its own; reads were retried */

    /* 6xx: money. */
    AIGC_E_OUTCOME_UNKNOWN = 600, /* the submission left and no readable answer came: it may run and be billed.
                                     Nothing resends it; look at the provider's console before you do */

    /* 7xx: the image. */
    AIGC_E_EXPIRED = 700,      /* its URL or its time at the provider has run out */
    AIGC_E_NOT_AN_IMAGE = 701, /* what came is no PNG, JPEG, WebP, GIF or BMP */
    AIGC_E_CORRUPT = 702,      /* length, end marker or checksum is wrong, again after retries */
    AIGC_E_TOO_LARGE = 703,    /* larger than download.max_bytes (or a reply larger than http.max_reply_bytes) */

    /* 8xx: this machine. */
    AIGC_E_FILE = 800,         /* the file system refused: the message names path and reason */
    AIGC_E_FILE_EXISTS = 801,  /* there is a file of that name and download.overwrite is off */
    AIGC_E_NO_SPACE = 802,     /* disk or quota full; what was received is kept as .part for a resume where possible */
    AIGC_E_NO_RESOURCES = 803, /* memory, threads or descriptors are exhausted */
    AIGC_E_JOURNAL = 804,      /* the journal cannot be opened, read or written: nothing was sent (since 1.2) */

    /* 9xx: ours. */
    AIGC_E_INTERNAL = 900 /* a fault in this library: please report it */
};

/* The name of a code, "AIGC_E_TIMEOUT"; "AIGC_E_?" for one that does not exist. Lives for ever. Any thread. Since 1.0. */
const char *aigc_status_name(aigc_status status);

/* One English sentence on a code: what it means and what to do. Lives for ever. Any thread. Since 1.0. */
const char *aigc_status_text(aigc_status status);

/* Iterates over all codes, for bindings: sets *status for index 0, 1, 2 ... and returns AIGC_OK, or
 * AIGC_E_INVALID_ARGUMENT past the last. Any thread. Since 1.0. */
aigc_status aigc_status_at(size_t index, aigc_status *status);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Errors: immutable objects, yours to free, readable from any thread.                                               */
/* ---------------------------------------------------------------------------------------------------------------- */

/* What went wrong, in detail. Since 1.0. */
typedef struct aigc_error aigc_error;

/* What surely happened to a submission. Since 1.0. */
enum {
    AIGC_OUTCOME_NONE = 0,     /* no submission was involved, or it has not been tried yet */
    AIGC_OUTCOME_NOT_SENT = 1, /* nothing runs: it never left, or the provider refused it. Safe to submit anew */
    AIGC_OUTCOME_UNKNOWN = 2,  /* it left and no readable answer came: it may run and be billed */
    AIGC_OUTCOME_ACCEPTED = 3  /* the provider gave a job id */
};

/* The status code; AIGC_OK for NULL. Any thread. Since 1.0. */
aigc_status aigc_error_status(const aigc_error *error);

/* One line: what was being done, what went wrong and, where known, what would be right. Never holds a secret. Since 1.0. */
const char *aigc_error_message(const aigc_error *error);

/* The provider's own code, such as "InvalidParameterValue.Resolution": an open set. NULL if none came. Since 1.0. */
const char *aigc_error_provider_code(const aigc_error *error);

/* The provider's own message, as received and redacted. NULL if none came. Since 1.0. */
const char *aigc_error_provider_message(const aigc_error *error);

/* The provider's request id, which its support asks for. NULL if none came. Since 1.0. */
const char *aigc_error_request_id(const aigc_error *error);

/* The HTTP status of the answer; 0 if none came. Since 1.0. */
int32_t aigc_error_http_status(const aigc_error *error);

/* 1 if the same call may succeed later without any change and cannot cost twice, 0 otherwise. Since 1.0. */
int32_t aigc_error_retryable(const aigc_error *error);

/* How long the provider asked to wait before the next try, in milliseconds; 0 if it did not say. Since 1.0. */
int64_t aigc_error_retry_after_ms(const aigc_error *error);

/* For a submission: one of AIGC_OUTCOME_*. AIGC_OUTCOME_NONE otherwise. Since 1.0. */
int32_t aigc_error_outcome(const aigc_error *error);

/* The name of the request field or configuration key that is at fault. NULL if it is none. Since 1.0. */
const char *aigc_error_field(const aigc_error *error);

/* Frees an error. NULL is fine. Since 1.0. */
void aigc_error_free(aigc_error *error);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Configuration: string keys and string values. aigc_config_describe() lists all of them with their defaults.       */
/* ---------------------------------------------------------------------------------------------------------------- */

/* A set of settings. A client copies it; freeing it wipes the secrets in it. One thread at a time. Since 1.0. */
typedef struct aigc_config aigc_config;

/* Creates a configuration with all defaults. Since 1.0. */
aigc_status aigc_config_new(aigc_config **config, aigc_error **error);

/* Sets a key. value NULL returns it to its default. Booleans are "true" or "false", durations whole milliseconds, sizes
 * whole bytes. An unknown key is AIGC_E_INVALID_ARGUMENT and the message names the nearest key; a value out of range
 * names the range. Since 1.0. */
aigc_status aigc_config_set(aigc_config *config, const char *key, const char *value, aigc_error **error);

/* The value of a key in this configuration: what was set, or the default. NULL for an unknown key, for NULL, and for
 * every secret. Lives as long as the configuration. Since 1.0. */
const char *aigc_config_get(aigc_config *config, const char *key);

/* Iterates over the table of keys, for manuals and bindings: for index 0, 1, 2 ... sets the key, its type ("string",
 * "secret", "bool", "int", "double", "duration_ms", "bytes" or "choice: a|b"), its default as text, and one sentence,
 * and returns AIGC_OK; past the last it returns AIGC_E_INVALID_ARGUMENT. Out parameters may be NULL. The strings live
 * for ever. Any thread. Since 1.0. */
aigc_status aigc_config_describe(size_t index, const char **key, const char **type, const char **default_value,
                                 const char **text);

/* Frees a configuration and wipes its secrets. NULL is fine. Since 1.0. */
void aigc_config_free(aigc_config *config);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Requests: what to generate. Neutral names, mapped to each cloud's own.                                            */
/* ---------------------------------------------------------------------------------------------------------------- */

/* Providers. Since 1.0. */
#define AIGC_ALIBABA "alibaba"
#define AIGC_TENCENT "tencent"

/* Operations that are submitted (they cost money). Since 1.0.
 * AIGC_ALIBABA_INFERENCE            Personalizedtxt2imgAddInferenceJob: images from a model that you have trained.
 * AIGC_ALIBABA_PRE_MODEL_INFERENCE  PersonalizedTextToImageAddInferenceJob: images from reference pictures, no model.
 * AIGC_ALIBABA_MODEL_TRAIN          Personalizedtxt2imgAddModelTrainJob: a model from pictures, no image; its id is
 *                                   aigc_job_result_id(), which AIGC_ALIBABA_INFERENCE takes as its model.
 * AIGC_TENCENT_IMAGE                CreateAigcImageTask. */
#define AIGC_ALIBABA_INFERENCE "inference"
#define AIGC_ALIBABA_PRE_MODEL_INFERENCE "pre_model_inference"
#define AIGC_ALIBABA_MODEL_TRAIN "model_train"
#define AIGC_TENCENT_IMAGE "aigc_image"

/* Operations that fetch one known image (aigc_client_fetch, free of charge). Since 1.0.
 * AIGC_ALIBABA_INFERENCE_ASSET            Personalizedtxt2imgQueryImageAsset: model_id, prompt_id and image_id.
 * AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET  PersonalizedTextToImageQueryImageAsset: image_id.
 * AIGC_TENCENT_IMAGE_ASSET                download of a result URL: url. */
#define AIGC_ALIBABA_INFERENCE_ASSET "inference_asset"
#define AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET "pre_model_inference_asset"
#define AIGC_TENCENT_IMAGE_ASSET "aigc_image_asset"

/* One request. It can be submitted any number of times: each time is a new job and a new bill. Since 1.0. */
typedef struct aigc_request aigc_request;

/* Iterates over all operations: for index 0, 1, 2 ... sets provider, operation, kind ("submit", "fetch") and the
 * provider's own name of the call; AIGC_E_INVALID_ARGUMENT past the last. Out parameters may be NULL. Since 1.0. */
aigc_status aigc_operation_at(size_t index, const char **provider, const char **operation, const char **kind,
                              const char **wire_name);

/* Iterates over the fields of an operation: for index 0, 1, 2 ... sets the neutral name, its type ("string", "int",
 * "double", "bool", "json", "image_url"), 1 if it is required, the provider's own name, and one sentence;
 * AIGC_E_INVALID_ARGUMENT past the last and for an operation that does not exist. Out parameters may be NULL. Since 1.0. */
aigc_status aigc_request_describe(const char *provider, const char *operation, size_t index, const char **name,
                                  const char **type, int32_t *required, const char **wire_name, const char **text);

/* Creates an empty request for an operation of a provider. Since 1.0. */
aigc_status aigc_request_new(const char *provider, const char *operation, aigc_request **request, aigc_error **error);

/* Sets a field by its neutral name. A name that the operation does not have and a field of another type are errors that
 * say what would be right; an int is accepted where a double is meant. Setting twice replaces. Model names, sizes and
 * ratios are passed through unchanged: the provider judges them. Since 1.0. */
aigc_status aigc_request_set_string(aigc_request *request, const char *name, const char *value, aigc_error **error);
aigc_status aigc_request_set_int(aigc_request *request, const char *name, int64_t value, aigc_error **error);
aigc_status aigc_request_set_double(aigc_request *request, const char *name, double value, aigc_error **error);
/* value: 0 is false, anything else true. Since 1.0. */
aigc_status aigc_request_set_bool(aigc_request *request, const char *name, int32_t value, aigc_error **error);

/* Sets a field from JSON text: a field of any type by its neutral name, or, for what a cloud adds later, any field of the
 * body by the provider's own name behind "body.", with dots into objects: "body.ExtraParameters.NewField". Nothing is
 * checked about a "body." field except that it is JSON; it wins over a neutral name that writes the same field. Since 1.0. */
aigc_status aigc_request_set_json(aigc_request *request, const char *name, const char *json, aigc_error **error);

/* Adds a reference image (it must be publicly reachable for the provider). reference_type is Tencent's ReferenceType
 * and NULL elsewhere. Since 1.0. */
aigc_status aigc_request_add_image_url(aigc_request *request, const char *url, const char *reference_type,
                                       aigc_error **error);

/* Sets how this library treats the job, not what the provider is asked. Options: "follow" ("true" or "false"; default
 * the configuration's job.follow), "deadline_ms" (default job.deadline_ms); since 1.1 "traceparent" and "tracestate", which
 * do from the first call on what aigc_job_set_trace() does ("" takes them back); since 1.2 "key", "hold" and "check".
 * Unknown options are errors. Since 1.0.
 *
 * "key" names the job in the journal: 1 to 255 bytes, chosen by you, one for each picture that you want ("batch-7/000123").
 * It needs a client with a journal.path ("" takes it back): see aigc_client_submit(). Do not make it from the arguments: two
 * equal prompts may be meant twice. "hold" ("true" or "false", default "false"): the job waits before its first byte, with
 * credentials, rate and place, until aigc_job_release(): a host notes it in a database of its own first.
 *
 * "check" ("on" or "off", default "on"): aigc_client_submit() refuses values that the text of their field excludes, or that
 * nobody means, with AIGC_E_INVALID_ARGUMENT before anything is sent: a text of nothing but blanks, an Alibaba prompt
 * without <special-token>, a seed out of range. "off" sends them as they are; what is required stays so. */
aigc_status aigc_request_set_option(aigc_request *request, const char *name, const char *value, aigc_error **error);

/* Frees a request. Jobs made from it are not touched. NULL is fine. Since 1.0. */
void aigc_request_free(aigc_request *request);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Client                                                                                                           */
/* ---------------------------------------------------------------------------------------------------------------- */

/* One engine: connections, rates, credentials, jobs. One per process is enough for thousands of jobs. Since 1.0. */
typedef struct aigc_client aigc_client;

/* A submitted, attached or downloading job. Since 1.0. */
typedef struct aigc_job aigc_job;

/* Something that happened. Since 1.0. */
typedef struct aigc_event aigc_event;

/* Image bytes in memory. Since 1.0. */
typedef struct aigc_buffer aigc_buffer;

/* Creates a client. config is copied; NULL means all defaults. The process environment (credentials, proxy, CA) is read
 * here, on this thread, and not again. Where the configuration does not set them, AIGC_ALIBABA_ENDPOINT,
 * AIGC_TENCENT_ENDPOINT, AIGC_CA_FILE and AIGC_ALLOW_PRIVATE_ADDRESSES (1 or 0) stand for alibaba.endpoint,
 * tencent.endpoint, tls.ca_file and download.allow_private_addresses: "aigc sandbox" sets them, so that any program meets
 * the sandbox unchanged. A program with rights that its caller has not (set-uid, file capabilities) takes nothing from
 * the environment. Starts no thread and opens no connection. Since 1.0. */
aigc_status aigc_client_new(const aigc_config *config, aigc_client **client, aigc_error **error);

/* Ends all jobs of the client here (AIGC_E_CANCELLED) and joins its threads; the jobs go on at the provider. Submissions
 * that are on the wire get up to grace_ms for their answer, so that the ids of accepted jobs are not lost. Handles stay
 * readable and queued events can still be taken. Closing twice is fine. Blocks at most grace_ms plus a moment. NULL is
 * fine. Since 1.0. */
void aigc_client_close(aigc_client *client, int64_t grace_ms);

/* Closes the client if need be, with the grace of the configuration's close.grace_ms, and frees it. Its job, event and
 * buffer handles stay valid until they are freed themselves. NULL is fine. Since 1.0. */
void aigc_client_free(aigc_client *client);

/* Gives a provider's credentials (replacing all other sources) from now on. For Alibaba id and secret are AccessKey id
 * and secret, for Tencent SecretId and SecretKey. token is the STS security token or NULL. expires_at_ms is when they
 * end, 0 if never; before that an AIGC_EVENT_CREDENTIALS_NEEDED asks for new ones. AIGC_E_INVALID_ARGUMENT for a key or
 * token that is not printable ASCII without blanks; what was in use stays in use. Since 1.0. */
aigc_status aigc_client_set_credentials(aigc_client *client, const char *provider, const char *id, const char *secret,
                                        const char *token, int64_t expires_at_ms, aigc_error **error);

/* What this client stands on, as JSON in a buffer, yours to free, for diagnosis and support:
 *   "tls"        "ca_file", "ca_path", "ca_problem" (why no https call can work), "client_certificate", "minimum"
 *   "providers"  for each: "provider", "endpoint", "region", "proxy" (without user and password),
 *                "credentials": null before the first call, then "found_in" (where, in our words), "source" (the
 *                provider's words), "id" (shortened), "temporary", "expires_at_ms" (0: never),
 *                "clock": null before the first answer, then "offset_ms" (the provider's clock minus this machine's; the
 *                last half second is uncertain) and "seen_at_ms"
 *   "journal"    the journal.path, null without one (since 1.2)
 * More may be added. Holds no secret, sends nothing and waits for nothing. Any thread. Since 1.0. */
aigc_status aigc_client_report(aigc_client *client, aigc_buffer **report, aigc_error **error);

/* What this client has done so far, counted since it was made, as JSON in a buffer, yours to free:
 *   "at_ms", "since_ms"  when this was counted, and when counting began
 *   "calls"       for each "provider", "action" (the provider's name of the call; "GET" for an image's URL) and "kind"
 *                 ("submit", "status", "image", "read"): "started" (went to the wire), "repeated" (of these, after a failure),
 *                 "answered", "failed" (an object: status name to count; also what failed before it left), "cut" (ended here
 *                 on the wire), "throttled", "in_flight", "sent_bytes", "received_bytes" (bodies), "wait_ms" (until it left),
 *                 "duration_ms" (on the wire)
 *   "calls_waiting"      for credentials, for their rate or for a free place
 *   "jobs"        for each "provider", "operation" and "kind" ("job", "download"): "started" (also attached), "accepted",
 *                 "succeeded", "failed", "cancelled", "unknown", "active", "duration_ms" (of those that succeeded)
 *   "credentials" for each "provider": how often looking for them "found" some and "failed"
 *   "events_queued", "logs_lost" (log records that had to go before they were taken)
 * A histogram ("..._ms") has "bounds" (inclusive, milliseconds), "counts" (one more than bounds: the last is what is longer;
 * not cumulative) and "sum". Everything but the queues, "active" and "in_flight" only grows. More may be added. Holds no
 * secret and waits for nothing. Any thread. Since 1.1. */
aigc_status aigc_client_stats(aigc_client *client, aigc_buffer **stats, aigc_error **error);

/* Submits a request. Never blocks: everything is checked, the job is queued, and the engine sends it, at most once
 * unless it surely never reached the provider. What a check refuses costs nothing and creates no job.
 * *job is the new job, yours to free; freeing it does not end it. Since 1.0.
 *
 * With a journal (since 1.2) the call waits for the disk, not for the network. A key that the journal knows is not submitted:
 * AIGC_OK, and *job is the known job, in whatever state it is; one that ended well gets its images by one status call. One that
 * another client drives is watched (AIGC_STATE_QUEUED, AIGC_STATE_SUBMITTING), and taken over when that client is gone. A
 * submission that was on the wire when its process died ends with AIGC_E_OUTCOME_UNKNOWN and is not sent again. A key whose
 * job surely did not run (AIGC_OUTCOME_NOT_SENT) is free for another submission. Another request under a key in use is
 * AIGC_E_KEY_CONFLICT; AIGC_E_JOURNAL and AIGC_E_NO_SPACE: nothing was sent. Without a "key" a client with a journal makes
 * one up (aigc_job_key()). */
aigc_status aigc_client_submit(aigc_client *client, const aigc_request *request, aigc_job **job, aigc_error **error);

/* Attaches a job from its token, in any process and any language. follow: 1 to have the engine poll it until it ends, 0
 * to poll it by aigc_job_refresh() only. Sends nothing by itself when follow is 0. Since 1.0. */
aigc_status aigc_client_attach(aigc_client *client, const char *token, int32_t follow, aigc_job **job,
                               aigc_error **error);

/* The same from the provider's own job id (Alibaba inferenceJobId, Tencent TaskId) and one of the operations that are
 * submitted; region and endpoint are those of the client. Since 1.0. */
aigc_status aigc_client_attach_id(aigc_client *client, const char *provider, const char *operation,
                                  const char *remote_id, int32_t follow, aigc_job **job, aigc_error **error);

/* The job of a key that the client's journal knows, as aigc_client_submit() would give it, without a request. follow as in
 * aigc_client_attach(). AIGC_E_NOT_FOUND: the journal has no such key. AIGC_E_WRONG_STATE: the client has no journal.path, or
 * the key was never sent and its client is gone: submit its request. Waits for the disk, not for the network. Since 1.2. */
aigc_status aigc_client_attach_key(aigc_client *client, const char *key, int32_t follow, aigc_job **job,
                                   aigc_error **error);

/* Takes over every job of the client's journal whose client is gone (killed, or closed before the job ended). An accepted
 * one is attached (follow as in aigc_client_attach()) and comes as AIGC_EVENT_JOB_ACCEPTED; one that was on the wire comes as
 * AIGC_EVENT_JOB_DONE with AIGC_E_OUTCOME_UNKNOWN. aigc_event_job() with aigc_job_ref() is its handle, aigc_job_key() its key.
 * Sends no submission; jobs of clients that live, also of stopped processes, are left alone. Sets *count (may be NULL) to
 * how many were taken. AIGC_E_WRONG_STATE: the client has no journal.path. Waits for the disk. Since 1.2. */
aigc_status aigc_client_resume(aigc_client *client, int32_t follow, size_t *count, aigc_error **error);

/* Fetches one image that is known by id or URL, without a job of this library before it. request is one of the
 * operations that fetch; path as in aigc_job_download(). Since 1.0. */
aigc_status aigc_client_fetch(aigc_client *client, const aigc_request *request, const char *path, aigc_job **download,
                              aigc_error **error);

/* Calls any operation of a provider's product by the provider's own name: what this version has no function for. json is
 * an object with the provider's own names, NULL means {}. The call is a job: wait for it, cancel it, give it a deadline;
 * when it has succeeded, aigc_job_provider_response() is the whole answer. It has no id, no token and no images, and no
 * AIGC_EVENT_JOB_ACCEPTED; aigc_job_operation() is the action.
 *
 * action: Tencent: the name, such as "DescribeAigcTaskList" (service mps, version 2019-06-12). Alibaba: the name of one of
 * the calls that the operations above are made of or "Personalizedtxt2imgQueryModelTrainStatus", or "Name METHOD /path"
 * for any other of the product (version 20240611), such as "GetThing GET /api/v1/thing"; METHOD is GET, where the members
 * of json become the query, or POST or PUT, where json is the body.
 *
 * reads: 0: the call may change something or cost money. It is sent at most once unless it surely never reached the
 * provider, exactly like aigc_client_submit(), and can end with AIGC_E_OUTCOME_UNKNOWN; AIGC_OUTCOME_ACCEPTED means that it
 * was answered. 1: it only reads. It is repeated through everything transient until it is answered, refused or its
 * deadline passes. Reading what is known to be submitted is AIGC_E_INVALID_ARGUMENT. Never blocks. Since 1.0. */
aigc_status aigc_client_call(aigc_client *client, const char *provider, const char *action, const char *json,
                             int32_t reads, aigc_job **job, aigc_error **error);

/* A descriptor that is readable while events are queued (level-triggered): put it into epoll, poll, libuv, GLib, asyncio.
 * It belongs to the client: never read, write or close it. Of events that come together it tells at once, which can be
 * milliseconds after the first of them can be taken. -1 on NULL or when descriptors are exhausted. Since 1.0. */
int32_t aigc_client_event_fd(aigc_client *client);

/* Takes the next event, yours to free, waiting up to timeout_ms for it (0: does not wait). AIGC_OK with *event NULL
 * means that none came in time, or that aigc_client_wake() was called. Events of one job come in order; JOB_STATE and
 * JOB_PROGRESS that were not taken in time are merged into the newest. Events are kept until they are taken, unless
 * nobody has ever asked this client for events: then those of a job vanish with its last handle. AIGC_E_CLOSED: timeout_ms
 * is not 0, the client has been closed and every event has been taken; a loop ends there. Since 1.0. */
aigc_status aigc_client_next_event(aigc_client *client, int64_t timeout_ms, aigc_event **event, aigc_error **error);

/* Called by aigc_client_dispatch() for each event, on the thread that called it. The event is freed afterwards. Since 1.0. */
typedef void (*aigc_event_handler)(const aigc_event *event, void *user_data);

/* Hands the events that are queued now to handler, one by one, first waiting up to timeout_ms for one to come. No lock is
 * held: the handler may call anything except aigc_client_free() of this client. Sets *handled (may be NULL).
 * AIGC_E_CLOSED as from aigc_client_next_event(). Since 1.0. */
aigc_status aigc_client_dispatch(aigc_client *client, int64_t timeout_ms, aigc_event_handler handler, void *user_data,
                                 size_t *handled, aigc_error **error);

/* Makes one waiting aigc_client_next_event() or aigc_client_dispatch() return early, or the next one if none waits.
 * Any thread; not for signal handlers. NULL is fine. Since 1.0. */
void aigc_client_wake(aigc_client *client);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Jobs                                                                                                             */
/* ---------------------------------------------------------------------------------------------------------------- */

/* States of a job. A download goes from QUEUED through RUNNING to its end. Since 1.0. */
enum {
    AIGC_STATE_NONE = 0,       /* no job (a NULL handle) */
    AIGC_STATE_QUEUED = 1,     /* not sent yet: it waits for the rate limit, credentials or a retry. If the provider has
                                  refused it for now, aigc_job_provider_response() says why */
    AIGC_STATE_SUBMITTING = 2, /* on the wire */
    AIGC_STATE_PENDING = 3,    /* accepted, not started */
    AIGC_STATE_RUNNING = 4,    /* started; also every provider state that this version does not know */
    AIGC_STATE_SUCCEEDED = 5,  /* ended: images can be fetched */
    AIGC_STATE_FAILED = 6,     /* ended: aigc_job_error() says why */
    AIGC_STATE_CANCELLED = 7,  /* ended here; it may go on at the provider */
    AIGC_STATE_UNKNOWN = 8     /* ended: whether the provider accepted the submission is not known */
};

/* The name of a state, "AIGC_STATE_PENDING"; "AIGC_STATE_?" for one that does not exist. Lives for ever. Since 1.0. */
const char *aigc_state_name(int32_t state);

/* A number that is unique among the jobs of the process; 0 for NULL. Since 1.0. */
uint64_t aigc_job_id(const aigc_job *job);

/* The provider's id (Alibaba inferenceJobId, Tencent TaskId); NULL until it is known. Since 1.0. */
const char *aigc_job_remote_id(aigc_job *job);

/* A printable token of at most 256 bytes, without any secret, that attaches this job in another process. NULL until the
 * provider has accepted the job (AIGC_EVENT_JOB_ACCEPTED is the moment to store it). A download has the token of its job,
 * which its errors name too, or none if it has no job (aigc_client_fetch). An id that the provider made longer than fits
 * has no token: keep aigc_job_remote_id(). Since 1.0. */
const char *aigc_job_token(aigc_job *job);

/* The key of the job in the journal: yours, or one that the client made up. NULL without a journal, for a job that was
 * attached by token or id, and for downloads. Since 1.2. */
const char *aigc_job_key(aigc_job *job);

/* One of AIGC_STATE_*. Since 1.0. */
int32_t aigc_job_state(const aigc_job *job);

/* One of AIGC_OUTCOME_*: what is known about the submission. It can still turn from UNKNOWN to ACCEPTED after the job
 * was cancelled or its deadline passed, when the answer arrives late. Since 1.0. */
int32_t aigc_job_outcome(const aigc_job *job);

/* From 0.0 to 1.0: the provider's own figure (Alibaba jobTrainProgress), or bytes for a download; -1.0 if unknown. Since 1.0. */
double aigc_job_progress(const aigc_job *job);

/* For a download: bytes received, and bytes in all or -1 if unknown; ten times a second with the configuration's
 * events.progress, otherwise as of the last transfer that ended. Out parameters may be NULL. Since 1.0. */
void aigc_job_bytes(const aigc_job *job, int64_t *received, int64_t *total);

/* Names of provider and operation, as given to aigc_request_new(). Since 1.0. */
const char *aigc_job_provider(aigc_job *job);
const char *aigc_job_operation(aigc_job *job);

/* The provider's own word for the state ("WAIT_SCHEDULE", "RUN", or one that nobody has documented). NULL until one has
 * been seen. While the job waits in AIGC_STATE_QUEUED because the provider has refused it for now: the code of that
 * refusal ("RequestLimitExceeded").
 *
 * This getter, aigc_job_provider_response() and aigc_job_request_id() can give another string after each answer, without
 * end. Of each of the three a handle keeps the 16 different strings that it gave out last; the 17th newest is freed by the
 * call that gives a new one. So a pointer stays valid at least as long as nobody asks this handle for the answer again. Copy
 * what you keep longer, or what you read while another thread asks the same handle. Since 1.0. */
const char *aigc_job_provider_state(aigc_job *job);

/* The provider's last answer about this job as it came, with every field it sent: JSON as a rule. An answer that could not
 * be read is here too, its first 64 KiB; what is no text in it, and each NUL, is U+FFFD. Longer answers than 1 MiB that
 * were read are not kept. NULL until one came. While the job waits in AIGC_STATE_QUEUED because the provider has refused
 * it for now: that refusal, as an object with "Code", "Message" and "RequestId", those that came. Since 1.0. */
const char *aigc_job_provider_response(aigc_job *job);

/* The provider's request id of the last answer. NULL until one came. Since 1.0. */
const char *aigc_job_request_id(aigc_job *job);

/* Waits until the job has ended, at most timeout_ms. AIGC_OK: it succeeded. AIGC_E_TIMEOUT: it has not ended. Anything
 * else is how it ended, as from aigc_job_error(). A job that is not followed ends by aigc_job_refresh() or its deadline.
 * Any number of threads may wait for one job. Does not take events. Since 1.0. */
aigc_status aigc_job_wait(aigc_job *job, int64_t timeout_ms, aigc_error **error);

/* Makes exactly one status call, not repeated if it fails, and waits up to timeout_ms for its answer. AIGC_OK: the answer
 * is in the getters; with timeout_ms 0 it does not wait, and AIGC_OK means that the call has been started
 * (AIGC_EVENT_JOB_REFRESHED tells the end). AIGC_E_TIMEOUT: the answer has not come yet. Another status: the call failed;
 * the job has not ended because of it. Where it ends otherwise meanwhile: AIGC_E_WRONG_STATE, or how it ended. While a
 * status call of the job is under way a further refresh shares its answer. AIGC_E_WRONG_STATE for a job that has
 * ended, has no id yet, or is a download. Since 1.0. */
aigc_status aigc_job_refresh(aigc_job *job, int64_t timeout_ms, aigc_error **error);

/* Turns following on (1) or off (0) at any time. Since 1.0. */
aigc_status aigc_job_set_follow(aigc_job *job, int32_t follow, aigc_error **error);

/* Sets the deadline of the job to now plus deadline_ms (AIGC_FOREVER: none). Since 1.0. */
aigc_status aigc_job_set_deadline_ms(aigc_job *job, int64_t deadline_ms, aigc_error **error);

/* Passes the trace of your own tracing on (W3C Trace Context): from now on every API call about this job carries these two
 * headers, unsigned; image hosts do not get them. A download inherits them from its job. traceparent is
 * "00-<32 hex digits>-<16 hex digits>-<2 hex digits>" in lower case, tracestate at most 512 printable characters or NULL;
 * traceparent NULL ends it. aigc_request_set_option() sets them before the first call. Since 1.1. */
aigc_status aigc_job_set_trace(aigc_job *job, const char *traceparent, const char *tracestate, aigc_error **error);

/* Lets the first byte of a job leave that was submitted with the option "hold": call it once your own note of the job is
 * safe. Before AIGC_EVENT_JOB_READY it takes the hold off. A job that was released stays so, also where its submission is
 * repeated because it surely never reached the provider. AIGC_E_WRONG_STATE for a job that is not held and never was, and
 * for one that has ended. Since 1.2. */
aigc_status aigc_job_release(aigc_job *job, aigc_error **error);

/* Ends the job here, at once: when this returns it has ended, so or otherwise. Idempotent. Neither provider can be told
 * to stop: an accepted job goes on and is billed, and its token stays valid. If the submission is on the wire its answer is
 * still awaited in the background, and the id appears (AIGC_EVENT_JOB_ACCEPTED) when it comes. A download that is just
 * being published may end as a success. NULL is fine. Since 1.0. */
void aigc_job_cancel(aigc_job *job);

/* How the job ended: AIGC_OK for success and for a job that has not ended, with *error NULL; otherwise its status and a
 * new error object, yours to free. error may be NULL. An error object never changes; if the answer to a submission comes
 * after the job has ended here, the next call gives an error with the outcome that is known by then. Since 1.0. */
aigc_status aigc_job_error(aigc_job *job, aigc_error **error);

/* The id of what a job has made where that is no image: for AIGC_ALIBABA_MODEL_TRAIN the id of the model. NULL until the
 * job has succeeded, and for every other operation. Since 1.0. */
const char *aigc_job_result_id(aigc_job *job);

/* How many images a succeeded job has; 0 before, and for a job that makes none. Since 1.0. */
size_t aigc_job_asset_count(const aigc_job *job);

/* The provider's id of an image (Alibaba), or its URL (Tencent). NULL past the last. Since 1.0. */
const char *aigc_job_asset_id(aigc_job *job, size_t index);

/* The URL of an image where the provider gives URLs (Tencent). It can hold a signature: treat it as a secret. NULL
 * elsewhere. Since 1.0. */
const char *aigc_job_asset_url(aigc_job *job, size_t index);

/* When the image's URL ends, as far as is known (Tencent: 12 hours after the job was first seen done, or what the URL
 * itself says); 0 if unknown. Since 1.0. */
int64_t aigc_job_asset_expires_at_ms(const aigc_job *job, size_t index);

/* Starts the download of an image: itself a job, which you wait for, cancel and free like any other. path: the file to
 * write, or NULL for memory (aigc_job_take_buffer).
 *
 * One rule says where an image lands, here, in Python (out=) and in the command (--out): a path whose last part ends in
 * ".*" or in the suffix of an image (.png, .jpg, .jpeg, .webp, .gif, .bmp) is a file, every other path is a folder, and a
 * relative path starts at the working folder of the moment of the call. This function writes one file into a folder that
 * is there: it takes a path without such a suffix for a file's too, and refuses one that ends in "/" or names a folder.
 * ".*" becomes the suffix of the format that comes: png, jpg, webp, gif or bmp. Any other name is kept as it is; where its
 * suffix is that of another format, an AIGC_EVENT_WARNING and the log say so.
 *
 * The image is written to a temporary file beside it, checked, flushed to disk and renamed, so that the file is never
 * there in part. An image in a private COS bucket (Tencent's cos_bucket) is signed for if the host of its own URL is one
 * of the configuration's tencent.cos_hosts, which may have inner addresses; no other host ever is, and no redirect that
 * comes from another host. AIGC_E_WRONG_STATE unless the job has succeeded. Since 1.0. */
aigc_status aigc_job_download(aigc_job *job, size_t index, const char *path, aigc_job **download, aigc_error **error);

/* For a download that has succeeded: the absolute path of the file, with ".*" resolved. NULL before and for memory.
 * Since 1.0. */
const char *aigc_job_path(aigc_job *job);

/* For a download that has succeeded: "image/png", "image/jpeg", "image/webp", "image/gif" or "image/bmp", from the bytes
 * themselves. NULL before. Since 1.0. */
const char *aigc_job_content_type(aigc_job *job);

/* Takes the bytes of a download to memory that has succeeded; yours to free. A second call is AIGC_E_WRONG_STATE. Since 1.0. */
aigc_status aigc_job_take_buffer(aigc_job *job, aigc_buffer **buffer, aigc_error **error);

/* A pointer of yours that travels with the job. The library never follows it. Since 1.0. */
void aigc_job_set_user_data(aigc_job *job, void *user_data);
void *aigc_job_user_data(const aigc_job *job);

/* Another handle on the same job, to be freed like any other; returns job. NULL for NULL. Since 1.0. */
aigc_job *aigc_job_ref(aigc_job *job);

/* Frees a handle. The job goes on. NULL is fine. Since 1.0. */
void aigc_job_free(aigc_job *job);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Events                                                                                                           */
/* ---------------------------------------------------------------------------------------------------------------- */

/* Types of events. New ones may be added: ignore what you do not know. Since 1.0. */
enum {
    AIGC_EVENT_NONE = 0,              /* no event (a NULL handle) */
    AIGC_EVENT_JOB_STATE = 1,         /* the state changed: aigc_event_state() */
    AIGC_EVENT_JOB_ACCEPTED = 2,      /* the provider's id is known: store aigc_job_token() now. It can come after
                                         JOB_DONE, if an answer arrives after a cancel or a deadline */
    AIGC_EVENT_JOB_REFRESHED = 3,     /* the call of an aigc_job_refresh() has ended: aigc_event_status() */
    AIGC_EVENT_JOB_PROGRESS = 4,      /* progress changed (only with the configuration's events.progress) */
    AIGC_EVENT_JOB_DONE = 5,          /* the job has ended, once: aigc_event_status() and aigc_event_state() */
    AIGC_EVENT_CREDENTIALS_NEEDED = 6, /* credentials given by aigc_client_set_credentials() end soon or have been refused:
                                         aigc_event_provider(). It comes five minutes before their end, or at half of
                                         their life if that is shorter, also when no call is made */
    AIGC_EVENT_WARNING = 7,           /* something to know, while the jobs keep running: a credential file that everybody
                                         can read, calls that fail on this machine and are tried again, a long rest that
                                         the provider asked for, an id that came after its job had ended here (then
                                         aigc_event_job() is the job): aigc_event_message(), aigc_event_provider(). Told
                                         once, not for each job and call; of those that nobody takes 64 are kept */
    AIGC_EVENT_LOG = 8,               /* what the library does (only with the configuration's log.level, since 1.1):
                                         aigc_event_level(), aigc_event_message(), aigc_event_fields(),
                                         aigc_event_job_id(). Of those that nobody takes log.capacity are kept */
    AIGC_EVENT_JOB_READY = 9          /* a job that was submitted with "hold" has everything that it needs, and waits for
                                         aigc_job_release(); meanwhile it keeps its place (since 1.2) */
};

/* One of AIGC_EVENT_*. Since 1.0. */
int32_t aigc_event_type(const aigc_event *event);

/* The job that it is about; it belongs to the event: aigc_job_ref() to keep it. NULL if none, and for a log record. Since 1.0. */
aigc_job *aigc_event_job(const aigc_event *event);

/* The number of that job; 0 if none. Since 1.0. */
uint64_t aigc_event_job_id(const aigc_event *event);

/* The state that it tells of. Since 1.0. */
int32_t aigc_event_state(const aigc_event *event);

/* JOB_DONE: how the job ended, AIGC_OK if it succeeded. JOB_REFRESHED: how the call ended. Otherwise AIGC_OK. Since 1.0. */
aigc_status aigc_event_status(const aigc_event *event);

/* The provider that it is about. Since 1.0. */
const char *aigc_event_provider(const aigc_event *event);

/* One line for people, without a secret: of a warning, of a log record (always the same words for the same thing), and of a
 * JOB_DONE or JOB_REFRESHED that tells of a failure. NULL otherwise. Since 1.0. */
const char *aigc_event_message(const aigc_event *event);

/* Levels of log records. The configuration's log.level names the last that is told. Since 1.1. */
enum {
    AIGC_LOG_NONE = 0,    /* no log record */
    AIGC_LOG_ERROR = 1,   /* a job or a download has failed */
    AIGC_LOG_WARNING = 2, /* a call has failed, and may be repeated; credentials or clock are wrong */
    AIGC_LOG_INFO = 3,    /* jobs accepted, changed, ended; credentials found */
    AIGC_LOG_DEBUG = 4    /* every call, and the body of submissions with its prompt, without secrets */
};

/* The level of an AIGC_EVENT_LOG; AIGC_LOG_NONE for others. Since 1.1. */
int32_t aigc_event_level(const aigc_event *event);

/* What belongs to an AIGC_EVENT_LOG, as a JSON object on one line: always "at_ms"; where they apply "provider", "job"
 * (aigc_job_id()), "remote_id", "action", "attempt" (from 1), "request_id", "http_status", "waited_ms", "duration_ms",
 * "received_bytes", "state", "status", "error", "provider_code", "retry_after_ms", "trace_id", "body". More may be added.
 * Holds no secret. NULL for others. Since 1.1. */
const char *aigc_event_fields(const aigc_event *event);

/* Frees an event. NULL is fine. Since 1.0. */
void aigc_event_free(aigc_event *event);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Buffers                                                                                                          */
/* ---------------------------------------------------------------------------------------------------------------- */

/* The bytes, of an image or of a report; they live as long as the buffer. NULL for NULL. Since 1.0. */
const void *aigc_buffer_data(const aigc_buffer *buffer);

/* Their number. Since 1.0. */
size_t aigc_buffer_size(const aigc_buffer *buffer);

/* "image/png" and so on, from the bytes themselves; "application/json" or "application/jsonl" of a report. Since 1.0. */
const char *aigc_buffer_content_type(const aigc_buffer *buffer);

/* Frees a buffer. NULL is fine. Since 1.0. */
void aigc_buffer_free(aigc_buffer *buffer);

/* ---------------------------------------------------------------------------------------------------------------- */
/* The journal, for tools: without a client                                                                         */
/* ---------------------------------------------------------------------------------------------------------------- */

/* The journal is a folder of your user's on a local disk, used by any number of processes at once. It holds keys, states, the
 * providers' ids, times, and a digest of each request; never a prompt (unless journal.requests keeps the bodies of requests
 * until their jobs have ended), a URL of an image, or a secret. Never open its files with another copy of SQLite inside a
 * process that uses it. Each call of this section opens the folder, does one thing and closes it; a folder or file that is
 * not there is AIGC_E_JOURNAL. Any thread; they wait for the disk.
 *
 * Sets *rows to a page of keys in ascending order of their bytes, a JSON object a line, in a buffer that is yours to free;
 * size 0: there are no more. after: the last key of the page before, or NULL to begin. filter_json: NULL, or an object with
 * any of "states" (a list of states' names), "provider", "prefix" (of keys) and "limit" (1 to 10,000, default 1,000). A line has
 *   "key", "state" ("claimed": taken, and surely not sent; "sending": may be on the wire; "accepted"; "succeeded", "failed":
 *   ended after acceptance; "refused": ended, surely not run; "unknown": was on the wire, in doubt; "abandoned": by hand),
 *   "provider", "operation", "region", "endpoint", "remote_id", "request_id", "attempts", "images", "status" (name of the
 *   status code of its end), "provider_code", "note", "owner" (0: nobody), "owner_alive", and "claimed_at_ms", "sent_at_ms",
 *   "accepted_at_ms", "ended_at_ms", "changed_at_ms" (Unix milliseconds). What is unknown is null. More may be added.
 * Since 1.2. */
aigc_status aigc_journal_list(const char *path, const char *filter_json, const char *after, aigc_buffer **rows,
                              aigc_error **error);

/* Writes what you have found out about a key that is in doubt ("unknown"), at the provider's console for instance. outcome:
 * AIGC_OUTCOME_ACCEPTED with the remote_id of its job: it is followed by whoever submits or attaches the key or resumes;
 * AIGC_OUTCOME_NOT_SENT: the key is free for another submission, which may cost a second time if you are wrong;
 * AIGC_OUTCOME_UNKNOWN: it is abandoned, never sent again. remote_id is NULL with the last two. AIGC_E_NOT_FOUND: there is no
 * such key. AIGC_E_WRONG_STATE: nothing is in doubt, or a client that lives drives the job. Since 1.2. */
aigc_status aigc_journal_resolve(const char *path, const char *key, int32_t outcome, const char *remote_id,
                                 aigc_error **error);

/* Forgets ended keys (succeeded, failed, refused, abandoned) that have not changed for older_than_ms milliseconds. A key that
 * is forgotten can be submitted, and paid, again. Sets *removed (may be NULL). Since 1.2. */
aigc_status aigc_journal_prune(const char *path, int64_t older_than_ms, size_t *removed, aigc_error **error);

/* Reads the whole file and sets *report to JSON, in a buffer that is yours to free: "path", "ok", "problems" (what SQLite
 * finds wrong), "warning" (of a file system that may not last; or null), "bytes", "free_bytes" (-1: unknown), "sqlite",
 * "format", "counts" (state to number of keys) and "orphans" (open jobs whose clients are gone). A file that is none, or is
 * damaged, is AIGC_E_JOURNAL or has "ok" false; nothing is ever repaired or deleted. More may be added. Since 1.2. */
aigc_status aigc_journal_check(const char *path, aigc_buffer **report, aigc_error **error);

#ifdef __cplusplus
}
#endif

#endif /* AIGC_H */
