package aigc;

/** An image of a job that has succeeded. */
public final class Asset {
    private final int index;
    private final String id;
    private final String url;
    private final long expiresAtMs;

    Asset(int index, String id, String url, long expiresAtMs) {
        this.index = index;
        this.id = id;
        this.url = url;
        this.expiresAtMs = expiresAtMs;
    }

    /** {@return its place in the job, from 0} */
    public int index() {
        return index;
    }

    /** {@return the provider's id of the image (Alibaba), or its URL (Tencent)} */
    public String id() {
        return id;
    }

    /** {@return the URL where the provider gives URLs, else null; treat it as a secret} */
    public String url() {
        return url;
    }

    /** {@return when the URL ends, in Unix milliseconds; 0 if unknown} */
    public long expiresAtMs() {
        return expiresAtMs;
    }
}
