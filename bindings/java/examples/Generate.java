import aigc.*;
import java.io.IOException;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;

/**
 * usage: java -cp aigc.jar:jna.jar Generate.java [-c KEY=VALUE]... [-image URL]... PROVIDER PROMPT NAME
 * One job, all of its images as NAME-REMOTEID-NUMBER.EXTENSION. The token is printed as soon as the job is accepted, and again
 * if the program is interrupted: attach with it later.
 */
public final class Generate {
    public static void main(String[] arguments) throws InterruptedException {
        ArrayDeque<String> words = new ArrayDeque<>(Arrays.asList(arguments));
        Map<String, String> config = new HashMap<>();
        ArrayDeque<String> images = new ArrayDeque<>();
        while (words.size() > 3 && words.peek().startsWith("-")) {
            if (words.pop().equals("-image")) {
                images.add(words.pop());
            } else {
                String[] pair = words.pop().split("=", 2);
                config.put(pair[0], pair[1]);
            }
        }
        if (words.size() != 3) {
            System.err.println("usage: Generate [-c KEY=VALUE]... [-image URL]... PROVIDER PROMPT NAME");
            System.exit(2);
        }
        String provider = words.pop();
        String operation = provider.equals("alibaba") ? "pre_model_inference" : "aigc_image";
        // A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
        try {
            Files.delete(Files.write(Path.of(words.getLast() + "-" + "x".repeat(64)), new byte[0]));
        } catch (IOException | RuntimeException error) {
            System.err.println(words.getLast() + ": no image can be written: " + error);
            System.exit(1);
        }
        Client client = new Client(config);
        // A submission on the wire gets a moment for its answer, so that the id of a paid job is not lost.
        Runtime.getRuntime().addShutdownHook(new Thread(client::close));
        try (Request request = new Request(provider, operation).set("prompt", words.pop())) {
            images.forEach(request::imageUrl);
            client.onEvent(event -> {
                if (event.type() == aigc.Constants.EVENT_JOB_ACCEPTED) System.err.println("token " + event.job().token());
            });
            Job job = client.submit(request).await(Duration.ofHours(2));
            boolean written = true;
            for (Asset asset : job.assets()) {
                String path = words.peek() + "-" + job.remoteId() + "-" + (asset.index() + 1) + ".*";
                String file = job.download(asset.index(), path).await().path();
                System.out.println(file);
                if (System.out.checkError()) { // A full disk or a closed pipe: println() says nothing of it.
                    System.err.println("standard output cannot be written; the image is in " + file + "; token " + job.token());
                    written = false;
                }
            }
            if (!written) System.exit(1);
        } catch (AigcException error) {
            System.err.println(error.statusName() + ": " + error.getMessage());
            if (error.token() != null) System.err.println("token " + error.token());
            System.exit(1);
        }
    }
}
