package aigc;

import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * The events of a client: a daemon thread takes them, from the first future or listener on, and the host's executor gets
 * them one after another. It does not know the client while nobody waits, so that the collector can find the client.
 */
final class Pump implements Runnable {
    private final Handle.OfClient handle;
    private final Executor executor;
    private final Map<Long, List<Waiter>> waiters = new HashMap<>();
    private final List<Consumer<Event>> listeners = new ArrayList<>();
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private boolean running;
    private WeakReference<Client> owner;
    /** Only set while somebody listens: a listener wants events, also when nobody holds the client. */
    private Client kept;
    private Thread thread;

    Pump(Handle.OfClient handle, Executor executor) {
        this.handle = handle;
        this.executor = executor;
    }

    private static final class Waiter {
        final Job job;
        final CompletableFuture<Job> future;

        Waiter(Job job, CompletableFuture<Job> future) {
            this.job = job;
            this.future = future;
        }
    }

    Cleaner.Cleanable guard(Client client) {
        return handle.guard(client, this);
    }

    /** The client's end: the thread is woken, so that it leaves the library, and whoever is last frees. */
    @Override
    public void run() {
        try {
            long client = handle.enter();
            try {
                handle.run(); // first: the thread must find it closed when it comes back
                Native.aigc_client_wake(client);
            } finally {
                handle.exit();
            }
        } catch (AigcException.CallException closed) {
            return;
        }
    }

    synchronized void listen(Client client, Consumer<Event> listener) {
        listeners.add(listener);
        kept = client;
        start(client);
    }

    CompletableFuture<Job> future(Client client, Job job) {
        CompletableFuture<Job> future = new CompletableFuture<>();
        synchronized (this) {
            if (!handle.isClosed()) {
                waiters.computeIfAbsent(job.id(), id -> new ArrayList<>()).add(new Waiter(job, future));
                start(client);
            }
        }
        if (handle.isClosed() || (job.ended() && !client.mayBecomeKnown(job))) {
            settle(job.id());
            finish(new Waiter(job, future));
        }
        return future;
    }

    private void start(Client client) {
        if (thread != null) {
            return;
        }
        owner = new WeakReference<>(client);
        thread = new Thread(this::take, "aigc-events");
        thread.setDaemon(true);
        thread.start();
    }

    /** The thread. */
    private void take() {
        long[] out = new long[1];
        for (;;) {
            int status;
            try {
                long client = handle.enter();
                try {
                    status = Native.aigc_client_next_event(client, Constants.FOREVER, out, null);
                } finally {
                    handle.exit();
                }
            } catch (AigcException.CallException closed) {
                break;
            }
            if (status != Constants.OK) {
                break;
            }
            if (out[0] != 0) {
                tell(out[0]);
            }
        }
        List<Long> left;
        synchronized (this) {
            left = new ArrayList<>(waiters.keySet());
        }
        for (Long id : left) {
            settle(id);
        }
    }

    private void tell(long pointer) {
        Event event = new Event(pointer, owner.get());
        List<Consumer<Event>> told;
        synchronized (this) {
            told = new ArrayList<>(listeners);
        }
        if (!told.isEmpty() && event.type() == Constants.EVENT_JOB_DONE && owner.get() != null) {
            owner.get().told(event.jobId());
        }
        for (Consumer<Event> listener : told) {
            run(() -> listener.accept(event));
        }
        boolean waits = owner.get() != null && event.job() != null && owner.get().mayBecomeKnown(event.job());
        if (event.type() == Constants.EVENT_JOB_DONE && !waits) { // otherwise the end of the thread tells it
            settle(event.jobId());
        }
        if (told.isEmpty() && event.job() != null) {
            event.job().close();
        }
    }

    /** Completes the futures of a job. */
    private void settle(long id) {
        List<Waiter> found;
        synchronized (this) {
            found = waiters.remove(id);
        }
        if (found != null) {
            for (Waiter waiter : found) {
                finish(waiter);
            }
        }
    }

    private void finish(Waiter waiter) {
        run(() -> {
            AigcException error = null;
            try {
                error = waiter.job.error();
            } catch (AigcException.CallException closed) {
                error = closed;
            }
            if (error == null) {
                waiter.future.complete(waiter.job);
            } else {
                waiter.future.completeExceptionally(error);
            }
        });
    }

    /** Runs tasks on the host's executor, one after another and in order. */
    private void run(Runnable task) {
        if (executor == null) {
            guarded(task);
            return;
        }
        synchronized (tasks) {
            tasks.add(task);
            if (running) {
                return;
            }
            running = true;
        }
        try {
            executor.execute(this::work);
        } catch (RejectedExecutionException full) {
            work(); // what has ended must be told
        }
    }

    private void work() {
        for (;;) {
            Runnable task;
            synchronized (tasks) {
                task = tasks.poll();
                if (task == null) {
                    running = false;
                    return;
                }
            }
            guarded(task);
        }
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable thrown) {
            Thread current = Thread.currentThread();
            current.getUncaughtExceptionHandler().uncaughtException(current, thrown);
        }
    }

    /** After the client's close: waits until the thread has told of every end. */
    void drain() {
        Thread taking;
        synchronized (this) {
            taking = thread;
            kept = null;
        }
        if (taking == null || taking == Thread.currentThread()) {
            return;
        }
        boolean interrupted = false;
        while (taking.isAlive()) {
            try {
                taking.join();
            } catch (InterruptedException error) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
