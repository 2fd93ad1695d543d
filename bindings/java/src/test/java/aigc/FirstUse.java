package aigc;

/** Prints how many milliseconds the first use takes: loading, a client, a request, and its submission. */
public final class FirstUse {
    private FirstUse() {}

    /**
     * Measures.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        long start = System.nanoTime();
        Client client = new Client(java.util.Map.of("tencent.endpoint", "http://127.0.0.1:1",
                "tencent.secret_id", "x", "tencent.secret_key", "x"));
        Request request = new Tencent.AigcImage().prompt("a cat");
        Job job = client.submit(request);
        long id = job.id();
        long took = (System.nanoTime() - start + 999_999) / 1_000_000;
        System.out.println(id > 0 ? took : -1);
        Runtime.getRuntime().halt(0);
    }
}
