#include "block.c"
#include "guide.h"

static int lines_of(const char *path, const char *start)
{
    char line[1024];
    int count = 0;
    FILE *file = fopen(path, "r");
    NEED(file);
    while (fgets(line, sizeof line, file)) count += strncmp(line, start, strlen(start)) == 0;
    fclose(file);
    return count;
}

/* Three jobs, one of which fails: three tokens to store, one complaint. The descriptor is not readable afterwards. */
int main(void)
{
    aigc_client *client = new_client(NULL);
    struct pollfd watched = {aigc_client_event_fd(client), POLLIN, 0};
    int out = dup(1), err = dup(2);

    NEED(watched.fd >= 0 && freopen("out", "w", stdout) && freopen("err", "w", stderr));
    aigc_job_free(new_job(client, "one"));
    aigc_job_free(new_job(client, "[fail] two"));
    aigc_job_free(new_job(client, "three"));
    NEED(follow(client, 3) == 0);
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    NEED(lines_of("out", "store ") == 3 && lines_of("err", "") == 1);
    NEED(poll(&watched, 1, 0) == 0);
    aigc_client_free(client);
    END();
}
