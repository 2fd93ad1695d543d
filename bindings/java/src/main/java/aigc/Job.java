package aigc;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A submitted, attached or downloading job. Closing it, or leaving it to the garbage collector, does not end it. */
public final class Job implements AutoCloseable {
    /** What is known of a submission, for people. */
    // generated: outcome (Tests/tools/generate.py)
    private static final String ACCEPTED = "accepted; fetch it with: aigc fetch ";
    private static final String ACCEPTED_ID = "accepted; the provider's id is ";
    private static final String ANSWERED = "the provider has answered this call, which may be paid; request id ";
    private static final String NOTHING_PAID = "provably not submitted, or refused: nothing is paid";
    private static final String IN_DOUBT = "it may run and be paid: nobody knows whether it was submitted. Look at the "
            + "provider's console before you repeat it";
    private static final String NO_KEY = "no journal has a key of it";
    private static final String SHOW_KEY = "aigc jobs show --journal FOLDER -- ";
    private static final String ON_THE_WIRE = "no provider has accepted it yet, but its submission may be on the wire: "
            + "close the client";
    // end of generated

    /** Interruption of a thread is noticed between two slices of a wait. */
    private static final long SLICE_MS = 100;

    private final Handle.OfJob handle;
    private final Cleaner.Cleanable cleanable;
    /** Kept: if the client were collected while a job is in use, it would be closed, and the job with it. */
    private final Client client;

    Job(long pointer, Client client) {
        this.client = client;
        handle = new Handle.OfJob(pointer);
        cleanable = handle.guard(this);
    }

    /** {@return a number that is unique among the jobs of the process} */
    public long id() {
        long job = handle.enter();
        try {
            return Native.aigc_job_id(job);
        } finally {
            handle.exit();
        }
    }

    /** {@return the provider's id, or null until it is known} */
    public String remoteId() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_remote_id(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return what attaches this job in any process and any language; null until the provider has accepted it} */
    public String token() {
        String token;
        long job = handle.enter();
        try {
            token = Native.text(Native.aigc_job_token(job));
            if (token != null) {
                client.told(Native.aigc_job_id(job));
            }
        } finally {
            handle.exit();
        }
        return token;
    }

    /** {@return the key in the journal, yours or one that was made up; null without a journal} */
    public String key() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_key(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return the name of the provider} */
    public String provider() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_provider(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return the name of the operation} */
    public String operation() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_operation(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return one of Constants.STATE_*} */
    public int state() {
        long job = handle.enter();
        try {
            int state = Native.aigc_job_state(job);
            if (state >= Constants.STATE_SUCCEEDED) {
                client.told(Native.aigc_job_id(job));
            }
            return state;
        } finally {
            handle.exit();
        }
    }

    /** The same as {@link #ended}, but the client does not take note. */
    boolean over() {
        long job = handle.enter();
        try {
            return Native.aigc_job_state(job) >= Constants.STATE_SUCCEEDED;
        } finally {
            handle.exit();
        }
    }

    /** {@return the state's name in the header, such as "AIGC_STATE_RUNNING"} */
    public String stateName() {
        return Native.text(Native.aigc_state_name(state()));
    }

    /** {@return whether the job has ended} */
    public boolean ended() {
        return state() >= Constants.STATE_SUCCEEDED;
    }

    /** {@return one of Constants.OUTCOME_*: what is known about the submission} */
    public int outcome() {
        long job = handle.enter();
        try {
            return Native.aigc_job_outcome(job);
        } finally {
            handle.exit();
        }
    }

    /**
     * The same for people, for a program that leaves. Close the client first: its grace may bring the answer.
     *
     * @return the command that fetches the job, or that nothing is paid, or that the job may be paid and where to look
     */
    public String outcomeText() {
        String token = token();
        if (token != null) {
            return ACCEPTED + token;
        }
        String id = remoteId();
        if (id != null) {
            return ACCEPTED_ID + id;
        }
        int outcome = outcome();
        String request = requestId() == null ? "unknown" : requestId();
        if (outcome == Constants.OUTCOME_ACCEPTED) {
            return ANSWERED + request;
        }
        if (outcome <= Constants.OUTCOME_NOT_SENT) {
            return NOTHING_PAID;
        }
        return IN_DOUBT + " (request id " + request + "; " + (key() == null ? NO_KEY : SHOW_KEY + key()) + ")";
    }

    /** {@return from 0.0 to 1.0, or -1.0 if unknown} */
    public double progress() {
        long job = handle.enter();
        try {
            return Native.aigc_job_progress(job);
        } finally {
            handle.exit();
        }
    }

    /** {@return how many bytes of a download have been received} */
    public long receivedBytes() {
        long[] received = new long[1];
        long job = handle.enter();
        try {
            Native.aigc_job_bytes(job, received, null);
        } finally {
            handle.exit();
        }
        return received[0];
    }

    /** {@return the provider's own word for the state, or null} */
    public String providerState() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_provider_state(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return the provider's last answer about this job as it came, JSON as a rule; null until one came} */
    public String providerResponse() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_provider_response(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return the provider's request id of the last answer, or null} */
    public String requestId() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_request_id(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return the id of what a job has made where that is no image, or null} */
    public String resultId() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_result_id(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return the file of a download that has succeeded, or null} */
    public String path() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_path(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return "image/png" and so on, of a download that has succeeded, or null} */
    public String contentType() {
        long job = handle.enter();
        try {
            return Native.text(Native.aigc_job_content_type(job));
        } finally {
            handle.exit();
        }
    }

    /** {@return the images of a job that has succeeded} */
    public List<Asset> assets() {
        List<Asset> assets = new ArrayList<>();
        long job = handle.enter();
        try {
            long count = Native.aigc_job_asset_count(job);
            for (int i = 0; i < count; i++) {
                assets.add(new Asset(i, Native.text(Native.aigc_job_asset_id(job, i)),
                        Native.text(Native.aigc_job_asset_url(job, i)), Native.aigc_job_asset_expires_at_ms(job, i)));
            }
        } finally {
            handle.exit();
        }
        return assets;
    }

    /**
     * Waits until the job has ended.
     *
     * @return this, if it succeeded
     * @throws InterruptedException if the thread is interrupted; the job keeps running
     * @throws AigcException how the job ended, if that was no success
     */
    public Job await() throws InterruptedException {
        return await(null);
    }

    /**
     * Waits until the job has ended.
     *
     * @param timeout at most so long; null waits without limit
     * @return this, if it succeeded
     * @throws InterruptedException if the thread is interrupted; the job keeps running
     * @throws AigcException how the job ended, if that was no success, or Constants.E_TIMEOUT
     */
    public Job await(Duration timeout) throws InterruptedException {
        long start = System.nanoTime();
        long limit = timeout == null ? Long.MAX_VALUE : Text.milliseconds(timeout);
        for (;;) {
            if (Thread.interrupted()) {
                String known = token();
                throw new InterruptedException("the wait was interrupted, and not the job; "
                        + (known == null ? ON_THE_WIRE : "its token: " + known));
            }
            long left = limit == Long.MAX_VALUE ? SLICE_MS : limit - (System.nanoTime() - start) / 1_000_000;
            int status;
            long job = handle.enter();
            try {
                status = Native.aigc_job_wait(job, Math.max(0, Math.min(left, SLICE_MS)), null);
            } finally {
                handle.exit();
            }
            if (status == Constants.OK) {
                client.told(id());
                return this;
            }
            if (status != Constants.E_TIMEOUT) {
                client.untilKnown(this);
                AigcException error = error();
                throw error != null ? error : AigcException.taken(status, 0).withToken(token());
            }
            if (left <= 0) {
                String message = "the job has not ended after " + limit + " ms; it keeps running";
                throw AigcException.of(status, message).withOutcome(outcome()).withToken(token());
            }
        }
    }

    /**
     * Completes when the job has ended: with the job, or exceptionally with the {@link AigcException} how it ended. It is
     * completed on the client's executor. Cancelling the future does not end the job: {@link #cancel} does.
     *
     * @return a new future
     */
    public CompletableFuture<Job> future() {
        return client.future(this);
    }

    /** Whether the job was ended here before the answer to its submission came, and the answer can still come. */
    boolean undecided() {
        long job = handle.enter();
        try {
            int state = Native.aigc_job_state(job);
            return state >= Constants.STATE_SUCCEEDED && state != Constants.STATE_UNKNOWN
                    && Native.aigc_job_outcome(job) == Constants.OUTCOME_UNKNOWN;
        } finally {
            handle.exit();
        }
    }

    /** {@return how the job ended; null for success and for a job that has not ended} */
    public AigcException error() {
        long[] error = new long[1];
        int status;
        long job = handle.enter();
        try {
            status = Native.aigc_job_error(job, error);
        } finally {
            handle.exit();
        }
        if (status == Constants.OK) {
            state(); // takes note of the end, if it is one
            return null;
        }
        return AigcException.taken(status, error[0]).withToken(token());
    }

    /**
     * Makes exactly one status call and waits for its answer.
     *
     * @param timeout at most so long
     * @return this
     */
    public Job refresh(Duration timeout) {
        long[] error = new long[1];
        long job = handle.enter();
        try {
            AigcException.check(Native.aigc_job_refresh(job, Text.milliseconds(timeout), error), error);
        } finally {
            handle.exit();
        }
        return this;
    }

    /** Lets the first byte leave of a job that was submitted with {@link Request#hold}. */
    public void release() {
        long[] error = new long[1];
        long job = handle.enter();
        try {
            AigcException.check(Native.aigc_job_release(job, error), error);
        } finally {
            handle.exit();
        }
    }

    /**
     * Turns following on or off.
     *
     * @param follow whether the library polls the job until it ends
     */
    public void follow(boolean follow) {
        long[] error = new long[1];
        long job = handle.enter();
        try {
            AigcException.check(Native.aigc_job_set_follow(job, follow ? 1 : 0, error), error);
        } finally {
            handle.exit();
        }
    }

    /**
     * Sets the deadline of the job.
     *
     * @param deadline from now on; null: none
     */
    public void deadline(Duration deadline) {
        long[] error = new long[1];
        long ms = deadline == null ? Constants.FOREVER : Text.span(deadline, "deadline");
        long job = handle.enter();
        try {
            AigcException.check(Native.aigc_job_set_deadline_ms(job, ms, error), error);
        } finally {
            handle.exit();
        }
    }

    /**
     * Passes the trace of your own tracing on (W3C Trace Context).
     *
     * @param traceparent null ends it
     * @param tracestate may be null
     */
    public void trace(String traceparent, String tracestate) {
        byte[] parent = Text.optional(traceparent, "traceparent");
        byte[] state = Text.optional(tracestate, "tracestate");
        long[] error = new long[1];
        long job = handle.enter();
        try {
            AigcException.check(Native.aigc_job_set_trace(job, parent, state, error), error);
        } finally {
            handle.exit();
        }
    }

    /** Ends the job here, at once. An accepted job keeps running at the provider, and its token stays valid. */
    public void cancel() {
        long job = handle.enter();
        try {
            Native.aigc_job_cancel(job);
        } finally {
            handle.exit();
        }
    }

    /**
     * Starts the download of an image: itself a job.
     *
     * @param index which image, from 0
     * @param path the file to write, where ".*" becomes the format's extension; null for memory
     * @return the download
     */
    public Job download(int index, String path) {
        byte[] file = Text.optional(path, "path");
        long[] out = new long[1];
        long[] error = new long[1];
        long job = handle.enter();
        try {
            AigcException.check(Native.aigc_job_download(job, index, file, out, error), error);
        } catch (AigcException exception) {
            throw exception.withToken(token());
        } finally {
            handle.exit();
        }
        return new Job(out[0], client);
    }

    /** {@return the bytes of a download to memory that has succeeded, once} */
    public byte[] takeBytes() {
        long[] out = new long[1];
        long[] error = new long[1];
        long job = handle.enter();
        try {
            AigcException.check(Native.aigc_job_take_buffer(job, out, error), error);
        } finally {
            handle.exit();
        }
        return Client.bytes(out[0]);
    }

    /** Releases the job's handle; the job itself keeps running. */
    @Override
    public void close() {
        cleanable.clean();
    }

    @Override
    public String toString() {
        return handle.isClosed() ? "Job closed" : "Job " + id() + " " + stateName() + " " + remoteId();
    }
}
