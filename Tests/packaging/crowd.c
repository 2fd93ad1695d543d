/* A library that stands before libaigc.so.1: whenever a program asks for a string that changes with each answer, another
 * thread gets CROWD newer ones of the same handle before the program can copy the string. crowd.sh gives the library behind
 * this one the name libaigc.so.R. */
#include <aigc.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CROWD = 16 };

typedef const char *(*ask)(aigc_job *job);

struct question {
    ask ask;
    aigc_job *job;
};

/* The function behind the one of the same name here. */
static ask behind(const char *name)
{
    ask found = NULL;
    void *library = dlopen("libaigc.so.R", RTLD_NOW | RTLD_NOLOAD), *place = library ? dlsym(library, name) : NULL;
    if (!place) {
        fprintf(stderr, "crowd: %s\n", dlerror());
        abort();
    }
    memcpy(&found, &place, sizeof found);
    return found;
}

static void *others(void *argument)
{
    const struct question *question = argument;
    for (int i = 0; i < CROWD; i++) {
        aigc_error *error = NULL;
        if (aigc_job_refresh(question->job, 60000, &error) != AIGC_OK) {
            fprintf(stderr, "crowd: %s\n", aigc_error_message(error));
            abort();
        }
        question->ask(question->job);
    }
    return NULL;
}

static const char *crowded(const char *name, aigc_job *job)
{
    struct question question = {behind(name), job};
    const char *text = question.ask(job);
    pthread_t thread;
    if (pthread_create(&thread, NULL, others, &question) || pthread_join(thread, NULL)) abort();
    return text;
}

const char *aigc_job_provider_state(aigc_job *job) { return crowded("aigc_job_provider_state", job); }
const char *aigc_job_provider_response(aigc_job *job) { return crowded("aigc_job_provider_response", job); }
const char *aigc_job_request_id(aigc_job *job) { return crowded("aigc_job_request_id", job); }
