#define _GNU_SOURCE
#include "CCurl.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
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
#include <sys/auxv.h>

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

/* What is asked of the OpenSSL that libcurl uses, and of no other one in this process. */
static struct {
    int (*has_pending)(const void *tls);
    void (*selected)(const void *tls, const unsigned char **name, unsigned *length);
} openssl;
static pthread_once_t openssl_once = PTHREAD_ONCE_INIT;

/* libcurl, to look for a name in it and in what it was linked with, which stays loaded as long as we do. */
static void *open_curl(void) {
    Dl_info curl = {0};
    void *library = NULL;
    if (dladdr((void *)(uintptr_t)curl_easy_init, &curl) && curl.dli_fname)
        library = dlopen(curl.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    return library ? library : dlopen("libcurl.so.4", RTLD_LAZY | RTLD_NOLOAD);
}

static void find_openssl(void) {
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    if (!version->ssl_version || strncmp(version->ssl_version, "OpenSSL/", 8) != 0) return;
    void *library = open_curl();
    if (!library) return;
    void *has_pending = dlsym(library, "SSL_has_pending");
    void *selected = dlsym(library, "SSL_get0_alpn_selected");
    dlclose(library);
    if (!has_pending || !selected) return;
    memcpy(&openssl.has_pending, &has_pending, sizeof has_pending);
    memcpy(&openssl.selected, &selected, sizeof selected);
}

/* zlib's z_stream, which has not changed since 1995: its header need not be there where this is built. */
typedef struct {
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned long total_in;
    unsigned char *next_out;
    unsigned avail_out;
    unsigned long total_out;
    const char *message;
    void *state, *allocate, *release, *opaque;
    int data_type;
    unsigned long adler, reserved;
} zlib_stream;
enum { ZLIB_OK = 0, ZLIB_END = 1, ZLIB_NO_MEMORY = -4, ZLIB_STUCK = -5 };
static struct {
    int (*begin)(zlib_stream *, int window_bits, const char *version, int size);
    int (*more)(zlib_stream *, int flush);
    int (*again)(zlib_stream *);
    int (*end)(zlib_stream *);
} zlib;
static pthread_once_t zlib_once = PTHREAD_ONCE_INIT;

static void find_zlib(void) {
    void *library = open_curl();
    if (!library) return;
    void *begin = dlsym(library, "inflateInit2_"), *more = dlsym(library, "inflate"), *end = dlsym(library, "inflateEnd");
    void *again = dlsym(library, "inflateReset");
    dlclose(library);
    if (!begin || !more || !again || !end) return;
    memcpy(&zlib.more, &more, sizeof more);
    memcpy(&zlib.again, &again, sizeof again);
    memcpy(&zlib.end, &end, sizeof end);
    memcpy(&zlib.begin, &begin, sizeof begin);
}

/* What was packed in several pieces, one behind the other, is one text (RFC 1952, 2.2). */
static int next_member(zlib_stream *stream) {
    if (stream->avail_in < 2 || stream->next_in[0] != 0x1F || stream->next_in[1] != 0x8B) return ZLIB_END;
    return zlib.again(stream) == ZLIB_OK ? ZLIB_OK : ZLIB_END;
}

struct aigcu_unpacker {
    zlib_stream stream;
    int raw;
};

aigcu_unpacker *aigcu_unpacker_new(int raw) {
    pthread_once(&zlib_once, find_zlib);
    aigcu_unpacker *unpacker = zlib.begin ? calloc(1, sizeof *unpacker) : NULL;
    if (unpacker) unpacker->raw = raw;
    if (unpacker && zlib.begin(&unpacker->stream, raw ? -15 : 15 + 32, "1", (int)sizeof unpacker->stream) != ZLIB_OK) {
        free(unpacker);
        unpacker = NULL;
    }
    return unpacker;
}

void aigcu_unpacker_free(aigcu_unpacker *unpacker) {
    if (!unpacker) return;
    zlib.end(&unpacker->stream);
    free(unpacker);
}

int aigcu_unpacker_run(
    aigcu_unpacker *unpacker, const void *packed, size_t count, size_t *used, void *bytes, size_t room, size_t *unpacked) {
    zlib_stream *stream = &unpacker->stream;
    unsigned most = count < UINT_MAX ? (unsigned)count : UINT_MAX, space = room < UINT_MAX ? (unsigned)room : UINT_MAX;
    stream->next_in = packed;
    stream->avail_in = most;
    stream->next_out = bytes;
    stream->avail_out = space;
    int result = zlib.more(stream, 0);
    if (result == ZLIB_END && !unpacker->raw) result = next_member(stream);
    *used = most - stream->avail_in;
    *unpacked = space - stream->avail_out;
    stream->next_in = NULL;
    stream->next_out = NULL;
    if (result == ZLIB_END) return 1;
    if (result == ZLIB_NO_MEMORY) return -2;
    return result == ZLIB_OK || result == ZLIB_STUCK ? 0 : -1;
}

int aigcu_unpack(const void *packed, size_t count, int raw, size_t most, void **bytes, size_t *unpacked) {
    pthread_once(&zlib_once, find_zlib);
    *bytes = NULL;
    *unpacked = 0;
    if (!zlib.begin || count > UINT_MAX) return -1;
    zlib_stream stream = {.next_in = packed, .avail_in = (unsigned)count};
    /* 15 is the largest window; 32 more: gzip or zlib, as the head says; negative: no head. */
    if (zlib.begin(&stream, raw ? -15 : 15 + 32, "1", (int)sizeof stream) != ZLIB_OK) return -2;
    unsigned char *out = NULL;
    size_t capacity = 0, have = 0;
    int result = ZLIB_OK, status = 0;
    while (status == 0 && result == ZLIB_OK) {
        if (have == capacity) {
            size_t larger = capacity ? capacity * 2 : 16 << 10;
            if (larger > most + 1) larger = most + 1;
            unsigned char *block = larger > capacity ? realloc(out, larger) : NULL;
            if (!block) {
                status = larger > capacity ? -2 : 1;
                break;
            }
            out = block;
            capacity = larger;
        }
        size_t room = capacity - have < UINT_MAX ? capacity - have : UINT_MAX;
        stream.next_out = out + have;
        stream.avail_out = (unsigned)room;
        result = zlib.more(&stream, 0);
        have += room - stream.avail_out;
        if (have > most) status = 1;
        if (result == ZLIB_END && !raw) result = next_member(&stream);
        if (stream.avail_in == 0 && stream.avail_out > 0) break;
    }
    zlib.end(&stream);
    if (status == 0 && result == ZLIB_NO_MEMORY) status = -2;
    else if (status == 0 && result != ZLIB_OK && result != ZLIB_END && result != ZLIB_STUCK && have == 0) status = -1;
    if (status < 0) {
        free(out);
        return status;
    }
    *bytes = out;
    *unpacked = have < most ? have : most;
    return status;
}

int aigcu_knows_tls(void) {
    pthread_once(&openssl_once, find_openssl);
    return openssl.has_pending != NULL;
}

struct aigcu_sockets {
    int count, capacity;
    struct {
        uint64_t ends; /* what stands for the addresses of both ends; 0 while nothing was asked */
        int fd;
    } *all;
    /* The connections that were closed last, and the bytes that had come in on each. */
    unsigned next_closed;
    struct {
        long received;
        int fd;
    } closed[16];
};

/* Bytes that came in on a connection; -1 where the system does not say (before Linux 4.1). */
static long received(int fd) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length)) return -1;
    if (length < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return -1;
    return info.tcpi_bytes_received > LONG_MAX ? LONG_MAX : (long)info.tcpi_bytes_received;
}

aigcu_sockets *aigcu_sockets_new(void) { return calloc(1, sizeof(aigcu_sockets)); }

void aigcu_sockets_free(aigcu_sockets *sockets) {
    if (!sockets) return;
    free(sockets->all);
    free(sockets);
}

void aigcu_sockets_add(aigcu_sockets *sockets, int fd) {
    if (sockets->count == sockets->capacity) {
        int more = sockets->capacity ? sockets->capacity * 2 : 16;
        void *all = realloc(sockets->all, (size_t)more * sizeof *sockets->all);
        if (!all) return; /* it is not found again, so that its connection is used once */
        sockets->all = all;
        sockets->capacity = more;
    }
    sockets->all[sockets->count].ends = 0;
    sockets->all[sockets->count++].fd = fd;
}

int aigcu_sockets_close(aigcu_sockets *sockets, int fd) {
    for (int i = 0; i < sockets->count; i++) {
        if (sockets->all[i].fd != fd) continue;
        sockets->all[i] = sockets->all[--sockets->count];
        break;
    }
    unsigned at = sockets->next_closed++ % 16;
    sockets->closed[at].fd = fd;
    sockets->closed[at].received = received(fd);
    return close(fd);
}

long aigcu_sockets_received(const aigcu_sockets *sockets, int fd) {
    if (fd < 0) return -1;
    for (int i = 0; i < sockets->count; i++)
        if (sockets->all[i].fd == fd) return received(fd);
    for (unsigned back = 1; back <= 16; back++) { /* the newest first: numbers of descriptors come again */
        unsigned at = (sockets->next_closed - back) % 16;
        if (sockets->closed[at].fd == fd) return sockets->closed[at].received;
    }
    return -1;
}

static uint64_t mixed(uint64_t sum, const char *text) {
    size_t length = text ? strlen(text) : 0;
    uint64_t part = 0;
    if (length >= 8) {
        /* Eight bytes at a time; the last eight overlap with those before. */
        for (size_t at = 0; at + 8 < length; at += 8) {
            memcpy(&part, text + at, 8);
            sum = (sum ^ part) * 0x9e3779b97f4a7c15;
            sum ^= sum >> 29;
        }
        memcpy(&part, text + length - 8, 8);
    } else {
        for (size_t at = 0; at < length; at++) part = part << 8 | (unsigned char)text[at];
    }
    sum = (sum ^ part) * 0x9e3779b97f4a7c15;
    sum ^= sum >> 29;
    return (sum ^ length) * 0x9e3779b97f4a7c15;
}

/* Whether a socket has that address at that end. */
static int has_end(int fd, int (*name)(int, struct sockaddr *, socklen_t *), const char *wanted, int port) {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } end;
    socklen_t length = sizeof end;
    char text[INET6_ADDRSTRLEN];
    if (name(fd, &end.any, &length) != 0) return 0;
    if (end.any.sa_family == AF_INET)
        return ntohs(end.four.sin_port) == port && inet_ntop(AF_INET, &end.four.sin_addr, text, sizeof text) &&
               strcmp(text, wanted) == 0;
    return end.any.sa_family == AF_INET6 && ntohs(end.six.sin6_port) == port &&
           inet_ntop(AF_INET6, &end.six.sin6_addr, text, sizeof text) && strcmp(text, wanted) == 0;
}

static int own_name(int fd, struct sockaddr *name, socklen_t *length) { return getsockname(fd, name, length); }
static int peer_name(int fd, struct sockaddr *name, socklen_t *length) { return getpeername(fd, name, length); }

aigcu_line aigcu_line_look(
    CURL *easy, aigcu_sockets *sockets, const char *peer, const char *local, int peer_port, int local_port) {
    aigcu_line line = {.fd = -1};
    uint64_t ends = mixed(mixed(0xcbf29ce484222325, peer), local);
    ends = (ends ^ ((uint64_t)(uint32_t)peer_port << 32 | (uint32_t)local_port)) * 0x100000001b3 | 1;
    for (int i = 0; i < sockets->count && line.fd < 0; i++)
        if (sockets->all[i].ends == ends) line.fd = sockets->all[i].fd;
    for (int i = 0; i < sockets->count && line.fd < 0 && peer && local; i++) {
        int fd = sockets->all[i].fd;
        if (sockets->all[i].ends || !has_end(fd, own_name, local, local_port) || !has_end(fd, peer_name, peer, peer_port))
            continue;
        sockets->all[i].ends = ends;
        line.fd = fd;
        line.is_fresh = 1;
    }
    struct curl_tlssessioninfo *session = NULL;
    (curl_easy_getinfo)(easy, CURLINFO_TLS_SSL_PTR, &session);
    void *tls = session ? session->internals : NULL;
    if (tls) {
        line.is_tls = 1;
        if (session->backend != CURLSSLBACKEND_OPENSSL || !aigcu_knows_tls()) {
            line.is_http2 = -1;
            tls = NULL;
        } else {
            const unsigned char *name = NULL;
            unsigned length = 0;
            openssl.selected(tls, &name, &length);
            line.is_http2 = length == 2 && memcmp(name, "h2", 2) == 0;
        }
    }
    /* A reset stands here also after libcurl has looked at the socket, which takes the error away. */
    struct pollfd now = {.fd = line.fd, .events = POLLIN | POLLRDHUP};
    if (line.fd >= 0 && poll(&now, 1, 0) > 0) line.has_ended = (now.revents & (POLLERR | POLLHUP | POLLRDHUP)) != 0;
    if (!(line.is_tls && line.is_fresh))
        line.has_bytes = ((now.revents & POLLIN) && unread(line.fd) > 0) || (tls && openssl.has_pending(tls) == 1);
    return line;
}

int aigcu_nothing_written(CURL *easy) { return aigcu_info_long(easy, CURLINFO_REQUEST_SIZE) == 0; }

int aigcu_nothing_arrived(int fd, CURL *easy, long least) {
    int waiting = unsent(fd);
    if (waiting <= 0) return 0; /* nearly always: the answer has brought the acknowledgement */
    long count = aigcu_info_long(easy, CURLINFO_REQUEST_SIZE);
    return count > least && waiting >= count;
}

int aigcu_body_is_under_way(int fd, CURL *easy, long length) {
    return aigcu_info_offset(easy, CURLINFO_SIZE_UPLOAD_T) < length || unsent(fd) > 0;
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

/* What epoll keeps for us: a descriptor, and whose it is. */
static uint64_t pack(int fd, int owner) { return (uint64_t)(uint32_t)owner << 32 | (uint32_t)fd; }

int aigcu_loop_open(int *epoll, int *bell) {
    *epoll = epoll_create1(EPOLL_CLOEXEC);
    if (*epoll < 0) return -1;
    *bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = pack(*bell, -1)};
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

int aigcu_loop_watch(int epoll, int fd, int what, int owner) {
    struct epoll_event event = {.events = 0, .data.u64 = pack(fd, owner)};
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
        int fd = (int)(uint32_t)ready[i].data.u64;
        if (fd == bell) {
            uint64_t ignored;
            *rung = 1;
            ssize_t n = read(bell, &ignored, sizeof ignored);
            (void)n;
            continue;
        }
        /* An error or a hang-up is met by reading. */
        int what = ready[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP) ? CURL_CSELECT_IN : 0;
        if (ready[i].events & EPOLLOUT) what |= CURL_CSELECT_OUT;
        events[written].fd = fd;
        events[written].owner = (int)(uint32_t)(ready[i].data.u64 >> 32);
        events[written].what = what;
        written++;
    }
    return written;
}

CURLcode aigcu_global_init(void)
{
    if (getauxval(AT_SECURE)) unsetenv("SSLKEYLOGFILE");
    return curl_global_init(CURL_GLOBAL_SSL);
}
