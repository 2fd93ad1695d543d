#include "block.c"
#include "guide.h"

static int sealed;

static int vault(const char *provider, char id[128], char secret[128], char token[4096], int64_t *ends_at_ms)
{
    NEED(strcmp(provider, AIGC_TENCENT) == 0);
    snprintf(id, 128, "%s", getenv("TENCENTCLOUD_SECRET_ID"));
    snprintf(secret, 128, "%s", getenv("TENCENTCLOUD_SECRET_KEY"));
    token[0] = 0;
    *ends_at_ms = 0;
    return sealed;
}

int main(void)
{
    const char *const alone[] = {"credentials.use_environment", "false", "credentials.use_files", "false",
                                 "credentials.use_metadata", "false", NULL};
    aigc_client *client = new_client(alone);
    aigc_error *error = NULL;
    aigc_job *job = new_job(client, "nobody's cat");

    NEED(aigc_job_wait(job, 30000, &error) == AIGC_E_NO_CREDENTIALS);
    aigc_error_free(error);
    aigc_job_free(job);
    sealed = 1;
    NEED(renew(client, AIGC_TENCENT, vault, &error) == AIGC_E_NO_CREDENTIALS && !error);
    sealed = 0;
    WORKS(renew(client, AIGC_TENCENT, vault, &error));
    job = new_job(client, "a cat of the vault's");
    WORKS(aigc_job_wait(job, 30000, NULL));
    aigc_job_free(job);
    aigc_client_free(client);
    END();
}
