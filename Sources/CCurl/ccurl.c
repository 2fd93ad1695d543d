#define _GNU_SOURCE
#include "CCurl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

CURL *aigcu_multi_next_done(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/* Bytes that wait to be read from a socket, and bytes that were written to it and not read at the other end. */
static int unread(int fd) {
    int count = -1;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : -1;
}

static int unsent(int fd) {
    int count = -1;
    return ioctl(fd, SIOCOUTQ, &count) == 0 ? count : -1;
}

CURLM *aigcu_multi_open(void) {
    /* The kernel gives the lowest numbers that are free: those that it gives us it most likely gives libcurl next. */
    int guess[2];
    int guessed = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, guess) == 0;
    if (guessed) {
        close(guess[0]);
        close(guess[1]);
    }
    CURLM *multi = curl_multi_init();
    if (!multi || !guessed) return multi;
    /* Ours are the two through which a byte goes when libcurl is woken, and leaves when libcurl polls. */
    int ours = unread(guess[0]) == 0 && unsent(guess[1]) == 0;
    curl_multi_wakeup(multi);
    ours = ours && unread(guess[0]) == 1 && unsent(guess[1]) > 0;
    int ignored = 0;
    curl_multi_poll(multi, NULL, 0, 0, &ignored);
    ours = ours && unread(guess[0]) == 0 && unsent(guess[1]) == 0;
    if (ours) {
        fcntl(guess[0], F_SETFD, FD_CLOEXEC);
        fcntl(guess[1], F_SETFD, FD_CLOEXEC);
    }
    return multi;
}

int aigcu_socket(int family, int type, int protocol) {
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    return fd < 0 ? -errno : fd;
}

int aigcu_address_bytes(const struct curl_sockaddr *address, unsigned char out[16]) {
    if (address->family == AF_INET && address->addrlen >= sizeof(struct sockaddr_in)) {
        memcpy(out, (const char *)&address->addr + offsetof(struct sockaddr_in, sin_addr), 4);
        return 4;
    }
    if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
        memcpy(out, (const char *)&address->addr + offsetof(struct sockaddr_in6, sin6_addr), 16);
        return 16;
    }
    return 0;
}

int aigcu_descriptors_exhausted(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    return errno == EMFILE || errno == ENFILE;
}

int aigcu_has_memory(size_t bytes) {
    void *volatile block = malloc(bytes); /* volatile: a compiler may drop what is only allocated and freed */
    int has = block != NULL;
    free(block);
    return has;
}

int aigcu_sigpipe_hold(void) {
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    return (sigismember(&before, SIGPIPE) == 1 ? 1 : 0) | (sigismember(&pending, SIGPIPE) == 1 ? 2 : 0);
}

void aigcu_sigpipe_release(int state) {
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    /* One that came meanwhile is ours; one that was there before belongs to the host. */
    if (!(state & 2)) {
        sigpending(&pending);
        if (sigismember(&pending, SIGPIPE) == 1) {
            const struct timespec no_time = {0, 0};
            sigtimedwait(&pipe_only, NULL, &no_time);
        }
    }
    if (!(state & 1)) pthread_sigmask(SIG_UNBLOCK, &pipe_only, NULL);
}

int aigcu_loop_open(int *epoll, int *bell) {
    *epoll = epoll_create1(EPOLL_CLOEXEC);
    if (*epoll < 0) return -1;
    *bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = *bell};
    if (*bell >= 0 && epoll_ctl(*epoll, EPOLL_CTL_ADD, *bell, &event) == 0) return 0;
    aigcu_loop_close(*epoll, *bell);
    return -1;
}

void aigcu_loop_close(int epoll, int bell) {
    if (bell >= 0) close(bell);
    if (epoll >= 0) close(epoll);
}

void aigcu_loop_ring(int bell) {
    const uint64_t one = 1;
    /* Full means that it rings already. */
    ssize_t ignored = write(bell, &one, sizeof one);
    (void)ignored;
}

int aigcu_loop_watch(int epoll, int fd, int what) {
    struct epoll_event event = {.events = 0, .data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
        return 0;
    }
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
    return errno == EEXIST ? epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) : -1;
}

int aigcu_loop_wait(int epoll, int bell, int milliseconds, aigcu_event *events, int capacity, int *rung) {
    struct epoll_event ready[64];
    int count = epoll_wait(epoll, ready, capacity < 64 ? capacity : 64, milliseconds);
    int written = 0;
    *rung = 0;
    for (int i = 0; i < count; i++) {
        if (ready[i].data.fd == bell) {
            uint64_t ignored;
            *rung = 1;
            ssize_t n = read(bell, &ignored, sizeof ignored);
            (void)n;
            continue;
        }
        /* An error or a hang-up is met by reading. */
        int what = ready[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP) ? CURL_CSELECT_IN : 0;
        if (ready[i].events & EPOLLOUT) what |= CURL_CSELECT_OUT;
        events[written].fd = ready[i].data.fd;
        events[written].what = what;
        written++;
    }
    return written;
}
