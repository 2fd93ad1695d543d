package aigc;

/** The constants of aigc.h, without AIGC_. Tests/tools/generate.py writes this file. */
public final class Constants {
    private Constants() {}

    /** The call succeeded. */
    public static final int OK = 0;

    /** A NULL, an unknown name, a wrong type or a wrong value: the message says which. */
    public static final int E_INVALID_ARGUMENT = 100;

    /** The call is right but comes at the wrong time: for example, a download of a job that has not succeeded. */
    public static final int E_WRONG_STATE = 101;

    /** The handle comes from the parent process: the child process may only free it. */
    public static final int E_FORKED = 102;

    /** The client has been closed. */
    public static final int E_CLOSED = 103;

    /** The journal has this key for another request (since 1.2). */
    public static final int E_KEY_CONFLICT = 104;

    /** Your wait ended before the job ended: the job keeps running, so you can wait again. */
    public static final int E_TIMEOUT = 200;

    /**
     * aigc_job_cancel() or aigc_client_close() ended the job in this process; the library does not tell the
     * provider.
     */
    public static final int E_CANCELLED = 201;

    /** The job's own deadline passed; the job may still finish at the provider. */
    public static final int E_DEADLINE = 202;

    /** The library could not resolve the host name, connect, send or receive. */
    public static final int E_NETWORK = 300;

    /**
     * The TLS handshake or the certificate check failed: look at the CA bundle, the clock, and each proxy
     * between this machine and the provider.
     */
    public static final int E_TLS = 301;

    /** An image URL leads to a private, loopback or link-local address. */
    public static final int E_ADDRESS_REFUSED = 302;

    /**
     * The answer does not have the form of this provider's answers: a proxy sent the answer, or the answer is
     * incomplete or garbage.
     */
    public static final int E_BAD_RESPONSE = 303;

    /**
     * No source gave credentials, or a configured source cannot be used: the message names each source that was
     * tried and why it gave nothing.
     */
    public static final int E_NO_CREDENTIALS = 400;

    /** The provider refused the access key, the signature or the security token. */
    public static final int E_AUTH = 401;

    /** The provider knows the access key, but this access key has no right to do this. */
    public static final int E_PERMISSION = 402;

    /** An unpaid bill, a used-up quota, or a service that is not activated. */
    public static final int E_BILLING = 403;

    /** Too many requests, and the retries are used up: see aigc_error_retry_after_ms(). */
    public static final int E_THROTTLED = 404;

    /** This machine's clock is too far from the provider's, and the library could not correct the difference. */
    public static final int E_CLOCK = 405;

    /**
     * The provider does not accept a parameter: see the provider's code and message, fix the parameter, and
     * submit a new job.
     */
    public static final int E_REQUEST_REFUSED = 500;

    /** The provider's moderation refused the prompt or an image. */
    public static final int E_CONTENT_REFUSED = 501;

    /** The provider does not know this job or image, or no longer has it. */
    public static final int E_NOT_FOUND = 502;

    /** The provider accepted and ran the job, and the job failed: you may submit a new job. */
    public static final int E_JOB_FAILED = 503;

    /** The provider reports an internal error; a download gives this code only after retries. */
    public static final int E_PROVIDER = 504;

    /**
     * The submission was sent, or may have been sent, and no clear answer came: the job may run and be billed.
     * The library never sends the submission again. Look at the provider's console before you submit a new job.
     */
    public static final int E_OUTCOME_UNKNOWN = 600;

    /** The image's URL has expired, and the provider gives no new URL. */
    public static final int E_EXPIRED = 700;

    /** The received bytes are not a PNG, JPEG, WebP, GIF or BMP image. */
    public static final int E_NOT_AN_IMAGE = 701;

    /** The length, the end marker or the checksum of the image is wrong, and retries did not help. */
    public static final int E_CORRUPT = 702;

    /** The image is larger than download.max_bytes, or an answer is larger than http.max_reply_bytes. */
    public static final int E_TOO_LARGE = 703;

    /** The file system refused an operation: the message names the path and the reason. */
    public static final int E_FILE = 800;

    /** A file with this name exists, and download.overwrite is off. */
    public static final int E_FILE_EXISTS = 801;

    /**
     * The disk or the quota is full; if possible, the library keeps the received bytes in a .part file, and the
     * next download continues this file.
     */
    public static final int E_NO_SPACE = 802;

    /** Memory, threads or descriptors are exhausted. */
    public static final int E_NO_RESOURCES = 803;

    /** The journal cannot be opened, read or written: this call sent nothing (since 1.2). */
    public static final int E_JOURNAL = 804;

    /** A fault in this library: please report it. */
    public static final int E_INTERNAL = 900;

    /** No submission was involved, or the submission has not been tried yet. */
    public static final int OUTCOME_NONE = 0;

    /**
     * No job runs: the submission was never sent, or it was sent and the provider refused it. You can safely
     * submit again.
     */
    public static final int OUTCOME_NOT_SENT = 1;

    /** The submission was sent, or may have been sent, and no clear answer came: the job may run and be billed. */
    public static final int OUTCOME_UNKNOWN = 2;

    /** The provider gave a job id; for aigc_client_call(): the provider answered. */
    public static final int OUTCOME_ACCEPTED = 3;

    /** No job (a NULL handle). */
    public static final int STATE_NONE = 0;

    /**
     * Not on the wire: the job waits to be sent, for the first time or again: for example for the rate limit,
     * credentials, a release or a retry. If the provider asked to try later, aigc_job_provider_response() says
     * why.
     */
    public static final int STATE_QUEUED = 1;

    /** The submission is on the wire, or its connection is being made. */
    public static final int STATE_SUBMITTING = 2;

    /** The provider has accepted the job and not started it. */
    public static final int STATE_PENDING = 3;

    /** The provider has started the job; also every provider state that this version does not know. */
    public static final int STATE_RUNNING = 4;

    /** Ended: you can fetch the images. */
    public static final int STATE_SUCCEEDED = 5;

    /** Ended: aigc_job_error() says why. After AIGC_E_DEADLINE, the job may keep running at the provider. */
    public static final int STATE_FAILED = 6;

    /** Ended in this process; the job may keep running at the provider. */
    public static final int STATE_CANCELLED = 7;

    /** Ended: nobody knows whether the provider accepted the submission. */
    public static final int STATE_UNKNOWN = 8;

    /** No event (a NULL handle). */
    public static final int EVENT_NONE = 0;

    /** The state changed: see aigc_event_state(). */
    public static final int EVENT_JOB_STATE = 1;

    /**
     * The provider's id is known: store aigc_job_token() now. If the answer arrives after a cancel, a deadline
     * or a close, this event can come after JOB_DONE.
     */
    public static final int EVENT_JOB_ACCEPTED = 2;

    /** The status call of an aigc_job_refresh() has ended: see aigc_event_status(). */
    public static final int EVENT_JOB_REFRESHED = 3;

    /** Progress changed (only with the configuration's events.progress). */
    public static final int EVENT_JOB_PROGRESS = 4;

    /** The job has ended; this event comes once: see aigc_event_status() and aigc_event_state(). */
    public static final int EVENT_JOB_DONE = 5;

    /**
     * The credentials of aigc_client_set_credentials() end soon, or the provider refused them: see
     * aigc_event_provider(). This event comes five minutes before the credentials end, even if no call is made.
     * If the credentials are valid for less than ten minutes, this event comes when half of their life is over.
     */
    public static final int EVENT_CREDENTIALS_NEEDED = 6;

    /**
     * A warning; the jobs keep running. Examples: everybody can read a credential file; calls fail on this
     * machine and are tried again; the disk refuses the id of a job in the journal; the provider asked for a
     * long pause; the provider names a state of a job that this library does not know; an id came after the end
     * of its job. If a warning names the id of a job, aigc_event_job() is the job, and aigc_event_fields() has
     * the id. See aigc_event_message() and aigc_event_provider(). Each warning comes once, not for each job and
     * call. At most 64 warnings are queued.
     */
    public static final int EVENT_WARNING = 7;

    /**
     * A log record (only with the configuration's log.level, since 1.1): see aigc_event_level(),
     * aigc_event_message(), aigc_event_fields() and aigc_event_job_id(). At most log.capacity records are
     * queued.
     */
    public static final int EVENT_LOG = 8;

    /** A job with the option "hold" is ready to be sent, and waits for aigc_job_release() (since 1.2). */
    public static final int EVENT_JOB_READY = 9;

    /** No log record. */
    public static final int LOG_NONE = 0;

    /** A job or a download has failed. */
    public static final int LOG_ERROR = 1;

    /** A call has failed and may be repeated; credentials or clock are wrong. */
    public static final int LOG_WARNING = 2;

    /** Jobs accepted, changed, ended; credentials found. */
    public static final int LOG_INFO = 3;

    /** Every call, and the bodies of submissions with their prompts, without secrets. */
    public static final int LOG_DEBUG = 4;

    /** AIGC_VERSION_MAJOR of the header. */
    public static final int VERSION_MAJOR = 1;

    /** AIGC_VERSION_MINOR of the header. */
    public static final int VERSION_MINOR = 2;

    /** AIGC_VERSION_PATCH of the header. */
    public static final int VERSION_PATCH = 0;

    /** AIGC_FOREVER of the header. */
    public static final long FOREVER = -1;

    /** AIGC_ALIBABA of the header. */
    public static final String ALIBABA = "alibaba";

    /** AIGC_TENCENT of the header. */
    public static final String TENCENT = "tencent";

    /** AIGC_ALIBABA_INFERENCE of the header. */
    public static final String ALIBABA_INFERENCE = "inference";

    /** AIGC_ALIBABA_PRE_MODEL_INFERENCE of the header. */
    public static final String ALIBABA_PRE_MODEL_INFERENCE = "pre_model_inference";

    /** AIGC_ALIBABA_MODEL_TRAIN of the header. */
    public static final String ALIBABA_MODEL_TRAIN = "model_train";

    /** AIGC_TENCENT_IMAGE of the header. */
    public static final String TENCENT_IMAGE = "aigc_image";

    /** AIGC_ALIBABA_INFERENCE_ASSET of the header. */
    public static final String ALIBABA_INFERENCE_ASSET = "inference_asset";

    /** AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET of the header. */
    public static final String ALIBABA_PRE_MODEL_INFERENCE_ASSET = "pre_model_inference_asset";

    /** AIGC_TENCENT_IMAGE_ASSET of the header. */
    public static final String TENCENT_IMAGE_ASSET = "aigc_image_asset";

    static String statusName(int status) {
        switch (status) {
            case 0: return "AIGC_OK";
            case 100: return "AIGC_E_INVALID_ARGUMENT";
            case 101: return "AIGC_E_WRONG_STATE";
            case 102: return "AIGC_E_FORKED";
            case 103: return "AIGC_E_CLOSED";
            case 104: return "AIGC_E_KEY_CONFLICT";
            case 200: return "AIGC_E_TIMEOUT";
            case 201: return "AIGC_E_CANCELLED";
            case 202: return "AIGC_E_DEADLINE";
            case 300: return "AIGC_E_NETWORK";
            case 301: return "AIGC_E_TLS";
            case 302: return "AIGC_E_ADDRESS_REFUSED";
            case 303: return "AIGC_E_BAD_RESPONSE";
            case 400: return "AIGC_E_NO_CREDENTIALS";
            case 401: return "AIGC_E_AUTH";
            case 402: return "AIGC_E_PERMISSION";
            case 403: return "AIGC_E_BILLING";
            case 404: return "AIGC_E_THROTTLED";
            case 405: return "AIGC_E_CLOCK";
            case 500: return "AIGC_E_REQUEST_REFUSED";
            case 501: return "AIGC_E_CONTENT_REFUSED";
            case 502: return "AIGC_E_NOT_FOUND";
            case 503: return "AIGC_E_JOB_FAILED";
            case 504: return "AIGC_E_PROVIDER";
            case 600: return "AIGC_E_OUTCOME_UNKNOWN";
            case 700: return "AIGC_E_EXPIRED";
            case 701: return "AIGC_E_NOT_AN_IMAGE";
            case 702: return "AIGC_E_CORRUPT";
            case 703: return "AIGC_E_TOO_LARGE";
            case 800: return "AIGC_E_FILE";
            case 801: return "AIGC_E_FILE_EXISTS";
            case 802: return "AIGC_E_NO_SPACE";
            case 803: return "AIGC_E_NO_RESOURCES";
            case 804: return "AIGC_E_JOURNAL";
            case 900: return "AIGC_E_INTERNAL";
            default: return "AIGC_E_" + status;
        }
    }
}
