#ifndef MOONLINE_CCURL_SHIM_H
#define MOONLINE_CCURL_SHIM_H

#include <curl/curl.h>
#include <stdbool.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic macros, which Swift cannot call: one wrapper
// for each argument type.

static inline CURLcode moonline_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode moonline_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode moonline_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode moonline_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode moonline_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

/// Called with each piece of header or body; returning less than `size * count` aborts the transfer.
typedef size_t (*moonline_curl_data_callback)(char *data, size_t size, size_t count, void *context);

static inline CURLcode moonline_curl_set_data_callback(
    CURL *handle, CURLoption option, moonline_curl_data_callback callback) {
    return curl_easy_setopt(handle, option, callback);
}

/// Who decides whether a connection may be made. Swift sees no type of the system's sockets here: those of two C
/// modules would be in each other's way.
struct moonline_curl_guard {
    void *context;
    /// Whether a connection to an address, a `struct sockaddr` of any family, may be made.
    bool (*permits)(void *context, const void *address);
};

/// A socket for an address that the guard permits, made as libcurl would.
static inline curl_socket_t moonline_curl_open_socket(
    void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    const struct moonline_curl_guard *guard = (const struct moonline_curl_guard *)context;
    if (!guard->permits(guard->context, &address->addr)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// Asks the guard before each connection. It must live as long as the transfer.
static inline CURLcode moonline_curl_set_guard(CURL *handle, struct moonline_curl_guard *guard) {
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, guard);
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, moonline_curl_open_socket);
}

static inline CURLcode moonline_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode moonline_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

#endif
