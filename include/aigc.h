/*
 * aigc.h - submit and follow image-generation jobs on Alibaba Cloud (AiContent personalized text-to-image) and Tencent
 * Cloud (MPS AIGC image tasks), and fetch their images, through one API.
 *
 * This header is the manual. It is valid C99 and C++98. Link with -laigc, or load libaigc.so.1 at run time.
 *
 * GLOSSARY
 *
 *  - A provider is one of the two clouds. A job is one order to a provider. The library handles a download of an image
 *    as a job too. A job ends when this process stops working on the job: with a result, an error, a deadline, a cancel
 *    or a close. After an end without a result, an accepted job may keep running at the provider.
 *  - A submission is the HTTP request to the provider that starts a job. A submission is "on the wire" from its first
 *    byte until its answer has come. The outcome of a submission is one of three: the provider accepted the job,
 *    certainly no job runs, or nobody knows (the outcome is unknown).
 *  - To follow a job is to ask the provider for the state of the job, again and again, until the job ends. One such
 *    question is a status call, or a poll. A client follows jobs on its own thread, the engine.
 *  - A handle is a pointer to an object of this library, such as aigc_job *. "Yours to free" means: you own the handle,
 *    and you must call its _free function.
 *  - A token is a short text that names an accepted job. To attach a job is to get a handle for the job from its token,
 *    its id or its key.
 *  - The journal is a folder that remembers jobs. A key is the name that you give to a job in the journal. A job and
 *    its key are in doubt if nobody knows whether the job runs. The keys of a configuration are called configuration
 *    keys, and the keys of an account are called access keys.
 *
 * PROMISES (a table in README.md names the tests of each promise)
 *
 *  1. Loading the library starts no thread, opens no descriptor, reads no file and changes no signal handler. The
 *     environment variables of the Swift runtime (such as SWIFT_BACKTRACE) do not change this.
 *  2. The library never calls your code from its own threads. It gives you events only inside aigc_client_next_event()
 *     and aigc_client_dispatch(), on the thread of your call, with no lock held.
 *  3. You may call every function from any thread at any time, with these exceptions: only one thread at a time may use
 *     an aigc_config or an aigc_request; no thread may use a handle after its _free; no signal handler may call a
 *     function; a handler of aigc_client_dispatch() may not free its client. A pthread_cancel() of a thread inside a
 *     call takes effect after the call.
 *  4. Every type of handle has its own _free function. A _free function accepts NULL. You may free handles in any
 *     order. The library copies the strings that you pass in. A const char * that you get stays valid until you free
 *     the handle that gave it. There is one exception: the strings of aigc_job_provider_state(),
 *     aigc_job_provider_response() and aigc_job_request_id() change with each answer. Such a string stays valid until
 *     the same thread calls the same function on the same handle again. Calls on other threads do not free it.
 *  5. In one process, each job ends exactly once, with one AIGC_EVENT_JOB_DONE. Handles with the same aigc_job_id() are
 *     handles of one job. If you attach one token or id twice, this process has two jobs for one order, and each of
 *     them ends once.
 *  6. A submission is sent at most once, unless it provably started no job: it never reached the provider, or the
 *     provider refused it. If the outcome is unknown (AIGC_OUTCOME_UNKNOWN), the library does not send the submission
 *     again.
 *  7. After fork(), the child may do only one thing with a handle that it inherited: free it. Such a _free closes
 *     nothing and ends no job. Every function that returns a status returns AIGC_E_FORKED for an inherited client or
 *     job. The parent is not affected. The child may create and use its own clients.
 *  8. Bad data from the network, a full disk or a wrong argument never aborts the process. If the library cannot do
 *     what you asked for, you get an error. A file with the final name of an image is always complete.
 *  9. The library never writes a secret into a message, a log, a token or a file. There is one limit: if you set
 *     journal.requests, the journal keeps the URLs of reference images as you gave them, with their signatures. The
 *     library removes the client's secrets from the answers of servers (the guide page credentials.md names the
 *     limits). It sends a secret only to the host that the secret is for.
 * 10. With a journal (configuration key journal.path, since 1.2), each job that you submit has a key. The same key
 *     never starts two jobs, across threads, clients, processes, crashes and languages on one machine, unless you tell
 *     the journal that no job ran (aigc_journal_resolve()) or remove the key (with aigc_journal_prune(), or with the
 *     configuration key journal.keep_ms). Before the first byte of a submission is sent, the journal's entry for the
 *     submission is on disk: if the library cannot write the entry, it does not send the submission. The provider's job
 *     id is on disk before AIGC_EVENT_JOB_ACCEPTED reports it. If the disk refuses the id, you still get the id, with
 *     an AIGC_EVENT_WARNING, and the library tries again to write it. After the death of a process, a job is in doubt
 *     (AIGC_STATE_UNKNOWN) only if its submission was on the wire. A job is also in doubt if the machine failed (power
 *     cut, reset) between the start of the connection and the moment when the id of the job was on the disk. If you set
 *     journal.sync to "normal", the library does not wait for the disk: this promise then holds after the death of a
 *     process, but not after a failure of the machine.
 *
 * THE SIMPLE PATH (bindings/c/generate.c is the complete program)
 *
 *     aigc_client *client = NULL; aigc_request *request = NULL; aigc_job *job = NULL, *download = NULL;
 *     aigc_client_new(NULL, &client, &error);                       // credentials from environment variables
 *     aigc_request_new(AIGC_TENCENT, AIGC_TENCENT_IMAGE, &request, &error);
 *     aigc_request_set_string(request, "prompt", "a cat in the snow", &error);
 *     aigc_client_submit(client, request, &job, &error);            // never blocks on the network
 *     aigc_job_wait(job, AIGC_FOREVER, &error);                     // blocks until the job has ended
 *     aigc_job_download(job, 0, "cat.*", &download, &error);        // ".*" becomes the suffix, such as ".png"
 *     aigc_job_wait(download, AIGC_FOREVER, &error);
 *     puts(aigc_job_path(download));
 *
 * For Tencent, the credentials come from the environment variables TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY.
 * For Alibaba, they come from ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET. Credentials can also
 * come from configuration keys, files, roles and metadata services: see the guide page credentials.md.
 *
 * CONVENTIONS
 *
 *  - A function that can fail returns aigc_status and takes aigc_error **error as its last parameter. You may pass
 *    NULL. If error is not NULL, the function sets *error. On AIGC_OK, *error becomes NULL. Otherwise *error becomes a
 *    new error object, yours to free. The function overwrites the old value of *error and does not free it. The
 *    functions that iterate (index 0, 1, 2 ...) return aigc_status and have no error parameter.
 *  - A handle that a function gives through an out parameter is yours to free. On failure the function sets the out
 *    parameter to NULL. If an out parameter for a handle is NULL, the function returns AIGC_E_INVALID_ARGUMENT, unless
 *    the description of the function says otherwise.
 *  - A getter cannot fail. For a NULL handle it returns NULL, 0, or the value that its description names. Only
 *    aigc_client_event_fd() can fail: then it returns -1.
 *  - Strings are UTF-8 and end with a NUL byte. If a string that you pass in is not valid UTF-8, the function returns
 *    AIGC_E_INVALID_ARGUMENT.
 *  - A value whose name ends in _at_ms is a time, in milliseconds since 1970-01-01 UTC; 0 means unknown or never. A
 *    duration is in milliseconds of the monotonic clock. AIGC_FOREVER (-1) waits without limit.
 *  - "Since 1.2" names the library version that introduced a declaration or a feature. Nothing is removed within major
 *    version 1.
 *
 * THREADS, FORK, EXIT
 *
 *  A client starts one thread, the engine, when a function first creates or attaches a job, or at the first
 *  aigc_client_resume() or aigc_client_set_credentials(). The client also starts short-lived threads for slow work with
 *  files, credentials and the journal. All these threads block all signals, and aigc_client_close() joins them. libcurl
 *  starts its own thread to look up a host name. The thread of libcurl also blocks all signals, and it runs no code of
 *  this library. If the system's resolver does not answer, the thread of libcurl can outlive aigc_client_close(). The
 *  library never causes a SIGPIPE or a SIGXFSZ (ulimit -f) in your program. Every function needs at most 64 KiB of
 *  stack. A program may call exit() while jobs run: you can attach an accepted job again from its token. The library is
 *  linked with -z nodelete: dlclose() is harmless and unloads nothing.
 *
 * SIGNALS
 *
 *  A signal does not end a wait. Your signal handler runs, and then aigc_job_wait(), aigc_client_next_event() and all
 *  other waits continue. Do not call functions of this library in a signal handler. If Ctrl-C kills a process while its
 *  submission is on the wire, nobody learns the id of the job. So let the signal handler only set a flag, and wait for
 *  the job in short steps. When the flag is set, close the client with a grace period. In this time, the answer can
 *  still come:
 *
 *     static volatile sig_atomic_t interrupted;
 *     static void interrupt(int number) { interrupted = number; }     // signal(SIGINT, interrupt); SIGTERM, SIGHUP too
 *
 *     while (aigc_job_wait(job, 100, NULL) == AIGC_E_TIMEOUT)
 *         if (interrupted) aigc_client_close(client, 10000);          // a submission on the wire gets ten seconds
 *     if (aigc_job_token(job)) fprintf(stderr, "token: %s\n", aigc_job_token(job));
 *     else if (aigc_job_outcome(job) == AIGC_OUTCOME_UNKNOWN)
 *         fputs("the job may run and be billed: look at the provider's console first\n", stderr);
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

/* Version of this header. A binding is written for one version. The binding refuses a library that has another major
 * version or an older minor version. Since 1.0. */
#define AIGC_VERSION_MAJOR 1
#define AIGC_VERSION_MINOR 2
#define AIGC_VERSION_PATCH 0
#define AIGC_VERSION_NUMBER (AIGC_VERSION_MAJOR * 1000000 + AIGC_VERSION_MINOR * 1000 + AIGC_VERSION_PATCH)

/* A timeout without limit: the call waits until it is done. Since 1.0. */
#define AIGC_FOREVER INT64_C(-1)

/* Version of the library at run time, in the form of AIGC_VERSION_NUMBER. Any thread. Since 1.0. */
int32_t aigc_version_number(void);

/* Version of the library at run time as text, "1.2.0". The string is never freed. Any thread. Since 1.0. */
const char *aigc_version_string(void);

/* One line of JSON: the versions of this library, libcurl, the TLS library of libcurl, OpenSSL and jansson. The string
 * is never freed. Since 1.0. */
const char *aigc_build_info(void);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Status codes. Each code says what to do. aigc_error_provider_code() gives the provider's own code.               */
/* ---------------------------------------------------------------------------------------------------------------- */

/* A status code. Later versions may add codes. Treat an unknown code by the line of its group: 207 like the line "2xx"
 * below. Only AIGC_E_TIMEOUT itself means that you can wait again. Since 1.0. */
typedef int32_t aigc_status;

enum {
    /* The call succeeded. */
    AIGC_OK = 0,

    /* 1xx: the call was wrong. Fix the program. */
    AIGC_E_INVALID_ARGUMENT = 100, /* a NULL, an unknown name, a wrong type or a wrong value: the message says which */
    AIGC_E_WRONG_STATE = 101,      /* the call is right but comes at the wrong time: for example, a download of a job
                                      that has not succeeded */
    AIGC_E_FORKED = 102,           /* the handle comes from the parent process: the child process may only free it */
    AIGC_E_CLOSED = 103,           /* the client has been closed */
    AIGC_E_KEY_CONFLICT = 104,     /* the journal has this key for another request (since 1.2) */

    /* 2xx: time ran out, or you ended the job. An accepted job is not lost: attach the job again from its token. */
    AIGC_E_TIMEOUT = 200,   /* your wait ended before the job ended: the job keeps running, so you can wait again */
    AIGC_E_CANCELLED = 201, /* aigc_job_cancel() or aigc_client_close() ended the job in this process; the library does
                               not tell the provider */
    AIGC_E_DEADLINE = 202,  /* the job's own deadline passed; the job may still finish at the provider */

    /* 3xx: the connection to the provider. Try later, or fix the network. */
    AIGC_E_NETWORK = 300,         /* the library could not resolve the host name, connect, send or receive */
    AIGC_E_TLS = 301,             /* the TLS handshake or the certificate check failed: look at the CA bundle, the
                                     clock, and each proxy between this machine and the provider */
    AIGC_E_ADDRESS_REFUSED = 302, /* an image URL leads to a private, loopback or link-local address */
    AIGC_E_BAD_RESPONSE = 303,    /* the answer does not have the form of this provider's answers: a proxy sent the
                                     answer, or the answer is incomplete or garbage */

    /* 4xx: the account. Fix the credentials, the rights, the bill or the rate. */
    AIGC_E_NO_CREDENTIALS = 400, /* no source gave credentials, or a configured source cannot be used: the message names
                                    each source that was tried and why it gave nothing */
    AIGC_E_AUTH = 401,           /* the provider refused the access key, the signature or the security token */
    AIGC_E_PERMISSION = 402,     /* the provider knows the access key, but this access key has no right to do this */
    AIGC_E_BILLING = 403,        /* an unpaid bill, a used-up quota, or a service that is not activated */
    AIGC_E_THROTTLED = 404,      /* too many requests, and the retries are used up: see aigc_error_retry_after_ms() */
    AIGC_E_CLOCK = 405,          /* this machine's clock is too far from the provider's, and the library could not
                                    correct the difference */

    /* 5xx: the provider's answer about this job. */
    AIGC_E_REQUEST_REFUSED = 500, /* the provider does not accept a parameter: see the provider's code and message, fix
                                     the parameter, and submit a new job */
    AIGC_E_CONTENT_REFUSED = 501, /* the provider's moderation refused the prompt or an image */
    AIGC_E_NOT_FOUND = 502,       /* the provider does not know this job or image, or no longer has it */
    AIGC_E_JOB_FAILED = 503,      /* the provider accepted and ran the job, and the job failed: you may submit a new
                                     job */
    AIGC_E_PROVIDER = 504,        /* the provider reports an internal error; a download gives this code only after
                                     retries */

    /* 6xx: money. */
    AIGC_E_OUTCOME_UNKNOWN = 600, /* the submission was sent, or may have been sent, and no clear answer came: the job
                                     may run and be billed. The library never sends the submission again. Look at the
                                     provider's console before you submit a new job */

    /* 7xx: the image. */
    AIGC_E_EXPIRED = 700,      /* the image's URL has expired, and the provider gives no new URL */
    AIGC_E_NOT_AN_IMAGE = 701, /* the received bytes are not a PNG, JPEG, WebP, GIF or BMP image */
    AIGC_E_CORRUPT = 702,      /* the length, the end marker or the checksum of the image is wrong, and retries did not
                                  help */
    AIGC_E_TOO_LARGE = 703,    /* the image is larger than download.max_bytes, or an answer is larger than
                                  http.max_reply_bytes */

    /* 8xx: this machine. */
    AIGC_E_FILE = 800,         /* the file system refused an operation: the message names the path and the reason */
    AIGC_E_FILE_EXISTS = 801,  /* a file with this name exists, and download.overwrite is off */
    AIGC_E_NO_SPACE = 802,     /* the disk or the quota is full; if possible, the library keeps the received bytes in a
                                  .part file, and the next download continues this file */
    AIGC_E_NO_RESOURCES = 803, /* memory, threads or descriptors are exhausted */
    AIGC_E_JOURNAL = 804,      /* the journal cannot be opened, read or written: this call sent nothing (since 1.2) */

    /* 9xx: this library. */
    AIGC_E_INTERNAL = 900 /* a fault in this library: please report it */
};

/* The name of a code, "AIGC_E_TIMEOUT"; "AIGC_E_?" for an unknown code. The string is never freed. Any thread.
 * Since 1.0. */
const char *aigc_status_name(aigc_status status);

/* One English sentence about a code: what it means and what to do. The string is never freed. Any thread. Since 1.0. */
const char *aigc_status_text(aigc_status status);

/* Iterates over all codes, for bindings. For index 0, 1, 2 ... it sets *status and returns AIGC_OK. Past the last code
 * it returns AIGC_E_INVALID_ARGUMENT. Any thread. Since 1.0. */
aigc_status aigc_status_at(size_t index, aigc_status *status);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Errors: immutable objects, yours to free, readable from any thread.                                               */
/* ---------------------------------------------------------------------------------------------------------------- */

/* What went wrong, in detail. Since 1.0. */
typedef struct aigc_error aigc_error;

/* What is known for certain about a submission. Since 1.0. */
enum {
    AIGC_OUTCOME_NONE = 0,     /* no submission was involved, or the submission has not been tried yet */
    AIGC_OUTCOME_NOT_SENT = 1, /* no job runs: the submission was never sent, or it was sent and the provider refused
                                  it. You can safely submit again */
    AIGC_OUTCOME_UNKNOWN = 2,  /* the submission was sent, or may have been sent, and no clear answer came: the job may
                                  run and be billed */
    AIGC_OUTCOME_ACCEPTED = 3  /* the provider gave a job id; for aigc_client_call(): the provider answered */
};

/* The status code; AIGC_OK for NULL. Any thread. Since 1.0. */
aigc_status aigc_error_status(const aigc_error *error);

/* One line: what the library was doing, what went wrong and, if known, what would be right. The line never holds a
 * secret. Since 1.0. */
const char *aigc_error_message(const aigc_error *error);

/* The provider's own code, such as "InvalidParameterValue.Resolution". A provider may add codes at any time. NULL if
 * the provider sent no code. Since 1.0. */
const char *aigc_error_provider_code(const aigc_error *error);

/* The provider's own message, with secrets removed. NULL if the provider sent no message. Since 1.0. */
const char *aigc_error_provider_message(const aigc_error *error);

/* The provider's request id. The support of the provider asks for this id. NULL if the provider sent no request id.
 * Since 1.0. */
const char *aigc_error_request_id(const aigc_error *error);

/* The HTTP status of the answer; 0 if no answer came. Since 1.0. */
int32_t aigc_error_http_status(const aigc_error *error);

/* 1 if the same call may succeed later without any change, and you cannot pay twice by repeating the call. 0 otherwise.
 * Since 1.0. */
int32_t aigc_error_retryable(const aigc_error *error);

/* The pause that the provider asked for before the next try, in milliseconds; 0 if the provider asked for none.
 * Since 1.0. */
int64_t aigc_error_retry_after_ms(const aigc_error *error);

/* For a submission: one of AIGC_OUTCOME_*. AIGC_OUTCOME_NONE otherwise. Since 1.0. */
int32_t aigc_error_outcome(const aigc_error *error);

/* The name of the request field or configuration key that caused the error. NULL if neither caused it.
 * Since 1.0. */
const char *aigc_error_field(const aigc_error *error);

/* Frees an error. NULL is allowed. Since 1.0. */
void aigc_error_free(aigc_error *error);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Configuration: configuration keys and their values, all as strings. aigc_config_describe() lists them.           */
/* ---------------------------------------------------------------------------------------------------------------- */

/* A set of settings. A client makes its own copy of the set. When you free the set, its secrets are wiped. The client's
 * own copy stays. Only one thread at a time may use the set. Since 1.0. */
typedef struct aigc_config aigc_config;

/* The bytes of an image or of a report, in memory. Since 1.0. */
typedef struct aigc_buffer aigc_buffer;

/* Creates a configuration with all defaults. Since 1.0. */
aigc_status aigc_config_new(aigc_config **config, aigc_error **error);

/* Sets a configuration key. If value is NULL, the configuration key gets its default again. Booleans are "true" or
 * "false", durations are whole milliseconds, sizes are whole bytes. An unknown configuration key returns
 * AIGC_E_INVALID_ARGUMENT, and the message names a similar key, if there is one. A value out of range returns the same
 * status, and the message names the range. Since 1.0. */
aigc_status aigc_config_set(aigc_config *config, const char *key, const char *value, aigc_error **error);

/* The value of a configuration key: the value that was set, or the default. NULL for a configuration key that is
 * unknown or NULL, and for every secret. The string stays valid until you free the configuration. Since 1.0. */
const char *aigc_config_get(aigc_config *config, const char *key);

/* Iterates over all configuration keys, for manuals and bindings. For index 0, 1, 2 ... it returns AIGC_OK and gives
 * the configuration key, its type ("string", "secret", "bool", "int", "double", "duration_ms", "bytes" or
 * "choice: a|b"), its default as text, and a description of one sentence. Past the last configuration key it returns
 * AIGC_E_INVALID_ARGUMENT. Out parameters may be NULL. The strings are never freed. Any thread. Since 1.0. */
aigc_status aigc_config_describe(size_t index, const char **key, const char **type, const char **default_value,
                                 const char **text);

/* Reports the settings that aigc_client_new() would use with this configuration, and the source of each setting. The
 * report is JSON in a buffer that is yours to free. If config is NULL, the configuration has all defaults. This call
 * creates no client and no file. It reads the environment variables and the configuration file, and it returns the same
 * errors as aigc_client_new(). With the profile "none", this call reads the file, and aigc_client_new() does not. A
 * fault of the file is then no error: it is in "problem".
 *   "file"      the path where the library looks for the configuration file, also if no file is there; null if the
 *               library looks for no file (AIGC_CONFIG_FILE is "none", no home folder is known, or the program has
 *               more rights than its caller)
 *   "read"      whether the file was read
 *   "problem"   with the profile "none": why the file cannot be used, or null. With every other profile: null, because
 *               the call returns this problem as an error
 *   "profiles"  the names of the profiles in the file
 *   "profile"   the profile in use, or null
 *   "provider"  the provider that the profile or else the file names, or null. The library does not use this provider.
 *               Programs can use it if the user names no provider
 *   "values"    each configuration key that the program, the environment or the profile sets: "key", "value" (null for
 *               a secret; the ids of access keys are shortened, and a proxy is shown without its user), "source"
 *               ("program", "environment NAME", "profile NAME")
 *   "fields"    the fields that a request gets if the request does not set them: "provider", "operation", "name",
 *               "value"
 * Later versions may add members. The report holds no secret. Since 1.2. */
aigc_status aigc_config_report(const aigc_config *config, aigc_buffer **report, aigc_error **error);

/* Frees a configuration and wipes its secrets. NULL is allowed. Since 1.0. */
void aigc_config_free(aigc_config *config);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Requests: what to generate. The library gives each field a neutral name, the same name for both providers.       */
/* ---------------------------------------------------------------------------------------------------------------- */

/* Providers. Since 1.0. */
#define AIGC_ALIBABA "alibaba"
#define AIGC_TENCENT "tencent"

/* Operations that you submit. They cost money. Since 1.0.
 * Each line has the constant, the provider's name of the operation, and what the operation does.
 * AIGC_ALIBABA_INFERENCE            Personalizedtxt2imgAddInferenceJob: makes images with a model that you have
 *                                   trained.
 * AIGC_ALIBABA_PRE_MODEL_INFERENCE  PersonalizedTextToImageAddInferenceJob: makes images from reference images, without
 *                                   a model.
 * AIGC_ALIBABA_MODEL_TRAIN          Personalizedtxt2imgAddModelTrainJob: trains a model with your images. The job makes
 *                                   no image. aigc_job_result_id() is the id of the model for AIGC_ALIBABA_INFERENCE.
 * AIGC_TENCENT_IMAGE                CreateAigcImageTask: makes images. */
#define AIGC_ALIBABA_INFERENCE "inference"
#define AIGC_ALIBABA_PRE_MODEL_INFERENCE "pre_model_inference"
#define AIGC_ALIBABA_MODEL_TRAIN "model_train"
#define AIGC_TENCENT_IMAGE "aigc_image"

/* Operations that fetch one known image (aigc_client_fetch). They cost nothing. Since 1.0.
 * Each line has the constant, the provider's name of the operation, and the required fields.
 * AIGC_ALIBABA_INFERENCE_ASSET            Personalizedtxt2imgQueryImageAsset; fields: model_id, prompt_id, image_id.
 * AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET  PersonalizedTextToImageQueryImageAsset; field: image_id.
 * AIGC_TENCENT_IMAGE_ASSET                no API call: downloads the URL of an image; field: url. */
#define AIGC_ALIBABA_INFERENCE_ASSET "inference_asset"
#define AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET "pre_model_inference_asset"
#define AIGC_TENCENT_IMAGE_ASSET "aigc_image_asset"

/* One request. You can submit a request any number of times. Each aigc_client_submit() makes a new job and a new bill.
 * But if the request has a key, and the journal has a job for this key, aigc_client_submit() can submit nothing: see
 * there. Since 1.0. */
typedef struct aigc_request aigc_request;

/* Iterates over all operations. For index 0, 1, 2 ... it returns AIGC_OK and gives the provider, the operation, the
 * kind ("submit" or "fetch") and the provider's own name of the call. Past the last operation it returns
 * AIGC_E_INVALID_ARGUMENT. Out parameters may be NULL. Since 1.0. */
aigc_status aigc_operation_at(size_t index, const char **provider, const char **operation, const char **kind,
                              const char **wire_name);

/* Iterates over the fields of an operation. For index 0, 1, 2 ... it returns AIGC_OK and gives the neutral name, the
 * type ("string", "int", "double", "bool", "json" or "image_url"), 1 for a required field or 0 for an optional field,
 * the provider's own name, and a description of one sentence. Past the last field, and for an unknown operation, it
 * returns AIGC_E_INVALID_ARGUMENT. Out parameters may be NULL. Since 1.0. */
aigc_status aigc_request_describe(const char *provider, const char *operation, size_t index, const char **name,
                                  const char **type, int32_t *required, const char **wire_name, const char **text);

/* Creates an empty request for an operation of a provider. Since 1.0. */
aigc_status aigc_request_new(const char *provider, const char *operation, aigc_request **request, aigc_error **error);

/* Sets a field by its neutral name. If the operation has no such field, or the field has another type, the error says
 * what would be right. A field of type double accepts an int. A second value replaces the first. The library sends
 * model names, sizes and ratios unchanged: the provider checks them. A double is sent as the shortest decimal that
 * gives the same double. So pass 0.8 and not 0.8f: C converts the float 0.8f to the double 0.800000011920929.
 * Since 1.0. */
aigc_status aigc_request_set_string(aigc_request *request, const char *name, const char *value, aigc_error **error);
aigc_status aigc_request_set_int(aigc_request *request, const char *name, int64_t value, aigc_error **error);
aigc_status aigc_request_set_double(aigc_request *request, const char *name, double value, aigc_error **error);
/* Like the functions above, for a bool: 0 is false, every other value is true. Since 1.0. */
aigc_status aigc_request_set_bool(aigc_request *request, const char *name, int32_t value, aigc_error **error);

/* Sets a field from JSON text. The parameter "name" is the neutral name of a field of any type, or "body." followed by
 * the provider's own name of a field of the request body. For a field inside an object, write the name of the object, a
 * dot, and the name of the field: "body.ExtraParameters.NewField". With "body." you can set a field that the provider
 * added after this version of the library. The library only checks that the value of such a field is JSON. The library
 * refuses JSON in which an object has a name twice. If a request sets one field of the body under two names, such as
 * "prompt" and "body.Prompt", aigc_client_submit() returns an error. With the option "check" set to "off", the "body."
 * field replaces the field with the neutral name. Since 1.0. */
aigc_status aigc_request_set_json(aigc_request *request, const char *name, const char *json, aigc_error **error);

/* Adds a reference image. The provider must be able to reach the URL from the internet. For Tencent, reference_type is
 * the provider's ReferenceType. For Alibaba, it is NULL. Since 1.0. */
aigc_status aigc_request_add_image_url(aigc_request *request, const char *url, const char *reference_type,
                                       aigc_error **error);

/* Sets how this library treats the job. An option is not a field of the provider's request. If the option is unknown,
 * the function returns AIGC_E_INVALID_ARGUMENT. Since 1.0.
 *
 * "follow" ("true" or "false", default: the configuration's job.follow) says whether the client polls the job until the
 * job ends. "deadline_ms" (default: job.deadline_ms): see aigc_job_set_deadline_ms(). "traceparent" and "tracestate"
 * (since 1.1) have the effect of aigc_job_set_trace(), also for the submission; "" removes them.
 *
 * "key" (since 1.2) names the job in the journal. A key has 1 to 255 bytes. The library compares keys byte by byte:
 * "a", "A" and " a" are three keys. Choose one key for each job that you want to pay for, such as "batch-7/000123". A
 * key needs a client with a journal.path: see aigc_client_submit(). "" removes the key. Do not compute the key from the
 * fields of the request: you may want the same prompt twice.
 *
 * "hold" ("true" or "false", default "false", since 1.2) holds the job: the library prepares the submission and reports
 * AIGC_EVENT_JOB_READY, but it sends the submission only after aigc_job_release(). So a program can first save the job
 * in its own database. A held job does not count for the rate limit or for http.max_in_flight, so you can hold any
 * number of jobs. After the release, the job waits until the rate limit and http.max_in_flight let it start.
 *
 * "check" ("on" or "off", default "on", since 1.2) checks the values of the fields. With "on", aigc_client_submit()
 * refuses a value that the description of its field forbids, or that is certainly a mistake (AIGC_E_INVALID_ARGUMENT).
 * Examples: a text of blanks or of invisible characters only, an Alibaba prompt without the literal text
 * "<special-token>", a seed out of range. With "off", the library sends such values. Required fields are always
 * checked. */
aigc_status aigc_request_set_option(aigc_request *request, const char *name, const char *value, aigc_error **error);

/* Frees a request. Its jobs keep running. NULL is allowed. Since 1.0. */
void aigc_request_free(aigc_request *request);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Client                                                                                                           */
/* ---------------------------------------------------------------------------------------------------------------- */

/* A client has its own connections, credentials and jobs. Its engine is one thread that does the work. The clients of a
 * process share the rate limits of an account. One client for each process is enough for thousands of jobs.
 * Since 1.0. */
typedef struct aigc_client aigc_client;

/* A job that you submitted or attached, or a download. Since 1.0. */
typedef struct aigc_job aigc_job;

/* A change that the library reports, such as the end of a job. Since 1.0. */
typedef struct aigc_event aigc_event;

/* Creates a client. The client gets a copy of config. If config is NULL, all defaults apply. This call reads the
 * environment variables (credentials, proxy, CA) on the calling thread. No later call of this client reads them. Five
 * environment variables give values to configuration keys: AIGC_ALIBABA_ENDPOINT to alibaba.endpoint,
 * AIGC_TENCENT_ENDPOINT to tencent.endpoint, AIGC_CA_FILE to tls.ca_file, AIGC_ALLOW_PRIVATE_ADDRESSES (1 or 0) to
 * download.allow_private_addresses, and AIGC_JOURNAL (since 1.2) to journal.path. If config sets such a configuration
 * key, the library ignores the variable. The command "aigc sandbox" sets the first four variables and removes
 * AIGC_JOURNAL, so a program that does not set journal.path can use the sandbox without a change. This call starts no
 * thread and opens no connection. Since 1.0.
 *
 * The configuration file (since 1.2) has profiles. A profile is a named group of configuration keys and of fields of
 * requests. A profile can also name a provider: see aigc_config_report(). If config or an environment variable gives a
 * value to a configuration key, this value wins over the value in the profile. A field that a request sets wins over
 * the same field in the profile. If XDG_CONFIG_HOME is an absolute path, the file is $XDG_CONFIG_HOME/aigc/config.toml.
 * Otherwise it is ~/.config/aigc/config.toml. The variable AIGC_CONFIG_FILE names another file; "none" means no file.
 * The library looks for the name of the profile in three places: first the configuration key "profile", then the
 * variable AIGC_PROFILE, then the file, in a line such as profile="work". It uses the first name that it finds. If no
 * place names a profile, the library uses the profile "default", if the file has one. The name "none" means no profile.
 *
 * If no place names a profile, the file may be missing, or may be in a folder that is closed to this user: then the
 * defaults apply. A file that AIGC_CONFIG_FILE names must exist. If the configuration key "profile" or the variable
 * AIGC_PROFILE names a profile, a file is needed: without a file the call returns AIGC_E_FILE, or
 * AIGC_E_INVALID_ARGUMENT if the library looks for no file (AIGC_CONFIG_FILE is "none", or no home folder is known). An
 * error in the content of the file gives AIGC_E_INVALID_ARGUMENT, and the message names line and column. Every other
 * fault gives AIGC_E_FILE: the file is larger than one mebibyte, is not a regular file, can be written by other users,
 * or cannot be read. The file holds no secrets: the library refuses a profile that sets a secret.
 *
 * A program that has more rights than its caller (set-uid, file capabilities) uses neither the environment nor the
 * file. In such a program, the configuration key "profile" may only be "none": with every other value the call returns
 * AIGC_E_INVALID_ARGUMENT. */
aigc_status aigc_client_new(const aigc_config *config, aigc_client **client, aigc_error **error);

/* Ends all jobs of the client in this process (AIGC_E_CANCELLED) and joins the threads of the client. Accepted jobs
 * keep running at the provider. A submission on the wire gets up to grace_ms for its answer, so that the id of an
 * accepted job is not lost. Handles stay readable, and you can still take queued events. You may close a client
 * twice. Blocks for at most grace_ms plus a short time. NULL is allowed. Since 1.0. */
void aigc_client_close(aigc_client *client, int64_t grace_ms);

/* Frees a client. If the client is still open, this call closes it first, with the grace period close.grace_ms of the
 * configuration. The handles of its jobs, events and buffers stay valid until you free them. NULL is allowed.
 * Since 1.0. */
void aigc_client_free(aigc_client *client);

/* Sets the credentials of a provider from now on. They replace all other sources. For Alibaba, id and secret are the
 * AccessKey id and the AccessKey secret. For Tencent, they are the SecretId and the SecretKey. The parameter "token" is
 * the STS security token, or NULL. expires_at_ms is the time when the credentials end; 0 means never. Before that time,
 * an AIGC_EVENT_CREDENTIALS_NEEDED asks for new credentials. id, secret and token must be printable ASCII without
 * blanks. Otherwise the call returns AIGC_E_INVALID_ARGUMENT and changes nothing. Since 1.0. */
aigc_status aigc_client_set_credentials(aigc_client *client, const char *provider, const char *id, const char *secret,
                                        const char *token, int64_t expires_at_ms, aigc_error **error);

/* The settings that this client uses, for diagnosis and support, as JSON in a buffer that is yours to free:
 *   "tls"        "ca_file", "ca_path", "ca_problem" (why no https call can work), "client_certificate", "minimum"
 *   "providers"  for each provider: "provider", "endpoint", "region", "proxy" (without user and password),
 *                "credentials" and "clock". "credentials" is null before the first call to the provider; then it has
 *                "found_in" (the place where the credentials were found, such as "environment"), "source" (the same
 *                place, as the provider's tools call it, such as "default/env"), "id" (shortened), "temporary" and
 *                "expires_at_ms" (0: never). "clock" is null before the first answer; then it has "offset_ms" (the
 *                provider's clock minus this machine's clock, uncertain by up to half a second) and "seen_at_ms"
 *   "journal"    the value of journal.path; null without a journal (since 1.2)
 *   "configuration"  where the values come from, in the form of aigc_config_report() (since 1.2)
 * Later versions may add members. The report holds no secret. The call sends nothing and waits for nothing. Any thread.
 * Since 1.0. */
aigc_status aigc_client_report(aigc_client *client, aigc_buffer **report, aigc_error **error);

/* Counts what this client has done since it was created. The counts are JSON in a buffer that is yours to free:
 *   "at_ms"          the time of this report
 *   "since_ms"       the time when counting began
 *   "calls"          one entry for each "provider", "action" (the provider's name of the call; "GET" for an image's
 *                    URL) and "kind" ("submit", "status", "image", "read"). An entry has these counts: "started" (calls
 *                    that were sent), "repeated" (sent calls that repeat a failed call), "answered", "failed" (an
 *                    object with a number for each name of a status; calls that failed before they were sent count
 *                    too), "cut" (calls that this process ended between sending and answer), "throttled",
 *                    "in_flight". It also has "sent_bytes" and "received_bytes" (bodies only), "wait_ms" (time until
 *                    the call is sent) and "duration_ms" (time from sending to the end of the call)
 *   "calls_waiting"  calls that wait for credentials, for their rate or for http.max_in_flight
 *   "jobs"           one entry for each "provider", "operation" and "kind" ("job", "download"). An entry has these
 *                    counts: "started" (attached jobs count too), "accepted", "succeeded", "failed", "cancelled",
 *                    "unknown", "active". It also has "duration_ms" (of succeeded jobs). Since 1.2 it also has "ended"
 *                    (an object with a number for each name of a status) and "lag_ms" (of followed jobs: how late
 *                    the library saw the end of the job, estimated as half of the time between the last two status
 *                    calls)
 *   "rates"          since 1.2, one entry for each "provider" and "action" that this process has called: "per_s"
 *                    (configured, 0: none), "in_force_per_s" (now, 0: no limit), "throttled" (answers that slowed the
 *                    rate), "waited_ms" (the time that calls waited for the rate), "shared" (whether processes share
 *                    the rate through a file)
 *   "kinds_known"    since 1.2: the number of groups of similar jobs for which the client has learned the usual
 *                    duration. From this duration the client chooses the times of its status calls
 *   "credentials"    one entry for each "provider": "found" (searches that found credentials) and "failed" (searches
 *                    that did not)
 *   "events_queued"  the number of jobs that have queued events, plus the number of queued events that have no job
 *   "logs_lost"      the number of log records that were dropped because nobody took them in time
 * "wait_ms", "duration_ms" and "lag_ms" are histograms. A histogram has "bounds" (inclusive, milliseconds), "counts"
 * and "sum". "counts" is not cumulative. It has one number more than "bounds": the last number counts all longer times.
 * "calls_waiting", "events_queued", "active", "in_flight" and the numbers in "rates" can become smaller. Every other
 * number only grows. Later versions may add members. The report holds no secret. The call waits for nothing. Any
 * thread. Since 1.1. */
aigc_status aigc_client_stats(aigc_client *client, aigc_buffer **stats, aigc_error **error);

/* Submits a request: this call checks the request and queues the job. Then the engine sends the submission, at most
 * once, unless the submission provably started no job (promise 6). Without a journal, this call never blocks. If a
 * check refuses the request, this costs nothing and creates no job. *job is the new job, yours to free. If you free the
 * handle, the job keeps running. Since 1.0.
 *
 * With a journal (since 1.2), this call waits for the disk, but not for the network. If the request has no option
 * "key", the client chooses a key: see aigc_job_key(). If the journal has a job under the key (the known job), the call
 * submits nothing: it returns AIGC_OK, and *job is the known job in its present state. But if the known job ended
 * and provably did not run (AIGC_OUTCOME_NOT_SENT), or if its client is gone and never sent it, the call submits the
 * request. If the known job has succeeded, the library makes one status call to learn its images, and does not download
 * them. If this client works on the known job, *job is one more handle of this job, with the same aigc_job_id().
 *
 * If another client works on the known job, *job shows the state that the journal has: AIGC_STATE_QUEUED,
 * AIGC_STATE_SUBMITTING or, after the acceptance, AIGC_STATE_PENDING. When the journal has the end of the job, *job
 * ends too. After an aigc_job_refresh(), this client asks the provider itself: then *job can also show
 * AIGC_STATE_RUNNING. If the other client is gone, or no longer works on the job, this client takes the job over. If a
 * process died while its submission was on the wire, the job ends with AIGC_E_OUTCOME_UNKNOWN, and the library does not
 * send the submission again. The job ends in the same way if the machine failed between the start of the connection and
 * the moment when the id of the job was on the disk.
 *
 * If the journal has this key for another request (another provider, operation, region or field), the call returns
 * AIGC_E_KEY_CONFLICT. But if the known job did not run or was never sent, as above, the call submits the new request.
 * The comparison ignores the signature in an image URL (Tencent's COS, Alibaba's OSS, Amazon's S3), because the
 * signature may change. After AIGC_E_JOURNAL and AIGC_E_NO_SPACE, nothing was sent. */
aigc_status aigc_client_submit(aigc_client *client, const aigc_request *request, aigc_job **job, aigc_error **error);

/* Attaches a job from its token, in any process and any language. The parameter "follow" says whether the engine polls
 * the job until the job ends. If "follow" is 0, the engine does not poll, and this call sends nothing: use
 * aigc_job_refresh(). Since 1.0. */
aigc_status aigc_client_attach(aigc_client *client, const char *token, int32_t follow, aigc_job **job,
                               aigc_error **error);

/* Attaches a job from the provider's own job id (Alibaba inferenceJobId, Tencent TaskId) and its operation. The
 * operation must have the kind "submit". The region and the endpoint are those of the client. The parameter "follow"
 * has the same meaning as in aigc_client_attach(). Since 1.0. */
aigc_status aigc_client_attach_id(aigc_client *client, const char *provider, const char *operation,
                                  const char *remote_id, int32_t follow, aigc_job **job, aigc_error **error);

/* Attaches the job of a key in the client's journal. Works like aigc_client_submit() with a known key, but needs no
 * request. The parameter "follow" has the same meaning as in aigc_client_attach(). AIGC_E_NOT_FOUND: the journal has no
 * such key. AIGC_E_WRONG_STATE has two reasons. The first: the client has no journal.path. The second: the client that
 * had the key is gone and never sent the job. In the second case, call aigc_client_submit(). Waits for the disk, not
 * for the network. Since 1.2. */
aigc_status aigc_client_attach_key(aigc_client *client, const char *key, int32_t follow, aigc_job **job,
                                   aigc_error **error);

/* Takes over the jobs of clients that are gone. A client of the same journal is gone if its process died, or if it was
 * closed before its jobs ended. This call does not take over a job that was never sent. Such a job stays in the
 * journal: submit its request again with the same key. If a process died while a connection was being made, the job was
 * never sent. The call attaches each accepted job, and AIGC_EVENT_JOB_ACCEPTED reports it. The parameter "follow" has
 * the same meaning as in aigc_client_attach(). If a process died while a submission was on the wire,
 * AIGC_EVENT_JOB_DONE reports the job with AIGC_E_OUTCOME_UNKNOWN. The same event comes if the machine failed between
 * the start of the connection and the moment when the id of the job was on the disk. Get the job of an event with
 * aigc_event_job(), keep it with aigc_job_ref(), and read its key with aigc_job_key(). The call sends no submission. It
 * does not touch a job whose client is alive, even if the process of that client is suspended (SIGSTOP). It does not
 * touch a job that has ended: aigc_client_attach_key() gives its images. Sets *count (may be NULL) to the number of
 * jobs that were taken over. AIGC_E_WRONG_STATE: the client has no journal.path. Waits for the disk. Since 1.2. */
aigc_status aigc_client_resume(aigc_client *client, int32_t follow, size_t *count, aigc_error **error);

/* Fetches one image by its id or URL, without an earlier job. The operation of request must have the kind "fetch". The
 * parameter "path" has the same meaning as in aigc_job_download(). Since 1.0. */
aigc_status aigc_client_fetch(aigc_client *client, const aigc_request *request, const char *path, aigc_job **download,
                              aigc_error **error);

/* Calls any operation of a provider's product by the provider's own name, also an operation that this header does not
 * name. The parameter "json" is a JSON object with the provider's own names; NULL means {}. The call is a job: wait for
 * it, cancel it, give it a deadline. When the job has succeeded, aigc_job_provider_response() is the whole answer. The
 * job has no provider's id, no token, no images and no AIGC_EVENT_JOB_ACCEPTED. aigc_job_operation() is the "action".
 *
 * For Tencent, "action" is the name of the operation, such as "DescribeAigcTaskList" (service mps, version 2019-06-12).
 * For Alibaba (version 20240611), the library knows the paths of some operations: the operations in this header, their
 * status calls, and "Personalizedtxt2imgQueryModelTrainStatus". For these operations, "action" is the provider's name.
 * For every other operation of Alibaba, "action" is "Name METHOD /path", such as "GetThing GET /api/v1/thing". With
 * METHOD GET, the members of "json" become the query. With POST or PUT, "json" is the body.
 *
 * The parameter "reads" says whether the call only reads. If "reads" is 0, the call may change something or cost money.
 * Like a submission, the call is sent at most once, unless it provably did nothing: it never reached the provider, or
 * the provider refused it. The call can end with AIGC_E_OUTCOME_UNKNOWN. AIGC_OUTCOME_ACCEPTED means that the provider
 * answered the call. The journal does not keep the call: the call has no key, and its outcome is lost with the process.
 * If "reads" is 1, the call changes nothing and costs nothing. After every transient failure, the library repeats the
 * call until it is answered or refused, or until its deadline passes. If "reads" is 1 and the action is known to
 * submit, the function returns AIGC_E_INVALID_ARGUMENT. This function never blocks. Since 1.0. */
aigc_status aigc_client_call(aigc_client *client, const char *provider, const char *action, const char *json,
                             int32_t reads, aigc_job **job, aigc_error **error);

/* A descriptor that is readable while events are queued (level-triggered). Put the descriptor into epoll, poll, libuv,
 * GLib or asyncio. It belongs to the client: never read, write or close it. One wake-up of your loop can announce
 * several events: take events until none is left. The descriptor may become readable some milliseconds after
 * aigc_client_next_event() can take the first event. -1 for NULL, or when descriptors are exhausted. Since 1.0. */
int32_t aigc_client_event_fd(aigc_client *client);

/* Takes the next event, yours to free. Waits up to timeout_ms for an event; 0 does not wait. AIGC_OK with *event NULL
 * means that no event came in time, or that aigc_client_wake() was called. If several events of one job are queued,
 * they come in this order: JOB_READY, JOB_ACCEPTED, JOB_STATE, JOB_PROGRESS, JOB_REFRESHED, JOB_DONE. If several
 * JOB_STATE, JOB_PROGRESS or JOB_REFRESHED events of a job are queued, only the newest of each type is kept. JOB_READY,
 * JOB_ACCEPTED and JOB_DONE are kept until you take them. But as long as your program has never called
 * aigc_client_event_fd(), aigc_client_next_event() or aigc_client_dispatch() for this client, freeing the last handle
 * of a job drops the events of this job. AIGC_E_CLOSED means that the client has been closed and every event has been
 * taken: end your loop then. With timeout_ms 0, the function does not return AIGC_E_CLOSED, but AIGC_OK with *event
 * NULL. Since 1.0. */
aigc_status aigc_client_next_event(aigc_client *client, int64_t timeout_ms, aigc_event **event, aigc_error **error);

/* Your function that handles one event. aigc_client_dispatch() calls this function for each event, on the thread of its
 * caller, and then frees the event. Since 1.0. */
typedef void (*aigc_event_handler)(const aigc_event *event, void *user_data);

/* Waits up to timeout_ms for an event, and then calls your handler for each queued event. No lock is held: the handler
 * may call every function except aigc_client_free() of this client. Sets *handled (may be NULL) to the number of
 * events. Returns AIGC_E_CLOSED like aigc_client_next_event(). Since 1.0. */
aigc_status aigc_client_dispatch(aigc_client *client, int64_t timeout_ms, aigc_event_handler handler, void *user_data,
                                 size_t *handled, aigc_error **error);

/* Makes one waiting aigc_client_next_event() or aigc_client_dispatch() return early. If no call waits, the next call
 * returns early. Any thread; not for signal handlers. NULL is allowed. Since 1.0. */
void aigc_client_wake(aigc_client *client);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Jobs                                                                                                             */
/* ---------------------------------------------------------------------------------------------------------------- */

/* States of a job. A download goes from QUEUED through RUNNING to its end. Since 1.0. */
enum {
    AIGC_STATE_NONE = 0,       /* no job (a NULL handle) */
    AIGC_STATE_QUEUED = 1,     /* not on the wire: the job waits to be sent, for the first time or again: for example
                                  for the rate limit, credentials, a release or a retry. If the provider asked to try
                                  later, aigc_job_provider_response() says why */
    AIGC_STATE_SUBMITTING = 2, /* the submission is on the wire, or its connection is being made */
    AIGC_STATE_PENDING = 3,    /* the provider has accepted the job and not started it */
    AIGC_STATE_RUNNING = 4,    /* the provider has started the job; also every provider state that this version does not
                                  know */
    AIGC_STATE_SUCCEEDED = 5,  /* ended: you can fetch the images */
    AIGC_STATE_FAILED = 6,     /* ended: aigc_job_error() says why. After AIGC_E_DEADLINE, the job may keep running at
                                  the provider */
    AIGC_STATE_CANCELLED = 7,  /* ended in this process; the job may keep running at the provider */
    AIGC_STATE_UNKNOWN = 8     /* ended: nobody knows whether the provider accepted the submission */
};

/* The name of a state, "AIGC_STATE_PENDING"; "AIGC_STATE_?" for an unknown state. The string is never freed.
 * Since 1.0. */
const char *aigc_state_name(int32_t state);

/* A number that is unique among the jobs of the process; 0 for NULL. Since 1.0. */
uint64_t aigc_job_id(const aigc_job *job);

/* The provider's id of the job (Alibaba inferenceJobId, Tencent TaskId). NULL until the id is known. Since 1.0. */
const char *aigc_job_remote_id(aigc_job *job);

/* A printable token of at most 256 bytes, without a secret. Any process can attach the job from the token. NULL until
 * the provider has accepted the job. Store the token when AIGC_EVENT_JOB_ACCEPTED comes. A download has the token of
 * its job, and its errors name this token. A download without a job (aigc_client_fetch) has no token. If the provider's
 * id is too long for a token, the token is NULL: keep aigc_job_remote_id(). Since 1.0. */
const char *aigc_job_token(aigc_job *job);

/* The key of the job in the journal: the "key" of its request, or the key that the client chose. NULL without a
 * journal, for a job that was attached by token or id, and for a download. Since 1.2. */
const char *aigc_job_key(aigc_job *job);

/* One of AIGC_STATE_*. Since 1.0. */
int32_t aigc_job_state(const aigc_job *job);

/* One of AIGC_OUTCOME_*: what is known about the submission. After a cancel, a deadline or a close, the outcome can
 * still change from UNKNOWN: to ACCEPTED if the answer brings an id, or to NOT_SENT if the provider refused the
 * submission or the submission provably was not sent. Since 1.0. */
int32_t aigc_job_outcome(const aigc_job *job);

/* The progress of the job, from 0.0 to 1.0. For a job at a provider, this is the provider's own number (Alibaba
 * jobTrainProgress). For a download, it is the received part of the bytes. -1.0 if unknown. Since 1.0. */
double aigc_job_progress(const aigc_job *job);

/* Sets *received to the number of received bytes of a download, and *total to the number of all bytes, or -1 if
 * unknown. With the configuration key events.progress, the library updates the numbers ten times a second, otherwise at
 * the end of each transfer. Out parameters may be NULL. Since 1.0. */
void aigc_job_bytes(const aigc_job *job, int64_t *received, int64_t *total);

/* The names of the provider and of the operation, as given to aigc_request_new(). Since 1.0. */
const char *aigc_job_provider(aigc_job *job);
const char *aigc_job_operation(aigc_job *job);

/* The provider's own word for the state, such as "WAIT_SCHEDULE" or "RUN". Undocumented words come unchanged. NULL
 * until the provider has sent a word. While the job is in AIGC_STATE_QUEUED because the provider asked to try later,
 * the function gives the code of the provider's answer ("RequestLimitExceeded").
 *
 * aigc_job_provider_state(), aigc_job_provider_response() and aigc_job_request_id() can give another string after each
 * answer. For each of the three functions, a handle keeps the newest 16 different strings that it gave. It also keeps,
 * for each thread, the string that it gave to this thread last. It frees all other strings. So a string that you got
 * stays valid until the same thread calls the same function on this handle again, whatever other threads call. Copy a
 * string if you use it after that call, or on another thread. Since 1.0. */
const char *aigc_job_provider_state(aigc_job *job);

/* The provider's last answer about this job, with all its fields, usually JSON. NULL until an answer came. The string
 * is the answer as UTF-8 text. Secrets of the client are removed. Each NUL, and each byte that is not text, becomes
 * U+FFFD. If the library could not read the answer, the string is the first 64 KiB of the answer. A readable answer of
 * more than 1 MiB is not kept, and the string is NULL. But if the job is an aigc_client_call(), such an answer is kept.
 * While the job is in AIGC_STATE_QUEUED because the provider asked to try later, the string is an object with "Code",
 * "Message" and "RequestId" of that answer. A member that the provider did not send is missing in the object.
 * Since 1.0. */
const char *aigc_job_provider_response(aigc_job *job);

/* The provider's request id of the last answer. NULL until an answer came. Since 1.0. */
const char *aigc_job_request_id(aigc_job *job);

/* Waits up to timeout_ms until the job has ended. AIGC_OK: the job succeeded. AIGC_E_TIMEOUT: the job has not ended.
 * Every other status says how the job ended, as aigc_job_error() does. If the engine does not follow an accepted job,
 * the job ends only by its deadline, a cancel, a close, or an aigc_job_refresh() that sees the end of the job. Any
 * number of threads may wait for one job. Takes no events. Since 1.0. */
aigc_status aigc_job_wait(aigc_job *job, int64_t timeout_ms, aigc_error **error);

/* Makes one status call and waits up to timeout_ms for its answer. A failed call is not repeated. AIGC_OK: the answer
 * came; read the job with the getters. With timeout_ms 0 the function does not wait: AIGC_OK then means that the call
 * has been started, and AIGC_EVENT_JOB_REFRESHED reports the end of the call. AIGC_E_TIMEOUT: no answer yet.
 * AIGC_E_WRONG_STATE: the job has ended, has no provider's id yet, or is a download. If a cancel, a deadline or a close
 * ends the job during the wait, the function returns one of two: AIGC_E_WRONG_STATE, or the status of the job. Your
 * program must accept both. Every other status: the call failed; the job keeps running. A refresh during another status
 * call of the job shares the answer of that call. Since 1.0. */
aigc_status aigc_job_refresh(aigc_job *job, int64_t timeout_ms, aigc_error **error);

/* Turns following on ("follow" 1) or off ("follow" 0), at any time. Since 1.0. */
aigc_status aigc_job_set_follow(aigc_job *job, int32_t follow, aigc_error **error);

/* Sets the deadline of the job to deadline_ms from now (AIGC_FOREVER: no deadline). Since 1.0. */
aigc_status aigc_job_set_deadline_ms(aigc_job *job, int64_t deadline_ms, aigc_error **error);

/* Adds the job to a trace of your own (W3C Trace Context). From now on, every API call about this job carries the
 * headers traceparent and tracestate. The signature does not cover these headers. Image hosts do not get them. A
 * download inherits the trace of its job. traceparent is "00-<32 hex digits>-<16 hex digits>-<2 hex digits>" in lower
 * case; NULL removes the trace. tracestate has at most 512 printable characters, or is NULL. aigc_request_set_option()
 * sets a trace before the first call. Since 1.1. */
aigc_status aigc_job_set_trace(aigc_job *job, const char *traceparent, const char *tracestate, aigc_error **error);

/* Releases a job that was submitted with the option "hold": now the library may send it. Call this function after you
 * have saved your own record of the job. A call before AIGC_EVENT_JOB_READY removes the hold. A released job stays
 * released, even if the library sends its submission again because the submission provably started no job.
 * AIGC_E_WRONG_STATE for a job that was never held, and for a job that has ended. Since 1.2. */
aigc_status aigc_job_release(aigc_job *job, aigc_error **error);

/* Ends the job in this process. The function waits until the job has ended, by this call or for another reason, but at
 * most one second: if a slow disk blocks the engine, the job ends later. You may call the function again. The providers
 * have no call that stops a job: an accepted job keeps running and is billed, and its token stays valid. If the
 * submission is on the wire, the library still waits for its answer in the background, and the answer brings the id
 * (AIGC_EVENT_JOB_ACCEPTED). If the connection of the submission is still being made, nothing is sent: the outcome is
 * AIGC_OUTCOME_NOT_SENT at once. A download that is renaming its file at this moment may still succeed. NULL is
 * allowed. Since 1.0. */
void aigc_job_cancel(aigc_job *job);

/* How the job ended. For a job that succeeded or has not ended, the function returns AIGC_OK and sets *error to NULL.
 * Otherwise it returns the status of the job and sets *error to a new error object, yours to free. error may be NULL.
 * An error object never changes. If the answer to the submission comes after the end of the job, the next call of this
 * function gives an error with the new outcome. Since 1.0. */
aigc_status aigc_job_error(aigc_job *job, aigc_error **error);

/* The id of a result that is not an image: for AIGC_ALIBABA_MODEL_TRAIN the id of the model. NULL until the job has
 * succeeded, and for every other operation. Since 1.0. */
const char *aigc_job_result_id(aigc_job *job);

/* The number of images of a succeeded job. 0 before the end of the job, and for a job that makes no image.
 * Since 1.0. */
size_t aigc_job_asset_count(const aigc_job *job);

/* The provider's id of an image (Alibaba), or its URL (Tencent). NULL past the last image. Since 1.0. */
const char *aigc_job_asset_id(aigc_job *job, size_t index);

/* The URL of an image of Tencent. It can hold a signature: treat the URL as a secret. NULL for Alibaba. Since 1.0. */
const char *aigc_job_asset_url(aigc_job *job, size_t index);

/* The time at which the image's URL expires; 0 if unknown. For Tencent, this is the time in the URL itself, or 12 hours
 * after the library first saw that the job was done. Since 1.0. */
int64_t aigc_job_asset_expires_at_ms(const aigc_job *job, size_t index);

/* Starts the download of an image. The download is a job too: wait for it, cancel it and free it like any other job.
 * The parameter "path" is the file to write, or NULL for memory (aigc_job_take_buffer). If the job has not succeeded,
 * the function returns AIGC_E_WRONG_STATE. Since 1.0.
 *
 * This function writes one file into an existing folder. So path always names a file, with or without a suffix. The
 * function refuses a path that ends in "/" and a path of a folder. (Python's out= and the command's --out are
 * different: for them, a path is a file only if its last part ends in ".*" or in the suffix of an image: .png, .jpg,
 * .jpeg, .webp, .gif, .bmp. Every other path is a folder.) A relative path starts at the working folder at the time of
 * the call. ".*" becomes the suffix of the image's format: png, jpg, webp, gif or bmp. A name that does not end in ".*"
 * is used unchanged. If the suffix of such a name belongs to another format, an AIGC_EVENT_WARNING and the log say so.
 *
 * The library writes the image to a temporary file in the same folder, checks the image, flushes the file to disk and
 * renames the file. So a file with the final name is always complete.
 *
 * COS is Tencent's object storage. The library can download an image from a private bucket (field cos_bucket) only with
 * a signature. It signs the download if the host of the image's own URL is one of the configuration's
 * tencent.cos_hosts. For these hosts, the library also accepts private addresses; for all other hosts see
 * AIGC_E_ADDRESS_REFUSED. The library never signs for another host. If another host redirects to one of these hosts,
 * the library does not sign either. */
aigc_status aigc_job_download(aigc_job *job, size_t index, const char *path, aigc_job **download, aigc_error **error);

/* The absolute path of the file of a succeeded download, with the real suffix in place of ".*". NULL before the end of
 * the download, and for a download to memory. Since 1.0. */
const char *aigc_job_path(aigc_job *job);

/* The type of the image of a succeeded download, read from its bytes: "image/png", "image/jpeg", "image/webp",
 * "image/gif" or "image/bmp". NULL before the end of the download. Since 1.0. */
const char *aigc_job_content_type(aigc_job *job);

/* Takes the bytes of a succeeded download to memory. The buffer is yours to free. A second call returns
 * AIGC_E_WRONG_STATE. Since 1.0. */
aigc_status aigc_job_take_buffer(aigc_job *job, aigc_buffer **buffer, aigc_error **error);

/* A pointer of yours that the job carries. The library never reads the memory behind the pointer. Since 1.0. */
void aigc_job_set_user_data(aigc_job *job, void *user_data);
void *aigc_job_user_data(const aigc_job *job);

/* Adds one reference to the handle and returns the same pointer, job. Call aigc_job_free() once for each reference.
 * NULL for NULL. Since 1.0. */
aigc_job *aigc_job_ref(aigc_job *job);

/* Frees a handle. The job keeps running. NULL is allowed. Since 1.0. */
void aigc_job_free(aigc_job *job);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Events                                                                                                           */
/* ---------------------------------------------------------------------------------------------------------------- */

/* Types of events. Later versions may add types: ignore an unknown type. Since 1.0. */
enum {
    AIGC_EVENT_NONE = 0,              /* no event (a NULL handle) */
    AIGC_EVENT_JOB_STATE = 1,         /* the state changed: see aigc_event_state() */
    AIGC_EVENT_JOB_ACCEPTED = 2,      /* the provider's id is known: store aigc_job_token() now. If the answer arrives
                                         after a cancel, a deadline or a close, this event can come after JOB_DONE */
    AIGC_EVENT_JOB_REFRESHED = 3,     /* the status call of an aigc_job_refresh() has ended: see aigc_event_status() */
    AIGC_EVENT_JOB_PROGRESS = 4,      /* progress changed (only with the configuration's events.progress) */
    AIGC_EVENT_JOB_DONE = 5,          /* the job has ended; this event comes once: see aigc_event_status() and
                                         aigc_event_state() */
    AIGC_EVENT_CREDENTIALS_NEEDED = 6, /* the credentials of aigc_client_set_credentials() end soon, or the provider
                                          refused them: see aigc_event_provider(). This event comes five minutes before
                                          the credentials end, even if no call is made. If the credentials are valid for
                                          less than ten minutes, this event comes when half of their life is over */
    AIGC_EVENT_WARNING = 7,           /* a warning; the jobs keep running. Examples: everybody can read a credential
                                         file; calls fail on this machine and are tried again; the disk refuses the id
                                         of a job in the journal; the provider asked for a long pause; the provider
                                         names a state of a job that this library does not know; an id came after the
                                         end of its job. If a warning names the id of a job, aigc_event_job() is the
                                         job, and aigc_event_fields() has the id. See aigc_event_message() and
                                         aigc_event_provider(). Each warning comes once, not for each job and call. At
                                         most 64 warnings are queued */
    AIGC_EVENT_LOG = 8,               /* a log record (only with the configuration's log.level, since 1.1): see
                                         aigc_event_level(), aigc_event_message(), aigc_event_fields() and
                                         aigc_event_job_id(). At most log.capacity records are queued */
    AIGC_EVENT_JOB_READY = 9          /* a job with the option "hold" is ready to be sent, and waits for
                                         aigc_job_release() (since 1.2) */
};

/* One of AIGC_EVENT_*. Since 1.0. */
int32_t aigc_event_type(const aigc_event *event);

/* The job of the event. The job belongs to the event: keep it with aigc_job_ref(). NULL if the event has no job, and
 * for a log record. Since 1.0. */
aigc_job *aigc_event_job(const aigc_event *event);

/* The number of the event's job, the same as aigc_job_id(). 0 if the event has no job. Since 1.0. */
uint64_t aigc_event_job_id(const aigc_event *event);

/* The state of the job when you take the event. AIGC_STATE_NONE for a warning, a log record and
 * AIGC_EVENT_CREDENTIALS_NEEDED. Since 1.0. */
int32_t aigc_event_state(const aigc_event *event);

/* The status of the event. For JOB_DONE: how the job ended, AIGC_OK if it succeeded. For JOB_REFRESHED: how the status
 * call ended. For every other event: AIGC_OK. Since 1.0. */
aigc_status aigc_event_status(const aigc_event *event);

/* The provider of the event. Since 1.0. */
const char *aigc_event_provider(const aigc_event *event);

/* One line for people, without a secret. These events have a message: warnings, log records, and JOB_DONE and
 * JOB_REFRESHED after a failure. NULL for every other event. All log records about the same kind of occurrence have the
 * same message. The details are in aigc_event_fields(). Since 1.0. */
const char *aigc_event_message(const aigc_event *event);

/* Levels of log records. The configuration's log.level names the most detailed level that is reported: "info" reports
 * errors, warnings and info. Since 1.1. */
enum {
    AIGC_LOG_NONE = 0,    /* no log record */
    AIGC_LOG_ERROR = 1,   /* a job or a download has failed */
    AIGC_LOG_WARNING = 2, /* a call has failed and may be repeated; credentials or clock are wrong */
    AIGC_LOG_INFO = 3,    /* jobs accepted, changed, ended; credentials found */
    AIGC_LOG_DEBUG = 4    /* every call, and the bodies of submissions with their prompts, without secrets */
};

/* The level of an AIGC_EVENT_LOG; AIGC_LOG_NONE for every other event. Since 1.1. */
int32_t aigc_event_level(const aigc_event *event);

/* The fields of an AIGC_EVENT_LOG, as a JSON object on one line. The object always has "at_ms". It has these members if
 * they apply: "provider", "job" (aigc_job_id()), "remote_id", "action", "attempt" (from 1), "request_id",
 * "http_status", "waited_ms", "duration_ms", "received_bytes", "state", "status", "error", "provider_code",
 * "retry_after_ms", "trace_id", "token", "body". Since 1.2, an AIGC_EVENT_WARNING that names the id of a job has fields
 * too. The object has "remote_id". If the journal cannot keep the id now, the object also has "key". If the id came
 * after the end of the job, the object also has "token", unless the id is too long for a token. Later versions may add
 * members. The object holds no secret. NULL for every other event. Since 1.1. */
const char *aigc_event_fields(const aigc_event *event);

/* Frees an event. NULL is allowed. Since 1.0. */
void aigc_event_free(aigc_event *event);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Buffers                                                                                                          */
/* ---------------------------------------------------------------------------------------------------------------- */

/* The bytes of an image or of a report. The bytes stay valid until you free the buffer. NULL for NULL. Since 1.0. */
const void *aigc_buffer_data(const aigc_buffer *buffer);

/* The number of bytes in the buffer. Since 1.0. */
size_t aigc_buffer_size(const aigc_buffer *buffer);

/* The type of the bytes. For an image "image/png" and so on, read from the bytes; for a report "application/json" or
 * "application/jsonl". Since 1.0. */
const char *aigc_buffer_content_type(const aigc_buffer *buffer);

/* Frees a buffer. NULL is allowed. Since 1.0. */
void aigc_buffer_free(aigc_buffer *buffer);

/* ---------------------------------------------------------------------------------------------------------------- */
/* The journal, for tools: without a client                                                                         */
/* ---------------------------------------------------------------------------------------------------------------- */

/* Lists keys of a journal.
 *
 * The journal is a folder that your user owns, on a local disk. Any number of processes may use one journal at the same
 * time. The journal holds keys, states, the providers' ids, times, and a digest of each request. Without the
 * configuration key journal.requests, it holds no prompt, no image's URL and no secret. With journal.requests, it also
 * keeps the body of each request until the job is accepted, refused or resolved. The body has the prompt, and the URLs
 * of reference images with their signatures. From the body, a person can recognise a job in doubt in the provider's
 * console, and a program can submit a job that was never sent. The database of a journal is the files jobs.db,
 * jobs.db-wal and jobs.db-shm. In a process that uses the journal, your code must never open these files, not even to
 * read them: when your code closes such a file, the system drops the locks that SQLite holds on the file. Make a backup
 * in another process. Each function of this section opens the folder, does its work, waits for the disk and closes the
 * folder. If the folder or a file is missing, the function returns AIGC_E_JOURNAL. Any thread.
 *
 * aigc_journal_list() sets *rows to one page of keys, in ascending order of their bytes. The page has one JSON object
 * on each line, in a buffer that is yours to free. If its size is 0, there are no more keys. The parameter "after" is
 * the last key of the previous page, or NULL for the first page. filter_json is NULL, or an object with any of "states"
 * (a list of names of states), "provider", "prefix" (of keys) and "limit" (1 to 10,000, default 1,000). A line has
 * these members:
 *   "key"    the key
 *   "state"  "claimed": a client has or had the key, and the submission provably started no job so far: it was not
 *            sent, or the provider refused it and a retry waits; "sending": the submission may be on the wire;
 *            "accepted": the provider accepted the job; "succeeded" and "failed": the job ended after its acceptance;
 *            "refused": the job ended and provably did not run; "unknown": the job is in doubt, because nobody knows
 *            whether its submission started it; "abandoned": you gave the key up with aigc_journal_resolve()
 *   "owner"  the client that works on the job (0: nobody); "owner_alive" says whether this client is alive
 *   "status" the name of the status code with which the job ended
 * A line also has "provider", "operation", "region", "endpoint", "remote_id", "request_id", "attempts", "images",
 * "provider_code", "note", "claimed_at_ms", "sent_at_ms", "accepted_at_ms", "ended_at_ms", "changed_at_ms" (Unix
 * milliseconds), "request" (the body of the submission, with journal.requests). An unknown value is null. Later
 * versions may add members. Since 1.2. */
aigc_status aigc_journal_list(const char *path, const char *filter_json, const char *after, aigc_buffer **rows,
                              aigc_error **error);

/* Writes into the journal what you found out about a key in doubt, for instance at the provider's console. A key is in
 * doubt in the state "unknown", and in the state "sending" without a live client. There are three answers.
 *   AIGC_OUTCOME_ACCEPTED  with the remote_id of the job: the next client that submits or attaches the key, or that
 *                          resumes, follows the job.
 *   AIGC_OUTCOME_NOT_SENT  with remote_id NULL: you may submit the key again. If you are wrong, you pay a
 *                          second time.
 *   AIGC_OUTCOME_UNKNOWN   with remote_id NULL: the key is abandoned and never sent again.
 * You can correct your answer by another call. After AIGC_OUTCOME_ACCEPTED, you can do this until a client has followed
 * the job to its end. After AIGC_OUTCOME_NOT_SENT, you can do this until a client has submitted the key again.
 * AIGC_E_NOT_FOUND: the journal has no such key. AIGC_E_WRONG_STATE has four reasons. The first: the provider said that
 * the job was accepted. The second: the job was never sent. The third: a client has written how the job ended, and the
 * outcome is known. The fourth: a live client still works on the job. AIGC_E_INVALID_ARGUMENT: remote_id cannot be a
 * job id, or another key of the journal has this id. Since 1.2. */
aigc_status aigc_journal_resolve(const char *path, const char *key, int32_t outcome, const char *remote_id,
                                 aigc_error **error);

/* Removes old keys that have ended (succeeded, failed, refused, abandoned). A key is old if its age is at least
 * older_than_ms milliseconds. The age of a key is the time from its last change to the newest change of any key in the
 * journal, not to the present time. A change with a time in the future does not count as the newest. So a clock that is
 * ahead removes no key, unless a key was changed while the clock was ahead. You can submit a removed key again, and
 * then you pay again. Sets *removed (may be NULL) to the number of keys. Since 1.2. */
aigc_status aigc_journal_prune(const char *path, int64_t older_than_ms, size_t *removed, aigc_error **error);

/* Reads the whole database of a journal and sets *report to JSON, in a buffer that is yours to free: "path", "ok",
 * "problems" (the faults that SQLite finds), "warning" (about a file system that may lose data, or null), "bytes",
 * "free_bytes" (-1: unknown), "sqlite", "format", "counts" (an object with the number of keys for each state),
 * "clients" (the number of clients that are alive, in all processes) and "orphans" (the number of open jobs whose
 * clients are gone). If the database is damaged, or is not the database of a journal, one of two things happens: the
 * call returns AIGC_E_JOURNAL, or the report has "ok" false. The call never repairs or deletes anything. Later versions
 * may add members. Since 1.2. */
aigc_status aigc_journal_check(const char *path, aigc_buffer **report, aigc_error **error);

#ifdef __cplusplus
}
#endif

#endif /* AIGC_H */
