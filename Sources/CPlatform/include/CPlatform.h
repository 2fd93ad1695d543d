/* What Swift's Glibc module does not offer: threads with a stack size and blocked signals, a condition variable on the
 * monotonic clock, an event descriptor, and a page that a fork wipes. Prefix aigcp_. errno is read here and returned. */
#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <pthread.h>
#include <stdint.h>

/* Monotonic nanoseconds; wall clock milliseconds since 1970. */
int64_t aigcp_monotonic_ns(void);
int64_t aigcp_unix_ms(void);
/* 1, 2, 3 ... for the whole process. */
uint64_t aigcp_next_id(void);
/* Whether this program has rights that whoever started it has not (set-uid, file capabilities): then the environment is a
 * stranger's. */
int aigcp_is_privileged(void);
/* 0 or errno. */
int aigcp_random(void *bytes, unsigned long count);

/* Mutex and condition, allocated. NULL when memory is exhausted. */
typedef struct aigcp_lock aigcp_lock;
aigcp_lock *aigcp_lock_new(void);
void aigcp_lock_free(aigcp_lock *lock);
void aigcp_lock_lock(aigcp_lock *lock);
void aigcp_lock_unlock(aigcp_lock *lock);
/* Waits for a signal until a monotonic instant in ns (negative: for ever), outside the turns of this thread. Lock held. 0
 * signalled, 1 time is up. */
int aigcp_lock_wait(aigcp_lock *lock, int64_t until_ns);
/* Lock held: wakes those who wait once the lock is free. Woken before, they only wait for the lock. */
void aigcp_lock_broadcast(aigcp_lock *lock);

/* Tells malloc that blocks of such a size come and go. glibc gives the end of its heap back whenever 128 KiB of it are free,
 * and takes it again, zeroed, at the next call: a page fault for every third call with 16 in flight. It stops that (here:
 * below twice the size) for a process that has freed a large block once. */
void aigcp_expect_blocks(unsigned long bytes);

/* Starts a thread with all signals blocked. 0 or errno. */
int aigcp_thread_start(pthread_t *thread, unsigned long stack_bytes, const char *name, void *(*body)(void *), void *context);
int aigcp_thread_join(pthread_t thread);

/* A write behind a limit of the size of files (ulimit -f) raises SIGXFSZ, and one to a closed connection SIGPIPE; both end
 * a process that does nothing about them. Between these two calls neither comes to this thread from a write of ours, and
 * the write fails. Around every write that can be on a thread of the host; may be nested. */
int aigcp_signals_hold(void);
void aigcp_signals_release(int state);

/* Between these two calls pthread_cancel() does not end this thread: a cancel waits for the host's next cancellation
 * point. May be nested. */
int aigcp_cancel_hold(void);
void aigcp_cancel_release(int state);

/* Event descriptor: non-blocking, close-on-exec, level-triggered use. -1 and *error on failure. */
int aigcp_eventfd(int *error);
void aigcp_eventfd_raise(int fd);
void aigcp_eventfd_clear(int fd);
void aigcp_close(int fd);

/* Locks a range of a file against everybody else who opens the file, in this process or another, and tries for so long. 0;
 * 1: somebody holds it still; else -errno. The lock goes with its holder: a process that is killed leaves none. */
int aigcp_range_lock(int fd, int64_t start, int64_t count, int64_t patience_ns);
void aigcp_range_unlock(int fd, int64_t start, int64_t count);
/* Locks a whole file for as long as this descriptor or a copy of it is open: children are to close theirs
 * (aigcp_fork_closes). 0; 1: somebody has it; else -errno. */
int aigcp_lease(int fd);
/* Whether anybody has it, without taking it; if this cannot be found out, the answer is yes. */
int aigcp_is_leased(int fd);
/* Makes a file so large, and its blocks with it. 0 or errno. */
int aigcp_allocate(int fd, int64_t count);

/* The generation of this process: a number that a fork changes. Never 0 in the process that asks through _enter;
 * aigcp_generation() is 0 in a child that has not entered. Cheap: one load. */
uint64_t aigcp_generation_enter(void);
uint64_t aigcp_generation(void);

/* At exit(): `ask` is called with each registered context, then `await`, which waits until that thread is out of foreign
 * code, or until a monotonic instant. 0; 1: exit() has begun, and no thread may begin any more; -1: no memory. */
int aigcp_exit_register(void (*ask)(void *), void (*await)(void *, int64_t until_ns), void *context);
void aigcp_exit_unregister(void *context);
/* How many are registered. */
int aigcp_exit_count(void);
int aigcp_exit_has_begun(void);

/* A helper thread is inside the gate while it may be in TLS, and outside while it waits for the network. exit() closes the
 * gate for good, when everybody is outside or two seconds have gone by: who then wants to enter sleeps for ever. */
void aigcp_gate_enter(void);
void aigcp_gate_leave(void);

/* One lock a process, usable after a fork once the child has entered. */
void aigcp_process_lock(void);
void aigcp_process_unlock(void);

/* fork() copies a process with whatever locks its other threads hold, those of the Swift runtime and of malloc among
 * them. An engine is inside a turn while it runs code and outside while it waits for the network; once registered, fork()
 * waits until every engine is outside, a second at most, so that a child finds no lock held by an engine. */
void aigcp_turn_register(void);
/* A turn inside a turn is part of it. */
void aigcp_turn_enter(void);
void aigcp_turn_leave(void);
/* Leaves all turns of this thread while it sleeps; what it gives is to be handed to `resume`. Without a lock: `resume` may
 * wait for a fork. */
int aigcp_turn_pause(void);
void aigcp_turn_resume(int depth);
/* Between two steps of long work: a fork that waits comes first. Without a lock, as it may wait. */
void aigcp_turn_yield(void);
/* How long a fork has waited for the end of all turns; -1: none waits. */
int64_t aigcp_turn_wanted_ns(void);
/* Inside a turn: gives back what OpenSSL keeps for this thread. OpenSSL does so itself when a thread ends, but then outside
 * a turn, under a lock that a child would find held. To be called at the end of each piece of work, as any may be the last. */
void aigcp_turn_tidy(void);

/* Calls of the host are turns too. 1: leave the turn at the end of the call; 0: the call is inside one, or fork() has stood
 * still for long. */
int aigcp_call_enter(void);

/* Before a fork, once every engine is outside: `before` is called with each registered context, on the thread that forks. A
 * file whose locks a fork must not copy is closed there, and opened again on its next use. 0 or -1 (no memory). */
int aigcp_fork_register(void (*before)(void *), void *context);
void aigcp_fork_unregister(void *context);
/* A child of a fork closes this descriptor at once: a lock of an open file lives as long as any copy of the descriptor. To
 * be taken back before the descriptor is closed. 0 or -1 (no memory). */
int aigcp_fork_closes(int fd);
void aigcp_fork_keeps(int fd);
/* Whether this process, or one that it comes from, was forked while something was registered and could not be called. */
int aigcp_fork_was_late(void);

#endif
