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

/* curl_easy_getinfo() is variadic: what is returned as a string or pointer that libcurl owns; NULL if it is not known. */
static inline void *aigcu_info_pointer(CURL *easy, CURLINFO info) {
    void *value = NULL;
    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : NULL;
}

/* curl_multi_setopt() is variadic: options that take a long. */
static inline CURLMcode aigcu_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

/* CURLMsg holds a union that Swift reads awkwardly: takes the next message of a transfer that has ended.
 * Returns its handle, NULL if there is none. */
CURL *aigcu_multi_next_done(CURLM *multi, CURLcode *result);

/* socket() with close-on-exec; errno is read here, before anything can change it. The descriptor, or -errno. */
int aigcu_socket(int family, int type, int protocol);

#endif
