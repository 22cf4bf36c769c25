/* What the programs in C share: clock, options, histogram, base64, WebSocket framing, and the marks by which the load
 * knows its own audio again. Each program is one file; see there. */
#ifndef BENCH_H
#define BENCH_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { max_calls = 2048, payload_size = 160, packet_size = 12 + payload_size, batch = 16, silence = 0xFF };

static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void die(const char *what) {
    perror(what);
    exit(1);
}

static inline const char *option(int argc, char **argv, const char *name, const char *fallback) {
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    return fallback;
}

static inline void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Histogram of microseconds in sixteenths of powers of two: error below 7 %. */
enum { buckets = 512 };
struct histogram { uint64_t counts[buckets], count; int64_t largest; };

static inline void record(struct histogram *h, int64_t ns) {
    uint64_t us = ns < 0 ? 0 : (uint64_t)ns / 1000;
    int bucket = (int)us;
    if (us >= 16) {
        int exponent = 63 - __builtin_clzll(us);
        bucket = 16 * (exponent - 3) + (int)(us >> (exponent - 4) & 15);
        if (bucket >= buckets) bucket = buckets - 1;
    }
    h->counts[bucket]++;
    h->count++;
    if (ns > h->largest) h->largest = ns;
}

/* The upper edge of the bucket that holds the quantile, in microseconds. */
static inline double quantile(const struct histogram *h, double q) {
    uint64_t rank = (uint64_t)((double)h->count * q + 0.999999), seen = 0;
    if (h->count == 0) return 0;
    if (rank == 0) rank = 1;
    for (int i = 0; i < buckets; i++) {
        seen += h->counts[i];
        if (seen < rank) continue;
        double edge = i < 16 ? i + 1 : (double)((uint64_t)(16 + i % 16 + 1) << (i / 16 - 1));
        double largest = (double)h->largest / 1000;
        return edge < largest ? edge : largest;
    }
    return 0;
}

static inline void print_histogram(const char *name, const struct histogram *h) {
    printf("\"%s\":{\"count\":%llu,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}", name,
           (unsigned long long)h->count, quantile(h, 0.5), quantile(h, 0.99), quantile(h, 0.999),
           (double)h->largest / 1000);
}

static inline size_t encode_base64(const uint8_t *in, size_t count, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t o = 0, i = 0;
    for (; i + 2 < count; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        out[o++] = digits[v >> 18 & 63];
        out[o++] = digits[v >> 12 & 63];
        out[o++] = digits[v >> 6 & 63];
        out[o++] = digits[v & 63];
    }
    if (i < count) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < count ? (uint32_t)in[i + 1] << 8 : 0);
        out[o++] = digits[v >> 18 & 63];
        out[o++] = digits[v >> 12 & 63];
        out[o++] = i + 1 < count ? digits[v >> 6 & 63] : '=';
        out[o++] = '=';
    }
    return o;
}

/* Decodes up to the first character that is no digit; at most `room` bytes. */
static inline size_t decode_base64(const char *in, size_t count, uint8_t *out, size_t room) {
    static int8_t values[256];
    if (!values['B']) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        memset(values, -1, sizeof values);
        for (int i = 0; i < 64; i++) values[(unsigned char)digits[i]] = (int8_t)i;
    }
    size_t o = 0;
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < count && o < room; i++) {
        int8_t value = values[(unsigned char)in[i]];
        if (value < 0) break;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) out[o++] = (uint8_t)(bits >> (held -= 8));
    }
    return o;
}

/* Writes a text frame (RFC 6455 §5.2), masked when it is a client's. `frame` has room for 14 bytes more. */
static inline size_t make_frame(const char *text, size_t length, int masked, uint8_t *frame) {
    size_t header = 0;
    uint8_t bit = masked ? 0x80 : 0;
    frame[header++] = 0x81;
    if (length < 126) {
        frame[header++] = bit | (uint8_t)length;
    } else {
        frame[header++] = bit | 126;
        frame[header++] = (uint8_t)(length >> 8);
        frame[header++] = (uint8_t)length;
    }
    if (!masked) {
        memcpy(frame + header, text, length);
        return header + length;
    }
    uint32_t mask = (uint32_t)random();
    memcpy(frame + header, &mask, 4);
    const uint8_t *key = frame + header;
    header += 4;
    for (size_t i = 0; i < length; i++) frame[header + i] = (uint8_t)text[i] ^ key[i & 3];
    return header + length;
}

/* A whole frame at the beginning of `bytes`: its length, or 0 when more bytes are needed. Unmasks in place. */
static inline size_t take_frame(uint8_t *bytes, size_t count, int *opcode, char **text, size_t *length) {
    if (count < 2) return 0;
    size_t header = 2;
    uint64_t size = bytes[1] & 127;
    if (size == 126) {
        if (count < 4) return 0;
        size = (uint64_t)bytes[2] << 8 | bytes[3];
        header = 4;
    } else if (size == 127) {
        if (count < 10) return 0;
        size = 0;
        for (int i = 2; i < 10; i++) size = size << 8 | bytes[i];
        header = 10;
    }
    int masked = bytes[1] >> 7;
    if (masked) header += 4;
    if (count < header || count - header < size) return 0;
    if (masked)
        for (uint64_t i = 0; i < size; i++) bytes[header + i] ^= bytes[header - 4 + (i & 3)];
    *opcode = bytes[0] & 15;
    *text = (char *)bytes + header;
    *length = size;
    return header + size;
}

/* Behind `name` in a JSON text: the first character of the value. */
static inline const char *value_behind(const char *text, size_t length, const char *name, size_t *rest) {
    const char *found = memmem(text, length, name, strlen(name));
    if (!found) return NULL;
    found += strlen(name);
    *rest = length - (size_t)(found - text);
    return found;
}

static inline int is_type(const char *text, size_t length, const char *type) {
    static const char head[] = "{\"type\":\"";
    size_t size = strlen(type);
    return length > sizeof head + size && !memcmp(text, head, sizeof head - 1) &&
           !memcmp(text + sizeof head - 1, type, size) && text[sizeof head - 1 + size] == '"';
}

/* The beginning of each 20 ms of the load's audio. */
struct mark {
    int64_t stamp; /* CLOCK_MONOTONIC when it was sent */
    uint32_t magic;
    uint16_t call;
    uint16_t block; /* number within a reply */
};
enum { mark_magic = 0x4D4F4F4E };

#endif
