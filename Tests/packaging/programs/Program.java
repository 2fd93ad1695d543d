import aigc.Alibaba;
import aigc.Client;
import aigc.Job;
import aigc.Request;
import aigc.Tencent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** See program.c. */
public final class Program {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    public static void main(String[] words) throws InterruptedException {
        Map<String, String> config = new HashMap<>();
        for (String line : System.getenv("AIGC_TEST_CONFIG").split("\n")) {
            config.put(line.split("=", 2)[0], line.split("=", 2)[1]);
        }
        Client client = new Client(config);
        if (words[0].equals("submit")) {
            Request request = words[1].equals("alibaba")
                    ? new Alibaba.PreModelInference().prompt(words[2]).imageUrl("https://example.com/a.png")
                    : new Tencent.AigcImage().prompt(words[2]);
            Job job = client.submit(request);
            while (job.token() == null && !job.ended()) {
                Thread.sleep(20);
            }
            System.out.println(job.token() + " " + job.remoteId());
        } else if (words[0].equals("fetch")) {
            List<Job> jobs = new ArrayList<>();
            for (int i = 2; i < words.length; i++) {
                jobs.add(client.attach(words[i]));
            }
            for (int i = 0; i < jobs.size(); i++) {
                jobs.get(i).await(MINUTE).download(0, words[1] + "/" + i + ".*").await(MINUTE);
            }
        } else if (words[0].equals("strings")) {
            Job job = client.attach(words[1], false);
            for (int i = 0; i < 3; i++) {
                job.refresh(MINUTE);
                System.out.println(job.providerState() + "\t" + job.requestId() + "\t" + job.providerResponse());
            }
        } else {
            int count = Integer.parseInt(words[1]);
            double best = Double.MAX_VALUE;
            for (int round = 0; round < 5; round++) {
                long start = System.nanoTime();
                for (int i = 0; i < count; i++) {
                    client.nextEvent(Duration.ZERO);
                }
                best = Math.min(best, (System.nanoTime() - start) / (double) count);
            }
            System.out.println(Math.round(best * 10) / 10.0);
        }
    }
}
