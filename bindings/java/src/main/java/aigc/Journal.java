package aigc;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The journal without a client, for tools. A journal is a folder (configuration key journal.path) that any number of processes
 * and languages use at once. Every method throws {@link AigcException.MachineException} if there is no journal.
 */
public final class Journal {
    private Journal() {}

    /**
     * A page of the keys of a journal, in ascending order: a JSON object each, see aigc_journal_list().
     *
     * @param folder the journal
     * @param filter a JSON object with any of "states", "provider", "prefix" and "limit", or null
     * @param after the last key of the page before, or null to begin
     * @return the rows; empty at the end
     */
    public static List<String> list(Path folder, String filter, String after) {
        Native.check();
        byte[] path = Text.needed(folder.toString(), "path");
        byte[] chosen = Text.optional(filter, "filter");
        byte[] last = Text.optional(after, "after");
        long[] out = new long[1];
        long[] error = new long[1];
        AigcException.check(Native.aigc_journal_list(path, chosen, last, out, error), error);
        List<String> rows = new ArrayList<>();
        for (String row : Client.text(out[0]).split("\n")) {
            if (!row.isEmpty()) {
                rows.add(row);
            }
        }
        return rows;
    }

    /**
     * Writes what you have found out about a key that is in doubt.
     *
     * @param folder the journal
     * @param key the key
     * @param outcome Constants.OUTCOME_ACCEPTED with the provider's id, OUTCOME_NOT_SENT: the key may be paid again, or
     *     OUTCOME_UNKNOWN: it is abandoned
     * @param remoteId the provider's id, or null
     */
    public static void resolve(Path folder, String key, int outcome, String remoteId) {
        Native.check();
        byte[] path = Text.needed(folder.toString(), "path");
        byte[] name = Text.needed(key, "key");
        byte[] id = Text.optional(remoteId, "remote id");
        long[] error = new long[1];
        AigcException.check(Native.aigc_journal_resolve(path, name, outcome, id, error), error);
    }

    /**
     * Forgets ended keys. A key that is forgotten can be submitted, and paid, again.
     *
     * @param folder the journal
     * @param olderThan how long they have not changed
     * @return how many
     */
    public static long prune(Path folder, Duration olderThan) {
        Native.check();
        byte[] path = Text.needed(folder.toString(), "path");
        long[] removed = new long[1];
        long[] error = new long[1];
        AigcException.check(Native.aigc_journal_prune(path, Text.span(olderThan, "olderThan"), removed, error), error);
        return removed[0];
    }

    /**
     * Reads the whole journal. Nothing is repaired or deleted.
     *
     * @param folder the journal
     * @return a JSON object: "ok", "problems", "counts" and more, see aigc_journal_check()
     */
    public static String check(Path folder) {
        Native.check();
        long[] out = new long[1];
        long[] error = new long[1];
        AigcException.check(Native.aigc_journal_check(Text.needed(folder.toString(), "path"), out, error), error);
        return Client.text(out[0]);
    }
}
