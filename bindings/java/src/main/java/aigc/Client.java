package aigc;

import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** One engine: connections, rates, credentials, jobs. One a process is enough for thousands of jobs. Any thread. */
public final class Client implements AutoCloseable {
    private final Handle.OfClient handle;
    private final Cleaner.Cleanable cleanable;
    private final Pump pump;
    /** By id: jobs whose token nobody has read, and whose end nobody has seen. */
    private final Map<Long, Job> untold = new HashMap<>();
    private int lookAt = 1000;
    /** Set while close() waits for the answers to submissions on the wire; counted down when they are known. */
    private volatile CountDownLatch answering;

    /** A client with all defaults: credentials from the environment. */
    public Client() {
        this(null, null);
    }

    /**
     * A client.
     *
     * @param config configuration keys, as aigc_config_describe() lists them; null for all defaults
     */
    public Client(Map<String, ?> config) {
        this(config, null);
    }

    /**
     * A client whose events and futures come on a thread of yours.
     *
     * @param config configuration keys; null for all defaults
     * @param executor where listeners are called and futures are completed, one after another; null: the thread of the
     *     binding that takes the events, which must then not be kept waiting
     */
    public Client(Map<String, ?> config, Executor executor) {
        Native.check();
        long[] settings = new long[1];
        long[] out = new long[1];
        long[] error = new long[1];
        AigcException.check(Native.aigc_config_new(settings, error), error);
        try {
            if (config != null) {
                for (Map.Entry<String, ?> pair : config.entrySet()) {
                    String value = pair.getValue() == null ? null : pair.getValue().toString();
                    byte[] key = Text.needed(pair.getKey(), "configuration key");
                    byte[] text = Text.optional(value, pair.getKey());
                    AigcException.check(Native.aigc_config_set(settings[0], key, text, error), error);
                }
            }
            AigcException.check(Native.aigc_client_new(settings[0], out, error), error);
        } finally {
            Native.aigc_config_free(settings[0]);
        }
        handle = new Handle.OfClient(out[0]);
        pump = new Pump(handle, executor);
        cleanable = pump.guard(this);
    }

    /**
     * Submits a request: one job, one bill. Never waits for the network; with a journal it waits for the disk.
     *
     * @param request what to generate
     * @return the job
     */
    public Job submit(Request request) {
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            long wanted = request.handle.enter();
            try {
                AigcException.check(Native.aigc_client_submit(client, wanted, out, error), error);
            } finally {
                request.handle.exit();
            }
        } finally {
            handle.exit();
        }
        return remembered(out[0]);
    }

    /**
     * Fetches one image that is known by id or URL, free of charge.
     *
     * @param request one of the operations that fetch
     * @param path the file to write, or null for memory
     * @return the download
     */
    public Job fetch(Request request, String path) {
        byte[] file = Text.optional(path, "path");
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            long wanted = request.handle.enter();
            try {
                AigcException.check(Native.aigc_client_fetch(client, wanted, file, out, error), error);
            } finally {
                request.handle.exit();
            }
        } finally {
            handle.exit();
        }
        return new Job(out[0], this);
    }

    /**
     * Attaches a job from its token, made in any process and any language, and follows it.
     *
     * @param token the token
     * @return the job
     */
    public Job attach(String token) {
        return attach(token, true);
    }

    /**
     * Attaches a job from its token, made in any process and any language.
     *
     * @param token the token
     * @param follow whether the library polls it until it ends
     * @return the job
     */
    public Job attach(String token, boolean follow) {
        byte[] text = Text.needed(token, "token");
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_attach(client, text, follow ? 1 : 0, out, error), error);
        } finally {
            handle.exit();
        }
        return new Job(out[0], this);
    }

    /**
     * Attaches a job from the provider's own id.
     *
     * @param provider the provider
     * @param operation an operation that is submitted
     * @param remoteId the provider's id
     * @param follow whether the library polls it until it ends
     * @return the job
     */
    public Job attachId(String provider, String operation, String remoteId, boolean follow) {
        byte[] from = Text.needed(provider, "provider");
        byte[] what = Text.needed(operation, "operation");
        byte[] id = Text.needed(remoteId, "remote id");
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_attach_id(client, from, what, id, follow ? 1 : 0, out, error), error);
        } finally {
            handle.exit();
        }
        return new Job(out[0], this);
    }

    /**
     * The job of a key that the client's journal knows.
     *
     * @param key the key
     * @param follow whether the library polls it until it ends
     * @return the job
     */
    public Job attachKey(String key, boolean follow) {
        byte[] text = Text.needed(key, "key");
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_attach_key(client, text, follow ? 1 : 0, out, error), error);
        } finally {
            handle.exit();
        }
        return new Job(out[0], this);
    }

    /**
     * Takes over every job of the client's journal whose client is gone. They come as events.
     *
     * @param follow whether the library polls them until they end
     * @return how many
     */
    public long resume(boolean follow) {
        long[] count = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_resume(client, follow ? 1 : 0, count, error), error);
        } finally {
            handle.exit();
        }
        return count[0];
    }

    /**
     * Calls any operation of the product by the provider's own name.
     *
     * @param provider the provider
     * @param action the provider's name of the call
     * @param json its parameters as a JSON object, or null
     * @param reads true for a call that only reads: it is repeated until it is answered
     * @return the call as a job; {@link Job#providerResponse} is its answer
     */
    public Job call(String provider, String action, String json, boolean reads) {
        byte[] from = Text.needed(provider, "provider");
        byte[] what = Text.needed(action, "action");
        byte[] text = Text.optional(json, "json");
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_call(client, from, what, text, reads ? 1 : 0, out, error), error);
        } finally {
            handle.exit();
        }
        return remembered(out[0]);
    }

    /**
     * Gives a provider's credentials from now on.
     *
     * @param provider the provider
     * @param id AccessKey id or SecretId
     * @param secret AccessKey secret or SecretKey
     * @param token the STS security token, or null
     * @param expiresAtMs when they end, in Unix milliseconds; 0: never
     */
    public void credentials(String provider, String id, String secret, String token, long expiresAtMs) {
        byte[] from = Text.needed(provider, "provider");
        byte[] name = Text.needed(id, "credentials");
        byte[] key = Text.needed(secret, "credentials");
        byte[] more = Text.optional(token, "credentials");
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_set_credentials(client, from, name, key, more, expiresAtMs, error), error);
        } finally {
            handle.exit();
        }
    }

    /**
     * Calls the listener for every event from now on, on the client's executor, one after another.
     *
     * @param listener what it throws goes to the thread's uncaught exception handler
     */
    public void onEvent(Consumer<Event> listener) {
        pump.listen(this, listener);
    }

    /**
     * Takes the next event, for a host with a loop of its own: not together with {@link #onEvent} and {@link Job#future}, whose
     * thread takes the events too.
     *
     * @param timeout waits at most so long
     * @return the event; null if none came in time
     */
    public Event nextEvent(Duration timeout) {
        long[] out = new long[1];
        long[] error = new long[1];
        long ms = Text.milliseconds(timeout);
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_next_event(client, ms, out, error), error);
        } finally {
            handle.exit();
        }
        if (out[0] == 0) {
            return null;
        }
        Event event = new Event(out[0], this);
        if (event.type() == Constants.EVENT_JOB_DONE) {
            told(event.jobId());
        }
        return event;
    }

    /** {@return what this client has counted since it was made, as JSON} */
    public String stats() {
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_stats(client, out, error), error);
        } finally {
            handle.exit();
        }
        return text(out[0]);
    }

    /** {@return what this client stands on, as JSON} */
    public String report() {
        long[] out = new long[1];
        long[] error = new long[1];
        long client = handle.enter();
        try {
            AigcException.check(Native.aigc_client_report(client, out, error), error);
        } finally {
            handle.exit();
        }
        return text(out[0]);
    }

    /** {@return the version of the loaded library, such as "1.2.0"} */
    public static String version() {
        Native.check();
        return Native.text(Native.aigc_version_string());
    }

    /** Ends all jobs here; they keep running at the provider. Submissions on the wire get five seconds for their answer. */
    @Override
    public void close() {
        close(Duration.ofSeconds(5));
    }

    /**
     * Ends all jobs here; they keep running at the provider. What waits for them is told, and then the client is freed. The
     * System.Logger "aigc" warns of each job that may be paid, and whose token nobody had read and whose end nobody had seen.
     *
     * @param grace how long submissions on the wire get for their answer
     */
    public void close(Duration grace) {
        if (handle.isClosed()) {
            return;
        }
        long client;
        try {
            client = handle.enter();
        } catch (AigcException.CallException closed) {
            return;
        }
        List<Job> left; // whoever waits now is told the end by an exception that nobody may look at
        synchronized (untold) {
            left = new ArrayList<>(untold.values());
            untold.clear();
        }
        CountDownLatch answers = new CountDownLatch(1);
        try {
            long ms = Text.milliseconds(grace);
            answering = answers;
            Native.aigc_client_close(client, ms);
        } finally {
            answers.countDown();
            handle.exit();
        }
        pump.drain();
        cleanable.clean();
        for (Job job : left) {
            if (job.outcome() > Constants.OUTCOME_NOT_SENT) {
                System.getLogger("aigc").log(System.Logger.Level.WARNING,
                        "the client was closed, and nobody had read the token of a job: " + job.outcomeText());
            }
            job.close();
        }
    }

    /** Whether {@link #close()} has ended a job, and its grace may still bring the id. Who waits is told when that is known. */
    boolean mayBecomeKnown(Job job) {
        CountDownLatch answers = answering;
        return answers != null && answers.getCount() > 0 && job.undecided();
    }

    /** Waits until that is known. */
    void untilKnown(Job job) throws InterruptedException {
        if (mayBecomeKnown(job)) {
            answering.await();
        }
    }

    /** Somebody has the token of a job, or has seen the end. */
    void told(long id) {
        Job kept;
        synchronized (untold) {
            kept = untold.remove(id);
        }
        if (kept != null) {
            kept.close();
        }
    }

    /** A job with a handle of its own kept beside it, until somebody has been told of it. */
    private Job remembered(long pointer) {
        Job job = new Job(pointer, this);
        Job kept = new Job(Native.aigc_job_ref(pointer), this);
        synchronized (untold) {
            untold.put(kept.id(), kept);
            if (untold.size() >= lookAt) {
                untold.values().removeIf(Job::over);
                lookAt = Math.max(2 * untold.size(), 1000);
            }
        }
        return job;
    }

    CompletableFuture<Job> future(Job job) {
        return pump.future(this, job);
    }

    /** The bytes of a buffer, which is freed. */
    static byte[] bytes(long buffer) {
        try {
            return Native.bytes(Native.aigc_buffer_data(buffer), Native.aigc_buffer_size(buffer));
        } finally {
            Native.aigc_buffer_free(buffer);
        }
    }

    static String text(long buffer) {
        return new String(bytes(buffer), StandardCharsets.UTF_8);
    }
}
