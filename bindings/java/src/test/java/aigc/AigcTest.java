package aigc;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Against a sandbox: Tests/packaging/run.sh --only java sets AIGC_TEST_CONFIG, AIGC_TEST_CONTROL and AIGC_TEST_TOOL. With
 * arguments it is another process of a test.
 */
public final class AigcTest {
    private static final Duration MINUTE = Duration.ofSeconds(60);

    private Client client;
    private Path folder;

    private interface Work {
        void run() throws Exception;
    }

    private static Map<String, String> config(String... more) {
        Map<String, String> config = new HashMap<>();
        for (String line : System.getenv("AIGC_TEST_CONFIG").split("\n")) {
            String[] pair = line.split("=", 2);
            config.put(pair[0], pair[1]);
        }
        for (int i = 0; i < more.length; i += 2) {
            config.put(more[i], more[i + 1]);
        }
        return config;
    }

    private static String tool(String... words) throws Exception {
        List<String> command = new ArrayList<>(Arrays.asList(System.getenv("AIGC_TEST_TOOL").split("\n")));
        command.addAll(Arrays.asList(words));
        return said(new ProcessBuilder(command).redirectErrorStream(true).start(), 0);
    }

    private static String said(Process process, int status) throws Exception {
        String text = new String(process.getInputStream().readAllBytes(), "UTF-8").trim();
        check(process.waitFor(60, TimeUnit.SECONDS), "a process ends");
        same(status, process.exitValue(), text);
        return text;
    }

    private static Process other(String... words) throws IOException {
        List<String> command = new ArrayList<>(Arrays.asList(
                Paths.get(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
                "-cp", System.getProperty("java.class.path"), "aigc.AigcTest"));
        command.addAll(Arrays.asList(words));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static void check(boolean fact, String what) {
        if (!fact) {
            throw new AssertionError(what);
        }
    }

    private static void same(Object wanted, Object found, String what) {
        check(wanted.equals(found), what + ": " + found + ", not " + wanted);
    }

    private static <T extends AigcException> T raised(Class<T> type, Work work) throws Exception {
        try {
            work.run();
        } catch (AigcException error) {
            check(type.isInstance(error), error.getClass().getSimpleName() + ": " + error.getMessage());
            return type.cast(error);
        }
        throw new AssertionError("no " + type.getSimpleName() + " came");
    }

    private static Job accepted(Job job) throws InterruptedException {
        for (int i = 0; job.token() == null && !job.ended() && i < 6000; i++) {
            Thread.sleep(10);
        }
        check(job.token() != null, "accepted");
        return job;
    }

    private static Tencent.AigcImage cat(String prompt) {
        return new Tencent.AigcImage().prompt(prompt);
    }

    private static Job submit(Client client, Request request) {
        try (request) {
            return client.submit(request);
        }
    }

    void bothClouds() throws Exception {
        Job cat = submit(client, cat("红猫 in Java").count(2));
        Job other = submit(client, new Alibaba.PreModelInference().prompt("a <special-token> in Java")
                .imageUrl("https://example.com/a.png"));
        for (Job job : Arrays.asList(cat, other)) {
            job.await(MINUTE);
            same(Constants.STATE_SUCCEEDED, job.state(), "state");
            same(Constants.OUTCOME_ACCEPTED, job.outcome(), "outcome");
            for (Asset asset : job.assets()) {
                Job file = job.download(asset.index(), folder + "/" + job.id() + "-" + asset.index() + ".*").await(MINUTE);
                tool("same", job.provider(), job.remoteId(), Integer.toString(asset.index()), file.path());
                byte[] memory = job.download(asset.index(), null).await(MINUTE).takeBytes();
                check(Arrays.equals(memory, Files.readAllBytes(Paths.get(file.path()))), "the same bytes");
            }
        }
        same(2, cat.assets().size(), "images");
    }

    private static Alibaba.PreModelInference number(String key) {
        Alibaba.PreModelInference request = new Alibaba.PreModelInference().prompt("a <special-token> of numbers")
                .imageUrl("https://example.com/a.png").key(key).hold(true);
        request.option("check", "off");
        return request;
    }

    /** Under one key the same request is the same job, and any other is refused: so each number is compared with its text. */
    void numbersAreSentAsTheyWereWritten() throws Exception {
        Client cloud = new Client(config("journal.path", folder.resolve("numbers").toString()));
        Map<String, Request> given = new HashMap<>();
        given.put("strength 0.8", number("a").set("strength", 0.8f));
        given.put("strength 0.1", number("b").set("strength", Float.valueOf(0.1f)));
        given.put("strength -16777216.0", number("c").set("strength", -16777216f));
        given.put("strength 1e-45", number("d").set("strength", Float.MIN_VALUE));
        given.put("strength 3.4028235e+38", number("e").set("strength", Float.MAX_VALUE));
        given.put("strength 0.30000000000000004", number("f").set("strength", 0.1 + 0.2));
        given.put("strength 0.5", number("g").set("strength", 0.5));
        given.put("strength 0.7", number("h").strength(0.7f));
        given.put("strength 0.6", number("i").strength(0.6));
        given.put("strength 2", number("j").set("strength", 2));
        given.put("seed -5", number("k").set("seed", (byte) -5));
        given.put("seed 300", number("l").set("seed", (short) 300));
        given.put("seed 9007199254740993", number("m").set("seed", 9007199254740993L));
        given.put("seed -9223372036854775808", number("n").set("seed", Long.MIN_VALUE));
        for (Map.Entry<String, Request> entry : given.entrySet()) {
            String[] pair = entry.getKey().split(" ");
            String key = submit(cloud, entry.getValue()).key();
            same(key, submit(cloud, number(key).json(pair[0], pair[1])).key(), entry.getKey());
        }
        raised(AigcException.CallException.class, () -> number("o").strength(Float.NaN));
        cloud.close(Duration.ZERO);
    }

    void oneErrorOfEachBand() throws Exception {
        AigcException error = raised(AigcException.CallException.class,
                () -> new Request("tencent", "aigc_image").set("prompts", "x"));
        same("AIGC_E_INVALID_ARGUMENT prompts", error.statusName() + " " + error.field(), "error");
        raised(AigcException.CallException.class, () -> cat("a\0b"));
        raised(AigcException.CallException.class, () -> cat("a\ud800"));
        raised(AigcException.CallException.class, () -> cat(null));

        Job slow = accepted(submit(client, cat("[never] a cat")));
        error = raised(AigcException.StoppedException.class, () -> slow.await(Duration.ofMillis(200)));
        same(Constants.E_TIMEOUT, error.status(), "status");
        same(slow.token(), error.token(), "token");
        same(Constants.OUTCOME_ACCEPTED, error.outcome(), "outcome");
        Thread.currentThread().interrupt();
        try {
            slow.await();
            throw new AssertionError("not interrupted");
        } catch (InterruptedException wanted) {
            check(wanted.getMessage().contains(slow.token()), "the token is told");
        }
        slow.cancel();
        same(Constants.E_CANCELLED, raised(AigcException.StoppedException.class, slow::await).status(), "cancelled");

        try (Client away = new Client(config("tencent.endpoint", "http://127.0.0.1:1"))) {
            Job late = submit(away, cat("x").deadline(Duration.ofMillis(700)));
            error = raised(AigcException.StoppedException.class, () -> late.await(MINUTE));
            same(Constants.OUTCOME_NOT_SENT, error.outcome(), "outcome");
            Job known = away.attachId("tencent", "aigc_image", "4-AigcImage-1", false);
            error = raised(AigcException.NetworkException.class, () -> known.refresh(MINUTE));
            same(Constants.E_NETWORK, error.status(), "network");
        }
        try (Client stranger = new Client(config("tencent.secret_key", "wrong"))) {
            error = raised(AigcException.AccountException.class, () -> submit(stranger, cat("x")).await(MINUTE));
            check(error.status() == Constants.E_AUTH && error.providerCode() != null, "the account");
        }
        error = raised(AigcException.ProviderException.class, () -> submit(client, cat("[fail] a cat")).await(MINUTE));
        check(error.outcome() == Constants.OUTCOME_ACCEPTED && error.token() != null, "a job that failed");
        tool("fault", "close_after", "CreateAigcImageTask");
        error = raised(AigcException.OutcomeUnknownException.class, () -> submit(client, cat("doubtful")).await(MINUTE));
        check(error.outcome() == Constants.OUTCOME_UNKNOWN && !error.retryable(), "a job in doubt");
        tool("calm");
        try (Client impatient = new Client(config("retry.max_attempts", "2"))) {
            Job job = submit(impatient, cat("a cat for files")).await(MINUTE);
            tool("fault", "garbage_body", "asset", "times=-1");
            error = raised(AigcException.AssetException.class, () -> job.download(0, null).await(MINUTE));
            same(Constants.E_NOT_AN_IMAGE, error.status(), "status");
            tool("calm");
            raised(AigcException.MachineException.class, () -> job.download(0, "/nowhere/cat.*").await(MINUTE));
        }
        Client closed = new Client(config());
        closed.close();
        closed.close();
        same(Constants.E_CLOSED, raised(AigcException.CallException.class, closed::stats).status(), "closed");
    }

    void aThousandJobsInFlight() throws Exception {
        ExecutorService host = Executors.newFixedThreadPool(4, work -> new Thread(work, "the host's"));
        Set<String> threads = Collections.synchronizedSet(new HashSet<>());
        Map<Long, Integer> ended = Collections.synchronizedMap(new HashMap<>());
        try (Client client = new Client(config(), host)) {
            client.onEvent(event -> {
                threads.add(Thread.currentThread().getName());
                if (event.type() == Constants.EVENT_JOB_DONE) {
                    ended.merge(event.jobId(), 1, Integer::sum);
                }
            });
            List<Job> jobs = new ArrayList<>();
            List<CompletableFuture<Job>> futures = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                jobs.add(submit(client, cat("cat " + i + " in Java")));
                futures.add(jobs.get(i).future().thenApply(job -> {
                    threads.add(Thread.currentThread().getName());
                    return job;
                }));
            }
            CompletableFuture.allOf(futures.toArray(new CompletableFuture<?>[0])).get(240, TimeUnit.SECONDS);
            Set<String> ids = new HashSet<>();
            for (Job job : jobs) {
                same(Constants.STATE_SUCCEEDED, job.state(), "state");
                ids.add(job.remoteId());
            }
            same(1000, ids.size(), "ids");
        }
        host.shutdown();
        check(host.awaitTermination(240, TimeUnit.SECONDS), "the host's threads end");
        same(1000, ended.size(), "ends");
        check(ended.values().stream().allMatch(count -> count == 1), "each once");
        threads.remove("main"); // of a future that had completed when thenApply was called
        same(Collections.singleton("the host's"), threads, "threads");
        same("1000 0", tool("created", "tencent") + " " + tool("duplicates"), "the sandbox's counts");
    }

    void futuresAndClosing() throws Exception {
        Client other = new Client(config());
        Job job = accepted(submit(other, cat("[never] a cat")));
        CompletableFuture<Job> future = job.future();
        BlockingQueue<Integer> seen = new LinkedBlockingQueue<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> seen.add(-1));
        other.onEvent(event -> {
            throw new IllegalStateException("mine");
        });
        other.onEvent(event -> seen.add(event.type()));
        other.close(Duration.ZERO);
        Thread.setDefaultUncaughtExceptionHandler(before);
        check(seen.contains(-1) && seen.contains(Constants.EVENT_JOB_DONE), "a listener's exception harms nobody: " + seen);
        try {
            future.join();
            throw new AssertionError("the future completed");
        } catch (CompletionException error) {
            same(Constants.E_CANCELLED, ((AigcException) error.getCause()).status(), "cause");
        }
        check(job.token() != null && job.future().isCompletedExceptionally(), "a job can be read after its client");
    }

    void aTokenAttachesInAnotherProcess() throws Exception {
        Job job = accepted(submit(client, cat("a cat for two")));
        String said = said(other("attach", job.token()), 0);
        same(job.await(MINUTE).remoteId(), said, "the id");
    }

    void aProcessEndsWithJobsRunning() throws Exception {
        for (String how : Arrays.asList("return", "exit")) {
            String token = said(other("leave", how), 0);
            same(token, client.attach(token, false).token(), "the token");
        }
    }

    void theCollectorOnlyFrees() throws Exception {
        List<WeakReference<Client>> gone = new ArrayList<>();
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Client forgotten = new Client(config());
            Job job = submit(forgotten, cat("[slow] a forgotten cat " + i));
            if (i % 2 == 0) {
                forgotten.submit(cat("a cat")).future().get(240, TimeUnit.SECONDS); // its thread runs
            }
            tokens.add(accepted(job).token());
            gone.add(new WeakReference<>(forgotten));
        }
        for (int i = 0; i < 100 && gone.stream().anyMatch(one -> one.get() != null); i++) {
            System.gc();
            Thread.sleep(50);
        }
        check(gone.stream().filter(one -> one.get() != null).count() <= 1, "clients are collected");
        for (String token : tokens) {
            same(Constants.STATE_SUCCEEDED, client.attach(token).await(MINUTE).state(), "state");
        }
        same("8", tool("created", "tencent"), "jobs");
        for (int i = 0; i < 100; i++) {
            long left = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("aigc-events")).count();
            if (left <= 1) {
                return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("threads of collected clients are left");
    }

    void aKillWithTheJournalPaysOnce() throws Exception {
        String journal = folder + "/journal";
        Process process = other("killed", journal);
        byte[] word = new byte[8];
        int count = process.getInputStream().readNBytes(word, 0, 8);
        process.destroyForcibly().waitFor();
        same("accepted", new String(word, 0, count, "UTF-8"), "the other process");
        int doubtful = 0;
        try (Client heir = new Client(config("journal.path", journal))) {
            List<Job> jobs = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                jobs.add(submit(heir, cat("[slow] cat " + i).key("k/" + i)));
                same("k/" + i, jobs.get(i).key(), "key");
            }
            for (Job job : jobs) {
                try {
                    job.await(MINUTE);
                } catch (AigcException.OutcomeUnknownException error) {
                    doubtful++;
                }
            }
        }
        int made = Integer.parseInt(tool("created", "tencent"));
        check(doubtful <= 10 && made >= 20 - doubtful && made <= 20, made + " jobs and " + doubtful + " in doubt");
        same("0", tool("duplicates"), "duplicates");
    }

    void resumeAttachKeyHoldAndTools() throws Exception {
        Path journal = folder.resolve("journal");
        Map<String, String> config = config("journal.path", journal.toString());
        Client first = new Client(config);
        accepted(submit(first, cat("[slow] a cat").key("k/1")));
        first.close(Duration.ZERO);

        Client second = new Client(config);
        same(1L, second.resume(true), "resumed");
        for (;;) {
            Event event = second.nextEvent(MINUTE);
            if (event.type() == Constants.EVENT_JOB_DONE) {
                same("k/1 " + Constants.STATE_SUCCEEDED, event.job().key() + " " + event.job().state(), "resumed job");
                break;
            }
        }
        same("k/1", second.attachKey("k/1", true).key(), "key");
        AigcException error = raised(AigcException.ProviderException.class, () -> second.attachKey("none", true));
        same(Constants.E_NOT_FOUND, error.status(), "status");
        error = raised(AigcException.CallException.class, () -> submit(second, cat("another").key("k/1")));
        same(Constants.E_KEY_CONFLICT, error.status(), "status");
        Job held = submit(second, cat("a held cat").hold(true));
        while (second.nextEvent(MINUTE).type() != Constants.EVENT_JOB_READY) {
            continue;
        }
        same("1", tool("created", "tencent"), "jobs");
        held.release();
        held.await(MINUTE);
        same("2", tool("created", "tencent"), "jobs");
        second.close();

        tool("fault", "close_after", "CreateAigcImageTask");
        try (Client third = new Client(config)) {
            raised(AigcException.OutcomeUnknownException.class, () -> submit(third, cat("x").key("d/1")).await(MINUTE));
        }
        List<String> rows = Journal.list(journal, "{\"states\": [\"unknown\"]}", null);
        check(rows.size() == 1 && rows.get(0).contains("\"d/1\""), "rows: " + rows);
        same(0, Journal.list(journal, null, "zzz").size(), "rows behind the last");
        Journal.resolve(journal, "d/1", Constants.OUTCOME_UNKNOWN, null);
        check(Journal.list(journal, null, null).toString().contains("\"abandoned\""), "resolved");
        check(Journal.check(journal).contains("\"counts\""), "check");
        same(0L, Journal.prune(journal, Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)), "pruned for ever");
        for (Duration wrong : List.of(Duration.ofNanos(-1), Duration.ofMillis(-1), Duration.ofSeconds(Long.MIN_VALUE))) {
            error = raised(AigcException.CallException.class, () -> Journal.prune(journal, wrong));
            same("olderThan", error.field(), "field");
        }
        same(3L, Journal.prune(journal, Duration.ZERO), "pruned");
        error = raised(AigcException.MachineException.class, () -> Journal.check(folder.resolve("none")));
        same(Constants.E_JOURNAL, error.status(), "status");
    }

    /** What was on the wire when the client was closed, and nobody had looked at. */
    private void closeTellsOfEachJobThatNobodyKnows() throws Exception {
        for (String how : List.of("dropped", "futures", "freed", "known")) {
            tool("fault", "delay_after", "CreateAigcImageTask", "ms=700", "times=3");
            String told = said(other("untold", how), 0);
            int found = told.split("nobody had read the token of a job: accepted; fetch it with: aigc fetch aigc1:", -1).length - 1;
            same(how.equals("known") ? 0 : 3, found, how + ": " + told);
        }
    }

    private void anAnsweredCallHasAnAnswer() throws Exception {
        Job call = client.call("tencent", "SandboxEchoThing", null, false).await(MINUTE);
        same("the provider has answered this call, which may be paid; request id " + call.requestId(), call.outcomeText(), "text");
    }

    /** Whoever waits when the client is closed is told the token that its grace brings. */
    private void aWaitThatCloseEndsHasTheToken() throws Exception {
        for (String how : List.of("future", "await")) {
            tool("fault", "delay_after", "CreateAigcImageTask", "ms=700", "times=1");
            Client own = new Client(config());
            Job job = submit(own, cat("[never] a late cat"));
            CompletableFuture<Job> waits = how.equals("future") ? job.future() : CompletableFuture.supplyAsync(() -> {
                try {
                    return job.await();
                } catch (InterruptedException error) {
                    throw new IllegalStateException(error);
                }
            });
            while (job.outcome() < Constants.OUTCOME_UNKNOWN) {
                Thread.sleep(10);
            }
            own.close(MINUTE);
            AigcException error = raised(AigcException.StoppedException.class, () -> {
                try {
                    waits.get(60, TimeUnit.SECONDS);
                } catch (ExecutionException failed) {
                    throw (AigcException) failed.getCause();
                }
            });
            same(Constants.E_CANCELLED, error.status(), how);
            same(Constants.OUTCOME_ACCEPTED, error.outcome(), how);
            check(error.token() != null && error.token().equals(job.token()), how + ": " + error.token());
        }
    }

    /** Roles of other processes. */
    private static void role(String[] words) throws Exception {
        if (words[0].equals("attach")) {
            try (Client client = new Client(config())) {
                System.out.println(client.attach(words[1]).await(MINUTE).remoteId());
            }
        } else if (words[0].equals("untold")) {
            List<Job> jobs = new ArrayList<>();
            try (Client client = new Client(config())) {
                for (int i = 0; i < 3; i++) {
                    jobs.add(submit(client, cat("[never] dropped cat " + i)));
                    if (words[1].equals("futures")) {
                        jobs.get(i).future();
                    }
                }
                for (Job job : jobs) {
                    while (job.outcome() < Constants.OUTCOME_UNKNOWN) {
                        Thread.sleep(10);
                    }
                    if (words[1].equals("known")) {
                        accepted(job);
                    } else if (words[1].equals("freed")) {
                        job.close();
                    }
                }
            }
        } else if (words[0].equals("leave")) {
            Client client = new Client(config());
            Job job = accepted(submit(client, cat("[never] a cat and its end " + words[1])));
            job.future();
            System.out.println(job.token());
            submit(client, cat("[never] another"));
            if (words[1].equals("exit")) {
                System.exit(0);
            }
        } else {
            Client client = new Client(config("journal.path", words[1]));
            List<Job> jobs = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                jobs.add(submit(client, cat("[slow] cat " + i).key("k/" + i)));
            }
            for (Job job : jobs.subList(0, 10)) {
                accepted(job);
            }
            System.out.println("accepted");
            Thread.sleep(60000);
        }
    }

    private static boolean failed;

    private static void test(String name, Work work) throws Exception {
        tool("calm");
        tool("forget");
        try {
            work.run();
            System.out.println("ok - " + name);
        } catch (Exception | AssertionError error) {
            failed = true;
            System.out.println("not ok - " + name + ": " + error);
            error.printStackTrace(System.out);
        }
        tool("calm");
    }

    private static void with(String name, java.util.function.Function<AigcTest, Work> chosen) throws Exception {
        test(name, () -> {
            AigcTest test = new AigcTest();
            test.folder = Files.createTempDirectory("aigc-java");
            try (Client client = new Client(config())) {
                test.client = client;
                chosen.apply(test).run();
                client.close(Duration.ZERO);
            }
        });
    }

    /**
     * Runs all.
     *
     * @param words none, or a role
     * @throws Exception what went wrong with the test itself
     */
    public static void main(String[] words) throws Exception {
        if (words.length > 0) {
            role(words);
            return;
        }
        with("both clouds, byte for byte", test -> test::bothClouds);
        with("numbers are sent as they were written", test -> test::numbersAreSentAsTheyWereWritten);
        with("one error of each band", test -> test::oneErrorOfEachBand);
        with("a thousand jobs in flight, told on the host's threads", test -> test::aThousandJobsInFlight);
        with("futures, listeners and closing", test -> test::futuresAndClosing);
        with("a token attaches in another process", test -> test::aTokenAttachesInAnotherProcess);
        with("a process ends with jobs running", test -> test::aProcessEndsWithJobsRunning);
        with("the collector frees handles and clients, never jobs", test -> test::theCollectorOnlyFrees);
        with("a kill with the journal pays once", test -> test::aKillWithTheJournalPaysOnce);
        with("an answered call has an answer", test -> test::anAnsweredCallHasAnAnswer);
        with("a wait that close() ends has the token", test -> test::aWaitThatCloseEndsHasTheToken);
        with("close() tells of each job that nobody knows", test -> test::closeTellsOfEachJobThatNobodyKnows);
        with("resume, attachKey, hold, and the journal for tools", test -> test::resumeAttachKeyHoldAndTools);
        System.exit(failed ? 1 : 0);
    }
}
