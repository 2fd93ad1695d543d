/* How long a const char * lives: as long as the handle. Of the three strings that change with each answer, the handle
 * keeps the newest 16, and the newest of each thread. */
#include "support.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 16, ANSWERS = 1500 };

static char *copy_of(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    if (!copy) die("no memory");
    return strcpy(copy, text);
}

/* The newest 16 different strings of one getter, and what they were when they were given out. */
struct newest {
    const char *lent[KEPT];
    char *copies[KEPT];
    size_t count, distinct;
};

static void note(struct newest *all, const char *text)
{
    size_t last = (all->distinct + KEPT - 1) % KEPT;
    if (!text || (all->distinct && strcmp(all->copies[last], text) == 0)) return;
    size_t place = all->distinct++ % KEPT;
    free(all->copies[place]);
    all->lent[place] = text;
    all->copies[place] = copy_of(text);
    if (all->count < KEPT) all->count++;
}

static size_t damaged(const struct newest *all)
{
    size_t bad = 0;
    for (size_t i = 0; i < all->count; i++) bad += strcmp(all->lent[i], all->copies[i]) != 0;
    return bad;
}

static void release(struct newest *all)
{
    for (size_t i = 0; i < all->count; i++) free(all->copies[i]);
    memset(all, 0, sizeof *all);
}

static void many_answers(const char *provider)
{
    struct newest responses = {{0}, {0}, 0, 0}, ids = {{0}, {0}, 0, 0};
    aigc_error *error = NULL;
    aigc_client *client = test_client_with("job.follow", "false");
    aigc_job *job = test_submit(client, provider, "[never]");
    size_t bytes = 0, bad = 0, before = 0, failed = 0;
    wait_state(job, AIGC_STATE_PENDING, 20000);
    char *token = copy_of(aigc_job_token(job)), *remote = copy_of(aigc_job_remote_id(job));
    const char *token_lent = aigc_job_token(job), *remote_lent = aigc_job_remote_id(job);
    const char *provider_lent = aigc_job_provider(job), *operation_lent = aigc_job_operation(job);
    for (size_t i = 0; i < ANSWERS; i++) {
        if (i == 200) before = mallinfo2().uordblks;
        if (aigc_job_refresh(job, 20000, &error) != AIGC_OK) {
            failed++;
            aigc_error_free(error);
        }
        note(&responses, aigc_job_provider_response(job));
        note(&ids, aigc_job_request_id(job));
        aigc_job_provider_state(job);
        bytes += strlen(aigc_job_provider_response(job));
        bad += damaged(&responses) + damaged(&ids);
    }
    size_t after = mallinfo2().uordblks, grown = after > before ? after - before : 0;
    ok(failed == 0 && ids.distinct > ANSWERS / 2, "%s: %zu different answers", provider, ids.distinct);
    ok(bad == 0, "%s: the newest %d strings of a getter are what they were (%zu are not)", provider, KEPT, bad);
    ok(grown < bytes / 5, "%s: %zu bytes of answers, and the handle has grown by %zu", provider, bytes, grown);
    ok(strcmp(token, token_lent) == 0 && strcmp(remote, remote_lent) == 0, "%s: token and id are what they were", provider);
    ok(strcmp(provider_lent, provider) == 0 && operation_lent == aigc_job_operation(job) && token_lent == aigc_job_token(job),
       "%s: what does not change is given out once", provider);
    ok(aigc_job_provider_response(job) == aigc_job_provider_response(job), "%s: the same answer is the same string", provider);
    aigc_job_cancel(job);
    aigc_job_free(job);
    aigc_client_free(client);
    release(&responses);
    release(&ids);
    free(token);
    free(remote);
}

/* What one thread was given last, and what it was then. */
struct own {
    const char *lent[3];
    char *copies[3];
};

static void take(aigc_job *job, struct own *own)
{
    own->lent[0] = aigc_job_provider_state(job);
    own->lent[1] = aigc_job_provider_response(job);
    own->lent[2] = aigc_job_request_id(job);
    for (int i = 0; i < 3; i++) own->copies[i] = copy_of(own->lent[i] ? own->lent[i] : "");
}

/* How many are no longer what they were; frees the copies. */
static int changed(struct own *own)
{
    int bad = 0;
    for (int i = 0; i < 3; i++) {
        bad += !own->lent[i] || strcmp(own->lent[i], own->copies[i]) != 0;
        free(own->copies[i]);
    }
    return bad;
}

/* A thread that asks for new answers, reads each, and says how many of its own strings others have freed. */
static void *reader(void *argument)
{
    aigc_job *job = argument;
    intptr_t bad = 0;
    for (int i = 0; i < 3 * KEPT; i++) {
        struct own own;
        if (aigc_job_refresh(job, 20000, NULL) != AIGC_OK) bad++;
        take(job, &own);
        aigc_job_refresh(job, 20000, NULL);
        bad += changed(&own);
    }
    return (void *)bad;
}

enum { READERS = 4, VISITORS = 1000 };

/* A thread that reads one answer and ends. */
static void *visitor(void *job)
{
    aigc_job_refresh(job, 20000, NULL);
    aigc_job_request_id(job);
    return aigc_job_provider_response(job) ? NULL : job;
}

static void other_threads(const char *provider)
{
    pthread_t threads[READERS];
    struct own own;
    intptr_t bad = 0, missed = 0;
    aigc_client *client = test_client_with("job.follow", "false");
    aigc_job *job = test_submit(client, provider, "[never]");
    wait_state(job, AIGC_STATE_PENDING, 20000);
    if (aigc_job_refresh(job, 20000, NULL) != AIGC_OK) die("%s: no answer", provider);
    take(job, &own);
    for (int i = 0; i < READERS; i++)
        if (pthread_create(&threads[i], NULL, reader, job)) die("no thread");
    for (int i = 0; i < READERS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        bad += (intptr_t)result;
    }
    ok(bad == 0, "%s: no string of a thread that reads is freed by the others (%ld are)", provider, (long)bad);
    ok(changed(&own) == 0, "%s: nor is a string of a thread that waits meanwhile", provider);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < VISITORS; i++) {
        void *result = NULL;
        if (pthread_create(&threads[0], NULL, visitor, job)) die("no thread");
        pthread_join(threads[0], &result);
        missed += result != NULL;
    }
    size_t after = mallinfo2().uordblks, grown = after > before ? after - before : 0;
    size_t bytes = VISITORS * strlen(aigc_job_provider_response(job));
    ok(missed == 0, "%s: %d threads that end have read their answer", provider, VISITORS);
    ok(grown < bytes / 2, "%s: they have read %zu bytes, and the handle has grown by %zu", provider, bytes, grown);
    aigc_job_cancel(job);
    aigc_job_free(job);
    aigc_client_free(client);
}

int main(void)
{
    for (size_t p = 0; p < COUNT_OF(providers); p++) {
        many_answers(providers[p]);
        other_threads(providers[p]);
    }
    return finish();
}
