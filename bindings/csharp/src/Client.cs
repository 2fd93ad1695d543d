using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Aigc
{
    /// <summary>One engine: connections, rates, credentials, jobs. One a process is enough for thousands of jobs. Any thread.</summary>
    public sealed class Client : IDisposable
    {
        private readonly ClientHandle handle;
        private readonly Pump pump;

        // By id: jobs whose token nobody has read, and whose end nobody has seen.
        private readonly Dictionary<ulong, Job> untold = new Dictionary<ulong, Job>();
        private int lookAt = 1000;

        // Not set while Close waits for the answers to submissions on the wire.
        private readonly ManualResetEventSlim answered = new ManualResetEventSlim(true);

        // mono looks for the library when it compiles a method that calls into it, and would inline the small ones of this class
        // into a method that it compiles before the library is loaded. It does not before a static constructor has run.
        static Client()
        {
        }

        /// <summary>A client.</summary>
        /// <param name="config">Configuration keys, as aigc_config_describe() lists them; null for all defaults.</param>
        /// <param name="context">Where listeners are called; null: on the thread of the binding that takes the events, which
        /// must then not be kept waiting.</param>
        public Client(IEnumerable<KeyValuePair<string, string>> config = null, SynchronizationContext context = null)
        {
            Native.Check();
            handle = Made(config ?? new Dictionary<string, string>());
            pump = new Pump(handle, context);
        }

        // A method of its own: mono looks for the library when it compiles a method that calls into it.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static ClientHandle Made(IEnumerable<KeyValuePair<string, string>> config)
        {
            IntPtr settings, pointer, error;
            AigcException.Check(Native.aigc_config_new(out settings, out error), error);
            try
            {
                foreach (var pair in config)
                {
                    var key = Native.Needed(pair.Key, "configuration key");
                    var value = Native.Bytes(pair.Value, pair.Key);
                    AigcException.Check(Native.aigc_config_set(settings, key, value, out error), error);
                }
                AigcException.Check(Native.aigc_client_new(settings, out pointer, out error), error);
            }
            finally
            {
                Native.aigc_config_free(settings);
            }
            return new ClientHandle(pointer);
        }

        /// <summary>The garbage collector's: the handle is freed, and the thread that takes events ends.</summary>
        ~Client()
        {
            if (pump != null) pump.End();
        }

        /// <summary>The version of the loaded library, such as "1.2.0".</summary>
        public static string Version
        {
            get
            {
                Native.Check();
                return Native.Version();
            }
        }

        private ClientHandle Open
        {
            get
            {
                if (handle.IsClosed) throw AigcException.Here(Status.Closed, "the client has been disposed of", null);
                return handle;
            }
        }

        /// <summary>Submits a request: one job, one bill. Never waits for the network; with a journal it waits for the disk.</summary>
        /// <param name="request">What to generate.</param>
        /// <returns>The job.</returns>
        public Job Submit(Request request)
        {
            IntPtr job, error;
            var made = request.Made();
            try
            {
                AigcException.Check(Native.aigc_client_submit(Open, made, out job, out error), error);
            }
            finally
            {
                Native.aigc_request_free(made);
            }
            return Remembered(job);
        }

        /// <summary>Fetches one image that is known by id or URL, free of charge.</summary>
        /// <param name="request">One of the operations that fetch.</param>
        /// <param name="path">The file to write; null for memory.</param>
        /// <returns>The download.</returns>
        public Job Fetch(Request request, string path = null)
        {
            IntPtr job, error;
            var file = Native.Bytes(path, "path");
            var made = request.Made();
            try
            {
                AigcException.Check(Native.aigc_client_fetch(Open, made, file, out job, out error), error);
            }
            finally
            {
                Native.aigc_request_free(made);
            }
            return new Job(job, this);
        }

        /// <summary>Attaches a job from its token, made in any process and any language.</summary>
        /// <param name="token">The token.</param>
        /// <param name="follow">Whether the library polls it until it ends.</param>
        /// <returns>The job.</returns>
        public Job Attach(string token, bool follow = true)
        {
            IntPtr job, error;
            var text = Native.Needed(token, "token");
            AigcException.Check(Native.aigc_client_attach(Open, text, follow ? 1 : 0, out job, out error), error);
            return new Job(job, this);
        }

        /// <summary>Attaches a job from the provider's own id.</summary>
        /// <param name="provider">The provider.</param>
        /// <param name="operation">One an operation that is submitted.</param>
        /// <param name="remoteId">The provider's id.</param>
        /// <param name="follow">Whether the library polls it until it ends.</param>
        /// <returns>The job.</returns>
        public Job AttachId(string provider, string operation, string remoteId, bool follow = true)
        {
            IntPtr job, error;
            var from = Native.Needed(provider, "provider");
            var what = Native.Needed(operation, "operation");
            var id = Native.Needed(remoteId, "remote id");
            AigcException.Check(Native.aigc_client_attach_id(Open, from, what, id, follow ? 1 : 0, out job, out error), error);
            return new Job(job, this);
        }

        /// <summary>The job of a key that the client's journal knows.</summary>
        /// <param name="key">The key.</param>
        /// <param name="follow">Whether the library polls it until it ends.</param>
        /// <returns>The job.</returns>
        public Job AttachKey(string key, bool follow = true)
        {
            IntPtr job, error;
            var text = Native.Needed(key, "key");
            AigcException.Check(Native.aigc_client_attach_key(Open, text, follow ? 1 : 0, out job, out error), error);
            return new Job(job, this);
        }

        /// <summary>Takes over every job of the client's journal whose client is gone. They come as events.</summary>
        /// <param name="follow">Whether the library polls them until they end.</param>
        /// <returns>How many.</returns>
        public long Resume(bool follow = true)
        {
            UIntPtr count;
            IntPtr error;
            AigcException.Check(Native.aigc_client_resume(Open, follow ? 1 : 0, out count, out error), error);
            return (long)count.ToUInt64();
        }

        /// <summary>Calls any operation of the product by the provider's own name.</summary>
        /// <param name="provider">The provider.</param>
        /// <param name="action">The provider's name of the call.</param>
        /// <param name="json">Its parameters as a JSON object; null for none.</param>
        /// <param name="reads">True for a call that only reads: it is repeated until it is answered.</param>
        /// <returns>The call as a job; its ProviderResponse is the answer.</returns>
        public Job Call(string provider, string action, string json = null, bool reads = false)
        {
            IntPtr job, error;
            var from = Native.Needed(provider, "provider");
            var what = Native.Needed(action, "action");
            var text = Native.Bytes(json, "json");
            AigcException.Check(Native.aigc_client_call(Open, from, what, text, reads ? 1 : 0, out job, out error), error);
            return Remembered(job);
        }

        /// <summary>Gives a provider's credentials from now on.</summary>
        /// <param name="provider">The provider.</param>
        /// <param name="id">AccessKey id or SecretId.</param>
        /// <param name="secret">AccessKey secret or SecretKey.</param>
        /// <param name="token">The STS security token; null for none.</param>
        /// <param name="expiresAtMs">When they end, in Unix milliseconds; 0: never.</param>
        public void SetCredentials(string provider, string id, string secret, string token = null, long expiresAtMs = 0)
        {
            IntPtr error;
            var from = Native.Needed(provider, "provider");
            var name = Native.Needed(id, "credentials");
            var key = Native.Needed(secret, "credentials");
            var more = Native.Bytes(token, "credentials");
            AigcException.Check(
                Native.aigc_client_set_credentials(Open, from, name, key, more, expiresAtMs, out error), error);
        }

        /// <summary>Calls the listener for every event from now on, one after another.</summary>
        /// <param name="listener">What it throws is as if the thread had thrown it: it must not throw.</param>
        public void Listen(Action<Event> listener)
        {
            pump.Listen(this, Open, listener);
        }

        /// <summary>
        /// Takes the next event, for a host with a loop of its own: not together with Listen and WaitAsync, whose thread takes
        /// the events too.
        /// </summary>
        /// <param name="timeout">Waits at most so long.</param>
        /// <returns>The event; null if none came in time.</returns>
        public Event NextEvent(TimeSpan timeout)
        {
            IntPtr happened, error;
            var ms = Native.Wait(timeout);
            AigcException.Check(Native.aigc_client_next_event(Open, ms, out happened, out error), error);
            if (happened == IntPtr.Zero) return null;
            var found = new Event(happened, this);
            if (found.Type == EventType.JobDone) Told(found.JobId);
            return found;
        }

        /// <summary>What this client has counted since it was made, as JSON.</summary>
        /// <returns>JSON.</returns>
        public string Stats()
        {
            IntPtr buffer, error;
            AigcException.Check(Native.aigc_client_stats(Open, out buffer, out error), error);
            return Encoding.UTF8.GetString(Native.Taken(buffer));
        }

        /// <summary>What this client stands on, as JSON.</summary>
        /// <returns>JSON.</returns>
        public string Report()
        {
            IntPtr buffer, error;
            AigcException.Check(Native.aigc_client_report(Open, out buffer, out error), error);
            return Encoding.UTF8.GetString(Native.Taken(buffer));
        }

        /// <summary>Ends all jobs here; they keep running at the provider. What waits for them is told. Standard error tells of
        /// each job that may be paid, and whose token nobody had read and whose end nobody had seen.</summary>
        /// <param name="grace">How long submissions on the wire get for their answer.</param>
        public void Close(TimeSpan grace)
        {
            if (handle.IsClosed) return;
            var limit = Native.Milliseconds(grace, "grace");
            List<Job> left; // whoever waits now is told the end by an exception that nobody may look at
            lock (untold)
            {
                left = new List<Job>(untold.Values);
                untold.Clear();
            }
            answered.Reset();
            try
            {
                Native.aigc_client_close(handle, limit);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            finally
            {
                answered.Set();
            }
            pump.Drain();
            pump.End();
            GC.SuppressFinalize(this);
            foreach (var job in left)
            {
                if (job.Outcome > Outcome.NotSent)
                {
                    Console.Error.WriteLine(
                        "aigc: the client was closed, and nobody had read the token of a job: " + job.OutcomeText);
                }
                job.Dispose();
            }
        }

        /// <summary>Whether Close has ended a job, and its grace may still bring the id. Who waits is told when that is
        /// known.</summary>
        internal bool MayBecomeKnown(Job job)
        {
            return !answered.IsSet && job.Undecided;
        }

        /// <summary>Waits until that is known.</summary>
        internal void UntilKnown(Job job)
        {
            if (MayBecomeKnown(job)) answered.Wait();
        }

        /// <summary>Somebody has the token of a job, or has seen the end.</summary>
        internal void Told(ulong id)
        {
            Job kept;
            lock (untold)
            {
                if (!untold.TryGetValue(id, out kept)) return;
                untold.Remove(id);
            }
            kept.Dispose();
        }

        // A job with a handle of its own is kept until somebody has been told of it.
        private Job Remembered(IntPtr pointer)
        {
            var kept = new Job(Native.aigc_job_ref(pointer), this);
            var job = new Job(pointer, this);
            lock (untold)
            {
                untold[job.Id] = kept;
                if (untold.Count < lookAt) return job;
                foreach (var one in new List<KeyValuePair<ulong, Job>>(untold))
                {
                    if (one.Value.Over) untold.Remove(one.Key);
                }
                lookAt = Math.Max(2 * untold.Count, 1000);
            }
            return job;
        }

        /// <summary>Closes with five seconds of grace.</summary>
        public void Dispose()
        {
            Close(TimeSpan.FromSeconds(5));
        }

        internal Task<Job> WaitAsync(Job job, CancellationToken cancel)
        {
            return pump.WaitAsync(this, job, cancel);
        }
    }

    /// <summary>
    /// The events of a client: a background thread takes them, from the first task or listener on. It does not know the client
    /// while nobody waits, so that the collector can find the client.
    /// </summary>
    internal sealed class Pump
    {
        // mono waits at its end until its threads come back from the library: there they look up twice a second.
        private static readonly bool OnMono = Type.GetType("Mono.Runtime") != null;
        private static readonly long Slice = OnMono ? 500 : Names.Forever;

        private readonly object gate = new object();
        private readonly ClientHandle handle;
        private readonly SynchronizationContext context;
        private readonly Dictionary<ulong, List<Waiter>> waiters = new Dictionary<ulong, List<Waiter>>();
        private readonly List<Action<Event>> listeners = new List<Action<Event>>();
        private WeakReference owner;

        // Only set while somebody listens: a listener wants events, also when nobody holds the client.
        private Client kept;
        private Thread thread;
        private volatile bool exiting;

        internal Pump(ClientHandle handle, SynchronizationContext context)
        {
            this.handle = handle;
            this.context = context;
        }

        internal void Listen(Client client, ClientHandle open, Action<Event> listener)
        {
            lock (gate)
            {
                listeners.Add(listener);
                kept = client;
                Start(client);
            }
        }

        internal Task<Job> WaitAsync(Client client, Job job, CancellationToken cancel)
        {
            var waiter = new Waiter(job);
            var id = job.Id;
            lock (gate)
            {
                if (!handle.IsClosed)
                {
                    List<Waiter> list;
                    if (!waiters.TryGetValue(id, out list)) waiters[id] = list = new List<Waiter>();
                    list.Add(waiter);
                    Start(client);
                }
            }
            if (cancel.CanBeCanceled)
            {
                var registration = cancel.Register(() =>
                {
                    lock (gate)
                    {
                        List<Waiter> list;
                        if (waiters.TryGetValue(id, out list) && list.Remove(waiter) && list.Count == 0) waiters.Remove(id);
                    }
                    waiter.Source.TrySetCanceled(cancel);
                });
                waiter.Source.Task.ContinueWith(done => registration.Dispose(), TaskContinuationOptions.ExecuteSynchronously);
            }
            if (handle.IsClosed || (job.Ended && !client.MayBecomeKnown(job)))
            {
                Settle(id);
                waiter.Finish();
            }
            return waiter.Source.Task;
        }

        /// <summary>The handle is closed first: the thread must find it closed when it comes back from the library.</summary>
        internal void End()
        {
            var held = false;
            try
            {
                handle.DangerousAddRef(ref held);
                var pointer = handle.DangerousGetHandle();
                handle.Dispose();
                Native.Wake(pointer);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            finally
            {
                if (held) handle.DangerousRelease();
            }
        }

        /// <summary>After the client's close: waits until the thread has told of every end.</summary>
        internal void Drain()
        {
            Thread taking;
            lock (gate)
            {
                taking = thread;
                kept = null;
            }
            if (taking != null && taking != Thread.CurrentThread) taking.Join();
            if (exiting) TakeRest();
        }

        // At its end mono suspends one thread after another, and stops for ever if the thread waits just then for a lock.
        private void Exit(object sender, EventArgs nothing)
        {
            var held = false;
            exiting = true;
            try
            {
                handle.DangerousAddRef(ref held);
                Native.Wake(handle.DangerousGetHandle());
            }
            catch (ObjectDisposedException)
            {
                // The thread is about to end.
            }
            finally
            {
                if (held) handle.DangerousRelease();
            }
            if (thread != Thread.CurrentThread) thread.Join(TimeSpan.FromSeconds(5));
        }

        private void Start(Client client)
        {
            if (thread != null) return;
            owner = new WeakReference(client);
            thread = new Thread(Take) { IsBackground = true, Name = "aigc-events" };
            if (OnMono) AppDomain.CurrentDomain.ProcessExit += Exit;
            thread.Start();
        }

        private void Take()
        {
            while (!exiting)
                if (!Next())
                {
                    TakeRest();
                    break;
                }
            if (OnMono && !exiting) AppDomain.CurrentDomain.ProcessExit -= Exit;
            GC.KeepAlive(kept);
        }

        // False when no event can come any more.
        private bool Next()
        {
            IntPtr happened, error;
            int status;
            try
            {
                status = Native.aigc_client_next_event(handle, Slice, out happened, out error);
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
            if (status != (int)Status.Ok)
            {
                Native.aigc_error_free(error);
                return false;
            }
            if (happened != IntPtr.Zero) Tell(happened);
            return true;
        }

        // Of a client that is closed: its last events, and whoever waits still.
        private void TakeRest()
        {
            while (Next()) continue;
            List<ulong> left;
            lock (gate) left = new List<ulong>(waiters.Keys);
            foreach (var id in left) Settle(id);
        }

        // A method of its own: the frame of the thread that waits must hold no client.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Tell(IntPtr pointer)
        {
            Action<Event>[] told;
            var happened = new Event(pointer, (Client)owner.Target);
            lock (gate) told = listeners.ToArray();
            var client = (Client)owner.Target;
            if (told.Length > 0 && happened.Type == EventType.JobDone && client != null) client.Told(happened.JobId);
            foreach (var listener in told)
            {
                if (context == null) listener(happened);
                else context.Post(state => listener(happened), null);
            }
            var waits = client != null && happened.Job != null && client.MayBecomeKnown(happened.Job);
            if (happened.Type == EventType.JobDone && !waits) Settle(happened.JobId); // otherwise TakeRest tells it
            if (told.Length == 0 && happened.Job != null) happened.Job.Dispose();
        }

        private void Settle(ulong id)
        {
            List<Waiter> found;
            lock (gate)
            {
                if (!waiters.TryGetValue(id, out found)) return;
                waiters.Remove(id);
            }
            foreach (var waiter in found) waiter.Finish();
            found.Clear(); // a Dictionary of mono keeps what was removed, and with it the client
        }

        private sealed class Waiter
        {
            internal readonly TaskCompletionSource<Job> Source =
                new TaskCompletionSource<Job>(TaskCreationOptions.RunContinuationsAsynchronously);

            private readonly Job job;

            internal Waiter(Job job)
            {
                this.job = job;
            }

            internal void Finish()
            {
                AigcException error;
                try
                {
                    error = job.Error;
                }
                catch (AigcException closed)
                {
                    error = closed;
                }
                catch (ObjectDisposedException)
                {
                    error = AigcException.Here(Status.Closed, "the job has been disposed of", null);
                }
                if (error == null) Source.TrySetResult(job);
                else Source.TrySetException(error);
            }
        }
    }

    /// <summary>
    /// The journal without a client, for tools. A journal is a folder (configuration key journal.path) that any number of
    /// processes and languages use at once. Every method throws a MachineException if there is no journal.
    /// </summary>
    public static class Journal
    {
        /// <summary>A page of the keys of a journal, in ascending order: a JSON object each, see aigc_journal_list().</summary>
        /// <param name="folder">The journal.</param>
        /// <param name="filter">A JSON object with any of "states", "provider", "prefix" and "limit"; null for all.</param>
        /// <param name="after">The last key of the page before; null to begin.</param>
        /// <returns>The rows; none at the end.</returns>
        public static IReadOnlyList<string> List(string folder, string filter = null, string after = null)
        {
            Native.Check();
            return ListNow(folder, filter, after);
        }

        /// <summary>Writes what you have found out about a key that is in doubt.</summary>
        /// <param name="folder">The journal.</param>
        /// <param name="key">The key.</param>
        /// <param name="outcome">Accepted with the provider's id; NotSent: the key may be paid again; Unknown: it is
        /// abandoned.</param>
        /// <param name="remoteId">The provider's id; null for none.</param>
        public static void Resolve(string folder, string key, Outcome outcome, string remoteId = null)
        {
            Native.Check();
            ResolveNow(folder, key, outcome, remoteId);
        }

        /// <summary>Forgets ended keys. A key that is forgotten can be submitted, and paid, again.</summary>
        /// <param name="folder">The journal.</param>
        /// <param name="olderThan">How long they have not changed.</param>
        /// <returns>How many.</returns>
        public static long Prune(string folder, TimeSpan olderThan)
        {
            Native.Check();
            return PruneNow(folder, olderThan);
        }

        /// <summary>Reads the whole journal. Nothing is repaired or deleted.</summary>
        /// <param name="folder">The journal.</param>
        /// <returns>A JSON object: "ok", "problems", "counts" and more, see aigc_journal_check().</returns>
        public static string Check(string folder)
        {
            Native.Check();
            return CheckNow(folder);
        }

        // Methods of their own: mono looks for the library when it compiles a method that calls into it.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static IReadOnlyList<string> ListNow(string folder, string filter, string after)
        {
            IntPtr buffer, error;
            var path = Native.Needed(folder, "path");
            var chosen = Native.Bytes(filter, "filter");
            var last = Native.Bytes(after, "after");
            AigcException.Check(Native.aigc_journal_list(path, chosen, last, out buffer, out error), error);
            var text = Encoding.UTF8.GetString(Native.Taken(buffer));
            return text.Split(new[] { '\n' }, StringSplitOptions.RemoveEmptyEntries);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void ResolveNow(string folder, string key, Outcome outcome, string remoteId)
        {
            IntPtr error;
            var path = Native.Needed(folder, "path");
            var name = Native.Needed(key, "key");
            var id = Native.Bytes(remoteId, "remote id");
            AigcException.Check(Native.aigc_journal_resolve(path, name, (int)outcome, id, out error), error);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static long PruneNow(string folder, TimeSpan olderThan)
        {
            UIntPtr removed;
            IntPtr error;
            var path = Native.Needed(folder, "path");
            var age = Native.Milliseconds(olderThan, "olderThan");
            AigcException.Check(Native.aigc_journal_prune(path, age, out removed, out error), error);
            return (long)removed.ToUInt64();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static string CheckNow(string folder)
        {
            IntPtr buffer, error;
            AigcException.Check(Native.aigc_journal_check(Native.Needed(folder, "path"), out buffer, out error), error);
            return Encoding.UTF8.GetString(Native.Taken(buffer));
        }
    }
}
