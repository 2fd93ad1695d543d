'use strict';

// libaigc for Node.js: image-generation jobs on Alibaba Cloud and Tencent Cloud. Needs Node.js 18 or newer, the addon
// (./build.sh makes it with cc alone) and libaigc.so.1 (AIGC_LIBRARY names another file). The manual is include/aigc.h;
// index.d.ts documents this file, and examples/generate.js shows the way.
//
//   const client = new Client();
//   const job = await client.tencent.aigcImage({ prompt: 'a cat in the snow' }).wait();
//   for (const asset of job.assets) {
//     const file = await job.download(asset.index, `cat-${asset.index}.*`).wait();
//     console.log(file.path);
//   }
//
// Events come through libuv's loop, on the thread of the environment; nothing here blocks it, but that a client with a
// journal waits for the disk in a submission. Each worker thread has clients of its own; tokens and keys cross. The collector
// and the end of the process only free handles: an accepted job keeps running and can be attached from its token.

const path = require('node:path');

const native = load();

// The constants of aigc.h, without AIGC_.
const constants = Object.freeze({
  // generated: constants (Tests/tools/generate.py)
  OK: 0,
  E_INVALID_ARGUMENT: 100,
  E_WRONG_STATE: 101,
  E_FORKED: 102,
  E_CLOSED: 103,
  E_KEY_CONFLICT: 104,
  E_TIMEOUT: 200,
  E_CANCELLED: 201,
  E_DEADLINE: 202,
  E_NETWORK: 300,
  E_TLS: 301,
  E_ADDRESS_REFUSED: 302,
  E_BAD_RESPONSE: 303,
  E_NO_CREDENTIALS: 400,
  E_AUTH: 401,
  E_PERMISSION: 402,
  E_BILLING: 403,
  E_THROTTLED: 404,
  E_CLOCK: 405,
  E_REQUEST_REFUSED: 500,
  E_CONTENT_REFUSED: 501,
  E_NOT_FOUND: 502,
  E_JOB_FAILED: 503,
  E_PROVIDER: 504,
  E_OUTCOME_UNKNOWN: 600,
  E_EXPIRED: 700,
  E_NOT_AN_IMAGE: 701,
  E_CORRUPT: 702,
  E_TOO_LARGE: 703,
  E_FILE: 800,
  E_FILE_EXISTS: 801,
  E_NO_SPACE: 802,
  E_NO_RESOURCES: 803,
  E_JOURNAL: 804,
  E_INTERNAL: 900,
  OUTCOME_NONE: 0,
  OUTCOME_NOT_SENT: 1,
  OUTCOME_UNKNOWN: 2,
  OUTCOME_ACCEPTED: 3,
  STATE_NONE: 0,
  STATE_QUEUED: 1,
  STATE_SUBMITTING: 2,
  STATE_PENDING: 3,
  STATE_RUNNING: 4,
  STATE_SUCCEEDED: 5,
  STATE_FAILED: 6,
  STATE_CANCELLED: 7,
  STATE_UNKNOWN: 8,
  EVENT_NONE: 0,
  EVENT_JOB_STATE: 1,
  EVENT_JOB_ACCEPTED: 2,
  EVENT_JOB_REFRESHED: 3,
  EVENT_JOB_PROGRESS: 4,
  EVENT_JOB_DONE: 5,
  EVENT_CREDENTIALS_NEEDED: 6,
  EVENT_WARNING: 7,
  EVENT_LOG: 8,
  EVENT_JOB_READY: 9,
  LOG_NONE: 0,
  LOG_ERROR: 1,
  LOG_WARNING: 2,
  LOG_INFO: 3,
  LOG_DEBUG: 4,
  VERSION_MAJOR: 1,
  VERSION_MINOR: 2,
  VERSION_PATCH: 0,
  FOREVER: -1,
  ALIBABA: 'alibaba',
  TENCENT: 'tencent',
  ALIBABA_INFERENCE: 'inference',
  ALIBABA_PRE_MODEL_INFERENCE: 'pre_model_inference',
  ALIBABA_MODEL_TRAIN: 'model_train',
  TENCENT_IMAGE: 'aigc_image',
  ALIBABA_INFERENCE_ASSET: 'inference_asset',
  ALIBABA_PRE_MODEL_INFERENCE_ASSET: 'pre_model_inference_asset',
  TENCENT_IMAGE_ASSET: 'aigc_image_asset',
  // end of generated
});

const STATUS_NAMES = {
  // generated: statuses (Tests/tools/generate.py)
  0: 'AIGC_OK',
  100: 'AIGC_E_INVALID_ARGUMENT',
  101: 'AIGC_E_WRONG_STATE',
  102: 'AIGC_E_FORKED',
  103: 'AIGC_E_CLOSED',
  104: 'AIGC_E_KEY_CONFLICT',
  200: 'AIGC_E_TIMEOUT',
  201: 'AIGC_E_CANCELLED',
  202: 'AIGC_E_DEADLINE',
  300: 'AIGC_E_NETWORK',
  301: 'AIGC_E_TLS',
  302: 'AIGC_E_ADDRESS_REFUSED',
  303: 'AIGC_E_BAD_RESPONSE',
  400: 'AIGC_E_NO_CREDENTIALS',
  401: 'AIGC_E_AUTH',
  402: 'AIGC_E_PERMISSION',
  403: 'AIGC_E_BILLING',
  404: 'AIGC_E_THROTTLED',
  405: 'AIGC_E_CLOCK',
  500: 'AIGC_E_REQUEST_REFUSED',
  501: 'AIGC_E_CONTENT_REFUSED',
  502: 'AIGC_E_NOT_FOUND',
  503: 'AIGC_E_JOB_FAILED',
  504: 'AIGC_E_PROVIDER',
  600: 'AIGC_E_OUTCOME_UNKNOWN',
  700: 'AIGC_E_EXPIRED',
  701: 'AIGC_E_NOT_AN_IMAGE',
  702: 'AIGC_E_CORRUPT',
  703: 'AIGC_E_TOO_LARGE',
  800: 'AIGC_E_FILE',
  801: 'AIGC_E_FILE_EXISTS',
  802: 'AIGC_E_NO_SPACE',
  803: 'AIGC_E_NO_RESOURCES',
  804: 'AIGC_E_JOURNAL',
  900: 'AIGC_E_INTERNAL',
  // end of generated
};

function load() {
  const file = process.env.AIGC_ADDON || path.join(__dirname, 'build', 'aigc.node');
  try {
    return require(path.resolve(file));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(`there is no ${file}: bindings/node/build.sh makes it`);
  }
}

// What went wrong. The classes below stand for the groups of the statuses.
class AigcError extends Error {
  constructor(message, details = {}) {
    super(message);
    this.status = details.status ?? constants.E_INTERNAL;
    this.providerCode = details.providerCode ?? null;
    this.providerMessage = details.providerMessage ?? null;
    this.requestId = details.requestId ?? null;
    this.httpStatus = details.httpStatus ?? 0;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs ?? 0;
    this.outcome = details.outcome ?? constants.OUTCOME_NONE;
    this.field = details.field ?? null;
    this.token = details.token ?? null;
  }

  get name() {
    return this.constructor.name;
  }

  get statusName() {
    return STATUS_NAMES[this.status] ?? `AIGC_E_${this.status}`;
  }
}
class CallError extends AigcError {}
class StoppedError extends AigcError {}
class NetworkError extends AigcError {}
class AccountError extends AigcError {}
class ProviderError extends AigcError {}
class OutcomeUnknownError extends AigcError {}
class AssetError extends AigcError {}
class MachineError extends AigcError {}
class InternalError extends AigcError {}

// A signal has ended a wait, and not the job. cause is the signal's reason; code is that of Node's own functions.
class AbortError extends StoppedError {
  #name;

  constructor(reason, job) {
    const token = job._token();
    const known = token !== null || job.remoteId !== null;
    const where = token ?? job.remoteId;
    super(`the wait was aborted, and not the job; ${known ? `its ${token === null ? 'id' : 'token'}: ${where}`
      : SAYS.ON_THE_WIRE}`,
    { status: constants.E_TIMEOUT, outcome: job.outcome, token });
    this.cause = reason;
    this.#name = reason instanceof DOMException ? reason.name : 'AbortError'; // AbortSignal.timeout(): TimeoutError
  }

  get name() {
    return this.#name ?? 'AbortError'; // asked for before it is set, for the stack
  }

  get code() {
    return 'ABORT_ERR';
  }
}

const BANDS = [
  undefined, CallError, StoppedError, NetworkError, AccountError, ProviderError, OutcomeUnknownError, AssetError, MachineError,
];

// A status that is not known becomes the class of its hundred.
function classOf(status) {
  return BANDS[Math.trunc(status / 100)] ?? InternalError;
}

native.start((status, message, providerCode, providerMessage, requestId, httpStatus, retryable, retryAfterMs, outcome, field) =>
  new (classOf(status))(message, {
    status, providerCode, providerMessage, requestId, httpStatus, retryable: retryable === 1, retryAfterMs, outcome, field,
  }));

// An error that was found here, before the library was asked.
function refused(message, field, status = constants.E_INVALID_ARGUMENT) {
  return new (classOf(status))(message, { status, field, outcome: constants.OUTCOME_NOT_SENT });
}

// What is known of a submission, for people.
const SAYS = Object.freeze({
  // generated: outcome (Tests/tools/generate.py)
  ACCEPTED: 'accepted; fetch it with: aigc fetch ',
  ACCEPTED_ID: "accepted; the provider's id is ",
  ANSWERED: 'the provider has answered this call, which may be paid; request id ',
  NOTHING_PAID: 'provably not submitted, or refused: nothing is paid',
  IN_DOUBT: 'it may run and be paid: nobody knows whether it was submitted. Look at the '
    + "provider's console before you repeat it",
  NO_KEY: 'no journal has a key of it',
  SHOW_KEY: 'aigc jobs show --journal FOLDER -- ',
  ON_THE_WIRE: 'no provider has accepted it yet, but its submission may be on the wire: '
    + 'close the client',
  // end of generated
});

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

// A string as the library takes it: well-formed and without a NUL.
function text(value, what) {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string') throw refused(`${what} is a ${typeof value}, not a string`, what);
  if (value.includes('\0')) throw refused(`${what} has a NUL in it`, what);
  if (LONE_SURROGATE.test(value)) throw refused(`${what} has half a surrogate pair in it, which is no UTF-8`, what);
  return value;
}

// A setting as text. An object has no text of its own: two keys that are objects would be one key.
function plain(value, what) {
  const isPlain = ['string', 'boolean', 'bigint'].includes(typeof value) || Number.isFinite(value);
  if (!isPlain) throw refused(`${what} is ${typeof value === 'number' ? value : `a ${typeof value}`}, not a string`, what);
  return text(String(value), what);
}

function needed(value, what) {
  if (value === null || value === undefined) throw refused(`${what} is missing`, what);
  return text(value, what);
}

function milliseconds(value, what) {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw refused(`${what} is ${value}, which is no number of milliseconds`, what);
  }
  return value < 0 ? Math.floor(value) : Math.ceil(value); // a little less than 0 is not 0
}

function flag(value) {
  return value ? 1 : 0;
}

// Where a signal is given: rejects when it fires, and releases it when the promise is settled.
function abortable(signal, job, start) {
  if (signal?.aborted) return Promise.reject(new AbortError(signal.reason, job));
  return new Promise((resolve, reject) => {
    let stop = () => {};
    const aborted = () => finish(reject, new AbortError(signal.reason, job));
    function finish(settle, value) {
      signal?.removeEventListener('abort', aborted);
      stop();
      settle(value);
    }
    signal?.addEventListener('abort', aborted, { once: true });
    stop = start((value) => finish(resolve, value), (error) => finish(reject, error)) ?? stop;
  });
}

// Clients that somebody waits for: the collector must leave them alone.
const busy = new Set();

// A submitted, attached or downloading job.
class Job {
  #handle;
  #client;

  constructor(handle, client) {
    this.#handle = handle;
    this.#client = client;
  }

  get id() { return native.aigc_job_id(this.#handle); }
  get remoteId() { return native.aigc_job_remote_id(this.#handle); }
  // For errors that nobody may look at, as all but the first of Promise.all(): the client does not take note.
  _token() { return native.aigc_job_token(this.#handle); }

  get token() {
    const token = this._token();
    if (token !== null) this.#client._told(this.id);
    return token;
  }

  get key() { return native.aigc_job_key(this.#handle); }
  get provider() { return native.aigc_job_provider(this.#handle); }
  get operation() { return native.aigc_job_operation(this.#handle); }

  _state() { return native.aigc_job_state(this.#handle); }

  get state() {
    const state = this._state();
    if (state >= constants.STATE_SUCCEEDED) this.#client._told(this.id);
    return state;
  }

  get stateName() { return native.aigc_state_name(this.state); }
  get outcome() { return native.aigc_job_outcome(this.#handle); }

  get outcomeText() {
    const { token, remoteId } = this;
    if (token !== null) return SAYS.ACCEPTED + token;
    if (remoteId !== null) return SAYS.ACCEPTED_ID + remoteId;
    const { outcome, requestId } = this;
    if (outcome === constants.OUTCOME_ACCEPTED) return SAYS.ANSWERED + (requestId ?? 'unknown');
    if (outcome <= constants.OUTCOME_NOT_SENT) return SAYS.NOTHING_PAID;
    const look = this.key === null ? SAYS.NO_KEY : SAYS.SHOW_KEY + this.key;
    return `${SAYS.IN_DOUBT} (request id ${requestId ?? 'unknown'}; ${look})`;
  }

  get ended() { return this.state >= constants.STATE_SUCCEEDED; }
  get providerState() { return native.aigc_job_provider_state(this.#handle); }
  get requestId() { return native.aigc_job_request_id(this.#handle); }
  get resultId() { return native.aigc_job_result_id(this.#handle); }
  get path() { return native.aigc_job_path(this.#handle); }
  get contentType() { return native.aigc_job_content_type(this.#handle); }

  get progress() {
    const value = native.aigc_job_progress(this.#handle);
    return value < 0 ? null : value;
  }

  get bytes() {
    const [received, total] = native.aigc_job_bytes(this.#handle);
    return { received, total: total < 0 ? null : total };
  }

  get providerResponse() {
    const answer = native.aigc_job_provider_response(this.#handle);
    try {
      return answer === null ? null : JSON.parse(answer);
    } catch {
      return answer;
    }
  }

  get assets() {
    return Array.from({ length: native.aigc_job_asset_count(this.#handle) }, (_, index) => ({
      index,
      id: native.aigc_job_asset_id(this.#handle, index),
      url: native.aigc_job_asset_url(this.#handle, index),
      expiresAtMs: native.aigc_job_asset_expires_at_ms(this.#handle, index),
    }));
  }

  get error() {
    try {
      native.aigc_job_error(this.#handle);
      return null;
    } catch (error) {
      error.token ??= this.token;
      return error;
    }
  }

  wait({ signal, timeoutMs } = {}) {
    const until = timeoutMs === undefined ? undefined : milliseconds(timeoutMs, 'timeoutMs');
    return abortable(signal, this, (resolve, reject) => this.#client._wait(this, until, (error) => {
      if (error) reject(error);
      else resolve(this);
    }));
  }

  accepted({ signal, timeoutMs } = {}) {
    const until = timeoutMs === undefined ? undefined : milliseconds(timeoutMs, 'timeoutMs');
    return abortable(signal, this, (resolve, reject) => this.#client._waitAccepted(this, until, (error) => {
      if (error) reject(error);
      else resolve(this);
    }));
  }

  async refresh(timeoutMs = 60000) {
    const limit = milliseconds(timeoutMs, 'timeoutMs');
    try {
      await native.later.aigc_job_refresh(this.#handle, limit);
    } catch (error) {
      if (error instanceof AigcError) error.token ??= this._token();
      throw error;
    }
    return this;
  }

  release() { native.aigc_job_release(this.#handle); }
  cancel() { native.aigc_job_cancel(this.#handle); }
  setFollow(follow) { native.aigc_job_set_follow(this.#handle, flag(follow)); }
  setDeadline(ms) { native.aigc_job_set_deadline_ms(this.#handle, milliseconds(ms, 'deadline')); }

  setTrace(traceparent, tracestate) {
    native.aigc_job_set_trace(this.#handle, text(traceparent, 'traceparent'), text(tracestate, 'tracestate'));
  }

  download(index = 0, file = null) {
    try {
      return new Job(native.aigc_job_download(this.#handle, index, text(file, 'path')), this.#client);
    } catch (error) {
      if (error instanceof AigcError) error.token ??= this.token;
      throw error;
    }
  }

  takeBytes() { return native.aigc_job_take_buffer(this.#handle); }
}

class Operations {
  constructor(client) {
    this.client = client;
  }

  _split(names, request) {
    const fields = {};
    const rest = {};
    for (const [name, value] of Object.entries(request ?? {})) {
      if (Object.hasOwn(names, name)) fields[names[name]] = value;
      else rest[name] = value;
    }
    return [fields, rest];
  }

  _submit(provider, operation, names, request) {
    return this.client.submit(provider, operation, ...this._split(names, request));
  }

  _fetch(provider, operation, names, request) {
    const [fields, { path: file, ...rest }] = this._split(names, request);
    return this.client.fetch(provider, operation, { ...fields, ...rest }, file);
  }
}

// generated: operations (Tests/tools/generate.py)
class AlibabaOperations extends Operations {
  inference(request) {
    const names = { prompt: 'prompt', model: 'model', count: 'count', seed: 'seed' };
    return this._submit('alibaba', 'inference', names, request);
  }

  preModelInference(request) {
    const names = { prompt: 'prompt', trainSteps: 'train_steps', count: 'count', seed: 'seed', strength: 'strength' };
    return this._submit('alibaba', 'pre_model_inference', names, request);
  }

  modelTrain(request) {
    const names = { name: 'name', objectType: 'object_type', trainSteps: 'train_steps' };
    return this._submit('alibaba', 'model_train', names, request);
  }

  inferenceAsset(request) {
    const names = { modelId: 'model_id', promptId: 'prompt_id', imageId: 'image_id', encodeFormat: 'encode_format' };
    return this._fetch('alibaba', 'inference_asset', names, request);
  }

  preModelInferenceAsset(request) {
    const names = { imageId: 'image_id', encodeFormat: 'encode_format' };
    return this._fetch('alibaba', 'pre_model_inference_asset', names, request);
  }
}

class TencentOperations extends Operations {
  aigcImage(request) {
    const names = { prompt: 'prompt', model: 'model', modelVersion: 'model_version', sceneType: 'scene_type',
      negativePrompt: 'negative_prompt', enhancePrompt: 'enhance_prompt', count: 'count', aspectRatio: 'aspect_ratio',
      resolution: 'resolution', logoAdd: 'logo_add', outputFormat: 'output_format', additionalParameters:
      'additional_parameters', cosBucket: 'cos_bucket', cosRegion: 'cos_region', cosPath: 'cos_path', operatorName:
      'operator_name' };
    return this._submit('tencent', 'aigc_image', names, request);
  }

  aigcImageAsset(request) {
    const names = { url: 'url' };
    return this._fetch('tencent', 'aigc_image_asset', names, request);
  }
}
// end of generated

const SUBMIT_OPTIONS = { key: 'key', hold: 'hold', follow: 'follow', deadlineMs: 'deadline_ms' };

// One engine: connections, rates, credentials, jobs. One a process is enough for thousands of jobs.
class Client {
  #handle;
  #waiting = new Map(); // job id -> functions that are called when the job has ended
  #accepting = new Map(); // job id -> functions that are called when the provider has accepted the job, or it has ended
  #iterators = new Set();
  #waits = 0;
  #closing = null;
  #answering = false; // close() waits for answers to submissions on the wire
  #untold = new Map(); // job id -> job: nobody has the token, and nobody has seen the end
  #lookAt = 1000;

  constructor(config = {}) {
    const settings = native.aigc_config_new();
    try {
      for (const [key, value] of Object.entries(config)) {
        native.aigc_config_set(settings, text(key, 'configuration key'), value === null ? null : plain(value, key));
      }
      this.#handle = native.aigc_client_new(settings);
    } finally {
      native.release(settings);
    }
    // The loop holds the callback: it must not hold the client.
    const weak = new WeakRef(this);
    native.watch(this.#handle, (events) => weak.deref()?.#take(events));
  }

  get alibaba() { return new AlibabaOperations(this); }
  get tencent() { return new TencentOperations(this); }

  submit(provider, operation, fields = {}, { imageUrls = [], options = {}, ...more } = {}) {
    const all = { ...options };
    for (const [name, value] of Object.entries(more)) {
      if (!Object.hasOwn(SUBMIT_OPTIONS, name)) throw refused(`there is no field and no option ${name}`, name);
      if (value !== undefined && value !== null) all[SUBMIT_OPTIONS[name]] = value;
    }
    return this.#with(provider, operation, fields, imageUrls, all,
      (request) => this.#remember(new Job(native.aigc_client_submit(this.#handle, request), this)));
  }

  fetch(provider, operation, fields = {}, file = null) {
    return this.#with(provider, operation, fields, [], {},
      (request) => new Job(native.aigc_client_fetch(this.#handle, request, text(file, 'path')), this));
  }

  attach(token, { follow = true } = {}) {
    return new Job(native.aigc_client_attach(this.#handle, needed(token, 'token'), flag(follow)), this);
  }

  attachId(provider, operation, remoteId, { follow = true } = {}) {
    const names = [needed(provider, 'provider'), needed(operation, 'operation'), needed(remoteId, 'remote id')];
    return new Job(native.aigc_client_attach_id(this.#handle, ...names, flag(follow)), this);
  }

  async attachKey(key, { follow = true } = {}) {
    return new Job(await native.later.aigc_client_attach_key(this.#handle, needed(key, 'key'), flag(follow)), this);
  }

  async resume({ follow = true } = {}) {
    return native.later.aigc_client_resume(this.#handle, flag(follow));
  }

  call(provider, action, parameters = {}, { reads = false } = {}) {
    const names = [needed(provider, 'provider'), needed(action, 'action'), text(json('parameters', parameters), 'parameters')];
    return this.#remember(new Job(native.aigc_client_call(this.#handle, ...names, flag(reads)), this));
  }

  setCredentials(provider, id, secret, { token = null, expiresAtMs = 0 } = {}) {
    const texts = [provider, id, secret, token].map((value) => text(value, 'credentials'));
    native.aigc_client_set_credentials(this.#handle, ...texts, milliseconds(expiresAtMs, 'expiresAtMs'));
  }

  // Hands out what is queued now, without waiting for the loop; says how many events there were.
  dispatch() {
    const events = native.take(this.#handle);
    if (events) this.#take(events);
    return events ? events.length : 0;
  }

  stats() { return JSON.parse(native.aigc_client_stats(this.#handle).toString('utf8')); }
  report() { return JSON.parse(native.aigc_client_report(this.#handle).toString('utf8')); }

  // Events from now on. The loop stays alive while somebody awaits the next one.
  events({ signal } = {}) {
    const queue = [];
    const pending = [];
    const client = this;
    let ended = this.#closing !== null;
    const iterator = {
      push(event) {
        if (pending.length > 0) pending.shift().resolve({ value: event, done: false });
        else queue.push(event);
      },
      end(error) {
        if (ended) return;
        ended = true;
        client.#iterators.delete(iterator);
        signal?.removeEventListener('abort', aborted);
        for (const one of pending.splice(0)) {
          if (error === undefined) one.resolve({ value: undefined, done: true });
          else one.reject(error);
        }
      },
      next() {
        if (queue.length > 0) return Promise.resolve({ value: queue.shift(), done: false });
        if (signal?.aborted) return Promise.reject(signal.reason);
        if (ended) return Promise.resolve({ value: undefined, done: true });
        client.#hold(1);
        return new Promise((resolve, reject) => pending.push({ resolve, reject })).finally(() => client.#hold(-1));
      },
      return() {
        iterator.end();
        queue.length = 0;
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]() {
        return iterator;
      },
    };
    const aborted = () => iterator.end(signal.reason);
    if (!ended) {
      this.#iterators.add(iterator);
      signal?.addEventListener('abort', aborted, { once: true });
    }
    return iterator;
  }

  // Ends all jobs here; they keep running at the provider. Submissions on the wire get graceMs for their answer.
  close(graceMs = 5000) {
    this.#closing ??= this.#close(milliseconds(graceMs, 'graceMs'));
    return this.#closing;
  }

  async #close(graceMs) {
    // Whoever waits now is told the end by a rejection that nobody may look at: of Promise.all(), say.
    const untold = [...this.#untold.values()];
    this.#answering = true;
    await native.later.aigc_client_close(this.#handle, graceMs);
    this.#answering = false;
    for (let events = native.take(this.#handle); events; events = native.take(this.#handle)) this.#take(events);
    for (const waiting of [this.#waiting, this.#accepting]) {
      for (const list of [...waiting.values()]) for (const done of [...list]) done();
    }
    for (const iterator of [...this.#iterators]) iterator.end();
    native.release(this.#handle);
    const paid = untold.filter((job) => job.outcome > constants.OUTCOME_NOT_SENT);
    for (const job of paid) {
      process.emitWarning(`the client was closed, and nobody had read the token of a job: ${job.outcomeText}`, 'AigcWarning');
    }
    this.#untold.clear();
    // Node writes a warning in the next turn of the loop, and the host may leave at once.
    if (paid.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  // For Job: somebody has the token, or has seen the end.
  _told(id) { this.#untold.delete(id); }

  // Whether close() has ended the job, and its grace may still bring the id. Who waits for the job is told when that is known.
  #mayBecomeKnown(job) {
    return this.#answering && job.remoteId === null && job._state() !== constants.STATE_UNKNOWN
      && job.outcome === constants.OUTCOME_UNKNOWN;
  }

  // Keeps a job until somebody has been told of it. Now and then those are dropped that have ended since.
  #remember(job) {
    this.#untold.set(job.id, job);
    if (this.#untold.size >= this.#lookAt) {
      for (const one of [...this.#untold.values()]) one.ended; // tells
      this.#lookAt = Math.max(2 * this.#untold.size, 1000);
    }
    return job;
  }

  // The promises of jobs, and whether the loop stays alive for them.
  #hold(change) {
    this.#waits += change;
    if (this.#waits === 0) busy.delete(this);
    else busy.add(this);
    native.keep(this.#handle, this.#waits > 0);
  }

  #await(map, job, timeoutMs, settled, late) {
    const result = () => (job.ended ? job.error : null);
    const ended = job.ended && !this.#mayBecomeKnown(job);
    if (map === this.#accepting ? ended || job.remoteId !== null : ended) {
      settled(map === this.#accepting && job.remoteId !== null ? null : result());
      return undefined;
    }
    const { id } = job;
    let timer;
    const stop = () => {
      const list = map.get(id);
      if (!list?.delete(done)) return;
      if (list.size === 0) map.delete(id);
      clearTimeout(timer);
      this.#hold(-1);
    };
    const done = () => {
      if (this.#mayBecomeKnown(job)) return;
      stop();
      settled(map === this.#accepting && job.remoteId !== null ? null : result());
    };
    if (!map.has(id)) map.set(id, new Set());
    map.get(id).add(done);
    this.#hold(1);
    if (timeoutMs !== undefined && timeoutMs !== constants.FOREVER) {
      timer = setTimeout(() => {
        stop();
        settled(new StoppedError(late, { status: constants.E_TIMEOUT, outcome: job.outcome, token: job._token() }));
      }, Math.min(timeoutMs, 0x7fffffff));
    }
    return stop;
  }

  _wait(job, timeoutMs, settled) {
    return this.#await(this.#waiting, job, timeoutMs, settled,
      `the job has not ended after ${timeoutMs} ms; it keeps running`);
  }

  _waitAccepted(job, timeoutMs, settled) {
    return this.#await(this.#accepting, job, timeoutMs, settled,
      `the job has not been accepted after ${timeoutMs} ms; it keeps running`);
  }

  #take(events) {
    for (const [type, handle, jobId, state, status, provider, message, level, fields] of events) {
      if (this.#iterators.size > 0) {
        const event = {
          type, job: handle && new Job(handle, this), jobId, state, status, provider, message, level,
          fields: fields && JSON.parse(fields),
        };
        for (const iterator of this.#iterators) iterator.push(event);
      }
      const done = type === constants.EVENT_JOB_DONE;
      if (done && this.#iterators.size > 0) this._told(jobId);
      if (done || type === constants.EVENT_JOB_ACCEPTED) for (const one of [...this.#accepting.get(jobId) ?? []]) one();
      if (done) for (const one of [...this.#waiting.get(jobId) ?? []]) one();
    }
  }

  #with(provider, operation, fields, imageUrls, options, use) {
    const request = native.aigc_request_new(needed(provider, 'provider'), needed(operation, 'operation'));
    try {
      for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== null) set(request, name, value);
      for (const image of imageUrls) {
        const { url, type } = typeof image === 'string' ? { url: image } : image;
        native.aigc_request_add_image_url(request, needed(url, 'imageUrls'), text(type, 'imageUrls'));
      }
      for (const [name, value] of Object.entries(options)) {
        if (value === undefined || value === null) continue;
        native.aigc_request_set_option(request, text(name, 'option'), plain(value, name));
      }
      return use(request);
    } finally {
      native.release(request);
    }
  }
}
if (Symbol.asyncDispose) {
  Object.defineProperty(Client.prototype, Symbol.asyncDispose, { value() { return this.close(); } });
}

// JSON.stringify() makes null of a number that JSON does not have, and an object of numbered members of a typed array.
function json(name, value) {
  return JSON.stringify(value, (_, one) => {
    if (typeof one === 'bigint') throw refused(`${name} holds the bigint ${one}, which JavaScript cannot write as JSON`, name);
    if (typeof one === 'number' && !Number.isFinite(one)) throw refused(`${name} holds ${one}: JSON has no such number`, name);
    // JSON.stringify makes {} of these.
    const isLost = [Map, Set, WeakMap, WeakSet, Promise, RegExp].some((type) => one instanceof type);
    if (isLost || ArrayBuffer.isView(one)) {
      throw refused(`${name} holds a ${one.constructor.name}, which is no JSON: make an array or an object of it`, name);
    }
    return one;
  });
}

function set(request, name, value) {
  text(name, 'field');
  switch (typeof value) {
    case 'string': return native.aigc_request_set_string(request, name, text(value, name));
    case 'boolean': return native.aigc_request_set_bool(request, name, flag(value));
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw refused(`${name} is ${value}, which does not fit into 64 bits`, name);
      return native.aigc_request_set_int(request, name, value);
    case 'number':
      if (Number.isSafeInteger(value)) return native.aigc_request_set_int(request, name, value);
      return native.aigc_request_set_double(request, name, value);
    case 'object': return native.aigc_request_set_json(request, name, text(json(name, value), name));
    default: throw refused(`${name} cannot be a ${typeof value}`, name);
  }
}

// The journal without a client, for tools.
const journal = {
  async page(folder, { after = null, ...filter } = {}) {
    const names = [needed(folder, 'path'), text(JSON.stringify(filter), 'filter'), text(after, 'after')];
    const lines = (await native.later.aigc_journal_list(...names)).toString('utf8');
    return lines.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  },

  async* rows(folder, filter = {}) {
    let { after = null } = filter;
    for (;;) {
      const page = await journal.page(folder, { ...filter, after });
      if (page.length === 0) return;
      yield* page;
      after = page[page.length - 1].key;
    }
  },

  async resolve(folder, key, outcome, remoteId = null) {
    await native.later.aigc_journal_resolve(needed(folder, 'path'), needed(key, 'key'), outcome, text(remoteId, 'remote id'));
  },

  async prune(folder, olderThanMs) {
    const age = milliseconds(olderThanMs, 'olderThanMs');
    if (olderThanMs < 0) throw refused(`olderThanMs is ${olderThanMs}: give milliseconds from 0 on`, 'olderThanMs');
    return native.later.aigc_journal_prune(needed(folder, 'path'), age);
  },

  async check(folder) {
    return JSON.parse((await native.later.aigc_journal_check(needed(folder, 'path'))).toString('utf8'));
  },
};

module.exports = {
  Client,
  Job,
  journal,
  constants,
  version: native.aigc_version_string(),
  AigcError,
  CallError,
  StoppedError,
  AbortError,
  NetworkError,
  AccountError,
  ProviderError,
  OutcomeUnknownError,
  AssetError,
  MachineError,
  InternalError,
};
