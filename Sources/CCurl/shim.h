#ifndef MOONLINE_CCURL_SHIM_H
#define MOONLINE_CCURL_SHIM_H

#include <curl/curl.h>

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

static inline CURLcode moonline_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

#endif
