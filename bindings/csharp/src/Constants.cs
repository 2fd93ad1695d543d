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

        /// <summary>Right call, wrong time: for instance a download of a job that has not succeeded.</summary>
        WrongState = 101,

        /// <summary>The handle comes from the parent process: the child can only free it.</summary>
        Forked = 102,

        /// <summary>The client has been closed.</summary>
        Closed = 103,

        /// <summary>The journal has another request under this key (since 1.2).</summary>
        KeyConflict = 104,

        /// <summary>Your wait ended before the job did; the job keeps running: wait again.</summary>
        Timeout = 200,

        /// <summary>
        /// aigc_job_cancel() or aigc_client_close() ended the job in this process; the provider is not
        /// told.
        /// </summary>
        Cancelled = 201,

        /// <summary>The job's own deadline passed; the job may still finish at the provider.</summary>
        Deadline = 202,

        /// <summary>Resolve, connect, send or receive failed.</summary>
        Network = 300,

        /// <summary>Handshake or certificate failed: CA bundle, clock, or a machine in between.</summary>
        Tls = 301,

        /// <summary>An image URL leads to a private, loopback or link-local address.</summary>
        AddressRefused = 302,

        /// <summary>The provider does not send such an answer: a proxy's page, a cut answer, or garbage.</summary>
        BadResponse = 303,

        /// <summary>
        /// No source gave credentials, or a configured source cannot be used: the message names each
        /// source that was tried and why it gave nothing.
        /// </summary>
        NoCredentials = 400,

        /// <summary>The provider refused the key, the signature or the security token.</summary>
        Auth = 401,

        /// <summary>The provider knows the key, and the key may not do this.</summary>
        Permission = 402,

        /// <summary>Arrears, quota or a service that is not activated.</summary>
        Billing = 403,

        /// <summary>Too many requests, and the retries are used up: aigc_error_retry_after_ms().</summary>
        Throttled = 404,

        /// <summary>
        /// This machine's clock is too far from the provider's, and the library could not correct the
        /// difference.
        /// </summary>
        Clock = 405,

        /// <summary>
        /// The provider does not accept a parameter: see its code and message, fix the parameter,
        /// submit anew.
        /// </summary>
        RequestRefused = 500,

        /// <summary>Moderation refused the prompt or an image.</summary>
        ContentRefused = 501,

        /// <summary>The provider does not know this job or image, or no longer knows it.</summary>
        NotFound = 502,

        /// <summary>The job was accepted, ran and failed: submit anew if you like.</summary>
        JobFailed = 503,

        /// <summary>The provider reports a fault of its own; the library has repeated reads.</summary>
        Provider = 504,

        /// <summary>
        /// The submission left and no readable answer came: the job may run and be billed. The library
        /// never sends it again; look at the provider's console before you do.
        /// </summary>
        OutcomeUnknown = 600,

        /// <summary>The image's URL, or its time at the provider, has run out.</summary>
        Expired = 700,

        /// <summary>The received bytes are no PNG, JPEG, WebP, GIF or BMP.</summary>
        NotAnImage = 701,

        /// <summary>Length, end marker or checksum is wrong, also after retries.</summary>
        Corrupt = 702,

        /// <summary>The image is larger than download.max_bytes, or a reply than http.max_reply_bytes.</summary>
        TooLarge = 703,

        /// <summary>The file system refused: the message names path and reason.</summary>
        File = 800,

        /// <summary>A file of that name exists and download.overwrite is off.</summary>
        FileExists = 801,

        /// <summary>
        /// Disk or quota is full; where possible the received bytes are kept as .part, so that another
        /// download can resume.
        /// </summary>
        NoSpace = 802,

        /// <summary>Memory, threads or descriptors are exhausted.</summary>
        NoResources = 803,

        /// <summary>The journal cannot be opened, read or written: nothing was sent (since 1.2).</summary>
        Journal = 804,

        /// <summary>A fault in this library: please report it.</summary>
        Internal = 900,
    }

    /// <summary>What provably happened to a submission.</summary>
    public enum Outcome
    {
        /// <summary>No submission was involved, or it has not been tried yet.</summary>
        None = 0,

        /// <summary>Nothing runs: the submission never left, or the provider refused it. Safe to submit anew.</summary>
        NotSent = 1,

        /// <summary>The submission left and no readable answer came: the job may run and be billed.</summary>
        Unknown = 2,

        /// <summary>The provider gave a job id.</summary>
        Accepted = 3,
    }

    /// <summary>States of a job.</summary>
    public enum JobState
    {
        /// <summary>No job (a NULL handle).</summary>
        None = 0,

        /// <summary>
        /// Not sent yet: the job waits for the rate limit, credentials or a retry. If the provider
        /// asked to try later, aigc_job_provider_response() says why.
        /// </summary>
        Queued = 1,

        /// <summary>The submission is on the wire.</summary>
        Submitting = 2,

        /// <summary>Accepted, not started.</summary>
        Pending = 3,

        /// <summary>Started; also every provider state that this version does not know.</summary>
        Running = 4,

        /// <summary>Ended: images can be fetched.</summary>
        Succeeded = 5,

        /// <summary>Ended: aigc_job_error() says why.</summary>
        Failed = 6,

        /// <summary>Ended in this process; the job may keep running at the provider.</summary>
        Cancelled = 7,

        /// <summary>Ended: whether the provider accepted the submission is not known.</summary>
        Unknown = 8,
    }

    /// <summary>Types of events. New ones may be added: ignore what you do not know.</summary>
    public enum EventType
    {
        /// <summary>No event (a NULL handle).</summary>
        None = 0,

        /// <summary>The state changed: aigc_event_state().</summary>
        JobState = 1,

        /// <summary>
        /// The provider's id is known: store aigc_job_token() now. If the answer arrives after a cancel
        /// or a deadline, this event comes after JOB_DONE.
        /// </summary>
        JobAccepted = 2,

        /// <summary>The call of an aigc_job_refresh() has ended: aigc_event_status().</summary>
        JobRefreshed = 3,

        /// <summary>Progress changed (only with the configuration's events.progress).</summary>
        JobProgress = 4,

        /// <summary>The job has ended, once: aigc_event_status() and aigc_event_state().</summary>
        JobDone = 5,

        /// <summary>
        /// The credentials of aigc_client_set_credentials() end soon, or the provider refused them:
        /// aigc_event_provider(). This event comes five minutes before their end, or after half of
        /// their life if that is shorter, even if no call is made.
        /// </summary>
        CredentialsNeeded = 6,

        /// <summary>
        /// A warning; the jobs keep running: a credential file that everybody can read, calls that fail
        /// on this machine and are tried again, a long pause that the provider asked for, an id that
        /// came after the end of its job (aigc_event_job() is then the job): aigc_event_message(),
        /// aigc_event_provider(). Each warning comes once, not for each job and call. At most 64
        /// warnings are queued.
        /// </summary>
        Warning = 7,

        /// <summary>
        /// A log record (only with the configuration's log.level, since 1.1): aigc_event_level(),
        /// aigc_event_message(), aigc_event_fields(), aigc_event_job_id(). At most log.capacity records
        /// are queued.
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

        /// <summary>Every call, and the body of submissions with its prompt, without secrets.</summary>
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
