/* Written by Tests/tools/generate.py from include/aigc.h: every function, and how its values cross. */
#define AIGC_FUNCTIONS(X) \
    X(aigc_version_number) \
    X(aigc_version_string) \
    X(aigc_build_info) \
    X(aigc_status_name) \
    X(aigc_status_text) \
    X(aigc_status_at) \
    X(aigc_error_status) \
    X(aigc_error_message) \
    X(aigc_error_provider_code) \
    X(aigc_error_provider_message) \
    X(aigc_error_request_id) \
    X(aigc_error_http_status) \
    X(aigc_error_retryable) \
    X(aigc_error_retry_after_ms) \
    X(aigc_error_outcome) \
    X(aigc_error_field) \
    X(aigc_error_free) \
    X(aigc_config_new) \
    X(aigc_config_set) \
    X(aigc_config_get) \
    X(aigc_config_describe) \
    X(aigc_config_report) \
    X(aigc_config_free) \
    X(aigc_operation_at) \
    X(aigc_request_describe) \
    X(aigc_request_new) \
    X(aigc_request_set_string) \
    X(aigc_request_set_int) \
    X(aigc_request_set_double) \
    X(aigc_request_set_bool) \
    X(aigc_request_set_json) \
    X(aigc_request_add_image_url) \
    X(aigc_request_set_option) \
    X(aigc_request_free) \
    X(aigc_client_new) \
    X(aigc_client_close) \
    X(aigc_client_free) \
    X(aigc_client_set_credentials) \
    X(aigc_client_report) \
    X(aigc_client_stats) \
    X(aigc_client_submit) \
    X(aigc_client_attach) \
    X(aigc_client_attach_id) \
    X(aigc_client_attach_key) \
    X(aigc_client_resume) \
    X(aigc_client_fetch) \
    X(aigc_client_call) \
    X(aigc_client_event_fd) \
    X(aigc_client_next_event) \
    X(aigc_client_dispatch) \
    X(aigc_client_wake) \
    X(aigc_state_name) \
    X(aigc_job_id) \
    X(aigc_job_remote_id) \
    X(aigc_job_token) \
    X(aigc_job_key) \
    X(aigc_job_state) \
    X(aigc_job_outcome) \
    X(aigc_job_progress) \
    X(aigc_job_bytes) \
    X(aigc_job_provider) \
    X(aigc_job_operation) \
    X(aigc_job_provider_state) \
    X(aigc_job_provider_response) \
    X(aigc_job_request_id) \
    X(aigc_job_wait) \
    X(aigc_job_refresh) \
    X(aigc_job_set_follow) \
    X(aigc_job_set_deadline_ms) \
    X(aigc_job_set_trace) \
    X(aigc_job_release) \
    X(aigc_job_cancel) \
    X(aigc_job_error) \
    X(aigc_job_result_id) \
    X(aigc_job_asset_count) \
    X(aigc_job_asset_id) \
    X(aigc_job_asset_url) \
    X(aigc_job_asset_expires_at_ms) \
    X(aigc_job_download) \
    X(aigc_job_path) \
    X(aigc_job_content_type) \
    X(aigc_job_take_buffer) \
    X(aigc_job_set_user_data) \
    X(aigc_job_user_data) \
    X(aigc_job_ref) \
    X(aigc_job_free) \
    X(aigc_event_type) \
    X(aigc_event_job) \
    X(aigc_event_job_id) \
    X(aigc_event_state) \
    X(aigc_event_status) \
    X(aigc_event_provider) \
    X(aigc_event_message) \
    X(aigc_event_level) \
    X(aigc_event_fields) \
    X(aigc_event_free) \
    X(aigc_buffer_data) \
    X(aigc_buffer_size) \
    X(aigc_buffer_content_type) \
    X(aigc_buffer_free) \
    X(aigc_journal_list) \
    X(aigc_journal_resolve) \
    X(aigc_journal_prune) \
    X(aigc_journal_check)

#define AIGC_POINTER(name) __typeof__(name) *name;
static struct {
    AIGC_FUNCTIONS(AIGC_POINTER)
} api;

static void call_aigc_version_number(union value *v, union value *r)
{
    (void)v; r->i = api.aigc_version_number();
}

static void call_aigc_version_string(union value *v, union value *r)
{
    (void)v; r->s = api.aigc_version_string();
}

static void call_aigc_build_info(union value *v, union value *r)
{
    (void)v; r->s = api.aigc_build_info();
}

static void call_aigc_status_name(union value *v, union value *r)
{
    r->s = api.aigc_status_name(v[0].i);
}

static void call_aigc_status_text(union value *v, union value *r)
{
    r->s = api.aigc_status_text(v[0].i);
}

static void call_aigc_status_at(union value *v, union value *r)
{
    r->i = api.aigc_status_at(v[0].z, (aigc_status *)&v[1].i);
}

static void call_aigc_config_new(union value *v, union value *r)
{
    r->i = api.aigc_config_new((aigc_config **)&v[0].p, (aigc_error **)&v[1].p);
}

static void call_aigc_config_set(union value *v, union value *r)
{
    r->i = api.aigc_config_set(v[0].p, v[1].s, v[2].s, (aigc_error **)&v[3].p);
}

static void call_aigc_config_get(union value *v, union value *r)
{
    r->s = api.aigc_config_get(v[0].p, v[1].s);
}

static void call_aigc_config_describe(union value *v, union value *r)
{
    r->i = api.aigc_config_describe(v[0].z, (const char **)&v[1].s, (const char **)&v[2].s, (const char **)&v[3].s,
        (const char **)&v[4].s);
}

static void call_aigc_config_report(union value *v, union value *r)
{
    r->i = api.aigc_config_report(v[0].p, (aigc_buffer **)&v[1].p, (aigc_error **)&v[2].p);
}

static void call_aigc_operation_at(union value *v, union value *r)
{
    r->i = api.aigc_operation_at(v[0].z, (const char **)&v[1].s, (const char **)&v[2].s, (const char **)&v[3].s, (const
        char **)&v[4].s);
}

static void call_aigc_request_describe(union value *v, union value *r)
{
    r->i = api.aigc_request_describe(v[0].s, v[1].s, v[2].z, (const char **)&v[3].s, (const char **)&v[4].s, (int32_t
        *)&v[5].i, (const char **)&v[6].s, (const char **)&v[7].s);
}

static void call_aigc_request_new(union value *v, union value *r)
{
    r->i = api.aigc_request_new(v[0].s, v[1].s, (aigc_request **)&v[2].p, (aigc_error **)&v[3].p);
}

static void call_aigc_request_set_string(union value *v, union value *r)
{
    r->i = api.aigc_request_set_string(v[0].p, v[1].s, v[2].s, (aigc_error **)&v[3].p);
}

static void call_aigc_request_set_int(union value *v, union value *r)
{
    r->i = api.aigc_request_set_int(v[0].p, v[1].s, v[2].l, (aigc_error **)&v[3].p);
}

static void call_aigc_request_set_double(union value *v, union value *r)
{
    r->i = api.aigc_request_set_double(v[0].p, v[1].s, v[2].d, (aigc_error **)&v[3].p);
}

static void call_aigc_request_set_bool(union value *v, union value *r)
{
    r->i = api.aigc_request_set_bool(v[0].p, v[1].s, v[2].i, (aigc_error **)&v[3].p);
}

static void call_aigc_request_set_json(union value *v, union value *r)
{
    r->i = api.aigc_request_set_json(v[0].p, v[1].s, v[2].s, (aigc_error **)&v[3].p);
}

static void call_aigc_request_add_image_url(union value *v, union value *r)
{
    r->i = api.aigc_request_add_image_url(v[0].p, v[1].s, v[2].s, (aigc_error **)&v[3].p);
}

static void call_aigc_request_set_option(union value *v, union value *r)
{
    r->i = api.aigc_request_set_option(v[0].p, v[1].s, v[2].s, (aigc_error **)&v[3].p);
}

static void call_aigc_client_new(union value *v, union value *r)
{
    r->i = api.aigc_client_new(v[0].p, (aigc_client **)&v[1].p, (aigc_error **)&v[2].p);
}

static void call_aigc_client_close(union value *v, union value *r)
{
    (void)r; api.aigc_client_close(v[0].p, v[1].l);
}

static void call_aigc_client_set_credentials(union value *v, union value *r)
{
    r->i = api.aigc_client_set_credentials(v[0].p, v[1].s, v[2].s, v[3].s, v[4].s, v[5].l, (aigc_error **)&v[6].p);
}

static void call_aigc_client_report(union value *v, union value *r)
{
    r->i = api.aigc_client_report(v[0].p, (aigc_buffer **)&v[1].p, (aigc_error **)&v[2].p);
}

static void call_aigc_client_stats(union value *v, union value *r)
{
    r->i = api.aigc_client_stats(v[0].p, (aigc_buffer **)&v[1].p, (aigc_error **)&v[2].p);
}

static void call_aigc_client_submit(union value *v, union value *r)
{
    r->i = api.aigc_client_submit(v[0].p, v[1].p, (aigc_job **)&v[2].p, (aigc_error **)&v[3].p);
}

static void call_aigc_client_attach(union value *v, union value *r)
{
    r->i = api.aigc_client_attach(v[0].p, v[1].s, v[2].i, (aigc_job **)&v[3].p, (aigc_error **)&v[4].p);
}

static void call_aigc_client_attach_id(union value *v, union value *r)
{
    r->i = api.aigc_client_attach_id(v[0].p, v[1].s, v[2].s, v[3].s, v[4].i, (aigc_job **)&v[5].p, (aigc_error
        **)&v[6].p);
}

static void call_aigc_client_attach_key(union value *v, union value *r)
{
    r->i = api.aigc_client_attach_key(v[0].p, v[1].s, v[2].i, (aigc_job **)&v[3].p, (aigc_error **)&v[4].p);
}

static void call_aigc_client_resume(union value *v, union value *r)
{
    r->i = api.aigc_client_resume(v[0].p, v[1].i, (size_t *)&v[2].z, (aigc_error **)&v[3].p);
}

static void call_aigc_client_fetch(union value *v, union value *r)
{
    r->i = api.aigc_client_fetch(v[0].p, v[1].p, v[2].s, (aigc_job **)&v[3].p, (aigc_error **)&v[4].p);
}

static void call_aigc_client_call(union value *v, union value *r)
{
    r->i = api.aigc_client_call(v[0].p, v[1].s, v[2].s, v[3].s, v[4].i, (aigc_job **)&v[5].p, (aigc_error **)&v[6].p);
}

static void call_aigc_client_event_fd(union value *v, union value *r)
{
    r->i = api.aigc_client_event_fd(v[0].p);
}

static void call_aigc_client_next_event(union value *v, union value *r)
{
    r->i = api.aigc_client_next_event(v[0].p, v[1].l, (aigc_event **)&v[2].p, (aigc_error **)&v[3].p);
}

static void call_aigc_client_wake(union value *v, union value *r)
{
    (void)r; api.aigc_client_wake(v[0].p);
}

static void call_aigc_state_name(union value *v, union value *r)
{
    r->s = api.aigc_state_name(v[0].i);
}

static void call_aigc_job_id(union value *v, union value *r)
{
    r->l = api.aigc_job_id(v[0].p);
}

static void call_aigc_job_remote_id(union value *v, union value *r)
{
    r->s = api.aigc_job_remote_id(v[0].p);
}

static void call_aigc_job_token(union value *v, union value *r)
{
    r->s = api.aigc_job_token(v[0].p);
}

static void call_aigc_job_key(union value *v, union value *r)
{
    r->s = api.aigc_job_key(v[0].p);
}

static void call_aigc_job_state(union value *v, union value *r)
{
    r->i = api.aigc_job_state(v[0].p);
}

static void call_aigc_job_outcome(union value *v, union value *r)
{
    r->i = api.aigc_job_outcome(v[0].p);
}

static void call_aigc_job_progress(union value *v, union value *r)
{
    r->d = api.aigc_job_progress(v[0].p);
}

static void call_aigc_job_bytes(union value *v, union value *r)
{
    (void)r; api.aigc_job_bytes(v[0].p, (int64_t *)&v[1].l, (int64_t *)&v[2].l);
}

static void call_aigc_job_provider(union value *v, union value *r)
{
    r->s = api.aigc_job_provider(v[0].p);
}

static void call_aigc_job_operation(union value *v, union value *r)
{
    r->s = api.aigc_job_operation(v[0].p);
}

static void call_aigc_job_provider_state(union value *v, union value *r)
{
    r->s = api.aigc_job_provider_state(v[0].p);
}

static void call_aigc_job_provider_response(union value *v, union value *r)
{
    r->s = api.aigc_job_provider_response(v[0].p);
}

static void call_aigc_job_request_id(union value *v, union value *r)
{
    r->s = api.aigc_job_request_id(v[0].p);
}

static void call_aigc_job_wait(union value *v, union value *r)
{
    r->i = api.aigc_job_wait(v[0].p, v[1].l, (aigc_error **)&v[2].p);
}

static void call_aigc_job_refresh(union value *v, union value *r)
{
    r->i = api.aigc_job_refresh(v[0].p, v[1].l, (aigc_error **)&v[2].p);
}

static void call_aigc_job_set_follow(union value *v, union value *r)
{
    r->i = api.aigc_job_set_follow(v[0].p, v[1].i, (aigc_error **)&v[2].p);
}

static void call_aigc_job_set_deadline_ms(union value *v, union value *r)
{
    r->i = api.aigc_job_set_deadline_ms(v[0].p, v[1].l, (aigc_error **)&v[2].p);
}

static void call_aigc_job_set_trace(union value *v, union value *r)
{
    r->i = api.aigc_job_set_trace(v[0].p, v[1].s, v[2].s, (aigc_error **)&v[3].p);
}

static void call_aigc_job_release(union value *v, union value *r)
{
    r->i = api.aigc_job_release(v[0].p, (aigc_error **)&v[1].p);
}

static void call_aigc_job_cancel(union value *v, union value *r)
{
    (void)r; api.aigc_job_cancel(v[0].p);
}

static void call_aigc_job_error(union value *v, union value *r)
{
    r->i = api.aigc_job_error(v[0].p, (aigc_error **)&v[1].p);
}

static void call_aigc_job_result_id(union value *v, union value *r)
{
    r->s = api.aigc_job_result_id(v[0].p);
}

static void call_aigc_job_asset_count(union value *v, union value *r)
{
    r->z = api.aigc_job_asset_count(v[0].p);
}

static void call_aigc_job_asset_id(union value *v, union value *r)
{
    r->s = api.aigc_job_asset_id(v[0].p, v[1].z);
}

static void call_aigc_job_asset_url(union value *v, union value *r)
{
    r->s = api.aigc_job_asset_url(v[0].p, v[1].z);
}

static void call_aigc_job_asset_expires_at_ms(union value *v, union value *r)
{
    r->l = api.aigc_job_asset_expires_at_ms(v[0].p, v[1].z);
}

static void call_aigc_job_download(union value *v, union value *r)
{
    r->i = api.aigc_job_download(v[0].p, v[1].z, v[2].s, (aigc_job **)&v[3].p, (aigc_error **)&v[4].p);
}

static void call_aigc_job_path(union value *v, union value *r)
{
    r->s = api.aigc_job_path(v[0].p);
}

static void call_aigc_job_content_type(union value *v, union value *r)
{
    r->s = api.aigc_job_content_type(v[0].p);
}

static void call_aigc_job_take_buffer(union value *v, union value *r)
{
    r->i = api.aigc_job_take_buffer(v[0].p, (aigc_buffer **)&v[1].p, (aigc_error **)&v[2].p);
}

static void call_aigc_journal_list(union value *v, union value *r)
{
    r->i = api.aigc_journal_list(v[0].s, v[1].s, v[2].s, (aigc_buffer **)&v[3].p, (aigc_error **)&v[4].p);
}

static void call_aigc_journal_resolve(union value *v, union value *r)
{
    r->i = api.aigc_journal_resolve(v[0].s, v[1].s, v[2].i, v[3].s, (aigc_error **)&v[4].p);
}

static void call_aigc_journal_prune(union value *v, union value *r)
{
    r->i = api.aigc_journal_prune(v[0].s, v[1].l, (size_t *)&v[2].z, (aigc_error **)&v[3].p);
}

static void call_aigc_journal_check(union value *v, union value *r)
{
    r->i = api.aigc_journal_check(v[0].s, (aigc_buffer **)&v[1].p, (aigc_error **)&v[2].p);
}

static const struct function functions[] = {
    {"aigc_version_number", call_aigc_version_number, "", 'i'},
    {"aigc_version_string", call_aigc_version_string, "", 's'},
    {"aigc_build_info", call_aigc_build_info, "", 's'},
    {"aigc_status_name", call_aigc_status_name, "i", 's'},
    {"aigc_status_text", call_aigc_status_text, "i", 's'},
    {"aigc_status_at", call_aigc_status_at, "z&i", 't'},
    {"aigc_config_new", call_aigc_config_new, "&CE", 't'},
    {"aigc_config_set", call_aigc_config_set, "CssE", 't'},
    {"aigc_config_get", call_aigc_config_get, "Cs", 's'},
    {"aigc_config_describe", call_aigc_config_describe, "z&s&s&s&s", 't'},
    {"aigc_config_report", call_aigc_config_report, "C&bE", 't'},
    {"aigc_operation_at", call_aigc_operation_at, "z&s&s&s&s", 't'},
    {"aigc_request_describe", call_aigc_request_describe, "ssz&s&s&i&s&s", 't'},
    {"aigc_request_new", call_aigc_request_new, "ss&RE", 't'},
    {"aigc_request_set_string", call_aigc_request_set_string, "RssE", 't'},
    {"aigc_request_set_int", call_aigc_request_set_int, "RslE", 't'},
    {"aigc_request_set_double", call_aigc_request_set_double, "RsdE", 't'},
    {"aigc_request_set_bool", call_aigc_request_set_bool, "RsiE", 't'},
    {"aigc_request_set_json", call_aigc_request_set_json, "RssE", 't'},
    {"aigc_request_add_image_url", call_aigc_request_add_image_url, "RssE", 't'},
    {"aigc_request_set_option", call_aigc_request_set_option, "RssE", 't'},
    {"aigc_client_new", call_aigc_client_new, "C&cE", 't'},
    {"aigc_client_close", call_aigc_client_close, "cl", '-'},
    {"aigc_client_set_credentials", call_aigc_client_set_credentials, "csssslE", 't'},
    {"aigc_client_report", call_aigc_client_report, "c&bE", 't'},
    {"aigc_client_stats", call_aigc_client_stats, "c&bE", 't'},
    {"aigc_client_submit", call_aigc_client_submit, "cR&jE", 't'},
    {"aigc_client_attach", call_aigc_client_attach, "csi&jE", 't'},
    {"aigc_client_attach_id", call_aigc_client_attach_id, "csssi&jE", 't'},
    {"aigc_client_attach_key", call_aigc_client_attach_key, "csi&jE", 't'},
    {"aigc_client_resume", call_aigc_client_resume, "ci&zE", 't'},
    {"aigc_client_fetch", call_aigc_client_fetch, "cRs&jE", 't'},
    {"aigc_client_call", call_aigc_client_call, "csssi&jE", 't'},
    {"aigc_client_event_fd", call_aigc_client_event_fd, "c", 'i'},
    {"aigc_client_next_event", call_aigc_client_next_event, "cl&vE", 't'},
    {"aigc_client_wake", call_aigc_client_wake, "c", '-'},
    {"aigc_state_name", call_aigc_state_name, "i", 's'},
    {"aigc_job_id", call_aigc_job_id, "j", 'l'},
    {"aigc_job_remote_id", call_aigc_job_remote_id, "j", 's'},
    {"aigc_job_token", call_aigc_job_token, "j", 's'},
    {"aigc_job_key", call_aigc_job_key, "j", 's'},
    {"aigc_job_state", call_aigc_job_state, "j", 'i'},
    {"aigc_job_outcome", call_aigc_job_outcome, "j", 'i'},
    {"aigc_job_progress", call_aigc_job_progress, "j", 'd'},
    {"aigc_job_bytes", call_aigc_job_bytes, "j&l&l", '-'},
    {"aigc_job_provider", call_aigc_job_provider, "j", 's'},
    {"aigc_job_operation", call_aigc_job_operation, "j", 's'},
    {"aigc_job_provider_state", call_aigc_job_provider_state, "j", 's'},
    {"aigc_job_provider_response", call_aigc_job_provider_response, "j", 's'},
    {"aigc_job_request_id", call_aigc_job_request_id, "j", 's'},
    {"aigc_job_wait", call_aigc_job_wait, "jlE", 't'},
    {"aigc_job_refresh", call_aigc_job_refresh, "jlE", 't'},
    {"aigc_job_set_follow", call_aigc_job_set_follow, "jiE", 't'},
    {"aigc_job_set_deadline_ms", call_aigc_job_set_deadline_ms, "jlE", 't'},
    {"aigc_job_set_trace", call_aigc_job_set_trace, "jssE", 't'},
    {"aigc_job_release", call_aigc_job_release, "jE", 't'},
    {"aigc_job_cancel", call_aigc_job_cancel, "j", '-'},
    {"aigc_job_error", call_aigc_job_error, "jE", 't'},
    {"aigc_job_result_id", call_aigc_job_result_id, "j", 's'},
    {"aigc_job_asset_count", call_aigc_job_asset_count, "j", 'z'},
    {"aigc_job_asset_id", call_aigc_job_asset_id, "jz", 's'},
    {"aigc_job_asset_url", call_aigc_job_asset_url, "jz", 's'},
    {"aigc_job_asset_expires_at_ms", call_aigc_job_asset_expires_at_ms, "jz", 'l'},
    {"aigc_job_download", call_aigc_job_download, "jzs&jE", 't'},
    {"aigc_job_path", call_aigc_job_path, "j", 's'},
    {"aigc_job_content_type", call_aigc_job_content_type, "j", 's'},
    {"aigc_job_take_buffer", call_aigc_job_take_buffer, "j&bE", 't'},
    {"aigc_journal_list", call_aigc_journal_list, "sss&bE", 't'},
    {"aigc_journal_resolve", call_aigc_journal_resolve, "ssisE", 't'},
    {"aigc_journal_prune", call_aigc_journal_prune, "sl&zE", 't'},
    {"aigc_journal_check", call_aigc_journal_check, "s&bE", 't'},
};
