package aigc;

/** Something that happened. */
public final class Event {
    private final int type;
    private final Job job;
    private final long jobId;
    private final int state;
    private final int status;
    private final String provider;
    private final String message;
    private final int level;
    private final String fields;

    /** The event is freed. */
    Event(long event, Client client) {
        try {
            type = Native.aigc_event_type(event);
            long about = Native.aigc_event_job(event);
            job = about == 0 ? null : new Job(Native.aigc_job_ref(about), client);
            jobId = Native.aigc_event_job_id(event);
            state = Native.aigc_event_state(event);
            status = Native.aigc_event_status(event);
            provider = Native.text(Native.aigc_event_provider(event));
            message = Native.text(Native.aigc_event_message(event));
            level = Native.aigc_event_level(event);
            fields = Native.text(Native.aigc_event_fields(event));
        } finally {
            Native.aigc_event_free(event);
        }
    }

    /** {@return one of Constants.EVENT_*; ignore what you do not know} */
    public int type() {
        return type;
    }

    /** {@return the job that it is about, or null} */
    public Job job() {
        return job;
    }

    /** {@return the number of that job, 0 if none} */
    public long jobId() {
        return jobId;
    }

    /** {@return the state that it tells of} */
    public int state() {
        return state;
    }

    /** {@return how the job or the call ended, Constants.OK if it did well} */
    public int status() {
        return status;
    }

    /** {@return the provider that it is about, or null} */
    public String provider() {
        return provider;
    }

    /** {@return one line for people, without a secret, or null} */
    public String message() {
        return message;
    }

    /** {@return one of Constants.LOG_*, of a log record} */
    public int level() {
        return level;
    }

    /** {@return what belongs to a log record, as a JSON object, or null} */
    public String fields() {
        return fields;
    }
}
