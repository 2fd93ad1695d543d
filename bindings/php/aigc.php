<?php

// libaigc for PHP, in one file: image-generation jobs on Alibaba Cloud and Tencent Cloud. Needs PHP 8.1 or newer with
// ext-ffi (php-fpm: ffi.enable=true), and libaigc.so.1 (AIGC_LIBRARY names another file). The manual is include/aigc.h;
// bindings/php/examples/generate.php shows the way.
//
//     $client = new Aigc\Client();
//     $job = $client->tencent()->aigcImage(prompt: 'a cat in the snow')->wait();
//     foreach ($job->assets() as $asset) {
//         echo $job->download($asset->index, "cat-{$asset->index}.*")->wait()->path(), "\n";
//     }
//
// fork (pcntl_fork, preforking servers): a child that inherits a client may only free it; everything else throws
// Aigc\CallError (FORKED). Make a client in each process. Destructors and the end of a request only free handles: an
// accepted job keeps running and can be attached from its token.

declare(strict_types=1);

namespace Aigc;

use FFI;
use FFI\CData;

/** The C interface, as the header declares it. */
final class Native
{
    // generated: constants (Tests/tools/generate.py)
    public const OK = 0;
    public const E_INVALID_ARGUMENT = 100;
    public const E_WRONG_STATE = 101;
    public const E_FORKED = 102;
    public const E_CLOSED = 103;
    public const E_KEY_CONFLICT = 104;
    public const E_TIMEOUT = 200;
    public const E_CANCELLED = 201;
    public const E_DEADLINE = 202;
    public const E_NETWORK = 300;
    public const E_TLS = 301;
    public const E_ADDRESS_REFUSED = 302;
    public const E_BAD_RESPONSE = 303;
    public const E_NO_CREDENTIALS = 400;
    public const E_AUTH = 401;
    public const E_PERMISSION = 402;
    public const E_BILLING = 403;
    public const E_THROTTLED = 404;
    public const E_CLOCK = 405;
    public const E_REQUEST_REFUSED = 500;
    public const E_CONTENT_REFUSED = 501;
    public const E_NOT_FOUND = 502;
    public const E_JOB_FAILED = 503;
    public const E_PROVIDER = 504;
    public const E_OUTCOME_UNKNOWN = 600;
    public const E_EXPIRED = 700;
    public const E_NOT_AN_IMAGE = 701;
    public const E_CORRUPT = 702;
    public const E_TOO_LARGE = 703;
    public const E_FILE = 800;
    public const E_FILE_EXISTS = 801;
    public const E_NO_SPACE = 802;
    public const E_NO_RESOURCES = 803;
    public const E_JOURNAL = 804;
    public const E_INTERNAL = 900;
    public const OUTCOME_NONE = 0;
    public const OUTCOME_NOT_SENT = 1;
    public const OUTCOME_UNKNOWN = 2;
    public const OUTCOME_ACCEPTED = 3;
    public const STATE_NONE = 0;
    public const STATE_QUEUED = 1;
    public const STATE_SUBMITTING = 2;
    public const STATE_PENDING = 3;
    public const STATE_RUNNING = 4;
    public const STATE_SUCCEEDED = 5;
    public const STATE_FAILED = 6;
    public const STATE_CANCELLED = 7;
    public const STATE_UNKNOWN = 8;
    public const EVENT_NONE = 0;
    public const EVENT_JOB_STATE = 1;
    public const EVENT_JOB_ACCEPTED = 2;
    public const EVENT_JOB_REFRESHED = 3;
    public const EVENT_JOB_PROGRESS = 4;
    public const EVENT_JOB_DONE = 5;
    public const EVENT_CREDENTIALS_NEEDED = 6;
    public const EVENT_WARNING = 7;
    public const EVENT_LOG = 8;
    public const EVENT_JOB_READY = 9;
    public const LOG_NONE = 0;
    public const LOG_ERROR = 1;
    public const LOG_WARNING = 2;
    public const LOG_INFO = 3;
    public const LOG_DEBUG = 4;
    public const VERSION_MAJOR = 1;
    public const VERSION_MINOR = 2;
    public const VERSION_PATCH = 0;
    public const FOREVER = -1;
    public const ALIBABA = 'alibaba';
    public const TENCENT = 'tencent';
    public const ALIBABA_INFERENCE = 'inference';
    public const ALIBABA_PRE_MODEL_INFERENCE = 'pre_model_inference';
    public const ALIBABA_MODEL_TRAIN = 'model_train';
    public const TENCENT_IMAGE = 'aigc_image';
    public const ALIBABA_INFERENCE_ASSET = 'inference_asset';
    public const ALIBABA_PRE_MODEL_INFERENCE_ASSET = 'pre_model_inference_asset';
    public const TENCENT_IMAGE_ASSET = 'aigc_image_asset';
    public const STATUS_NAMES = [
        0 => 'AIGC_OK',
        100 => 'AIGC_E_INVALID_ARGUMENT',
        101 => 'AIGC_E_WRONG_STATE',
        102 => 'AIGC_E_FORKED',
        103 => 'AIGC_E_CLOSED',
        104 => 'AIGC_E_KEY_CONFLICT',
        200 => 'AIGC_E_TIMEOUT',
        201 => 'AIGC_E_CANCELLED',
        202 => 'AIGC_E_DEADLINE',
        300 => 'AIGC_E_NETWORK',
        301 => 'AIGC_E_TLS',
        302 => 'AIGC_E_ADDRESS_REFUSED',
        303 => 'AIGC_E_BAD_RESPONSE',
        400 => 'AIGC_E_NO_CREDENTIALS',
        401 => 'AIGC_E_AUTH',
        402 => 'AIGC_E_PERMISSION',
        403 => 'AIGC_E_BILLING',
        404 => 'AIGC_E_THROTTLED',
        405 => 'AIGC_E_CLOCK',
        500 => 'AIGC_E_REQUEST_REFUSED',
        501 => 'AIGC_E_CONTENT_REFUSED',
        502 => 'AIGC_E_NOT_FOUND',
        503 => 'AIGC_E_JOB_FAILED',
        504 => 'AIGC_E_PROVIDER',
        600 => 'AIGC_E_OUTCOME_UNKNOWN',
        700 => 'AIGC_E_EXPIRED',
        701 => 'AIGC_E_NOT_AN_IMAGE',
        702 => 'AIGC_E_CORRUPT',
        703 => 'AIGC_E_TOO_LARGE',
        800 => 'AIGC_E_FILE',
        801 => 'AIGC_E_FILE_EXISTS',
        802 => 'AIGC_E_NO_SPACE',
        803 => 'AIGC_E_NO_RESOURCES',
        804 => 'AIGC_E_JOURNAL',
        900 => 'AIGC_E_INTERNAL',
    ];
    // end of generated

    // generated: declarations (Tests/tools/generate.py)
    private const DECLARATIONS = <<<'C'
        typedef int32_t aigc_status;
        typedef struct aigc_error aigc_error;
        typedef struct aigc_config aigc_config;
        typedef struct aigc_buffer aigc_buffer;
        typedef struct aigc_request aigc_request;
        typedef struct aigc_client aigc_client;
        typedef struct aigc_job aigc_job;
        typedef struct aigc_event aigc_event;
        typedef void (*aigc_event_handler)(const aigc_event *event, void *user_data);
        int32_t aigc_version_number(void);
        const char *aigc_version_string(void);
        const char *aigc_build_info(void);
        const char *aigc_status_name(aigc_status status);
        const char *aigc_status_text(aigc_status status);
        aigc_status aigc_status_at(size_t index, aigc_status *status);
        aigc_status aigc_error_status(const aigc_error *error);
        const char *aigc_error_message(const aigc_error *error);
        const char *aigc_error_provider_code(const aigc_error *error);
        const char *aigc_error_provider_message(const aigc_error *error);
        const char *aigc_error_request_id(const aigc_error *error);
        int32_t aigc_error_http_status(const aigc_error *error);
        int32_t aigc_error_retryable(const aigc_error *error);
        int64_t aigc_error_retry_after_ms(const aigc_error *error);
        int32_t aigc_error_outcome(const aigc_error *error);
        const char *aigc_error_field(const aigc_error *error);
        void aigc_error_free(aigc_error *error);
        aigc_status aigc_config_new(aigc_config **config, aigc_error **error);
        aigc_status aigc_config_set(aigc_config *config, const char *key, const char *value, aigc_error **error);
        const char *aigc_config_get(aigc_config *config, const char *key);
        aigc_status aigc_config_describe(size_t index, const char **key, const char **type, const char **default_value, const char **text);
        aigc_status aigc_config_report(const aigc_config *config, aigc_buffer **report, aigc_error **error);
        void aigc_config_free(aigc_config *config);
        aigc_status aigc_operation_at(size_t index, const char **provider, const char **operation, const char **kind, const char **wire_name);
        aigc_status aigc_request_describe(const char *provider, const char *operation, size_t index, const char **name, const char **type, int32_t *required, const char **wire_name, const char **text);
        aigc_status aigc_request_new(const char *provider, const char *operation, aigc_request **request, aigc_error **error);
        aigc_status aigc_request_set_string(aigc_request *request, const char *name, const char *value, aigc_error **error);
        aigc_status aigc_request_set_int(aigc_request *request, const char *name, int64_t value, aigc_error **error);
        aigc_status aigc_request_set_double(aigc_request *request, const char *name, double value, aigc_error **error);
        aigc_status aigc_request_set_bool(aigc_request *request, const char *name, int32_t value, aigc_error **error);
        aigc_status aigc_request_set_json(aigc_request *request, const char *name, const char *json, aigc_error **error);
        aigc_status aigc_request_add_image_url(aigc_request *request, const char *url, const char *reference_type, aigc_error **error);
        aigc_status aigc_request_set_option(aigc_request *request, const char *name, const char *value, aigc_error **error);
        void aigc_request_free(aigc_request *request);
        aigc_status aigc_client_new(const aigc_config *config, aigc_client **client, aigc_error **error);
        void aigc_client_close(aigc_client *client, int64_t grace_ms);
        void aigc_client_free(aigc_client *client);
        aigc_status aigc_client_set_credentials(aigc_client *client, const char *provider, const char *id, const char *secret, const char *token, int64_t expires_at_ms, aigc_error **error);
        aigc_status aigc_client_report(aigc_client *client, aigc_buffer **report, aigc_error **error);
        aigc_status aigc_client_stats(aigc_client *client, aigc_buffer **stats, aigc_error **error);
        aigc_status aigc_client_submit(aigc_client *client, const aigc_request *request, aigc_job **job, aigc_error **error);
        aigc_status aigc_client_attach(aigc_client *client, const char *token, int32_t follow, aigc_job **job, aigc_error **error);
        aigc_status aigc_client_attach_id(aigc_client *client, const char *provider, const char *operation, const char *remote_id, int32_t follow, aigc_job **job, aigc_error **error);
        aigc_status aigc_client_attach_key(aigc_client *client, const char *key, int32_t follow, aigc_job **job, aigc_error **error);
        aigc_status aigc_client_resume(aigc_client *client, int32_t follow, size_t *count, aigc_error **error);
        aigc_status aigc_client_fetch(aigc_client *client, const aigc_request *request, const char *path, aigc_job **download, aigc_error **error);
        aigc_status aigc_client_call(aigc_client *client, const char *provider, const char *action, const char *json, int32_t reads, aigc_job **job, aigc_error **error);
        int32_t aigc_client_event_fd(aigc_client *client);
        aigc_status aigc_client_next_event(aigc_client *client, int64_t timeout_ms, aigc_event **event, aigc_error **error);
        aigc_status aigc_client_dispatch(aigc_client *client, int64_t timeout_ms, aigc_event_handler handler, void *user_data, size_t *handled, aigc_error **error);
        void aigc_client_wake(aigc_client *client);
        const char *aigc_state_name(int32_t state);
        uint64_t aigc_job_id(const aigc_job *job);
        const char *aigc_job_remote_id(aigc_job *job);
        const char *aigc_job_token(aigc_job *job);
        const char *aigc_job_key(aigc_job *job);
        int32_t aigc_job_state(const aigc_job *job);
        int32_t aigc_job_outcome(const aigc_job *job);
        double aigc_job_progress(const aigc_job *job);
        void aigc_job_bytes(const aigc_job *job, int64_t *received, int64_t *total);
        const char *aigc_job_provider(aigc_job *job);
        const char *aigc_job_operation(aigc_job *job);
        const char *aigc_job_provider_state(aigc_job *job);
        const char *aigc_job_provider_response(aigc_job *job);
        const char *aigc_job_request_id(aigc_job *job);
        aigc_status aigc_job_wait(aigc_job *job, int64_t timeout_ms, aigc_error **error);
        aigc_status aigc_job_refresh(aigc_job *job, int64_t timeout_ms, aigc_error **error);
        aigc_status aigc_job_set_follow(aigc_job *job, int32_t follow, aigc_error **error);
        aigc_status aigc_job_set_deadline_ms(aigc_job *job, int64_t deadline_ms, aigc_error **error);
        aigc_status aigc_job_set_trace(aigc_job *job, const char *traceparent, const char *tracestate, aigc_error **error);
        aigc_status aigc_job_release(aigc_job *job, aigc_error **error);
        void aigc_job_cancel(aigc_job *job);
        aigc_status aigc_job_error(aigc_job *job, aigc_error **error);
        const char *aigc_job_result_id(aigc_job *job);
        size_t aigc_job_asset_count(const aigc_job *job);
        const char *aigc_job_asset_id(aigc_job *job, size_t index);
        const char *aigc_job_asset_url(aigc_job *job, size_t index);
        int64_t aigc_job_asset_expires_at_ms(const aigc_job *job, size_t index);
        aigc_status aigc_job_download(aigc_job *job, size_t index, const char *path, aigc_job **download, aigc_error **error);
        const char *aigc_job_path(aigc_job *job);
        const char *aigc_job_content_type(aigc_job *job);
        aigc_status aigc_job_take_buffer(aigc_job *job, aigc_buffer **buffer, aigc_error **error);
        void aigc_job_set_user_data(aigc_job *job, void *user_data);
        void *aigc_job_user_data(const aigc_job *job);
        aigc_job *aigc_job_ref(aigc_job *job);
        void aigc_job_free(aigc_job *job);
        int32_t aigc_event_type(const aigc_event *event);
        aigc_job *aigc_event_job(const aigc_event *event);
        uint64_t aigc_event_job_id(const aigc_event *event);
        int32_t aigc_event_state(const aigc_event *event);
        aigc_status aigc_event_status(const aigc_event *event);
        const char *aigc_event_provider(const aigc_event *event);
        const char *aigc_event_message(const aigc_event *event);
        int32_t aigc_event_level(const aigc_event *event);
        const char *aigc_event_fields(const aigc_event *event);
        void aigc_event_free(aigc_event *event);
        const void *aigc_buffer_data(const aigc_buffer *buffer);
        size_t aigc_buffer_size(const aigc_buffer *buffer);
        const char *aigc_buffer_content_type(const aigc_buffer *buffer);
        void aigc_buffer_free(aigc_buffer *buffer);
        aigc_status aigc_journal_list(const char *path, const char *filter_json, const char *after, aigc_buffer **rows, aigc_error **error);
        aigc_status aigc_journal_resolve(const char *path, const char *key, int32_t outcome, const char *remote_id, aigc_error **error);
        aigc_status aigc_journal_prune(const char *path, int64_t older_than_ms, size_t *removed, aigc_error **error);
        aigc_status aigc_journal_check(const char *path, aigc_buffer **report, aigc_error **error);
        C;
    // end of generated

    private static ?FFI $library = null;

    /** The loaded library. Throws \RuntimeException if it cannot be loaded or is of another version. */
    public static function library(): FFI
    {
        if (self::$library !== null) {
            return self::$library;
        }
        if (!extension_loaded('ffi')) {
            throw new \RuntimeException('libaigc needs the extension ffi: install it, and set ffi.enable=true for php-fpm');
        }
        $name = getenv('AIGC_LIBRARY') ?: 'libaigc.so.1';
        try {
            $library = FFI::cdef(self::DECLARATIONS, $name);
        } catch (FFI\Exception $e) {
            throw new \RuntimeException("$name cannot be loaded ({$e->getMessage()}): install libaigc, or set AIGC_LIBRARY");
        }
        $number = $library->aigc_version_number();
        if (intdiv($number, 1000000) !== self::VERSION_MAJOR || intdiv($number, 1000) % 1000 < self::VERSION_MINOR) {
            $needed = self::VERSION_MAJOR . '.' . self::VERSION_MINOR;
            throw new \RuntimeException("libaigc is {$library->aigc_version_string()}, and $needed or newer is needed");
        }
        return self::$library = $library;
    }

    /** A string as the library takes it: UTF-8 without a NUL. */
    public static function text(?string $value, string $what): ?string
    {
        if ($value !== null && (str_contains($value, "\0") || preg_match('//u', $value) !== 1)) {
            throw Error::here(self::E_INVALID_ARGUMENT, "$what has a NUL byte in it or is not UTF-8", $what);
        }
        return $value;
    }

    /** Seconds as the library's milliseconds, rounded up. INF, and what does not fit, is for ever and never 0. */
    public static function milliseconds(float $seconds, string $what): int
    {
        if (!($seconds >= 0)) {
            throw Error::here(self::E_INVALID_ARGUMENT, "$what is $seconds: give seconds from 0 on, or INF for ever", $what);
        }
        $milliseconds = ceil($seconds * 1000);
        return $milliseconds < (float) PHP_INT_MAX ? (int) $milliseconds : PHP_INT_MAX;
    }

    /** Calls a function that can fail; the callable gets the place of the error. */
    public static function check(callable $call): void
    {
        $place = self::library()->new('aigc_error *');
        $status = $call(FFI::addr($place));
        if ($status !== self::OK) {
            throw Error::taken($status, $place);
        }
    }

    /** The handle that a function gives out; null where the function may give none. */
    public static function made(string $type, callable $call): ?CData
    {
        $out = self::library()->new("$type *");
        self::check(fn (CData $error): int => $call(FFI::addr($out), $error));
        return FFI::isNull($out) ? null : $out;
    }

    /** The number that a function gives out. */
    public static function number(callable $call): int
    {
        $out = self::library()->new('size_t');
        self::check(fn (CData $error): int => $call(FFI::addr($out), $error));
        return $out->cdata;
    }

    /** The bytes of a buffer, which is freed. */
    public static function bytes(CData $buffer): string
    {
        $library = self::library();
        try {
            $size = $library->aigc_buffer_size($buffer);
            return $size === 0 ? '' : FFI::string(FFI::cast('char *', $library->aigc_buffer_data($buffer)), $size);
        } finally {
            $library->aigc_buffer_free($buffer);
        }
    }
}

/** What went wrong. Its subclasses stand for the groups of the statuses; Native::E_* are the statuses themselves. */
class Error extends \RuntimeException
{
    public ?string $providerCode = null;
    public ?string $providerMessage = null;
    public ?string $requestId = null;
    public int $httpStatus = 0;
    /** Whether the same call may succeed later without any change, and cannot cost twice. */
    public bool $retryable = false;
    public int $retryAfterMs = 0;
    public int $outcome = Native::OUTCOME_NONE;
    public ?string $field = null;
    /** The token of the job, if it is known: Client::attach() takes it. */
    public ?string $token = null;

    final public function __construct(string $message, public readonly int $status)
    {
        parent::__construct($message, $status);
    }

    /** The name of the status in aigc.h, such as "AIGC_E_TIMEOUT". */
    public function name(): string
    {
        return Native::STATUS_NAMES[$this->status] ?? "AIGC_E_{$this->status}";
    }

    /** @return class-string<Error> the class of a status; an unknown status has the class of its hundred. */
    public static function classOf(int $status): string
    {
        return match (intdiv($status, 100)) {
            1 => CallError::class,
            2 => StoppedError::class,
            3 => NetworkError::class,
            4 => AccountError::class,
            5 => ProviderError::class,
            6 => OutcomeUnknownError::class,
            7 => AssetError::class,
            8 => MachineError::class,
            default => InternalError::class,
        };
    }

    /** The exception of an error object, which is freed. */
    public static function taken(int $status, CData $pointer): self
    {
        $library = Native::library();
        $class = self::classOf($status);
        if (FFI::isNull($pointer)) {
            return new $class($library->aigc_status_text($status) ?? '', $status);
        }
        $error = new $class($library->aigc_error_message($pointer) ?? '', $status);
        $error->providerCode = $library->aigc_error_provider_code($pointer);
        $error->providerMessage = $library->aigc_error_provider_message($pointer);
        $error->requestId = $library->aigc_error_request_id($pointer);
        $error->httpStatus = $library->aigc_error_http_status($pointer);
        $error->retryable = $library->aigc_error_retryable($pointer) === 1;
        $error->retryAfterMs = $library->aigc_error_retry_after_ms($pointer);
        $error->outcome = $library->aigc_error_outcome($pointer);
        $error->field = $library->aigc_error_field($pointer);
        $library->aigc_error_free($pointer);
        return $error;
    }

    /** An error that was found here, before the library was asked. */
    public static function here(int $status, string $message, ?string $field = null): self
    {
        $class = self::classOf($status);
        $error = new $class($message, $status);
        $error->field = $field;
        $error->outcome = Native::OUTCOME_NOT_SENT;
        return $error;
    }
}

/** 1xx: the call was wrong. Fix the program. */
final class CallError extends Error
{
}

/** 2xx: time ran out, or you ended it. An accepted job is not lost: its token attaches it again. */
final class StoppedError extends Error
{
}

/** 3xx: between here and the provider. */
final class NetworkError extends Error
{
}

/** 4xx: credentials, rights, bill or rate. */
final class AccountError extends Error
{
}

/** 5xx: the provider's answer about this job. */
final class ProviderError extends Error
{
}

/** 6xx: the job may run and be billed. Nothing sends it again: look at the provider's console first. */
final class OutcomeUnknownError extends Error
{
}

/** 7xx: the image. */
final class AssetError extends Error
{
}

/** 8xx: this machine. */
final class MachineError extends Error
{
}

/** 9xx: a fault in the library. Please report it. */
final class InternalError extends Error
{
}

/** An image of a job that has succeeded. */
final class Asset
{
    public function __construct(
        public readonly int $index,
        public readonly ?string $id,
        public readonly ?string $url,
        public readonly int $expiresAtMs,
    ) {
    }
}

/** Something that happened. type is one of Native::EVENT_*; job is null if the event is about none. */
final class Event
{
    public function __construct(
        public readonly int $type,
        public readonly ?Job $job,
        public readonly int $jobId,
        public readonly int $state,
        public readonly int $status,
        public readonly ?string $provider,
        public readonly ?string $message,
        public readonly int $level,
        public readonly ?array $fields,
    ) {
    }
}

/** A submitted, attached or downloading job. */
final class Job
{
    /* What is known of a submission, for people. */
    // generated: outcome (Tests/tools/generate.py)
    private const ACCEPTED = 'accepted; fetch it with: aigc fetch ';
    private const ACCEPTED_ID = "accepted; the provider's id is ";
    private const ANSWERED = 'the provider has answered this call, which may be paid; request id ';
    private const NOTHING_PAID = 'provably not submitted, or refused: nothing is paid';
    private const IN_DOUBT = 'it may run and be paid: nobody knows whether it was submitted. Look at the ' .
        "provider's console before you repeat it";
    private const NO_KEY = 'no journal has a key of it';
    private const SHOW_KEY = 'aigc jobs show --journal FOLDER -- ';
    private const ON_THE_WIRE = 'no provider has accepted it yet, but its submission may be on the wire: ' .
        'close the client';
    // end of generated

    /** Signals (pcntl_async_signals) are noticed between two slices of a wait. */
    private const SLICE_MS = 100;

    private FFI $library;

    /** The client is kept: if it were destroyed while a job is in use, it would be closed, and the job with it. */
    public function __construct(private CData $handle, private Client $client)
    {
        $this->library = Native::library();
    }

    public function __destruct()
    {
        $this->library->aigc_job_free($this->handle);
    }

    /** A copy would free the same handle again: PHP refuses to make one before anything is copied. */
    private function __clone()
    {
    }

    public function __serialize(): array
    {
        throw Error::here(Native::E_WRONG_STATE, 'a job cannot be serialized: pass $job->token()');
    }

    /** A number that is unique among the jobs of the process. */
    public function id(): int
    {
        return $this->library->aigc_job_id($this->handle);
    }

    public function remoteId(): ?string
    {
        return $this->library->aigc_job_remote_id($this->handle);
    }

    /** What attaches this job in another process and another language; null until the provider has accepted it. */
    public function token(): ?string
    {
        $token = $this->library->aigc_job_token($this->handle);
        if ($token !== null) {
            $this->client->told($this);
        }
        return $token;
    }

    /** The key in the journal, yours or one that was made up; null without a journal. */
    public function key(): ?string
    {
        return $this->library->aigc_job_key($this->handle);
    }

    /** One of Native::STATE_*. */
    public function state(): int
    {
        $state = $this->library->aigc_job_state($this->handle);
        if ($state >= Native::STATE_SUCCEEDED) {
            $this->client->told($this);
        }
        return $state;
    }

    /** The state's name in the header, such as "AIGC_STATE_RUNNING". */
    public function stateName(): string
    {
        return $this->library->aigc_state_name($this->state());
    }

    /** Whether the submission left, and its answer can still come. */
    public function undecided(): bool
    {
        return $this->remoteId() === null
            && ($this->outcome() === Native::OUTCOME_UNKNOWN || $this->state() === Native::STATE_SUBMITTING);
    }

    /** One of Native::OUTCOME_*: what is known about the submission. */
    public function outcome(): int
    {
        return $this->library->aigc_job_outcome($this->handle);
    }

    /**
     * The same for people, for a program that leaves: the command that fetches the job, or that nothing is paid, or that the
     * job may be paid and where to look. Close the client first: its grace may bring the answer.
     */
    public function outcomeText(): string
    {
        [$token, $id, $key, $request] = [$this->token(), $this->remoteId(), $this->key(), $this->requestId() ?? 'unknown'];
        return match (true) {
            $token !== null => self::ACCEPTED . $token,
            $id !== null => self::ACCEPTED_ID . $id,
            $this->outcome() === Native::OUTCOME_ACCEPTED => self::ANSWERED . $request,
            $this->outcome() <= Native::OUTCOME_NOT_SENT => self::NOTHING_PAID,
            default => self::IN_DOUBT . " (request id $request; " . ($key === null ? self::NO_KEY : self::SHOW_KEY . $key) . ')',
        };
    }

    /** From 0.0 to 1.0, or null if unknown. */
    public function progress(): ?float
    {
        $value = $this->library->aigc_job_progress($this->handle);
        return $value < 0 ? null : $value;
    }

    public function ended(): bool
    {
        return $this->state() >= Native::STATE_SUCCEEDED;
    }

    public function provider(): ?string
    {
        return $this->library->aigc_job_provider($this->handle);
    }

    public function operation(): ?string
    {
        return $this->library->aigc_job_operation($this->handle);
    }

    public function providerState(): ?string
    {
        return $this->library->aigc_job_provider_state($this->handle);
    }

    /** The provider's last answer about this job, decoded, or as text if it is no JSON; null until one came. */
    public function providerResponse(): mixed
    {
        $text = $this->library->aigc_job_provider_response($this->handle);
        try {
            return $text === null ? null : json_decode($text, true, 512, JSON_THROW_ON_ERROR);
        } catch (\JsonException) {
            return $text;
        }
    }

    public function requestId(): ?string
    {
        return $this->library->aigc_job_request_id($this->handle);
    }

    public function resultId(): ?string
    {
        return $this->library->aigc_job_result_id($this->handle);
    }

    /** Waits until the job has ended; throws how it ended if that was no success. $timeout: seconds, null for no limit. */
    public function wait(?float $timeout = null): self
    {
        $wanted = $timeout === null ? INF : Native::milliseconds(max($timeout, 0.0), 'timeout');
        $deadline = $timeout === null ? null : hrtime(true) / 1e6 + $wanted;
        $told = false;
        try {
            while (true) {
                $left = $deadline === null ? self::SLICE_MS : max(0.0, $deadline - hrtime(true) / 1e6);
                $status = $this->library->aigc_job_wait($this->handle, (int) min(ceil($left), self::SLICE_MS), null);
                if ($status === Native::OK) {
                    $this->client->told($this);
                    $told = true;
                    return $this;
                }
                $error = null;
                if ($status !== Native::E_TIMEOUT) {
                    $error = $this->error() ?? Error::here($status, $this->library->aigc_status_text($status));
                } elseif ($deadline !== null && $left <= 0) {
                    $error = Error::here($status, "the job has not ended after $timeout s; it keeps running");
                    $error->outcome = $this->outcome();
                    $error->token = $this->token();
                }
                if ($error !== null) {
                    $told = true;
                    throw $error;
                }
            }
        } finally {
            if (!$told) {
                $this->interrupted();
            }
        }
    }

    /** A signal handler has thrown into a wait: its exception knows nothing of the job. */
    private function interrupted(): void
    {
        $token = $this->library->aigc_job_token($this->handle);
        if ($this->client->owes($this) && ($token !== null || !$this->ended())) {
            $known = $token === null ? self::ON_THE_WIRE : "its token: $token";
            error_log("aigc: a wait was interrupted, and not the job; $known");
            $this->token(); // the client takes note
        }
    }

    /** How the job ended, as an exception; null for success and for a job that has not ended. */
    public function error(): ?Error
    {
        try {
            Native::check(fn (CData $error): int => $this->library->aigc_job_error($this->handle, $error));
            return null;
        } catch (Error $error) {
            $error->token ??= $this->token();
            return $error;
        }
    }

    /** Makes exactly one status call. $timeout: seconds. */
    public function refresh(float $timeout = 60): self
    {
        $limit = Native::milliseconds($timeout, 'timeout');
        Native::check(fn (CData $error): int => $this->library->aigc_job_refresh($this->handle, $limit, $error));
        return $this;
    }

    /** Lets the first byte leave of a job that was submitted with hold. */
    public function release(): void
    {
        Native::check(fn (CData $error): int => $this->library->aigc_job_release($this->handle, $error));
    }

    /** Ends the job here. An accepted job keeps running at the provider, and its token stays valid. */
    public function cancel(): void
    {
        $this->library->aigc_job_cancel($this->handle);
    }

    /** @return array{int, ?int} of a download: the bytes that have come, and how many there are, or null if unknown. */
    public function bytes(): array
    {
        $received = $this->library->new('int64_t');
        $total = $this->library->new('int64_t');
        $this->library->aigc_job_bytes($this->handle, FFI::addr($received), FFI::addr($total));
        return [$received->cdata, $total->cdata < 0 ? null : $total->cdata];
    }

    /** Sets the deadline of the job to so many seconds from now; null: none. */
    public function setDeadline(?float $seconds): void
    {
        $milliseconds = $seconds === null ? Native::FOREVER : Native::milliseconds($seconds, 'deadline');
        Native::check(
            fn (CData $error): int => $this->library->aigc_job_set_deadline_ms($this->handle, $milliseconds, $error)
        );
    }

    /** Passes the trace of your own tracing on (W3C Trace Context); null ends it. */
    public function setTrace(?string $traceparent, ?string $tracestate = null): void
    {
        $texts = [Native::text($traceparent, 'traceparent'), Native::text($tracestate, 'tracestate')];
        Native::check(fn (CData $error): int => $this->library->aigc_job_set_trace($this->handle, ...[...$texts, $error]));
    }

    /** Follows the job (true), or leaves it to refresh() (false). */
    public function setFollow(bool $follow): void
    {
        Native::check(
            fn (CData $error): int => $this->library->aigc_job_set_follow($this->handle, (int) $follow, $error)
        );
    }

    /** @return list<Asset> the images of a job that has succeeded. */
    public function assets(): array
    {
        $assets = [];
        for ($index = 0; $index < $this->library->aigc_job_asset_count($this->handle); $index++) {
            $assets[] = new Asset(
                $index,
                $this->library->aigc_job_asset_id($this->handle, $index),
                $this->library->aigc_job_asset_url($this->handle, $index),
                $this->library->aigc_job_asset_expires_at_ms($this->handle, $index),
            );
        }
        return $assets;
    }

    /** Starts the download of an image. $path: the file (".*" becomes the format's extension), or null for memory. */
    public function download(int $index = 0, ?string $path = null): self
    {
        $name = Native::text($path, 'path');
        try {
            return new self(Native::made('aigc_job', fn (CData $out, CData $error): int =>
                $this->library->aigc_job_download($this->handle, $index, $name, $out, $error)), $this->client);
        } catch (Error $error) {
            $error->token ??= $this->token();
            throw $error;
        }
    }

    /** For a download that has succeeded: the path of the file. */
    public function path(): ?string
    {
        return $this->library->aigc_job_path($this->handle);
    }

    public function contentType(): ?string
    {
        return $this->library->aigc_job_content_type($this->handle);
    }

    /** The bytes of a download to memory, once. */
    public function takeBytes(): string
    {
        return Native::bytes(Native::made('aigc_buffer', fn (CData $out, CData $error): int =>
            $this->library->aigc_job_take_buffer($this->handle, $out, $error)));
    }
}

// generated: operations (Tests/tools/generate.py)
/** The operations of Alibaba: $client->alibaba(). */
final class AlibabaOperations
{
    public function __construct(private Client $client)
    {
    }

    /**
     * Submits Personalizedtxt2imgAddInferenceJob: one job, one bill.
     *
     * @param string $prompt What to draw, in English, with the literal token <special-token> in place of the
     * subject.
     * @param string $model Id of the model that you have trained.
     * @param ?int $count Number of images; the provider treats more than 10 as 10.
     * @param ?int $seed Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
     */
    public function inference(
        string $prompt,
        string $model,
        ?int $count = null,
        ?int $seed = null,
        array $options = [],
        ?string $key = null,
        ?bool $hold = null,
    ): Job {
        $fields = [
            'prompt' => $prompt,
            'model' => $model,
            'count' => $count,
            'seed' => $seed,
        ];
        return $this->client->submit('alibaba', 'inference', $fields, [], $options, $key, $hold);
    }

    /**
     * Submits PersonalizedTextToImageAddInferenceJob: one job, one bill.
     *
     * @param string $prompt What to draw, in English, with the literal token <special-token> in place of the
     * subject.
     * @param ?int $trainSteps Training steps, for example 800.
     * @param ?int $count Number of images; the provider treats more than 10 as 10.
     * @param ?int $seed Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
     * @param ?float $strength Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5.
     */
    public function preModelInference(
        string $prompt,
        ?int $trainSteps = null,
        ?int $count = null,
        ?int $seed = null,
        ?float $strength = null,
        array $imageUrls = [],
        array $options = [],
        ?string $key = null,
        ?bool $hold = null,
    ): Job {
        $fields = [
            'prompt' => $prompt,
            'train_steps' => $trainSteps,
            'count' => $count,
            'seed' => $seed,
            'strength' => $strength,
        ];
        return $this->client->submit('alibaba', 'pre_model_inference', $fields, $imageUrls, $options, $key, $hold);
    }

    /**
     * Submits Personalizedtxt2imgAddModelTrainJob: one job, one bill.
     *
     * @param string $name Name of the model, for people.
     * @param string $objectType What the images show, in one word: girl, person, man, boy, dog ...
     * @param ?int $trainSteps Training steps, for example 800.
     */
    public function modelTrain(
        string $name,
        string $objectType,
        ?int $trainSteps = null,
        array $imageUrls = [],
        array $options = [],
        ?string $key = null,
        ?bool $hold = null,
    ): Job {
        $fields = [
            'name' => $name,
            'object_type' => $objectType,
            'train_steps' => $trainSteps,
        ];
        return $this->client->submit('alibaba', 'model_train', $fields, $imageUrls, $options, $key, $hold);
    }

    /**
     * Fetches one image with Personalizedtxt2imgQueryImageAsset, free of charge.
     *
     * @param string $modelId Id of the job's model.
     * @param string $promptId Id of the job's prompt.
     * @param string $imageId Id of the image, as in the job's resultImageUrl.
     * @param ?string $encodeFormat With "base64" the image is sent as Base64 text, otherwise as bytes. The stored
     * image is the same.
     */
    public function inferenceAsset(
        string $modelId,
        string $promptId,
        string $imageId,
        ?string $encodeFormat = null,
        ?string $path = null,
    ): Job {
        $fields = [
            'model_id' => $modelId,
            'prompt_id' => $promptId,
            'image_id' => $imageId,
            'encode_format' => $encodeFormat,
        ];
        return $this->client->fetch('alibaba', 'inference_asset', $fields, $path);
    }

    /**
     * Fetches one image with PersonalizedTextToImageQueryImageAsset, free of charge.
     *
     * @param string $imageId Id of the image, as in the job's resultImageUrl.
     * @param ?string $encodeFormat With "base64" the image is sent as Base64 text, otherwise as bytes. The stored
     * image is the same.
     */
    public function preModelInferenceAsset(
        string $imageId,
        ?string $encodeFormat = null,
        ?string $path = null,
    ): Job {
        $fields = [
            'image_id' => $imageId,
            'encode_format' => $encodeFormat,
        ];
        return $this->client->fetch('alibaba', 'pre_model_inference_asset', $fields, $path);
    }
}

/** The operations of Tencent: $client->tencent(). */
final class TencentOperations
{
    public function __construct(private Client $client)
    {
    }

    /**
     * Submits CreateAigcImageTask: one job, one bill.
     *
     * @param ?string $prompt What to draw; required if there is no reference image.
     * @param ?string $model Name of the model; default: the provider's choice.
     * @param ?string $modelVersion Version of the model; default: the stable version.
     * @param ?string $sceneType Special scene, such as "3d_panorama" (Hunyuan).
     * @param ?string $negativePrompt What the image must not show; only some models use this field.
     * @param ?bool $enhancePrompt Whether the provider may improve the prompt; default: false.
     * @param ?int $count Number of images; default: 1.
     * @param ?string $aspectRatio Aspect ratio, such as "16:9"; depends on the model.
     * @param ?string $resolution Resolution, such as "1080P" or "2K"; depends on the model.
     * @param ?bool $logoAdd Whether the image gets a mark; default: false.
     * @param ?string $outputFormat "jpeg" or "png".
     * @param string|array|null $additionalParameters Further parameters of the model as a JSON object, such as
     * {"size":"1024x1024"}.
     * @param ?string $cosBucket COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole.
     * @param ?string $cosRegion Region of the bucket.
     * @param ?string $cosPath Folder in the bucket.
     * @param ?string $operatorName Free text that says who asks.
     */
    public function aigcImage(
        ?string $prompt = null,
        ?string $model = null,
        ?string $modelVersion = null,
        ?string $sceneType = null,
        ?string $negativePrompt = null,
        ?bool $enhancePrompt = null,
        ?int $count = null,
        ?string $aspectRatio = null,
        ?string $resolution = null,
        ?bool $logoAdd = null,
        ?string $outputFormat = null,
        string|array|null $additionalParameters = null,
        ?string $cosBucket = null,
        ?string $cosRegion = null,
        ?string $cosPath = null,
        ?string $operatorName = null,
        array $imageUrls = [],
        array $options = [],
        ?string $key = null,
        ?bool $hold = null,
    ): Job {
        $fields = [
            'prompt' => $prompt,
            'model' => $model,
            'model_version' => $modelVersion,
            'scene_type' => $sceneType,
            'negative_prompt' => $negativePrompt,
            'enhance_prompt' => $enhancePrompt,
            'count' => $count,
            'aspect_ratio' => $aspectRatio,
            'resolution' => $resolution,
            'logo_add' => $logoAdd,
            'output_format' => $outputFormat,
            'additional_parameters' => $additionalParameters,
            'cos_bucket' => $cosBucket,
            'cos_region' => $cosRegion,
            'cos_path' => $cosPath,
            'operator_name' => $operatorName,
        ];
        return $this->client->submit('tencent', 'aigc_image', $fields, $imageUrls, $options, $key, $hold);
    }

    /**
     * Fetches one image by its URL, free of charge.
     *
     * @param string $url Result URL of an image, unchanged; the library signs only for the hosts in
     * tencent.cos_hosts.
     */
    public function aigcImageAsset(
        string $url,
        ?string $path = null,
    ): Job {
        $fields = [
            'url' => $url,
        ];
        return $this->client->fetch('tencent', 'aigc_image_asset', $fields, $path);
    }
}
// end of generated

/** One engine: connections, rates, credentials, jobs. One per process is enough for thousands of jobs. */
final class Client
{
    /** So many seconds submissions on the wire get for their answer. */
    private const GRACE_S = 5;

    private FFI $library;
    private ?CData $handle;
    private int $process;
    /** @var array<int, CData> handles of the jobs of which nobody has the token, and nobody has seen the end, by id */
    private array $untold = [];
    private int $lookAt = 1000;
    /** What nextEvent() has taken, and could not give. */
    private ?Event $next = null;

    /** @param array<string, string|int|float|bool> $config configuration keys: ['tencent.region' => 'ap-guangzhou']. */
    public function __construct(array $config = [])
    {
        $this->library = Native::library();
        $this->process = getmypid();
        $settings = Native::made('aigc_config', fn (CData $out, CData $error): int =>
            $this->library->aigc_config_new($out, $error));
        try {
            foreach ($config as $key => $value) {
                $name = Native::text((string) $key, 'configuration key');
                $text = Native::text(is_bool($value) ? ($value ? 'true' : 'false') : (string) $value, (string) $key);
                Native::check(fn (CData $error): int => $this->library->aigc_config_set($settings, $name, $text, $error));
            }
            $this->handle = Native::made('aigc_client', fn (CData $out, CData $error): int =>
                $this->library->aigc_client_new($settings, $out, $error));
        } finally {
            $this->library->aigc_config_free($settings);
        }
    }

    public function __destruct()
    {
        if (isset($this->handle)) {
            $this->end();
        }
        foreach ($this->untold as $job) {
            $this->library->aigc_job_free($job);
        }
    }

    /** A copy would free the same handle again: PHP refuses to make one before anything is copied. */
    private function __clone()
    {
    }

    public function alibaba(): AlibabaOperations
    {
        return new AlibabaOperations($this);
    }

    public function tencent(): TencentOperations
    {
        return new TencentOperations($this);
    }

    /**
     * Submits a request: one job, one bill. Never waits for the network; with a journal for the disk.
     *
     * @param array<string, mixed> $fields by neutral name; null is not sent, arrays go out as JSON
     * @param list<string|array{string, string}> $imageUrls a URL, or [URL, reference type]
     * @param array<string, string|int|bool> $options "follow", "deadline_ms" and the others of aigc_request_set_option()
     * @param ?string $key with a journal: the same key never pays twice
     * @param ?bool $hold the job waits before its first byte, until its release()
     */
    public function submit(
        string $provider,
        string $operation,
        array $fields,
        array $imageUrls = [],
        array $options = [],
        ?string $key = null,
        ?bool $hold = null,
    ): Job {
        $options += array_filter(['key' => $key, 'hold' => $hold], fn (mixed $value): bool => $value !== null);
        $request = $this->request($provider, $operation, $fields, $imageUrls, $options);
        try {
            return $this->begun(fn (CData $out, CData $error): int =>
                $this->library->aigc_client_submit($this->handle(), $request, $out, $error));
        } finally {
            $this->library->aigc_request_free($request);
        }
    }

    /** Fetches one image that is known by id or URL, free of charge. */
    public function fetch(string $provider, string $operation, array $fields, ?string $path = null): Job
    {
        $request = $this->request($provider, $operation, $fields, [], []);
        $name = Native::text($path, 'path');
        try {
            return new Job(Native::made('aigc_job', fn (CData $out, CData $error): int =>
                $this->library->aigc_client_fetch($this->handle(), $request, $name, $out, $error)), $this);
        } finally {
            $this->library->aigc_request_free($request);
        }
    }

    /** Attaches a job from its token, made in any process and any language. */
    public function attach(string $token, bool $follow = true): Job
    {
        $text = Native::text($token, 'token');
        return new Job(Native::made('aigc_job', fn (CData $out, CData $error): int =>
            $this->library->aigc_client_attach($this->handle(), $text, (int) $follow, $out, $error)), $this);
    }

    /** The same from the provider's own job id. */
    public function attachId(string $provider, string $operation, string $remoteId, bool $follow = true): Job
    {
        $names = [Native::text($provider, 'provider'), Native::text($operation, 'operation'), Native::text($remoteId, 'id')];
        return new Job(Native::made('aigc_job', fn (CData $out, CData $error): int =>
            $this->library->aigc_client_attach_id($this->handle(), ...[...$names, (int) $follow, $out, $error])), $this);
    }

    /** The job of a key that the client's journal knows. */
    public function attachKey(string $key, bool $follow = true): Job
    {
        $text = Native::text($key, 'key');
        return new Job(Native::made('aigc_job', fn (CData $out, CData $error): int =>
            $this->library->aigc_client_attach_key($this->handle(), $text, (int) $follow, $out, $error)), $this);
    }

    /** Takes over every job of the client's journal whose client is gone, and says how many. They come as events. */
    public function resume(bool $follow = true): int
    {
        return Native::number(fn (CData $out, CData $error): int =>
            $this->library->aigc_client_resume($this->handle(), (int) $follow, $out, $error));
    }

    /** Calls any operation of the product by the provider's own name. $reads: repeats the call until it is answered. */
    public function call(string $provider, string $action, array $parameters = [], bool $reads = false): Job
    {
        $names = [Native::text($provider, 'provider'), Native::text($action, 'action'), self::json('parameters', (object) $parameters)];
        return $this->begun(fn (CData $out, CData $error): int =>
            $this->library->aigc_client_call($this->handle(), ...[...$names, (int) $reads, $out, $error]));
    }

    /** Gives a provider's credentials from now on. $expiresAtMs: Unix milliseconds, 0 for never. */
    public function setCredentials(
        string $provider,
        string $id,
        #[\SensitiveParameter] string $secret,
        #[\SensitiveParameter] ?string $token = null,
        int $expiresAtMs = 0,
    ): void {
        $texts = array_map(fn (?string $text): ?string => Native::text($text, 'credentials'), [$provider, $id, $secret, $token]);
        Native::check(fn (CData $error): int =>
            $this->library->aigc_client_set_credentials($this->handle(), ...[...$texts, $expiresAtMs, $error]));
    }

    /** The next event, or null if none came within $timeout seconds. */
    public function nextEvent(float $timeout = 0): ?Event
    {
        $deadline = hrtime(true) / 1e6 + Native::milliseconds(max($timeout, 0.0), 'timeout');
        while (true) {
            $left = max(0.0, $deadline - hrtime(true) / 1e6);
            $this->next ?? $this->take((int) min(ceil($left), 100));
            [$event, $this->next] = [$this->next, null];
            if ($event !== null || $left <= 0) {
                return $event;
            }
        }
    }

    /** Takes an event. If a signal handler throws meanwhile, the next call of nextEvent() gives the event. */
    private function take(int $milliseconds): void
    {
        $out = $this->library->new('aigc_event *');
        try {
            Native::check(fn (CData $error): int =>
                $this->library->aigc_client_next_event($this->handle(), $milliseconds, FFI::addr($out), $error));
        } finally {
            if (!FFI::isNull($out)) {
                $this->next = $this->event($out);
            }
        }
    }

    /** A descriptor that is readable while events are queued; event loops of PHP can watch php://fd/N. */
    public function eventDescriptor(): int
    {
        return $this->library->aigc_client_event_fd($this->handle());
    }

    /** What this client has counted. */
    public function stats(): array
    {
        return $this->document('aigc_client_stats');
    }

    /** What this client stands on. */
    public function report(): array
    {
        return $this->document('aigc_client_report');
    }

    /**
     * Ends all jobs here; they keep running at the provider. Submissions on the wire get $grace seconds. error_log() tells of
     * each job that may be paid, and of which nobody has read the token or seen the end.
     */
    public function close(float $grace = self::GRACE_S): void
    {
        if ($this->handle !== null) {
            $this->library->aigc_client_close($this->handle, Native::milliseconds($grace, 'grace'));
            $this->end();
        }
    }

    private function end(): void
    {
        $this->library->aigc_client_free($this->handle);
        $this->handle = null;
        $jobs = $this->process === getmypid() ? array_map(fn (CData $one): Job => new Job($one, $this), $this->untold) : [];
        $this->untold = [];
        foreach ($jobs as $job) {
            if ($job->outcome() > Native::OUTCOME_NOT_SENT) {
                error_log('aigc: the client was closed, and nobody had read the token of a job: ' . $job->outcomeText());
            }
        }
    }

    /** For Job: whether nobody has the token of a job that this client has submitted, or has seen its end. */
    public function owes(Job $job): bool
    {
        return isset($this->untold[$job->id()]);
    }

    /** For Job: somebody has the token, or has seen the end. */
    public function told(Job $job): void
    {
        $this->forget($job->id());
    }

    private function forget(int $id): void
    {
        if (isset($this->untold[$id])) {
            $this->library->aigc_job_free($this->untold[$id]);
            unset($this->untold[$id]);
        }
    }

    /** Keeps a job until somebody has been told of it. Now and then those are dropped that have ended since. */
    private function remember(CData $handle): void
    {
        $this->untold[$this->library->aigc_job_id($handle)] = $this->library->aigc_job_ref($handle);
        if (count($this->untold) >= $this->lookAt) {
            foreach ($this->untold as $id => $one) {
                if ($this->library->aigc_job_state($one) >= Native::STATE_SUCCEEDED) {
                    $this->forget($id);
                }
            }
            $this->lookAt = max(2 * count($this->untold), 1000);
        }
    }

    /** The job that a function begins. */
    private function begun(callable $call): Job
    {
        $out = $this->library->new('aigc_job *');
        $job = null;
        try {
            Native::check(fn (CData $error): int => $call(FFI::addr($out), $error));
            $this->remember($out);
            $job = new Job($out, $this);
            return $job;
        } finally {
            if ($job === null && !FFI::isNull($out)) {
                $this->giveUp(new Job($this->library->aigc_job_ref($out), $this));
            }
        }
    }

    /**
     * Ends here a job that was begun for nobody, because a signal handler threw. If the provider has accepted it, or may
     * have, standard error says so.
     */
    private function giveUp(Job $job): void
    {
        try {
            $job->cancel();
            $deadline = hrtime(true) + self::GRACE_S * 1e9;
            while ($job->undecided() && hrtime(true) < $deadline) {
                usleep(10000);
            }
        } finally {
            if ($job->outcome() > Native::OUTCOME_NOT_SENT) {
                error_log('aigc: a submission was interrupted: ' . $job->outcomeText());
            }
        }
    }

    private function handle(): CData
    {
        return $this->handle ?? throw Error::here(Native::E_CLOSED, 'the client has been closed');
    }

    private function request(string $provider, string $operation, array $fields, array $imageUrls, array $options): CData
    {
        $names = [Native::text($provider, 'provider'), Native::text($operation, 'operation')];
        $request = Native::made('aigc_request', fn (CData $out, CData $error): int =>
            $this->library->aigc_request_new(...[...$names, $out, $error]));
        try {
            foreach ($fields as $name => $value) {
                if ($value !== null) {
                    $this->set($request, (string) $name, $value);
                }
            }
            foreach ($imageUrls as $image) {
                [$url, $type] = is_array($image) ? $image : [$image, null];
                $pair = [Native::text($url, 'imageUrls'), Native::text($type, 'imageUrls')];
                Native::check(fn (CData $error): int =>
                    $this->library->aigc_request_add_image_url($request, ...[...$pair, $error]));
            }
            foreach ($options as $name => $value) {
                $text = Native::text(is_bool($value) ? ($value ? 'true' : 'false') : (string) $value, (string) $name);
                Native::check(fn (CData $error): int =>
                    $this->library->aigc_request_set_option($request, (string) $name, $text, $error));
            }
            return $request;
        } catch (\Throwable $error) {
            $this->library->aigc_request_free($request);
            throw $error;
        }
    }

    private function set(CData $request, string $name, mixed $value): void
    {
        $key = Native::text($name, 'field');
        [$function, $given] = match (true) {
            is_string($value) => ['aigc_request_set_string', Native::text($value, $name)],
            is_bool($value) => ['aigc_request_set_bool', (int) $value],
            is_int($value) => ['aigc_request_set_int', $value],
            is_float($value) => ['aigc_request_set_double', $value],
            is_array($value), is_object($value) && !self::isNumber($value) => ['aigc_request_set_json', self::json($name, $value)],
            default => throw Error::here(Native::E_INVALID_ARGUMENT, "$name cannot be a " . get_debug_type($value), $name),
        };
        Native::check(fn (CData $error): int => $this->library->$function($request, $key, $given, $error));
    }

    /** Numbers that json_encode() makes objects of. */
    private static function isNumber(mixed $value): bool
    {
        return $value instanceof \GMP || $value instanceof \BcMath\Number;
    }

    private static function json(string $name, mixed $value): string
    {
        if (is_array($value)) {
            array_walk_recursive($value, function (mixed $one) use ($name): void {
                if (self::isNumber($one)) {
                    throw Error::here(Native::E_INVALID_ARGUMENT, "$name holds a " . get_debug_type($one), $name);
                }
            });
        }
        // Another precision, as of old settings, gives 0.8 digits that nobody wrote.
        $precision = ini_set('serialize_precision', '-1');
        try {
            return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION);
        } catch (\JsonException $e) {
            throw Error::here(Native::E_INVALID_ARGUMENT, "$name cannot be written as JSON: {$e->getMessage()}", $name);
        } finally {
            if ($precision !== false) {
                ini_set('serialize_precision', $precision);
            }
        }
    }

    private function document(string $function): array
    {
        $buffer = Native::made('aigc_buffer', fn (CData $out, CData $error): int =>
            $this->library->$function($this->handle(), $out, $error));
        return json_decode(Native::bytes($buffer), true);
    }

    private function event(CData $pointer): Event
    {
        $library = $this->library;
        try {
            $job = $library->aigc_event_job($pointer);
            if ($library->aigc_event_type($pointer) === Native::EVENT_JOB_DONE) {
                $this->forget($library->aigc_event_job_id($pointer));
            }
            $fields = $library->aigc_event_fields($pointer);
            return new Event(
                $library->aigc_event_type($pointer),
                $job === null || FFI::isNull($job) ? null : new Job($library->aigc_job_ref($job), $this),
                $library->aigc_event_job_id($pointer),
                $library->aigc_event_state($pointer),
                $library->aigc_event_status($pointer),
                $library->aigc_event_provider($pointer),
                $library->aigc_event_message($pointer),
                $library->aigc_event_level($pointer),
                $fields === null ? null : json_decode($fields, true),
            );
        } finally {
            $library->aigc_event_free($pointer);
        }
    }
}

/**
 * The journal without a client, for tools. A journal is a folder (configuration key journal.path) that any number of processes
 * and languages use at once. Every method throws a MachineError if there is no journal.
 */
final class Journal
{
    /**
     * The keys in ascending order, an array each with "key", "state", "remote_id" and more (see aigc_journal_list()).
     *
     * @param array<string, mixed> $filter any of "states" (a list), "provider", "prefix" (of keys) and "limit" (rows of a page)
     * @return \Generator<array<string, mixed>>
     */
    public static function rows(string $path, array $filter = [], ?string $after = null): \Generator
    {
        $folder = Native::text($path, 'path');
        $chosen = Native::text(json_encode((object) $filter, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE), 'filter');
        while (true) {
            $last = Native::text($after, 'after');
            $buffer = Native::made('aigc_buffer', fn (CData $out, CData $error): int =>
                Native::library()->aigc_journal_list($folder, $chosen, $last, $out, $error));
            $lines = array_filter(explode("\n", Native::bytes($buffer)));
            if ($lines === []) {
                return;
            }
            foreach ($lines as $line) {
                $row = json_decode($line, true);
                $after = $row['key'];
                yield $row;
            }
        }
    }

    /**
     * Writes what you have found out about a key that is in doubt: Native::OUTCOME_ACCEPTED with the provider's id,
     * OUTCOME_NOT_SENT (the key may be paid again) or OUTCOME_UNKNOWN (it is abandoned).
     */
    public static function resolve(string $path, string $key, int $outcome, ?string $remoteId = null): void
    {
        $names = [Native::text($path, 'path'), Native::text($key, 'key'), $outcome, Native::text($remoteId, 'remote id')];
        Native::check(fn (CData $error): int => Native::library()->aigc_journal_resolve(...[...$names, $error]));
    }

    /** Forgets ended keys that have not changed for so many seconds, and says how many. They can then be paid again. INF: none. */
    public static function prune(string $path, float $olderThan): int
    {
        $folder = Native::text($path, 'path');
        $age = Native::milliseconds($olderThan, 'olderThan');
        return Native::number(fn (CData $out, CData $error): int =>
            Native::library()->aigc_journal_prune($folder, $age, $out, $error));
    }

    /** Reads the whole journal: "ok", "problems", "counts" and more. Nothing is repaired or deleted. */
    public static function check(string $path): array
    {
        $folder = Native::text($path, 'path');
        return json_decode(Native::bytes(Native::made('aigc_buffer', fn (CData $out, CData $error): int =>
            Native::library()->aigc_journal_check($folder, $out, $error))), true);
    }
}
