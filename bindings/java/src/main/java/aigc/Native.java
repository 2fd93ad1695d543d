package aigc;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * The C interface, as the header declares it. Tests/tools/generate.py writes this file from include/aigc.h. It is the only
 * one that knows JNA: handles and strings are addresses, text goes in as bytes with a NUL behind them, and what comes out
 * goes into arrays of one element. A file of the same methods on the foreign function API of newer JDKs can replace it.
 */
final class Native {
    private static final String TROUBLE = load();

    private Native() {}

    private static String load() {
        String name = System.getenv("AIGC_LIBRARY");
        try {
            com.sun.jna.Native.register(Native.class, NativeLibrary.getInstance(
                    name == null || name.isEmpty() ? "libaigc.so.1" : name));
        } catch (UnsatisfiedLinkError error) {
            String said = String.valueOf(error.getMessage()).split("\n", 2)[0];
            return said.contains("aigc_")
                    ? said + ": this binding needs libaigc " + Constants.VERSION_MAJOR + "." + Constants.VERSION_MINOR
                    : "libaigc.so.1 cannot be loaded (" + said
                            + "): install libaigc, or set AIGC_LIBRARY to its path";
        }
        int number = aigc_version_number();
        if (number / 1000000 != Constants.VERSION_MAJOR || number / 1000 % 1000 < Constants.VERSION_MINOR) {
            return "libaigc is " + text(aigc_version_string()) + ", and " + Constants.VERSION_MAJOR + "."
                    + Constants.VERSION_MINOR + " or a newer " + Constants.VERSION_MAJOR + ".x is needed";
        }
        return null;
    }

    /** Throws if the library cannot be used. */
    static void check() {
        if (TROUBLE != null) {
            throw new IllegalStateException(TROUBLE);
        }
    }

    /** The text at an address, copied; null for 0. */
    static String text(long address) {
        return address == 0 ? null : new Pointer(address).getString(0, "UTF-8");
    }

    /** The bytes at an address, copied. */
    static byte[] bytes(long address, long size) {
        return size == 0 ? new byte[0] : new Pointer(address).getByteArray(0, Math.toIntExact(size));
    }

    static native int aigc_version_number();

    static native long aigc_version_string();

    static native long aigc_build_info();

    static native long aigc_status_name(int status);

    static native long aigc_status_text(int status);

    static native int aigc_status_at(long index, int[] status);

    static native int aigc_error_status(long error);

    static native long aigc_error_message(long error);

    static native long aigc_error_provider_code(long error);

    static native long aigc_error_provider_message(long error);

    static native long aigc_error_request_id(long error);

    static native int aigc_error_http_status(long error);

    static native int aigc_error_retryable(long error);

    static native long aigc_error_retry_after_ms(long error);

    static native int aigc_error_outcome(long error);

    static native long aigc_error_field(long error);

    static native void aigc_error_free(long error);

    static native int aigc_config_new(long[] config, long[] error);

    static native int aigc_config_set(long config, byte[] key, byte[] value, long[] error);

    static native long aigc_config_get(long config, byte[] key);

    static native int aigc_config_describe(long index, long[] key, long[] type, long[] defaultValue, long[] text);

    static native int aigc_config_report(long config, long[] report, long[] error);

    static native void aigc_config_free(long config);

    static native int aigc_operation_at(long index, long[] provider, long[] operation, long[] kind, long[]
            wireName);

    static native int aigc_request_describe(byte[] provider, byte[] operation, long index, long[] name, long[] type,
            int[] required, long[] wireName, long[] text);

    static native int aigc_request_new(byte[] provider, byte[] operation, long[] request, long[] error);

    static native int aigc_request_set_string(long request, byte[] name, byte[] value, long[] error);

    static native int aigc_request_set_int(long request, byte[] name, long value, long[] error);

    static native int aigc_request_set_double(long request, byte[] name, double value, long[] error);

    static native int aigc_request_set_bool(long request, byte[] name, int value, long[] error);

    static native int aigc_request_set_json(long request, byte[] name, byte[] json, long[] error);

    static native int aigc_request_add_image_url(long request, byte[] url, byte[] referenceType, long[] error);

    static native int aigc_request_set_option(long request, byte[] name, byte[] value, long[] error);

    static native void aigc_request_free(long request);

    static native int aigc_client_new(long config, long[] client, long[] error);

    static native void aigc_client_close(long client, long graceMs);

    static native void aigc_client_free(long client);

    static native int aigc_client_set_credentials(long client, byte[] provider, byte[] id, byte[] secret, byte[]
            token, long expiresAtMs, long[] error);

    static native int aigc_client_report(long client, long[] report, long[] error);

    static native int aigc_client_stats(long client, long[] stats, long[] error);

    static native int aigc_client_submit(long client, long request, long[] job, long[] error);

    static native int aigc_client_attach(long client, byte[] token, int follow, long[] job, long[] error);

    static native int aigc_client_attach_id(long client, byte[] provider, byte[] operation, byte[] remoteId, int
            follow, long[] job, long[] error);

    static native int aigc_client_attach_key(long client, byte[] key, int follow, long[] job, long[] error);

    static native int aigc_client_resume(long client, int follow, long[] count, long[] error);

    static native int aigc_client_fetch(long client, long request, byte[] path, long[] download, long[] error);

    static native int aigc_client_call(long client, byte[] provider, byte[] action, byte[] json, int reads, long[]
            job, long[] error);

    static native int aigc_client_event_fd(long client);

    static native int aigc_client_next_event(long client, long timeoutMs, long[] event, long[] error);

    static native void aigc_client_wake(long client);

    static native long aigc_state_name(int state);

    static native long aigc_job_id(long job);

    static native long aigc_job_remote_id(long job);

    static native long aigc_job_token(long job);

    static native long aigc_job_key(long job);

    static native int aigc_job_state(long job);

    static native int aigc_job_outcome(long job);

    static native double aigc_job_progress(long job);

    static native void aigc_job_bytes(long job, long[] received, long[] total);

    static native long aigc_job_provider(long job);

    static native long aigc_job_operation(long job);

    static native long aigc_job_provider_state(long job);

    static native long aigc_job_provider_response(long job);

    static native long aigc_job_request_id(long job);

    static native int aigc_job_wait(long job, long timeoutMs, long[] error);

    static native int aigc_job_refresh(long job, long timeoutMs, long[] error);

    static native int aigc_job_set_follow(long job, int follow, long[] error);

    static native int aigc_job_set_deadline_ms(long job, long deadlineMs, long[] error);

    static native int aigc_job_set_trace(long job, byte[] traceparent, byte[] tracestate, long[] error);

    static native int aigc_job_release(long job, long[] error);

    static native void aigc_job_cancel(long job);

    static native int aigc_job_error(long job, long[] error);

    static native long aigc_job_result_id(long job);

    static native long aigc_job_asset_count(long job);

    static native long aigc_job_asset_id(long job, long index);

    static native long aigc_job_asset_url(long job, long index);

    static native long aigc_job_asset_expires_at_ms(long job, long index);

    static native int aigc_job_download(long job, long index, byte[] path, long[] download, long[] error);

    static native long aigc_job_path(long job);

    static native long aigc_job_content_type(long job);

    static native int aigc_job_take_buffer(long job, long[] buffer, long[] error);

    static native long aigc_job_ref(long job);

    static native void aigc_job_free(long job);

    static native int aigc_event_type(long event);

    static native long aigc_event_job(long event);

    static native long aigc_event_job_id(long event);

    static native int aigc_event_state(long event);

    static native int aigc_event_status(long event);

    static native long aigc_event_provider(long event);

    static native long aigc_event_message(long event);

    static native int aigc_event_level(long event);

    static native long aigc_event_fields(long event);

    static native void aigc_event_free(long event);

    static native long aigc_buffer_data(long buffer);

    static native long aigc_buffer_size(long buffer);

    static native long aigc_buffer_content_type(long buffer);

    static native void aigc_buffer_free(long buffer);

    static native int aigc_journal_list(byte[] path, byte[] filterJson, byte[] after, long[] rows, long[] error);

    static native int aigc_journal_resolve(byte[] path, byte[] key, int outcome, byte[] remoteId, long[] error);

    static native int aigc_journal_prune(byte[] path, long olderThanMs, long[] removed, long[] error);

    static native int aigc_journal_check(byte[] path, long[] report, long[] error);
}
