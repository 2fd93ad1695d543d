using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Aigc;

// Against a sandbox: Tests/packaging/run.sh --only csharp sets AIGC_TEST_CONFIG, AIGC_TEST_CONTROL and AIGC_TEST_TOOL. With
// arguments it is another process of a test. Prints one line a fact and ends with 1 if one is wrong.
public static class Tests
{
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);
    private static Client client;
    private static string folder;
    private static bool failed;

    private static Dictionary<string, string> Config(params string[] more)
    {
        var config = new Dictionary<string, string>();
        var lines = Environment.GetEnvironmentVariable("AIGC_TEST_CONFIG").Split('\n');
        foreach (var line in lines.Where(line => line.Length > 0))
        {
            var pair = line.Split(new[] { '=' }, 2);
            config[pair[0]] = pair[1];
        }
        for (var i = 0; i < more.Length; i += 2) config[more[i]] = more[i + 1];
        return config;
    }

    private static Process Start(IEnumerable<string> command)
    {
        var words = command.ToList();
        var start = new ProcessStartInfo(words[0])
        {
            Arguments = string.Join(" ", words.Skip(1).Select(word => "\"" + word.Replace("\"", "\\\"") + "\"")),
            RedirectStandardOutput = true, UseShellExecute = false,
        };
        return Process.Start(start);
    }

    private static string Said(Process process)
    {
        var text = process.StandardOutput.ReadToEnd().Trim();
        True(process.WaitForExit(60000), "a process ends");
        Same(0, process.ExitCode, text);
        return text;
    }

    private static string Tool(params string[] words)
    {
        var tool = Environment.GetEnvironmentVariable("AIGC_TEST_TOOL").Split('\n').Where(word => word.Length > 0);
        return Said(Start(tool.Concat(words)));
    }

    private static Process Other(params string[] words)
    {
        return Start(new[] { "mono", System.Reflection.Assembly.GetExecutingAssembly().Location }.Concat(words));
    }

    private static void True(bool fact, string what)
    {
        if (!fact) throw new Exception(what);
    }

    private static void Same<T>(T wanted, T found, string what)
    {
        True(Equals(wanted, found), what + ": " + found + ", not " + wanted);
    }

    private static T Raised<T>(Action work)
        where T : Exception
    {
        try
        {
            work();
        }
        catch (T error)
        {
            return error;
        }
        throw new Exception("no " + typeof(T).Name + " came");
    }

    private static Job Accepted(Job job)
    {
        for (var i = 0; job.Token == null && !job.Ended && i < 6000; i++) Thread.Sleep(10);
        True(job.Token != null, "accepted");
        return job;
    }

    private static TencentAigcImage Cat(string prompt)
    {
        return new TencentAigcImage { Prompt = prompt };
    }

    private static void BothClouds()
    {
        var cat = client.Submit(new TencentAigcImage { Prompt = "红猫 in C#", Count = 2 });
        var other = client.Submit(new AlibabaPreModelInference
        {
            Prompt = "a <special-token> in C#", ImageUrls = { "https://example.com/a.png" },
        });
        foreach (var job in new[] { cat, other })
        {
            job.Wait(Minute);
            Same(JobState.Succeeded, job.State, "state");
            Same(Outcome.Accepted, job.Outcome, "outcome");
            foreach (var asset in job.Assets)
            {
                var file = job.Download(asset.Index, folder + "/" + job.Id + "-" + asset.Index + ".*").Wait(Minute);
                Tool("same", job.Provider, job.RemoteId, asset.Index.ToString(), file.Path);
                var memory = job.Download(asset.Index).Wait(Minute).TakeBytes();
                True(memory.SequenceEqual(File.ReadAllBytes(file.Path)), "the same bytes");
            }
        }
        Same(2, cat.Assets.Count, "images");
    }

    private static Request Number(string field, object value, string key)
    {
        return new Request("alibaba", "pre_model_inference")
        {
            Fields = { { "prompt", "a <special-token> of numbers" }, { field, value } }, Key = key, Hold = true,
            ImageUrls = { "https://example.com/a.png" }, Options = { { "check", "off" } },
        };
    }

    // Under one key the same request is the same job, and any other is refused: so each number is compared with its text.
    private static void NumbersAreSentAsTheyWereWritten()
    {
        var cloud = new Client(Config("journal.path", folder + "/numbers"));
        var given = new Dictionary<string, object>
        {
            { "strength 0.8", 0.8f }, { "strength 0.1", 0.1f }, { "strength -16777216.0", -16777216f },
            { "strength 1e-45", float.Epsilon }, { "strength 3.4028235e+38", float.MaxValue }, { "strength 0.5", 0.5 },
            { "strength 0.30000000000000004", 0.1 + 0.2 }, { "strength 2", 2 }, { "seed -5", (sbyte)-5 }, { "seed 200", (byte)200 },
            { "seed -300", (short)-300 }, { "seed 300", (ushort)300 }, { "seed 4294967295", uint.MaxValue },
            { "seed 9007199254740993", 9007199254740993L }, { "seed 9007199254740995", 9007199254740995UL },
            { "seed -9223372036854775808", long.MinValue },
        };
        foreach (var entry in given)
        {
            var pair = entry.Key.Split(' ');
            cloud.Submit(Number(pair[0], entry.Value, entry.Key));
            cloud.Submit(Number(pair[0], new Json(pair[1]), entry.Key));
        }
        foreach (var value in new object[] { ulong.MaxValue, 0.8m, float.NaN, double.PositiveInfinity, 'x' })
            Raised<CallException>(() => cloud.Submit(Number("strength", value, "wrong")));
        cloud.Close(TimeSpan.Zero);
    }

    private static void OneErrorOfEachBand()
    {
        AigcException error = Raised<CallException>(
            () => client.Submit(new Request("tencent", "aigc_image") { Fields = { { "prompts", "x" } } }));
        Same("AIGC_E_INVALID_ARGUMENT prompts", error.StatusName + " " + error.Field, "error");
        Raised<CallException>(() => client.Submit(Cat("a\0b")));
        Raised<CallException>(() => client.Submit(Cat("a\ud800")));
        Raised<CallException>(() => client.Submit(new Request("tencent", "aigc_image") { Fields = { { "prompt", 'x' } } }));

        var slow = Accepted(client.Submit(Cat("[never] a cat")));
        error = Raised<StoppedException>(() => slow.Wait(TimeSpan.FromMilliseconds(200)));
        Same(Status.Timeout + slow.Token + Outcome.Accepted, error.Status + error.Token + error.Outcome, "a timeout");
        slow.Cancel();
        Same(Status.Cancelled, Raised<StoppedException>(() => slow.Wait()).Status, "status");

        using (var away = new Client(Config("tencent.endpoint", "http://127.0.0.1:1")))
        {
            var late = away.Submit(new TencentAigcImage { Prompt = "x", Deadline = TimeSpan.FromMilliseconds(700) });
            Same(Outcome.NotSent, Raised<StoppedException>(() => late.Wait(Minute)).Outcome, "outcome");
            var known = away.AttachId("tencent", "aigc_image", "4-AigcImage-1", false);
            Same(Status.Network, Raised<NetworkException>(() => known.Refresh(Minute)).Status, "status");
        }
        using (var stranger = new Client(Config("tencent.secret_key", "wrong")))
        {
            error = Raised<AccountException>(() => stranger.Submit(Cat("x")).Wait(Minute));
            True(error.Status == Status.Auth && error.ProviderCode != null, "the account");
        }
        error = Raised<ProviderException>(() => client.Submit(Cat("[fail] a cat")).Wait(Minute));
        True(error.Outcome == Outcome.Accepted && error.Token != null, "a job that failed");
        Tool("fault", "close_after", "CreateAigcImageTask");
        error = Raised<OutcomeUnknownException>(() => client.Submit(Cat("a doubtful cat")).Wait(Minute));
        True(error.Outcome == Outcome.Unknown && !error.Retryable, "a job in doubt");
        Tool("calm");
        using (var impatient = new Client(Config("retry.max_attempts", "2")))
        {
            var job = impatient.Submit(Cat("a cat for files")).Wait(Minute);
            Tool("fault", "garbage_body", "asset", "times=-1");
            Same(Status.NotAnImage, Raised<AssetException>(() => job.Download().Wait(Minute)).Status, "status");
            Tool("calm");
            Raised<MachineException>(() => job.Download(0, "/nowhere/cat.*").Wait(Minute));
        }
        var closed = new Client(Config());
        closed.Dispose();
        closed.Dispose();
        Same(Status.Closed, Raised<CallException>(() => closed.Stats()).Status, "status");
    }

    private static void AThousandJobsInFlight()
    {
        var ended = new ConcurrentDictionary<ulong, int>();
        var context = new Context();
        using (var host = new Client(Config(), context))
        {
            host.Listen(told =>
            {
                if (told.Type == EventType.JobDone) ended.AddOrUpdate(told.JobId, 1, (id, count) => count + 1);
            });
            var jobs = Enumerable.Range(0, 1000).Select(i => host.Submit(Cat("cat " + i + " in C#"))).ToList();
            True(Task.WaitAll(jobs.Select(job => job.WaitAsync()).ToArray<Task>(), TimeSpan.FromMinutes(4)), "all end");
            Same(1000, jobs.Select(job => job.RemoteId).Distinct().Count(), "ids");
            True(jobs.All(job => job.State == JobState.Succeeded), "states");
        }
        context.Run();
        Same(1000, ended.Count, "ends");
        True(ended.Values.All(count => count == 1), "each once");
        Same("1000 0", Tool("created", "tencent") + " " + Tool("duplicates"), "the sandbox's counts");
    }

    // A host's thread: what is posted waits until it runs.
    private sealed class Context : SynchronizationContext
    {
        private readonly ConcurrentQueue<Action> posted = new ConcurrentQueue<Action>();

        public override void Post(SendOrPostCallback work, object state)
        {
            posted.Enqueue(() => work(state));
        }

        public void Run()
        {
            Action work;
            while (posted.TryDequeue(out work)) work();
        }
    }

    private static void TasksTokensAndClosing()
    {
        var other = new Client(Config());
        var job = Accepted(other.Submit(Cat("[never] a cat")));
        var source = new CancellationTokenSource();
        var stopped = job.WaitAsync(source.Token);
        var waiting = job.WaitAsync();
        source.Cancel();
        Raised<AggregateException>(() => stopped.Wait());
        True(stopped.IsCanceled && !waiting.IsCompleted && !job.Ended, "a token ends the wait, and not the job");
        var cancelled = Raised<OperationCanceledException>(() => job.Wait(null, source.Token));
        True(cancelled.Message.Contains(job.Token) && cancelled.CancellationToken == source.Token, "the token is told");
        other.Close(TimeSpan.Zero);
        var error = (AigcException)Raised<AggregateException>(() => waiting.Wait()).InnerException;
        Same(Status.Cancelled, error.Status, "status");
        True(job.Token != null && job.WaitAsync().IsFaulted, "a job can be read after its client");
        job.Dispose();
        Same(Status.Closed, Raised<CallException>(() => True(job.Token == null, "token")).Status, "status");
    }

    // A string lives as long as its handle: a reader gets all of the text, or learns that the job has been disposed of.
    private static void DisposingBesideAReader()
    {
        var token = Accepted(client.Submit(Cat("[never] a cat"))).Token;
        for (var i = 0; i < 300; i++)
        {
            var job = client.Attach(token, false);
            var seen = new ConcurrentQueue<string>();
            var reader = new Thread(() =>
            {
                try
                {
                    for (;;) seen.Enqueue(job.Token);
                }
                catch (CallException)
                {
                }
                catch (ObjectDisposedException)
                {
                }
            });
            reader.Start();
            while (seen.IsEmpty) Thread.Yield();
            job.Dispose();
            reader.Join();
            foreach (var text in seen) Same(token, text, "token");
        }
    }

    private static void ATokenAttachesInAnotherProcess()
    {
        var job = Accepted(client.Submit(Cat("a cat for two")));
        var said = Said(Other("attach", job.Token));
        Same(job.Wait(Minute).RemoteId, said, "the id");
    }

    private static void AProcessEndsWithJobsRunning()
    {
        foreach (var how in Enumerable.Range(0, 10).Select(i => i % 2 == 0 ? "return" : "exit"))
        {
            var token = Said(Other("leave", how));
            Same(token, client.Attach(token, false).Token, "the token");
        }
    }

    private static void TheCollectorOnlyFrees()
    {
        var tokens = new ConcurrentQueue<string>();
        var gone = new ConcurrentQueue<WeakReference>();
        var forget = new Thread(() =>
        {
            for (var i = 0; i < 5; i++)
            {
                var forgotten = new Client(Config());
                var job = forgotten.Submit(Cat("[slow] a forgotten cat " + i));
                if (i % 2 == 0) forgotten.Submit(Cat("a cat")).WaitAsync().Wait(); // its thread runs
                tokens.Enqueue(Accepted(job).Token);
                gone.Enqueue(new WeakReference(forgotten));
            }
        });
        forget.Start();
        forget.Join();
        for (var i = 0; i < 100 && gone.Any(one => one.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }
        var left = gone.Count(one => one.IsAlive);
        // mono looks at stacks without knowing types: where a thread waits, its client may stay.
        True(left <= 3, left + " clients are not collected");
        foreach (var token in tokens) Same(JobState.Succeeded, client.Attach(token).Wait(Minute).State, "state");
        Same("8", Tool("created", "tencent"), "jobs");
    }

    private static void AKillWithTheJournalPaysOnce()
    {
        var journal = folder + "/journal";
        var process = Other("killed", journal);
        Same("accepted", process.StandardOutput.ReadLine(), "the other process");
        process.Kill();
        process.WaitForExit();
        var doubtful = 0;
        using (var heir = new Client(Config("journal.path", journal)))
        {
            var jobs = Enumerable.Range(0, 20)
                .Select(i => heir.Submit(new TencentAigcImage { Prompt = "[slow] cat " + i, Key = "k/" + i })).ToList();
            for (var i = 0; i < 20; i++) Same("k/" + i, jobs[i].Key, "key");
            foreach (var job in jobs)
            {
                try
                {
                    job.Wait(Minute);
                }
                catch (OutcomeUnknownException)
                {
                    doubtful++;
                }
            }
        }
        var made = int.Parse(Tool("created", "tencent"));
        True(doubtful <= 10 && made >= 20 - doubtful && made <= 20, made + " jobs and " + doubtful + " in doubt");
        Same("0", Tool("duplicates"), "duplicates");
    }

    private static void ResumeAttachKeyHoldAndTools()
    {
        var journal = folder + "/journal";
        var config = Config("journal.path", journal);
        var first = new Client(config);
        Accepted(first.Submit(new TencentAigcImage { Prompt = "[slow] a cat", Key = "k/1" }));
        first.Close(TimeSpan.Zero);

        var second = new Client(config);
        Same(1L, second.Resume(), "resumed");
        Event told;
        while ((told = second.NextEvent(Minute)).Type != EventType.JobDone) continue;
        Same("k/1 " + JobState.Succeeded, told.Job.Key + " " + told.Job.State, "resumed job");
        Same("k/1", second.AttachKey("k/1").Key, "key");
        Same(Status.NotFound, Raised<ProviderException>(() => second.AttachKey("none")).Status, "status");
        var conflict = new TencentAigcImage { Prompt = "another", Key = "k/1" };
        Same(Status.KeyConflict, Raised<CallException>(() => second.Submit(conflict)).Status, "status");
        var held = second.Submit(new TencentAigcImage { Prompt = "a held cat", Hold = true });
        while (second.NextEvent(Minute).Type != EventType.JobReady) continue;
        Same("1", Tool("created", "tencent"), "jobs");
        held.Release();
        held.Wait(Minute);
        Same("2", Tool("created", "tencent"), "jobs");
        second.Dispose();

        Tool("fault", "close_after", "CreateAigcImageTask");
        using (var third = new Client(config))
            Raised<OutcomeUnknownException>(() => third.Submit(new TencentAigcImage { Prompt = "x", Key = "d/1" }).Wait(Minute));
        var rows = Journal.List(journal, "{\"states\": [\"unknown\"]}");
        True(rows.Count == 1 && rows[0].Contains("\"d/1\""), "rows");
        Same(0, Journal.List(journal, null, "zzz").Count, "rows behind the last");
        Journal.Resolve(journal, "d/1", Outcome.Unknown);
        True(string.Join("\n", Journal.List(journal)).Contains("\"abandoned\""), "resolved");
        True(Journal.Check(journal).Contains("\"counts\""), "check");
        foreach (var ever in new[] { TimeSpan.MaxValue, System.Threading.Timeout.InfiniteTimeSpan })
            Same(0L, Journal.Prune(journal, ever), "pruned for ever");
        foreach (var wrong in new[] { TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(-1), TimeSpan.MinValue })
            Same("olderThan", Raised<CallException>(() => Journal.Prune(journal, wrong)).Field, "field");
        Same(3L, Journal.Prune(journal, TimeSpan.Zero), "pruned");
        Same(Status.Journal, Raised<MachineException>(() => Journal.Check(folder + "/none")).Status, "status");
    }

    // What was on the wire when the client was closed, and nobody had looked at.
    private static void CloseTellsOfEachJobThatNobodyKnows()
    {
        foreach (var how in new[] { "dropped", "tasks", "freed", "known" })
        {
            Tool("fault", "delay_after", "CreateAigcImageTask", "ms=700", "times=3");
            var errors = Console.Error;
            var told = new System.IO.StringWriter();
            Console.SetError(told);
            try
            {
                var jobs = new List<Job>();
                using (var own = new Client(Config()))
                {
                    for (var i = 0; i < 3; i++)
                    {
                        jobs.Add(own.Submit(new TencentAigcImage { Prompt = "[never] dropped cat " + i }));
                        if (how == "tasks") jobs[i].WaitAsync().ContinueWith(ended => ended.Exception);
                    }
                    foreach (var job in jobs)
                    {
                        while (job.Outcome < Outcome.Unknown) Thread.Sleep(10);
                        while (how == "known" && job.Token == null) Thread.Sleep(10);
                        if (how == "freed") job.Dispose();
                    }
                }
            }
            finally
            {
                Console.SetError(errors);
            }
            const string Line = "nobody had read the token of a job: accepted; fetch it with: aigc fetch aigc1:";
            var found = told.ToString().Split(new[] { Line }, StringSplitOptions.None).Length - 1;
            Same(how == "known" ? 0 : 3, found, how + ": " + told);
        }
    }

    private static void AnAnsweredCallHasAnAnswer()
    {
        var call = client.Call("tencent", "SandboxEchoThing").Wait(Minute);
        Same("the provider has answered this call, which may be paid; request id " + call.RequestId, call.OutcomeText, "text");
    }

    // Whoever waits when the client is closed is told the token that its grace brings.
    private static void AWaitThatCloseEndsHasTheToken()
    {
        foreach (var how in new[] { "task", "wait" })
        {
            Tool("fault", "delay_after", "CreateAigcImageTask", "ms=700", "times=1");
            var own = new Client(Config());
            var job = own.Submit(Cat("[never] a late cat"));
            AigcException found = null;
            Task waiter;
            if (how == "task") waiter = job.WaitAsync().ContinueWith(ended => found = (AigcException)ended.Exception.InnerException);
            else waiter = Task.Run(() => { found = Raised<StoppedException>(() => job.Wait()); });
            while (job.Outcome < Outcome.Unknown) Thread.Sleep(10);
            own.Close(Minute);
            True(waiter.Wait(Minute), "the " + how + " ends with the client");
            Same(Status.Cancelled + " " + Outcome.Accepted, found.Status + " " + found.Outcome, how);
            Same(job.Token, found.Token, how);
            True(found.Token != null, how + " has no token");
        }
    }

    // Roles of other processes.
    private static int Role(string[] words)
    {
        if (words[0] == "attach")
        {
            using (var own = new Client(Config())) Console.WriteLine(own.Attach(words[1]).Wait(Minute).RemoteId);
        }
        else if (words[0] == "leave")
        {
            var own = new Client(Config());
            var job = Accepted(own.Submit(Cat("[never] a cat and its end " + words[1])));
            job.WaitAsync();
            Console.WriteLine(job.Token);
            own.Submit(Cat("[never] another"));
            if (words[1] == "exit") Environment.Exit(0);
        }
        else
        {
            var own = new Client(Config("journal.path", words[1]));
            var jobs = Enumerable.Range(0, 20)
                .Select(i => own.Submit(new TencentAigcImage { Prompt = "[slow] cat " + i, Key = "k/" + i })).ToList();
            foreach (var job in jobs.Take(10)) Accepted(job);
            Console.WriteLine("accepted");
            Thread.Sleep(60000);
        }
        return 0;
    }

    private static void Test(string name, Action work)
    {
        Tool("calm");
        Tool("forget");
        client = new Client(Config());
        folder = Path.Combine(Path.GetTempPath(), "aigc-csharp-" + Guid.NewGuid());
        Directory.CreateDirectory(folder);
        try
        {
            work();
            Console.WriteLine("ok - " + name);
        }
        catch (Exception error)
        {
            failed = true;
            Console.WriteLine("not ok - " + name + ": " + error);
        }
        client.Close(TimeSpan.Zero);
        Directory.Delete(folder, true);
        Tool("calm");
    }

    public static int Main(string[] words)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        if (words.Length > 0) return Role(words);
        Test("both clouds, byte for byte", BothClouds);
        Test("numbers are sent as they were written", NumbersAreSentAsTheyWereWritten);
        Test("one error of each band", OneErrorOfEachBand);
        Test("an answered call has an answer", AnAnsweredCallHasAnAnswer);
        Test("a wait that close ends has the token", AWaitThatCloseEndsHasTheToken);
        Test("close tells of each job that nobody knows", CloseTellsOfEachJobThatNobodyKnows);
        Test("a thousand jobs in flight, told in the host's context", AThousandJobsInFlight);
        Test("tasks, cancellation tokens and closing", TasksTokensAndClosing);
        Test("a string is whole although another thread disposes of its job", DisposingBesideAReader);
        Test("a token attaches in another process", ATokenAttachesInAnotherProcess);
        Test("a process ends with jobs running", AProcessEndsWithJobsRunning);
        Test("the collector frees handles and clients, never jobs", TheCollectorOnlyFrees);
        Test("a kill with the journal pays once", AKillWithTheJournalPaysOnce);
        Test("resume, attach by key, hold, and the journal for tools", ResumeAttachKeyHoldAndTools);
        return failed ? 1 : 0;
    }
}
