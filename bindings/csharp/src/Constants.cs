// Tests/tools/generate.py writes this file from include/aigc.h.
namespace Aigc
{
    /// <summary>What happened, and what to do. New ones may be added: treat one like the first of its hundred.</summary>
    public enum Status
    {
        /// <summary>The call succeeded.</summary>
        Ok = 0,

        /// <summary>A NULL, an unknown name, a wrong type or a wrong value: the message says which.</summary>
        InvalidArgument = 100,

        /// <summary>
        /// The call is right but comes at the wrong time: for example, a download of a job that has not
        /// succeeded.
        /// </summary>
        WrongState = 101,

        /// <summary>The handle comes from the parent process: the child process may only free it.</summary>
        Forked = 102,

        /// <summary>The client has been closed.</summary>
        Closed = 103,

        /// <summary>The journal has this key for another request (since 1.2).</summary>
        KeyConflict = 104,

        /// <summary>Your wait ended before the job ended: the job keeps running, so you can wait again.</summary>
        Timeout = 200,

        /// <summary>
        /// aigc_job_cancel() or aigc_client_close() ended the job in this process; the library does not
        /// tell the provider.
        /// </summary>
        Cancelled = 201,

        /// <summary>The job's own deadline passed; the job may still finish at the provider.</summary>
        Deadline = 202,

        /// <summary>The library could not resolve the host name, connect, send or receive.</summary>
        Network = 300,

        /// <summary>
        /// The TLS handshake or the certificate check failed: look at the CA bundle, the clock, and
        /// each proxy between this machine and the provider.
        /// </summary>
        Tls = 301,

        /// <summary>An image URL leads to a private, loopback or link-local address.</summary>
        AddressRefused = 302,

        /// <summary>
        /// The answer does not have the form of this provider's answers: a proxy sent the answer, or
        /// the answer is incomplete or garbage.
        /// </summary>
        BadResponse = 303,

        /// <summary>
        /// No source gave credentials, or a configured source cannot be used: the message names each
        /// source that was tried and why it gave nothing.
        /// </summary>
        NoCredentials = 400,

        /// <summary>The provider refused the access key, the signature or the security token.</summary>
        Auth = 401,

        /// <summary>The provider knows the access key, but this access key has no right to do this.</summary>
        Permission = 402,

        /// <summary>An unpaid bill, a used-up quota, or a service that is not activated.</summary>
        Billing = 403,

        /// <summary>Too many requests, and the retries are used up: see aigc_error_retry_after_ms().</summary>
        Throttled = 404,

        /// <summary>
        /// This machine's clock is too far from the provider's, and the library could not correct the
        /// difference.
        /// </summary>
        Clock = 405,

        /// <summary>
        /// The provider does not accept a parameter: see the provider's code and message, fix the
        /// parameter, and submit a new job.
        /// </summary>
        RequestRefused = 500,

        /// <summary>The provider's moderation refused the prompt or an image.</summary>
        ContentRefused = 501,

        /// <summary>The provider does not know this job or image, or no longer has it.</summary>
        NotFound = 502,

        /// <summary>The provider accepted and ran the job, and the job failed: you may submit a new job.</summary>
        JobFailed = 503,

        /// <summary>The provider reports an internal error; a download gives this code only after retries.</summary>
        Provider = 504,

        /// <summary>
        /// The submission was sent, or may have been sent, and no clear answer came: the job may run
        /// and be billed. The library never sends the submission again. Look at the provider's console
        /// before you submit a new job.
        /// </summary>
        OutcomeUnknown = 600,

        /// <summary>The image's URL has expired, and the provider gives no new URL.</summary>
        Expired = 700,

        /// <summary>The received bytes are not a PNG, JPEG, WebP, GIF or BMP image.</summary>
        NotAnImage = 701,

        /// <summary>The length, the end marker or the checksum of the image is wrong, and retries did not help.</summary>
        Corrupt = 702,

        /// <summary>
        /// The image is larger than download.max_bytes, or an answer is larger than
        /// http.max_reply_bytes.
        /// </summary>
        TooLarge = 703,

        /// <summary>The file system refused an operation: the message names the path and the reason.</summary>
        File = 800,

        /// <summary>A file with this name exists, and download.overwrite is off.</summary>
        FileExists = 801,

        /// <summary>
        /// The disk or the quota is full; if possible, the library keeps the received bytes in a .part
        /// file, and the next download continues this file.
        /// </summary>
        NoSpace = 802,

        /// <summary>Memory, threads or descriptors are exhausted.</summary>
        NoResources = 803,

        /// <summary>The journal cannot be opened, read or written: this call sent nothing (since 1.2).</summary>
        Journal = 804,

        /// <summary>A fault in this library: please report it.</summary>
        Internal = 900,
    }

    /// <summary>What provably happened to a submission.</summary>
    public enum Outcome
    {
        /// <summary>No submission was involved, or the submission has not been tried yet.</summary>
        None = 0,

        /// <summary>
        /// No job runs: the submission was never sent, or it was sent and the provider refused it. You
        /// can safely submit again.
        /// </summary>
        NotSent = 1,

        /// <summary>
        /// The submission was sent, or may have been sent, and no clear answer came: the job may run
        /// and be billed.
        /// </summary>
        Unknown = 2,

        /// <summary>The provider gave a job id; for aigc_client_call(): the provider answered.</summary>
        Accepted = 3,
    }

    /// <summary>States of a job.</summary>
    public enum JobState
    {
        /// <summary>No job (a NULL handle).</summary>
        None = 0,

        /// <summary>
        /// Not on the wire: the job waits to be sent, for the first time or again: for example for the
        /// rate limit, credentials, a release or a retry. If the provider asked to try later,
        /// aigc_job_provider_response() says why.
        /// </summary>
        Queued = 1,

        /// <summary>The submission is on the wire, or its connection is being made.</summary>
        Submitting = 2,

        /// <summary>The provider has accepted the job and not started it.</summary>
        Pending = 3,

        /// <summary>The provider has started the job; also every provider state that this version does not know.</summary>
        Running = 4,

        /// <summary>Ended: you can fetch the images.</summary>
        Succeeded = 5,

        /// <summary>
        /// Ended: aigc_job_error() says why. After AIGC_E_DEADLINE, the job may keep running at the
        /// provider.
        /// </summary>
        Failed = 6,

        /// <summary>Ended in this process; the job may keep running at the provider.</summary>
        Cancelled = 7,

        /// <summary>Ended: nobody knows whether the provider accepted the submission.</summary>
        Unknown = 8,
    }

    /// <summary>Types of events. New ones may be added: ignore what you do not know.</summary>
    public enum EventType
    {
        /// <summary>No event (a NULL handle).</summary>
        None = 0,

        /// <summary>The state changed: see aigc_event_state().</summary>
        JobState = 1,

        /// <summary>
        /// The provider's id is known: store aigc_job_token() now. If the answer arrives after a
        /// cancel, a deadline or a close, this event can come after JOB_DONE.
        /// </summary>
        JobAccepted = 2,

        /// <summary>The status call of an aigc_job_refresh() has ended: see aigc_event_status().</summary>
        JobRefreshed = 3,

        /// <summary>Progress changed (only with the configuration's events.progress).</summary>
        JobProgress = 4,

        /// <summary>The job has ended; this event comes once: see aigc_event_status() and aigc_event_state().</summary>
        JobDone = 5,

        /// <summary>
        /// The credentials of aigc_client_set_credentials() end soon, or the provider refused them: see
        /// aigc_event_provider(). This event comes five minutes before the credentials end, even if no
        /// call is made. If the credentials are valid for less than ten minutes, this event comes when
        /// half of their life is over.
        /// </summary>
        CredentialsNeeded = 6,

        /// <summary>
        /// A warning; the jobs keep running. Examples: everybody can read a credential file; calls fail
        /// on this machine and are tried again; the disk refuses the id of a job in the journal; the
        /// provider asked for a long pause; the provider names a state of a job that this library does
        /// not know; an id came after the end of its job. If a warning names the id of a job,
        /// aigc_event_job() is the job, and aigc_event_fields() has the id. See aigc_event_message()
        /// and aigc_event_provider(). Each warning comes once, not for each job and call. At most 64
        /// warnings are queued.
        /// </summary>
        Warning = 7,

        /// <summary>
        /// A log record (only with the configuration's log.level, since 1.1): see aigc_event_level(),
        /// aigc_event_message(), aigc_event_fields() and aigc_event_job_id(). At most log.capacity
        /// records are queued.
        /// </summary>
        Log = 8,

        /// <summary>
        /// A job with the option "hold" is ready to be sent, and waits for aigc_job_release() (since
        /// 1.2).
        /// </summary>
        JobReady = 9,
    }

    /// <summary>Levels of log records.</summary>
    public enum LogLevel
    {
        /// <summary>No log record.</summary>
        None = 0,

        /// <summary>A job or a download has failed.</summary>
        Error = 1,

        /// <summary>A call has failed and may be repeated; credentials or clock are wrong.</summary>
        Warning = 2,

        /// <summary>Jobs accepted, changed, ended; credentials found.</summary>
        Info = 3,

        /// <summary>Every call, and the bodies of submissions with their prompts, without secrets.</summary>
        Debug = 4,
    }

    /// <summary>Names of providers and operations, and numbers of the header.</summary>
    public static class Names
    {
        /// <summary>AIGC_VERSION_MAJOR</summary>
        public const int VersionMajor = 1;

        /// <summary>AIGC_VERSION_MINOR</summary>
        public const int VersionMinor = 2;

        /// <summary>AIGC_VERSION_PATCH</summary>
        public const int VersionPatch = 0;

        /// <summary>AIGC_FOREVER</summary>
        public const int Forever = -1;

        /// <summary>AIGC_ALIBABA</summary>
        public const string Alibaba = "alibaba";

        /// <summary>AIGC_TENCENT</summary>
        public const string Tencent = "tencent";

        /// <summary>AIGC_ALIBABA_INFERENCE</summary>
        public const string AlibabaInference = "inference";

        /// <summary>AIGC_ALIBABA_PRE_MODEL_INFERENCE</summary>
        public const string AlibabaPreModelInference = "pre_model_inference";

        /// <summary>AIGC_ALIBABA_MODEL_TRAIN</summary>
        public const string AlibabaModelTrain = "model_train";

        /// <summary>AIGC_TENCENT_IMAGE</summary>
        public const string TencentImage = "aigc_image";

        /// <summary>AIGC_ALIBABA_INFERENCE_ASSET</summary>
        public const string AlibabaInferenceAsset = "inference_asset";

        /// <summary>AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET</summary>
        public const string AlibabaPreModelInferenceAsset = "pre_model_inference_asset";

        /// <summary>AIGC_TENCENT_IMAGE_ASSET</summary>
        public const string TencentImageAsset = "aigc_image_asset";
    }
}
