package aigc;

/** What went wrong. The nested classes stand for the groups of the statuses; all are unchecked. */
public class AigcException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** One of Constants.E_*. */
    private int status = Constants.E_INTERNAL;
    /** The provider's own code. */
    private String providerCode;
    /** The provider's own message. */
    private String providerMessage;
    /** The provider's request id. */
    private String requestId;
    /** The HTTP status. */
    private int httpStatus;
    /** Whether the same call may succeed later. */
    private boolean retryable;
    /** How long the provider asked to wait. */
    private long retryAfterMs;
    /** One of Constants.OUTCOME_*. */
    private int outcome;
    /** What it is about. */
    private String field;
    /** The token of the job. */
    private String token;

    AigcException(String message) {
        super(message);
    }

    /** {@return one of Constants.E_*} */
    public int status() {
        return status;
    }

    /** {@return the status's name in the header, such as "AIGC_E_TIMEOUT"} */
    public String statusName() {
        return Constants.statusName(status);
    }

    /** {@return the provider's own code, or null if none came} */
    public String providerCode() {
        return providerCode;
    }

    /** {@return the provider's own message, or null if none came} */
    public String providerMessage() {
        return providerMessage;
    }

    /** {@return the provider's request id, or null if none came} */
    public String requestId() {
        return requestId;
    }

    /** {@return the HTTP status, 0 if none came} */
    public int httpStatus() {
        return httpStatus;
    }

    /** {@return whether the same call may succeed later without any change, and cannot cost twice} */
    public boolean retryable() {
        return retryable;
    }

    /** {@return how long the provider asked to wait, in milliseconds; 0 if it did not} */
    public long retryAfterMs() {
        return retryAfterMs;
    }

    /** {@return one of Constants.OUTCOME_*: what provably happened to a submission} */
    public int outcome() {
        return outcome;
    }

    /** {@return the field, option or configuration key that it is about, or null} */
    public String field() {
        return field;
    }

    /** {@return the token of the job, which {@link Client#attach(String)} takes, or null if it is not known} */
    public String token() {
        return token;
    }

    AigcException withToken(String known) {
        if (token == null) {
            token = known;
        }
        return this;
    }

    AigcException withOutcome(int known) {
        outcome = known;
        return this;
    }

    /** Throws the exception of an error object, which is freed; returns if the status is success. */
    static void check(int status, long[] error) {
        if (status != Constants.OK) {
            throw taken(status, error[0]);
        }
    }

    static AigcException taken(int status, long error) {
        if (error == 0) {
            return of(status, Native.text(Native.aigc_status_text(status)));
        }
        AigcException exception = of(status, Native.text(Native.aigc_error_message(error)));
        exception.providerCode = Native.text(Native.aigc_error_provider_code(error));
        exception.providerMessage = Native.text(Native.aigc_error_provider_message(error));
        exception.requestId = Native.text(Native.aigc_error_request_id(error));
        exception.httpStatus = Native.aigc_error_http_status(error);
        exception.retryable = Native.aigc_error_retryable(error) == 1;
        exception.retryAfterMs = Native.aigc_error_retry_after_ms(error);
        exception.outcome = Native.aigc_error_outcome(error);
        exception.field = Native.text(Native.aigc_error_field(error));
        Native.aigc_error_free(error);
        return exception;
    }

    /** An error that was found here, before the library was asked. */
    static AigcException here(int status, String message, String field) {
        AigcException exception = of(status, message);
        exception.field = field;
        exception.outcome = Constants.OUTCOME_NOT_SENT;
        return exception;
    }

    /** A status that is not known becomes the class of its hundred. */
    static AigcException of(int status, String message) {
        AigcException exception;
        switch (status / 100) {
            case 1: exception = new CallException(message); break;
            case 2: exception = new StoppedException(message); break;
            case 3: exception = new NetworkException(message); break;
            case 4: exception = new AccountException(message); break;
            case 5: exception = new ProviderException(message); break;
            case 6: exception = new OutcomeUnknownException(message); break;
            case 7: exception = new AssetException(message); break;
            case 8: exception = new MachineException(message); break;
            default: exception = new InternalException(message); break;
        }
        exception.status = status;
        return exception;
    }

    /** 1xx: the call was wrong. Fix the program. */
    public static final class CallException extends AigcException {
        private static final long serialVersionUID = 1;

        CallException(String message) {
            super(message);
        }
    }

    /** 2xx: time ran out, or you ended it. An accepted job is not lost: its token attaches it again. */
    public static final class StoppedException extends AigcException {
        private static final long serialVersionUID = 1;

        StoppedException(String message) {
            super(message);
        }
    }

    /** 3xx: between here and the provider. */
    public static final class NetworkException extends AigcException {
        private static final long serialVersionUID = 1;

        NetworkException(String message) {
            super(message);
        }
    }

    /** 4xx: credentials, rights, bill or rate. */
    public static final class AccountException extends AigcException {
        private static final long serialVersionUID = 1;

        AccountException(String message) {
            super(message);
        }
    }

    /** 5xx: the provider's answer about this job. */
    public static final class ProviderException extends AigcException {
        private static final long serialVersionUID = 1;

        ProviderException(String message) {
            super(message);
        }
    }

    /** 6xx: the job may run and be billed. Nothing sends it again: look at the provider's console first. */
    public static final class OutcomeUnknownException extends AigcException {
        private static final long serialVersionUID = 1;

        OutcomeUnknownException(String message) {
            super(message);
        }
    }

    /** 7xx: the image. */
    public static final class AssetException extends AigcException {
        private static final long serialVersionUID = 1;

        AssetException(String message) {
            super(message);
        }
    }

    /** 8xx: this machine. */
    public static final class MachineException extends AigcException {
        private static final long serialVersionUID = 1;

        MachineException(String message) {
            super(message);
        }
    }

    /** 9xx: a fault in the library. Please report it. */
    public static final class InternalException extends AigcException {
        private static final long serialVersionUID = 1;

        InternalException(String message) {
            super(message);
        }
    }
}
