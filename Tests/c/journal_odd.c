/* Machines on which a journal cannot be kept: a client is refused with words that say why, and leaves nothing behind.
 * usage: journal_odd WORD (of the message) */
#include "support.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    aigc_error *error = NULL;
    aigc_client *client = NULL;
    aigc_config *config = test_config();
    char *folder = scratch("journal"), *file = scratch("journal/jobs.db");
    if (argc < 2) die("usage: journal_odd WORD");
    test_set(config, "journal.path", folder);
    aigc_status status = aigc_client_new(config, &client, &error);
    ok(error && strstr(aigc_error_message(error), argv[1]) != NULL, "the message says \"%s\": %s", argv[1],
       error ? aigc_error_message(error) : "(none)");
    ok(error && aigc_error_field(error) && strcmp(aigc_error_field(error), "journal.path") == 0, "and names the key");
    ok_status(status, AIGC_E_JOURNAL, &error, "no client with such a journal");
    ok(!client && !file_exists(file), "and no file is made");
    aigc_config_free(config);
    client = test_client();
    aigc_job *job = test_succeeded(client, AIGC_TENCENT);
    ok(job != NULL, "without a journal all is well");
    aigc_job_free(job);
    aigc_client_free(client);
    free(folder);
    free(file);
    return finish();
}
