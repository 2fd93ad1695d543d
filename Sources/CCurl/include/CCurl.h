/* What Swift cannot call of libcurl: its variadic functions. One shim per argument type; prefix aigcu_.
 * The callers know which type an option takes: libcurl's documentation of each option says it. */
#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>

/* curl_easy_setopt() is variadic: options that take a long. */
static inline CURLcode aigcu_set_long(CURL *easy, CURLoption option, long value) {
    return (curl_easy_setopt)(easy, option, value);
}

/* curl_easy_setopt() is variadic: options that take a curl_off_t. */
static inline CURLcode aigcu_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(easy, option, value);
}

/* curl_easy_setopt() is variadic: options that take a string; libcurl copies all of them but POSTFIELDS. */
static inline CURLcode aigcu_set_text(CURL *easy, CURLoption option, const char *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/* curl_easy_setopt() is variadic: options that take a pointer, which libcurl keeps and does not copy. */
static inline CURLcode aigcu_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/* curl_easy_setopt() is variadic: WRITEFUNCTION, HEADERFUNCTION and READFUNCTION take a function of this type. */
static inline CURLcode aigcu_set_data_callback(CURL *easy, CURLoption option, curl_write_callback value) {
    return (curl_easy_setopt)(easy, option, value);
}

/* curl_easy_setopt() is variadic: OPENSOCKETFUNCTION. */
static inline CURLcode aigcu_set_opensocket_callback(CURL *easy, curl_opensocket_callback value) {
    return (curl_easy_setopt)(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

/* curl_easy_setopt() is variadic: PREREQFUNCTION. */
static inline CURLcode aigcu_set_prereq_callback(CURL *easy, curl_prereq_callback value) {
    return (curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, value);
}

/* curl_easy_getinfo() is variadic: what is returned as a long; 0 if it is not known. */
static inline long aigcu_info_long(CURL *easy, CURLINFO info) {
    long value = 0;
    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : 0;
}

/* curl_easy_getinfo() is variadic: what is returned as a curl_off_t; 0 if it is not known. */
static inline curl_off_t aigcu_info_offset(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : 0;
}

/* curl_easy_getinfo() is variadic: what is returned as a string or pointer that libcurl owns; NULL if not known. */
static inline void *aigcu_info_pointer(CURL *easy, CURLINFO info) {
    void *value = NULL;
    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : NULL;
}

/* curl_multi_setopt() is variadic: options that take a long. */
static inline CURLMcode aigcu_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

/* curl_multi_setopt() is variadic: SOCKETFUNCTION and SOCKETDATA. */
static inline CURLMcode aigcu_multi_set_socket_callback(CURLM *multi, curl_socket_callback value, void *context) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, value);
    return code ? code : (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, context);
}

/* curl_multi_setopt() is variadic: TIMERFUNCTION and TIMERDATA. */
static inline CURLMcode aigcu_multi_set_timer_callback(CURLM *multi, curl_multi_timer_callback value, void *context) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, value);
    return code ? code : (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, context);
}

/* CURLVERSION_NOW is a macro of an enum, which Swift does not see. */
static inline const curl_version_info_data *aigcu_version(void) { return curl_version_info(CURLVERSION_NOW); }

/* CURLMsg holds a union that Swift reads awkwardly: takes the next message of a transfer that has ended.
 * Returns its handle, NULL if there is none. */
CURL *aigcu_multi_next_done(CURLM *multi, CURLcode *result);

/* curl_multi_init(), with the two descriptors that libcurl makes for curl_multi_wakeup() set to close-on-exec: libcurl
 * 7.88 does not. They are set only when they are proved to be those; with bad luck they stay as they are. */
CURLM *aigcu_multi_open(void);

/* curl_easy_setopt() is variadic: CLOSESOCKETFUNCTION. */
static inline CURLcode aigcu_set_closesocket_callback(CURL *easy, curl_closesocket_callback value) {
    return (curl_easy_setopt)(easy, CURLOPT_CLOSESOCKETFUNCTION, value);
}

/* The sockets of a multi handle, found again by the addresses of their two ends: libcurl says in PREREQFUNCTION which
 * addresses a transfer is about to use, and CURLINFO_ACTIVESOCKET means the connection of the transfer before. One thread
 * at a time. NULL without memory. */
typedef struct aigcu_sockets aigcu_sockets;
aigcu_sockets *aigcu_sockets_new(void);
void aigcu_sockets_free(aigcu_sockets *sockets);
void aigcu_sockets_add(aigcu_sockets *sockets, int fd);
/* Forgets and closes it. */
int aigcu_sockets_close(aigcu_sockets *sockets, int fd);
/* Bytes that came in on a connection that is open, or one of the last 16 to be closed; -1 if that is not known. */
long aigcu_sockets_received(const aigcu_sockets *sockets, int fd);

/* The connection that a transfer is about to use. */
typedef struct aigcu_line {
    int fd;       /* -1: not known */
    int is_fresh; /* nothing was asked on it before */
    int is_tls;
    /* 1 or 0; -1 where this cannot be found out: libcurl uses a TLS library that is not OpenSSL. */
    int is_http2;
    /* Bytes that were received wait to be read, in the socket or in OpenSSL. What TLS itself sends at the beginning of a
     * connection cannot be told from an answer, and does not count. */
    int has_bytes;
    int has_ended; /* the other end has closed or reset it: no answer can come any more */
} aigcu_line;

/* Inside PREREQFUNCTION, with what libcurl gives there. */
aigcu_line aigcu_line_look(
    CURL *easy, aigcu_sockets *sockets, const char *peer, const char *local, int peer_port, int local_port);

/* 1 if no byte of a transfer's requests, and none that asks a proxy for a tunnel, was taken by the kernel or by TLS. */
int aigcu_nothing_written(CURL *easy);

/* 1 if the other end has acknowledged no byte of the request of a transfer, which was written to the socket last and has
 * more than `least` bytes: whatever the other end has sent until now, it sent before it got the request. */
int aigcu_nothing_arrived(int fd, CURL *easy, long least);

/* 1 if a part of a transfer's body of `length` bytes has not arrived at the other end yet: libcurl or the kernel still has
 * some of the request. */
int aigcu_body_is_under_way(int fd, CURL *easy, long length);

/* 1 if OpenSSL is what libcurl uses, so that its buffers can be looked at. */
int aigcu_knows_tls(void);

/* socket() with close-on-exec; errno is read here, before anything can change it. The descriptor, or -errno. */
int aigcu_socket(int family, int type, int protocol);

/* The address in a curl_sockaddr, which is longer than its type says: 4 or 16 bytes in network order, 0 for another
 * family. */
int aigcu_address_bytes(const struct curl_sockaddr *address, unsigned char out[16]);

/* epoll is not in Swift's Glibc module. What a descriptor is wanted for and what it is ready for are libcurl's own
 * CURL_POLL_* and CURL_CSELECT_* values. */
typedef struct aigcu_event {
    int fd;
    int what;
    int owner;
} aigcu_event;

/* An epoll descriptor that watches a bell (eventfd), both close-on-exec. 0, or -1 when descriptors are exhausted. */
int aigcu_loop_open(int *epoll, int *bell);
void aigcu_loop_close(int epoll, int bell);
/* Any thread. */
void aigcu_loop_ring(int bell);
/* Watches a descriptor, or watches it for something else; owner comes back with its events. 0, or -1 without memory or at
 * the limit of an account. */
int aigcu_loop_watch(int epoll, int fd, int what, int owner);
/* Waits up to milliseconds (-1: no limit). The number of events that were written; *rung is 1 if the bell was. */
int aigcu_loop_wait(int epoll, int bell, int milliseconds, aigcu_event *events, int capacity, int *rung);

/* Takes apart what was packed with gzip or zlib, or without a head (raw): by the zlib that libcurl uses. Up to `most` bytes
 * in a block of its own (free()), also when the packed bytes end too early. 0; 1: it would be more; -1: not packed so, or
 * nobody here can tell; -2: no memory. */
int aigcu_unpack(const void *packed, size_t count, int raw, size_t most, void **bytes, size_t *unpacked);

/* The same piece by piece. NULL without memory, or where nobody here can tell. */
typedef struct aigcu_unpacker aigcu_unpacker;
aigcu_unpacker *aigcu_unpacker_new(int raw);
void aigcu_unpacker_free(aigcu_unpacker *unpacker);
/* Takes up to count bytes (*used of them) and writes up to room (*unpacked of them). 0; 1: the end was reached, and what is
 * left is not packed; -1: not packed so; -2: no memory. */
int aigcu_unpacker_run(
    aigcu_unpacker *unpacker, const void *packed, size_t count, size_t *used, void *bytes, size_t room, size_t *unpacked);

/* 1 if no further descriptor can be opened now: libcurl reports that as a failed resolve, connect or CA file. */
int aigcu_descriptors_exhausted(void);

/* Whether so many bytes could be had in one piece now. */
int aigcu_has_memory(size_t bytes);

/* curl_global_init() for TLS. It opens the file that SSLKEYLOGFILE names; in a program with rights that its caller has not
 * that variable is taken away before, since the caller would choose which file is written. */
CURLcode aigcu_global_init(void);

#endif
