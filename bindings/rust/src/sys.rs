//! The C interface, as aigc.h declares it: raw, and unsafe to call. Tests/tools/generate.py writes this file from the
//! header; `Tests/packaging/bindings.py` holds every line against it. The header is the manual.
#![allow(non_camel_case_types, missing_docs)]

use std::os::raw::{c_char, c_void};

pub type aigc_status = i32;
pub type aigc_event_handler = Option<unsafe extern "C" fn(event: *const aigc_event, user_data: *mut c_void)>;

pub const AIGC_VERSION_MAJOR: i32 = 1;
pub const AIGC_VERSION_MINOR: i32 = 2;
pub const AIGC_VERSION_PATCH: i32 = 0;
pub const AIGC_FOREVER: i64 = -1;

pub const AIGC_ALIBABA: &str = "alibaba";
pub const AIGC_TENCENT: &str = "tencent";
pub const AIGC_ALIBABA_INFERENCE: &str = "inference";
pub const AIGC_ALIBABA_PRE_MODEL_INFERENCE: &str = "pre_model_inference";
pub const AIGC_ALIBABA_MODEL_TRAIN: &str = "model_train";
pub const AIGC_TENCENT_IMAGE: &str = "aigc_image";
pub const AIGC_ALIBABA_INFERENCE_ASSET: &str = "inference_asset";
pub const AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET: &str = "pre_model_inference_asset";
pub const AIGC_TENCENT_IMAGE_ASSET: &str = "aigc_image_asset";

pub const AIGC_OK: i32 = 0;
pub const AIGC_E_INVALID_ARGUMENT: i32 = 100;
pub const AIGC_E_WRONG_STATE: i32 = 101;
pub const AIGC_E_FORKED: i32 = 102;
pub const AIGC_E_CLOSED: i32 = 103;
pub const AIGC_E_KEY_CONFLICT: i32 = 104;
pub const AIGC_E_TIMEOUT: i32 = 200;
pub const AIGC_E_CANCELLED: i32 = 201;
pub const AIGC_E_DEADLINE: i32 = 202;
pub const AIGC_E_NETWORK: i32 = 300;
pub const AIGC_E_TLS: i32 = 301;
pub const AIGC_E_ADDRESS_REFUSED: i32 = 302;
pub const AIGC_E_BAD_RESPONSE: i32 = 303;
pub const AIGC_E_NO_CREDENTIALS: i32 = 400;
pub const AIGC_E_AUTH: i32 = 401;
pub const AIGC_E_PERMISSION: i32 = 402;
pub const AIGC_E_BILLING: i32 = 403;
pub const AIGC_E_THROTTLED: i32 = 404;
pub const AIGC_E_CLOCK: i32 = 405;
pub const AIGC_E_REQUEST_REFUSED: i32 = 500;
pub const AIGC_E_CONTENT_REFUSED: i32 = 501;
pub const AIGC_E_NOT_FOUND: i32 = 502;
pub const AIGC_E_JOB_FAILED: i32 = 503;
pub const AIGC_E_PROVIDER: i32 = 504;
pub const AIGC_E_OUTCOME_UNKNOWN: i32 = 600;
pub const AIGC_E_EXPIRED: i32 = 700;
pub const AIGC_E_NOT_AN_IMAGE: i32 = 701;
pub const AIGC_E_CORRUPT: i32 = 702;
pub const AIGC_E_TOO_LARGE: i32 = 703;
pub const AIGC_E_FILE: i32 = 800;
pub const AIGC_E_FILE_EXISTS: i32 = 801;
pub const AIGC_E_NO_SPACE: i32 = 802;
pub const AIGC_E_NO_RESOURCES: i32 = 803;
pub const AIGC_E_JOURNAL: i32 = 804;
pub const AIGC_E_INTERNAL: i32 = 900;

pub const AIGC_OUTCOME_NONE: i32 = 0;
pub const AIGC_OUTCOME_NOT_SENT: i32 = 1;
pub const AIGC_OUTCOME_UNKNOWN: i32 = 2;
pub const AIGC_OUTCOME_ACCEPTED: i32 = 3;

pub const AIGC_STATE_NONE: i32 = 0;
pub const AIGC_STATE_QUEUED: i32 = 1;
pub const AIGC_STATE_SUBMITTING: i32 = 2;
pub const AIGC_STATE_PENDING: i32 = 3;
pub const AIGC_STATE_RUNNING: i32 = 4;
pub const AIGC_STATE_SUCCEEDED: i32 = 5;
pub const AIGC_STATE_FAILED: i32 = 6;
pub const AIGC_STATE_CANCELLED: i32 = 7;
pub const AIGC_STATE_UNKNOWN: i32 = 8;

pub const AIGC_EVENT_NONE: i32 = 0;
pub const AIGC_EVENT_JOB_STATE: i32 = 1;
pub const AIGC_EVENT_JOB_ACCEPTED: i32 = 2;
pub const AIGC_EVENT_JOB_REFRESHED: i32 = 3;
pub const AIGC_EVENT_JOB_PROGRESS: i32 = 4;
pub const AIGC_EVENT_JOB_DONE: i32 = 5;
pub const AIGC_EVENT_CREDENTIALS_NEEDED: i32 = 6;
pub const AIGC_EVENT_WARNING: i32 = 7;
pub const AIGC_EVENT_LOG: i32 = 8;
pub const AIGC_EVENT_JOB_READY: i32 = 9;

pub const AIGC_LOG_NONE: i32 = 0;
pub const AIGC_LOG_ERROR: i32 = 1;
pub const AIGC_LOG_WARNING: i32 = 2;
pub const AIGC_LOG_INFO: i32 = 3;
pub const AIGC_LOG_DEBUG: i32 = 4;

#[repr(C)]
pub struct aigc_error {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct aigc_config {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct aigc_buffer {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct aigc_request {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct aigc_client {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct aigc_job {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct aigc_event {
    _opaque: [u8; 0],
}

extern "C" {
    pub fn aigc_version_number() -> i32;
    pub fn aigc_version_string() -> *const c_char;
    pub fn aigc_build_info() -> *const c_char;
    pub fn aigc_status_name(status: aigc_status) -> *const c_char;
    pub fn aigc_status_text(status: aigc_status) -> *const c_char;
    pub fn aigc_status_at(index: usize, status: *mut aigc_status) -> aigc_status;
    pub fn aigc_error_status(error: *const aigc_error) -> aigc_status;
    pub fn aigc_error_message(error: *const aigc_error) -> *const c_char;
    pub fn aigc_error_provider_code(error: *const aigc_error) -> *const c_char;
    pub fn aigc_error_provider_message(error: *const aigc_error) -> *const c_char;
    pub fn aigc_error_request_id(error: *const aigc_error) -> *const c_char;
    pub fn aigc_error_http_status(error: *const aigc_error) -> i32;
    pub fn aigc_error_retryable(error: *const aigc_error) -> i32;
    pub fn aigc_error_retry_after_ms(error: *const aigc_error) -> i64;
    pub fn aigc_error_outcome(error: *const aigc_error) -> i32;
    pub fn aigc_error_field(error: *const aigc_error) -> *const c_char;
    pub fn aigc_error_free(error: *mut aigc_error);
    pub fn aigc_config_new(config: *mut *mut aigc_config, error: *mut *mut aigc_error) -> aigc_status;
    pub fn aigc_config_set(
        config: *mut aigc_config,
        key: *const c_char,
        value: *const c_char,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_config_get(config: *mut aigc_config, key: *const c_char) -> *const c_char;
    pub fn aigc_config_describe(
        index: usize,
        key: *mut *const c_char,
        type_: *mut *const c_char,
        default_value: *mut *const c_char,
        text: *mut *const c_char,
    ) -> aigc_status;
    pub fn aigc_config_report(
        config: *const aigc_config,
        report: *mut *mut aigc_buffer,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_config_free(config: *mut aigc_config);
    pub fn aigc_operation_at(
        index: usize,
        provider: *mut *const c_char,
        operation: *mut *const c_char,
        kind: *mut *const c_char,
        wire_name: *mut *const c_char,
    ) -> aigc_status;
    pub fn aigc_request_describe(
        provider: *const c_char,
        operation: *const c_char,
        index: usize,
        name: *mut *const c_char,
        type_: *mut *const c_char,
        required: *mut i32,
        wire_name: *mut *const c_char,
        text: *mut *const c_char,
    ) -> aigc_status;
    pub fn aigc_request_new(
        provider: *const c_char,
        operation: *const c_char,
        request: *mut *mut aigc_request,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_set_string(
        request: *mut aigc_request,
        name: *const c_char,
        value: *const c_char,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_set_int(
        request: *mut aigc_request,
        name: *const c_char,
        value: i64,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_set_double(
        request: *mut aigc_request,
        name: *const c_char,
        value: f64,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_set_bool(
        request: *mut aigc_request,
        name: *const c_char,
        value: i32,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_set_json(
        request: *mut aigc_request,
        name: *const c_char,
        json: *const c_char,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_add_image_url(
        request: *mut aigc_request,
        url: *const c_char,
        reference_type: *const c_char,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_set_option(
        request: *mut aigc_request,
        name: *const c_char,
        value: *const c_char,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_request_free(request: *mut aigc_request);
    pub fn aigc_client_new(
        config: *const aigc_config,
        client: *mut *mut aigc_client,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_close(client: *mut aigc_client, grace_ms: i64);
    pub fn aigc_client_free(client: *mut aigc_client);
    pub fn aigc_client_set_credentials(
        client: *mut aigc_client,
        provider: *const c_char,
        id: *const c_char,
        secret: *const c_char,
        token: *const c_char,
        expires_at_ms: i64,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_report(
        client: *mut aigc_client,
        report: *mut *mut aigc_buffer,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_stats(
        client: *mut aigc_client,
        stats: *mut *mut aigc_buffer,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_submit(
        client: *mut aigc_client,
        request: *const aigc_request,
        job: *mut *mut aigc_job,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_attach(
        client: *mut aigc_client,
        token: *const c_char,
        follow: i32,
        job: *mut *mut aigc_job,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_attach_id(
        client: *mut aigc_client,
        provider: *const c_char,
        operation: *const c_char,
        remote_id: *const c_char,
        follow: i32,
        job: *mut *mut aigc_job,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_attach_key(
        client: *mut aigc_client,
        key: *const c_char,
        follow: i32,
        job: *mut *mut aigc_job,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_resume(
        client: *mut aigc_client,
        follow: i32,
        count: *mut usize,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_fetch(
        client: *mut aigc_client,
        request: *const aigc_request,
        path: *const c_char,
        download: *mut *mut aigc_job,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_call(
        client: *mut aigc_client,
        provider: *const c_char,
        action: *const c_char,
        json: *const c_char,
        reads: i32,
        job: *mut *mut aigc_job,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_event_fd(client: *mut aigc_client) -> i32;
    pub fn aigc_client_next_event(
        client: *mut aigc_client,
        timeout_ms: i64,
        event: *mut *mut aigc_event,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_dispatch(
        client: *mut aigc_client,
        timeout_ms: i64,
        handler: aigc_event_handler,
        user_data: *mut c_void,
        handled: *mut usize,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_client_wake(client: *mut aigc_client);
    pub fn aigc_state_name(state: i32) -> *const c_char;
    pub fn aigc_job_id(job: *const aigc_job) -> u64;
    pub fn aigc_job_remote_id(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_token(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_key(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_state(job: *const aigc_job) -> i32;
    pub fn aigc_job_outcome(job: *const aigc_job) -> i32;
    pub fn aigc_job_progress(job: *const aigc_job) -> f64;
    pub fn aigc_job_bytes(job: *const aigc_job, received: *mut i64, total: *mut i64);
    pub fn aigc_job_provider(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_operation(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_provider_state(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_provider_response(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_request_id(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_wait(job: *mut aigc_job, timeout_ms: i64, error: *mut *mut aigc_error) -> aigc_status;
    pub fn aigc_job_refresh(job: *mut aigc_job, timeout_ms: i64, error: *mut *mut aigc_error) -> aigc_status;
    pub fn aigc_job_set_follow(job: *mut aigc_job, follow: i32, error: *mut *mut aigc_error) -> aigc_status;
    pub fn aigc_job_set_deadline_ms(job: *mut aigc_job, deadline_ms: i64, error: *mut *mut aigc_error) -> aigc_status;
    pub fn aigc_job_set_trace(
        job: *mut aigc_job,
        traceparent: *const c_char,
        tracestate: *const c_char,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_job_release(job: *mut aigc_job, error: *mut *mut aigc_error) -> aigc_status;
    pub fn aigc_job_cancel(job: *mut aigc_job);
    pub fn aigc_job_error(job: *mut aigc_job, error: *mut *mut aigc_error) -> aigc_status;
    pub fn aigc_job_result_id(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_asset_count(job: *const aigc_job) -> usize;
    pub fn aigc_job_asset_id(job: *mut aigc_job, index: usize) -> *const c_char;
    pub fn aigc_job_asset_url(job: *mut aigc_job, index: usize) -> *const c_char;
    pub fn aigc_job_asset_expires_at_ms(job: *const aigc_job, index: usize) -> i64;
    pub fn aigc_job_download(
        job: *mut aigc_job,
        index: usize,
        path: *const c_char,
        download: *mut *mut aigc_job,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_job_path(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_content_type(job: *mut aigc_job) -> *const c_char;
    pub fn aigc_job_take_buffer(
        job: *mut aigc_job,
        buffer: *mut *mut aigc_buffer,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_job_set_user_data(job: *mut aigc_job, user_data: *mut c_void);
    pub fn aigc_job_user_data(job: *const aigc_job) -> *mut c_void;
    pub fn aigc_job_ref(job: *mut aigc_job) -> *mut aigc_job;
    pub fn aigc_job_free(job: *mut aigc_job);
    pub fn aigc_event_type(event: *const aigc_event) -> i32;
    pub fn aigc_event_job(event: *const aigc_event) -> *mut aigc_job;
    pub fn aigc_event_job_id(event: *const aigc_event) -> u64;
    pub fn aigc_event_state(event: *const aigc_event) -> i32;
    pub fn aigc_event_status(event: *const aigc_event) -> aigc_status;
    pub fn aigc_event_provider(event: *const aigc_event) -> *const c_char;
    pub fn aigc_event_message(event: *const aigc_event) -> *const c_char;
    pub fn aigc_event_level(event: *const aigc_event) -> i32;
    pub fn aigc_event_fields(event: *const aigc_event) -> *const c_char;
    pub fn aigc_event_free(event: *mut aigc_event);
    pub fn aigc_buffer_data(buffer: *const aigc_buffer) -> *const c_void;
    pub fn aigc_buffer_size(buffer: *const aigc_buffer) -> usize;
    pub fn aigc_buffer_content_type(buffer: *const aigc_buffer) -> *const c_char;
    pub fn aigc_buffer_free(buffer: *mut aigc_buffer);
    pub fn aigc_journal_list(
        path: *const c_char,
        filter_json: *const c_char,
        after: *const c_char,
        rows: *mut *mut aigc_buffer,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_journal_resolve(
        path: *const c_char,
        key: *const c_char,
        outcome: i32,
        remote_id: *const c_char,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_journal_prune(
        path: *const c_char,
        older_than_ms: i64,
        removed: *mut usize,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
    pub fn aigc_journal_check(
        path: *const c_char,
        report: *mut *mut aigc_buffer,
        error: *mut *mut aigc_error,
    ) -> aigc_status;
}
