// The types of the Node.js binding of libaigc. The manual is include/aigc.h.

/** The constants of aigc.h, without AIGC_. */
export interface Constants {
  // generated: constants (Tests/tools/generate.py)
  /** The call succeeded. */
  readonly OK: 0;
  /** A NULL, an unknown name, a wrong type or a wrong value: the message says which. */
  readonly E_INVALID_ARGUMENT: 100;
  /** The call is right but comes at the wrong time: for example, a download of a job that has not succeeded. */
  readonly E_WRONG_STATE: 101;
  /** The handle comes from the parent process: the child process may only free it. */
  readonly E_FORKED: 102;
  /** The client has been closed. */
  readonly E_CLOSED: 103;
  /** The journal has this key for another request (since 1.2). */
  readonly E_KEY_CONFLICT: 104;
  /** Your wait ended before the job ended: the job keeps running, so you can wait again. */
  readonly E_TIMEOUT: 200;
  /** aigc_job_cancel() or aigc_client_close() ended the job in this process; the library does not tell the provider. */
  readonly E_CANCELLED: 201;
  /** The job's own deadline passed; the job may still finish at the provider. */
  readonly E_DEADLINE: 202;
  /** The library could not resolve the host name, connect, send or receive. */
  readonly E_NETWORK: 300;
  /**
   * The TLS handshake or the certificate check failed: look at the CA bundle, the clock, and each proxy between this
   * machine and the provider.
   */
  readonly E_TLS: 301;
  /** An image URL leads to a private, loopback or link-local address. */
  readonly E_ADDRESS_REFUSED: 302;
  /**
   * The answer does not have the form of this provider's answers: a proxy sent the answer, or the answer is
   * incomplete or garbage.
   */
  readonly E_BAD_RESPONSE: 303;
  /**
   * No source gave credentials, or a configured source cannot be used: the message names each source that was tried
   * and why it gave nothing.
   */
  readonly E_NO_CREDENTIALS: 400;
  /** The provider refused the access key, the signature or the security token. */
  readonly E_AUTH: 401;
  /** The provider knows the access key, but this access key has no right to do this. */
  readonly E_PERMISSION: 402;
  /** An unpaid bill, a used-up quota, or a service that is not activated. */
  readonly E_BILLING: 403;
  /** Too many requests, and the retries are used up: see aigc_error_retry_after_ms(). */
  readonly E_THROTTLED: 404;
  /** This machine's clock is too far from the provider's, and the library could not correct the difference. */
  readonly E_CLOCK: 405;
  /**
   * The provider does not accept a parameter: see the provider's code and message, fix the parameter, and submit a
   * new job.
   */
  readonly E_REQUEST_REFUSED: 500;
  /** The provider's moderation refused the prompt or an image. */
  readonly E_CONTENT_REFUSED: 501;
  /** The provider does not know this job or image, or no longer has it. */
  readonly E_NOT_FOUND: 502;
  /** The provider accepted and ran the job, and the job failed: you may submit a new job. */
  readonly E_JOB_FAILED: 503;
  /** The provider reports an internal error; a download gives this code only after retries. */
  readonly E_PROVIDER: 504;
  /**
   * The submission was sent, or may have been sent, and no clear answer came: the job may run and be billed. The
   * library never sends the submission again. Look at the provider's console before you submit a new job.
   */
  readonly E_OUTCOME_UNKNOWN: 600;
  /** The image's URL has expired, and the provider gives no new URL. */
  readonly E_EXPIRED: 700;
  /** The received bytes are not a PNG, JPEG, WebP, GIF or BMP image. */
  readonly E_NOT_AN_IMAGE: 701;
  /** The length, the end marker or the checksum of the image is wrong, and retries did not help. */
  readonly E_CORRUPT: 702;
  /** The image is larger than download.max_bytes, or an answer is larger than http.max_reply_bytes. */
  readonly E_TOO_LARGE: 703;
  /** The file system refused an operation: the message names the path and the reason. */
  readonly E_FILE: 800;
  /** A file with this name exists, and download.overwrite is off. */
  readonly E_FILE_EXISTS: 801;
  /**
   * The disk or the quota is full; if possible, the library keeps the received bytes in a .part file, and the next
   * download continues this file.
   */
  readonly E_NO_SPACE: 802;
  /** Memory, threads or descriptors are exhausted. */
  readonly E_NO_RESOURCES: 803;
  /** The journal cannot be opened, read or written: this call sent nothing (since 1.2). */
  readonly E_JOURNAL: 804;
  /** A fault in this library: please report it. */
  readonly E_INTERNAL: 900;
  /** No submission was involved, or the submission has not been tried yet. */
  readonly OUTCOME_NONE: 0;
  /**
   * No job runs: the submission was never sent, or it was sent and the provider refused it. You can safely submit
   * again.
   */
  readonly OUTCOME_NOT_SENT: 1;
  /** The submission was sent, or may have been sent, and no clear answer came: the job may run and be billed. */
  readonly OUTCOME_UNKNOWN: 2;
  /** The provider gave a job id; for aigc_client_call(): the provider answered. */
  readonly OUTCOME_ACCEPTED: 3;
  /** No job (a NULL handle). */
  readonly STATE_NONE: 0;
  /**
   * Not on the wire: the job waits to be sent, for the first time or again: for example for the rate limit,
   * credentials, a release or a retry. If the provider asked to try later, aigc_job_provider_response() says why.
   */
  readonly STATE_QUEUED: 1;
  /** The submission is on the wire, or its connection is being made. */
  readonly STATE_SUBMITTING: 2;
  /** The provider has accepted the job and not started it. */
  readonly STATE_PENDING: 3;
  /** The provider has started the job; also every provider state that this version does not know. */
  readonly STATE_RUNNING: 4;
  /** Ended: you can fetch the images. */
  readonly STATE_SUCCEEDED: 5;
  /** Ended: aigc_job_error() says why. After AIGC_E_DEADLINE, the job may keep running at the provider. */
  readonly STATE_FAILED: 6;
  /** Ended in this process; the job may keep running at the provider. */
  readonly STATE_CANCELLED: 7;
  /** Ended: nobody knows whether the provider accepted the submission. */
  readonly STATE_UNKNOWN: 8;
  /** No event (a NULL handle). */
  readonly EVENT_NONE: 0;
  /** The state changed: see aigc_event_state(). */
  readonly EVENT_JOB_STATE: 1;
  /**
   * The provider's id is known: store aigc_job_token() now. If the answer arrives after a cancel, a deadline or a
   * close, this event can come after JOB_DONE.
   */
  readonly EVENT_JOB_ACCEPTED: 2;
  /** The status call of an aigc_job_refresh() has ended: see aigc_event_status(). */
  readonly EVENT_JOB_REFRESHED: 3;
  /** Progress changed (only with the configuration's events.progress). */
  readonly EVENT_JOB_PROGRESS: 4;
  /** The job has ended; this event comes once: see aigc_event_status() and aigc_event_state(). */
  readonly EVENT_JOB_DONE: 5;
  /**
   * The credentials of aigc_client_set_credentials() end soon, or the provider refused them: see
   * aigc_event_provider(). This event comes five minutes before the credentials end, even if no call is made. If the
   * credentials are valid for less than ten minutes, this event comes when half of their life is over.
   */
  readonly EVENT_CREDENTIALS_NEEDED: 6;
  /**
   * A warning; the jobs keep running. Examples: everybody can read a credential file; calls fail on this machine and
   * are tried again; the disk refuses the id of a job in the journal; the provider asked for a long pause; the
   * provider names a state of a job that this library does not know; an id came after the end of its job. If a
   * warning names the id of a job, aigc_event_job() is the job, and aigc_event_fields() has the id. See
   * aigc_event_message() and aigc_event_provider(). Each warning comes once, not for each job and call. At most 64
   * warnings are queued.
   */
  readonly EVENT_WARNING: 7;
  /**
   * A log record (only with the configuration's log.level, since 1.1): see aigc_event_level(), aigc_event_message(),
   * aigc_event_fields() and aigc_event_job_id(). At most log.capacity records are queued.
   */
  readonly EVENT_LOG: 8;
  /** A job with the option "hold" is ready to be sent, and waits for aigc_job_release() (since 1.2). */
  readonly EVENT_JOB_READY: 9;
  /** No log record. */
  readonly LOG_NONE: 0;
  /** A job or a download has failed. */
  readonly LOG_ERROR: 1;
  /** A call has failed and may be repeated; credentials or clock are wrong. */
  readonly LOG_WARNING: 2;
  /** Jobs accepted, changed, ended; credentials found. */
  readonly LOG_INFO: 3;
  /** Every call, and the bodies of submissions with their prompts, without secrets. */
  readonly LOG_DEBUG: 4;
  readonly VERSION_MAJOR: 1;
  readonly VERSION_MINOR: 2;
  readonly VERSION_PATCH: 0;
  readonly FOREVER: -1;
  readonly ALIBABA: 'alibaba';
  readonly TENCENT: 'tencent';
  readonly ALIBABA_INFERENCE: 'inference';
  readonly ALIBABA_PRE_MODEL_INFERENCE: 'pre_model_inference';
  readonly ALIBABA_MODEL_TRAIN: 'model_train';
  readonly TENCENT_IMAGE: 'aigc_image';
  readonly ALIBABA_INFERENCE_ASSET: 'inference_asset';
  readonly ALIBABA_PRE_MODEL_INFERENCE_ASSET: 'pre_model_inference_asset';
  readonly TENCENT_IMAGE_ASSET: 'aigc_image_asset';
  // end of generated
}
export const constants: Constants;

/** The version of the loaded library, such as "1.2.0". */
export const version: string;

/** What went wrong. The subclasses stand for the groups of the statuses. */
export class AigcError extends Error {
  /** One of constants.E_*. */
  readonly status: number;
  /** Its name in aigc.h, such as "AIGC_E_TIMEOUT". */
  readonly statusName: string;
  /** The provider's own code, message and request id; null if none came. */
  readonly providerCode: string | null;
  readonly providerMessage: string | null;
  readonly requestId: string | null;
  /** The HTTP status; 0 if none came. */
  readonly httpStatus: number;
  /** Whether the same call may succeed later without any change, and cannot cost twice. */
  readonly retryable: boolean;
  /** How long the provider asked to wait, in milliseconds; 0 if it did not. */
  readonly retryAfterMs: number;
  /** One of constants.OUTCOME_*: what provably happened to a submission. */
  readonly outcome: number;
  /** The field, option or configuration key that it is about; null if none. */
  readonly field: string | null;
  /** The token of the job, if it is known: client.attach() takes it. */
  token: string | null;
}
/** 1xx: the call was wrong. Fix the program. */
export class CallError extends AigcError {}
/** 2xx: time ran out, or you ended it. An accepted job is not lost: its token attaches it again. */
export class StoppedError extends AigcError {}
/**
 * Your signal has ended a wait, and not the job. name is "AbortError", or "TimeoutError" of AbortSignal.timeout(); cause is
 * signal.reason; code is "ABORT_ERR". token attaches the job; null: close the client, whose grace may bring the token.
 */
export class AbortError extends StoppedError {
  readonly code: 'ABORT_ERR';
}
/** 3xx: between here and the provider. */
export class NetworkError extends AigcError {}
/** 4xx: credentials, rights, bill or rate. */
export class AccountError extends AigcError {}
/** 5xx: the provider's answer about this job. */
export class ProviderError extends AigcError {}
/** 6xx: the job may run and be billed. Nothing sends it again: look at the provider's console first. */
export class OutcomeUnknownError extends AigcError {}
/** 7xx: the image. */
export class AssetError extends AigcError {}
/** 8xx: this machine. */
export class MachineError extends AigcError {}
/** 9xx: a fault in the library. Please report it. */
export class InternalError extends AigcError {}

/** A reference image; type is Tencent's ReferenceType. */
export interface ImageUrl {
  url: string;
  type?: string;
}

/** How the library treats a job. */
export interface SubmitOptions {
  // generated: options (Tests/tools/generate.py)
  /** With a journal: the same key never pays twice. */
  key?: string;
  /** The job waits before its first byte, until job.release(). */
  hold?: boolean;
  /** Whether the library polls the job until it ends. */
  follow?: boolean;
  /** Milliseconds until the library gives the job up. */
  deadlineMs?: number;
  /** Further options of aigc_request_set_option(). */
  options?: Record<string, string | number | boolean>;
  // end of generated
}

/** An image of a job that has succeeded. */
export interface Asset {
  index: number;
  id: string | null;
  /** Treat it as a secret: it can hold a signature. */
  url: string | null;
  /** Unix milliseconds; 0 if unknown. */
  expiresAtMs: number;
}

/** How long to wait. The wait ends; the job keeps running. */
export interface WaitOptions {
  /** Ends the wait: the promise is rejected with an AbortError. job.cancel() ends the job. */
  signal?: AbortSignal;
  /** Milliseconds; after them the promise is rejected with a StoppedError. */
  timeoutMs?: number;
}

/** A submitted, attached or downloading job. Jobs that nobody waits for do not keep the process alive. */
export class Job {
  private constructor();
  /** Unique among the jobs of the process. */
  readonly id: number;
  /** The provider's id; null until it is known. */
  readonly remoteId: string | null;
  /** Attaches this job in any process and any language; null until the provider has accepted the job. */
  readonly token: string | null;
  /** The key in the journal, yours or one that was made up; null without a journal. */
  readonly key: string | null;
  readonly provider: string;
  readonly operation: string;
  /** One of constants.STATE_*. */
  readonly state: number;
  readonly stateName: string;
  /** One of constants.OUTCOME_*: what is known about the submission. */
  readonly outcome: number;
  /**
   * The same for people, for a program that leaves: the command that fetches the job, or that nothing is paid, or that the job
   * may be paid and where to look. Close the client first: its grace may bring the answer.
   */
  readonly outcomeText: string;
  readonly ended: boolean;
  readonly providerState: string | null;
  /** The provider's last answer about this job: parsed, or as it came if it is no JSON. */
  readonly providerResponse: unknown;
  readonly requestId: string | null;
  /** What the job has made where that is no image, such as the id of a model. */
  readonly resultId: string | null;
  /** From 0 to 1; null if unknown. */
  readonly progress: number | null;
  /** Of a download. */
  readonly bytes: { received: number; total: number | null };
  /** The file of a download that has succeeded. */
  readonly path: string | null;
  readonly contentType: string | null;
  readonly assets: Asset[];
  /** How the job ended; null for success and for a job that has not ended. */
  readonly error: AigcError | null;
  /** Resolves with the job when it has succeeded; is rejected with how it ended otherwise. */
  wait(options?: WaitOptions): Promise<this>;
  /** Resolves when the provider has accepted the job: store its token now. Rejected if the job ended before. */
  accepted(options?: WaitOptions): Promise<this>;
  /** Makes exactly one status call, in libuv's pool. */
  refresh(timeoutMs?: number): Promise<this>;
  /** Lets the first byte leave of a job that was submitted with hold. */
  release(): void;
  /** Ends the job here, at once. An accepted job keeps running at the provider, and its token stays valid. */
  cancel(): void;
  setFollow(follow: boolean): void;
  /** Milliseconds from now; constants.FOREVER: none. */
  setDeadline(ms: number): void;
  /** W3C Trace Context. null ends it. */
  setTrace(traceparent: string | null, tracestate?: string | null): void;
  /** Starts the download of an image into a file (".*" becomes the format's extension), or into memory. */
  download(index?: number, path?: string | null): Job;
  /** The bytes of a download to memory that has succeeded, once. */
  takeBytes(): Buffer;
}

/** Something that happened. */
export interface Event {
  /** One of constants.EVENT_*. */
  type: number;
  job: Job | null;
  jobId: number;
  state: number;
  status: number;
  provider: string | null;
  message: string | null;
  /** One of constants.LOG_*, of a log record. */
  level: number;
  fields: Record<string, unknown> | null;
}

// generated: operations (Tests/tools/generate.py)
/** Fields of Personalizedtxt2imgAddInferenceJob. */
export interface AlibabaInferenceRequest extends SubmitOptions {
  /** What to draw, in English, with the literal token <special-token> in place of the subject. */
  prompt: string;
  /** Id of the model that you have trained. */
  model: string;
  /** Number of images; the provider treats more than 10 as 10. */
  count?: number | bigint;
  /** Seed for reproducible images, -1 to 2147483647; default: the provider's choice. */
  seed?: number | bigint;
}

/** Fields of PersonalizedTextToImageAddInferenceJob. */
export interface AlibabaPreModelInferenceRequest extends SubmitOptions {
  /** What to draw, in English, with the literal token <special-token> in place of the subject. */
  prompt: string;
  /** Training steps, for example 800. */
  trainSteps?: number | bigint;
  /** Number of images; the provider treats more than 10 as 10. */
  count?: number | bigint;
  /** Seed for reproducible images, -1 to 2147483647; default: the provider's choice. */
  seed?: number | bigint;
  /** Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5. */
  strength?: number;
  /** Reference images: publicly reachable URLs. */
  imageUrls?: Array<string | ImageUrl>;
}

/** Fields of Personalizedtxt2imgAddModelTrainJob. */
export interface AlibabaModelTrainRequest extends SubmitOptions {
  /** Name of the model, for people. */
  name: string;
  /** What the images show, in one word: girl, person, man, boy, dog ... */
  objectType: string;
  /** Training steps, for example 800. */
  trainSteps?: number | bigint;
  /** Reference images: publicly reachable URLs. */
  imageUrls?: Array<string | ImageUrl>;
}

/** Fields of Personalizedtxt2imgQueryImageAsset. */
export interface AlibabaInferenceAssetRequest {
  /** Id of the job's model. */
  modelId: string;
  /** Id of the job's prompt. */
  promptId: string;
  /** Id of the image, as in the job's resultImageUrl. */
  imageId: string;
  /** With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same. */
  encodeFormat?: string;
  /** The file to write; absent: memory. */
  path?: string;
}

/** Fields of PersonalizedTextToImageQueryImageAsset. */
export interface AlibabaPreModelInferenceAssetRequest {
  /** Id of the image, as in the job's resultImageUrl. */
  imageId: string;
  /** With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same. */
  encodeFormat?: string;
  /** The file to write; absent: memory. */
  path?: string;
}

/** Fields of CreateAigcImageTask. */
export interface TencentAigcImageRequest extends SubmitOptions {
  /** What to draw; required if there is no reference image. */
  prompt?: string;
  /** Name of the model; default: the provider's choice. */
  model?: string;
  /** Version of the model; default: the stable version. */
  modelVersion?: string;
  /** Special scene, such as "3d_panorama" (Hunyuan). */
  sceneType?: string;
  /** What the image must not show; only some models use this field. */
  negativePrompt?: string;
  /** Whether the provider may improve the prompt; default: false. */
  enhancePrompt?: boolean;
  /** Number of images; default: 1. */
  count?: number | bigint;
  /** Aspect ratio, such as "16:9"; depends on the model. */
  aspectRatio?: string;
  /** Resolution, such as "1080P" or "2K"; depends on the model. */
  resolution?: string;
  /** Whether the image gets a mark; default: false. */
  logoAdd?: boolean;
  /** "jpeg" or "png". */
  outputFormat?: string;
  /** Further parameters of the model as a JSON object, such as {"size":"1024x1024"}. */
  additionalParameters?: string | object;
  /** COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole. */
  cosBucket?: string;
  /** Region of the bucket. */
  cosRegion?: string;
  /** Folder in the bucket. */
  cosPath?: string;
  /** Free text that says who asks. */
  operatorName?: string;
  /** Reference images: publicly reachable URLs. */
  imageUrls?: Array<string | ImageUrl>;
}

/** Fields of a fetch by URL. */
export interface TencentAigcImageAssetRequest {
  /** Result URL of an image, unchanged; the library signs only for the hosts in tencent.cos_hosts. */
  url: string;
  /** The file to write; absent: memory. */
  path?: string;
}

/** The operations of Alibaba: client.alibaba. */
export interface AlibabaOperations {
  /** Submits Personalizedtxt2imgAddInferenceJob: one job, one bill. */
  inference(request: AlibabaInferenceRequest): Job;
  /** Submits PersonalizedTextToImageAddInferenceJob: one job, one bill. */
  preModelInference(request: AlibabaPreModelInferenceRequest): Job;
  /** Submits Personalizedtxt2imgAddModelTrainJob: one job, one bill. */
  modelTrain(request: AlibabaModelTrainRequest): Job;
  /** Fetches one image with Personalizedtxt2imgQueryImageAsset, free of charge. */
  inferenceAsset(request: AlibabaInferenceAssetRequest): Job;
  /** Fetches one image with PersonalizedTextToImageQueryImageAsset, free of charge. */
  preModelInferenceAsset(request: AlibabaPreModelInferenceAssetRequest): Job;
}

/** The operations of Tencent: client.tencent. */
export interface TencentOperations {
  /** Submits CreateAigcImageTask: one job, one bill. */
  aigcImage(request: TencentAigcImageRequest): Job;
  /** Fetches one image by its URL, free of charge. */
  aigcImageAsset(request: TencentAigcImageAssetRequest): Job;
}
// end of generated

/** One engine: connections, rates, credentials, jobs. Each environment (worker) has clients of its own. */
export class Client {
  /** config: the configuration keys of aigc_config_describe(), such as { "tencent.region": "ap-guangzhou" }. */
  constructor(config?: Record<string, string | number | boolean | null>);
  readonly alibaba: AlibabaOperations;
  readonly tencent: TencentOperations;
  /** Submits a request by neutral names: one job, one bill. Does not wait for the network; with a journal for the disk. */
  submit(
    provider: string,
    operation: string,
    fields?: Record<string, unknown>,
    options?: SubmitOptions & { imageUrls?: Array<string | ImageUrl> },
  ): Job;
  /** Fetches one image that is known by id or URL, free of charge. */
  fetch(provider: string, operation: string, fields?: Record<string, unknown>, path?: string | null): Job;
  /** Attaches a job from its token, made in any process and any language. */
  attach(token: string, options?: { follow?: boolean }): Job;
  /** The same from the provider's own job id. */
  attachId(provider: string, operation: string, remoteId: string, options?: { follow?: boolean }): Job;
  /** The job of a key that the journal knows. */
  attachKey(key: string, options?: { follow?: boolean }): Promise<Job>;
  /** Takes over the jobs of the journal whose clients are gone; says how many. They come as events. */
  resume(options?: { follow?: boolean }): Promise<number>;
  /** Calls any operation of the product by the provider's own name. reads: true repeats it until it is answered. */
  call(provider: string, action: string, parameters?: object, options?: { reads?: boolean }): Job;
  setCredentials(
    provider: string,
    id: string,
    secret: string,
    options?: { token?: string | null; expiresAtMs?: number },
  ): void;
  /** What this client has counted since it was made. */
  stats(): Record<string, unknown>;
  /** What this client stands on. */
  report(): Record<string, unknown>;
  /** Events from now on. A loop over them ends when the client is closed. What comes meanwhile is kept. */
  events(options?: { signal?: AbortSignal }): AsyncIterableIterator<Event>;
  /** Hands out the events that are queued now, without waiting for the loop; how many there were. */
  dispatch(): number;
  /**
   * Ends all jobs here; they keep running at the provider. Submissions on the wire get graceMs for their answer. A warning of
   * the process (AigcWarning) tells of each job that may be paid, and of which nobody had read the token or seen the end.
   */
  close(graceMs?: number): Promise<void>;
}

/** What a journal knows of a key: "key", "state", "remote_id" and more, see aigc_journal_list(). */
export interface JournalRow {
  key: string;
  state: string;
  [name: string]: unknown;
}

/** Which rows. */
export interface JournalFilter {
  states?: string[];
  provider?: string;
  /** Of keys. */
  prefix?: string;
  /** Rows of a page: 1 to 10000. */
  limit?: number;
  /** The last key of the page before. */
  after?: string | null;
}

/** The journal without a client, for tools. */
export const journal: {
  page(folder: string, filter?: JournalFilter): Promise<JournalRow[]>;
  rows(folder: string, filter?: JournalFilter): AsyncIterableIterator<JournalRow>;
  /** What you have found out about a key in doubt; remoteId with constants.OUTCOME_ACCEPTED. */
  resolve(folder: string, key: string, outcome: number, remoteId?: string | null): Promise<void>;
  /** Forgets ended keys that have not changed for so long; says how many. They can then be paid again. */
  prune(folder: string, olderThanMs: number): Promise<number>;
  check(folder: string): Promise<Record<string, unknown>>;
};
