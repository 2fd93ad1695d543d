import aigc.*;
import java.io.IOException;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;

/**
 * usage: java -cp aigc.jar:jna.jar Generate.java [-c KEY=VALUE]... [-image URL]... PROVIDER PROMPT NAME
 * One job, all of its images as NAME-REMOTEID-NUMBER.EXTENSION. The token is printed as soon as the job is accepted.
 * Ctrl-C, SIGTERM and SIGHUP: an answer on its way gets ten seconds, then the program says what is known about the job. Exit
 * status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether the job runs, 128 + signal.
 */
public final class Generate {
    private static volatile Job job; // until its images are there

    /** At every end of the program, also by a signal: ends everything here, but waits for an answer on its way. */
    private static void leave(Client client) {
        client.close(Duration.ofSeconds(10));
        Job left;
        synchronized (client) { left = job; } // a submission that has begun is one
        if (left != null) System.err.println(left.outcomeText());
        if (left != null && left.outcome() == aigc.Constants.OUTCOME_UNKNOWN) Runtime.getRuntime().halt(3);
    }

    private static void fail(int status, String text) { System.err.println(text); System.exit(status); }
    public static void main(String[] arguments) throws InterruptedException {
        ArrayDeque<String> words = new ArrayDeque<>(Arrays.asList(arguments)), images = new ArrayDeque<>();
        Map<String, String> config = new HashMap<>();
        while (words.size() > 3 && words.peek().startsWith("-")) {
            String option = words.pop(), value = words.pop();
            if (option.equals("-image")) images.add(value);
            else config.put(value.split("=", 2)[0], value.substring(value.indexOf('=') + 1));
        }
        if (words.size() != 3) fail(2, "usage: Generate [-c KEY=VALUE]... [-image URL]... PROVIDER PROMPT NAME");
        String provider = words.pop(), operation = provider.equals("alibaba") ? "pre_model_inference" : "aigc_image";
        // A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
        try { Files.delete(Files.write(Path.of(words.getLast() + "-" + "x".repeat(64)), new byte[0])); }
        catch (IOException | RuntimeException error) { fail(1, words.getLast() + ": no image can be written: " + error); }
        Client client = new Client(config);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> leave(client)));
        try (Request request = new Request(provider, operation).set("prompt", words.pop())) {
            images.forEach(request::imageUrl);
            client.onEvent(event -> {
                if (event.type() == aigc.Constants.EVENT_JOB_ACCEPTED) System.err.println("token " + event.job().token());
            });
            synchronized (client) { job = client.submit(request); }
            job.await(Duration.ofHours(2));
            for (Asset asset : job.assets()) {
                String path = words.peek() + "-" + job.remoteId() + "-" + (asset.index() + 1) + ".*";
                String file = job.download(asset.index(), path).await().path();
                System.out.println(file);
                if (System.out.checkError())
                    System.err.println("standard output cannot be written; the image is in " + file + "; token " + job.token());
            }
            if (System.out.checkError()) System.exit(1); // a full disk or a closed pipe
            job = null;
        } catch (AigcException error) { fail(1, error.getMessage()); }
    }
}
