package aigc;

import java.lang.ref.Cleaner;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;

/**
 * What to generate. The classes in {@link Alibaba} and {@link Tencent} know the fields of their operation; this one takes any
 * name. A request can be submitted any number of times: each time is a new job and a new bill. One thread at a time uses it.
 */
public class Request implements AutoCloseable {
    final Handle.OfRequest handle;
    private final Cleaner.Cleanable cleanable;

    /**
     * An empty request.
     *
     * @param provider {@link Constants#ALIBABA} or {@link Constants#TENCENT}
     * @param operation such as {@link Constants#TENCENT_IMAGE}
     */
    public Request(String provider, String operation) {
        Native.check();
        long[] out = new long[1];
        long[] error = new long[1];
        AigcException.check(Native.aigc_request_new(
                Text.needed(provider, "provider"), Text.needed(operation, "operation"), out, error), error);
        handle = new Handle.OfRequest(out[0]);
        cleanable = handle.guard(this);
    }

    /**
     * Sets a field by its neutral name.
     *
     * @param name the name
     * @param value the value
     * @return this
     */
    public Request set(String name, String value) {
        byte[] field = Text.needed(name, "field");
        byte[] text = Text.needed(value, name);
        long[] error = new long[1];
        long request = handle.enter();
        try {
            AigcException.check(Native.aigc_request_set_string(request, field, text, error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /**
     * Sets a field by its neutral name.
     *
     * @param name the name
     * @param value the value
     * @return this
     */
    public Request set(String name, long value) {
        byte[] field = Text.needed(name, "field");
        long[] error = new long[1];
        long request = handle.enter();
        try {
            AigcException.check(Native.aigc_request_set_int(request, field, value, error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /**
     * Sets a field by its neutral name.
     *
     * @param name the name
     * @param value the value
     * @return this
     */
    public Request set(String name, double value) {
        byte[] field = Text.needed(name, "field");
        long[] error = new long[1];
        long request = handle.enter();
        try {
            AigcException.check(Native.aigc_request_set_double(request, field, value, error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /**
     * Sets a field by its neutral name, to the shortest decimal that gives the same float: 0.8f is sent as 0.8.
     *
     * @param name the name
     * @param value the value
     * @return this
     */
    public Request set(String name, float value) {
        return set(name, shortest(value));
    }

    /** Without the digits that a cast to double would add. */
    static double shortest(float value) {
        if (Float.isNaN(value) || Float.isInfinite(value)) {
            return value;
        }
        BigDecimal whole = new BigDecimal(value);
        for (int digits = 1; digits <= 9; digits++) {
            double found = whole.round(new MathContext(digits)).doubleValue();
            if ((float) found == value) {
                return found;
            }
        }
        return value;
    }

    /**
     * Sets a field by its neutral name.
     *
     * @param name the name
     * @param value the value
     * @return this
     */
    public Request set(String name, boolean value) {
        byte[] field = Text.needed(name, "field");
        long[] error = new long[1];
        long request = handle.enter();
        try {
            AigcException.check(Native.aigc_request_set_bool(request, field, value ? 1 : 0, error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /**
     * Sets a field from JSON text: by its neutral name, or by the provider's own behind "body.", for what a cloud adds later.
     *
     * @param name the name
     * @param json the value
     * @return this
     */
    public Request json(String name, String json) {
        byte[] field = Text.needed(name, "field");
        byte[] text = Text.needed(json, name);
        long[] error = new long[1];
        long request = handle.enter();
        try {
            AigcException.check(Native.aigc_request_set_json(request, field, text, error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /**
     * Adds a reference image.
     *
     * @param url publicly reachable for the provider
     * @return this
     */
    public Request imageUrl(String url) {
        return imageUrl(url, null);
    }

    /**
     * Adds a reference image.
     *
     * @param url publicly reachable for the provider
     * @param referenceType Tencent's ReferenceType; null elsewhere
     * @return this
     */
    public Request imageUrl(String url, String referenceType) {
        byte[] address = Text.needed(url, "image url");
        byte[] type = Text.optional(referenceType, "reference type");
        long[] error = new long[1];
        long request = handle.enter();
        try {
            AigcException.check(Native.aigc_request_add_image_url(request, address, type, error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /**
     * Sets how the library treats the job: an option of aigc_request_set_option().
     *
     * @param name the name
     * @param value the value
     * @return this
     */
    public Request option(String name, String value) {
        byte[] option = Text.needed(name, "option");
        byte[] text = Text.needed(value, name);
        long[] error = new long[1];
        long request = handle.enter();
        try {
            AigcException.check(Native.aigc_request_set_option(request, option, text, error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /**
     * Names the job in the journal: the same key never pays twice. Needs a client with a journal.path.
     *
     * @param key 1 to 255 bytes, one for each picture that you want
     * @return this
     */
    public Request key(String key) {
        return option("key", key);
    }

    /**
     * Whether the job waits before its first byte, until {@link Job#release()}.
     *
     * @param hold true to wait
     * @return this
     */
    public Request hold(boolean hold) {
        return option("hold", hold ? "true" : "false");
    }

    /**
     * Whether the library polls the job until it ends.
     *
     * @param follow true to poll
     * @return this
     */
    public Request follow(boolean follow) {
        return option("follow", follow ? "true" : "false");
    }

    /**
     * When the library gives the job up.
     *
     * @param deadline from the submission on
     * @return this
     */
    public Request deadline(Duration deadline) {
        return option("deadline_ms", Long.toString(Text.span(deadline, "deadline")));
    }

    /** Frees the request. Jobs made from it are not touched. */
    @Override
    public void close() {
        cleanable.clean();
    }
}
