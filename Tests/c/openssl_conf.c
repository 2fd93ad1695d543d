/* A configuration of OpenSSL that leaves it without SHA-256 is a fault of this machine: the error says so, and what would be
 * right, and nothing is sent. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const configurations[] = {
    "openssl_conf = a\n[a]\nproviders = b\n[b]\nlegacy = c\n[c]\nactivate = 1\n",
    "openssl_conf = a\n[a]\nalg_section = b\n[b]\ndefault_properties = \"fips=yes\"\n",
};

/* OpenSSL reads its configuration once a process. */
static int under(const char *path)
{
    alarm(60);
    setenv("OPENSSL_CONF", path, 1);
    child_begins();
    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        aigc_error *error = NULL;
        aigc_client *client = test_client();
        aigc_request *request = test_request(providers[i], NULL);
        aigc_job *job = NULL;
        aigc_status status = aigc_client_submit(client, request, &job, &error);
        if (status == AIGC_OK) status = aigc_job_wait(job, 20000, &error);
        const char *message = error ? aigc_error_message(error) : "";
        ok(status == AIGC_E_NO_RESOURCES && !aigc_error_retryable(error), "%s: a fault of this machine (%s)", providers[i],
           aigc_status_name(status));
        ok(strstr(message, path) && strstr(message, "OPENSSL_CONF") && strstr(message, "SHA-256"),
           "%s: the message names the file: %s", providers[i], message);
        ok(aigc_error_outcome(error) == AIGC_OUTCOME_NOT_SENT, "%s: nothing was sent", providers[i]);
        aigc_error_free(error);
        aigc_job_free(job);
        aigc_request_free(request);
        aigc_client_free(client);
    }
    return child_failures() ? 1 : 0;
}

int main(void)
{
    char *path = scratch("openssl.cnf");
    for (size_t i = 0; i < COUNT_OF(configurations); i++) {
        int status = 0;
        FILE *file = fopen(path, "w");
        if (!file || fputs(configurations[i], file) < 0 || fclose(file) != 0) die("cannot write %s", path);
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) _exit(under(path));
        ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
           "configuration %zu of OpenSSL has no SHA-256: a clear end", i + 1);
    }
    unlink(path);
    free(path);
    return finish();
}
