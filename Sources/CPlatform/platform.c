#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

int64_t aigcp_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t aigcp_unix_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t aigcp_next_id(void) {
    static _Atomic uint64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

int aigcp_is_privileged(void) { return getauxval(AT_SECURE) != 0; }

int aigcp_random(void *bytes, unsigned long count) {
    unsigned char *at = bytes;
    while (count > 0) {
        ssize_t n = getrandom(at, count, 0);
        if (n < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        at += n;
        count -= (unsigned long)n;
    }
    return 0;
}

struct aigcp_lock {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int is_broadcast_due; /* under the mutex */
};

aigcp_lock *aigcp_lock_new(void) {
    aigcp_lock *lock = malloc(sizeof *lock);
    if (!lock) return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    /* Mostly held for moments: another thread that wants it is better off looking again a few times before it sleeps. */
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&lock->mutex, &kind);
    pthread_mutexattr_destroy(&kind);
    pthread_cond_init(&lock->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    lock->is_broadcast_due = 0;
    return lock;
}

void aigcp_lock_free(aigcp_lock *lock) {
    if (!lock) return;
    pthread_cond_destroy(&lock->condition);
    pthread_mutex_destroy(&lock->mutex);
    free(lock);
}

void aigcp_lock_lock(aigcp_lock *lock) { pthread_mutex_lock(&lock->mutex); }

void aigcp_lock_unlock(aigcp_lock *lock) {
    int is_due = lock->is_broadcast_due;
    lock->is_broadcast_due = 0;
    pthread_mutex_unlock(&lock->mutex);
    if (is_due) pthread_cond_broadcast(&lock->condition);
}

void aigcp_lock_broadcast(aigcp_lock *lock) { lock->is_broadcast_due = 1; }

static int wait_for_signal(aigcp_lock *lock, int64_t until_ns) {
    if (until_ns < 0) {
        pthread_cond_wait(&lock->condition, &lock->mutex);
        return 0;
    }
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    return pthread_cond_timedwait(&lock->condition, &lock->mutex, &until) == ETIMEDOUT;
}

int aigcp_lock_wait(aigcp_lock *lock, int64_t until_ns) {
    if (lock->is_broadcast_due) {
        lock->is_broadcast_due = 0;
        pthread_cond_broadcast(&lock->condition);
    }
    int depth = aigcp_turn_pause();
    int is_over = wait_for_signal(lock, until_ns);
    if (depth > 0) { /* a turn is never waited for with the lock: who has a turn may want the lock */
        pthread_mutex_unlock(&lock->mutex);
        aigcp_turn_resume(depth);
        pthread_mutex_lock(&lock->mutex);
    }
    return is_over;
}

void aigcp_expect_blocks(unsigned long bytes) {
    void *volatile block = malloc(bytes); /* volatile: a compiler may leave out a pair that does nothing */
    free(block);
}

int aigcp_thread_start(
    pthread_t *thread, unsigned long stack_bytes, const char *name, void *(*body)(void *), void *context) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error) return error;
    pthread_attr_setstacksize(&attributes, stack_bytes);
    /* A thread starts with its creator's mask: block everything around the start, so that the host's handlers never run
     * on a thread of ours. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(thread, &attributes, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!error) pthread_setname_np(*thread, name); /* at most 15 bytes; failure does not matter */
    return error;
}

int aigcp_thread_join(pthread_t thread) { return pthread_join(thread, NULL); }

/* What a write can raise on its own thread. */
static const int raised[] = {SIGPIPE, SIGXFSZ};
enum { RAISED = sizeof raised / sizeof *raised };

int aigcp_signals_hold(void) {
    sigset_t held, before, pending;
    sigemptyset(&held);
    for (int i = 0; i < RAISED; i++) sigaddset(&held, raised[i]);
    pthread_sigmask(SIG_BLOCK, &held, &before);
    int state = 0, was_blocked = 0;
    for (int i = 0; i < RAISED; i++) {
        if (sigismember(&before, raised[i]) == 1) was_blocked |= 1 << i;
    }
    if (was_blocked) { /* else one that waited would have come already */
        sigpending(&pending);
        for (int i = 0; i < RAISED; i++) {
            if (sigismember(&pending, raised[i]) == 1) state |= 1 << (RAISED + i);
        }
    }
    return state | was_blocked;
}

void aigcp_signals_release(int state) {
    sigset_t ours, held;
    sigemptyset(&ours);
    sigemptyset(&held);
    int is_held = 0;
    for (int i = 0; i < RAISED; i++) {
        /* One that came meanwhile is ours; one that was there before belongs to the host. */
        if (!(state & 1 << (RAISED + i))) sigaddset(&ours, raised[i]);
        if (state & 1 << i) continue;
        sigaddset(&held, raised[i]);
        is_held = 1;
    }
    const struct timespec no_time = {0, 0};
    int error = errno;
    while (sigtimedwait(&ours, NULL, &no_time) > 0 || errno == EINTR) {}
    errno = error;
    if (is_held) pthread_sigmask(SIG_UNBLOCK, &held, NULL);
}

int aigcp_eventfd(int *error) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *error = fd < 0 ? errno : 0;
    return fd;
}

void aigcp_eventfd_raise(int fd) {
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* EAGAIN: the counter is full, the descriptor is readable already */
}

void aigcp_eventfd_clear(int fd) {
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n; /* EAGAIN: it was clear */
}

void aigcp_close(int fd) {
    if (fd >= 0) close(fd);
}

/* A page that the kernel fills with zeroes in a forked child: one load tells whether this process is still the one that
 * made a handle, without a system call and without pthread_atfork. */
static _Atomic(uint64_t) *generation_page;
static _Atomic uint64_t generation_fallback;
static pthread_mutex_t generation_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t generation_last;
static void forget_parent(void);

enum { NO_ADVICE = 0x7a1c };

uint64_t aigcp_generation(void) {
    _Atomic(uint64_t) *page = __atomic_load_n(&generation_page, __ATOMIC_ACQUIRE);
    if (page) return atomic_load_explicit(page, memory_order_acquire);
    uint64_t stamped = atomic_load(&generation_fallback);
    return stamped == (uint64_t)getpid() ? stamped : 0;
}

uint64_t aigcp_generation_enter(void) {
    uint64_t now = aigcp_generation();
    if (now) return now;
    /* The mutex guards threads of one process against each other. A fork while another thread is inside this function,
     * which runs once a process, is the one moment that it does not cover. */
    pthread_mutex_lock(&generation_mutex);
    now = aigcp_generation();
    if (!now) {
        if (!generation_page) {
            void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (page != MAP_FAILED) {
                /* Old qemu-user says yes to all advice, and does nothing: it also says yes to what does not exist. */
                if (madvise(page, 4096, NO_ADVICE) != 0 && madvise(page, 4096, MADV_WIPEONFORK) == 0) {
                    __atomic_store_n(&generation_page, (_Atomic(uint64_t) *)page, __ATOMIC_RELEASE);
                } else {
                    munmap(page, 4096); /* a kernel before 4.14: fall back to getpid */
                }
            }
        }
        if (generation_last) forget_parent();
        if (generation_page) {
            now = ++generation_last; /* inherited by the child, so a child never repeats its parent's number */
            atomic_store_explicit(generation_page, now, memory_order_release);
        } else {
            now = generation_last = (uint64_t)getpid();
            atomic_store(&generation_fallback, now);
        }
    }
    pthread_mutex_unlock(&generation_mutex);
    return now;
}

/* exit() runs the handlers of OpenSSL while our threads may be inside OpenSSL. Ours was registered later than its, so it
 * runs earlier, and parks them: engines one by one, because threads that wait for their jobs must be released, and helpers
 * at a gate that is closed for good. */
typedef struct exit_entry {
    void (*ask)(void *);
    void (*await)(void *, int64_t);
    void *context;
    struct exit_entry *next;
} exit_entry;
static exit_entry *exit_entries;
static pthread_mutex_t exit_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t exit_generation;
static _Atomic int exit_begun;
static const pthread_rwlock_t gate_open = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_rwlock_t gate_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

void aigcp_gate_enter(void) { pthread_rwlock_rdlock(&gate_lock); }
void aigcp_gate_leave(void) { pthread_rwlock_unlock(&gate_lock); }
int aigcp_exit_has_begun(void) { return atomic_load(&exit_begun); }

static void park_all(void) {
    if (exit_generation != aigcp_generation()) return; /* a forked child has none of these threads */
    pthread_mutex_lock(&exit_mutex);
    atomic_store(&exit_begun, 1);
    int64_t until = aigcp_monotonic_ns() + 1000000000;
    for (exit_entry *e = exit_entries; e; e = e->next) e->ask(e->context);
    for (exit_entry *e = exit_entries; e; e = e->next) e->await(e->context, until);
    pthread_mutex_unlock(&exit_mutex);
    /* Never given back. A helper that hashes or writes for longer than this is not waited for. */
    struct timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 2;
    (void)pthread_rwlock_clockwrlock(&gate_lock, CLOCK_MONOTONIC, &limit);
}

int aigcp_exit_register(void (*ask)(void *), void (*await)(void *, int64_t), void *context) {
    static int registered;
    exit_entry *entry = malloc(sizeof *entry);
    if (!entry) return -1;
    *entry = (exit_entry){ask, await, context, NULL};
    pthread_mutex_lock(&exit_mutex);
    int result = atomic_load(&exit_begun);
    if (!result) {
        exit_generation = aigcp_generation();
        if (!registered) registered = atexit(park_all) == 0;
        entry->next = exit_entries;
        exit_entries = entry;
        entry = NULL;
    }
    pthread_mutex_unlock(&exit_mutex);
    free(entry);
    return result;
}

void aigcp_exit_unregister(void *context) {
    exit_entry *found = NULL;
    pthread_mutex_lock(&exit_mutex);
    for (exit_entry **at = &exit_entries; *at; at = &(*at)->next) {
        if ((*at)->context != context) continue;
        found = *at;
        *at = found->next;
        break;
    }
    pthread_mutex_unlock(&exit_mutex);
    free(found);
}

int aigcp_exit_count(void) {
    int count = 0;
    pthread_mutex_lock(&exit_mutex);
    for (exit_entry *e = exit_entries; e; e = e->next) count++;
    pthread_mutex_unlock(&exit_mutex);
    return count;
}

/* One lock a process for what all its clients share. */
static pthread_mutex_t process_mutex = PTHREAD_MUTEX_INITIALIZER;

void aigcp_process_lock(void) { pthread_mutex_lock(&process_mutex); }
void aigcp_process_unlock(void) { pthread_mutex_unlock(&process_mutex); }

/* In a forked child, before its first client: locks may be held by threads that do not exist here. */
static void forget_parent(void) {
    pthread_mutex_init(&exit_mutex, NULL);
    pthread_mutex_init(&process_mutex, NULL);
    exit_entries = NULL; /* the parent's threads have those; a few bytes stay behind */
    atomic_store(&exit_begun, 0);
}

static const pthread_rwlock_t turn_free = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_rwlock_t turn_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_once_t turn_once = PTHREAD_ONCE_INIT;

/* The thread whose fork() has the lock; 0: none. */
static _Atomic(pthread_t) turn_holder;

/* How many turns this thread is in, one inside another; the outermost one holds the lock. */
static __thread int turn_depth;
/* Whether this thread is about to take the lock, or to give it back: a signal handler that forks now waits for nobody. */
static __thread volatile sig_atomic_t turn_changes;

static void turn_take(void) {
    turn_changes = 1;
    pthread_rwlock_rdlock(&turn_lock);
    turn_depth = 1;
    turn_changes = 0;
}

static void turn_give(void) {
    turn_changes = 1;
    turn_depth = 0;
    pthread_rwlock_unlock(&turn_lock);
    turn_changes = 0;
}

/* What is to be called before a fork. */
struct fork_entry {
    void (*before)(void *);
    void *context;
    struct fork_entry *next;
};
static struct fork_entry *fork_entries;
static pthread_mutex_t fork_mutex = PTHREAD_MUTEX_INITIALIZER;
static int fork_misses;
static _Atomic int fork_late;

/* Forks that wait for the end of all turns, and since when the first of them waits. */
static _Atomic int forks_waiting;
static _Atomic int64_t forks_waiting_since;

int aigcp_fork_register(void (*before)(void *), void *context) {
    struct fork_entry *entry = malloc(sizeof *entry);
    if (!entry) return -1;
    entry->before = before;
    entry->context = context;
    pthread_mutex_lock(&fork_mutex);
    entry->next = fork_entries;
    fork_entries = entry;
    pthread_mutex_unlock(&fork_mutex);
    return 0;
}

void aigcp_fork_unregister(void *context) {
    pthread_mutex_lock(&fork_mutex);
    struct fork_entry **link = &fork_entries, *gone = NULL;
    while (*link && (*link)->context != context) link = &(*link)->next;
    if (*link) {
        gone = *link;
        *link = gone->next;
    }
    pthread_mutex_unlock(&fork_mutex);
    free(gone);
}

/* Descriptors that a child closes. A fork may come in the middle of a change: each change is the store of one pointer. */
struct fork_descriptor {
    int fd;
    struct fork_descriptor *_Atomic next;
};
static struct fork_descriptor *_Atomic fork_descriptors;

int aigcp_fork_closes(int fd) {
    struct fork_descriptor *entry = malloc(sizeof *entry);
    if (!entry) return -1;
    entry->fd = fd;
    pthread_mutex_lock(&fork_mutex);
    atomic_store(&entry->next, atomic_load(&fork_descriptors));
    atomic_store(&fork_descriptors, entry);
    pthread_mutex_unlock(&fork_mutex);
    return 0;
}

void aigcp_fork_keeps(int fd) {
    pthread_mutex_lock(&fork_mutex);
    struct fork_descriptor *_Atomic *link = &fork_descriptors, *gone;
    while ((gone = atomic_load(link)) && gone->fd != fd) link = &gone->next;
    if (gone) atomic_store(link, atomic_load(&gone->next));
    pthread_mutex_unlock(&fork_mutex);
    free(gone);
}

int aigcp_fork_was_late(void) { return atomic_load(&fork_late); }

/* Not for ever: a turn may stand still on a disk, or wait for a lock of the very thread whose signal handler forks. The
 * child of such a fork had better only exec. */
static void turn_before_fork(void) {
    if (atomic_load(&exit_begun)) return; /* no thread is released any more */
    if (turn_depth > 0 || turn_changes) { /* in a signal handler: the wait would be for this thread */
        fork_misses = fork_entries != NULL;
        return;
    }
    struct timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 1;
    if (atomic_load(&forks_waiting) <= 0) atomic_store(&forks_waiting_since, aigcp_monotonic_ns());
    atomic_fetch_add(&forks_waiting, 1);
    int error = pthread_rwlock_clockwrlock(&turn_lock, CLOCK_MONOTONIC, &limit);
    atomic_fetch_sub(&forks_waiting, 1);
    if (error == 0) {
        atomic_store(&turn_holder, pthread_self());
        fork_misses = 0;
        pthread_mutex_lock(&fork_mutex);
        for (struct fork_entry *entry = fork_entries; entry; entry = entry->next) entry->before(entry->context);
        pthread_mutex_unlock(&fork_mutex);
    } else {
        fork_misses = fork_entries != NULL;
    }
}
static void turn_after_fork_parent(void) {
    if (atomic_load(&turn_holder) != pthread_self()) return;
    atomic_store(&turn_holder, 0);
    pthread_rwlock_unlock(&turn_lock);
}
static void turn_after_fork_child(void) {
    atomic_store(&turn_holder, 0);
    atomic_store(&forks_waiting, 0);
    if (!turn_changes) { /* else the interrupted call still works on the lock */
        turn_lock = turn_free;
        if (turn_depth > 0) pthread_rwlock_rdlock(&turn_lock); /* which the interrupted turn gives back */
    }
    gate_lock = gate_open;
    pthread_mutex_init(&fork_mutex, NULL);
    if (fork_misses) atomic_store(&fork_late, 1);
    for (struct fork_descriptor *entry = atomic_load(&fork_descriptors); entry; entry = atomic_load(&entry->next)) {
        close(entry->fd);
    }
    atomic_store(&fork_descriptors, NULL);
    fork_entries = NULL; /* not freed: they belong to the parent's objects, and malloc may be in use */
}
static void turn_watch_forks(void) {
    pthread_atfork(turn_before_fork, turn_after_fork_parent, turn_after_fork_child);
}

/* 0 or errno. */
static int ask_for_lock(int fd, int command, struct flock *range) {
    while (fcntl(fd, command, range) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

/* Locks of an open file, not of a process: two clients of one process exclude each other, and no other close of the file
 * drops them. The older kind of lock of another process is seen as well. */
int aigcp_range_lock(int fd, int64_t start, int64_t count, int64_t patience_ns) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = count};
    int64_t until = -1;
    for (;;) {
        int error = ask_for_lock(fd, F_OFD_SETLK, &range);
        if (error != EAGAIN && error != EACCES) return -error;
        int64_t now = aigcp_monotonic_ns();
        if (until < 0) until = now + patience_ns;
        if (now >= until) return 1;
        struct timespec pause = {.tv_sec = 0, .tv_nsec = 20000};
        nanosleep(&pause, NULL);
    }
}

void aigcp_range_unlock(int fd, int64_t start, int64_t count) {
    struct flock range = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = count};
    ask_for_lock(fd, F_OFD_SETLK, &range);
}

/* Some kernels of containers know the older kind of lock alone. */
static const struct flock whole_file = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};

int aigcp_lease(int fd) {
    int locked = aigcp_range_lock(fd, whole_file.l_start, whole_file.l_len, 0);
    if (locked != -EINVAL) return locked;
    struct flock whole = whole_file;
    int error = ask_for_lock(fd, F_SETLK, &whole);
    return error == EAGAIN || error == EACCES ? 1 : -error;
}

int aigcp_is_leased(int fd) {
    struct flock found = whole_file;
    int error = ask_for_lock(fd, F_OFD_GETLK, &found);
    if (error == EINVAL) error = ask_for_lock(fd, F_GETLK, &found);
    return error || found.l_type != F_UNLCK;
}

int aigcp_allocate(int fd, int64_t count) { return posix_fallocate(fd, 0, count); }

int aigcp_cancel_hold(void) {
    int state = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

void aigcp_cancel_release(int state) {
    if (state != PTHREAD_CANCEL_DISABLE) pthread_setcancelstate(state, NULL);
}

void aigcp_turn_register(void) { pthread_once(&turn_once, turn_watch_forks); }
int aigcp_call_enter(void) {
    if (turn_depth > 0 || atomic_load(&exit_begun)) return 0;
    aigcp_turn_register();
    turn_changes = 1;
    int error = pthread_rwlock_tryrdlock(&turn_lock);
    if (error != 0) {
        /* Not for ever: the call may hold what the thread that forks waits for. */
        struct timespec limit;
        clock_gettime(CLOCK_MONOTONIC, &limit);
        limit.tv_sec += 2;
        error = pthread_rwlock_clockrdlock(&turn_lock, CLOCK_MONOTONIC, &limit);
    }
    turn_depth = error == 0;
    turn_changes = 0;
    return error == 0;
}

void aigcp_turn_enter(void) {
    if (turn_depth == 0) turn_take();
    else turn_depth++;
}

void aigcp_turn_leave(void) {
    if (turn_depth == 1) turn_give();
    else turn_depth--;
}

int aigcp_turn_pause(void) {
    int depth = turn_depth;
    if (depth > 0) turn_give();
    return depth;
}

void aigcp_turn_resume(int depth) {
    if (depth == 0) return;
    turn_take();
    turn_depth = depth;
}

void aigcp_turn_yield(void) { aigcp_turn_resume(aigcp_turn_pause()); }

int64_t aigcp_turn_wanted_ns(void) {
    if (atomic_load(&forks_waiting) <= 0) return -1;
    int64_t waited = aigcp_monotonic_ns() - atomic_load(&forks_waiting_since);
    return waited > 0 ? waited : 0;
}

/* Of libcrypto, which every product of this package that runs threads is linked with. */
__attribute__((weak)) void OPENSSL_thread_stop(void);

void aigcp_turn_tidy(void) {
    if (OPENSSL_thread_stop && !atomic_load(&exit_begun)) OPENSSL_thread_stop();
}
