package aigc;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Values as the library takes them. */
final class Text {
    private Text() {}

    /** UTF-8 with a NUL behind it; null stays null. */
    static byte[] optional(String value, String what) {
        if (value == null) {
            return null;
        }
        if (value.indexOf(0) >= 0) {
            throw AigcException.here(Constants.E_INVALID_ARGUMENT, what + " has a NUL in it", what);
        }
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(value));
            byte[] text = new byte[bytes.remaining() + 1];
            bytes.get(text, 0, bytes.remaining());
            return text;
        } catch (CharacterCodingException error) {
            String message = what + " has half a surrogate pair in it, which is no UTF-8";
            throw AigcException.here(Constants.E_INVALID_ARGUMENT, message, what);
        }
    }

    static byte[] needed(String value, String what) {
        if (value == null) {
            throw AigcException.here(Constants.E_INVALID_ARGUMENT, what + " is missing", what);
        }
        return optional(value, what);
    }

    /** Milliseconds, rounded up; what does not fit is for ever, and what is below 0 is over. */
    static long milliseconds(Duration duration) {
        if (duration.isNegative()) {
            return 0;
        }
        try {
            return duration.plusNanos(999_999).toMillis();
        } catch (ArithmeticException error) {
            return Long.MAX_VALUE;
        }
    }

    /** The same of a time that nothing below 0 is meant by: a fraction below 0 must not become 0. */
    static long span(Duration duration, String what) {
        if (duration.isNegative()) {
            String message = what + " is " + duration + ": give a duration from 0 on";
            throw AigcException.here(Constants.E_INVALID_ARGUMENT, message, what);
        }
        return milliseconds(duration);
    }
}
