/* What the loads share, load.c and stages.c: sockets of telephones and of models, RTP's header, a Realtime server's
 * handshake and events. */
#ifndef LOAD_H
#define LOAD_H

#include "bench.h"

#include <openssl/sha.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>

static const int64_t ms = 1000000;

/* Readies the process; with --realtime as the last argument it asks for real-time priority. */
static inline void prepare(int argc, char **argv, const char *name) {
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    if (!strcmp(argv[argc - 1], "--realtime") && sched_setscheduler(0, SCHED_RR, &lowest))
        fprintf(stderr, "%s: no real-time priority; other work on this machine shows in the figures\n", name);
}

static inline double processor_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* MARK: Sockets */

static inline void watch(int epoll, int fd, void *what) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll");
}

/* Waits until `wake` at the longest; returns how many of `ready` are. */
static inline int wait_until(int epoll, int64_t wake, struct epoll_event *ready, int count) {
    int64_t wait = wake - now_ns();
    if (wait < 0) wait = 0;
    struct timespec timeout = {wait / 1000000000, wait % 1000000000};
    return epoll_pwait2(epoll, ready, count, &timeout, NULL);
}

/* Listens on a free TCP port of 127.0.0.1. */
static inline int open_listener(int *port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, size) < 0 || listen(listener, 1024) < 0) die("listen");
    getsockname(listener, (struct sockaddr *)&at, &size);
    *port = ntohs(at.sin_port);
    return listener;
}

/* The next connection, or a negative number. */
static inline int accept_peer(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1, size = 1 << 20;
    if (fd < 0) return fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return fd;
}

/* Opens an RTP port a call, every second one, in the first free row from `base` on; returns where it begins. */
static inline int open_ports(int base, int count, int *descriptors) {
    for (int opened = 0; opened < count; opened++) {
        int fd = descriptors[opened] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(base + 2 * opened)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (fd < 0) die("socket");
        if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0) continue;
        for (int i = 0; i <= opened; i++) close(descriptors[i]);
        base += 2 * (opened + 1);
        opened = -1;
        if (base + 2 * count > 65535) die("UDP ports");
    }
    return base;
}

/* Writes the header of a call's packet of PCMU (RFC 3550 §5.1); the first one has the marker. */
static inline void write_header(uint8_t *packet, int call, uint16_t number, uint32_t timestamp) {
    packet[0] = 0x80;
    packet[1] = number == 0 ? 0x80 : 0;
    uint16_t sequence = htons(number);
    uint32_t at = htonl(timestamp), ssrc = htonl(1000 + (uint32_t)call);
    memcpy(packet + 2, &sequence, 2);
    memcpy(packet + 4, &at, 4);
    memcpy(packet + 8, &ssrc, 4);
}

/* MARK: A Realtime server */

/* Writes the answer to a request for a WebSocket (RFC 6455 §4.2.2), in at most 256 bytes; 0 when it has no key. */
static inline size_t make_handshake(char *request, char *answer) {
    char *key = strcasestr(request, "Sec-WebSocket-Key:");
    if (!key) return 0;
    key += strlen("Sec-WebSocket-Key:");
    while (*key == ' ') key++;
    char text[128], accept[64];
    snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r\n "), key);
    uint8_t digest[20];
    SHA1((const uint8_t *)text, strlen(text), digest);
    accept[encode_base64(digest, sizeof digest, accept)] = 0;
    return (size_t)snprintf(answer, 256,
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
}

/* Writes the frame that answers a ping of less than 126 bytes, in at most 127 bytes. */
static inline size_t make_pong(const char *text, size_t length, uint8_t *frame) {
    frame[0] = 0x8A;
    frame[1] = (uint8_t)length;
    memcpy(frame + 2, text, length);
    return 2 + length;
}

static inline size_t append_event(uint8_t *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline size_t append_event(uint8_t *out, const char *format, ...) {
    static char text[8192];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return make_frame(text, (size_t)length, 0, out);
}

/* Where audio belongs: `resp_%d` and `item_%d`, which have the number of the reply. */
#define PATH "\"response_id\":\"resp_%d\",\"item_id\":\"item_%d\",\"output_index\":0"
#define PART PATH ",\"content_index\":0"

#define SESSION "\"session\":{\"id\":\"sess_1\",\"model\":\"bench\"}"

#endif
