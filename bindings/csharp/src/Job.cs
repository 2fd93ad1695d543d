using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace Aigc
{
    /// <summary>An image of a job that has succeeded.</summary>
    public sealed class Asset
    {
        internal Asset(int index, string id, string url, long expiresAtMs)
        {
            Index = index;
            Id = id;
            Url = url;
            ExpiresAtMs = expiresAtMs;
        }

        /// <summary>Its place in the job, from 0.</summary>
        public int Index { get; }

        /// <summary>The provider's id of the image (Alibaba), or its URL (Tencent).</summary>
        public string Id { get; }

        /// <summary>The URL where the provider gives URLs; treat it as a secret.</summary>
        public string Url { get; }

        /// <summary>When the URL ends, in Unix milliseconds; 0 if unknown.</summary>
        public long ExpiresAtMs { get; }
    }

    /// <summary>
    /// A submitted, attached or downloading job. Any thread. Disposing of it, or leaving it to the garbage collector, does not
    /// end it.
    /// </summary>
    public sealed class Job : IDisposable
    {
        private const long Slice = 100;

        // What is known of a submission, for people.
        // generated: outcome (Tests/tools/generate.py)
        private const string AcceptedText = "accepted; fetch it with: aigc fetch ";
        private const string AcceptedIdText = "accepted; the provider's id is ";
        private const string AnsweredText = "the provider has answered this call, which may be paid; request id ";
        private const string NothingPaidText = "provably not submitted, or refused: nothing is paid";
        private const string InDoubtText = "it may run and be paid: nobody knows whether it was submitted. Look at the " +
            "provider's console before you repeat it";
        private const string NoKeyText = "no journal has a key of it";
        private const string ShowKeyText = "aigc jobs show --journal FOLDER -- ";
        private const string OnTheWireText = "no provider has accepted it yet, but its submission may be on the wire: " +
            "close the client";
        // end of generated

        private readonly JobHandle handle;

        // Kept: if the client were collected while a job is in use, it would be closed, and the job with it.
        private readonly Client client;

        // mono looks for the library when it compiles a method that calls into it, and would inline the small ones of this class
        // into a method that it compiles before the library is loaded. It does not before a static constructor has run.
        static Job()
        {
        }

        internal Job(IntPtr pointer, Client client)
        {
            handle = new JobHandle(pointer);
            this.client = client;
        }

        /// <summary>A number that is unique among the jobs of the process.</summary>
        public ulong Id
        {
            get { return Native.aigc_job_id(Open); }
        }

        /// <summary>The provider's id; null until it is known.</summary>
        public string RemoteId
        {
            get { return Text(Native.aigc_job_remote_id); }
        }

        /// <summary>Attaches this job in any process and any language; null until the provider has accepted the job.</summary>
        public string Token
        {
            get
            {
                var token = Text(Native.aigc_job_token);
                if (token != null) client.Told(Id);
                return token;
            }
        }

        /// <summary>The key in the journal, yours or one that was made up; null without a journal.</summary>
        public string Key
        {
            get { return Text(Native.aigc_job_key); }
        }

        /// <summary>The name of the provider.</summary>
        public string Provider
        {
            get { return Text(Native.aigc_job_provider); }
        }

        /// <summary>The name of the operation.</summary>
        public string Operation
        {
            get { return Text(Native.aigc_job_operation); }
        }

        /// <summary>The state.</summary>
        public JobState State
        {
            get
            {
                var state = (JobState)Native.aigc_job_state(Open);
                if (state >= JobState.Succeeded) client.Told(Id);
                return state;
            }
        }

        // The same as Ended, but the client does not take note.
        internal bool Over
        {
            get { return (JobState)Native.aigc_job_state(Open) >= JobState.Succeeded; }
        }

        // Whether the job was ended here before the answer to its submission came, and the answer can still come.
        internal bool Undecided
        {
            get { return Over && (JobState)Native.aigc_job_state(Open) != JobState.Unknown && Outcome == Outcome.Unknown; }
        }

        /// <summary>Whether the job has ended.</summary>
        public bool Ended
        {
            get { return State >= JobState.Succeeded; }
        }

        /// <summary>What is known about the submission.</summary>
        public Outcome Outcome
        {
            get { return (Outcome)Native.aigc_job_outcome(Open); }
        }

        /// <summary>The same for people, for a program that leaves: the command that fetches the job, or that nothing is paid, or
        /// that the job may be paid and where to look. Close the client first: its grace may bring the answer.</summary>
        public string OutcomeText
        {
            get
            {
                string token = Token, id = RemoteId, request = RequestId ?? "unknown";
                if (token != null) return AcceptedText + token;
                if (id != null) return AcceptedIdText + id;
                var outcome = Outcome;
                if (outcome == Outcome.Accepted) return AnsweredText + request;
                if (outcome <= Outcome.NotSent) return NothingPaidText;
                return InDoubtText + " (request id " + request + "; " + (Key == null ? NoKeyText : ShowKeyText + Key) + ")";
            }
        }

        /// <summary>From 0.0 to 1.0; null if unknown.</summary>
        public double? Progress
        {
            get
            {
                var value = Native.aigc_job_progress(Open);
                return value < 0 ? (double?)null : value;
            }
        }

        /// <summary>How many bytes of a download have been received.</summary>
        public long ReceivedBytes
        {
            get
            {
                long received, total;
                Native.aigc_job_bytes(Open, out received, out total);
                return received;
            }
        }

        /// <summary>The provider's own word for the state; null if none.</summary>
        public string ProviderState
        {
            get { return Text(Native.aigc_job_provider_state); }
        }

        /// <summary>The provider's last answer about this job as it came, JSON as a rule; null until one came.</summary>
        public string ProviderResponse
        {
            get { return Text(Native.aigc_job_provider_response); }
        }

        /// <summary>The provider's request id of the last answer; null until one came.</summary>
        public string RequestId
        {
            get { return Text(Native.aigc_job_request_id); }
        }

        /// <summary>The id of what a job has made where that is no image; null if none.</summary>
        public string ResultId
        {
            get { return Text(Native.aigc_job_result_id); }
        }

        /// <summary>The file of a download that has succeeded; null before.</summary>
        public string Path
        {
            get { return Text(Native.aigc_job_path); }
        }

        /// <summary>"image/png" and so on, of a download that has succeeded; null before.</summary>
        public string ContentType
        {
            get { return Text(Native.aigc_job_content_type); }
        }

        /// <summary>The images of a job that has succeeded.</summary>
        public IReadOnlyList<Asset> Assets
        {
            get
            {
                var found = new List<Asset>();
                var count = Native.aigc_job_asset_count(Open).ToUInt64();
                for (ulong i = 0; i < count; i++)
                {
                    var at = new UIntPtr(i);
                    found.Add(new Asset((int)i, Text(job => Native.aigc_job_asset_id(job, at)),
                        Text(job => Native.aigc_job_asset_url(job, at)), Native.aigc_job_asset_expires_at_ms(Open, at)));
                }
                return found;
            }
        }

        /// <summary>How the job ended; null for success and for a job that has not ended.</summary>
        public AigcException Error
        {
            get
            {
                IntPtr error;
                var status = Native.aigc_job_error(Open, out error);
                if (status != (int)Status.Ok) return AigcException.Taken(status, error).With(Token);
                if (Over) client.Told(Id);
                return null;
            }
        }

        private JobHandle Open
        {
            get
            {
                if (handle.IsClosed) throw AigcException.Here(Status.Closed, "the job has been disposed of", null);
                return handle;
            }
        }

        // Another thread that disposes of the job, or the garbage collector, frees the handle when the text has been copied.
        private string Text(Func<JobHandle, IntPtr> ask)
        {
            var job = Open;
            var counted = false;
            try
            {
                job.DangerousAddRef(ref counted);
                return Native.Text(ask(job));
            }
            finally
            {
                if (counted) job.DangerousRelease();
            }
        }

        /// <summary>Waits on this thread until the job has ended; throws how it ended if that was no success.</summary>
        /// <param name="timeout">At most so long; null waits without limit.</param>
        /// <param name="cancel">Ends the wait with an OperationCanceledException; the job keeps running.</param>
        /// <returns>This.</returns>
        public Job Wait(TimeSpan? timeout = null, CancellationToken cancel = default(CancellationToken))
        {
            var watch = Stopwatch.StartNew();
            for (;;)
            {
                if (cancel.IsCancellationRequested)
                {
                    var token = Token;
                    throw new OperationCanceledException("the wait was cancelled, and not the job; " +
                        (token == null ? OnTheWireText : "its token: " + token), cancel);
                }
                var left = timeout == null ? Slice : Native.Wait(timeout.Value) - watch.ElapsedMilliseconds;
                IntPtr error;
                var status = Native.aigc_job_wait(Open, Math.Max(0, Math.Min(left, Slice)), out error);
                if (status == (int)Status.Ok)
                {
                    client.Told(Id);
                    return this;
                }
                if (status != (int)Status.Timeout)
                {
                    var ended = AigcException.Taken(status, error);
                    client.UntilKnown(this);
                    throw Error ?? ended.With(Token);
                }
                Native.aigc_error_free(error);
                if (left > 0) continue;
                var message = "the job has not ended after " + timeout + "; it keeps running";
                throw AigcException.Of(Status.Timeout, message).With(Outcome).With(Token);
            }
        }

        /// <summary>A task that ends with the job: with the job, or faulted with the AigcException how it ended.</summary>
        /// <param name="cancel">Cancels the task; the job keeps running: Cancel ends it.</param>
        /// <returns>The task.</returns>
        public Task<Job> WaitAsync(CancellationToken cancel = default(CancellationToken))
        {
            return client.WaitAsync(this, cancel);
        }

        /// <summary>Makes exactly one status call and waits for its answer.</summary>
        /// <param name="timeout">At most so long.</param>
        /// <returns>This.</returns>
        public Job Refresh(TimeSpan timeout)
        {
            IntPtr error;
            AigcException.Check(Native.aigc_job_refresh(Open, Native.Wait(timeout), out error), error);
            return this;
        }

        /// <summary>Lets the first byte leave of a job that was submitted with Hold.</summary>
        public void Release()
        {
            IntPtr error;
            AigcException.Check(Native.aigc_job_release(Open, out error), error);
        }

        /// <summary>Ends the job here, at once. An accepted job keeps running at the provider, and its token stays valid.</summary>
        public void Cancel()
        {
            Native.aigc_job_cancel(Open);
        }

        /// <summary>Turns following on or off.</summary>
        /// <param name="follow">Whether the library polls the job until it ends.</param>
        public void SetFollow(bool follow)
        {
            IntPtr error;
            AigcException.Check(Native.aigc_job_set_follow(Open, follow ? 1 : 0, out error), error);
        }

        /// <summary>Sets the deadline of the job.</summary>
        /// <param name="deadline">From now on; null: none.</param>
        public void SetDeadline(TimeSpan? deadline)
        {
            IntPtr error;
            var limit = Native.Milliseconds(deadline, "deadline");
            AigcException.Check(Native.aigc_job_set_deadline_ms(Open, limit, out error), error);
        }

        /// <summary>Passes the trace of your own tracing on (W3C Trace Context).</summary>
        /// <param name="traceparent">Null ends it.</param>
        /// <param name="tracestate">May be null.</param>
        public void SetTrace(string traceparent, string tracestate)
        {
            IntPtr error;
            var texts = new[] { Native.Bytes(traceparent, "traceparent"), Native.Bytes(tracestate, "tracestate") };
            AigcException.Check(Native.aigc_job_set_trace(Open, texts[0], texts[1], out error), error);
        }

        /// <summary>Starts the download of an image: itself a job.</summary>
        /// <param name="index">Which image, from 0.</param>
        /// <param name="path">The file to write, where ".*" becomes the format's extension; null for memory.</param>
        /// <returns>The download.</returns>
        public Job Download(int index = 0, string path = null)
        {
            IntPtr download, error;
            if (index < 0) throw AigcException.Here(Status.InvalidArgument, "the index is negative", "index");
            var file = Native.Bytes(path, "path");
            var status = Native.aigc_job_download(Open, new UIntPtr((uint)index), file, out download, out error);
            if (status != (int)Status.Ok) throw AigcException.Taken(status, error).With(Token);
            return new Job(download, client);
        }

        /// <summary>The bytes of a download to memory that has succeeded, once.</summary>
        /// <returns>The bytes.</returns>
        public byte[] TakeBytes()
        {
            IntPtr buffer, error;
            AigcException.Check(Native.aigc_job_take_buffer(Open, out buffer, out error), error);
            return Native.Taken(buffer);
        }

        /// <summary>Releases the job's handle; the job itself keeps running.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }
    }

    /// <summary>Something that happened.</summary>
    public sealed class Event
    {
        /// <summary>The event is freed.</summary>
        internal Event(IntPtr pointer, Client client)
        {
            try
            {
                Type = (EventType)Native.aigc_event_type(pointer);
                var job = Native.aigc_event_job(pointer);
                Job = job == IntPtr.Zero ? null : new Job(Native.aigc_job_ref(job), client);
                JobId = Native.aigc_event_job_id(pointer);
                State = (JobState)Native.aigc_event_state(pointer);
                Status = (Status)Native.aigc_event_status(pointer);
                Provider = Native.Text(Native.aigc_event_provider(pointer));
                Message = Native.Text(Native.aigc_event_message(pointer));
                Level = (LogLevel)Native.aigc_event_level(pointer);
                Fields = Native.Text(Native.aigc_event_fields(pointer));
            }
            finally
            {
                Native.aigc_event_free(pointer);
            }
        }

        /// <summary>Its type; ignore what you do not know.</summary>
        public EventType Type { get; }

        /// <summary>The job that it is about; null if none.</summary>
        public Job Job { get; }

        /// <summary>The number of that job; 0 if none.</summary>
        public ulong JobId { get; }

        /// <summary>The state that it tells of.</summary>
        public JobState State { get; }

        /// <summary>How the job or the call ended.</summary>
        public Status Status { get; }

        /// <summary>The provider that it is about; null if none.</summary>
        public string Provider { get; }

        /// <summary>One line for people, without a secret; null if none.</summary>
        public string Message { get; }

        /// <summary>The level of a log record.</summary>
        public LogLevel Level { get; }

        /// <summary>What belongs to a log record, as a JSON object; null if none.</summary>
        public string Fields { get; }
    }
}
