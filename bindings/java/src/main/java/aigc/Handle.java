package aigc;

import java.lang.ref.Cleaner;

/** A handle of the library: freed once, and never while a thread is inside a call with it. */
abstract class Handle implements Runnable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final long pointer;
    private int users;
    private boolean closed;

    Handle(long pointer) {
        this.pointer = pointer;
    }

    /** Frees the handle when its owner is found unreachable. The handle must not know its owner. */
    Cleaner.Cleanable guard(Object owner) {
        return CLEANER.register(owner, this);
    }

    /** The same with more to do first. */
    Cleaner.Cleanable guard(Object owner, Runnable end) {
        return CLEANER.register(owner, end);
    }

    /** Calls the function of the header that frees. */
    abstract void free(long pointer);

    /** The pointer, for one call; {@link #exit} follows. */
    final synchronized long enter() {
        if (closed) {
            throw AigcException.here(Constants.E_CLOSED, "the object has been closed", null);
        }
        users++;
        return pointer;
    }

    final void exit() {
        synchronized (this) {
            users--;
            if (users > 0 || !closed) {
                return;
            }
        }
        free(pointer);
    }

    final synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public void run() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (users > 0) {
                return;
            }
        }
        free(pointer);
    }

    static final class OfJob extends Handle {
        OfJob(long pointer) {
            super(pointer);
        }

        @Override
        void free(long pointer) {
            Native.aigc_job_free(pointer);
        }
    }

    static final class OfRequest extends Handle {
        OfRequest(long pointer) {
            super(pointer);
        }

        @Override
        void free(long pointer) {
            Native.aigc_request_free(pointer);
        }
    }

    static final class OfClient extends Handle {
        OfClient(long pointer) {
            super(pointer);
        }

        @Override
        void free(long pointer) {
            Native.aigc_client_free(pointer);
        }
    }
}
