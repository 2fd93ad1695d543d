// Tests/tools/generate.py writes this file from include/aigc.h.
using System;
using System.Runtime.InteropServices;

namespace Aigc
{
    /// <summary>The C interface, as the header declares it.</summary>
    internal static partial class Native
    {
        private const string Library = "libaigc.so.1";

        [DllImport(Library)]
        internal static extern int aigc_version_number();

        [DllImport(Library)]
        internal static extern IntPtr aigc_version_string();

        [DllImport(Library)]
        internal static extern IntPtr aigc_build_info();

        [DllImport(Library)]
        internal static extern IntPtr aigc_status_name(int status);

        [DllImport(Library)]
        internal static extern IntPtr aigc_status_text(int status);

        [DllImport(Library)]
        internal static extern int aigc_status_at(UIntPtr index, out int status);

        [DllImport(Library)]
        internal static extern int aigc_error_status(IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_error_message(IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_error_provider_code(IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_error_provider_message(IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_error_request_id(IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_error_http_status(IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_error_retryable(IntPtr error);

        [DllImport(Library)]
        internal static extern long aigc_error_retry_after_ms(IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_error_outcome(IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_error_field(IntPtr error);

        [DllImport(Library)]
        internal static extern void aigc_error_free(IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_config_new(out IntPtr config, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_config_set(IntPtr config, byte[] key, byte[] value, out IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_config_get(IntPtr config, byte[] key);

        [DllImport(Library)]
        internal static extern int aigc_config_describe(UIntPtr index, out IntPtr key, out IntPtr type, out IntPtr
            defaultValue, out IntPtr text);

        [DllImport(Library)]
        internal static extern int aigc_config_report(IntPtr config, out IntPtr report, out IntPtr error);

        [DllImport(Library)]
        internal static extern void aigc_config_free(IntPtr config);

        [DllImport(Library)]
        internal static extern int aigc_operation_at(UIntPtr index, out IntPtr provider, out IntPtr operation, out
            IntPtr kind, out IntPtr wireName);

        [DllImport(Library)]
        internal static extern int aigc_request_describe(byte[] provider, byte[] operation, UIntPtr index, out
            IntPtr name, out IntPtr type, out int required, out IntPtr wireName, out IntPtr text);

        [DllImport(Library)]
        internal static extern int aigc_request_new(byte[] provider, byte[] operation, out IntPtr request, out
            IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_request_set_string(IntPtr request, byte[] name, byte[] value, out IntPtr
            error);

        [DllImport(Library)]
        internal static extern int aigc_request_set_int(IntPtr request, byte[] name, long value, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_request_set_double(IntPtr request, byte[] name, double value, out IntPtr
            error);

        [DllImport(Library)]
        internal static extern int aigc_request_set_bool(IntPtr request, byte[] name, int value, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_request_set_json(IntPtr request, byte[] name, byte[] json, out IntPtr
            error);

        [DllImport(Library)]
        internal static extern int aigc_request_add_image_url(IntPtr request, byte[] url, byte[] referenceType, out
            IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_request_set_option(IntPtr request, byte[] name, byte[] value, out IntPtr
            error);

        [DllImport(Library)]
        internal static extern void aigc_request_free(IntPtr request);

        [DllImport(Library)]
        internal static extern int aigc_client_new(IntPtr config, out IntPtr client, out IntPtr error);

        [DllImport(Library)]
        internal static extern void aigc_client_close(ClientHandle client, long graceMs);

        [DllImport(Library)]
        internal static extern void aigc_client_free(IntPtr client);

        [DllImport(Library)]
        internal static extern int aigc_client_set_credentials(ClientHandle client, byte[] provider, byte[] id,
            byte[] secret, byte[] token, long expiresAtMs, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_report(ClientHandle client, out IntPtr report, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_stats(ClientHandle client, out IntPtr stats, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_submit(ClientHandle client, IntPtr request, out IntPtr job, out
            IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_attach(ClientHandle client, byte[] token, int follow, out IntPtr job,
            out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_attach_id(ClientHandle client, byte[] provider, byte[] operation,
            byte[] remoteId, int follow, out IntPtr job, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_attach_key(ClientHandle client, byte[] key, int follow, out IntPtr
            job, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_resume(ClientHandle client, int follow, out UIntPtr count, out IntPtr
            error);

        [DllImport(Library)]
        internal static extern int aigc_client_fetch(ClientHandle client, IntPtr request, byte[] path, out IntPtr
            download, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_call(ClientHandle client, byte[] provider, byte[] action, byte[]
            json, int reads, out IntPtr job, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_client_event_fd(ClientHandle client);

        [DllImport(Library)]
        internal static extern int aigc_client_next_event(ClientHandle client, long timeoutMs, out IntPtr happened,
            out IntPtr error);

        [DllImport(Library)]
        internal static extern void aigc_client_wake(ClientHandle client);

        [DllImport(Library)]
        internal static extern IntPtr aigc_state_name(int state);

        [DllImport(Library)]
        internal static extern ulong aigc_job_id(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_remote_id(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_token(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_key(JobHandle job);

        [DllImport(Library)]
        internal static extern int aigc_job_state(JobHandle job);

        [DllImport(Library)]
        internal static extern int aigc_job_outcome(JobHandle job);

        [DllImport(Library)]
        internal static extern double aigc_job_progress(JobHandle job);

        [DllImport(Library)]
        internal static extern void aigc_job_bytes(JobHandle job, out long received, out long total);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_provider(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_operation(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_provider_state(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_provider_response(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_request_id(JobHandle job);

        [DllImport(Library)]
        internal static extern int aigc_job_wait(JobHandle job, long timeoutMs, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_job_refresh(JobHandle job, long timeoutMs, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_job_set_follow(JobHandle job, int follow, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_job_set_deadline_ms(JobHandle job, long deadlineMs, out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_job_set_trace(JobHandle job, byte[] traceparent, byte[] tracestate, out
            IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_job_release(JobHandle job, out IntPtr error);

        [DllImport(Library)]
        internal static extern void aigc_job_cancel(JobHandle job);

        [DllImport(Library)]
        internal static extern int aigc_job_error(JobHandle job, out IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_result_id(JobHandle job);

        [DllImport(Library)]
        internal static extern UIntPtr aigc_job_asset_count(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_asset_id(JobHandle job, UIntPtr index);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_asset_url(JobHandle job, UIntPtr index);

        [DllImport(Library)]
        internal static extern long aigc_job_asset_expires_at_ms(JobHandle job, UIntPtr index);

        [DllImport(Library)]
        internal static extern int aigc_job_download(JobHandle job, UIntPtr index, byte[] path, out IntPtr download,
            out IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_path(JobHandle job);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_content_type(JobHandle job);

        [DllImport(Library)]
        internal static extern int aigc_job_take_buffer(JobHandle job, out IntPtr buffer, out IntPtr error);

        [DllImport(Library)]
        internal static extern IntPtr aigc_job_ref(IntPtr job);

        [DllImport(Library)]
        internal static extern void aigc_job_free(IntPtr job);

        [DllImport(Library)]
        internal static extern int aigc_event_type(IntPtr happened);

        [DllImport(Library)]
        internal static extern IntPtr aigc_event_job(IntPtr happened);

        [DllImport(Library)]
        internal static extern ulong aigc_event_job_id(IntPtr happened);

        [DllImport(Library)]
        internal static extern int aigc_event_state(IntPtr happened);

        [DllImport(Library)]
        internal static extern int aigc_event_status(IntPtr happened);

        [DllImport(Library)]
        internal static extern IntPtr aigc_event_provider(IntPtr happened);

        [DllImport(Library)]
        internal static extern IntPtr aigc_event_message(IntPtr happened);

        [DllImport(Library)]
        internal static extern int aigc_event_level(IntPtr happened);

        [DllImport(Library)]
        internal static extern IntPtr aigc_event_fields(IntPtr happened);

        [DllImport(Library)]
        internal static extern void aigc_event_free(IntPtr happened);

        [DllImport(Library)]
        internal static extern IntPtr aigc_buffer_data(IntPtr buffer);

        [DllImport(Library)]
        internal static extern UIntPtr aigc_buffer_size(IntPtr buffer);

        [DllImport(Library)]
        internal static extern IntPtr aigc_buffer_content_type(IntPtr buffer);

        [DllImport(Library)]
        internal static extern void aigc_buffer_free(IntPtr buffer);

        [DllImport(Library)]
        internal static extern int aigc_journal_list(byte[] path, byte[] filterJson, byte[] after, out IntPtr rows,
            out IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_journal_resolve(byte[] path, byte[] key, int outcome, byte[] remoteId, out
            IntPtr error);

        [DllImport(Library)]
        internal static extern int aigc_journal_prune(byte[] path, long olderThanMs, out UIntPtr removed, out IntPtr
            error);

        [DllImport(Library)]
        internal static extern int aigc_journal_check(byte[] path, out IntPtr report, out IntPtr error);
    }
}
