/* Descriptors run out at every point of a job's life: a clear error, no crash, and all is well when there are some
 * again. */
#include "support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int expected(aigc_status status)
{
    return status == AIGC_OK || status == AIGC_E_NO_RESOURCES || status == AIGC_E_NETWORK ||
           status == AIGC_E_DEADLINE || status == AIGC_E_TLS || status == AIGC_E_FILE ||
           status == AIGC_E_NO_CREDENTIALS;
}

int main(void)
{
    struct rlimit limit;
    size_t base = open_descriptors();
    int refused = 0, worked = 0;
    aigc_config *config = test_config();
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t many = limit.rlim_cur;
    for (rlim_t spare = 0; spare <= 16; spare++) {
        aigc_error *error = NULL;
        aigc_client *client = NULL;
        aigc_job *job = NULL, *download = NULL;
        limit.rlim_cur = base + spare; /* the lowest numbers are taken: so many are left */
        setrlimit(RLIMIT_NOFILE, &limit);
        aigc_status status = aigc_client_new(config, &client, &error);
        int good = ok(status == AIGC_OK || (status == AIGC_E_NO_RESOURCES && !client),
                      "%d left: a client or a clear error (%s)", (int)spare, aigc_status_name(status));
        aigc_error_free(error);
        if (good && client) {
            int32_t event_fd = aigc_client_event_fd(client);
            aigc_request *request = test_request(providers[spare % 2], NULL);
            aigc_request_set_option(request, "deadline_ms", "3000", NULL);
            error = NULL;
            status = aigc_client_submit(client, request, &job, &error);
            aigc_request_free(request);
            if (status == AIGC_OK) status = aigc_job_wait(job, 20000, &error);
            ok(expected(status), "%d left: the job ends with a clear status: %s: %s", (int)spare,
               aigc_status_name(status), aigc_error_message(error) ? aigc_error_message(error) : "");
            aigc_error_free(error);
            if (status == AIGC_OK) {
                char *path = scratch("%d.*", (int)spare);
                error = NULL;
                status = aigc_job_download(job, 0, path, &download, &error);
                /* A download waits for descriptors, until its deadline. */
                if (status == AIGC_OK) status = aigc_job_set_deadline_ms(download, 3000, &error);
                if (status == AIGC_OK) status = aigc_job_wait(download, 20000, &error);
                ok(expected(status), "%d left: so does its download: %s", (int)spare, aigc_status_name(status));
                aigc_error_free(error);
                worked += status == AIGC_OK;
                free(path);
            } else {
                refused++;
            }
            limit.rlim_cur = many;
            setrlimit(RLIMIT_NOFILE, &limit);
            ok(event_fd >= 0 || aigc_client_event_fd(client) >= -1, "%d left: event descriptor %d", (int)spare,
               event_fd);
            aigc_job_free(job);
            error = NULL;
            job = test_submit(client, providers[spare % 2], NULL);
            ok_status(aigc_job_wait(job, 30000, &error), AIGC_OK, &error,
                      "%d left: the client works when there are some again", (int)spare);
            aigc_job_free(job);
            aigc_job_free(download);
        } else {
            refused++;
            limit.rlim_cur = many;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        aigc_client_free(client);
    }
    ok(refused > 0 && worked > 0, "the limit was felt %d times, and %d jobs were fetched under one", refused, worked);
    ok(open_descriptors() == base, "no descriptor is left (%zu, then %zu)", base, open_descriptors());
    aigc_config_free(config);
    return finish();
}
